"""Intervals hold the truth as often as they promise, in cohorts of known truth."""

import numpy as np
import pandas as pd
import pytest

from tests.calibration.coverage import (
    COHORTS,
    COMMAND,
    HIGHEST,
    LOWEST,
    RESULT_FILE,
    calibrate,
    main,
    out_of_bounds,
    summarise,
)
from tests.calibration.methods import METHODS
from tests.calibration.scenarios import SCENARIOS

# Where events are rare an interval may be too wide; elsewhere these are the answers of the report.
ANSWERS = {
    "risk ratio over follow-up",
    "risk ratio within levels (Mantel-Haenszel)",
    "risk ratio within levels (log-Poisson)",
    "rate ratio per day of follow-up",
    "hazard ratio, averaged over follow-up",
    "hazard ratio, days 0 to 90",
}


def test_the_stored_table_is_whole():
    stored = pd.read_csv(RESULT_FILE)
    wanted = [(scenario.name, method.target, method.name) for scenario in SCENARIOS for method in METHODS]
    assert list(stored[["scenario", "target", "method"]].itertuples(index=False, name=None)) == wanted
    assert set(stored["cohorts"]) == {COHORTS}
    assert set(stored["seeds"]) == {f"1 to {COHORTS}"}
    assert set(stored["command"]) == {COMMAND}


def test_the_stored_answers_keep_their_promise():
    stored = pd.read_csv(RESULT_FILE)
    answers = stored[stored["is_default"] & stored["target"].isin(ANSWERS)]
    usual = answers[answers["scenario"] != "rare events"]
    assert len(usual) == len(ANSWERS) * (len(SCENARIOS) - 1)
    assert usual["coverage"].between(LOWEST, HIGHEST).all()
    assert (answers["coverage"] >= LOWEST).all()
    assert stored.loc[stored["scenario"] == "rare events", "no_interval"].max() > 0.1


def test_the_same_whatever_the_number_of_workers():
    some = {"cohorts": 30, "scenarios": SCENARIOS[1:2], "truth_patients": 5000}
    one, two = calibrate(workers=1, **some), calibrate(workers=2, **some)
    pd.testing.assert_frame_equal(one, two)
    assert one["coverage"].dropna().between(0.5, 1).all()
    assert len(one) == len(METHODS)


def test_a_summary_of_four_cohorts():
    nan = np.nan
    found = np.array([[2, 1, 4], [0.5, 0.2, 0.9], [0, 0, 3], [nan, nan, nan]])
    told = summarise(found, 1.0, ratio=True)
    assert told["bias"] == pytest.approx(0, abs=1e-12)
    assert told["coverage"] == pytest.approx(2 / 3)
    assert (told["too_low"], told["too_high"]) == (pytest.approx(1 / 3), 0)
    assert told["width"] == pytest.approx((4 + 4.5) / 2)
    assert (told["no_interval"], told["open_side"]) == (0.25, 0.25)


def test_what_is_out_of_bounds_is_told():
    row = {"scenario": "small", "target": "risk ratio", "method": "clustered", "truth": 4.5}
    table = pd.DataFrame([row | {"is_default": True, "coverage": 0.9}, row | {"is_default": True, "coverage": 0.95}])
    assert out_of_bounds(table) == ["small: risk ratio, clustered: 90.0% of the intervals hold 4.5."]


@pytest.mark.calibrate
def test_calibrate():
    main([])
    test_the_stored_table_is_whole()
    test_the_stored_answers_keep_their_promise()
