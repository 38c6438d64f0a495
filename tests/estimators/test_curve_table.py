"""Curves as tables: nothing is lost between the estimator and the figure."""

import numpy as np
import pytest

from helpers.estimators.cumulative_incidence import cumulative_incidence
from helpers.estimators.curve_table import (
    bracketed_at,
    censoring_times,
    counts_table,
    curve_table,
    event_times,
    incidence_at,
    survival_at,
)
from helpers.estimators.intervals import FEW_PATIENTS, VERY_FEW_PATIENTS
from helpers.estimators.survival import kaplan_meier
from helpers.estimators.turnbull import interval_censored_risk, turnbull

DAYS = np.array([5, 5, 8, 12, 20, 20, 30, 40])
OUTCOME = np.array([1, 0, 2, 1, 0, 1, 0, 0])
PATIENT = np.array([1, 1, 2, 2, 3, 3, 4, 4])


@pytest.fixture(scope="module")
def incidence():
    return {"Next to cement": cumulative_incidence(DAYS, OUTCOME, PATIENT)}


def test_a_curve_starts_at_day_zero_and_keeps_every_step(incidence):
    table = curve_table(incidence, curve="cumulative incidence")
    curve = incidence["Next to cement"]
    assert table["time"].tolist() == [0, *curve.time]
    assert table["estimate"].tolist() == [0, *curve.incidence]
    assert table.loc[0, "at_risk"] == len(DAYS)


def test_survival_starts_at_one():
    table = curve_table({"all": kaplan_meier(DAYS, OUTCOME == 1)}, curve="Kaplan-Meier")
    assert table["estimate"].iloc[0] == 1


def test_a_step_on_day_zero_is_not_doubled():
    table = curve_table({"all": kaplan_meier([0, 3], [1, 1])}, curve="Kaplan-Meier")
    assert table["time"].tolist() == [0, 3]


def test_counts_add_up_to_everybody(incidence):
    counts = counts_table(incidence, [0, 8, 40])
    left = counts[["events", "deaths", "censored"]].sum(axis=1)
    assert left.iloc[-1] == len(DAYS)
    assert counts["at_risk"].tolist() == [8, 6, 1]


def test_censoring_days_are_told_once(incidence):
    assert censoring_times(incidence)["time"].tolist() == [5, 20, 30, 40]


def test_incidence_on_a_day_is_the_curve_with_its_counts(incidence):
    curve, (estimate,) = incidence["Next to cement"], incidence_at(incidence, 15).values()
    assert estimate.estimate == curve.value_at([15])[0]
    assert (estimate.n_events, estimate.n_patients, estimate.n_vertebrae) == (2, 4, 8)
    assert estimate.conf_low < estimate.estimate < estimate.conf_high


@pytest.mark.parametrize(
    ("day", "value", "words"), [(41, None, "nobody was followed beyond day 40"), (2, 0.0, "no event so far")]
)
def test_what_the_curve_cannot_say_is_said(incidence, day, value, words):
    (estimate,) = incidence_at(incidence, day).values()
    assert estimate.estimate == value
    assert words in estimate.note
    assert estimate.conf_low is None


def test_survival_puts_greenwood_beside_the_clustered_band(cohort, r):
    # summary(survfit(Surv(days, event) ~ 1, conf.type = "log-log"[, cluster = patient]), times = c(100, 300))
    curves = {
        "independent": kaplan_meier(cohort.days, cohort.event),
        "clustered": kaplan_meier(cohort.days, cohort.event, cohort.patient),
    }
    heights = survival_at(curves, [100, 305])
    assert list(heights) == [f"{name}, day {day}" for name in curves for day in (100, 305)]
    for name, reference in (("independent", r["km"]), ("clustered", r["km_clustered"])):
        for day in (100, 305):
            at = np.searchsorted(reference["time"], day, side="right") - 1
            height = heights[f"{name}, day {day}"]
            ours = [height.estimate, height.std_error, height.conf_low, height.conf_high]
            assert ours == pytest.approx([reference[part][at] for part in ("surv", "se", "lower", "upper")], rel=1e-11)
            assert (height.measure, height.unit) == ("probability free of fracture", "probability")
            assert height.n_events == sum(reference["n.event"][: at + 1])
    assert heights["independent, day 100"].estimate == heights["clustered, day 100"].estimate
    assert heights["independent, day 100"].std_error != heights["clustered, day 100"].std_error


@pytest.mark.parametrize(
    ("day", "patient", "value", "words"),
    [
        (1, None, 1.0, "no event so far"),
        (3, None, 0.5, ""),
        (3, ["p", "p"], 0.5, "no interval: the patients leave nothing"),
        (5, None, 0.0, "nothing but events so far"),
        (6, None, None, "nobody was followed beyond day 5"),
    ],
)
def test_what_survival_cannot_say_is_said(day, patient, value, words):
    (height,) = survival_at({"all": kaplan_meier([3, 5], [1, 1], patient)}, [day]).values()
    assert height.estimate == value
    assert height.note.startswith(words)
    assert (height.conf_low is None) == bool(words)


def test_heights_say_where_few_patients_had_the_event_by_then(cohort):
    def notes(days, kept):
        columns = cohort.days[kept], cohort.event[kept], cohort.patient[kept]
        curves = {"incidence": cumulative_incidence(*columns), "survival": kaplan_meier(*columns)}
        incidences = [incidence_at({"incidence": curves["incidence"]}, day)["incidence"] for day in days]
        return [height.note for height in [*incidences, *survival_at({"all": curves["survival"]}, days).values()]]

    everybody = np.ones(len(cohort.days), bool)
    assert notes([50, 300], everybody) == [FEW_PATIENTS, ""] * 2
    two = cohort.patient <= np.unique(cohort.patient)[1]
    assert notes([300], two) == [VERY_FEW_PATIENTS] * 2


def test_no_curve_has_no_height():
    (height,) = survival_at({"nobody": kaplan_meier([], [])}, [90]).values()
    assert (height.estimate, height.note) == (None, "nobody was followed beyond day 0")


def test_every_event_is_on_its_day(incidence):
    times = event_times(incidence)
    assert times.to_dict("list") == {"group": ["Next to cement"] * 3, "days": [5, 12, 20], "n": [1, 1, 1]}
    assert times["n"].sum() == (OUTCOME == 1).sum()
    nobody = event_times({"all": kaplan_meier([3, 4], [0, 0])})
    assert list(nobody) == ["group", "days", "n"]
    assert not len(nobody)


def test_the_risk_of_a_bracketed_curve_is_that_of_its_vertebrae():
    left, right = DAYS - 3, np.where(OUTCOME == 1, DAYS, np.inf)
    risks = bracketed_at({"all": turnbull(left, right, PATIENT)}, 15, conf_level=0.9)
    assert risks == {"all": interval_censored_risk(left, right, PATIENT, horizon_days=15, conf_level=0.9)}
    assert risks["all"].n_patients == 4
