"""Several groups against one reference are the two-group estimates, one by one."""

import numpy as np
import pytest

from helpers.errors import WorkbookError
from helpers.estimators.groups import by_group, hazard_ratios_by_window, risk_ratios
from helpers.estimators.hazard_ratio import hazard_ratio
from helpers.estimators.relative_risk import risk_ratio
from helpers.estimators.risk import risk

# J NeuroIntervent Surg 13(11):1058: fractures of vertebrae at risk
SANDWICH, ADJACENT, FURTHER = (19, 147), (19, 307), (16, 954)
GROUP = np.repeat(["sandwich", "next to cement", "further away"], [147, 307, 954])
EVENT = np.concatenate([np.arange(n) < k for k, n in (SANDWICH, ADJACENT, FURTHER)])


def test_published_ratios():
    ratios = risk_ratios(EVENT, GROUP, groups=["sandwich", "next to cement"], reference="further away")
    assert round(ratios["next to cement"].estimate, 2) == 3.69
    assert ratios["sandwich"].estimate == pytest.approx((19 / 147) / (16 / 954))
    assert round(risk_ratio(EVENT, GROUP != "further away").estimate, 2) == 4.99


def test_each_group_is_its_own_two_group_estimate():
    patient = np.arange(len(EVENT)) % 125
    rows = GROUP != "sandwich"
    ratios = risk_ratios(EVENT, GROUP, patient, groups=["next to cement"], reference="further away", conf_level=0.9)
    alone = risk_ratio(EVENT[rows], GROUP[rows] == "next to cement", patient[rows], conf_level=0.9)
    assert ratios == {"next to cement": alone}
    each = by_group(risk, GROUP, EVENT, patient, groups=["sandwich"])
    assert each == {"sandwich": risk(EVENT[GROUP == "sandwich"], patient[GROUP == "sandwich"])}


def test_a_group_of_nobody_has_no_value_and_says_so():
    assert "no vertebrae at risk" in by_group(risk, GROUP, EVENT, None, groups=["13 levels"])["13 levels"].note
    ratio = risk_ratios(EVENT, GROUP, groups=["13 levels"], reference="further away")["13 levels"]
    assert not ratio.is_estimable
    assert ratio.note


def test_the_reference_is_not_compared_with_itself():
    with pytest.raises(WorkbookError, match='"sandwich" is the reference group'):
        risk_ratios(EVENT, GROUP, groups=["sandwich"], reference="sandwich")


def test_windows_are_the_hazard_ratios_of_their_part_of_follow_up():
    rng = np.random.default_rng(4)
    days, event = rng.integers(1, 700, 900), rng.random(900) < 0.4
    exposed, patient = rng.random(900) < 0.3, np.arange(900) % 90
    ratios = hazard_ratios_by_window(days, event, exposed, patient, starts=[0, 90, 365])
    assert list(ratios) == ["days 0 to 90", "days 91 to 365", "after day 365"]
    assert ratios["days 91 to 365"] == hazard_ratio(days, event, exposed, patient, window=(90, 365))
    assert sum(ratio.n_events for ratio in ratios.values()) == event.sum()


@pytest.mark.parametrize("starts", [[], [90], [0, 90, 90], [0, 365, 90]])
def test_windows_that_do_not_increase_are_told(starts):
    with pytest.raises(
        WorkbookError, match=r"`starts` must increase from 0, but got .* Write for example \[0, 90, 365\]"
    ):
        hazard_ratios_by_window([1], [1], [1], starts=starts)
