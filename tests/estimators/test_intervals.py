"""Intervals from a handful of patients: how wide they are, how often they hold the truth, and what is said of them."""

import numpy as np
import pytest
from scipy.stats import t as student

from helpers.estimators.hazard_ratio import hazard_ratio
from helpers.estimators.intervals import (
    FEW_PATIENTS,
    VERY_FEW_PATIENTS,
    clustered_ratio,
    degrees_of_freedom,
    few_patients,
    patients_of_equal_weight,
    quantile,
)
from helpers.estimators.relative_risk import risk_ratio

EVIDENCE = {"conf_level": 0.95, "method": "", "n_patients": 1, "n_vertebrae": 1, "n_events": 1}


@pytest.mark.parametrize(
    ("influence", "df"),
    [
        ([1, -1], 1),
        ([1, 1, -2], 2),
        ([1, -1, 1, -1], 3),
        # One patient outweighs all: 3 (sum u^2)^2 / sum u^4 is 3.6, and there are eleven of them.
        ([10] + [-1] * 10, 3 * 110**2 / (10**4 + 10)),
        # Patients that leave the estimate where it is, but for rounding, are not counted.
        ([1, -1, 0, 0, 1e-14], 1),
        ([1e-7, -1e-7], 1),
    ],
)
def test_degrees_of_freedom_are_fewer_than_patients(influence, df):
    influence = np.array(influence, dtype=float)
    assert degrees_of_freedom(influence) == pytest.approx(df, rel=1e-12)
    once, thrice = np.ones(len(influence), int), np.repeat(influence, 3)
    assert degrees_of_freedom(influence, once) == degrees_of_freedom(influence)
    assert degrees_of_freedom(influence, 3 * once) == pytest.approx(degrees_of_freedom(thrice), rel=1e-12)
    assert degrees_of_freedom(1e-6 * influence) == pytest.approx(df, rel=1e-9)


def test_one_patient_alone_moves_nothing_but_by_rounding():
    assert degrees_of_freedom(np.array([1e-17])) == 1
    assert degrees_of_freedom(np.zeros(4)) == np.inf
    assert patients_of_equal_weight(np.zeros(4)) == np.inf


@pytest.mark.parametrize("n_patients", [2, 3, 4, 5, 8, 20])
def test_intervals_of_few_patients_hold_the_truth_as_often_as_of_many(n_patients):
    # Patients vary as a normal distribution does. With 3 (sum u^2)^2 / sum u^4 alone two patients gave 67%, four 87%.
    rng, n_samples = np.random.default_rng(n_patients), 20_000
    patients = rng.normal(size=(n_samples, n_patients))
    means = patients.mean(axis=1)
    influences = (patients - means[:, None]) / n_patients
    bounded = np.array([quantile(0.95, degrees_of_freedom(influence)) for influence in influences])
    unbounded = np.array([quantile(0.95, 3 * patients_of_equal_weight(influence)) for influence in influences])
    distance = np.abs(means) / np.sqrt((influences**2).sum(axis=1))
    # Two standard errors of a coverage are 0.4 percentage points here.
    assert 0.92 < np.mean(distance <= bounded) < 0.955
    if n_patients <= 4:
        assert np.mean(distance <= unbounded) < 0.89


def test_two_patients_give_one_degree_of_freedom():
    # Of 20 vertebrae each: 3 of 5 and 2 of 15 in one, 2 of 5 and 5 of 15 in the other.
    exposed = np.tile(np.arange(20) < 5, 2)
    event = np.r_[np.arange(5) < 3, np.arange(15) < 2, np.arange(5) < 2, np.arange(15) < 5]
    patient = np.repeat(["p", "q"], 20)
    days = np.random.default_rng(2).permutation(40) + 1
    for ratio in (risk_ratio(event, exposed, patient), hazard_ratio(days, event, exposed, patient)):
        half = np.log(ratio.conf_high / ratio.estimate)
        assert half == pytest.approx(student.ppf(0.975, 1) * ratio.std_error, rel=1e-9)
        assert ratio.p_value == pytest.approx(
            2 * student.sf(abs(np.log(ratio.estimate)) / ratio.std_error, 1), rel=1e-9
        )
        assert ratio.note == VERY_FEW_PATIENTS


@pytest.mark.parametrize(
    ("n_patients", "note"), [(2, VERY_FEW_PATIENTS), (4, VERY_FEW_PATIENTS), (6, FEW_PATIENTS), (10, "")]
)
def test_the_fewer_patients_the_stronger_the_caution_and_it_stands_once(n_patients, note):
    influence = np.tile([0.1, -0.1], n_patients // 2)
    assert clustered_ratio("risk ratio", 0.5, influence, **EVIDENCE).note == note
    assert clustered_ratio("risk ratio", 0.5, influence, is_normal=True, **EVIDENCE).note == note
    assert clustered_ratio("risk ratio", 0.5, influence, note="told", **EVIDENCE).note == "; ".join(
        filter(None, ["told", note])
    )


def test_the_stronger_caution_is_for_fewer_than_five_with_nine_tenths_of_the_variance():
    # Four of a hundred patients have 36 of 40 parts of the variance, or 35.
    others = np.full(96, (4 / 96) ** 0.5)
    four = np.array([3.0, -3.0, 3.0, -3.0])
    assert few_patients(np.r_[1.0001 * four, others]) == VERY_FEW_PATIENTS
    assert few_patients(np.r_[0.98 * four, others]) == FEW_PATIENTS
    assert few_patients(np.array([3.0, 0.2041]), patients=np.array([4, 96])) == VERY_FEW_PATIENTS
    assert few_patients(np.array([3.0, 0.2041]), patients=np.array([5, 96])) == FEW_PATIENTS
    assert few_patients(others, np.r_[1.0001 * four, others]) == VERY_FEW_PATIENTS
    assert few_patients(others) == ""


@pytest.mark.parametrize("seed", range(40))
def test_a_variance_that_four_patients_carry_is_always_told(seed):
    rng = np.random.default_rng(seed)
    four, others = rng.uniform(1, 1.5, 4), rng.uniform(0, 1, rng.integers(1, 5000))
    for share in (0.899, 0.901):
        rest = others * np.sqrt((1 / share - 1) * (four**2).sum() / (others**2).sum())
        told = few_patients(rng.permutation(np.append(four, rest)))
        # A few others may each have as much as one of the four, and are then among the largest.
        if rest.max() < four.min():
            assert told == (VERY_FEW_PATIENTS if share > 0.9 else FEW_PATIENTS)
    alike, times = np.unique(np.append(four, [0.01] * 50), return_counts=True)
    assert few_patients(alike, patients=times) == VERY_FEW_PATIENTS
