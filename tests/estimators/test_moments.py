"""What adds up over parts of a cohort gives what the whole gives, however rows are ordered, counted and stored."""

from dataclasses import asdict
from functools import reduce
from operator import add
from types import SimpleNamespace

import numpy as np
import pytest

from helpers import estimators as est
from helpers.estimators import cells
from helpers.estimators.cells import Cells
from helpers.estimators.cox import Likelihood, maximise
from helpers.estimators.cumulative_incidence import incidence_curve_of
from helpers.estimators.follow_up import Rows
from helpers.estimators.processes import Processes, coefficient_sums
from helpers.estimators.survival import curve_of

NUMBERS = ("estimate", "conf_low", "conf_high", "p_value", "std_error")
STRATA = {"together": None, "by level": "level", "within patients": "patient"}
TIMES = {"whole days": 1, "fractions": np.pi}


def picked(cohort, rows):
    return SimpleNamespace(**{name: column[rows] for name, column in vars(cohort).items()})


def parts_of(cohort):
    """Three parts, each patient in one of them, and labels as codes that mean the same in all."""
    codes = {name: np.unique(getattr(cohort, name), return_inverse=True)[1] for name in ("patient", "level")}
    cohort = SimpleNamespace(**vars(cohort) | codes)
    return [picked(cohort, cohort.patient % 3 == part) for part in range(3)]


def cells_of(part, strata, entry, unit):
    return Cells.of(
        patients=part.patient,
        days=part.days * unit,
        outcome=part.event,
        group=part.exposed,
        strata=None if strata is None else getattr(part, strata),
        entry=part.entry * unit if entry else None,
        shape=(2, 2),
    )


@pytest.fixture(scope="module")
def later(cohort):
    """The cohort without vertebrae that never came under observation."""
    return picked(cohort, cohort.entry < cohort.days)


@pytest.mark.parametrize("unit", TIMES.values(), ids=TIMES)
@pytest.mark.parametrize("entry", [False, True], ids=["from the start", "later"])
@pytest.mark.parametrize("strata", STRATA.values(), ids=STRATA)
def test_a_hazard_ratio_of_parts_is_that_of_the_whole(later, strata, entry, unit):
    parts = [cells_of(part, strata, entry, unit) for part in parts_of(later)]
    whole = reduce(add, (part.moments for part in parts))
    fit = maximise(whole)
    influence = np.concatenate([part.placed_in(whole).by_patient(*fit.residuals()) for part in parts])
    options = {} if strata is None else {"stratum": getattr(later, strata)}
    options |= {"entry": later.entry * unit} if entry else {}
    expected = est.hazard_ratio(later.days * unit, later.event, later.exposed, later.patient, **options)
    assert np.exp(fit.log_hazard_ratio) == pytest.approx(expected.estimate, rel=1e-12)
    assert np.sqrt(influence @ influence) / fit.information == pytest.approx(expected.std_error, rel=1e-12)
    assert whole.events.sum() == expected.n_events
    at_no_effect = Likelihood.at(whole, 0.0)
    u = np.concatenate([part.placed_in(whole).by_patient(*at_no_effect.residuals()) for part in parts])
    test = est.logrank_test(later.days * unit, later.event, later.exposed, later.patient, **options)
    assert u.sum() ** 2 / (u @ u) == pytest.approx(test.estimate, rel=1e-11)


@pytest.mark.parametrize("entry", [False, True], ids=["from the start", "later"])
def test_curves_of_parts_are_those_of_the_whole(later, entry):
    def cells(part, outcome, n_outcomes):
        began = part.entry if entry else None
        return Cells.of(patients=part.patient, days=part.days, outcome=outcome, entry=began, shape=(1, n_outcomes))

    def added_up(parts):
        whole = reduce(add, (part.moments for part in parts))
        sums = sum(coefficient_sums(Processes.of(whole), part.placed_in(whole)) for part in parts)
        return whole, sums, {"n_patients": sum(part.n_patients for part in parts), "conf_level": 0.9}

    whole, sums, options = added_up([cells(part, part.event, 2) for part in parts_of(later)])
    curve = curve_of(whole, sums, **options)
    began = {"entry": later.entry} if entry else {}
    expected = est.kaplan_meier(later.days, later.event, later.patient, conf_level=0.9, **began)
    for name in ("time", "at_risk", "events", "survival", "conf_low", "conf_high"):
        assert getattr(curve, name) == pytest.approx(getattr(expected, name), rel=1e-9, nan_ok=True), name
    assert (curve.n_patients, curve.n_vertebrae) == (expected.n_patients, expected.n_vertebrae)
    if not entry:
        whole, sums, options = added_up([cells(part, part.outcome, 3) for part in parts_of(later)])
        curve = incidence_curve_of(whole, sums, **options)
        expected = est.cumulative_incidence(later.days, later.outcome, later.patient, conf_level=0.9)
        for name in ("incidence", "competing", "conf_low", "conf_high"):
            assert getattr(curve, name) == pytest.approx(getattr(expected, name), rel=1e-9, nan_ok=True), name


def everything(c):
    """The numbers of every estimator of time, as one list."""
    watched = (c.days, c.event, c.exposed, c.patient)
    left, right = np.maximum(c.days - 10, 0), np.where(c.event, np.maximum(c.days, 1), np.inf)
    age = {"age": 60.0 + np.unique(c.patient, return_inverse=True)[1] % 7}
    incidence = est.cumulative_incidence(c.days, c.outcome, c.patient)
    turnbull = est.turnbull(left, right, c.patient)
    estimates = [
        est.hazard_ratio(*watched),
        est.hazard_ratio(*watched, window=(10, 90)),
        est.hazard_ratio(*watched, stratum=c.level),
        est.hazard_ratio(*watched, stratum=c.patient),
        est.adjusted_hazard_ratio(*watched, covariates=age),
        est.adjusted_hazard_ratio(*watched, covariates=age, stratum=c.level),
        est.hazard_ratio_change(*watched, at=60),
        est.proportional_hazards_test(*watched),
        est.proportional_hazards_test(*watched, stratum=c.patient),
        est.logrank_test(*watched),
        est.median_among_events(c.days, c.event, c.patient),
        est.restricted_mean_difference(*watched, horizon_days=100),
        est.risk_ratio_at_horizon(c.days, c.outcome, c.exposed, c.patient, horizon_days=100),
        est.risk_difference_at_horizon(c.days, c.outcome, c.exposed, c.patient, horizon_days=100),
        est.interval_censored_risk(left, right, c.patient, horizon_days=100),
        est.interval_censored_hazard_ratio(left, right, c.exposed, c.patient),
    ]
    told = [[asdict(estimate)[name] for name in NUMBERS] for estimate in estimates]
    counts = [[estimate.n_patients, estimate.n_vertebrae, estimate.n_events] for estimate in estimates]
    limits = np.concatenate([incidence.conf_low, incidence.conf_high, turnbull.mass])
    return np.array(told, dtype=float).ravel(), counts, limits[~np.isnan(limits)]


def same(here, there):
    assert here[0] == pytest.approx(there[0], rel=1e-9, nan_ok=True)
    assert here[1] == there[1]
    assert here[2] == pytest.approx(there[2], rel=1e-8)


@pytest.fixture(scope="module")
def plain(cohort):
    return everything(cohort)


def test_alike_rows_are_put_together(cohort, plain):
    """Patient by patient and day by day most rows are alike the one before; in a random order hardly any are."""
    rows = picked(cohort, np.lexsort((cohort.exposed, cohort.event, cohort.days, cohort.patient)))
    mixed = picked(cohort, np.random.default_rng(1).permutation(len(cohort.days)))
    counts = [Rows.checked(c.days, c.event, c.exposed, c.patient).cells.count for c in (rows, mixed)]
    assert counts[0].max() > 1
    assert counts[1] is None
    same(everything(rows), plain)
    same(everything(mixed), plain)


def test_rows_in_small_blocks(cohort, plain, monkeypatch):
    monkeypatch.setattr(cells, "BLOCK", 7)
    monkeypatch.setattr(cells, "FIRST", 50)
    same(everything(cohort), plain)


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, float])
def test_days_of_any_type(cohort, plain, dtype):
    days = SimpleNamespace(**vars(cohort) | {"days": cohort.days.astype(dtype)})
    same(everything(days), plain)


def test_within_patients_those_without_events_have_no_part(cohort):
    """Left out where strata are the patients; strata that only come with them are not seen to be."""
    watched = cohort.days, cohort.event, cohort.exposed, cohort.patient
    within = est.hazard_ratio(*watched, stratum=cohort.patient)
    relabelled = est.hazard_ratio(*watched, stratum=[f"{name}"[::-1] for name in cohort.patient])
    number = np.unique(cohort.patient, return_inverse=True)[1]
    backwards = est.hazard_ratio(*watched, stratum=number.max() - number)
    for other in (relabelled, backwards):
        assert [getattr(other, name) for name in NUMBERS] == pytest.approx([getattr(within, name) for name in NUMBERS])
        assert other.n_patients == within.n_patients == len(np.unique(cohort.patient))
        assert other.n_vertebrae == within.n_vertebrae == len(cohort.days)
    kept = Rows.checked(*watched, stratum=cohort.patient).cells
    all_rows = Rows.checked(*watched, stratum=number.max() - number).cells
    assert kept.moments.leaving.sum() < all_rows.moments.leaving.sum() == len(cohort.days)
    assert kept.moments.events.sum() == cohort.event.sum()


@pytest.mark.parametrize("later", [None, 2])
def test_groups_may_be_many_and_their_codes_narrow(later):
    rng = np.random.default_rng(8)
    days, group, outcome = rng.integers(0, 30, 500), rng.integers(0, 60, 500).astype(np.int8), rng.integers(0, 3, 500)
    entry = None if later is None else np.maximum(days - later, 0) // 2
    expected = np.zeros((30, 60, 3), dtype=int)
    np.add.at(expected, (days, group, outcome), 1)
    moments = Cells.of(days=days, group=group, outcome=outcome, entry=entry, shape=(60, 3)).moments
    assert moments.leaving.sum() == 500
    np.testing.assert_array_equal(moments.leaving, expected[moments.time.astype(int)])
