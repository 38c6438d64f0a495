import json
from pathlib import Path

import numpy as np
import pytest

from helpers.estimators.follow_up import bounded_by_patients
from helpers.estimators.log_rank import logrank_test
from helpers.estimators.proportional_hazards import proportional_hazards_test

# R's values, and the data of its survival package (tests/reference/cox.R).
COX = json.loads((Path(__file__).parents[1] / "reference" / "cox.json").read_text())


def test_naive_is_survdiff(cohort, diabetic, r):
    assert logrank_test(cohort.days, cohort.event, cohort.exposed).estimate == pytest.approx(r["logrank"], rel=1e-12)
    by_level = logrank_test(cohort.days, cohort.event, cohort.exposed, stratum=cohort.level)
    assert by_level.estimate == pytest.approx(r["logrank_level"], rel=1e-12)
    eyes = logrank_test(diabetic.days, diabetic.event, diabetic.exposed)
    assert eyes.estimate == pytest.approx(r["diabetic_logrank"], rel=1e-12)


@pytest.mark.parametrize(("name", "stratified"), [("cox_clustered", False), ("cox_level", True)])
def test_clustered_is_the_robust_score_test(cohort, r, name, stratified):
    # summary(coxph(Surv(days, event) ~ exposed, cluster = patient))$robscore
    test = logrank_test(
        cohort.days,
        cohort.event,
        cohort.exposed,
        cohort.patient,
        stratum=cohort.level if stratified else None,
    )
    chi_square, _, p_value = r[name]["robscore"]
    assert test.estimate == pytest.approx(chi_square, rel=1e-10)
    assert test.p_value == pytest.approx(p_value, rel=1e-9)
    assert (test.n_patients, test.n_events, test.unit) == (70, 95, "chi-square")


def test_diabetic_robust_score(diabetic, r):
    test = logrank_test(diabetic.days, diabetic.event, diabetic.exposed, diabetic.patient)
    assert test.estimate == pytest.approx(r["diabetic"]["robscore"][0], rel=1e-10)


@pytest.mark.parametrize("name", ["heart", "cgd", "whole_days_entry"])
def test_rows_that_start_late_are_rs(cohort, name):
    # summary(coxph(Surv(entry, days, event) ~ exposed, ties = "exact"))$sctest, and $robscore with clusters
    if name == "whole_days_entry":
        data = {key: getattr(cohort, key) for key in ("days", "event", "exposed", "patient", "entry")}
    else:
        data = {key: np.array(COX["data"][name][key]) for key in ("days", "event", "exposed", "patient", "entry")}
    assert logrank_test(**data).estimate == pytest.approx(COX["score"][name]["robust"], rel=1e-10)
    naive = logrank_test(**data | {"patient": None})
    assert naive.estimate == pytest.approx(COX["score"][name]["naive"], rel=1e-10)


@pytest.mark.parametrize("clustered", [False, True])
def test_cutting_rows_in_two_changes_nothing(cohort, clustered):
    n, cut = len(cohort.days), 100
    again = np.r_[np.arange(n), np.flatnonzero(cohort.days > cut)]
    is_second = np.arange(len(again)) >= n
    end = np.where(is_second, cohort.days[again], np.minimum(cohort.days, cut)[again])
    patient = cohort.patient if clustered else None
    whole = logrank_test(cohort.days, cohort.event, cohort.exposed, patient, stratum=cohort.level)
    cut_up = logrank_test(
        end,
        cohort.event[again] & (end == cohort.days[again]),
        cohort.exposed[again],
        patient[again] if clustered else None,
        stratum=cohort.level[again],
        entry=np.where(is_second, cut, 0),
        vertebra=again,
    )
    assert cut_up.estimate == pytest.approx(whole.estimate, rel=1e-10)
    assert (cut_up.n_vertebrae, cut_up.n_events, cut_up.method) == (n, 95, whole.method)


def test_lifelines_agrees(cohort):
    statistics = pytest.importorskip("lifelines.statistics")
    x = cohort.exposed
    theirs = statistics.logrank_test(cohort.days[x], cohort.days[~x], cohort.event[x], cohort.event[~x])
    ours = logrank_test(cohort.days, cohort.event, cohort.exposed)
    assert [ours.estimate, ours.p_value] == pytest.approx([theirs.test_statistic, theirs.p_value], rel=1e-9)


@pytest.mark.parametrize("clustered", [False, True])
def test_swapping_the_groups_and_shuffling_change_nothing(cohort, clustered):
    patient = cohort.patient if clustered else None
    here = logrank_test(cohort.days, cohort.event, cohort.exposed, patient).estimate
    assert logrank_test(cohort.days, cohort.event, ~cohort.exposed, patient).estimate == pytest.approx(here, rel=1e-10)
    order = np.random.default_rng(4).permutation(len(cohort.days))
    arrays = [array[order] for array in (cohort.days, cohort.event, cohort.exposed)]
    shuffled = logrank_test(*arrays, None if patient is None else patient[order]).estimate
    assert shuffled == pytest.approx(here, rel=1e-10)


def test_a_group_without_events_can_still_be_tested():
    test = logrank_test([5, 6, 1, 2], [0, 0, 1, 1], [1, 1, 0, 0])
    assert test.is_estimable
    assert 0 < test.p_value < 1


@pytest.mark.parametrize(
    ("days", "event", "exposed"),
    [([], [], []), ([1, 2], [0, 0], [1, 0]), ([1, 2], [1, 1], [1, 1]), ([1, 1], [1, 1], [1, 0])],
)
def test_nothing_to_test(days, event, exposed):
    assert not logrank_test(days, event, exposed).is_estimable


def test_one_patient_cannot_be_tested():
    whole = logrank_test([1, 2, 3, 4], [1, 1, 1, 0], [1, 0, 1, 0], ["p"] * 4)
    # A single cluster: U^2 / U^2 is one whatever the data.
    assert whole.estimate is None
    assert "fewer than two patients" in whole.note


def test_without_events_in_a_group_there_is_no_clustered_test():
    days, event, exposed = [1, 2, 3, 9, 9, 9], [1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]
    test = logrank_test(days, event, exposed, [*"pqrstu"])
    assert (test.p_value, test.note) == (None, "no events in one of the groups: the clustered test is not valid there")
    assert logrank_test(days, event, exposed).p_value is not None


def test_a_chi_square_of_few_patients_says_what_bounds_it():
    rng = np.random.default_rng(8)
    days, exposed = rng.permutation(60) + 1, np.arange(60) % 3 == 0
    for test in (logrank_test, proportional_hazards_test):
        four, five = (test(days, np.ones(60, bool), exposed, np.arange(60) % n) for n in (4, 5))
        assert four.note == "with 4 patients chi-square cannot exceed 4: the test can hardly tell anything"
        assert four.estimate < 4
        assert five.note == test(days, np.ones(60, bool), exposed).note == ""
    assert bounded_by_patients(np.array([2.0, 0.0])).startswith("with 1 patient chi-square cannot exceed 1: ")
