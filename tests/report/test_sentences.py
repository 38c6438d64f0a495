"""Sentences say what the numbers say, and never why."""

import inspect
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from helpers.estimators.estimate import Estimate, TwoByTwo, not_estimable
from helpers.report import sentences

CAUSAL = re.compile(
    r"\b(caus\w*|due to|led to|leads? to|because of|result(s|ed)? in|effects? of|protect\w*|prevent\w*"
    r"|increase[sd]? the risk)\b",
    re.I,
)
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
COVERAGE = pd.DataFrame(
    {
        "scenario": ["small", "small", "rare", "rare"],
        "is_default": [True, True, True, False],
        "coverage": [0.95, 0.91, 0.985, 0.5],
        "cohorts": 2000,
    }
)
EVERY_SENTENCE = [
    sentences.risk_sentence(RATIO),
    sentences.clustering_sentence(replace(RATIO, std_error=0.1), RATIO),
    sentences.clustering_sentence(ABSENT, RATIO),
    sentences.adjusted_sentence(RATIO, replace(RATIO, estimate=3.7), how="within patients"),
    sentences.adjusted_sentence(RATIO, ABSENT, how="within patients"),
    sentences.published_sentence(RATIO, 4.62),
    sentences.published_sentence(ABSENT, 4.62),
    sentences.median_sentence(MEDIAN, NOT_REACHED, among="all vertebrae at risk"),
    sentences.hazard_sentence(RATIO),
    sentences.hazard_sentence(ABSENT),
    sentences.logrank_sentence(RATIO, ABSENT, among="vertebrae that fractured"),
    sentences.natural_sentence(RATIO, replace(RATIO, estimate=3.0574), 4.62),
    sentences.people_sentence(3330, 186, 282, 0.0539),
    sentences.cohort_sentence(442, 424, 6535, 1),
    sentences.unwatched_sentence(451, 6535),
    sentences.coverage_sentence(COVERAGE),
    sentences.rows_sentence(2000, 1950, 50, 1),
    sentences.synthetic_sentence("Example", is_synthetic=True),
    sentences.synthetic_sentence("Ours", is_synthetic=False),
]


@pytest.mark.parametrize("sentence", EVERY_SENTENCE)
def test_no_causal_verb_and_no_bare_computer_number(sentence):
    assert not CAUSAL.search(sentence)
    assert not re.search(r"\b(nan|inf|None)\b", sentence)
    assert not re.search(r"\d\.\d{4,}", sentence)
    assert sentence.endswith(".")
    assert "  " not in sentence


def test_every_public_sentence_is_read_here():
    public = {name for name, f in inspect.getmembers(sentences, inspect.isfunction) if name.endswith("_sentence")}
    called = set(re.findall(r"sentences\.(\w+_sentence)\(", Path(__file__).read_text()))
    assert public == called


def test_risk_sentence_holds_counts_risks_and_interval():
    assert sentences.risk_sentence(RATIO) == (
        "New fractures were seen in 77 of 843 (9.1%) vertebrae next to cement and in 109 of 5,669 (1.9%) vertebrae "
        "further away: the risk ratio was 4.62 (95% CI 3.20 to 6.36; 431 patients, 6,512 vertebrae)."
    )


@pytest.mark.parametrize(("published", "place"), [(4.62, "inside"), (7, "above"), (1, "below")])
def test_published_value_is_placed_against_the_interval(published, place):
    assert f" lies {place} this cohort's" in sentences.published_sentence(RATIO, published)


def test_medians_are_read_in_days_or_in_words():
    sentence = sentences.median_sentence(MEDIAN, NOT_REACHED, among="all vertebrae at risk")
    assert "55 days (95% CI 40 to 70.5) in vertebrae next to cement and not reached in" in sentence


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


def test_coverage_tells_what_is_out_of_bounds():
    assert sentences.coverage_sentence(COVERAGE) == (
        "In 2,000 synthetic cohorts of each kind, 1 of 3 pairs of interval and kind of cohort lay within the band. "
        "1 held the truth less often, so were too narrow: small (1). 1 held it more often, so were too wide: rare (1)."
    )
