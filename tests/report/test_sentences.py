"""Sentences say what the numbers say, and never why."""

from dataclasses import replace
from functools import partial

import pandas as pd
import pytest

from helpers.disclosure import coarse
from helpers.errors import WorkbookError
from helpers.estimators.estimate import Estimate, TwoByTwo, not_estimable
from helpers.estimators.intervals import NO_INTERVAL
from helpers.estimators.relative_risk import risk_ratio
from helpers.estimators.small_numbers import as_shown
from helpers.report import sentences
from tests.report.wording import assert_reads_well, sentences_of

RATIO = Estimate(
    "risk ratio",
    4.6234,
    3.2041,
    6.3555,
    0.95,
    1e-9,
    "log, patients as clusters",
    "ratio",
    431,
    6512,
    186,
    std_error=0.2,
    counts=TwoByTwo(77, 843, 109, 5669),
)
ABSENT = not_estimable(
    "hazard ratio",
    "no fracture next to cement",
    unit="ratio",
    conf_level=0.95,
    method="Cox",
    n_patients=1,
    n_vertebrae=1,
    n_events=0,
)
HIDDEN = as_shown(replace(RATIO, counts=TwoByTwo(3, 843, 109, 5669)), 8)
COVERAGE = pd.DataFrame(
    {
        "scenario": ["small", "small", "rare", "rare", "rare", "rare", "small"],
        "is_default": [True, True, True, True, True, True, False],
        "coverage": [0.95, 0.91, 0.985, 0.97, 0.95, float("nan"), 0.5],
        "no_interval": [0.05, 0.0, 0.02, 0.0, 0.28, 1.0, 0.9],
        "cohorts": 2000,
    }
)
TRUTHS = pd.DataFrame(
    {
        "scenario": ["small", sentences.NO_EFFECT, sentences.NO_EFFECT, sentences.NO_EFFECT],
        "target": [sentences.RISK_RATIO, sentences.RISK_RATIO, sentences.RISK_RATIO, sentences.EARLY_TO_LATE],
        "truth": [4.5353, 3.1419, 3.1419, 1.1691],
    }
)
EVERY_SENTENCE = [
    partial(sentences.risk_sentence, RATIO),
    partial(sentences.clustering_sentence, replace(RATIO, std_error=0.1), RATIO),
    partial(sentences.clustering_sentence, ABSENT, RATIO),
    partial(sentences.adjusted_sentence, RATIO, replace(RATIO, estimate=3.7), how="within patients"),
    partial(sentences.adjusted_sentence, RATIO, ABSENT, how="within patients"),
    partial(sentences.trend_sentence, RATIO),
    partial(sentences.trend_sentence, ABSENT),
    partial(sentences.published_sentence, RATIO, 4.62),
    partial(sentences.published_sentence, ABSENT, 4.62),
    partial(sentences.natural_sentence, RATIO, replace(RATIO, estimate=3.0574), 4.62),
    partial(sentences.people_sentence, 3330, 186, 282, 0.0539),
    partial(sentences.cohort_sentence, 442, 424, 6535, 1),
    partial(sentences.coverage_sentence, COVERAGE),
    partial(sentences.no_effect_sentence, TRUTHS),
    partial(sentences.reading_sentence, ["patients.csv is not UTF-8; it is read as Windows-1252."]),
    partial(sentences.rows_sentence, 2000, 1950, 50, 1),
    partial(sentences.cohort_sentence, *(coarse(count, 8) for count in (442, 424, 6535)), 1),
    partial(sentences.rows_sentence, 2000, 1950, 50, coarse(1, 8)),
    partial(sentences.risk_sentence, HIDDEN),
    partial(sentences.clustering_sentence, HIDDEN, HIDDEN),
    partial(sentences.adjusted_sentence, HIDDEN, HIDDEN, how="within patients"),
    partial(sentences.adjusted_sentence, RATIO, HIDDEN, how="within patients"),
    partial(sentences.trend_sentence, HIDDEN),
    partial(sentences.published_sentence, HIDDEN, 4.62),
    partial(sentences.natural_sentence, HIDDEN, replace(RATIO, estimate=3.0574), 4.62),
    partial(sentences.small_numbers_sentence, 8),
    partial(sentences.synthetic_sentence, "Example", is_synthetic=True),
    partial(sentences.synthetic_sentence, "Ours", is_synthetic=False),
]


@pytest.mark.parametrize("sentence", EVERY_SENTENCE, ids=lambda sentence: sentence.func.__name__)
def test_every_sentence_reads_well(sentence):
    assert_reads_well(sentence())


def test_every_public_sentence_is_read_here():
    assert {sentence.func.__name__ for sentence in EVERY_SENTENCE} == sentences_of(sentences)


def test_nothing_is_said_of_small_numbers_where_none_are_hidden():
    assert sentences.small_numbers_sentence(0) is None


def test_what_small_numbers_hide_is_said_without_a_number():
    for sentence in (sentences.risk_sentence, sentences.trend_sentence):
        assert not any(map(str.isdigit, str(sentence(HIDDEN)).replace("fewer than 8", "")))


def test_one_row_was_and_two_were():
    assert sentences.rows_sentence(3, 2, 1, 0).startswith("3 rows were read; 2 were kept and 1 was set aside with a ")
    assert sentences.rows_sentence(1, 1, 0, 0).startswith("1 row was read; 1 was kept and 0 were set aside with a ")


def test_nothing_is_said_of_files_that_left_nothing_open():
    assert sentences.reading_sentence([]) is None


def test_risk_sentence_holds_counts_risks_and_interval():
    assert sentences.risk_sentence(RATIO) == (
        "New fractures were seen in 77 of 843 (9.1%) vertebrae next to cement and in 109 of 5,669 (1.9%) vertebrae "
        "further away: the risk ratio was 4.62 (95% CI 3.20 to 6.36; 431 patients, 6,512 vertebrae)."
    )


@pytest.mark.parametrize(("published", "place"), [(4.62, "inside"), (7, "above"), (1, "below")])
def test_published_value_is_placed_against_the_interval(published, place):
    assert f" lies {place} this cohort's" in sentences.published_sentence(RATIO, published)


@pytest.mark.parametrize(
    ("adjusted", "words"), [(3.7, "20% lower than"), (4.6235, "as good as unchanged from"), (5.1, "10% higher than")]
)
def test_adjusted_sentence_says_how_far_it_moved(adjusted, words):
    assert words in sentences.adjusted_sentence(RATIO, replace(RATIO, estimate=adjusted), how="by level")


def test_a_sentence_is_shown_as_an_escaped_paragraph():
    assert sentences.Sentence("a < b")._repr_html_() == '<p class="finding">a &lt; b</p>'


@pytest.mark.parametrize(("power", "words"), [(1, "about as wide"), (0.5, "2.00 times as wide"), (2, "0.50 times")])
def test_clusters_widen_narrow_or_leave_the_interval(power, words):
    low, high = (RATIO.estimate * (limit / RATIO.estimate) ** power for limit in (RATIO.conf_low, RATIO.conf_high))
    sentence = sentences.clustering_sentence(replace(RATIO, conf_low=low, conf_high=high), RATIO)
    assert words in sentence
    assert "the 431 patients and not the 6,512 vertebrae taken as independent" in sentence


def test_the_trend_says_how_distances_are_counted():
    assert sentences.trend_sentence(RATIO).startswith(
        "Per level further from the nearest cement (four or more as four), on a straight line, the risk changed by a "
        "factor of 4.62 (95% CI "
    )


def test_coverage_tells_what_is_out_of_bounds_and_each_pair_once():
    assert sentences.coverage_sentence(COVERAGE) == (
        "In 2,000 synthetic cohorts of each kind, 1 of 6 pairs of interval and kind of cohort held the truth in 93.5% "
        "to 96.5% of the cohorts. Of the others, 1 held it less often (small 1), 2 more often (rare 2), and 2 gave no "
        "interval in more than 5% of the cohorts (rare 2)."
    )


@pytest.mark.parametrize(
    ("rows", "end"),
    [
        ([0], "96.5% of the cohorts."),
        ([0, 2], "Of the others, 1 held it more often (rare 1)."),
        ([1, 4], "1 held it less often (small 1) and 1 gave no interval in more than 5% of the cohorts (rare 1)."),
    ],
)
def test_coverage_leaves_out_what_did_not_happen(rows, end):
    assert sentences.coverage_sentence(COVERAGE.iloc[rows]).endswith(end)


def test_kinds_of_cohort_with_a_comma_stay_apart():
    named = COVERAGE.replace({"scenario": {"rare": "no effect, strong clustering"}}).assign(coverage=0.9, no_interval=0)
    assert "(small 2; no effect, strong clustering 4)" in sentences.coverage_sentence(named)


def test_no_effect_reads_the_truth_of_that_kind_of_cohort():
    assert sentences.no_effect_sentence(TRUTHS) == (
        "In cohorts simulated without any role of cement, but with neighbours that are strongly alike, the risk ratio "
        "comes to 3.14 and the hazard ratio to day 90 to 1.17 times that after it. That depends on how alike the "
        "simulation makes them, and is no observation."
    )


def test_no_effect_names_what_the_table_lacks():
    with pytest.raises(WorkbookError, match="lacks 'hazard ratio to day 90 over later' in cohorts of the kind 'no eff"):
        sentences.no_effect_sentence(TRUTHS.iloc[:3])


def test_an_interval_that_holds_one_as_well_is_told():
    told = sentences.published_sentence(replace(RATIO, conf_low=0.4), 4.62)
    assert "(0.40 to 6.36), and so does 1: this cohort tells neither from the other." in told
    assert "so does 1" not in sentences.published_sentence(RATIO, 4.62)


def test_every_ratio_brings_what_to_bear_in_mind():
    few, said = replace(RATIO, note="told; few"), " To bear in mind: told; few."
    assert sentences.trend_sentence(few).endswith(said)
    # Without a crude ratio, or with a ratio of zero, there is a note that says what is missing.
    assert sentences.adjusted_sentence(ABSENT, few, how="level by level").endswith(said)
    assert sentences.adjusted_sentence(replace(RATIO, estimate=0.0), few, how="level by level").endswith(said)
    natural = sentences.natural_sentence(replace(RATIO, note="ours"), replace(RATIO, note="theirs"), 4.62)
    assert natural.endswith(" To bear in mind of the survey: theirs. To bear in mind of this cohort: ours.")


def test_a_part_of_a_note_is_told_once():
    median, other = replace(RATIO, note="upper limit not reached; few"), replace(RATIO, note="few")
    assert sentences.caution(median, other) == " To bear in mind: upper limit not reached; few."
    assert sentences.caution(replace(RATIO, estimate=None, note="no events")) == ""


def test_what_the_clusters_change_is_not_told_for_the_reason_there_is():
    def untold(event, patient):
        naive, clustered = (risk_ratio(event, [1, 1, 0, 0], whose) for whose in (None, patient))
        return sentences.clustering_sentence(naive, clustered).removeprefix("What the clusters change cannot be told ")

    assert untold([1, 0, 0, 0], ["p", "q", "p", "q"]) == "here: with an empty cell both intervals ignore them."
    assert untold([1, 0, 1, 0], ["p"] * 4) == f"here: {NO_INTERVAL}."
    assert untold([0, 0, 0, 0], ["p", "q", "p", "q"]).startswith("here: no events in either group")


def test_one_patient_is_at_risk():
    assert "; 1 patient with 17 vertebrae is at risk. Of all files" in sentences.cohort_sentence(1, 1, 17, 0)
