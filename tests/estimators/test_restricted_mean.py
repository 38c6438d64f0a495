import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time

from helpers.estimators.restricted_mean import restricted_mean_difference


@pytest.fixture(params=["restricted_mean", "diabetic_restricted_mean"])
def followed(request, cohort, diabetic, r):
    """(days, event, exposed), patient, what R says: whole days with deaths, and two eyes of each patient in months."""
    data = cohort if request.param == "restricted_mean" else diabetic
    return (data.days, data.event, data.exposed), data.patient, r[request.param]


def test_naive_is_rs(followed):
    # se: summary(survfit(...), rmean = horizon); se_survrm2: survRM2's formula (Greenwood's); the root of their sums.
    rows, _, reference = followed
    difference = restricted_mean_difference(*rows, horizon_days=reference["horizon"])
    assert difference.estimate == pytest.approx(reference["difference"], rel=1e-12)
    assert difference.std_error == pytest.approx(reference["se"], rel=1e-12)
    assert difference.std_error == pytest.approx(reference["se_survrm2"], rel=1e-12)
    assert difference.unit == "days"


def test_clustered_is_rs(followed):
    # survfit(..., influence = TRUE)$influence.surv integrated to the horizon and added up by patient
    rows, patient, reference = followed
    difference = restricted_mean_difference(*rows, patient, horizon_days=reference["horizon"])
    assert difference.estimate == pytest.approx(reference["difference"], rel=1e-12)
    assert difference.std_error == pytest.approx(reference["se_clustered"], rel=1e-12)
    assert difference.n_patients == len(np.unique(patient))


def test_clustered_is_rs_by_weights(cohort, r):
    difference = restricted_mean_difference(cohort.days, cohort.event, cohort.exposed, cohort.patient, horizon_days=300)
    # The reference differentiates numerically, good to about 1e-9.
    assert difference.std_error == pytest.approx(r["clustered_by_weights"]["rmst"]["se"], rel=1e-8)


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
def test_lifelines_has_the_mean_and_not_its_variance(cohort):
    # Its variance is that of one vertebra's time free of the event, not that of the mean of all of them
    # (https://github.com/CamDavidsonPilon/lifelines/issues/1682). Few distinct days: it integrates step by step.
    days, event, exposed = np.ceil(cohort.days / 130), cohort.event, cohort.exposed
    (mean_exposed, variance_exposed), (mean_unexposed, variance_unexposed) = (
        restricted_mean_survival_time(KaplanMeierFitter().fit(days[group], event[group]), t=2, return_variance=True)
        for group in (exposed, ~exposed)
    )
    ours = restricted_mean_difference(days, event, exposed, horizon_days=2)
    assert ours.estimate == pytest.approx(mean_exposed - mean_unexposed, rel=1e-9)
    assert np.sqrt(variance_exposed + variance_unexposed) > 8 * ours.std_error


@pytest.mark.parametrize("horizon", [-1, 0, 391])
def test_horizon_beyond_follow_up_has_no_value(cohort, horizon):
    difference = restricted_mean_difference(cohort.days, cohort.event, cohort.exposed, horizon_days=horizon)
    assert difference.estimate is None
    assert "last time seen in both groups" in difference.note


def test_no_events_have_no_interval():
    same = restricted_mean_difference([5, 5], [0, 0], [1, 0], horizon_days=5)
    assert (same.estimate, same.conf_low) == (0, None)
