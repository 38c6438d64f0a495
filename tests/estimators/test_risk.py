import math

import numpy as np
import pytest
from scipy.special import stdtrit

from helpers.estimators.intervals import FEW_PATIENTS, NO_INTERVAL, VERY_FEW_PATIENTS
from helpers.estimators.relative_risk import rate_ratio, risk_ratio
from helpers.estimators.risk import odds_ratio, risk, risk_difference


def test_risk_agrees_with_r(cohort, r):
    naive, clustered = risk(cohort.event), risk(cohort.event, cohort.patient)
    assert [naive.conf_low, naive.conf_high] == pytest.approx(r["wilson"], rel=1e-12)
    p = clustered.estimate
    assert math.log(p / (1 - p)) == pytest.approx(r["risk"]["logit"], rel=1e-10)
    assert clustered.std_error / (p * (1 - p)) == pytest.approx(r["risk"]["se"], rel=1e-10)
    squares, fourth = (
        np.sum(np.bincount(np.unique(cohort.patient, return_inverse=True)[1], cohort.event - p) ** k) for k in (2, 4)
    )
    quantile = stdtrit(3 * squares**2 / fourth, 0.975)
    logit_low = math.log(clustered.conf_low / (1 - clustered.conf_low))
    assert logit_low == pytest.approx(r["risk"]["logit"] - quantile * r["risk"]["se"], rel=1e-9)


def test_a_risk_that_rests_on_few_patients_says_so(cohort):
    for n, note in ((4, VERY_FEW_PATIENTS), (12, FEW_PATIENTS)):
        few = cohort.patient <= np.unique(cohort.patient)[n - 1]
        assert risk(cohort.event[few], cohort.patient[few]).note == note
    assert risk(cohort.event, cohort.patient).note == ""


@pytest.mark.parametrize(
    ("events", "n", "low", "high"), [(15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)]
)
def test_wilson_as_printed_by_newcombe(events, n, low, high):
    # Newcombe 1998, Stat Med 17:857.
    proportion = risk(np.arange(n) < events)
    assert (round(proportion.conf_low, 4), round(proportion.conf_high, 4)) == (low, high)


def test_difference_and_odds_agree_with_r(cohort, r):
    difference = risk_difference(cohort.event, cohort.exposed, cohort.patient)
    assert difference.estimate == pytest.approx(r["risk_difference"]["value"], rel=1e-10)
    assert difference.std_error == pytest.approx(r["risk_difference"]["se"], rel=1e-10)
    odds = odds_ratio(cohort.event, cohort.exposed, cohort.patient)
    assert math.log(odds.estimate) == pytest.approx(r["odds_ratio"]["log"], rel=1e-10)
    assert odds.std_error == pytest.approx(r["odds_ratio"]["se"], rel=1e-10)
    woolf = odds_ratio(cohort.event, cohort.exposed)
    assert [woolf.estimate, woolf.conf_low, woolf.conf_high] == pytest.approx(r["woolf"], rel=1e-12)


@pytest.mark.parametrize("estimator", [risk_difference, odds_ratio])
def test_patients_of_one_vertebra_change_nothing(cohort, estimator):
    alone = estimator(cohort.event, cohort.exposed, np.arange(len(cohort.event)))
    naive = estimator(cohort.event, cohort.exposed)
    assert alone.std_error == pytest.approx(naive.std_error, rel=1e-12)
    assert (alone.n_patients, naive.n_patients) == (320, None)


def test_naive_difference_is_walds(cohort):
    p1, p0 = cohort.event[cohort.exposed].mean(), cohort.event[~cohort.exposed].mean()
    by_hand = math.sqrt(p1 * (1 - p1) / cohort.exposed.sum() + p0 * (1 - p0) / (~cohort.exposed).sum())
    assert risk_difference(cohort.event, cohort.exposed).std_error == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("estimator", [risk_difference, odds_ratio])
def test_empty_cells_get_a_score_interval(estimator):
    event, exposed = [0, 0, 0, 1, 0, 0], [1, 1, 1, 0, 0, 0]
    for patient in (None, ["p", "p", "q", "p", "q", "q"]):
        estimate = estimator(event, exposed, patient)
        assert "score interval" in estimate.method
        assert estimate.conf_low <= estimate.estimate <= estimate.conf_high
        assert ("share patients" in estimate.note) == (patient is not None)


def test_one_patient_has_no_interval():
    event, exposed, patient = [1, 0, 1, 0, 0], [1, 1, 0, 0, 0], ["p"] * 5
    for estimate in (
        risk(event, patient),
        risk_difference(event, exposed, patient),
        odds_ratio(event, exposed, patient),
    ):
        assert estimate.is_estimable
        assert (estimate.conf_low, estimate.conf_high) == (None, None)
        assert "no interval" in estimate.note


def test_nobody_and_nothing():
    assert risk([]).note == "no vertebrae at risk"
    assert "no vertebra at risk" in risk_difference([1], [1]).note
    none = risk([0, 0], ["p", "q"])
    assert (none.estimate, none.conf_low) == (0, 0)
    assert "share patients" in none.note
    everything = risk([1, 1, 1])
    assert (everything.estimate, everything.conf_high) == (1, 1)
    assert "every vertebra had an event" in odds_ratio([1, 1], [1, 0]).note


def test_limits_of_a_difference_come_from_those_of_the_risks(cohort):
    # Zou and Donner 2008, with the correlation of the two risks; written from the patients' sums.
    number = np.unique(cohort.patient, return_inverse=True)[1]
    limits, influences, risks = [], [], []
    for group in (cohort.exposed, ~cohort.exposed):
        p, n = cohort.event[group].mean(), group.sum()
        u = np.bincount(number, group * (cohort.event - p)) / n
        df = min(3 * (u**2).sum() ** 2 / (u**4).sum(), (u != 0).sum() - 1)
        logit, half = math.log(p / (1 - p)), stdtrit(df, 0.975) * math.sqrt((u**2).sum()) / (p * (1 - p))
        limits.append([1 / (1 + math.exp(-logit + side * half)) for side in (1, -1)])
        influences.append(u)
        risks.append(p)
    r = np.corrcoef(*influences)[0, 1]
    (low1, high1), (low0, high0), (p1, p0) = *limits, risks
    below, above = (p1 - low1, high0 - p0), (high1 - p1, p0 - low0)
    low, high = (math.sqrt(a**2 - 2 * r * a * b + b**2) for a, b in (below, above))
    difference = risk_difference(cohort.event, cohort.exposed, cohort.patient)
    assert difference.conf_low == pytest.approx(p1 - p0 - low, rel=1e-9)
    assert difference.conf_high == pytest.approx(p1 - p0 + high, rel=1e-9)
    assert difference.p_value is None


def test_few_patients_are_told(cohort):
    few = cohort.patient < np.sort(np.unique(cohort.patient))[12]
    told = risk_difference(cohort.event[few], cohort.exposed[few], cohort.patient[few])
    assert "few patients carry the events" in told.note
    assert risk_difference(cohort.event, cohort.exposed, cohort.patient).note == ""


@pytest.mark.parametrize("events", [[1, 0, 0, 0], [0, 0, 1, 0], [1, 1, 0, 0]])
def test_one_patient_has_no_score_interval_either(events):
    exposed, patient = [1, 1, 0, 0], ["p"] * 4
    ours = [function(events, exposed, patient) for function in (risk_ratio, risk_difference, odds_ratio)]
    for estimate in [*ours, rate_ratio([5, 5, 5, 5], events, exposed, patient), risk([0, 0], ["p", "p"])]:
        assert (estimate.conf_low, estimate.conf_high, estimate.p_value) == (None, None, None)
        assert NO_INTERVAL in estimate.note
        assert "the interval" not in estimate.note
    # Without patients, and with two, the interval is there.
    assert risk_ratio(events, exposed).conf_low is not None
    assert risk_ratio(events, exposed, ["p", "q", "p", "q"]).conf_low is not None
