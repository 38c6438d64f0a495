"""The Weibull hazard ratio of bracketed fractures is R's, and says so where there is none."""

import json
import math
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from helpers.errors import WorkbookError
from helpers.estimators.brackets import Brackets, why_no_maximum
from helpers.estimators.weibull import Likelihood, interval_censored_hazard_ratio, maximise

R = json.loads((Path(__file__).parents[1] / "reference" / "interval_censored.json").read_text())


def opened(right):
    return np.array([np.inf if end is None else end for end in right], dtype=float)


def data(name):
    """(left, right, exposed, patient) of a data set of R's."""
    if name == "cosmesis":
        arms = R["cosmesis"]
        left, right = (np.concatenate([arms[arm][end] for arm in arms]) for end in ("left", "right"))
        return left.astype(float), opened(right), np.arange(94) >= 46, np.arange(94)
    rows = {key: np.array(values) for key, values in R["cohort"].items() if key != "right"}
    left, right = rows["left"].astype(float), opened(R["cohort"]["right"])
    kept = np.ones(len(left), dtype=bool)
    if name == "exact":
        # Every event exactly at its right end.
        kept, left = np.isfinite(right) | (left > 0), np.where(np.isfinite(right), right, left)
    if name == "status":
        # What the fourth image alone would have told.
        later, day = rows["is_later"], rows["fourth"].astype(float)
        left, right = np.where(later, day, 0), np.where(later, np.inf, day)
    return left[kept], right[kept], rows["exposed"][kept] == 1, rows["patient"][kept]


DATA = {name: data(name) for name in R["weibull"]}


def log_and_error(estimate):
    return [math.log(estimate.estimate), estimate.std_error]


@st.composite
def brackets(draw):
    n = draw(st.integers(1, 14))
    left = np.array(draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)))
    width = np.array(draw(st.lists(st.sampled_from([0, 1, 2, 5, np.inf]), min_size=n, max_size=n)))
    right = left + width
    right[right == 0] = 1
    return left, right, np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))


# Reference


@pytest.mark.parametrize("name", DATA)
def test_ratio_and_errors_are_rs(name):
    left, right, exposed, patient = DATA[name]
    reference = R["weibull"][name]
    naive = interval_censored_hazard_ratio(left, right, exposed)
    clustered = interval_censored_hazard_ratio(left, right, exposed, patient)
    assert log_and_error(naive) == pytest.approx([reference["log"], reference["naive_se"]], rel=1e-11)
    assert log_and_error(clustered) == pytest.approx([reference["log"], reference["se"]], rel=1e-11)


@pytest.mark.parametrize("name", ["exact", "status"])
def test_the_clustered_error_is_survregs_own_where_that_is_right(name):
    # Without brackets of two finite ends; with them its scores do not add up to zero (survival 3.5-3).
    clustered = interval_censored_hazard_ratio(*DATA[name])
    assert clustered.std_error == pytest.approx(R["weibull"][name]["survreg_se"], rel=1e-11)


def test_the_record_says_what_it_rests_on():
    clustered = interval_censored_hazard_ratio(*DATA["cohort"])
    assert (clustered.n_patients, clustered.n_vertebrae, clustered.n_events) == (60, 301, 202)
    assert (clustered.measure, clustered.unit, clustered.note) == ("hazard ratio", "ratio", "")
    assert clustered.method == (
        "Weibull proportional hazards, interval-censored times, patients as clusters (sandwich, t quantile)"
    )
    naive = interval_censored_hazard_ratio(*DATA["cohort"][:3])
    assert naive.method.endswith("interval-censored times, vertebrae treated as independent")
    assert naive.n_patients is None


# Oracle


@pytest.mark.parametrize("name", ["cosmesis", "cohort"])
def test_lifelines_agrees_on_the_coefficient(name):
    lifelines = pytest.importorskip("lifelines")
    left, right, exposed, _ = DATA[name]
    frame = pd.DataFrame({"left": left, "right": right, "exposed": exposed.astype(float)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = lifelines.WeibullAFTFitter().fit_interval_censoring(frame, "left", "right")
    coefficients = fitter.params_
    theirs = -coefficients["lambda_", "exposed"] * math.exp(coefficients["rho_", "Intercept"])
    ours = interval_censored_hazard_ratio(left, right, exposed)
    # Its optimiser stops when its steps are small.
    assert math.log(ours.estimate) == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("parameters", [(-0.3, 0.4, 1.3), (0.5, -1.0, 0.6), (-1.0, 0.0, 4.0)])
def test_derivatives_are_those_of_the_value(name, parameters):
    rows, _ = Brackets.of(*DATA[name][:3])
    here, step = Likelihood.at(rows, np.array(parameters)), 1e-5
    there = [[Likelihood.at(rows, here.parameters + side * move) for side in (-1, 1)] for move in step * np.eye(3)]
    slope = [(high.value - low.value) / (2 * step) for low, high in there]
    bend = [rows.count @ (low.scores - high.scores) / (2 * step) for low, high in there]
    assert rows.count @ here.scores == pytest.approx(slope, rel=1e-6, abs=1e-5)
    assert here.information == pytest.approx(np.array(bend), rel=1e-6, abs=1e-5)


def test_the_value_is_the_likelihood_written_out():
    left, right = np.array([0, 5, 10, 7, 0]), np.array([5, 10, np.inf, 7, np.inf])
    rows, of_row = Brackets.of(left, right, np.array([1, 1, 1, 1, 1], dtype=bool))
    a, b, k = 0.2, -0.4, 1.7
    # Times are over the median end, 7.
    hazard = math.exp(a + b) * (np.array([5, 10, 7]) / 7) ** k
    survival = np.exp(-hazard)
    density = k * hazard[2] * survival[2]
    expected = math.log((1 - survival[0]) * (survival[0] - survival[1]) * survival[1] * density)
    assert Likelihood.at(rows, np.array([a, b, k])).value == pytest.approx(expected, rel=1e-13)
    assert rows.count[of_row].tolist() == [1] * 5


def has_no_maximum(left, right, exposed):
    """Whether some change of log H, group by group, lowers the likelihood of no bracket: six linear programmes."""
    design = [np.column_stack([~exposed, exposed, np.log(np.where(t > 0, t, 1))]).astype(float) for t in (left, right)]
    clean, fractured = left > 0, np.isfinite(right)
    design[1][~fractured] = 0
    bounds = np.vstack([design[0][clean], -design[1][fractured]])
    if (left == right).any():
        # A density also falls with the shape.
        bounds = np.vstack([bounds, [0, 0, -1]])
    reach = [
        linprog(sign * axis, A_ub=bounds, b_ub=np.zeros(len(bounds)), bounds=[(-1, 1)] * 3).fun
        for axis in np.eye(3)
        for sign in (-1, 1)
    ]
    return min(reach) < -1e-6


@given(brackets())
@settings(max_examples=150, deadline=None)
def test_estimable_exactly_when_the_maximum_is_finite(rows):
    left, right, exposed = rows
    table, _ = Brackets.of(left.astype(float), right, exposed)
    why_not = why_no_maximum(table)
    assert bool(why_not) == has_no_maximum(left, right, exposed)
    ratio = interval_censored_hazard_ratio(left, right, exposed)
    if why_not:
        assert (ratio.estimate, ratio.note) == (None, why_not)
    else:
        fit = maximise(table)
        assert fit.is_flat or table.count @ fit.scores == pytest.approx([0, 0, 0], abs=1e-9)


# Laws


@pytest.mark.parametrize("name", DATA)
def test_swapping_the_groups_inverts(name):
    left, right, exposed, patient = DATA[name]
    here = interval_censored_hazard_ratio(left, right, exposed, patient)
    there = interval_censored_hazard_ratio(left, right, ~exposed, patient)
    assert here.estimate * there.estimate == pytest.approx(1, rel=1e-11)
    assert here.std_error == pytest.approx(there.std_error, rel=1e-11)
    assert here.conf_low * there.conf_high == pytest.approx(1, rel=1e-11)


@pytest.mark.parametrize("unit", [1 / 365.25, 1e-6, 86_400])
def test_the_unit_of_time_does_not_matter(unit):
    left, right, exposed, patient = DATA["cohort"]
    here = interval_censored_hazard_ratio(left, right, exposed, patient)
    there = interval_censored_hazard_ratio(left * unit, right * unit, exposed, patient)
    assert log_and_error(there) == pytest.approx(log_and_error(here), rel=1e-11)


def test_order_and_names_do_not_matter():
    left, right, exposed, patient = DATA["cohort"]
    order = np.random.default_rng(3).permutation(len(left))
    here = interval_censored_hazard_ratio(left, right, exposed, patient)
    names = np.char.add("patient ", (patient * 7919 % 10_007).astype(str))
    there = interval_censored_hazard_ratio(left[order], right[order], exposed[order], names[order])
    assert log_and_error(there) == pytest.approx(log_and_error(here), rel=1e-11)


def test_equal_copies_within_patients_change_only_the_naive_error():
    left, right, exposed, patient = (np.repeat(array, 4) for array in DATA["cohort"])
    copied = interval_censored_hazard_ratio(left, right, exposed, patient)
    assert log_and_error(copied) == pytest.approx(
        log_and_error(interval_censored_hazard_ratio(*DATA["cohort"])), rel=1e-11
    )
    naive, once = (interval_censored_hazard_ratio(*rows) for rows in ((left, right, exposed), DATA["cohort"][:3]))
    assert naive.std_error == pytest.approx(once.std_error / 2, rel=1e-11)


def test_vertebrae_of_which_nothing_is_known_change_only_the_counts():
    left, right, exposed, patient = DATA["cohort"]
    more = interval_censored_hazard_ratio(
        np.r_[left, 0, 0], np.r_[right, np.inf, np.inf], np.r_[exposed, True, False], np.r_[patient, 900, 901]
    )
    here = interval_censored_hazard_ratio(left, right, exposed, patient)
    assert log_and_error(more) == pytest.approx(log_and_error(here), rel=1e-11)
    assert (more.n_patients, more.n_vertebrae, more.n_events) == (62, 303, 202)


def test_narrow_brackets_approach_exact_times():
    left, right, exposed, patient = DATA["exact"]
    exact = log_and_error(interval_censored_hazard_ratio(left, right, exposed, patient))
    event = np.isfinite(right)
    away = []
    for width in (1e-1, 1e-3, 1e-5, 1e-7, 1e-9):
        narrow = interval_censored_hazard_ratio(left * np.where(event, 1 - width, 1), right, exposed, patient)
        away.append(np.abs(np.subtract(log_and_error(narrow), exact)).max())
    # The bracket's middle is off by half its width, so what is left shrinks with it.
    assert away[0] < 0.1
    assert all(later < earlier / 50 for earlier, later in zip(away, away[1:], strict=False))


def test_a_known_ratio_is_found():
    rng = np.random.default_rng(11)
    n = 200_000
    exposed = rng.random(n) < 0.3
    days = 900 * (rng.exponential(size=n) / np.where(exposed, 2.5, 1)) ** (1 / 1.4)
    images = 30 * rng.integers(1, 8, (n, 8)).cumsum(axis=1)
    left = np.where(images < days[:, None], images, 0).max(axis=1)
    right = np.where(images >= days[:, None], images, np.inf).min(axis=1)
    ratio = interval_censored_hazard_ratio(left, right, exposed, np.arange(n) // 5)
    assert abs(math.log(ratio.estimate / 2.5)) < 4 * ratio.std_error < 0.04


# Edges


@pytest.mark.parametrize(
    ("left", "right", "exposed", "words"),
    [
        ([], [], [], "no vertebra is bracketed by images"),
        ([0, 0], [np.inf, np.inf], [1, 0], "no events"),
        ([5, 5], [np.inf, np.inf], [1, 0], "no events"),
        ([5, 5, 9], [9, np.inf, np.inf], [0, 0, 0], "no exposed vertebrae at risk"),
        ([5, 5, 9], [9, np.inf, np.inf], [1, 1, 1], "no unexposed vertebrae at risk"),
        ([5, 5, 9], [np.inf, 9, np.inf], [1, 0, 0], "no exposed vertebra had an event, so the likelihood"),
        ([5, 5, 9], [9, np.inf, np.inf], [1, 0, 0], "no unexposed vertebra had an event, so the likelihood"),
        ([0, 0, 5, 9], [5, 9, 9, np.inf], [1, 1, 0, 0], "no exposed vertebra was known clean after day 0"),
        ([5, 5, 5, 5], [9, 9, np.inf, np.inf], [1, 0, 1, 0], "one moment lies within every bracket"),
        # Brackets that touch, and times that are all one: still no bound on the shape.
        ([0, 5, 0, 5], [5, 9, 5, np.inf], [1, 1, 0, 0], "one moment lies within every bracket"),
        ([5, 5, 7, 7], [5, 5, 7, 7], [1, 1, 0, 0], "one moment lies within every bracket"),
        ([0, 9, 0, 9], [5, np.inf, 5, np.inf], [1, 1, 0, 0], "no Weibull curve fits"),
    ],
)
def test_not_estimable_says_why(left, right, exposed, words):
    for patient in (None, ["p"] * len(left)):
        ratio = interval_censored_hazard_ratio(left, right, exposed, patient)
        assert (ratio.estimate, ratio.conf_low, ratio.conf_high) == (None, None, None)
        assert words in ratio.note


def test_a_hazard_that_would_have_to_fall_from_infinity_has_no_weibull_curve():
    # survreg lets the scale grow to 6e5 and drops the coefficient.
    left, right, exposed, patient = DATA["cohort"]
    left = np.where(np.isfinite(right), 0, left)
    ratio = interval_censored_hazard_ratio(left, right, exposed, patient)
    assert ratio.estimate is None
    assert "no Weibull curve fits" in ratio.note


def test_one_patient_has_a_ratio_and_no_interval():
    left, right, exposed, _ = DATA["cosmesis"]
    ratio = interval_censored_hazard_ratio(left, right, exposed, ["p"] * 94)
    assert math.log(ratio.estimate) == pytest.approx(R["weibull"]["cosmesis"]["log"], rel=1e-11)
    assert ratio.conf_low is None
    assert "no interval" in ratio.note


def test_a_ratio_the_brackets_do_not_hold_is_not_given():
    # All exposed fractures within a day at 3, all others within a day at 3000.
    days = np.r_[np.full(20, 3.0), np.full(20, 3000.0)] + np.tile([0.001, 0.002], 20)
    ratio = interval_censored_hazard_ratio(days, days, np.arange(40) < 20)
    assert ratio.estimate is None
    assert "the brackets do not hold the ratio" in ratio.note


@pytest.mark.parametrize("seed", range(8))
def test_steep_and_narrow_data_give_an_estimate_or_words(seed):
    """Groups far apart, curves from flat to a step, brackets from wide to exact, heavy censoring."""
    rng = np.random.default_rng(seed)
    told = SimpleNamespace(given=0, withheld=0)
    for _ in range(60):
        n, last = rng.integers(4, 60), 10 ** rng.uniform(0.5, 6)
        exposed = rng.random(n) < 0.5
        middle = np.where(exposed, *(last ** rng.uniform(0, 1, 2))) * np.exp(
            10 ** rng.uniform(-6, 1) * rng.normal(size=n)
        )
        width = middle * 10 ** rng.uniform(-7, 0, n)
        left, right = np.maximum(middle - width * rng.random(n), 0), middle + width * rng.random(n)
        right[rng.random(n) < rng.random()] = np.inf
        left[np.isfinite(right) & (rng.random(n) < 0.3)] = 0
        ratio = interval_censored_hazard_ratio(left, right, exposed, rng.integers(0, 4, n))
        if ratio.is_estimable:
            told.given += 1
            assert 0 < ratio.conf_low < ratio.estimate < ratio.conf_high < np.inf
        else:
            told.withheld += 1
            assert ratio.note
    assert min(told.given, told.withheld) > 5


def test_errors_are_sentences():
    with pytest.raises(WorkbookError, match=r"`right` is 0 for 1 of 3 vertebrae, where a Weibull curve has not begun"):
        interval_censored_hazard_ratio([0, 0, 3], [0, 5, np.inf], [1, 0, 1])
    with pytest.raises(WorkbookError, match="`right` must not come before `left`"):
        interval_censored_hazard_ratio([9], [5], [1])
    with pytest.raises(WorkbookError, match="`exposed` must be true or false"):
        interval_censored_hazard_ratio([0], [5], [2])
    with pytest.raises(WorkbookError, match="`patient` has 1"):
        interval_censored_hazard_ratio([0, 1], [5, 6], [1, 0], ["p"])
    with pytest.raises(WorkbookError, match="Pass 0.95 for 95%"):
        interval_censored_hazard_ratio([0], [5], [1], conf_level=95)
