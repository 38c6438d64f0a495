"""Variance shares and flips of cases whose answer is known."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.tables import check
from helpers.robustness.choice_effects import TOGETHER, choice_effects
from helpers.robustness.choices import CHOICES
from tests.robustness.test_choices import REFERENCE

ESTIMATOR = {"crude": 0.0, "by_level": -0.2, "rate": 0.35}
HORIZON = {"all": 0.0, "90": 0.9}
WITHIN = {"1": 0.0, "2": -0.5}


def curve_of(log_ratio, *, half=0.1):
    """All combinations of three choices; the log ratio is a function of their values."""
    lines = []
    for estimator, horizon, within in product(ESTIMATOR, HORIZON, WITHIN):
        value = log_ratio(estimator, horizon, within)
        chosen = REFERENCE | {"estimator": estimator, "horizon_days": horizon, "adjacent_within": within}
        limits = {"conf_low": np.exp(value - half), "conf_high": np.exp(value + half)}
        lines.append(chosen | {"estimate": np.exp(value)} | limits)
    return pd.DataFrame(lines)


def additive(estimator, horizon, within):
    return 0.4 + ESTIMATOR[estimator] + HORIZON[horizon] + WITHIN[within]


def shares(curve):
    return choice_effects(curve).set_index("choice")["variance_share"]


def test_shares_of_an_additive_grid_are_those_of_its_terms():
    variance = {
        "estimator": np.var(list(ESTIMATOR.values())),
        "horizon_days": np.var(list(HORIZON.values())),
        "adjacent_within": np.var(list(WITHIN.values())),
    }
    expected = {choice: own / sum(variance.values()) for choice, own in variance.items()}
    found = shares(curve_of(additive))
    assert found.drop(TOGETHER).to_dict() == pytest.approx(expected, abs=1e-12)
    assert found[TOGETHER] == pytest.approx(1, abs=1e-12)
    assert found.drop(TOGETHER).is_monotonic_decreasing


def test_what_only_two_choices_together_do_is_left_over():
    """An exclusive or of two choices has no main effect."""
    found = shares(curve_of(lambda estimator, horizon, within: 0.5 * ((horizon == "90") != (within == "2"))))
    assert found.to_numpy() == pytest.approx(np.zeros(4), abs=1e-12)


def test_on_an_unbalanced_grid_a_choice_gets_what_no_other_explains():
    """As R's drop1: the residual sum of squares without the choice, less that with it."""
    curve = curve_of(lambda *chosen: additive(*chosen) + 0.3 * (chosen == ("rate", "90", "2")))
    curve = curve[~((curve["estimator"] == "rate") & (curve["adjacent_within"] == "1"))]
    y = np.log(curve["estimate"].to_numpy())
    codes = {choice: pd.Categorical(curve[choice]) for choice in ("estimator", "horizon_days", "adjacent_within")}

    def residual(choices):
        columns = [np.ones(len(y))]
        columns += [(codes[choice] == value).astype(float) for choice in choices for value in codes[choice].categories]
        design = np.column_stack(columns)
        return ((y - design @ np.linalg.pinv(design) @ y) ** 2).sum()

    total, full = ((y - y.mean()) ** 2).sum(), residual(list(codes))
    found = shares(curve)
    for choice in codes:
        others = [other for other in codes if other != choice]
        assert found[choice] == pytest.approx((residual(others) - full) / total, abs=1e-10)
    assert found[TOGETHER] == pytest.approx(1 - full / total, abs=1e-10)


def test_flips_are_counted_between_specifications_alike_in_all_else():
    effects = choice_effects(curve_of(additive)).set_index("choice")
    # log ratios: 0.4, 0.2, 0.75 with the horizon all and 1 level; 0.5 lower with 2 levels; 0.9 higher by day 90.
    within = effects.loc["adjacent_within"]
    assert within[["pairs", "direction_flips"]].tolist() == [6, 2]
    assert within["largest_factor"] == pytest.approx(np.exp(0.5))
    estimator = effects.loc["estimator"]
    assert estimator["pairs"] == 3 * 4
    # With 2 levels and all of follow-up: -0.1, -0.3 and 0.25, so two of three pairs.
    assert estimator["direction_flips"] == 2
    assert effects.loc["horizon_days", "direction_flips"] == 2
    check("specification_choices", effects.reset_index())


def test_an_interval_that_loses_1_is_a_flip():
    effects = choice_effects(curve_of(additive, half=0.45)).set_index("choice")
    # Clear of 0 with half a width of 0.45: 0.75; by day 90 all but -0.3 + 0.9 = 0.6 and so on, which are clear too.
    assert effects.loc["estimator", "interval_flips"] == 2
    assert effects.loc["horizon_days", "interval_flips"] == 5


def test_no_choice_and_no_value_leave_nothing_to_explain():
    one = curve_of(additive).head(1)
    assert choice_effects(one)[["choice", "variance_share"]].to_numpy().tolist() == [[TOGETHER, 0.0]]
    silent = curve_of(additive).assign(estimate=np.nan)
    assert choice_effects(silent)["choice"].tolist() == [TOGETHER]
    missing = curve_of(additive)
    missing.loc[0, "estimate"] = np.nan
    assert choice_effects(missing).set_index("choice").loc["horizon_days", "pairs"] == 5
    assert set(missing.columns) >= set(CHOICES)
