"""Errors in the data in words and rows: every number is one that was given, no verb claims a cause."""

import numpy as np
import pandas as pd
import pytest

from helpers.estimators import risk_ratio
from helpers.estimators.lost_follow_up import ratio_if_lost_differ, risk_if_lost_differ
from helpers.estimators.sensitivity import e_value, if_found_more_often
from helpers.report.bias_rows import (
    control_rows,
    dating_rows,
    detection_rows,
    error_table,
    lost_extremes,
    lost_rows,
    wrong_level_rows,
)
from helpers.report.bias_sentences import (
    control_sentence,
    dating_sentence,
    detection_sentence,
    e_value_sentence,
    lost_sentence,
    wrong_level_sentence,
)
from tests.report.wording import assert_reads_well

NAN = float("nan")


def ratio(a, n1, c, n0):
    event = np.concatenate([np.arange(n1) < a, np.arange(n0) < c])
    return risk_ratio(event, np.repeat([True, False], [n1, n0]))


STRONG, NONE, ZERO, EMPTY = ratio(40, 100, 10, 100), ratio(10, 100, 10, 100), ratio(0, 9, 3, 9), ratio(3, 9, 0, 9)
WRONG = pd.DataFrame(
    {"share": [0, 0.15], "cohorts": [1, 100], "estimate": [4.0, 3.2], "low": [4.0, 2.8], "high": [4.0, 3.6],
     "if_wrong_already": [4.0, 5.0]}
)  # fmt: skip
LOST = pd.DataFrame(
    [{"who": who, "hazard_ratio": k, "estimate": 2 + k} for who in ("exposed", "unexposed", "both") for k in (0, 1, 3)]
)
DATED = pd.DataFrame(
    [{"dating": dating, "share": share, "quantity": quantity, "estimate": value, "conf_low": 1.0, "conf_high": 200.0}
     for dating, share in (("earliest", 0.0), ("image", 1.0))
     for quantity, value in (("median, next to cement", 20 + 40 * share), ("median, further away", NAN),
                             ("hazard ratio", 4.5))]
)  # fmt: skip


def sentences():
    yield e_value_sentence(STRONG, *vars(e_value(STRONG)).values())
    yield e_value_sentence(NONE, *vars(e_value(NONE)).values())
    yield e_value_sentence(EMPTY, *vars(e_value(EMPTY)).values())
    yield from (control_sentence(each) for each in (STRONG, NONE, EMPTY, ZERO))
    yield from (detection_sentence(each) for each in (STRONG, NONE, EMPTY))
    yield lost_sentence(lost_rows(LOST.to_dict("records")), 365)
    yield lost_sentence(lost_rows(LOST.assign(estimate=NAN).to_dict("records")), 365)
    yield wrong_level_sentence(WRONG)
    yield wrong_level_sentence(WRONG.assign(estimate=NAN))
    yield dating_sentence(DATED)


@pytest.mark.parametrize("text", [str(text) for text in sentences()])
def test_no_cause_no_nan_no_inf(text):
    assert_reads_well(text)


def test_the_numbers_of_the_sentences():
    assert "risk ratio of at least 7.46 each" in e_value_sentence(STRONG, *vars(e_value(STRONG)).values())
    assert "found 25.0% as often as" in detection_sentence(STRONG)
    assert "does not hold 1" in control_sentence(STRONG)
    assert "holds 1, so no difference is shown; nor is one" in control_sentence(NONE)
    assert "at 0 to 3 times the hazard" in lost_sentence(lost_rows(LOST.to_dict("records")), 365)
    assert "between 2.00 and 5.00; had those of one group" in lost_sentence(lost_rows(LOST.to_dict("records")), 365)
    assert "15.0% of the patients the ratio was 3.20 on average (95% of 100" in wrong_level_sentence(WRONG)
    assert "earliest: 20 and – days, hazard ratio 4.50; image: 60" in dating_sentence(DATED)


def test_losses_that_differ_in_opposite_ways_are_those_of_both_risks():
    rng = np.random.default_rng(5)
    days, outcome, exposed = rng.integers(1, 60, 300), rng.choice(3, 300, p=[0.6, 0.3, 0.1]), rng.random(300) < 0.3
    rows = ratio_if_lost_differ(days, outcome, exposed, horizon_days=40, hazard_ratios=[0, 1, 3])
    near, far = (
        [risk_if_lost_differ(days[own], outcome[own], horizon_days=40, hazard_ratio=k) for k in (0, 3)]
        for own in (exposed, ~exposed)
    )
    assert lost_extremes(lost_rows(rows)) == pytest.approx((near[0] / far[1], near[1] / far[0]), rel=1e-12)
    assert np.isnan(lost_extremes(lost_rows(LOST.assign(estimate=NAN).to_dict("records")))).all()


def test_a_negative_control_has_its_lines_in_the_table_of_errors():
    table = error_table({"negative control": control_rows({"Crude": STRONG, "By level": EMPTY}, levels=3)})
    assert table[["error", "line", "x"]].to_numpy().tolist() == [
        ["negative control", "Crude", 3.0], ["negative control", "By level", 3.0],
    ]  # fmt: skip
    assert table["estimate"].iloc[0] == STRONG.estimate
    assert pd.isna(table["estimate"].iloc[1])


def test_rows_for_the_figure():
    detected = detection_rows(if_found_more_often(STRONG, [1, 0.8, 0.6, 0.4, 0.2]))
    assert detected["x"].is_monotonic_increasing
    assert detected["x_text"].tolist() == ["0.2", "0.4", "0.6", "0.8", "1"]
    assert set(lost_rows(LOST.to_dict("records"))["text"]) >= {"5.00 at 3", "2.00 at 0"}
    dated = dating_rows(DATED)
    assert dated["line"].unique().tolist() == ["Next to cement", "Further away"]
    assert dated["text"].tolist() == ["20 days", "not reached", "60 days", "not reached"]
    assert wrong_level_rows(WRONG)["x_text"].tolist() == ["0%", "15%"] * 2
