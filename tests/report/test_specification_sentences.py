"""Sentences on the specification curve say what its tables hold, and never why."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from helpers.estimators.intervals import FEW_PATIENTS, VERY_FEW_PATIENTS
from helpers.report import specification_sentences as told
from helpers.report.rows import effect_rows, joint_test_rows
from tests.report.wording import assert_reads_well, sentences_of

NAMES = {"horizon_days": "Horizon", "estimator": "Estimator", "region": "Region", "all_together": "All together"}
CURVE = pd.DataFrame(
    {
        "is_reference": [False, True, False, False],
        "estimate": [0.9, 2.0, 5.0, np.nan],
        "conf_low": [0.5, 1.2, 2.0, np.nan],
        "conf_high": [1.6, 3.3, 12.0, np.nan],
        "note": [pd.NA, pd.NA, pd.NA, "no events in either group"],
    }
)
OF_FEW = CURVE.assign(note=[FEW_PATIENTS, pd.NA, f"7 of 9 strata; {VERY_FEW_PATIENTS}", FEW_PATIENTS])
LEFT_OUT = pd.DataFrame({"rule": ["one", "other"], "reason": ["a", "b"], "specifications": [12, 8]})
EFFECTS = pd.DataFrame(
    {
        "choice": ["horizon_days", "estimator", "region", "all_together"],
        "values": [3, 5, 2, 30],
        "variance_share": [0.5, 0.25, 0.0, 0.8],
        "pairs": [30, 60, 15, pd.NA],
        "direction_flips": [0, 2, 0, pd.NA],
        "interval_flips": [4, 0, 0, pd.NA],
        "largest_factor": [2.8, 1.5, 1.0, np.nan],
    }
)
STEADY = EFFECTS.assign(direction_flips=0, interval_flips=0)
TESTS = pd.DataFrame(
    {
        "null": ["any whole vertebra"] * 2 + ["any fractured vertebra"] * 2,
        "statistic": ["median ratio", "share with an interval above 1"] * 2,
        "observed": [4.09, 0.986, 4.01, 0.925],
        "null_median": [1.2, 0.08, 3.3, 0.95],
        "null_high": [1.62, 0.5, 3.8, 0.98],
        "p_value": [0.005, 0.005, 0.015, 0.02],
        "permutations": 200,
        "specifications": 576,
        "patients": [424, 424, 64, 64],
    }
)
UNUSED = TESTS.assign(specifications=0, **dict.fromkeys(["observed", "null_median", "null_high", "p_value"], np.nan))
EVERY_SENTENCE = [
    partial(told.grid_sentence, 3456, LEFT_OUT, n_patients=424, n_all=424),
    partial(told.grid_sentence, 1, LEFT_OUT.iloc[:0], n_patients=50_000, n_all=1_000_000),
    partial(told.curve_sentence, CURVE, 4.62),
    partial(told.curve_sentence, CURVE.iloc[[3]], 4.62),
    partial(told.curve_sentence, OF_FEW, 4.62),
    partial(told.choices_sentence, EFFECTS, NAMES),
    partial(told.choices_sentence, STEADY, NAMES),
    partial(told.choices_sentence, EFFECTS.iloc[[3]], NAMES),
    partial(told.choices_sentence, EFFECTS.iloc[[0, 3]], NAMES),
    partial(told.joint_sentence, TESTS),
    partial(told.joint_sentence, UNUSED),
    partial(told.joint_sentence, UNUSED.assign(specifications=9)),
]


@pytest.mark.parametrize("sentence", EVERY_SENTENCE, ids=lambda sentence: sentence.func.__name__)
def test_every_sentence_reads_well(sentence):
    assert_reads_well(sentence())


def test_no_sentence_is_left_out():
    assert {sentence.func.__name__ for sentence in EVERY_SENTENCE} == sentences_of(told)


def test_the_grid_tells_what_was_left_out_and_drawn():
    text = told.grid_sentence(3456, LEFT_OUT, n_patients=424, n_all=424)
    assert text.startswith("3,456 specifications were computed; 20 further combinations make no sense")
    assert "sample" not in text
    drawn = told.grid_sentence(1, LEFT_OUT.iloc[:0], n_patients=50_000, n_all=1_000_000)
    assert drawn == (
        "1 specification was computed. They are computed from a random sample of 50,000 of 1,000,000 patients."
    )


def test_the_curve_tells_both_sides_of_1_and_of_the_published_value():
    text = told.curve_sentence(CURVE, 4.62)
    assert "asked in 3 ways" in text
    assert "66.7% of the ratios lay above 1 and 33.3% below; 66.7% had an interval wholly above 1 and 0.0%" in text
    assert "ran from 0.90 to 5.00, with a median of 2.00; 33.3% lay above the published 4.62 and 66.7% below" in text
    assert "own specification gave 2.00, number 2 by size. 1 specification gave no ratio." in text
    assert "no probabilities" in text


def test_the_curve_tells_where_few_patients_carry_the_fractures():
    assert "few patients" not in told.curve_sentence(CURVE, 4.62)
    text = told.curve_sentence(OF_FEW, 4.62)
    assert "In 2 specifications few patients carry the fractures, in 1 fewer than five: do not rely on" in text


def test_choices_tell_their_shares_and_flips():
    text = told.choices_sentence(EFFECTS, NAMES)
    assert "moved the ratios most was horizon, with 50% of their variance" in text
    assert "followed by estimator (25%) and region (0%); all choices together, without interactions, had 80%" in text
    assert "with one choice alone: estimator in 2 of 60 pairs." in text
    assert "changed most often with these (pairs alike in all else): horizon 4 of 30." in text
    steady = told.choices_sentence(STEADY, NAMES)
    assert "No single choice took the ratio to the other side of 1. Nor did any change" in steady


def test_the_joint_test_tells_both_nulls():
    text = told.joint_sentence(TESTS)
    assert "In 576 specifications of 424 patients the median ratio was 4.09" in text
    assert "it came to a median of 1.20 (95th percentile 1.62; p = 0.005, 200 permutations)" in text
    assert "In the 64 patients with a vertebra that was fractured on day 0 and left without cement it was 4.01" in text
    assert "so that clustering around fractures stays, it came to a median of 3.30 (95th percentile 3.80" in text
    lone = told.joint_sentence(TESTS.assign(p_value=np.nan, observed=np.nan))
    assert "it was not estimable" in lone
    assert "there is nothing to set it against" in lone


def test_rows_write_shares_as_per_cent():
    assert joint_test_rows(TESTS)["null_median"].tolist() == ["1.20", "8.0%", "3.30", "95.0%"]
    assert joint_test_rows(UNUSED)["p_value"].tolist() == ["–"] * 4
    rows = effect_rows(EFFECTS, NAMES)
    assert rows["variance_share"].tolist() == ["50.0%", "25.0%", "0.0%", "80.0%"]
    assert rows["largest_factor"].tolist() == ["2.80", "1.50", "1.00", "–"]
    assert rows["choice"].tolist() == list(NAMES.values())
