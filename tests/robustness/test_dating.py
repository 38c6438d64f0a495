"""Other days for the same fractures: within their brackets, and in order."""

import numpy as np
import pandas as pd
import pytest

from helpers.errors import WorkbookError
from helpers.estimators import hazard_ratio, median_among_events
from helpers.robustness.dating import DATINGS, by_dating, dated


@pytest.fixture
def risk_table():
    rng = np.random.default_rng(4)
    days = rng.integers(1, 400, 300)
    return pd.DataFrame({
        "patient": np.repeat(np.arange(60), 5),
        "is_adjacent": rng.random(300) < 0.3,
        "days": days,
        "outcome": rng.choice(["censored", "fracture", "death"], 300, p=[0.5, 0.4, 0.1]),
        "last_clean_days": pd.array((days * rng.random(300)).astype(int), dtype="Int32"),
    })  # fmt: skip


def test_fractures_stay_within_their_brackets_and_others_where_they_are(risk_table):
    event = (risk_table["outcome"] == "fracture").to_numpy()
    days, last = risk_table["days"].to_numpy(), risk_table["last_clean_days"].to_numpy(dtype=int)
    before = np.zeros(len(days))
    for share in np.linspace(0, 1, 6):
        moved = dated(days, risk_table["last_clean_days"], event, share=share)
        assert (moved[~event] == days[~event]).all()
        assert ((last < moved) & (moved <= days))[event].all()
        assert (moved >= before)[event].all()
        before = moved
    np.testing.assert_array_equal(before, days)


def test_day_zero_and_missing_brackets():
    assert dated([0, 10], [None, None], [True, True], share=0).tolist() == [0, 1]


def test_rows_are_what_the_estimators_give(risk_table):
    table = by_dating(risk_table).set_index(["dating", "quantity"])
    event, exposed = risk_table["outcome"] == "fracture", risk_table["is_adjacent"].to_numpy()
    as_recorded = hazard_ratio(risk_table["days"], event, exposed, risk_table["patient"])
    assert table.loc[("image", "hazard ratio"), "estimate"] == as_recorded.estimate
    near = risk_table[exposed]
    median = median_among_events(near["days"], near["outcome"] == "fracture", near["patient"])
    assert table.loc[("image", "median, next to cement"), "estimate"] == median.estimate
    medians = [table.loc[(dating, "median, further away"), "estimate"] for dating in DATINGS]
    assert medians == sorted(medians)


def test_a_share_outside_the_bracket_is_refused():
    with pytest.raises(WorkbookError, match="half way"):
        dated([10], [1], [True], share=2)
