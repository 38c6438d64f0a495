import json
import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.errors import WorkbookError
from helpers.estimators.cox import Likelihood
from helpers.estimators.follow_up import Rows
from helpers.estimators.hazard_ratio import hazard_ratio

# R's values, and the data of its survival package (tests/reference/cox.R).
COX = json.loads((Path(__file__).parents[1] / "reference" / "cox.json").read_text())


def log_and_error(estimate):
    return [math.log(estimate.estimate), estimate.std_error]


def r_data(name, cohort):
    """Days, event and exposure of one of R's data sets, and the patients, entry and other columns as options."""
    if name.startswith("whole_days"):
        entry = {"entry": cohort.entry} if name.endswith("entry") else {}
        return (
            (cohort.days, cohort.event, cohort.exposed),
            {"patient": cohort.patient, **entry},
            {"level": cohort.level},
        )
    columns = {key: np.array(values) for key, values in COX["data"][name].items()}
    options = {key: columns.pop(key) for key in ("patient", "entry") if key in columns}
    return tuple(columns.pop(key) for key in ("days", "event", "exposed")), options, columns


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


@pytest.mark.parametrize(
    ("name", "data", "stratum"),
    [
        ("diabetic", "diabetic", None),
        ("retinopathy", "retinopathy", None),
        ("rats", "rats", None),
        ("diabetic_by_laser", "diabetic", "argon"),
        ("diabetic_by_risk", "diabetic", "risk"),
        ("retinopathy_by_type", "retinopathy", "adult"),
        ("heart", "heart", None),
        ("heart_by_surgery", "heart", "surgery"),
        ("cgd", "cgd", None),
        ("whole_days", "whole_days_entry", None),
        ("whole_days_by_level", "whole_days_entry", "level"),
    ],
)
def test_clusters_strata_and_rows_that_start_late_are_rs(cohort, name, data, stratum):
    rows, options, columns = r_data(data, cohort)
    options["stratum"] = None if stratum is None else columns[stratum]
    reference = COX["clustered"][name]
    ratio = hazard_ratio(*rows, **options)
    assert log_and_error(ratio) == pytest.approx([reference["log"], reference["se"]], rel=1e-10)
    naive = hazard_ratio(*rows, **options | {"patient": None})
    assert naive.std_error == pytest.approx(reference["naive_se"], rel=1e-10)


def test_female_rats_are_rs(cohort):
    rows, options, columns = r_data("rats", cohort)
    female = columns["male"] == 0
    ratio = hazard_ratio(*(array[female] for array in rows), options["patient"][female])
    reference = COX["clustered"]["female_rats"]
    assert log_and_error(ratio) == pytest.approx([reference["log"], reference["se"]], rel=1e-10)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("diabetic", 6, 24),
        ("heart", 30, 100),
        ("cgd", 100, 250),
        ("whole_days", 50, 150),
        ("whole_days_entry", 60, 150),
    ],
)
def test_windows_are_rs_split_rows(cohort, name, first, last):
    rows, options, _ = r_data(name, cohort)
    windows = (0, first), (first, last), (last, None)
    for window, reference in zip(windows, COX["windows"][name], strict=True):
        ratio = hazard_ratio(*rows, window=window, **options)
        assert log_and_error(ratio) == pytest.approx([reference["log"], reference["se"]], rel=1e-10)
        naive = hazard_ratio(*rows, window=window, **options | {"patient": None})
        assert naive.std_error == pytest.approx(reference["naive_se"], rel=1e-10)


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


def lifelines_clustered(lifelines, days, event, exposed, patient):
    frame = pd.DataFrame({"days": days, "event": event, "exposed": exposed.astype(float), "patient": patient})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"cluster_col": "patient", "fit_options": {"precision": 1e-12}}
        fitter = lifelines.CoxPHFitter().fit(frame, "days", "event", **options)
    return [fitter.params_["exposed"], fitter.standard_errors_["exposed"]]


def test_why_the_clustered_error_is_not_lifelines(cohort):
    """Its coefficient is R's and ours; its clustered error is not R's, and moves when tied rows change places."""
    lifelines = pytest.importorskip("lifelines")
    eyes, options, _ = r_data("diabetic", cohort)
    reference = COX["clustered"]["diabetic"]
    log_ratio, std_error = lifelines_clustered(lifelines, *eyes, options["patient"])
    assert log_ratio == pytest.approx(reference["log"], rel=1e-10)
    assert std_error / reference["se"] - 1 == pytest.approx(-7.06e-4, rel=0.01)
    assert hazard_ratio(*eyes, **options).std_error == pytest.approx(reference["se"], rel=1e-11)
    tied = cohort.days, cohort.event, cohort.exposed, cohort.patient
    orders = [np.random.default_rng(seed).permutation(len(cohort.days)) for seed in range(3)]
    theirs = [lifelines_clustered(lifelines, *(array[order] for array in tied))[1] for order in orders]
    ours = [hazard_ratio(*(array[order] for array in tied)).std_error for order in orders]
    assert max(theirs) / min(theirs) - 1 > 5e-4
    assert max(ours) / min(ours) - 1 < 1e-12


@given(follow_up(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_residuals_are_efrons_term_by_term(rows, starts_late):
    """The looked-up residuals against a double loop over events and rows."""
    days, event, exposed, stratum = rows
    # Strata and entries that come with the patients: any would do.
    stratum, entry = stratum % 2, None
    if starts_late:
        days = days + 1
        entry = days * np.arange(len(days)) // (len(days) + 1)
    log_ratio = 0.4
    risk = np.exp(log_ratio * exposed)
    expected, score = np.zeros(len(days)), 0.0
    for time, where in {*zip(days[event].tolist(), stratum[event].tolist(), strict=True)}:
        at_risk = (days >= time) & (stratum == where) & (True if entry is None else entry < time)
        dying = at_risk & event & (days == time)
        d = dying.sum()
        for k in range(d):
            weight = risk * at_risk * np.where(dying, 1 - k / d, 1)
            share = (weight * exposed).sum() / weight.sum()
            score += exposed[dying].sum() / d - share
            expected += dying * (exposed - share) / d - weight * (exposed - share) / weight.sum()
    # With every row a patient of its own, the sums by patient are the residuals.
    cells = Rows.checked(days, event, exposed, np.arange(len(days)), stratum=stratum, entry=entry).cells
    likelihood = Likelihood.at(cells.moments, log_ratio)
    assert cells.by_patient(*likelihood.residuals()) == pytest.approx(expected, abs=1e-12)
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
    moments = Rows.checked(days, event, exposed).moments()
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


def test_windows_of_rows_that_start_late_share_the_events(cohort):
    rows = cohort.days, cohort.event, cohort.exposed, cohort.patient
    windows = [
        hazard_ratio(*rows, entry=cohort.entry, window=window) for window in ((0, 15), (15, 60), (60, 180), (180, None))
    ]
    assert sum(window.n_events for window in windows) == 95
    assert windows[1].n_vertebrae == ((cohort.days > 15) & (cohort.entry < 60)).sum()


@given(follow_up(), st.integers(1, 9), st.booleans())
@settings(max_examples=60, deadline=None)
def test_cutting_rows_in_two_changes_nothing(rows, cut, is_windowed):
    days, event, exposed, patient = rows
    days, vertebra = days + 1, np.arange(len(days))
    window = (2, 8) if is_windowed else None
    again = np.concatenate([vertebra, vertebra[days > cut]])
    is_second = np.arange(len(again)) >= len(days)
    entry = np.where(is_second, cut, 0)
    end = np.where(is_second, days[again], np.minimum(days, cut)[again])
    ends_with_event = event[again] & (end == days[again])
    for stratum in (None, patient % 2):
        whole = hazard_ratio(days, event, exposed, patient, stratum=stratum, window=window)
        cut_up = hazard_ratio(
            end,
            ends_with_event,
            exposed[again],
            patient[again],
            stratum=None if stratum is None else stratum[again],
            entry=entry,
            vertebra=again,
            window=window,
        )
        # Counts are the same, so the whole record is, up to rounding in sums over rows.
        assert (cut_up.estimate, cut_up.note) == (whole.estimate, whole.note)
        assert (cut_up.std_error or 0) == pytest.approx(whole.std_error or 0, rel=1e-9, abs=1e-9)
        assert (cut_up.n_patients, cut_up.n_vertebrae, cut_up.n_events) == (
            whole.n_patients,
            whole.n_vertebrae,
            whole.n_events,
        )


def test_exposure_that_begins_is_unexposed_before():
    # The vertebra that fractures on day 6 becomes exposed after day 3. At day 2 all are unexposed; at 4 one of three is
    # exposed and an unexposed one fractures; at 6 one of two, and it fractures: e^b / (1 + e^b) 1 / (2 + e^b) is
    # largest at e^b = sqrt 2.
    ratio = hazard_ratio(
        [3, 6, 2, 4, 8],
        [0, 1, 1, 1, 0],
        [0, 1, 0, 0, 0],
        entry=[0, 3, 0, 0, 0],
        vertebra=["L1", "L1", "L2", "L3", "L4"],
    )
    assert ratio.estimate == pytest.approx(math.sqrt(2), rel=1e-12)
    assert (ratio.n_vertebrae, ratio.n_events) == (4, 3)


def test_vertebrae_of_the_same_name_are_told_apart_by_patient():
    ratio = hazard_ratio(
        [3, 6, 2, 4],
        [0, 1, 1, 1],
        [0, 1, 0, 0],
        ["p", "p", "p", "q"],
        entry=[0, 3, 0, 0],
        vertebra=["L1", "L1", "L2", "L1"],
    )
    assert ratio.n_vertebrae == 3


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
        ([1, 2], [1, 1], [0, 0], "both at risk"),
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
    moments = Rows.checked(days, np.ones(402, dtype=bool), exposed).moments()
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
    with pytest.raises(WorkbookError, match="`entry` must come before `days`, but does not for 1 of 2"):
        hazard_ratio([1, 2], [1, 0], [1, 0], entry=[0, 2])
    with pytest.raises(WorkbookError, match="`vertebra` has 1"):
        hazard_ratio([1, 2], [1, 0], [1, 0], vertebra=["a"])
    with pytest.raises(WorkbookError, match="Pass 0.95 for 95%"):
        hazard_ratio([1, 2], [1, 0], [1, 0], conf_level=95)
