"""Periods between days of new cement: against a walk day by day, against the table that ignores later cement."""

import itertools
from functools import partial

import numpy as np
import pandas as pd
import pytest

from helpers.cohort import risk_periods
from helpers.cohort.contrasts import distance_group, exposure_group, outcome_code, place_group
from helpers.cohort.risk_periods import PERIOD_COLUMNS, build_risk_periods
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.simulate import Truth, simulate
from helpers.cohort.slices import slice_bounds
from helpers.cohort.tables import check
from helpers.errors import Problems
from tests.cohort.cohorts import cleaned, random_study, study
from tests.cohort.oracle import period_rows

CHOICES = list(itertools.product(("exclude", "keep"), ("death", "last_imaging"), (1, 2), ("T1-L5", "T5-L6")))
TEXTS = ("patient", "level", "region", "direction", "outcome")
MANY = Truth(later_vertebroplasty=1.0, fractures_per_vertebra_year=0.4)
NONE = Truth(later_vertebroplasty=0.0)


def random_cohort(seed):
    return cleaned(random_study(np.random.default_rng(seed), 24), day_zero_fractures="new" if seed else "prevalent")


def simulated(patients, truth):
    tables = simulate(patients, seed=11, truth=truth).tables
    return cleaned({name: frame.assign(row=np.arange(2, len(frame) + 2)) for name, frame in tables.items()})


@pytest.fixture(scope="module")
def many():
    return simulated(400, MANY)


def ignoring(cohort, **options):
    return build_risk_table(cohort, later_vertebroplasty="ignore", **options)[0]


def periods_of(raw, level, **options):
    """The periods of one level of the one patient, as plain rows."""
    table = build_risk_periods(cleaned(raw), **options)
    own = table[table["level"] == level].astype(dict.fromkeys(TEXTS, str))
    return own[["period", "start_days", "stop_days", "distance", "outcome"]].to_numpy().tolist()


def agrees(cohort, *, levels="T1-L5", **options):
    table = build_risk_periods(cohort, levels_at_risk=levels, **options)
    first, last = levels.split("-")
    expected = period_rows(cohort, first=first, last=last, **options)
    plain = table.astype(dict.fromkeys(TEXTS, str))
    flat = [{"patient": p, "level": name} | period for (p, name), rows in expected.items() for period in rows]
    assert plain.to_dict("records") == [{column: row[column] for column in PERIOD_COLUMNS} for row in flat]
    return table


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: "-".join(map(str, choice)))
@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_a_walk_day_by_day(seed, choice):
    prevalent, death, within, levels = choice
    options = {"prevalent_fractures": prevalent, "death_follow_up": death, "adjacent_within": within}
    table = agrees(random_cohort(seed), levels=levels, **options)
    assert table["period"].max() >= 3


def test_agrees_with_a_walk_day_by_day_through_simulated_cohorts():
    options = {"prevalent_fractures": "exclude", "death_follow_up": "death", "adjacent_within": 1}
    assert agrees(simulated(40, MANY), **options)["period"].max() >= 2


@pytest.mark.parametrize("most", [1, 7])
def test_slices_of_patients_make_the_table_of_all(many, most, monkeypatch):
    whole = build_risk_periods(many)
    monkeypatch.setattr(risk_periods, "slice_bounds", partial(slice_bounds, most=most))
    pd.testing.assert_frame_equal(build_risk_periods(many), whole, check_exact=True)


def test_without_later_cement_it_is_the_table_that_ignores_it():
    cohort = simulated(150, NONE)
    periods, table = build_risk_periods(cohort), ignoring(cohort)
    assert (periods["period"] == 1).all()
    assert (periods["start_days"] == 0).all()
    table = table.drop(columns="last_clean_days")
    pd.testing.assert_frame_equal(periods.rename(columns={"stop_days": "days"})[list(table)], table)


@pytest.mark.parametrize("prevalent", ["exclude", "keep"])
@pytest.mark.parametrize("death", ["death", "last_imaging"])
def test_days_and_outcomes_are_those_of_the_table_that_ignores_later_cement(many, prevalent, death):
    options = {"prevalent_fractures": prevalent, "death_follow_up": death}
    periods, table = build_risk_periods(many, **options), ignoring(many, **options)
    check("risk_periods", periods)
    assert periods["period"].max() >= 2
    assert list(periods) == list(PERIOD_COLUMNS)
    followed = periods.assign(days=periods["stop_days"] - periods["start_days"])
    vertebra = followed.groupby(["patient", "level"], observed=True, sort=True)
    assert vertebra["days"].sum().to_numpy().tolist() == table["days"].tolist()
    assert vertebra["outcome"].last().tolist() == table["outcome"].tolist()
    first = periods[periods["period"] == 1].reset_index(drop=True)
    place = ["patient", "level", "region", "distance", "direction", "is_adjacent", "is_sandwich"]
    pd.testing.assert_frame_equal(first[place], table[place])


def test_distance_never_grows_and_nothing_becomes_unexposed(many):
    periods = build_risk_periods(many)
    later = (periods["period"] > 1).to_numpy()
    before, after = periods[np.append(later[1:], False)], periods[later]
    assert (after["distance"].to_numpy() <= before["distance"].to_numpy()).all()
    assert (after["distance"].to_numpy() < before["distance"].to_numpy()).any()
    for column in ("is_adjacent", "is_sandwich"):
        assert (after[column].to_numpy() >= before[column].to_numpy()).all()


def test_the_groups_of_the_notebooks_can_be_made_of_periods(many):
    periods = build_risk_periods(many)
    groups = {group.__name__: group(periods).nunique() for group in (exposure_group, distance_group, place_group)}
    assert groups == {"exposure_group": 2, "distance_group": 4, "place_group": 3}
    assert outcome_code(periods).isin([0, 1, 2]).all()


ANNA, TREATED = "Anna | @400 ||||", "Anna | @0 | T12"


def test_frida_is_nearer_to_cement_after_her_second_and_third_vertebroplasty():
    raw = study([ANNA], [TREATED, "Anna | @100 | L4", "Anna | @250 | T9"], ["Anna | L3 | @300 | new"])
    assert periods_of(raw, "L2") == [
        [1, 0, 100, 2, "censored"],
        [2, 100, 250, 2, "censored"],
        [3, 250, 400, 2, "censored"],
    ]
    assert periods_of(raw, "L3") == [
        [1, 0, 100, 3, "censored"],
        [2, 100, 250, 1, "censored"],
        [3, 250, 300, 1, "fracture"],
    ]
    assert periods_of(raw, "L4") == [[1, 0, 100, 4, "censored"]]
    assert periods_of(raw, "T9") == [[1, 0, 100, 3, "censored"], [2, 100, 250, 3, "censored"]]
    assert periods_of(raw, "T12") == []


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (99, [[1, 0, 99, 2, "fracture"]]),
        (100, [[1, 0, 100, 2, "fracture"]]),
        (101, [[1, 0, 100, 2, "censored"], [2, 100, 101, 1, "fracture"]]),
    ],
)
def test_frida_has_a_fracture_found_about_the_day_of_her_second_vertebroplasty(found, expected):
    raw = study([ANNA], [TREATED, "Anna | @100 | L3"], [f"Anna | L2 | @{found} | new"])
    assert periods_of(raw, "L2") == expected


def test_frida_has_two_fractures_cemented_the_day_they_were_found_neither_exposed_to_the_other():
    raw = study([ANNA], [TREATED, "Anna | @100 | L3, L4"], ["Anna|L3|@100|new", "Anna|L4|@100|new"])
    assert periods_of(raw, "L3") == [[1, 0, 100, 3, "fracture"]]
    assert periods_of(raw, "L4") == [[1, 0, 100, 4, "fracture"]]


def test_frida_is_cemented_again_where_she_was_before():
    raw = study([ANNA], [TREATED, "Anna | @100 | T12"])
    assert periods_of(raw, "L2") == [[1, 0, 400, 2, "censored"]]


@pytest.mark.parametrize(("end", "last"), [(100, [1, 0, 100, 2]), (101, [2, 100, 101, 1])])
def test_ida_dies_about_the_day_of_her_second_vertebroplasty(end, last):
    raw = study([f"Ida | @90 || @{end} ||"], ["Ida | @0 | T12", "Ida | @100 | L3"])
    assert periods_of(raw, "L2")[-1] == [*last, "death"]
    assert periods_of(raw, "L2", death_follow_up="last_imaging") == [[1, 0, 90, 2, "censored"]]


def test_emma_has_a_fracture_on_day_0_in_her_first_period():
    raw = study([ANNA], [TREATED, "Anna | @100 | L3"], ["Anna | L2 | @0 | new"])
    table = build_risk_periods(cleaned(raw, day_zero_fractures="new"))
    row = table[table["level"] == "L2"]
    assert row[["period", "start_days", "stop_days", "outcome"]].to_numpy().tolist() == [[1, 0, 0, "fracture"]]


def test_jana_without_any_vertebra_at_risk_has_no_periods():
    assert build_risk_periods(cleaned(study(["Jana |||||"], ["Jana | @0 | T12"]))).empty
    assert build_risk_periods(cleaned(study())).empty


def test_choices_that_are_none_are_told_at_once():
    with pytest.raises(Problems) as caught:
        build_risk_periods(cleaned(study()), levels_at_risk="12", adjacent_within=0, death_follow_up="x")
    assert len(caught.value.problems) == 3
