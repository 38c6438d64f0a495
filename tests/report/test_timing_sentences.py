"""Sentences on time say what the numbers say, and never why."""

from dataclasses import replace
from functools import partial

import pytest

from helpers.disclosure import coarse
from helpers.estimators.estimate import Estimate, TwoByTwo, not_estimable
from helpers.estimators.small_numbers import as_shown
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
HIDDEN = as_shown(replace(RATIO, behind=TwoByTwo(3, 830, 178, 5707)), 8)
WINDOWS = {
    "Hazard ratio, patients as clusters": RATIO,
    "Hazard ratio, days 0 to 90": replace(RATIO, estimate=9.33, conf_low=6.09, conf_high=14.3),
    "Hazard ratio, after day 90": ABSENT,
}
EVERY_SENTENCE = [
    partial(timing.unwatched_sentence, 451, 0, 6535),
    partial(timing.unwatched_sentence, 451, 12, 6535),
    partial(timing.unwatched_sentence, 1, 1, 6535),
    partial(timing.median_sentence, MEDIAN, NOT_REACHED, among="all vertebrae at risk"),
    partial(timing.hazard_sentence, RATIO),
    partial(timing.hazard_sentence, ABSENT),
    partial(timing.programs_sentence, RATIO, RATIO),
    partial(timing.programs_sentence, ABSENT, ABSENT),
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
    partial(timing.unwatched_sentence, *(coarse(count, 8) for count in (451, 3, 6535))),
    partial(timing.median_sentence, HIDDEN, HIDDEN, among="vertebrae that fractured"),
    partial(timing.hazard_sentence, HIDDEN),
    partial(timing.programs_sentence, HIDDEN, HIDDEN),
    partial(timing.programs_sentence, as_shown(RATIO, 8), as_shown(RATIO, 8)),
    partial(timing.pace_sentence, {name: HIDDEN for name in WINDOWS}),
    partial(timing.change_sentence, HIDDEN, at_days=90),
    partial(timing.proportional_sentence, HIDDEN, HIDDEN),
    partial(timing.logrank_sentence, HIDDEN, HIDDEN, among="vertebrae that fractured"),
    partial(timing.free_time_sentence, HIDDEN, horizon_days=730),
    partial(timing.dated_sentence, HIDDEN, as_shown(RATIO, 8)),
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
    assert timing.unwatched_sentence(451, 0, 6535) == (
        "451 vertebrae of 6,535 at risk were not followed beyond day 0: they can show no fracture, yet count in the "
        "denominators of the plain risks. Curves, hazards and the risk ratio by a fixed day allow for it, as far as "
        "the end of follow-up tells nothing about fractures."
    )


def test_fractures_of_day_zero_are_not_denied():
    assert timing.unwatched_sentence(0, 0, 6535) == "All 6,535 vertebrae at risk were followed beyond day 0."
    some = timing.unwatched_sentence(451, 12, 6535)
    assert "12 of them had a new fracture on that day, the others can show none, yet count in the" in some
    assert "they can show no fracture" not in some
    every, one = timing.unwatched_sentence(3, 3, 6535), timing.unwatched_sentence(1, 1, 6535)
    assert every == (
        "3 vertebrae of 6,535 at risk were not followed beyond day 0, each with a new fracture on that day."
    )
    assert one == "1 vertebra of 6,535 at risk was not followed beyond day 0, with a new fracture on that day."
    assert "was not followed beyond day 0: it can show no fracture, yet counts in" in timing.unwatched_sentence(1, 0, 9)


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


@pytest.mark.parametrize(
    "sentence",
    [
        timing.hazard_sentence,
        partial(timing.change_sentence, at_days=90),
        partial(timing.free_time_sentence, horizon_days=730),
        partial(timing.dated_sentence, by_date=RATIO),
        partial(timing.dated_sentence, by_date=ABSENT),
        partial(timing.proportional_sentence, TEST),
        partial(timing.logrank_sentence, TEST, among="all"),
    ],
)
def test_no_sentence_drops_what_its_estimate_says_to_bear_in_mind(sentence):
    cautious = replace(RATIO, note="few patients carry the events")
    assert sentence(cautious).endswith(" To bear in mind: few patients carry the events.")
    assert "bear in mind" not in sentence(RATIO)


def test_the_pace_says_which_window_its_caution_is_of():
    few = {"Hazard ratio, after day 365": replace(RATIO, note="few patients carry the events")}
    assert timing.pace_sentence(WINDOWS | few).endswith(
        " To bear in mind of the ratio after day 365: few patients carry the events."
    )
    early = {"Hazard ratio, days 0 to 90": replace(RATIO, note="few")}
    assert timing.pace_sentence(early).endswith(" To bear in mind of the ratio in days 0 to 90: few.")
    both = {name: replace(RATIO, note="few") for name in ("Hazard ratio, days 0 to 90", "Hazard ratio, after day 90")}
    assert timing.pace_sentence(both).endswith(" To bear in mind of the ratio in days 0 to 90 and after day 90: few.")


def test_no_difference_is_as_many_days():
    none = replace(DAYS, estimate=0.0, conf_low=None, conf_high=None, note="no interval: all show the same")
    assert timing.free_time_sentence(none, horizon_days=365) == (
        "Up to day 365, and if nobody died, a vertebra next to cement had on average as many days without a new "
        "fracture as one further away (difference 0 (424 patients, 6,537 vertebrae)). To bear in mind: no interval: "
        "all show the same."
    )


def test_ratios_of_other_fractures_say_so():
    assert "Images bracket" not in timing.dated_sentence(RATIO, RATIO)
    other = timing.dated_sentence(replace(RATIO, n_events=1363), replace(RATIO, n_events=1629))
    assert "Images bracket 1,363 of 1,629 fractures: one seen on day 0, or without dates of images, cannot" in other
    none = timing.dated_sentence(ABSENT, replace(RATIO, n_events=177))
    assert "Images bracket 0 of 177 fractures: one seen on day 0" in none


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"conf_high": 6.7 * (1 + 1e-8)}, "the same ratio and the same limits to six digits"),
        ({"conf_low": 1.9401}, "not the same: one of them is wrong here"),
        ({"conf_high": None}, "not the same: one of them is wrong here"),
    ],
)
def test_two_programs_are_compared_and_not_taken_to_agree(change, words):
    assert timing.programs_sentence(RATIO, replace(RATIO, **change)) == f"The two programs give {words}."
    assert timing.programs_sentence(RATIO, ABSENT) == "The two programs cannot be set side by side: no events."


def test_a_few_vertebrae_unwatched_are_not_taken_for_none():
    told = timing.unwatched_sentence(*(coarse(count, 8) for count in (0, 0, 6535)))
    assert told.startswith("<8 of ~6,532 vertebrae at risk were not followed beyond day 0")
