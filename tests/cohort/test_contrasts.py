"""Every vertebra is in exactly one group of each contrast."""

import pandas as pd

from helpers.cohort.contrasts import (
    DISTANCES,
    SIDES,
    adjacent_at_start,
    distance_group,
    distance_score,
    exposure_group,
    observed_periods,
    outcome_code,
    place_group,
    side_group,
)

RISK_TABLE = pd.DataFrame(
    {
        "distance": pd.array([1, 1, 2, 3, 4, 11], dtype="int8"),
        "is_adjacent": [True, True, False, False, False, False],
        "is_sandwich": [True, False, False, False, False, False],
        "outcome": pd.Categorical(["fracture", "death", "censored", "censored", "fracture", "censored"]),
    },
    index=[7, 3, 5, 1, 2, 9],
)


def test_distance_is_grouped_from_four_on():
    groups = ["1 level", "1 level", "2 levels", "3 levels", "4 or more levels", "4 or more levels"]
    assert distance_group(RISK_TABLE).tolist() == groups


def test_a_sandwich_is_not_counted_twice():
    assert place_group(RISK_TABLE).tolist() == ["Sandwich", "Adjacent, not a sandwich", *["Further away"] * 4]


def test_exposure_keeps_the_rows():
    groups = exposure_group(RISK_TABLE)
    assert groups.tolist() == ["Next to cement"] * 2 + ["Further away"] * 4
    assert groups.index.equals(RISK_TABLE.index)


def test_outcomes_are_the_codes_of_the_curves():
    codes = outcome_code(RISK_TABLE)
    assert codes.tolist() == [1, 2, 0, 0, 1, 0]
    assert codes.index.equals(RISK_TABLE.index)


def test_distances_as_numbers_stop_at_four():
    assert distance_score(RISK_TABLE).tolist() == [1, 1, 2, 3, 4, 4]


def test_sides_keep_those_far_away_together():
    directions = ["between", "above", "below", "above", "below", "above"]
    sides = side_group(RISK_TABLE.assign(direction=pd.Categorical(directions)))
    assert sides.tolist() == [
        "1 level between",
        "1 level above",
        "2 levels below",
        "3 levels above",
        *DISTANCES[3:] * 2,
    ]
    assert set(SIDES) & set(sides) == {"1 level above", "2 levels below", "3 levels above"}


def test_cement_of_day_zero_is_that_of_the_first_period():
    periods = pd.DataFrame(
        {
            "patient": pd.Categorical(["p", "p", "p", "q"]),
            "level": pd.Categorical(["L1", "L1", "L2", "L1"]),
            "is_adjacent": [False, True, True, False],
        }
    )
    assert adjacent_at_start(periods).tolist() == [False, False, True, False]


def test_a_period_without_a_day_is_not_observed():
    periods = pd.DataFrame({"start_days": [0, 0, 5], "stop_days": [0, 5, 9]})
    assert observed_periods(periods).to_dict("list") == {"start_days": [0, 5], "stop_days": [5, 9]}
