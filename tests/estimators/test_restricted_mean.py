import pytest

from helpers.estimators.restricted_mean import restricted_mean_difference


def test_naive_is_rs(cohort, r):
    # summary(survfit(...), rmean = 300): difference, and the root of the summed squared errors.
    difference = restricted_mean_difference(cohort.days, cohort.event, cohort.exposed, horizon_days=300)
    assert difference.estimate == pytest.approx(r["restricted_mean"]["difference"], rel=1e-12)
    assert difference.std_error == pytest.approx(r["restricted_mean"]["se"], rel=1e-12)
    assert difference.unit == "days"


def test_clustered_is_rs_by_weights(cohort, r):
    difference = restricted_mean_difference(cohort.days, cohort.event, cohort.exposed, cohort.patient, horizon_days=300)
    # The reference differentiates numerically, good to about 1e-9.
    assert difference.std_error == pytest.approx(r["clustered_by_weights"]["rmst"]["se"], rel=1e-7)
    assert difference.n_patients == 70


def test_swapping_the_groups_turns_the_sign(cohort):
    here, there = (
        restricted_mean_difference(cohort.days, cohort.event, exposed, cohort.patient, horizon_days=200)
        for exposed in (cohort.exposed, ~cohort.exposed)
    )
    assert here.estimate == pytest.approx(-there.estimate, rel=1e-12)
    assert here.conf_low == pytest.approx(-there.conf_high, rel=1e-12)


@pytest.mark.parametrize("horizon", [-1, 0, 391])
def test_horizon_beyond_follow_up_has_no_value(cohort, horizon):
    difference = restricted_mean_difference(cohort.days, cohort.event, cohort.exposed, horizon_days=horizon)
    assert difference.estimate is None
    assert "last time seen in both groups" in difference.note


def test_no_events_have_no_interval():
    same = restricted_mean_difference([5, 5], [0, 0], [1, 0], horizon_days=5)
    assert (same.estimate, same.conf_low) == (0, None)
