"""The hazard ratio adjusted for covariates is R's coxph, a double loop's, and refuses what has no maximum."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from helpers.errors import WorkbookError
from helpers.estimators.cox_regression import adjusted_hazard_ratio
from helpers.estimators.distinct import distinct_rows
from helpers.estimators.follow_up import Rows
from helpers.estimators.hazard_ratio import hazard_ratio
from helpers.estimators.partial_likelihood import Regression, maximise

# R's values, and the data of its survival package (tests/reference/cox.R).
COX = json.loads((Path(__file__).parents[1] / "reference" / "cox.json").read_text())


def log_and_error(estimate):
    return [math.log(estimate.estimate), estimate.std_error]


def whole_days(cohort):
    """Days, event and exposure; patients, strata and entry; covariates: later is the number of the patient modulo 5."""
    number = np.unique(cohort.patient, return_inverse=True)[1] + 1
    covariates = {f"is_{level}": cohort.level == level for level in np.unique(cohort.level)[1:]}
    return (cohort.days, cohort.event, cohort.exposed), {"patient": cohort.patient}, covariates, {"later": number % 5}


@st.composite
def follow_up(draw, values=(0, 1, 2)):
    """Heavy ties, strata, rows that start late, and up to three covariates."""
    n = draw(st.integers(4, 25))

    def column(strategy):
        return np.array(draw(st.lists(strategy, min_size=n, max_size=n)))

    days, event, exposed = column(st.integers(1, 8)), column(st.booleans()), column(st.booleans())
    options = {"patient": column(st.integers(0, 6))}
    if draw(st.booleans()):
        options["stratum"] = column(st.integers(0, 1))
    if draw(st.booleans()):
        options["entry"] = np.maximum(days - column(st.integers(1, 8)), 0)
    covariates = [column(st.sampled_from(values)) for _ in range(draw(st.integers(0, 3)))]
    return (days, event, exposed), covariates, options


# Reference


@pytest.mark.parametrize(
    ("name", "data", "covariates", "stratum"),
    [
        ("retinopathy", "retinopathy", ["age", "risk"], None),
        ("retinopathy_by_type", "retinopathy", ["age", "risk"], "adult"),
        ("diabetic", "diabetic", ["age", "risk", "argon"], None),
        ("rats", "rats", ["male"], None),
        ("heart", "heart", ["age"], None),
        ("heart_by_surgery", "heart", ["age"], "surgery"),
        ("cgd", "cgd", ["age", "autosomal"], None),
    ],
)
def test_survivals_data_are_rs(name, data, covariates, stratum):
    columns = {key: np.array(values) for key, values in COX["data"][data].items()}
    rows = [columns[key] for key in ("days", "event", "exposed")]
    options = {"entry": columns.get("entry"), "stratum": None if stratum is None else columns[stratum]}
    covariates = {name: columns[name] for name in covariates}
    reference = COX["adjusted"][name]
    ratio = adjusted_hazard_ratio(*rows, columns["patient"], covariates=covariates, **options)
    assert log_and_error(ratio) == pytest.approx([reference["log"], reference["se"]], rel=1e-9)
    naive = adjusted_hazard_ratio(*rows, covariates=covariates, **options)
    assert naive.std_error == pytest.approx(reference["naive_se"], rel=1e-9)
    assert (
        ratio.note == f"adjusted for {len(covariates)} covariate{'s' * (len(covariates) > 1)}: {', '.join(covariates)}"
    )
    assert ratio.method.startswith("Cox with covariates, Efron ties")
    assert (ratio.n_patients, ratio.n_events) == (len(set(columns["patient"])), columns["event"].sum())


def test_whole_days_with_heavy_ties_are_rs(cohort):
    rows, patient, levels, later = whole_days(cohort)
    by_level = {**patient, "entry": cohort.entry, "stratum": cohort.level}
    for name, covariates, options in (("whole_days", levels, patient), ("whole_days_entry", later, by_level)):
        reference = COX["adjusted"][name]
        ratio = adjusted_hazard_ratio(*rows, covariates=covariates, **options)
        assert log_and_error(ratio) == pytest.approx([reference["log"], reference["se"]], rel=1e-9)
        naive = adjusted_hazard_ratio(*rows, covariates=covariates, **options | {"patient": None})
        assert naive.std_error == pytest.approx(reference["naive_se"], rel=1e-9)


# Oracle


def term_by_term(rows, table, options, coefficients):
    """Information, and score residuals of every row, by a double loop over tied events and rows."""
    days, event, _ = rows
    stratum, entry = options.get("stratum", np.zeros(len(days))), options.get("entry", np.full(len(days), -1))
    risk = np.exp(table @ coefficients - (table @ coefficients).max())
    information, residual = np.zeros((table.shape[1],) * 2), np.zeros(table.shape)
    for time, where in {*zip(days[event].tolist(), stratum[event].tolist(), strict=True)}:
        at_risk = (days >= time) & (entry < time) & (stratum == where)
        dying = at_risk & event & (days == time)
        d = dying.sum()
        for k in range(d):
            weight = risk * at_risk * np.where(dying, 1 - k / d, 1)
            weight /= weight.sum()
            distance = table - weight @ table
            information += (weight[:, None] * distance).T @ distance
            residual += (dying / d - weight)[:, None] * distance
    return information, residual


@given(follow_up(values=(0, 1, 2, 30, 400)))
@settings(max_examples=150, deadline=None)
def test_score_information_and_error_are_those_of_a_double_loop(data):
    """Covariates with far outliers included: rows of small hazards are not lost among those of large ones."""
    rows, covariates, options = data
    ratio = adjusted_hazard_ratio(*rows, covariates=covariates, **options)
    if not ratio.is_estimable:
        return
    checked = Rows.checked(*rows, **options)
    columns = {str(place): np.asarray(column, dtype=float) for place, column in enumerate([rows[2], *covariates])}
    kind, table = distinct_rows(*columns.values())
    fit, _ = maximise(Regression.of(replace(checked, kind=kind).cells, tuple(columns), table))
    # Held against each other in the scaled columns, where numbers are of the order of one.
    table = np.column_stack([columns[name] for name in fit.model.names]) / fit.model.scale
    information, residual = term_by_term(rows, table, options, fit.coefficients)
    inverse = np.linalg.inv(information)
    assert residual.sum(axis=0) @ inverse @ residual.sum(axis=0) < 1e-12
    assert fit.information == pytest.approx(information, rel=1e-7, abs=1e-10)
    # Where covariates all but determine the exposure the inverse has fewer digits.
    digits = 1e-13 * np.linalg.cond(information) + 1e-8
    influence = np.bincount(options["patient"], residual @ inverse[0]) / fit.model.scale[0]
    assert (ratio.std_error or 0) == pytest.approx(math.sqrt(influence @ influence), rel=digits, abs=1e-8)
    naive = adjusted_hazard_ratio(*rows, covariates=covariates, **options | {"patient": None})
    assert naive.std_error == pytest.approx(math.sqrt(inverse[0, 0]) / fit.model.scale[0], rel=digits)


def has_maximum(rows, table, options) -> bool:
    """Whether no direction raises the likelihood for ever or leaves it flat, by linear programming.

    Along a direction v it never falls when each event has the largest v'x of its risk set.
    """
    days, event, _ = rows
    stratum, entry = options.get("stratum", np.zeros(len(days))), options.get("entry", np.full(len(days), -1))
    ahead = [np.zeros((0, table.shape[1]))]
    for row in np.flatnonzero(event):
        at_risk = (days >= days[row]) & (entry < days[row]) & (stratum == stratum[row])
        ahead.append(table[row] - table[at_risk])
    ahead = np.concatenate(ahead)
    varies = (ahead != 0).any(axis=0)
    if not varies[0]:
        return False
    ahead = np.unique(ahead[:, varies], axis=0)
    n, p = ahead.shape
    if np.linalg.matrix_rank(ahead) < p:
        return False
    bounds = [(None, None)] * p + [(0, 1)] * n
    program = linprog(-np.r_[np.zeros(p), np.ones(n)], np.c_[-ahead, np.eye(n)], np.zeros(n), bounds=bounds)
    return program.fun > -1e-6


@given(follow_up())
@settings(max_examples=150, deadline=None)
def test_estimable_exactly_when_the_maximum_is_finite(data):
    rows, covariates, options = data
    table = np.column_stack([rows[2], *covariates]).astype(float)
    ratio = adjusted_hazard_ratio(*rows, covariates=covariates, **options)
    assert ratio.is_estimable == has_maximum(rows, table, options)


# Laws


@given(follow_up())
@settings(max_examples=60, deadline=None)
def test_without_covariates_it_is_the_hazard_ratio(data):
    rows, _, options = data
    for patient in (None, options["patient"]):
        for none in ([], np.zeros((len(rows[0]), 0)), None, {}):
            adjusted = adjusted_hazard_ratio(*rows, covariates=none, **options | {"patient": patient})
            crude = hazard_ratio(*rows, **options | {"patient": patient})
            assert adjusted.is_estimable == crude.is_estimable
            if crude.is_estimable:
                assert (adjusted.method, adjusted.note) == (crude.method, crude.note)
                assert adjusted.estimate == pytest.approx(crude.estimate, rel=1e-10)
                assert (adjusted.std_error or 0) == pytest.approx(crude.std_error or 0, rel=1e-10, abs=1e-10)


def test_what_must_not_matter_does_not(cohort):
    rows, patient, levels, _ = whole_days(cohort)
    age = np.random.default_rng(6).normal(75, 8, len(cohort.days))
    table = np.column_stack([*levels.values(), age]).astype(float)
    here = log_and_error(adjusted_hazard_ratio(*rows, covariates=table, **patient))
    order = np.random.default_rng(7).permutation(len(age))
    shuffled = adjusted_hazard_ratio(*(array[order] for array in rows), cohort.patient[order], covariates=table[order])
    # Any other unit, origin or mixture of the covariates spans the same.
    mixture = np.random.default_rng(9).normal(size=(table.shape[1], table.shape[1]))
    for same in (
        adjusted_hazard_ratio(*rows, covariates=list(table.T), **patient),
        adjusted_hazard_ratio(*rows, covariates=pd.DataFrame(table), **patient),
        adjusted_hazard_ratio(*rows, covariates={**levels, "age": age}, **patient),
        adjusted_hazard_ratio(
            *rows, covariates={**levels, "age": pd.Categorical(age, np.unique(age)[::-1])}, **patient
        ),
        adjusted_hazard_ratio(*rows, covariates=table * 1e9 - 5e9, **patient),
        adjusted_hazard_ratio(*rows, covariates=table @ mixture, **patient),
        adjusted_hazard_ratio(rows[0] / 365.25, *rows[1:], covariates=table, **patient),
        adjusted_hazard_ratio(*rows, [f"patient {name}" for name in cohort.patient], covariates=table),
        shuffled,
    ):
        assert log_and_error(same) == pytest.approx(here, rel=1e-9)
    swapped = adjusted_hazard_ratio(*rows[:2], ~rows[2], covariates=table, **patient)
    assert log_and_error(swapped) == pytest.approx([-here[0], here[1]], rel=1e-9)


def test_cutting_rows_in_two_changes_nothing(cohort):
    rows, _, levels, later = whole_days(cohort)
    n, cut = len(cohort.days), 100
    again = np.r_[np.arange(n), np.flatnonzero(cohort.days > cut)]
    is_second = np.arange(len(again)) >= n
    end = np.where(is_second, cohort.days[again], np.minimum(cohort.days, cut)[again])
    for covariates, stratum in ((levels, None), (later, cohort.level)):
        whole = adjusted_hazard_ratio(*rows, cohort.patient, covariates=covariates, stratum=stratum)
        cut_up = adjusted_hazard_ratio(
            end,
            cohort.event[again] & (end == cohort.days[again]),
            cohort.exposed[again],
            cohort.patient[again],
            covariates={name: column[again] for name, column in covariates.items()},
            stratum=None if stratum is None else stratum[again],
            entry=np.where(is_second, cut, 0),
            vertebra=again,
        )
        assert log_and_error(cut_up) == pytest.approx(log_and_error(whole), rel=1e-10)
        assert (cut_up.n_vertebrae, cut_up.n_patients, cut_up.n_events) == (n, 70, 95)


def test_a_confounder_is_taken_out():
    # The old have four times the hazard of the young, and are more often exposed; exposure itself changes nothing.
    rng = np.random.default_rng(10)
    is_old = rng.random(20_000) < 0.5
    exposed = rng.random(20_000) < np.where(is_old, 0.6, 0.2)
    days = np.ceil(rng.exponential(np.where(is_old, 100, 400)))
    rows = np.minimum(days, 300), days <= 300, exposed
    assert hazard_ratio(*rows).conf_low > 1.5
    adjusted = adjusted_hazard_ratio(*rows, covariates=[is_old])
    assert adjusted.conf_low < 1 < adjusted.conf_high


# Edges

DAYS, EVENT = np.arange(1, 13), np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1], dtype=bool)
EXPOSED = np.array([1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1], dtype=bool)
AGE = np.array([70, 82, 66, 91, 75, 77, 68, 80, 73, 71, 69, 85])


def test_a_constant_covariate_is_left_out():
    alone = adjusted_hazard_ratio(DAYS, EVENT, EXPOSED, covariates={"age": AGE})
    for constant in (0, 1e-300, 0.1, 7e8):
        ratio = adjusted_hazard_ratio(DAYS, EVENT, EXPOSED, covariates={"sex": np.full(12, constant), "age": AGE})
        assert [ratio.estimate, ratio.std_error] == [alone.estimate, alone.std_error]
        assert ratio.note == (
            "adjusted for 1 covariate: age; covariate sex was left out: it is the same for all vertebrae compared"
        )


def test_a_covariate_that_is_the_same_within_strata_is_left_out():
    stratum = np.tile([1, 2], 6)
    ratio = adjusted_hazard_ratio(DAYS, EVENT, EXPOSED, covariates=[stratum * 10.1], stratum=stratum)
    assert ratio.estimate == pytest.approx(hazard_ratio(DAYS, EVENT, EXPOSED, stratum=stratum).estimate, rel=1e-12)
    assert ratio.note == "covariate 1 was left out: it is the same for all vertebrae compared"


@pytest.mark.parametrize(
    ("covariates", "words"),
    [
        ([AGE, 3 * AGE - 7], "one of the covariates follows from the others (collinearity)"),
        ([AGE == 70, AGE != 70], "one of the covariates follows from the others (collinearity)"),
        ([EXPOSED], "the exposure follows from the others (collinearity)"),
        ([AGE, AGE + 5 * EXPOSED], "the exposure follows from the others (collinearity)"),
    ],
)
def test_what_follows_from_the_others_is_said(covariates, words):
    ratio = adjusted_hazard_ratio(DAYS, EVENT, EXPOSED, np.arange(12) // 2, covariates=covariates)
    assert (ratio.estimate, ratio.note) == (None, words)


def test_a_covariate_that_runs_away_is_named():
    """The exposure's own coefficient would settle; R warns, and gives numbers."""
    has_no_event = np.isin(DAYS, [10, 11])
    ratio = adjusted_hazard_ratio(DAYS, EVENT, EXPOSED, covariates={"age": AGE, "steroids": has_no_event})
    assert ratio.estimate is None
    assert ratio.note.startswith(
        "the coefficient of covariate steroids grows without end: the likelihood has no maximum (monotone likelihood)"
    )


def test_an_exposure_that_runs_away_with_a_covariate_is_named():
    # Every fracture was exposed or had the covariate, whatever came later.
    exposed = np.array([1, 0, 1, 0, 0, 0, 0, 1], dtype=bool)
    covariate = np.array([0, 1, 0, 1, 0, 0, 0, 0])
    ratio = adjusted_hazard_ratio(np.arange(1, 9), np.arange(8) < 4, exposed, covariates=[covariate])
    assert hazard_ratio(np.arange(1, 9), np.arange(8) < 4, exposed).is_estimable
    assert ratio.estimate is None
    assert "the coefficients of exposure and covariate 1 grow without end" in ratio.note


def test_a_covariate_that_orders_everything_runs_away():
    rng = np.random.default_rng(11)
    n = 500
    ratio = adjusted_hazard_ratio(np.arange(n), np.ones(n, bool), rng.random(n) < 0.5, covariates=[-np.arange(n)])
    assert ratio.estimate is None
    assert "covariate 1 grows without end" in ratio.note


@pytest.mark.parametrize(
    ("days", "event", "exposed", "words"),
    [
        ([], [], [], "no vertebrae at risk"),
        ([1, 2], [0, 0], [1, 0], "no events"),
        ([1, 2], [1, 1], [1, 1], "both at risk"),
        ([1, 2], [1, 1], [0, 0], "both at risk"),
        ([1, 2, 3, 4], [1, 1, 1, 1], [1, 1, 0, 0], "no unexposed vertebra had an event while an exposed one"),
    ],
)
def test_not_estimable_says_why(days, event, exposed, words):
    for patient in (None, ["p"] * len(days)):
        ratio = adjusted_hazard_ratio(days, event, exposed, patient, covariates=[np.arange(len(days))])
        assert (ratio.estimate, ratio.conf_low) == (None, None)
        assert words in ratio.note


def test_one_patient_has_a_ratio_and_no_interval():
    ratio = adjusted_hazard_ratio(DAYS, EVENT, EXPOSED, ["p"] * 12, covariates=[AGE])
    assert ratio.is_estimable
    assert ratio.conf_low is None
    assert ratio.note.startswith("adjusted for 1 covariate; no interval")


def test_errors_are_sentences():
    rows = DAYS, EVENT, EXPOSED
    with pytest.raises(WorkbookError, match="`covariate age` has 1 missing value"):
        adjusted_hazard_ratio(*rows, covariates={"age": np.where(AGE == 70, np.nan, AGE)})
    with pytest.raises(WorkbookError, match="`covariate 2` must be finite numbers, but got inf. Write yes or no as 1"):
        adjusted_hazard_ratio(*rows, covariates=[AGE, np.where(AGE == 70, np.inf, AGE)])
    with pytest.raises(WorkbookError, match="`covariate 1` must be finite numbers, but got female"):
        adjusted_hazard_ratio(*rows, covariates=[["female"] * 12])
    with pytest.raises(WorkbookError, match="`covariate 1` has 3"):
        adjusted_hazard_ratio(*rows, covariates=[AGE[:3]])
    with pytest.raises(WorkbookError, match="Pass 0.95 for 95%"):
        adjusted_hazard_ratio(*rows, covariates=[AGE], conf_level=95)
