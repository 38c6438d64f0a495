import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.estimators.intervals import FEW_PATIENTS, VERY_FEW_PATIENTS
from helpers.estimators.median_time import median_among_events, median_time
from helpers.estimators.survival import kaplan_meier


def three(estimate):
    return [estimate.estimate, estimate.conf_low, estimate.conf_high]


@pytest.mark.parametrize("name", ["km", "km_clustered"])
def test_not_reached_where_r_says_na(cohort, r, name):
    median = median_time(kaplan_meier(cohort.days, cohort.event, None if name == "km" else cohort.patient))
    assert three(median) == r[name]["median"]
    assert median.note == "not reached: fewer than half had the event by the end of follow-up"


def test_reached_with_an_open_interval(cohort, r):
    x = cohort.exposed
    median = median_time(kaplan_meier(cohort.days[x], cohort.event[x], cohort.patient[x]))
    assert three(median) == r["km_clustered_exposed"]["median"]
    assert median.note == "upper limit not reached"


def test_diabetic_control_eyes(diabetic, r):
    # quantile(survfit(Surv(time, status) ~ 1, diabetic, subset = trt == 0, conf.type = "log-log"), 0.5)
    median = median_time(kaplan_meier(diabetic.days[~diabetic.exposed], diabetic.event[~diabetic.exposed]))
    assert three(median) == r["diabetic_median"]


@pytest.mark.parametrize(
    ("days", "event", "expected"),
    [
        # survfit(Surv(time, status) ~ x, aml, conf.type = "log-log")
        ([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0], [31, 13, None]),
        ([5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1], [23, 5, 33]),
    ],
)
def test_leukaemia_arms(days, event, expected):
    assert three(median_time(kaplan_meier(days, event))) == expected


def test_flat_at_one_half_takes_the_middle():
    assert median_time(kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1])).estimate == 2.5
    # R: survfit(Surv(c(1, 2, 3, 4), c(1, 1, 0, 0)) ~ 1) has the median 3, half way to the end of follow-up.
    assert median_time(kaplan_meier([1, 2, 3, 4], [1, 1, 0, 0])).estimate == 3


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_without_censoring_it_is_the_ordinary_median(days):
    assert median_time(kaplan_meier(days, [1] * len(days))).estimate == np.median(days)


def test_among_events_is_labelled_and_counts_only_them(cohort):
    among = median_among_events(cohort.days, cohort.event, cohort.patient)
    assert among.measure == "median time among events"
    assert among.estimate == np.median(cohort.days[cohort.event])
    assert "conditions on the outcome" in among.method
    assert (among.n_vertebrae, among.n_events) == (95, 95)
    assert among.n_patients == len(np.unique(cohort.patient[cohort.event]))
    assert median_among_events(cohort.days, cohort.event).n_patients is None


def test_absent_medians():
    assert median_time(kaplan_meier([], [])).note == "no vertebrae at risk"
    assert median_among_events([5, 9], [0, 0], ["p", "q"]).note == "no events"
    assert median_among_events([], []).estimate is None
    censored = median_time(kaplan_meier([5, 9], [0, 0], ["p", "q"]))
    assert three(censored) == [None, None, None]


def test_one_fracture():
    assert three(median_among_events([55, 400], [1, 0])) == [55, None, None]


def test_a_median_of_few_patients_says_so():
    days, patient = np.arange(1, 61), np.arange(60)
    many = median_among_events(days, np.ones(60, bool), patient)
    few = median_among_events(days[:15], np.ones(15, bool), patient[:15])
    assert many.note == ""
    assert few.note.startswith("few patients carry the events")


def test_a_median_that_two_vertebrae_decide_has_no_interval():
    # One vertebra of each of ten patients fractures first; of the last two, which share a patient, one on day 1350.
    days = np.r_[np.repeat(100, 10), np.full(88, 400), 1350, 1400]
    event = np.r_[np.ones(10, bool), np.zeros(88, bool), True, False]
    curve = kaplan_meier(days, event, np.r_[np.tile(np.arange(10), 10)[:98], 0, 0])
    assert (curve.at_risk[-2], curve.survival[-3:].round(2).tolist()) == (2, [0.9, 0.45, 0.45])
    median = median_time(curve)
    assert three(median) == [1350, None, None]
    assert median.note == "only 2 vertebrae were still at risk by then; no interval: both limits fall on that day"


@pytest.mark.parametrize(("n", "told"), [(9, "only 9 vertebrae were still at risk by then"), (10, "")])
def test_how_many_were_at_risk_is_told_below_ten(n, told):
    # Of 2 n - 1 vertebrae the one in the middle brings the curve below one half.
    days = np.arange(1, 2 * n)
    median = median_time(kaplan_meier(days, np.ones(len(days), bool)))
    assert (median.estimate, median.note) == (n, told)


def test_limits_on_one_day_stay_where_many_were_at_risk():
    # As in R: time is in whole days, and in a large cohort both limits may be that of the median.
    days = np.repeat([10, 20, 30], [300, 500, 200])
    median = median_time(kaplan_meier(days, np.ones(1000, bool), np.arange(1000)))
    assert (three(median), median.note) == ([20, 20, 20], "both limits fall on that day")


def test_a_median_over_all_at_risk_says_when_few_patients_had_the_event():
    days, patient = np.arange(1, 61), np.arange(60)
    every = np.ones(60, bool)
    assert median_time(kaplan_meier(days, every, patient)).note == ""
    assert median_time(kaplan_meier(days, every, patient % 19)).note == FEW_PATIENTS
    assert median_time(kaplan_meier(days, every, patient % 4)).note == VERY_FEW_PATIENTS
    assert median_time(kaplan_meier(days, every)).note == ""
    assert median_among_events(days, every, patient % 4).note == VERY_FEW_PATIENTS
