"""Sentences on time say what the numbers say, and never why."""

import inspect
import re
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.estimators.estimate import Estimate, not_estimable
from helpers.report import timing_sentences as timing
from tests.report.test_sentences import test_no_causal_verb_and_no_bare_computer_number as check

RATIO = Estimate("hazard ratio", 3.606, 1.94, 6.7, 0.95, 8.7e-5, "Cox", "ratio", 424, 6537, 181, std_error=0.3)
ABSENT = not_estimable(
    "hazard ratio", "no events", unit="ratio", conf_level=0.95, method="Cox", n_patients=1, n_vertebrae=1, n_events=0
)
TEST = Estimate("proportional hazards test", 12.2, None, None, 0.95, 0.00048, "score", "chi-square", 424, 6537, 181)
DAYS = Estimate("restricted mean difference", -60.37, -79.1, -41.6, 0.95, 4e-9, "area", "days", 424, 6537, 178)
WINDOWS = {
    "Hazard ratio, patients as clusters": RATIO,
    "Hazard ratio, days 0 to 90": replace(RATIO, estimate=9.33, conf_low=6.09, conf_high=14.3),
    "Hazard ratio, after day 90": ABSENT,
}
EVERY_SENTENCE = [
    timing.change_sentence(RATIO, at_days=90),
    timing.change_sentence(replace(RATIO, estimate=0.5, conf_low=0.2, conf_high=1.2), at_days=90),
    timing.change_sentence(ABSENT, at_days=90),
    timing.pace_sentence(WINDOWS),
    timing.pace_sentence({"Hazard ratio, after day 0": RATIO}),
    timing.proportional_sentence(TEST, replace(TEST, p_value=0.031)),
    timing.free_time_sentence(DAYS, horizon_days=730),
    timing.free_time_sentence(replace(DAYS, estimate=4.21), horizon_days=730),
    timing.free_time_sentence(ABSENT, horizon_days=730),
    timing.trend_sentence(RATIO),
    timing.trend_sentence(ABSENT),
    timing.dated_sentence(RATIO, replace(RATIO, estimate=3.7)),
    timing.dated_sentence(ABSENT, RATIO),
]


@pytest.mark.parametrize("sentence", EVERY_SENTENCE)
def test_every_sentence_reads_well(sentence):
    check(sentence)


def test_every_public_sentence_is_read_here():
    public = {name for name, f in inspect.getmembers(timing, inspect.isfunction) if name.endswith("_sentence")}
    called = set(re.findall(r"timing\.(\w+_sentence)\(", Path(__file__).read_text()))
    assert public - {"hazard_sentence"} == called


def test_the_pace_is_told_window_by_window():
    assert timing.pace_sentence(WINDOWS) == (
        "By time since the procedure, the hazard ratio (95% CI) was 9.33 (6.09 to 14.3) in days 0 to 90 and "
        "not estimable after day 90."
    )


def test_a_change_that_is_not_clear_says_so():
    assert "does not settle" in timing.change_sentence(replace(RATIO, conf_low=0.9), at_days=90)
    clear = timing.change_sentence(RATIO, at_days=90)
    assert clear.startswith("Up to day 90 the hazard ratio was 3.61 times that after it")
    assert "does not settle" not in clear
    open_above = timing.change_sentence(replace(RATIO, conf_high=None), at_days=90)
    assert "does not settle" not in open_above


def test_days_without_a_fracture_keep_their_sign_in_words():
    assert "on average 60 days fewer without" in timing.free_time_sentence(DAYS, horizon_days=730)
    assert "on average 4.2 days more without" in timing.free_time_sentence(replace(DAYS, estimate=4.21), horizon_days=1)
