"""Sentences and rows of cohorts in which cement does nothing."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from helpers.report import no_effect_rows as rows
from helpers.report import no_effect_sentences as told
from tests.report.wording import assert_reads_well, sentences_of

OURS = {"risk_ratio": 4.7553, "adjacent": 64.5, "nonadjacent": 129.0}
THEIRS = {"risk_ratio": 4.62, "adjacent": 55.0, "nonadjacent": 127.0}
UNKNOWN = dict.fromkeys(OURS)
BOTH = {"cohort": OURS, "published": THEIRS, "share": "95%"}


def summary(**changes):
    columns = {
        "strength": [0.0, 0.5, 1.0, 2.0],
        "neighbour_ratio": [1.24, 2.01, 3.057, 3.84],
        "cohorts": 400,
        "risk_ratio_low": [1.04, 1.76, 3.1, 4.8],
        "risk_ratio_middle": [1.52, 2.53, 4.09, 5.36],
        "risk_ratio_high": [2.07, 3.35, 5.59, 6.95],
        "lead_days_low": -31.02, "lead_days_middle": 7.0, "lead_days_high": 40.0,
        "median_days_adjacent_low": 67.02, "median_days_adjacent_middle": 92.5, "median_days_adjacent_high": 121.0,
        "median_days_nonadjacent_low": 75.0, "median_days_nonadjacent_middle": 97.0,
        "median_days_nonadjacent_high": 124.5,
        "reached_adjacent": [0, 0, 3, 1], "reached_nonadjacent": 0, "patients_fractured": 130.1,
        "risk_ratio_cohort_share": 0.175, "risk_ratio_cohort_low": 0.141, "risk_ratio_cohort_high": 0.2152,
        "risk_ratio_published_share": 0.2325, "risk_ratio_published_low": 0.1938, "risk_ratio_published_high": 0.2763,
        "lead_days_cohort_share": 0.0, "lead_days_cohort_low": 0.0, "lead_days_cohort_high": 0.0095,
        "lead_days_published_share": 0.0, "lead_days_published_low": 0.0, "lead_days_published_high": 0.0095,
    }  # fmt: skip
    return pd.DataFrame(columns | changes)


NO_RATIO = summary(
    **{f"risk_ratio_{what}": np.nan for what in ("low", "middle", "high", "cohort_share")},
    **{f"lead_days_{what}": np.nan for what in ("low", "middle", "high", "cohort_share")},
)
FIT = pd.DataFrame(
    {
        "kind": ["total", "total", "total", "people by fractured vertebrae"],
        "of": ["people with a fracture", "fractured vertebrae", "neighbour ratio", "1"],
        "observed": [186.0, 282.0, 3.0574, 125.0],
        "average": [184.6, 283.6, 3.11, 100.0],
        "low": [160.0, 237.0, 2.27, 90.0],
        "high": [210.0, 329.0, 4.42, 120.0],
        "surveys": 400,
    }
)
STRENGTHS = pd.DataFrame(
    {
        "strength": [0.0, 0.5, 1.0, 2.0],
        "log_likelihood": [-30.0, -12.0, -10.0, -10.4],
        "neighbour_ratio": [1, 2, 3, 3.8],
    }
)
EVERY_SENTENCE = [
    partial(told.survey_fit_sentence, FIT),
    partial(told.strengths_sentence, STRENGTHS),
    partial(told.strengths_sentence, STRENGTHS.iloc[2:]),
    partial(told.patients_sentence, 424, 424, 6537, 181),
    partial(told.patients_sentence, 1_000_000, 2_000, 30_000, 900),
    partial(told.patients_sentence, 1, 1, 1, 0),
    partial(told.ratio_sentence, summary(), **BOTH),
    partial(told.ratio_sentence, NO_RATIO, **BOTH),
    partial(told.ratio_sentence, summary(risk_ratio_cohort_share=np.nan), **BOTH | {"cohort": UNKNOWN}),
    partial(told.seen_levels_sentence, summary(), cohort=4.09, share="95%"),
    partial(told.seen_levels_sentence, NO_RATIO, cohort=None, share="95%"),
    partial(told.medians_sentence, summary(), **BOTH),
    partial(told.medians_sentence, NO_RATIO, **BOTH),
    partial(told.medians_sentence, summary(lead_days_cohort_share=np.nan), **BOTH | {"cohort": UNKNOWN}),
    partial(told.spread_sentence, summary(), 87),
    partial(told.spread_sentence, summary(), 140),
]


@pytest.mark.parametrize("sentence", EVERY_SENTENCE, ids=lambda sentence: sentence.func.__name__)
def test_every_sentence_reads_well(sentence):
    assert_reads_well(sentence())


def test_every_sentence_is_tested():
    assert {sentence.func.__name__ for sentence in EVERY_SENTENCE} == sentences_of(told)


def test_the_fit_is_counted():
    said = told.survey_fit_sentence(FIT)
    assert "was 3.11 on average (middle 95%: 2.27 to 4.42; the survey: 3.06)" in said
    assert "185 people had 284 fractured vertebrae (186 and 282 in the survey)" in said
    assert said.endswith("Of the 4 figures compared, 3 lie in the middle 95% of those simulated.")


def test_strengths_the_survey_rules_out():
    said = told.strengths_sentence(STRENGTHS)
    assert "compatible with strengths 1 and 2, and not with strengths 0 and 0.5 (95% level)." in said


def test_where_the_published_ratio_is_usual():
    said = told.ratio_sentence(summary(), **BOTH)
    assert "had a ratio of 4.09 (3.10 to 5.59): the median and the middle 95%. Of 400 such cohorts" in said
    assert (
        "of at least the published 4.62 came up in 23.2% (19.4% to 27.6%), one of at least this cohort's 4.76" in said
    )
    places = "inside the middle 95% at strength 1; above the middle 95% at strengths 0 and 0.5; below the middle 95%"
    assert said.endswith(f"The published value lies {places} at strength 2.")


def test_the_levels_that_the_survey_saw():
    said = told.seen_levels_sentence(summary(), cohort=3.9, share="95%")
    assert "T4 to L4, cohorts in which cement does nothing had a ratio of 4.09 (3.10 to 5.59)" in said
    assert said.endswith("this cohort has 3.90; 17.5% (14.1% to 21.5%) of 400 simulated cohorts came up to that.")


def test_medians_and_leads():
    said = told.medians_sentence(summary(), **BOTH)
    assert (
        "92.5 (67 to 121) days next to cement and 97 (75 to 124) further away (middle 95%); it was 64.5 and 129" in said
    )
    assert "in 0.0% (0.0% to 0.9%) of these cohorts" in said
    assert "reached in 4 of 3,200 simulated groups" in said
    without = told.medians_sentence(summary(lead_days_cohort_share=np.nan), **BOTH | {"cohort": UNKNOWN})
    assert "it was – and – in this cohort" in without
    assert "sooner" not in without


def test_rows_of_the_figures_and_of_the_table():
    simulated = pd.DataFrame(
        {"strength": [0.0, 1.0], "risk_ratio": [1.5, 4.0], "median_days_adjacent": 90, "median_days_nonadjacent": 95}
    )
    given = {"cohort": OURS, "published": THEIRS}
    draws, lines, marks = rows.ratio_parts(simulated, summary(), **given)
    assert draws["row"].tolist() == ["0 (none)\nneighbour ratio 1.24", "1 (survey)\nneighbour ratio 3.06"]
    assert lines["text"].tolist() == ["23.2%"] * 4
    assert lines["range"].iloc[2] == "4.09 (3.10 to 5.59)"
    assert marks["text"].tolist() == ["this cohort 4.76", "published 4.62"]
    draws, lines, marks = rows.median_parts(simulated, summary(), **given | {"cohort": UNKNOWN})
    assert draws["panel"].unique().tolist() == ["Next to cement", "Further away"]
    assert (len(lines), lines["range"].iloc[0], lines["low"].iloc[0]) == (8, "92.5 (67 to 121)", 67.02)
    assert marks["text"].tolist() == ["published 55", "published 127"]
    table = rows.summary_rows(summary(), share="95%")
    assert table["Risk ratio (middle 95%)"].iloc[1] == "2.53 (1.76 to 3.35)"
    assert table["Cohorts with the published ratio or more (95% CI)"].iloc[0] == "23.2% (19.4% to 27.6%)"
    assert table.shape == (4, 6)
