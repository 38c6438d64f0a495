"""Losses that are not like the rest: Aalen and Johansen's curve where they are, bounds where they are not."""

import numpy as np
import pytest

from helpers.errors import WorkbookError
from helpers.estimators import cumulative_incidence, risk_ratio_at_horizon
from helpers.estimators.lost_follow_up import ratio_if_lost_differ, risk_if_lost_differ


@pytest.fixture(params=range(6), ids=str)
def cohort(request):
    rng = np.random.default_rng([35, request.param])
    size = 400
    return rng.integers(0, 60, size), rng.choice(3, size, p=[0.5, 0.3, 0.2]), rng.random(size) < 0.3


@pytest.mark.parametrize("horizon", [1, 17, 40, 59])
def test_losses_like_the_rest_give_aalen_and_johansen(cohort, horizon):
    days, outcome, _ = cohort
    curve = cumulative_incidence(days, outcome)
    by_horizon = curve.incidence[curve.time <= horizon][-1]
    assert risk_if_lost_differ(days, outcome, horizon_days=horizon) == pytest.approx(by_horizon, rel=1e-12)


def test_the_ratio_without_a_difference_is_that_of_the_horizon(cohort):
    days, outcome, exposed = cohort
    ours = ratio_if_lost_differ(days, outcome, exposed, horizon_days=40, hazard_ratios=[1.0])
    theirs = risk_ratio_at_horizon(days, outcome, exposed, horizon_days=40)
    assert [row["estimate"] for row in ours] == pytest.approx([theirs.estimate] * 3, rel=1e-12)


def test_no_lost_vertebra_fractures_at_a_hazard_of_zero(cohort):
    days, outcome, _ = cohort
    seen = ((outcome == 1) & (days <= 40)).mean()
    assert risk_if_lost_differ(days, outcome, horizon_days=40, hazard_ratio=0) == pytest.approx(seen)


def test_all_that_are_lost_fracture_at_a_hazard_beyond_all_bounds():
    days, outcome = [1, 1, 2, 3], [0, 0, 1, 0]
    assert risk_if_lost_differ(days, outcome, horizon_days=3, hazard_ratio=1e9) == 0.75


def test_the_risk_grows_with_the_hazard_of_the_lost(cohort):
    days, outcome, exposed = cohort
    risks = [risk_if_lost_differ(days, outcome, horizon_days=50, hazard_ratio=k) for k in (0, 0.5, 1, 2, 5)]
    assert np.all(np.diff(risks) > 0)
    rows = ratio_if_lost_differ(days, outcome, exposed, horizon_days=50, hazard_ratios=[0.5, 2])
    ratios = {(row["who"], row["hazard_ratio"]): row["estimate"] for row in rows}
    assert ratios["exposed", 2] > ratios["exposed", 0.5]
    assert ratios["unexposed", 2] < ratios["unexposed", 0.5]


def test_nobody_lost_makes_no_difference():
    days, outcome = [1, 2, 3, 9], [1, 2, 1, 0]
    risks = {risk_if_lost_differ(days, outcome, horizon_days=9, hazard_ratio=k) for k in (0, 1, 7)}
    assert risks == {0.5}


def test_by_hand_with_death():
    """Lost on day 1, one of three dies on day 2, one of the two left fractures on day 3: 1/3 of the lost by day 3."""
    days, outcome = [1, 2, 3, 4], [0, 2, 1, 0]
    assert risk_if_lost_differ(days, outcome, horizon_days=4) == pytest.approx((1 + 1 / 3) / 4)
    assert risk_if_lost_differ(days, outcome, horizon_days=4, hazard_ratio=2) == pytest.approx((1 + 2 / 3) / 4)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: risk_if_lost_differ([1], [0], horizon_days=3, hazard_ratio=-1), "0 or more"),
        (lambda: risk_if_lost_differ([], [], horizon_days=3), "no vertebrae"),
        (lambda: ratio_if_lost_differ([1], [0], [True], horizon_days=3, hazard_ratios=[1]), "no vertebrae"),
    ],
)
def test_what_cannot_be_asked_is_told(call, told):
    with pytest.raises(WorkbookError, match=told):
        call()
