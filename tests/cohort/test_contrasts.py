"""Every vertebra is in exactly one group of each contrast."""

import pandas as pd

from helpers.cohort.contrasts import distance_group, exposure_group, outcome_code, place_group

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
