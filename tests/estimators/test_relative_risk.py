import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import WorkbookError
from helpers.estimators.intervals import FEW_PATIENTS, VERY_FEW_PATIENTS
from helpers.estimators.relative_risk import rate_ratio, risk_ratio

LIMITS = ("estimate", "conf_low", "conf_high")


def limits(estimate):
    # An open limit must be open on both sides of a comparison.
    return [-1 if getattr(estimate, name) is None else getattr(estimate, name) for name in LIMITS]


@st.composite
def vertebrae(draw):
    """A cohort of at least two vertebrae of each kind with an event in each, and whose they are."""
    n = draw(st.integers(0, 40))
    extra = st.lists(st.booleans(), min_size=n, max_size=n)
    event = np.array([True, False, True, False, *draw(extra)])
    exposed = np.array([True, True, False, False, *draw(extra)])
    patient = np.array(draw(st.lists(st.integers(0, 9), min_size=n + 4, max_size=n + 4)))
    return event, exposed, patient


# Reference


def test_katz_agrees_with_r(tables, rows_of):
    for table in tables.values():
        ratio = risk_ratio(*rows_of(*table["counts"]))
        assert [ratio.conf_low, ratio.conf_high] == pytest.approx(table["wald"], rel=1e-8, abs=0)
        assert ratio.n_patients is None


def test_naive_and_clustered_agree_with_r(cohort, r):
    naive = risk_ratio(cohort.event, cohort.exposed)
    assert limits(naive) == pytest.approx(r["katz"], rel=1e-12)
    # glm(event ~ exposed, poisson); vcovCL(fit, cluster = patient, type = "HC0", cadjust = FALSE)
    clustered = risk_ratio(cohort.event, cohort.exposed, cohort.patient)
    assert math.log(clustered.estimate) == pytest.approx(r["risk_ratio"]["log"], rel=1e-10)
    assert clustered.std_error == pytest.approx(r["risk_ratio"]["se"], rel=1e-10)
    assert (clustered.n_patients, clustered.n_vertebrae, clustered.n_events) == (70, 320, 95)


def test_rate_ratio_agrees_with_r(cohort, r):
    naive = rate_ratio(cohort.days, cohort.event, cohort.exposed)
    clustered = rate_ratio(cohort.days, cohort.event, cohort.exposed, cohort.patient)
    assert math.log(clustered.estimate) == pytest.approx(r["rate_ratio"]["log"], rel=1e-10)
    assert clustered.std_error == pytest.approx(r["rate_ratio"]["se"], rel=1e-10)
    assert naive.std_error == pytest.approx(r["rate_ratio"]["se_naive"], rel=1e-9)


@pytest.mark.parametrize(("counts", "ratio"), [((19, 147, 19, 307), 2.09), ((19, 307, 16, 954), 3.69)])
def test_published_vertebra_level_counts(rows_of, counts, ratio):
    # J NeuroIntervent Surg 13(11):1058: sandwich 19/147, adjacent 19/307, nonadjacent 16/954.
    assert round(risk_ratio(*rows_of(*counts)).estimate, 2) == ratio


def test_all_adjacent_of_that_study(rows_of):
    assert round(risk_ratio(*rows_of(19 + 19, 147 + 307, 16, 954)).estimate, 2) == 4.99


def test_physicians_health_study(rows_of):
    # Agresti, Categorical Data Analysis: 1.82 (1.43 to 2.31).
    assert [round(value, 2) for value in limits(risk_ratio(*rows_of(189, 11034, 104, 11037)))] == [
        1.82,
        1.43,
        2.31,
    ]


# Oracle


def test_clustered_error_is_the_patient_jackknife(cohort):
    """Differentiate log(ratio) with respect to each patient's weight, and add up the squares."""

    def log_ratio(weight):
        a, n1 = (weight * cohort.event * cohort.exposed).sum(), (weight * cohort.exposed).sum()
        c, n0 = (weight * cohort.event * ~cohort.exposed).sum(), (weight * ~cohort.exposed).sum()
        return math.log(a / n1 / (c / n0))

    slopes = []
    for name in np.unique(cohort.patient):
        step = 1e-5 * (cohort.patient == name)
        slopes.append((log_ratio(1 + step) - log_ratio(1 - step)) / 2e-5)
    ratio = risk_ratio(cohort.event, cohort.exposed, cohort.patient)
    assert ratio.std_error == pytest.approx(np.linalg.norm(slopes), rel=1e-8)


# Laws


@given(vertebrae())
@settings(max_examples=60, deadline=None)
def test_patients_of_one_vertebra_give_katz(cohort_rows):
    event, exposed, _ = cohort_rows
    alone, naive = risk_ratio(event, exposed, np.arange(len(event)), quantile="normal"), risk_ratio(event, exposed)
    assert alone.std_error == pytest.approx(naive.std_error, rel=1e-9)
    if naive.std_error:
        assert limits(alone) == pytest.approx(limits(naive), rel=1e-9)


@given(vertebrae(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_and_names_of_patients_do_not_matter(cohort_rows, random):
    event, exposed, patient = cohort_rows
    order = list(range(len(event)))
    random.shuffle(order)
    renamed = np.array([f"patient {9 - name}" for name in patient])
    assert risk_ratio(event, exposed, patient) == risk_ratio(event[order], exposed[order], renamed[order])


@given(vertebrae())
@settings(max_examples=60, deadline=None)
def test_swapping_the_groups_inverts_ratio_and_interval(cohort_rows):
    event, exposed, patient = cohort_rows
    here, there = risk_ratio(event, exposed, patient), risk_ratio(event, ~exposed, patient).inverted()
    assert here.estimate == pytest.approx(there.estimate, rel=1e-12)
    assert (here.conf_low is None) == (there.conf_low is None)
    if here.conf_low is not None:
        assert limits(here) == pytest.approx(limits(there), rel=1e-9)


@given(vertebrae(), st.integers(2, 4))
@settings(max_examples=60, deadline=None)
def test_repeating_vertebrae_within_their_patient_changes_nothing(cohort_rows, times):
    event, exposed, patient = cohort_rows
    once = risk_ratio(event, exposed, patient)
    again = risk_ratio(np.tile(event, times), np.tile(exposed, times), np.tile(patient, times))
    if once.conf_low is None:
        assert again.conf_low is None
    else:
        assert limits(again) == pytest.approx(limits(once), rel=1e-9)


def test_equal_times_turn_the_rate_ratio_into_the_risk_ratio(cohort):
    days = np.full(len(cohort.event), 30)
    rate = rate_ratio(days, cohort.event, cohort.exposed, cohort.patient)
    assert limits(rate) == pytest.approx(limits(risk_ratio(cohort.event, cohort.exposed, cohort.patient)), rel=1e-12)


# Edges


def test_no_event_among_the_exposed_gives_zero_and_a_score_interval():
    event, exposed = [0, 0, 0, 1, 0, 0], [1, 1, 1, 0, 0, 0]
    ratio = risk_ratio(event, exposed, ["p", "p", "q", "p", "q", "q"])
    assert (ratio.estimate, ratio.conf_low, ratio.n_patients) == (0, 0, 2)
    assert ratio.conf_high > 1
    assert "ignores that vertebrae share patients" in ratio.note
    assert "ignores" not in risk_ratio(event, exposed).note


def test_no_event_among_the_unexposed_has_no_value_and_no_upper_limit():
    ratio = risk_ratio([1, 0, 0, 0], [1, 1, 0, 0])
    assert (ratio.estimate, ratio.conf_high) == (None, None)
    assert ratio.conf_low > 0
    assert "no upper limit" in ratio.note


@pytest.mark.parametrize(
    ("event", "exposed", "words"),
    [
        ([], [], "no vertebra at risk"),
        ([0, 0, 0], [1, 0, 0], "no events in either group"),
        ([1, 0], [1, 1], "no vertebra at risk"),
    ],
)
def test_not_estimable_says_why(event, exposed, words):
    for patient in (None, ["p"] * len(event)):
        ratio = risk_ratio(event, exposed, patient)
        assert ratio.estimate is None
        assert words in ratio.note
        assert rate_ratio([5] * len(event), event, exposed, patient).estimate is None


def test_one_patient_has_a_ratio_and_no_interval():
    ratio = risk_ratio([1, 0, 1, 0, 0], [1, 1, 0, 0, 0], ["p"] * 5)
    assert ratio.estimate == 1.5
    assert (ratio.conf_low, ratio.conf_high, ratio.p_value, ratio.std_error) == (None,) * 4
    assert "no interval" in ratio.note


def test_everybody_with_an_event_falls_back_on_the_score_interval():
    ratio = risk_ratio([1, 1, 1, 1], [1, 1, 0, 0])
    assert ratio.estimate == 1
    assert ratio.conf_low < 1 < ratio.conf_high


def test_rates_without_events_in_one_group():
    none_exposed = rate_ratio([50, 40, 60], [0, 1, 1], [1, 0, 0], ["p", "q", "r"])
    assert (none_exposed.estimate, none_exposed.conf_low) == (0, 0)
    assert "ignores that vertebrae share patients" in none_exposed.note
    none_unexposed = rate_ratio([40, 60, 50], [1, 1, 0], [1, 1, 0])
    assert none_unexposed.estimate is None
    assert none_unexposed.conf_high is None
    # Inverse of the above.
    assert none_unexposed.conf_low == pytest.approx(1 / none_exposed.conf_high, rel=1e-12)
    assert none_unexposed.p_value == pytest.approx(none_exposed.p_value, rel=1e-12)


def test_errors_are_sentences():
    with pytest.raises(WorkbookError, match="`event` has 1 missing value"):
        risk_ratio([1.0, np.nan], [1, 0])
    with pytest.raises(WorkbookError, match="`event` has 3, `exposed` has 2"):
        risk_ratio([1, 0, 1], [1, 0])
    with pytest.raises(WorkbookError, match="`exposed` must be true or false .* but got 2"):
        risk_ratio([1, 0], [1, 2])
    with pytest.raises(WorkbookError, match="`patient` has 1 missing value"):
        risk_ratio([1, 0], [1, 0], ["p", None])
    with pytest.raises(WorkbookError, match="Pass 0.95 for 95%"):
        risk_ratio([1, 0], [1, 0], conf_level=95)


def test_a_group_that_rests_on_few_patients_is_told():
    rng = np.random.default_rng(5)
    patient, exposed = np.repeat(np.arange(200), 5), np.tile([True, False, False, False, False], 200)
    event = rng.random(1000) < 0.3
    many = risk_ratio(event, exposed, patient)
    assert many.note == ""
    # Of the first 20 patients' exposed vertebrae two had the event, of the first 30 patients' four.
    for n_patients, note in ((20, VERY_FEW_PATIENTS), (30, FEW_PATIENTS)):
        kept = ~exposed | (patient < n_patients)
        assert risk_ratio(event[kept], exposed[kept], patient[kept]).note == note
