"""The form of a table does not matter, and what adds up over parts of a cohort gives what the whole gives."""

from dataclasses import asdict
from functools import reduce
from operator import add

import numpy as np
import pandas as pd
import pytest

from helpers import estimators as room
from helpers.estimators import log_poisson
from helpers.estimators.bootstrap import risk_ratio_bootstrap_of
from helpers.estimators.conditional_logistic import odds_ratio_within
from helpers.estimators.groups import group_contributions
from helpers.estimators.mantel_haenszel import mantel_haenszel_of, stratum_influence, within_patient_risk_ratio_of
from helpers.estimators.patients import Contributions
from helpers.estimators.poisson_regression import adjusted_risk_ratio, risk_trend
from helpers.estimators.relative_risk import rate_ratio_of, risk_ratio_of
from helpers.estimators.risk import odds_ratio_of, risk_difference_of, risk_of
from helpers.estimators.strata import Strata

NUMBERS = ("estimate", "conf_low", "conf_high", "p_value", "std_error")
DISTANCES = ["near", "far", "farther"]


@pytest.fixture(scope="module")
def frame(cohort):
    """The cohort with two covariates of the patient and a group of the vertebra."""
    number = np.unique(cohort.patient, return_inverse=True)[1]
    frame = pd.DataFrame({name: getattr(cohort, name) for name in ("days", "event", "exposed", "patient", "level")})
    frame["age"], frame["score"] = 60 + number % 7 / 10, np.arange(len(frame)) % 4
    frame["group"] = np.array(DISTANCES)[np.arange(len(frame)) % 3]
    return frame


def in_categories(frame):
    """Categories in an order of their own, and some that nobody has."""
    made = frame.copy()
    for name in ("patient", "level", "group"):
        names = sorted(frame[name].unique(), reverse=True)
        made[name] = pd.Categorical(frame[name], ["nobody", *names, "no one"])
    return made


def in_whole_numbers(frame):
    return frame.assign(**{name: 3 + 2 * pd.factorize(frame[name])[0] for name in ("patient", "level")})


def in_nullable_types(frame):
    types = {"event": "boolean", "exposed": "boolean", "days": "Int32", "age": "Float64", "score": "Int8"}
    return frame.astype(types | dict.fromkeys(["patient", "level", "group"], "string"))


FORMS = {
    "categories": in_categories,
    "whole numbers": in_whole_numbers,
    "nullable types": in_nullable_types,
    "other index": lambda frame: frame.set_axis(range(1000, 1000 + len(frame))),
    "arrays": lambda frame: {name: frame[name].to_numpy() for name in frame},
    "lists": lambda frame: {name: frame[name].tolist() for name in frame},
}


def rows(table):
    return table["event"], table["exposed"], table["patient"]


COLLAPSED = {
    "risk": lambda t: room.risk(t["event"], t["patient"]),
    "risk ratio": lambda t: room.risk_ratio(*rows(t)),
    "risk difference": lambda t: room.risk_difference(*rows(t)),
    "odds ratio": lambda t: room.odds_ratio(*rows(t)),
    "rate ratio": lambda t: room.rate_ratio(t["days"], *rows(t)),
    "bootstrap": lambda t: room.risk_ratio_bootstrap(*rows(t), samples=200, seed=1),
    "within patient": lambda t: room.within_patient_risk_ratio(*rows(t)),
    "odds within patient": lambda t: room.within_patient_odds_ratio(*rows(t)),
    "risk ratios": lambda t: room.risk_ratios(
        t["event"], t["group"], t["patient"], groups=DISTANCES[:2], reference=DISTANCES[2]
    ),
    "risks by group": lambda t: room.by_group(room.risk, t["group"], t["event"], t["patient"], groups=DISTANCES),
}
BY_PATIENT = {
    "Mantel-Haenszel": lambda t: room.mantel_haenszel(*rows(t), stratum=t["level"]),
    "log-Poisson": lambda t: adjusted_risk_ratio(*rows(t), covariates=[t["age"], t["score"]], stratum=t["level"]),
    "trend": lambda t: risk_trend(t["event"], t["score"], t["patient"], stratum=t["level"]),
    "log-Poisson by group": lambda t: room.by_group(adjusted_risk_ratio, t["group"], *rows(t), groups=DISTANCES),
}


def equal_but_for_rounding(one, other):
    if isinstance(one, dict):
        assert list(one) == list(other)
        for name in one:
            equal_but_for_rounding(one[name], other[name])
        return
    one, other = asdict(one), asdict(other)
    for name in NUMBERS:
        # Sums over patients in another order.
        assert one.pop(name) == pytest.approx(other.pop(name), rel=1e-11)
    assert one == other


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", COLLAPSED)
def test_collapsed_estimates_do_not_depend_on_the_form_of_the_table(frame, form, name):
    assert COLLAPSED[name](FORMS[form](frame)) == COLLAPSED[name](frame)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", BY_PATIENT)
def test_sums_by_patient_do_not_depend_on_the_form_of_the_table(frame, form, name):
    equal_but_for_rounding(BY_PATIENT[name](FORMS[form](frame)), BY_PATIENT[name](frame))


def test_groups_by_whole_number_are_the_groups_by_name(frame):
    numbered = {name: place for place, name in enumerate(DISTANCES)}
    ratios = room.risk_ratios(
        frame["event"], frame["group"].map(numbered), frame["patient"], groups=[0, 1], reference=2
    )
    assert list(ratios.values()) == list(COLLAPSED["risk ratios"](frame).values())


def test_a_vertebra_without_a_group_is_in_none(frame):
    some = frame.assign(group=frame["group"].where(frame.index % 2 == 0))
    kept = frame[frame.index % 2 == 0]
    for form in (some, in_categories(some.fillna("none")), some.assign(group=some["group"].astype("category"))):
        assert COLLAPSED["risk ratios"](form) == COLLAPSED["risk ratios"](kept)
        assert COLLAPSED["risks by group"](form) == COLLAPSED["risks by group"](kept)


# Parts of a cohort


@pytest.fixture(scope="module")
def parts(frame):
    """Three parts, no patient in two of them; patients and levels keep the categories of the whole."""
    whole = in_categories(frame)
    part = whole["patient"].cat.codes % 3
    return [whole[part == number] for number in range(3)]


def added(parts, **options):
    return reduce(add, (Contributions.from_rows(*rows(part), **options) for part in parts))


def test_contributions_of_parts_give_the_estimates_of_the_whole(frame, parts):
    whole = added(parts)
    assert risk_ratio_of(whole) == COLLAPSED["risk ratio"](frame)
    assert risk_difference_of(whole) == COLLAPSED["risk difference"](frame)
    assert odds_ratio_of(whole) == COLLAPSED["odds ratio"](frame)
    assert within_patient_risk_ratio_of(whole) == COLLAPSED["within patient"](frame)
    assert odds_ratio_within(whole) == COLLAPSED["odds within patient"](frame)
    options = {"conf_level": 0.95, "method": "percentile", "samples": 200, "seed": 1}
    assert risk_ratio_bootstrap_of(whole, **options) == COLLAPSED["bootstrap"](frame)
    all_exposed = reduce(
        add, (Contributions.from_rows(part["event"], np.ones(len(part)), part["patient"]) for part in parts)
    )
    assert risk_of(all_exposed) == COLLAPSED["risk"](frame)


def test_times_of_parts_add_up(frame, parts):
    timed = reduce(add, (Contributions.from_rows(*rows(part), time=part["days"]) for part in parts))
    assert rate_ratio_of(timed, n_vertebrae=len(frame)) == COLLAPSED["rate ratio"](frame)


def test_groups_of_parts_add_up(frame, parts):
    each = [
        group_contributions(part["event"], part["group"], part["patient"], groups=DISTANCES[:2], reference=DISTANCES[2])
        for part in parts
    ]
    summed = {name: risk_ratio_of(reduce(add, (part[name] for part in each))) for name in DISTANCES[:2]}
    assert summed == COLLAPSED["risk ratios"](frame)


def test_strata_of_parts_add_up_and_parts_have_the_influence_of_their_patients(frame, parts):
    each = [Strata.of(*rows(part)[:2], part["level"], part["patient"]) for part in parts]
    counts = sum(part.counts for part in each)
    moves = np.concatenate([part.by_patient(stratum_influence(counts)) for part in each])
    n_patients = sum(part.n_patients for part in each)
    summed = mantel_haenszel_of(counts, moves, n_patients=n_patients)
    equal_but_for_rounding(summed, BY_PATIENT["Mantel-Haenszel"](frame))


# Patterns


@pytest.mark.parametrize("largest", [2**62, 10])
def test_combinations_that_are_too_many_to_count_are_numbered(frame, monkeypatch, largest):
    """Numbered or not, and with keys that overflow on the way or not, the patterns are the same."""
    counted = log_poisson.Patterns.of(*pattern_arguments(frame))
    monkeypatch.setattr(log_poisson, "FEW", 0)
    monkeypatch.setattr(log_poisson, "LARGEST_KEY", largest)
    numbered = log_poisson.Patterns.of(*pattern_arguments(frame))
    assert len(counted.kinds.sizes) == 4
    assert len(numbered.kinds.sizes) == 2
    for name in ("stratum", "start", "columns", "at_risk", "events"):
        assert (getattr(counted, name) == getattr(numbered, name)).all()


def pattern_arguments(frame):
    """Few vertebrae for their combinations of four levels, two covariates and the exposure."""
    some = frame[::3]
    columns = [some["exposed"].to_numpy(), some["age"].to_numpy()]
    return some["event"].to_numpy(), columns, pd.factorize(some["level"])[0], 9
