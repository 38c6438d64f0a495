"""Sentences on time say what the numbers say, and never why."""

from dataclasses import replace
from functools import partial

import pytest

from helpers.estimators.estimate import Estimate, not_estimable
from helpers.report import timing_sentences as timing
from tests.report.wording import assert_reads_well, sentences_of

RATIO = Estimate("hazard ratio", 3.606, 1.94, 6.7, 0.95, 8.7e-5, "Cox", "ratio", 424, 6537, 181, std_error=0.3)
ABSENT = not_estimable(
    "hazard ratio", "no events", unit="ratio", conf_level=0.95, method="Cox", n_patients=1, n_vertebrae=1, n_events=0
)
TEST = Estimate("proportional hazards test", 12.2, None, None, 0.95, 0.00048, "score", "chi-square", 424, 6537, 181)
DAYS = Estimate("restricted mean difference", -60.37, -79.1, -41.6, 0.95, 4e-9, "area", "days", 424, 6537, 178)
MEDIAN = Estimate("median time", 55.0, 40.0, 70.5, 0.95, None, "among fractured", "days", 40, 77, 77)
NOT_REACHED = not_estimable(
    "median time",
    "not reached: fewer than half fractured",
    unit="days",
    conf_level=0.95,
    method="Kaplan-Meier",
    n_patients=431,
    n_vertebrae=6512,
    n_events=186,
)
WINDOWS = {
    "Hazard ratio, patients as clusters": RATIO,
    "Hazard ratio, days 0 to 90": replace(RATIO, estimate=9.33, conf_low=6.09, conf_high=14.3),
    "Hazard ratio, after day 90": ABSENT,
}
EVERY_SENTENCE = [
    partial(timing.unwatched_sentence, 451, 6535),
    partial(timing.median_sentence, MEDIAN, NOT_REACHED, among="all vertebrae at risk"),
    partial(timing.hazard_sentence, RATIO),
    partial(timing.hazard_sentence, ABSENT),
    partial(timing.pace_sentence, WINDOWS),
    partial(timing.pace_sentence, {"Hazard ratio, after day 0": RATIO}),
    partial(timing.change_sentence, RATIO, at_days=90),
    partial(timing.change_sentence, replace(RATIO, estimate=0.5, conf_low=0.2, conf_high=1.2), at_days=90),
    partial(timing.change_sentence, ABSENT, at_days=90),
    partial(timing.proportional_sentence, TEST, replace(TEST, p_value=0.031)),
    partial(timing.logrank_sentence, RATIO, ABSENT, among="vertebrae that fractured"),
    partial(timing.free_time_sentence, DAYS, horizon_days=730),
    partial(timing.free_time_sentence, replace(DAYS, estimate=4.21), horizon_days=730),
    partial(timing.free_time_sentence, ABSENT, horizon_days=730),
    partial(timing.dated_sentence, RATIO, replace(RATIO, estimate=3.7)),
    partial(timing.dated_sentence, RATIO, ABSENT),
    partial(timing.dated_sentence, ABSENT, RATIO),
]


@pytest.mark.parametrize("sentence", EVERY_SENTENCE, ids=lambda sentence: sentence.func.__name__)
def test_every_sentence_reads_well(sentence):
    assert_reads_well(sentence())


def test_every_public_sentence_is_read_here():
    assert {sentence.func.__name__ for sentence in EVERY_SENTENCE} == sentences_of(timing)


def test_medians_are_read_in_days_or_in_words():
    sentence = timing.median_sentence(MEDIAN, NOT_REACHED, among="all vertebrae at risk")
    assert "55 days (95% CI 40 to 70.5) in vertebrae next to cement and not reached in" in sentence


def test_unwatched_vertebrae_come_with_what_allowing_for_them_assumes():
    assert timing.unwatched_sentence(451, 6535).endswith(
        "as far as the end of follow-up tells nothing about fractures."
    )


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


def test_only_a_falling_ratio_brings_its_other_reading():
    frail = "it also remains when the frailest neighbours break first."
    assert timing.change_sentence(RATIO, at_days=90).endswith(frail)
    assert timing.change_sentence(replace(RATIO, conf_low=0.9), at_days=90).endswith(frail)
    assert "frailest" not in timing.change_sentence(replace(RATIO, estimate=0.5, conf_low=0.2), at_days=90)


def test_days_without_a_fracture_are_those_if_nobody_died():
    sentence = timing.free_time_sentence(DAYS, horizon_days=730)
    assert sentence.startswith("Up to day 730, and if nobody died, a vertebra next to cement had on average 60 days")


def test_a_ratio_from_brackets_brings_its_assumption():
    assumed = "independent of the fracture, which pain makes doubtful."
    assert timing.dated_sentence(RATIO, RATIO).endswith(assumed)
    assert timing.dated_sentence(RATIO, ABSENT).endswith(assumed)
    assert assumed not in timing.dated_sentence(ABSENT, RATIO)
