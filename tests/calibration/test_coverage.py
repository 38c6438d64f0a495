"""Intervals hold the truth as often as they promise, in cohorts of known truth."""

import re

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.interval_coverage import read_coverage
from helpers.report import sentences
from helpers.report.display import COVERAGE_BOUNDS, KEPT, LESS_OFTEN, MORE_OFTEN, NO_INTERVAL, coverage_verdicts
from tests.calibration.coverage import COHORTS, COMMAND, calibrate, main, out_of_bounds, summarise
from tests.calibration.methods import EARLY_TO_LATE, METHODS, RISK_RATIO
from tests.calibration.scenarios import SCENARIOS

# The headline answers. Only where events are rare may one of these be out of bounds.
ANSWERS = {
    RISK_RATIO,
    "risk difference over follow-up",
    "risk ratio within levels (Mantel-Haenszel)",
    "risk ratio within levels (log-Poisson)",
    "rate ratio per day of follow-up",
    "hazard ratio, averaged over follow-up",
    "hazard ratio, days 0 to 90",
    "risk difference by day 365",
    "restricted mean difference to day 365",
    "median days among fractured, next to cement",
}
AFTER_YEAR = "hazard ratio, after day 365"
WITHIN = f"{EARLY_TO_LATE}, within patients"
LATE = "few fractures after a year: in some cohorts one side has too few for an interval"
FEW = "60 patients: in some cohorts one side has too few fractures in that time for an interval"
RARE = "so few fractures: one side often has too few for an interval"
OPEN = "so few fractures: intervals are wide, and often open on one side"
# Every default interval of the stored table that does not keep its promise, how it fails, and why.
KNOWN = {
    ("small", "risk ratio by day 90", MORE_OFTEN): "60 patients: few fractures in so short a time, and wide intervals",
    (
        "small",
        "share fractured next to cement by day 365",
        LESS_OFTEN,
    ): "60 patients: a skewed share, missed from below",
    (
        "small",
        "median days among fractured, further away",
        LESS_OFTEN,
    ): "60 patients: ranks of few fractures, clustered",
    ("small", "odds ratio within patients", MORE_OFTEN): "60 patients, few of whom tell: a wide interval",
    ("small", "hazard ratio, days 90 to 365", NO_INTERVAL): FEW,
    ("small", AFTER_YEAR, NO_INTERVAL): LATE,
    ("small", EARLY_TO_LATE, NO_INTERVAL): FEW,
    ("small", WITHIN, NO_INTERVAL): FEW,
    ("strong frailty", AFTER_YEAR, NO_INTERVAL): LATE,
    ("heavy death", AFTER_YEAR, NO_INTERVAL): LATE,
    ("no effect, strong clustering", AFTER_YEAR, MORE_OFTEN): "few fractures after a year, and wide intervals",
    ("rare events", RISK_RATIO, MORE_OFTEN): OPEN,
    ("rare events", "odds ratio over follow-up", MORE_OFTEN): OPEN,
    ("rare events", "rate ratio per day of follow-up", MORE_OFTEN): OPEN,
    ("rare events", "risk difference over follow-up", MORE_OFTEN): "so few fractures: a wide interval",
    ("rare events", "risk ratio within levels (Mantel-Haenszel)", NO_INTERVAL): RARE,
    ("rare events", "risk ratio within levels (log-Poisson)", NO_INTERVAL): RARE,
    ("rare events", "risk ratio within patients", NO_INTERVAL): RARE,
    ("rare events", "odds ratio within patients", NO_INTERVAL): RARE,
    ("rare events", "risk ratio by day 90", NO_INTERVAL): RARE,
    ("rare events", "risk ratio by day 365", NO_INTERVAL): RARE,
    ("rare events", "risk ratio by day 730", NO_INTERVAL): RARE,
    ("rare events", "risk difference by day 365", NO_INTERVAL): RARE,
    ("rare events", "restricted mean difference to day 365", NO_INTERVAL): RARE,
    ("rare events", "share fractured next to cement by day 365", NO_INTERVAL): RARE,
    ("rare events", "share without a fracture next to cement, day 365", NO_INTERVAL): RARE,
    ("rare events", "hazard ratio, averaged over follow-up", NO_INTERVAL): RARE,
    ("rare events", "hazard ratio, days 0 to 90", NO_INTERVAL): RARE,
    ("rare events", "hazard ratio, days 90 to 365", NO_INTERVAL): RARE,
    ("rare events", AFTER_YEAR, NO_INTERVAL): RARE,
    ("rare events", EARLY_TO_LATE, NO_INTERVAL): RARE,
    ("rare events", WITHIN, NO_INTERVAL): RARE,
    ("rare events", "hazard ratio within levels", NO_INTERVAL): RARE,
    ("rare events", "hazard ratio within patients", NO_INTERVAL): RARE,
    ("rare events", "median days among fractured, next to cement", NO_INTERVAL): RARE,
    ("rare events", "median days among fractured, further away", NO_INTERVAL): RARE,
}


@pytest.fixture(scope="module")
def stored():
    return read_coverage()


def test_the_stored_table_is_whole(stored):
    wanted = [(scenario.name, method.target, method.name) for scenario in SCENARIOS for method in METHODS]
    assert list(stored[["scenario", "target", "method"]].itertuples(index=False, name=None)) == wanted
    assert set(stored["cohorts"]) == {COHORTS}
    assert set(stored["seeds"]) == {f"1 to {COHORTS}"}
    assert set(stored["command"]) == {COMMAND}


def test_every_default_interval_keeps_its_promise_but_those_known_not_to(stored):
    default = stored[stored["is_default"]].assign(verdict=coverage_verdicts)
    assert not default.duplicated(["scenario", "target"]).any()
    missed = default.loc[default["verdict"] != KEPT, ["scenario", "target", "verdict"]]
    assert set(missed.itertuples(index=False, name=None)) == set(KNOWN)


def test_answers_are_out_of_bounds_only_where_events_are_rare(stored):
    assert set(stored["target"]) >= ANSWERS
    assert {scenario for scenario, target, _ in KNOWN if target in ANSWERS} == {"rare events"}


def test_ratios_and_differences_that_answer_never_hold_the_truth_too_rarely(stored):
    answers = stored[stored["is_default"] & stored["target"].isin(ANSWERS) & ~stored["target"].str.startswith("median")]
    assert len(answers) == (len(ANSWERS) - 1) * len(SCENARIOS)
    assert (answers["coverage"] >= COVERAGE_BOUNDS[0]).all()


def test_the_sentence_on_no_effect_reads_this_table(stored):
    assert (sentences.RISK_RATIO, sentences.EARLY_TO_LATE) == (RISK_RATIO, EARLY_TO_LATE)
    (scenario,) = (scenario for scenario in SCENARIOS if scenario.name == sentences.NO_EFFECT)
    assert scenario.truth.adjacent_hazard_ratio == 1
    assert sentences.no_effect_sentence(stored).startswith("In cohorts simulated without any role of cement")


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
    row = {"scenario": "small", "target": "risk ratio", "method": "clustered", "truth": 4.5, "is_default": True}
    shares = {"coverage": [0.9, 0.95, 0.95, 0.95], "no_interval": [0, 0, 0.3, 0.05]}
    assert out_of_bounds(pd.DataFrame([row] * 4).assign(**shares)) == [
        "small: risk ratio, clustered: 90.0% of the intervals hold 4.5.",
        "small: risk ratio, clustered: 95.0% of the intervals hold 4.5; 30.0% of the cohorts give none.",
    ]


def test_what_is_out_of_bounds_is_printed_and_is_no_failure(tmp_path, monkeypatch, capsys):
    row = {"scenario": "small", "target": "risk ratio", "method": "clustered", "truth": 4.5, "is_default": True}
    shares = {"coverage": 0.9, "no_interval": 0.0, "bias": 0.0, "width": 2.0, "open_side": 0.0}
    table = pd.DataFrame([row | shares])
    monkeypatch.setattr("tests.calibration.coverage.calibrate", lambda **_: table)
    assert main(["--out", str(tmp_path / "table.csv")]) == 0
    printed = capsys.readouterr().out
    assert "90.0% of the intervals hold 4.5" in printed
    assert re.search(r"\n0 min \d s; stored in .*table\.csv\n$", printed)
    pd.testing.assert_frame_equal(read_coverage(tmp_path / "table.csv"), table, check_dtype=False)
