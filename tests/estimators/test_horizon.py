"""Two groups at a horizon: R's numbers, plain proportions without censoring, and words where there is no value."""

import math

import numpy as np
import pytest

from helpers.errors import WorkbookError
from helpers.estimators.horizon import by_horizon, risk_difference_at_horizon, risk_ratio_at_horizon
from helpers.estimators.relative_risk import risk_ratio
from helpers.estimators.restricted_mean import restricted_mean_difference
from helpers.estimators.risk import risk_difference


@pytest.fixture
def groups(cohort):
    return cohort.days, cohort.outcome, cohort.exposed


@pytest.mark.parametrize("horizon", [100, 200, 300])
def test_ratio_and_difference_are_rs(groups, cohort, r, horizon):
    # The two survfit(Surv(days, state) ~ 1, id = row, influence = TRUE): pstate, and influence.pstate by patient
    reference = r["horizons"][f"day {horizon}"]
    for patient, ending in ((None, ""), (cohort.patient, "_clustered")):
        ratio = risk_ratio_at_horizon(*groups, patient, horizon_days=horizon)
        assert math.log(ratio.estimate) == pytest.approx(reference["log_ratio"], rel=1e-12)
        assert ratio.std_error == pytest.approx(reference["ratio_se" + ending], rel=1e-12)
        difference = risk_difference_at_horizon(*groups, patient, horizon_days=horizon)
        assert difference.estimate == pytest.approx(reference["difference"], rel=1e-12)
        assert difference.std_error == pytest.approx(reference["difference_se" + ending], rel=1e-12)
        assert (difference.measure, difference.unit) == ("risk difference by horizon", "probability difference")


def test_ratio_is_rs_by_weights(groups, cohort, r):
    ratio = risk_ratio_at_horizon(*groups, cohort.patient, horizon_days=200)
    reference = r["clustered_by_weights"]["risk"]
    assert math.log(ratio.estimate) == pytest.approx(reference["value"], rel=1e-12)
    # The reference differentiates numerically, good to about 3e-9.
    assert ratio.std_error == pytest.approx(reference["se"], rel=1e-8)


@pytest.mark.parametrize(
    ("at_horizon", "plain"), [(risk_ratio_at_horizon, risk_ratio), (risk_difference_at_horizon, risk_difference)]
)
@pytest.mark.parametrize("with_patients", [False, True])
def test_without_censoring_it_is_that_of_plain_proportions(cohort, at_horizon, plain, with_patients):
    # Everybody followed to day 400, so the incidence is a plain proportion and its error Katz's or Wald's.
    days, patient = np.where(cohort.event, cohort.days, 400), cohort.patient if with_patients else None
    by_time = at_horizon(days, cohort.event, cohort.exposed, patient, horizon_days=400)
    by_count = plain(cohort.event, cohort.exposed, patient)
    assert [by_time.estimate, by_time.std_error] == pytest.approx([by_count.estimate, by_count.std_error], rel=1e-10)


def test_what_comes_after_the_horizon_does_not_matter(groups, cohort):
    days, outcome, exposed = groups
    later = days > 200
    other = np.where(later, days + 17, days), np.where(later, 2 - outcome, outcome), exposed
    for estimator in (risk_ratio_at_horizon, risk_difference_at_horizon):
        here, there = (estimator(*which, cohort.patient, horizon_days=200) for which in (groups, other))
        assert [here.estimate, here.std_error] == pytest.approx([there.estimate, there.std_error], rel=1e-12)
        assert here.n_events == there.n_events == ((outcome == 1) & ~later).sum()


def test_several_horizons_are_those_one_by_one(groups, cohort):
    several = by_horizon(risk_difference_at_horizon, *groups, cohort.patient, horizons=[90, 180.5, 365], conf_level=0.9)
    assert list(several) == ["day 90", "day 180.5", "day 365"]
    alone = risk_difference_at_horizon(*groups, cohort.patient, horizon_days=180.5, conf_level=0.9)
    assert several["day 180.5"] == alone
    days, _, exposed = groups
    means = by_horizon(restricted_mean_difference, days, cohort.event, exposed, horizons=[300])
    assert means["day 300"] == restricted_mean_difference(days, cohort.event, exposed, horizon_days=300)


# Edges


@pytest.mark.parametrize("estimator", [risk_ratio_at_horizon, risk_difference_at_horizon])
@pytest.mark.parametrize(
    ("horizon", "exposed", "words"),
    [
        (50, [1, 1, 0, 0], "between 0 and the last time seen in both groups, 9 days"),
        (0, [1, 1, 0, 0], "between 0 and the last time seen in both groups, 9 days"),
        (math.nan, [1, 1, 0, 0], "between 0 and the last time seen in both groups, 9 days"),
        (5, [1, 1, 1, 1], "one of the two groups has no vertebra at risk"),
        (5, [0, 0, 0, 0], "one of the two groups has no vertebra at risk"),
    ],
)
def test_a_horizon_that_was_not_followed_has_no_value(estimator, horizon, exposed, words):
    compared = estimator([3, 9, 3, 9], [1, 0, 1, 0], exposed, horizon_days=horizon)
    assert (compared.estimate, compared.conf_low, compared.conf_high) == (None, None, None)
    assert words in compared.note


@pytest.mark.parametrize(
    ("horizon", "outcome", "words"),
    [(5, [0, 0, 0, 0], "either group"), (5, [1, 0, 0, 0], "one of the groups"), (0.5, [1, 0, 1, 0], "either group")],
)
def test_a_ratio_needs_events_in_both_groups(horizon, outcome, words):
    ratio = risk_ratio_at_horizon([3, 9, 3, 9], outcome, [1, 1, 0, 0], horizon_days=horizon)
    assert ratio.estimate is None
    assert ratio.note == f"no events by the horizon in {words}"


@pytest.mark.parametrize(("outcome", "value"), [([1, 0, 0, 0], 0.5), ([1, 1, 1, 0], 0.5)])
@pytest.mark.parametrize("patient", [None, [*"pqrs"]])
def test_a_difference_without_variation_in_a_group_has_a_value_and_no_interval(outcome, value, patient):
    difference = risk_difference_at_horizon([3, 4, 3, 9], outcome, [1, 1, 0, 0], patient, horizon_days=4)
    assert difference.estimate == pytest.approx(value, rel=1e-12)
    assert (difference.conf_low, difference.conf_high, difference.std_error) == (None, None, None)
    assert difference.note.startswith("no interval")


def test_a_group_of_one_patient_is_told():
    days, outcome, exposed = [3, 9, 3, 9, 9, 9], [1, 0, 1, 0, 0, 0], [1, 1, 0, 0, 0, 0]
    patient = [*"ppqqrr"]
    for estimator in (restricted_mean_difference, risk_difference_at_horizon):
        difference = estimator(days, outcome, exposed, patient, horizon_days=5)
        assert difference.estimate is not None
        assert (difference.conf_low, difference.note.split(":")[0]) == (None, "no interval")


def test_no_events_have_a_difference_of_nothing_and_no_interval():
    difference = risk_difference_at_horizon([9, 9], [0, 2], [1, 0], horizon_days=5)
    assert (difference.estimate, difference.conf_low, difference.std_error) == (0, None, None)
    assert "no interval" in difference.note


def test_errors_are_sentences(groups):
    with pytest.raises(
        WorkbookError, match="`horizon_days` must be a number of days, but got 90 days. Pass for example"
    ):
        risk_ratio_at_horizon(*groups, horizon_days="90 days")
    with pytest.raises(
        WorkbookError, match=r"`outcome` must be 0 \(censored\), 1 \(fracture\) or 2 \(death\), but got 3"
    ):
        risk_difference_at_horizon([1, 2], [1, 3], [1, 0], horizon_days=1)
    with pytest.raises(WorkbookError, match="Pass 0.95 for 95%"):
        risk_difference_at_horizon(*groups, horizon_days=90, conf_level=95)
    for horizons in ([], [0, 90], [90, 90], [365, 90]):
        with pytest.raises(
            WorkbookError, match=r"`horizons` must increase and be above 0, but got .* Write for example"
        ):
            by_horizon(risk_ratio_at_horizon, *groups, horizons=horizons)
