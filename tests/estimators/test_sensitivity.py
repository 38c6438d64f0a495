"""E-values and differing detection, against published values and their own definition."""

import numpy as np
import pytest

from helpers.errors import WorkbookError
from helpers.estimators import odds_ratio, risk_ratio
from helpers.estimators.sensitivity import e_value, if_found_more_often


def ratio(*counts, **options):
    a, n1, c, n0 = counts
    event = np.concatenate([np.arange(n1) < a, np.arange(n0) < c])
    return risk_ratio(event, np.repeat([True, False], [n1, n0]), **options)


def bounding_factor(strength):
    """Ding and VanderWeele's: how far a confounder of this strength, on both sides, can move a ratio."""
    return strength**2 / (2 * strength - 1)


@pytest.mark.parametrize("counts", [(40, 100, 10, 100), (5, 100, 20, 100), (30, 100, 29, 100)])
def test_a_confounder_of_that_strength_moves_one_just_to_the_ratio(counts):
    seen = ratio(*counts)
    strength = e_value(seen).of_estimate
    assert bounding_factor(strength) == pytest.approx(max(seen.estimate, 1 / seen.estimate))


def test_the_limit_nearer_to_one_counts():
    above, below = ratio(40, 100, 10, 100), ratio(10, 100, 40, 100)
    assert bounding_factor(e_value(above).of_limit) == pytest.approx(above.conf_low)
    assert bounding_factor(e_value(below).of_limit) == pytest.approx(1 / below.conf_high)
    assert e_value(above).of_limit == pytest.approx(e_value(below).of_limit)


def test_an_interval_that_holds_one_has_the_least_e_value_of_its_limit():
    assert e_value(ratio(30, 100, 29, 100)).of_limit == 1


def test_what_has_no_ratio_has_no_e_value():
    assert e_value(ratio(0, 100, 20, 100)).of_estimate is None
    none = e_value(ratio(3, 10, 0, 10))
    assert (none.of_estimate, none.of_limit) == (None, None)


def test_an_odds_ratio_is_refused():
    event, exposed = np.array([1, 0, 1, 0]), np.array([1, 1, 0, 0])
    with pytest.raises(WorkbookError, match="odds ratio"):
        e_value(odds_ratio(event, exposed))


def test_undoing_the_missed_fractures_gives_the_ratio_back():
    """20 of 200 unexposed fractured, half of them were missed: 10 are seen."""
    truth, seen = ratio(40, 100, 20, 200), ratio(40, 100, 10, 200)
    (row,) = if_found_more_often(seen, [20 / 10])
    assert row["estimate"] == pytest.approx(seen.estimate * 2)
    (row,) = if_found_more_often(seen, [10 / 20])
    assert row["estimate"] == pytest.approx(truth.estimate)
    assert row["conf_high"] / row["conf_low"] == pytest.approx(seen.conf_high / seen.conf_low)


def test_detection_must_be_above_zero():
    with pytest.raises(WorkbookError, match="above 0"):
        if_found_more_often(ratio(4, 10, 2, 10), [1, 0])
