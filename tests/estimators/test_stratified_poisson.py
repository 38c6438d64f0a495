"""The level-adjusted ratio is that of a log-Poisson model with clusters, as R and statsmodels fit it."""

import math

import numpy as np
import pytest
import statsmodels.api as sm

from helpers.cohort.nhanes import fracture_pairs, read_people
from helpers.estimators.relative_risk import risk_ratio
from helpers.estimators.stratified_poisson import poisson_risk_ratio


def cohort(seed, n_patients=60):
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(n_patients), 8)
    level = np.tile(np.arange(8), n_patients)
    exposed = rng.random(len(patient)) < 0.15 + 0.05 * (level > 4)
    frailty = rng.gamma(2, 0.5, n_patients)[patient]
    return rng.random(len(patient)) < 0.06 * frailty * (1 + exposed) * (1 + level / 8), exposed, level, patient


def test_people_without_cement_adjusted_for_level():
    # R: glm(fx ~ adj + factor(level), poisson); sandwich::vcovCL(cluster = ~seqn, type = "HC0", cadjust = FALSE)
    pairs = fracture_pairs(read_people())
    ratio = poisson_risk_ratio(pairs["is_fractured"], pairs["is_adjacent"], pairs["level"], pairs["person"])
    assert math.log(ratio.estimate) == pytest.approx(0.982543969047663, abs=1e-8)
    assert ratio.std_error == pytest.approx(0.185359649701961, abs=1e-8)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("with_patients", [True, False])
def test_the_same_as_a_full_fit_with_a_term_per_level(seed, with_patients):
    event, exposed, level, patient = cohort(seed)
    design = np.column_stack([exposed, level[:, None] == np.arange(8)]).astype(float)
    groups = patient if with_patients else np.arange(len(event))
    full = sm.GLM(event.astype(float), design, family=sm.families.Poisson()).fit(
        tol=1e-14, maxiter=200, cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    ours = poisson_risk_ratio(event, exposed, level, patient if with_patients else None)
    assert math.log(ours.estimate) == pytest.approx(full.params[0], abs=1e-8)
    assert ours.std_error == pytest.approx(full.bse[0], rel=1e-7)


def test_one_stratum_is_the_crude_clustered_ratio():
    event, exposed, _, patient = cohort(7)
    adjusted, crude = (
        poisson_risk_ratio(event, exposed, np.zeros(len(event)), patient),
        risk_ratio(event, exposed, patient),
    )
    assert adjusted.estimate == pytest.approx(crude.estimate, rel=1e-12)
    assert adjusted.std_error == pytest.approx(crude.std_error, rel=1e-10)


def test_a_stratum_without_events_adds_nothing():
    event, exposed, level, patient = cohort(3)
    more = [
        np.r_[array, extra]
        for array, extra in ((event, [0, 0]), (exposed, [0, 1]), (level, [9, 9]), (patient, [99, 98]))
    ]
    ratio, with_empty = poisson_risk_ratio(event, exposed, level, patient), poisson_risk_ratio(*more)
    assert with_empty.estimate == pytest.approx(ratio.estimate, rel=1e-12)
    assert with_empty.std_error == pytest.approx(ratio.std_error, rel=1e-12)


@pytest.mark.parametrize(
    ("event", "exposed"), [([0, 0, 0, 0], [1, 0, 1, 0]), ([1, 0, 0, 0], [1, 0, 1, 0]), ([1, 0, 1, 0], [1, 1, 1, 1])]
)
def test_nothing_to_tell_apart_is_said(event, exposed):
    ratio = poisson_risk_ratio(event, exposed, ["a", "a", "b", "b"], [1, 2, 3, 4])
    assert ratio.estimate is None
    assert "no stratum with both kinds" in ratio.note
