import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import WorkbookError
from helpers.estimators.cox import Likelihood, Moments
from helpers.estimators.hazard_ratio import hazard_ratio


def log_and_error(estimate):
    return [math.log(estimate.estimate), estimate.std_error]


@st.composite
def follow_up(draw):
    n = draw(st.integers(4, 40))
    days = np.array(draw(st.lists(st.integers(0, 10), min_size=n, max_size=n)))
    event = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    exposed = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    patient = np.array(draw(st.lists(st.integers(0, 6), min_size=n, max_size=n)))
    return days, event, exposed, patient


# Reference


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("cox", {}),
        ("cox_clustered", {"patient": "patient"}),
        ("cox_level", {"patient": "patient", "stratum": "level"}),
        ("cox_within", {"stratum": "patient"}),
        ("cox_window", {"patient": "patient", "window": (50, 150)}),
    ],
)
def test_whole_days_with_heavy_ties_are_rs(cohort, r, name, options):
    options = {key: getattr(cohort, value) if isinstance(value, str) else value for key, value in options.items()}
    ratio = hazard_ratio(cohort.days, cohort.event, cohort.exposed, **options)
    assert log_and_error(ratio) == pytest.approx([r[name]["log"], r[name]["se"]], rel=1e-10)


def test_diabetic_is_rs(diabetic, r):
    # coxph(Surv(time, status) ~ trt, diabetic, cluster = id): -0.776637409781117, robust se 0.147460827522404
    ratio = hazard_ratio(diabetic.days, diabetic.event, diabetic.exposed, diabetic.patient)
    assert log_and_error(ratio) == pytest.approx([-0.776637409781117, 0.147460827522404], rel=1e-8)
    assert log_and_error(ratio) == pytest.approx([r["diabetic"]["log"], r["diabetic"]["se"]], rel=1e-11)
    naive = hazard_ratio(diabetic.days, diabetic.event, diabetic.exposed)
    assert naive.std_error == pytest.approx(r["diabetic"]["naive_se"], rel=1e-11)
    assert (ratio.n_patients, ratio.n_vertebrae, ratio.n_events) == (197, 394, 155)


def test_diabetic_within_patients_is_rs(diabetic, r):
    within = hazard_ratio(diabetic.days, diabetic.event, diabetic.exposed, stratum=diabetic.patient)
    reference = r["diabetic_within"]
    assert log_and_error(within) == pytest.approx([reference["log"], reference["se"]], rel=1e-10)


# Oracle


def test_lifelines_agrees_on_coefficient_and_naive_error(cohort):
    lifelines = pytest.importorskip("lifelines")
    frame = pd.DataFrame({"days": cohort.days, "event": cohort.event, "exposed": cohort.exposed.astype(float)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = lifelines.CoxPHFitter().fit(frame, "days", "event", fit_options={"precision": 1e-10})
    ours = hazard_ratio(cohort.days, cohort.event, cohort.exposed)
    # Lifelines standardises the covariate and stops at its own precision.
    assert log_and_error(ours) == pytest.approx(
        [fitter.params_["exposed"], fitter.standard_errors_["exposed"]], rel=1e-6
    )


@given(follow_up())
@settings(max_examples=40, deadline=None)
def test_residuals_are_efrons_term_by_term(rows):
    """The looked-up residuals against a double loop over events and rows."""
    days, event, exposed, _ = rows
    log_ratio = 0.4
    risk = np.exp(log_ratio * exposed)
    expected, score = np.zeros(len(days)), 0.0
    for time in np.unique(days[event]):
        at_risk, dying = days >= time, event & (days == time)
        d = dying.sum()
        for k in range(d):
            weight = risk * at_risk * np.where(dying, 1 - k / d, 1)
            share = (weight * exposed).sum() / weight.sum()
            score += exposed[dying].sum() / d - share
            expected += dying * (exposed - share) / d - weight * (exposed - share) / weight.sum()
    likelihood = Likelihood.at(Moments.of(days, event, exposed), log_ratio)
    assert likelihood.residual_of_rows(exposed, event) == pytest.approx(expected, abs=1e-12)
    assert likelihood.score == pytest.approx(score, abs=1e-12)
    assert expected.sum() == pytest.approx(score, abs=1e-12)


# Laws


@given(follow_up())
@settings(max_examples=60, deadline=None)
def test_swapping_the_groups_inverts(rows):
    days, event, exposed, patient = rows
    here = hazard_ratio(days, event, exposed, patient)
    there = hazard_ratio(days, event, ~exposed, patient)
    assert here.is_estimable == there.is_estimable
    if here.is_estimable:
        assert here.estimate * there.estimate == pytest.approx(1, rel=1e-9)
        assert (here.std_error or 0) == pytest.approx(there.std_error or 0, rel=1e-6, abs=1e-9)


@given(follow_up(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_of_tied_rows_does_not_matter(rows, random):
    days, event, exposed, patient = rows
    order = list(range(len(days)))
    random.shuffle(order)
    here = hazard_ratio(days, event, exposed, patient)
    there = hazard_ratio(days[order], event[order], exposed[order], patient[order])
    assert here.estimate == there.estimate
    assert (here.std_error or 0) == pytest.approx(there.std_error or 0, rel=1e-6, abs=1e-9)


@given(follow_up())
@settings(max_examples=60, deadline=None)
def test_estimable_exactly_when_the_maximum_is_finite(rows):
    days, event, exposed, _ = rows
    moments = Moments.of(days, event, exposed)
    rises = Likelihood.at(moments, -40.0).score > 1e-9
    falls = Likelihood.at(moments, 40.0).score < -1e-9
    assert hazard_ratio(days, event, exposed).is_estimable == (rises and falls)


def test_one_window_over_everything_is_no_window(cohort):
    whole = hazard_ratio(cohort.days, cohort.event, cohort.exposed, cohort.patient)
    windowed = hazard_ratio(cohort.days, cohort.event, cohort.exposed, cohort.patient, window=(0, None))
    assert windowed == whole


def test_windows_share_the_events(cohort):
    windows = [
        hazard_ratio(cohort.days, cohort.event, cohort.exposed, cohort.patient, window=window)
        for window in ((0, 90), (90, 180), (180, None))
    ]
    assert sum(window.n_events for window in windows) == 95
    assert windows[2].n_vertebrae == (cohort.days > 180).sum()


# Edges


@pytest.mark.parametrize(
    ("days", "event", "exposed", "words"),
    [
        ([], [], [], "no vertebrae at risk"),
        ([1, 2], [0, 0], [1, 0], "no events"),
        ([1, 2, 3], [0, 1, 1], [1, 0, 0], "no event while exposed and unexposed vertebrae were both at risk"),
        (
            [3, 2, 4],
            [0, 1, 1],
            [1, 0, 0],
            "no exposed vertebra had an event while an unexposed one was at risk",
        ),
        ([1, 2, 3, 4], [1, 1, 1, 1], [1, 1, 0, 0], "no unexposed vertebra had an event while an exposed one"),
        ([1, 2], [1, 1], [1, 1], "both at risk"),
    ],
)
def test_not_estimable_says_why(days, event, exposed, words):
    for patient in (None, ["p"] * len(days)):
        ratio = hazard_ratio(days, event, exposed, patient)
        assert (ratio.estimate, ratio.conf_low, ratio.conf_high) == (None, None, None)
        assert words in ratio.note


def test_one_patient_has_a_ratio_and_no_interval():
    ratio = hazard_ratio([1, 2, 3, 4], [1, 1, 1, 1], [1, 0, 1, 0], ["p"] * 4)
    assert ratio.estimate == pytest.approx((1 + math.sqrt(17)) / 2, rel=1e-12)
    assert ratio.conf_low is None
    assert "no interval" in ratio.note


def test_extreme_but_finite_ratios_converge():
    days = np.concatenate([np.arange(1, 400), [1000, 1001, 1002]])
    exposed = np.concatenate([np.ones(399, dtype=bool), [False, True, False]])
    ratio = hazard_ratio(days, np.ones(402, dtype=bool), exposed)
    assert ratio.is_estimable
    moments = Moments.of(days, np.ones(402, dtype=bool), exposed)
    assert Likelihood.at(moments, math.log(ratio.estimate)).score == pytest.approx(0, abs=1e-9)


def test_a_newton_step_too_far_is_halved():
    # Two exposed vertebrae fracture first and fourth; 50 of 150 unexposed ones in between.
    days = np.r_[1, 3, np.full(100, 5), np.full(50, 2)]
    event = np.r_[True, True, np.zeros(100, dtype=bool), np.ones(50, dtype=bool)]
    ratio = hazard_ratio(days, event, np.arange(152) < 2)
    # coxph(Surv(days, event) ~ exposed, control = coxph.control(eps = 1e-13, toler.chol = 1e-14))
    assert math.log(ratio.estimate) == pytest.approx(1.5838349365903, rel=1e-11)


def test_errors_are_sentences():
    with pytest.raises(
        WorkbookError, match=r"`window` must be \(after, through\) .* but got \(90, 90\). Pass \(0, 90\)"
    ):
        hazard_ratio([1, 2], [1, 0], [1, 0], window=(90, 90))
    with pytest.raises(WorkbookError, match="`stratum` has 1"):
        hazard_ratio([1, 2], [1, 0], [1, 0], stratum=["a"])
    with pytest.raises(WorkbookError, match="Pass 0.95 for 95%"):
        hazard_ratio([1, 2], [1, 0], [1, 0], conf_level=95)
