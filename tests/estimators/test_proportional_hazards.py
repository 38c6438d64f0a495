"""Whether a hazard ratio changes with time: R's cox.zph, its robust form, and the contrast of two windows."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from helpers.errors import WorkbookError
from helpers.estimators.hazard_ratio import hazard_ratio
from helpers.estimators.proportional_hazards import TRANSFORMS, hazard_ratio_change, proportional_hazards_test

# R's values, and the data of its survival package (tests/reference/cox.R).
COX = json.loads((Path(__file__).parents[1] / "reference" / "cox.json").read_text())
COLUMNS = ("days", "event", "exposed", "patient")


def r_data(name, cohort):
    """One of R's data sets as arguments, by name."""
    if name.startswith("whole_days"):
        entry = {"entry": cohort.entry} if name != "whole_days" else {}
        return {key: getattr(cohort, key) for key in COLUMNS} | entry
    data = COX["data"][name.removesuffix("_by_type")]
    return {key: np.array(data[key]) for key in (*COLUMNS, "entry") if key in data}


# Reference


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", COX["proportional"])
def test_the_test_is_cox_zph(cohort, name, transform):
    """Without patients cox.zph itself; with patients the score of rows cut at every event."""
    data, reference = r_data(name, cohort), COX["proportional"][name][transform]
    if name == "whole_days_by_level":
        data["stratum"] = cohort.level
    elif name == "retinopathy_by_type":
        data["stratum"] = np.array(COX["data"]["retinopathy"]["adult"])
    naive = proportional_hazards_test(**data | {"patient": None}, transform=transform)
    assert [naive.estimate, naive.p_value] == pytest.approx([reference["chi2"], reference["p"]], rel=1e-9)
    clustered = proportional_hazards_test(**data, transform=transform)
    assert clustered.estimate == pytest.approx(reference["robust"], rel=1e-9)
    assert (clustered.unit, clustered.conf_low, clustered.std_error) == ("chi-square", None, None)


@pytest.mark.parametrize("name", COX["change"])
def test_the_change_is_rs_contrast_of_two_windows(cohort, name):
    # coxph(Surv(tstart, days, event) ~ exposed:strata(window), cluster = patient) on rows cut by survSplit
    data, reference = r_data(name, cohort), COX["change"][name]
    change = hazard_ratio_change(**data, at=reference["at"])
    assert [math.log(change.estimate), change.std_error] == pytest.approx([reference["log"], reference["se"]], rel=1e-9)
    naive = hazard_ratio_change(**data | {"patient": None}, at=reference["at"])
    assert naive.std_error == pytest.approx(reference["naive_se"], rel=1e-9)
    assert naive.estimate == change.estimate


# Laws


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("clustered", [False, True])
def test_groups_order_and_unit_of_time_do_not_matter(cohort, transform, clustered):
    data = r_data("whole_days_entry", cohort) | ({} if clustered else {"patient": None})
    here = proportional_hazards_test(**data, transform=transform).estimate
    swapped = proportional_hazards_test(**data | {"exposed": ~cohort.exposed}, transform=transform)
    assert swapped.estimate == pytest.approx(here, rel=1e-9)
    order = np.random.default_rng(5).permutation(len(cohort.days))
    shuffled = {key: None if array is None else array[order] for key, array in data.items()}
    assert proportional_hazards_test(**shuffled, transform=transform).estimate == pytest.approx(here, rel=1e-9)
    in_years = data | {"days": cohort.days / 365.25, "entry": cohort.entry / 365.25}
    assert proportional_hazards_test(**in_years, transform=transform).estimate == pytest.approx(here, rel=1e-9)


def test_transforms_are_what_they_say(cohort):
    data = r_data("whole_days", cohort)
    log, later = np.log(cohort.days), cohort.days.astype(float) ** 3
    by_log = proportional_hazards_test(**data, transform="log").estimate
    assert proportional_hazards_test(**data | {"days": log}, transform="identity").estimate == pytest.approx(by_log)
    for transform in ("km", "rank"):
        here = proportional_hazards_test(**data, transform=transform).estimate
        for days in (log, later):
            there = proportional_hazards_test(**data | {"days": days}, transform=transform).estimate
            assert there == pytest.approx(here, rel=1e-9)
    assert proportional_hazards_test(**data).estimate == proportional_hazards_test(**data, transform="km").estimate


@pytest.mark.parametrize("clustered", [False, True])
def test_cutting_rows_in_two_changes_nothing(cohort, clustered):
    n, cut = len(cohort.days), 100
    again = np.r_[np.arange(n), np.flatnonzero(cohort.days > cut)]
    is_second = np.arange(len(again)) >= n
    end = np.where(is_second, cohort.days[again], np.minimum(cohort.days, cut)[again])
    data = {key: getattr(cohort, key) for key in ("days", "event", "exposed")}
    ends_with_event = cohort.event[again] & (end == cohort.days[again])
    pieces = {"days": end, "event": ends_with_event, "exposed": cohort.exposed[again], "vertebra": again}
    pieces["entry"] = np.where(is_second, cut, 0)
    if clustered:
        data["patient"], pieces["patient"] = cohort.patient, cohort.patient[again]
    for transform in ("km", "log", "identity"):
        whole = proportional_hazards_test(**data, transform=transform)
        cut_up = proportional_hazards_test(**pieces, transform=transform)
        assert cut_up.estimate == pytest.approx(whole.estimate, rel=1e-9)
        assert cut_up.n_vertebrae == whole.n_vertebrae
    for at in (50, 100, 155):
        whole, cut_up = hazard_ratio_change(**data, at=at), hazard_ratio_change(**pieces, at=at)
        assert [cut_up.estimate, cut_up.std_error] == pytest.approx([whole.estimate, whole.std_error], rel=1e-9)
        assert (cut_up.n_vertebrae, cut_up.n_patients, cut_up.n_events) == (n, whole.n_patients, 95)


def test_the_change_is_the_ratio_of_two_hazard_ratios(cohort):
    data = r_data("whole_days", cohort) | {"stratum": cohort.level}
    change = hazard_ratio_change(**data, at=90)
    early, late = hazard_ratio(**data, window=(0, 90)), hazard_ratio(**data, window=(90, None))
    assert change.estimate == pytest.approx(early.estimate / late.estimate, rel=1e-12)
    # Patients count in both windows: the variances do not simply add up.
    assert abs(change.std_error**2 / (early.std_error**2 + late.std_error**2) - 1) > 0.01
    swapped = hazard_ratio_change(**data | {"exposed": ~cohort.exposed}, at=90)
    assert swapped.estimate == pytest.approx(1 / change.estimate, rel=1e-9)
    assert swapped.std_error == pytest.approx(change.std_error, rel=1e-9)


def test_patients_seen_in_one_window_only_add_up(cohort):
    """With a patient of its own for each row the variance is that of two independent windows."""
    data = r_data("whole_days", cohort)
    late = cohort.days > 90
    two_rows = {
        "days": np.r_[np.minimum(cohort.days, 90), cohort.days[late]],
        "event": np.r_[cohort.event & ~late, cohort.event[late]],
        "exposed": np.r_[cohort.exposed, cohort.exposed[late]],
        "entry": np.r_[np.zeros(len(late)), np.full(late.sum(), 90)],
        "patient": np.r_[cohort.patient, "later " + cohort.patient[late].astype(object)],
    }
    change = hazard_ratio_change(**two_rows, at=90)
    early, later = hazard_ratio(**data, window=(0, 90)), hazard_ratio(**data, window=(90, None))
    assert change.std_error**2 == pytest.approx(early.std_error**2 + later.std_error**2, rel=1e-9)


def test_a_ratio_that_changes_is_found():
    # Exposed vertebrae have three times the hazard up to day 30 and half of it afterwards.
    rng = np.random.default_rng(8)
    exposed, cumulative = np.repeat([True, False], 200), rng.exponential(50, 400)
    late = exposed & (cumulative > 90)
    days = np.where(late, 30 + 2 * (cumulative - 90), np.where(exposed, cumulative / 3, cumulative))
    for patient in (None, np.tile(np.arange(100), 4)):
        for transform in TRANSFORMS:
            test = proportional_hazards_test(days, np.ones(400, bool), exposed, patient, transform=transform)
            assert test.p_value < 1e-3
        assert hazard_ratio_change(days, np.ones(400, bool), exposed, patient, at=30).conf_low > 1


# Edges


@pytest.mark.parametrize(
    ("days", "event", "exposed", "words"),
    [
        ([], [], [], "no vertebrae at risk"),
        ([1, 2], [0, 0], [1, 0], "no events"),
        ([1, 2], [1, 1], [1, 1], "both at risk"),
        ([1, 2], [1, 1], [0, 0], "both at risk"),
        ([1, 2, 3, 4], [1, 1, 1, 1], [1, 1, 0, 0], "monotone likelihood"),
        ([1, 1, 2, 2], [1, 1, 0, 0], [1, 0, 1, 0], "all fell at one time"),
    ],
)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_nothing_to_test(days, event, exposed, words, transform):
    for patient in (None, np.arange(len(days)), ["p"] * len(days)):
        test = proportional_hazards_test(days, event, exposed, patient, transform=transform)
        assert (test.estimate, test.p_value) == (None, None)
        assert words in test.note


def test_one_patient_cannot_be_tested():
    rows = [1, 2, 3, 4, 5, 6], [1] * 6, [1, 1, 0, 0, 0, 1]
    assert proportional_hazards_test(*rows).is_estimable
    assert "fewer than two patients" in proportional_hazards_test(*rows, ["p"] * 6).note


def test_patients_whose_sums_are_zero_cannot_be_tested():
    test = proportional_hazards_test([1, 1, 2, 2] * 2, [1] * 8, [1, 0] * 4, ["p"] * 4 + ["q"] * 4)
    assert "every patient's sum is zero" in test.note


def test_an_event_on_day_0_has_no_log():
    rows = [0, 1, 2, 3], [1, 1, 1, 1], [1, 0, 1, 0]
    with pytest.raises(WorkbookError, match='`transform="log"` needs events after day 0, but 1 fell on it. Pass "km"'):
        proportional_hazards_test(*rows, transform="log")
    assert all(proportional_hazards_test(*rows, transform=other).is_estimable for other in ("km", "rank", "identity"))
    # A vertebra that only leaves on day 0 meets no event.
    censored = proportional_hazards_test([0, 1, 2, 3, 4], [0, 1, 1, 1, 1], [1, 1, 0, 1, 0], transform="log")
    without = proportional_hazards_test([1, 2, 3, 4], [1, 1, 1, 1], [1, 0, 1, 0], transform="log")
    assert censored.estimate == pytest.approx(without.estimate, rel=1e-12)


@pytest.mark.parametrize(
    ("days", "event", "exposed", "words"),
    [
        ([], [], [], "up to day 3: no vertebrae at risk; after day 3: no vertebrae at risk"),
        ([1, 2, 3, 4], [1, 1, 1, 1], [1, 0, 1, 0], "after day 3: no event while exposed and unexposed"),
        ([4, 5, 6, 7], [1, 1, 1, 1], [1, 0, 1, 0], "up to day 3: no events"),
        ([1, 2, 3], [1, 1, 1], [1, 0, 1], "after day 3: no vertebrae at risk"),
        ([1, 2, 5, 6], [1, 1, 1, 1], [1, 1, 1, 1], "both at risk; after day 3: no event while exposed and unexposed"),
    ],
)
def test_a_window_without_a_ratio_is_named(days, event, exposed, words):
    for patient in (None, ["p"] * len(days)):
        change = hazard_ratio_change(days, event, exposed, patient, at=3)
        assert (change.estimate, change.conf_low) == (None, None)
        assert words in change.note


def test_one_patient_has_a_change_and_no_interval():
    change = hazard_ratio_change([1, 2, 3, 4, 11, 12, 13, 14], [1] * 8, [1, 0, 1, 0, 0, 1, 0, 1], ["p"] * 8, at=10)
    assert change.estimate == pytest.approx(3.045989, rel=1e-6)
    assert change.conf_low is None
    assert "no interval" in change.note


def test_errors_are_sentences():
    rows = [1, 2, 3, 4], [1, 1, 1, 1], [1, 0, 1, 0]
    with pytest.raises(WorkbookError, match="`transform` must be one of km, log, identity, rank, but got sqrt"):
        proportional_hazards_test(*rows, transform="sqrt")
    for at in (0, -1, math.inf, math.nan):
        with pytest.raises(WorkbookError, match=f"`at` must be a day after 0, but got {at}. Pass for example 90"):
            hazard_ratio_change(*rows, at=at)
    with pytest.raises(WorkbookError, match="Pass 0.95 for 95%"):
        proportional_hazards_test(*rows, conf_level=95)
