"""Turnbull's curve is the most likely one: R's EM run to the end, the conditions of a maximum, Kaplan-Meier in days."""

import json
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import WorkbookError
from helpers.estimators.survival import kaplan_meier
from helpers.estimators.turnbull import interval_censored_risk, turnbull
from helpers.estimators.turnbull_masses import LARGEST_FULL_MATRIX

R = json.loads((Path(__file__).parents[1] / "reference" / "interval_censored.json").read_text())


def ends(rows):
    """(left, right) of a table from R, which writes no infinity."""
    return np.array(rows["left"], dtype=float), opened(rows["right"])


def opened(right):
    return np.array([np.inf if end is None else end for end in right], dtype=float)


DATA = {name: ends(rows) for name, rows in (*R["cosmesis"].items(), ("cohort", R["cohort"]))}


@st.composite
def brackets(draw, most=30):
    n, last = draw(st.integers(1, most)), draw(st.integers(1, 25))
    left = np.array(draw(st.lists(st.integers(0, last), min_size=n, max_size=n)))
    width = np.array(draw(st.lists(st.sampled_from([0, 1, 1, 2, 3, 5, 9, np.inf]), min_size=n, max_size=n)))
    return left, left + width


def gains(left, right, curve, times=1):
    """What mass would gain in every cell that an end may bound; and where there is mass. Rows may stand for several."""
    weight = np.broadcast_to(times, left.shape) / np.broadcast_to(times, left.shape).sum()
    points = np.unique(np.r_[0, left, right[np.isfinite(right)], curve.after])
    cells = [(p, p) for p in points] + list(zip(points, np.r_[points[1:], np.inf], strict=True))

    def holds(i, after, through):
        if left[i] == right[i]:
            return after == through == left[i]
        return left[i] < through <= right[i] if after == through else left[i] <= after and through <= right[i]

    def probability(i):
        return sum(
            mass
            for after, through, mass in zip(curve.after, curve.through, curve.mass, strict=True)
            if holds(i, after, through)
        )

    reach = np.array([probability(i) for i in range(len(left))])
    gain = {cell: sum(weight[i] / reach[i] for i in range(len(left)) if holds(i, *cell)) for cell in cells}
    return gain, list(zip(curve.after.tolist(), curve.through.tolist(), strict=True))


# Reference


def test_cosmesis_is_the_published_curve():
    # Klein and Moeschberger, Survival Analysis, table of the radiation arm: survival after each innermost interval.
    curve = turnbull(*DATA["radiation"])
    intervals = [(4, 5), (6, 7), (7, 8), (11, 12), (24, 25), (33, 34), (38, 40), (46, 48)]
    assert list(zip(curve.after, curve.through, strict=True)) == intervals
    survival = 1 - np.cumsum(curve.mass)
    assert survival.round(3).tolist() == [0.954, 0.920, 0.832, 0.761, 0.668, 0.586, 0.466, 0]
    assert (curve.n_vertebrae, curve.n_events) == (46, 21)


@pytest.mark.parametrize("name", DATA)
def test_the_masses_are_those_of_an_em_run_until_nothing_moves(name):
    curve, reference = turnbull(*DATA[name]), R["em"][name]
    assert curve.after.tolist() == reference["after"]
    assert curve.through.tolist() == opened(reference["through"]).tolist()
    assert curve.mass == pytest.approx(np.array(reference["mass"]), abs=1e-11)


@pytest.mark.parametrize(("name", "stops"), [("radiation", 4e-4), ("chemotherapy", 1e-5), ("cohort", 2e-3)])
def test_survfit_agrees_as_far_as_it_goes(name, stops):
    # survfit(Surv(left, right, type = "interval2") ~ 1) stops when a round moves its curve by less than 5e-5.
    left, right = DATA[name]
    is_bracket = left < right
    curve, reference = turnbull(left[is_bracket], right[is_bracket]), R["survfit"][name]
    low, high = curve.incidence_at(reference["time"])
    is_determined = high - low < 1e-12
    assert is_determined.sum() > len(low) / 2
    assert low[is_determined] == pytest.approx(1 - np.array(reference["surv"])[is_determined], abs=stops)


# Oracle


def lifelines_masses(left, right):
    npmle = pytest.importorskip("lifelines.fitters.npmle").npmle
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        masses, intervals = npmle(np.asarray(left, dtype=float), np.asarray(right, dtype=float), tol=1e-12)
    return {(interval.left, interval.right): mass for interval, mass in zip(intervals, masses, strict=True)}


@pytest.mark.parametrize("name", ["radiation", "chemotherapy"])
def test_lifelines_agrees_once_its_closed_brackets_are_made_half_open(name):
    left, right = DATA[name]
    theirs = lifelines_masses(left + 0.5, right)
    curve = turnbull(left, right)
    ours = dict(zip(zip(curve.after + 0.5, curve.through, strict=True), curve.mass, strict=True))
    assert set(ours) <= set(theirs)
    # Its steps end when the log likelihood gains less than 1e-12, with masses still 1e-5 away.
    assert [theirs[interval] for interval in theirs] == pytest.approx([ours.get(i, 0) for i in theirs], abs=5e-5)


def test_lifelines_puts_what_days_share_on_one_day():
    """Why it is not used: one fracture in each of (0, 5] and (5, 10] becomes two on day 5."""
    assert lifelines_masses([0, 5], [5, 10]) == {(5, 5): 1}
    assert turnbull([0, 5], [5, 10]).mass == pytest.approx([0.5, 0.5], abs=1e-15)


@given(brackets())
@settings(max_examples=150, deadline=None)
def test_no_other_curve_is_more_likely(rows):
    """The conditions of Gentleman and Geyer, over every cell that ends bound and not only the innermost."""
    left, right = rows
    curve = turnbull(left, right)
    gain, held = gains(left, right, curve)
    assert max(gain.values()) <= 1 + 1e-9
    assert [gain[cell] for cell in held] == pytest.approx([1] * len(held), abs=1e-9)
    assert curve.mass.sum() == pytest.approx(1, abs=1e-14)
    assert (curve.mass > 0).all()


@given(brackets(most=20), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_nor_when_a_bracket_is_shared_by_thousands(rows, seed):
    left, right = rows
    times = np.exp(np.random.default_rng(seed).uniform(0, 9, len(left))).astype(int)
    curve = turnbull(np.repeat(left, times), np.repeat(right, times))
    gain, held = gains(left, right, curve, times)
    assert max(gain.values()) <= 1 + 1e-9
    assert [gain[cell] for cell in held] == pytest.approx([1] * len(held), abs=1e-9)


def test_a_target_that_overshoots_is_approached_one_interval_at_a_time():
    """Brackets shared so unevenly that holding all negative masses at zero at once gains nothing."""
    rng = np.random.default_rng(0)
    for _ in range(60):
        n, last = rng.integers(1, 60), rng.integers(2, 200)
        left = rng.integers(0, last, n).astype(float)
        right = left + rng.integers(0, rng.integers(1, last), n)
        right[rng.random(n) < rng.random()] = np.inf
        times = np.exp(rng.uniform(0, 9, n)).astype(int)
        curve = turnbull(np.repeat(left, times), np.repeat(right, times))
        gain, held = gains(left, right, curve, times)
        assert max(gain.values()) <= 1 + 1e-8
        assert [gain[cell] for cell in held] == pytest.approx([1] * len(held), abs=1e-8)


# Laws


@pytest.mark.parametrize("is_exact", [False, True])
def test_fractures_known_to_the_day_give_kaplan_meier(cohort, is_exact):
    days = cohort.days + 1
    left = np.where(cohort.event, days - (0 if is_exact else 1), days)
    low, high = turnbull(left, np.where(cohort.event, days, np.inf)).incidence_at(np.arange(days.max() + 1))
    assert low == pytest.approx(high, abs=1e-14)
    assert low == pytest.approx(1 - kaplan_meier(days, cohort.event).value_at(np.arange(days.max() + 1)), abs=1e-12)


@given(st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_days_give_kaplan_meier_whatever_they_are(rows):
    days, event = (np.array(column) for column in zip(*rows, strict=True))
    low, high = turnbull(days - event, np.where(event, days, np.inf)).incidence_at(np.arange(days.max() + 1))
    expected = 1 - kaplan_meier(days, event).value_at(np.arange(days.max() + 1))
    assert low == pytest.approx(expected, abs=1e-9)
    assert high == pytest.approx(expected, abs=1e-9)


def test_more_intervals_than_a_full_matrix_should_hold():
    rng = np.random.default_rng(4)
    days, event = rng.exponential(1000, 9000), rng.random(9000) < 0.7
    curve = turnbull(days, np.where(event, days, np.inf))
    assert len(curve.mass) > LARGEST_FULL_MATRIX
    assert curve.incidence_at(days)[0] == pytest.approx(1 - kaplan_meier(days, event).value_at(days), abs=1e-11)


@given(brackets())
@settings(max_examples=60, deadline=None)
def test_the_order_of_rows_and_every_row_three_times_do_not_matter(rows):
    left, right = rows
    once, repeated = turnbull(left, right), turnbull(np.repeat(left, 3)[::-1], np.repeat(right, 3)[::-1])
    assert once.after.tolist() == repeated.after.tolist()
    assert once.through.tolist() == repeated.through.tolist()
    assert once.mass == pytest.approx(repeated.mass, abs=1e-10)
    assert (3 * once.n_vertebrae, 3 * once.n_events) == (repeated.n_vertebrae, repeated.n_events)


@given(brackets())
@settings(max_examples=60, deadline=None)
def test_only_the_order_of_times_matters(rows):
    left, right = rows
    here, there = turnbull(left, right), turnbull(left**2 / 365.25, right**2 / 365.25)
    assert there.after == pytest.approx(here.after**2 / 365.25)
    assert there.mass.tolist() == here.mass.tolist()


def test_vertebrae_of_which_nothing_is_known_add_only_to_the_count():
    left, right = DATA["chemotherapy"]
    more = turnbull(np.r_[left, np.zeros(100)], np.r_[right, np.full(100, np.inf)])
    assert more.mass == pytest.approx(turnbull(left, right).mass, abs=1e-10)
    assert (more.n_vertebrae, more.n_events) == (148, 35)


def test_a_real_size_takes_no_time():
    rng = np.random.default_rng(1)
    images = 20 * rng.integers(2, 10, (6500, 8)).cumsum(axis=1)
    days = (1500 * rng.weibull(1.3, 6500))[:, None]
    left = np.where(images < days, images, 0).max(axis=1)
    right = np.where(images >= days, images, np.inf).min(axis=1)
    assert len(set(zip(left, right, strict=True))) > 400
    start = time.perf_counter()
    turnbull(left, right)
    assert time.perf_counter() - start < 1


# The curve by day, and the risk by a horizon


def test_bounds_differ_only_inside_an_interval():
    curve = turnbull(*DATA["radiation"])
    low, high = curve.incidence_at([0, 4, 4.5, 5, 39, 40, 46, 47, 48, 1000])
    step = np.r_[0, np.cumsum(curve.mass)]
    assert low == pytest.approx(step[[0, 0, 0, 1, 6, 7, 7, 7, 8, 8]])
    assert high == pytest.approx(step[[0, 0, 1, 1, 7, 7, 7, 8, 8, 8]])


def test_the_bounds_hold_what_is_exact():
    low, high = turnbull([3, 5], [3, 5]).incidence_at([2, 3, 4, 5])
    assert low.tolist() == high.tolist() == [0, 0.5, 0.5, 1]


def test_the_risk_shares_a_straddling_interval_in_proportion_to_time():
    left, right = DATA["radiation"]
    curve = turnbull(left, right)
    risk = interval_censored_risk(left, right, np.arange(46) // 2, horizon_days=38.5)
    assert risk.estimate == pytest.approx(curve.mass[:6].sum() + curve.mass[6] / 4, abs=1e-12)
    assert risk.note == (
        "the images alone leave it between 0.4136 and 0.5344, and days 38 to 40 share it in proportion to time; "
        "no interval: the usual theory does not hold for this curve (the Weibull hazard ratio has one)"
    )
    assert (risk.measure, risk.unit) == ("risk by horizon, interval-censored", "probability")
    assert (risk.conf_low, risk.conf_high, risk.p_value, risk.std_error) == (None,) * 4
    assert (risk.n_patients, risk.n_vertebrae, risk.n_events) == (23, 46, 21)


def test_the_risk_between_intervals_is_determined():
    risk = interval_censored_risk(*DATA["radiation"], horizon_days=30)
    assert risk.estimate == pytest.approx(1 - 0.668, abs=5e-4)
    assert risk.note.startswith("no interval")
    assert risk.n_patients is None


@pytest.mark.parametrize(
    ("left", "right", "horizon", "value", "words"),
    [
        ([], [], 30, None, "no vertebra is bracketed by images"),
        ([0, 5], [5, 10], 0, None, "the horizon must lie after day 0"),
        ([0, 5], [5, 10], np.inf, None, "and be finite"),
        ([0, 0], [np.inf, np.inf], 30, None, "no vertebra was known clean after day 0, before the horizon"),
        ([20, 10], [np.inf, 15], 21, None, "between 0.5 and 1"),
        ([20, 10], [np.inf, 15], 20, 0.5, "no interval"),
        ([20, 10], [np.inf, np.inf], 20, 0, "no interval"),
        ([0, 5], [5, 10], 400, 1, "no interval"),
        ([3], [9], 5, 1 / 3, "between 0 and 1, and days 3 to 9 share it"),
    ],
)
def test_edges_of_the_risk(left, right, horizon, value, words):
    risk = interval_censored_risk(left, right, ["p"] * len(left), horizon_days=horizon)
    assert risk.estimate == (None if value is None else pytest.approx(value, abs=1e-12))
    assert words in risk.note


# Edges


@pytest.mark.parametrize(
    ("left", "right", "after", "through", "mass"),
    [
        ([], [], [0], [np.inf], [1]),
        ([4], [9], [4], [9], [1]),
        ([4], [4], [4], [4], [1]),
        ([0], [0], [0], [0], [1]),
        ([0], [np.inf], [0], [np.inf], [1]),
        ([4, 9], [np.inf, np.inf], [9], [np.inf], [1]),
        ([0, 5], [5, np.inf], [0, 5], [5, np.inf], [0.5, 0.5]),
        # An exact day 5 lies in (0, 5] and not in (5, 9].
        ([0, 5, 5], [5, 5, 9], [5, 5], [5, 9], [2 / 3, 1 / 3]),
    ],
)
def test_small_curves(left, right, after, through, mass):
    curve = turnbull(left, right)
    assert (curve.after.tolist(), curve.through.tolist()) == (after, through)
    assert curve.mass == pytest.approx(mass, abs=1e-12)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (([3], [9]), "TurnbullCurve(1 vertebrae, 1 events, 1 intervals from day 3 to 9)"),
        (([0, 5], [5, np.inf]), "TurnbullCurve(2 vertebrae, 1 events, 2 intervals from day 0 on)"),
        (([], []), "TurnbullCurve(0 vertebrae, 0 events, 1 intervals from day 0 on)"),
    ],
)
def test_a_curve_shows_itself_in_one_line(rows, words):
    assert repr(turnbull(*rows)) == words


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        ([3, 10], [5, 9], r"does for 1 of 2 vertebrae, first 9 before 10. A fracture comes after the last clean"),
        ([-1], [5], "`left` must be zero or more and finite, but got -1"),
        ([np.inf], [np.inf], "`left` must be zero or more and finite, but got inf"),
        ([0], [-np.inf], "`right` must be zero or more and finite, but got -inf"),
        ([0, 1], [np.nan, 2], r"`right` has 1 missing value\(s\) among 2. Pass infinity"),
        ([np.nan], [2], r"`left` has 1 missing value"),
        ([0], ["soon"], "`right` must be numbers, but got soon"),
        ([0], [[1]], "`right` must be one value per vertebra"),
        ([0, 1], [1], "`left` has 2, `right` has 1"),
    ],
)
def test_errors_are_sentences(left, right, words):
    with pytest.raises(WorkbookError, match=words):
        turnbull(left, right)


def test_the_level_is_checked():
    with pytest.raises(WorkbookError, match="Pass 0.95 for 95%"):
        interval_censored_risk([0], [1], horizon_days=1, conf_level=95)
