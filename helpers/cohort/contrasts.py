"""What the notebooks compare: groups of vertebrae, distances, outcomes and periods as estimators take them."""

import numpy as np
import pandas as pd

from helpers.cohort.runs import first_rows
from helpers.parted import added_up, by_part

DISTANCES = ("1 level", "2 levels", "3 levels", "4 or more levels")
SIDES = tuple(f"{distance} {side}" for side in ("above", "below") for distance in DISTANCES[:3])
PLACES = ("Sandwich", "Adjacent, not a sandwich", "Further away")
NEXT_TO_CEMENT, FURTHER_AWAY = "Next to cement", "Further away"
OUTCOME_CODES = {"censored": 0, "fracture": 1, "death": 2}


@by_part
def exposure_group(risk_table: pd.DataFrame) -> pd.Series:
    """Next to cement or further away, by `is_adjacent`."""
    codes = risk_table["is_adjacent"].to_numpy(dtype=np.int8)
    return _groups(risk_table, codes, (FURTHER_AWAY, NEXT_TO_CEMENT), "group")


def two_by_two(risk_table: pd.DataFrame) -> pd.DataFrame:
    """Vertebrae with and without a new fracture, next to cement and further away."""
    counts = added_up(_two_by_two, risk_table).tolist()
    lines = [(name, *of_group) for name, of_group in zip((NEXT_TO_CEMENT, FURTHER_AWAY), counts, strict=True)]
    lines = [line for line in lines if any(line[1:])]
    return pd.DataFrame(lines, columns=["Vertebra", "New fracture", "No new fracture"])


@by_part
def distance_group(risk_table: pd.DataFrame) -> pd.Series:
    """Levels to the nearest cemented vertebra: 1, 2, 3, or 4 and more."""
    return _groups(risk_table, _up_to_four(risk_table) - 1, DISTANCES, "distance")


@by_part
def distance_score(risk_table: pd.DataFrame) -> pd.Series:
    """The same distances as numbers from 1 to 4, for a trend."""
    return pd.Series(_up_to_four(risk_table), index=risk_table.index, name="distance")


@by_part
def side_group(risk_table: pd.DataFrame) -> pd.Series:
    """One to three levels above or below the nearest cement, four and more, or midway between two equally near."""
    direction, distance = risk_table["direction"].cat, _up_to_four(risk_table)
    *near, far = DISTANCES
    names = [*(f"{level} {side}" for level in near for side in direction.categories), far]
    of_direction = (distance - 1) * np.int8(len(direction.categories)) + direction.codes.to_numpy()
    codes = np.where(distance == len(DISTANCES), np.int8(len(names) - 1), of_direction)
    return _groups(risk_table, codes, names, "side")


@by_part
def place_group(risk_table: pd.DataFrame) -> pd.Series:
    """Between two cemented neighbours (sandwich), adjacent otherwise, or further away."""
    is_sandwich, is_adjacent = (risk_table[name].to_numpy() for name in ("is_sandwich", "is_adjacent"))
    codes = np.select([is_sandwich, is_adjacent], [np.int8(0), np.int8(1)], np.int8(2))
    return _groups(risk_table, codes, PLACES, "place")


@by_part
def outcome_code(risk_table: pd.DataFrame) -> pd.Series:
    """0 censored, 1 new fracture, 2 death."""
    outcome = risk_table["outcome"].cat
    codes = np.array([OUTCOME_CODES[name] for name in outcome.categories], dtype=np.int8)
    return pd.Series(codes[outcome.codes], index=risk_table.index, name="outcome_code")


@by_part
def observed_periods(periods: pd.DataFrame) -> pd.DataFrame:
    """Periods of at least a day: one that ends when it begins has nobody under observation, so no hazard."""
    kept = (periods["stop_days"] > periods["start_days"]).to_numpy()
    # Rows numbered anew: an index of those kept would be larger than all columns together.
    return pd.DataFrame({name: column.array[kept] for name, column in periods.items()}, copy=False)


@by_part
def adjacent_at_start(periods: pd.DataFrame) -> pd.Series:
    """Whether the vertebra was next to the cement of day 0, for every period of it; they stand one after another."""
    adjacent = periods["is_adjacent"].to_numpy()
    first = first_rows(periods["patient"].cat.codes.to_numpy()) | first_rows(periods["level"].cat.codes.to_numpy())
    # Hardly any vertebra has a second period.
    later = np.flatnonzero(~first)
    is_second, of_first = first[later - 1], adjacent.copy()
    of_first[later] = adjacent[later[is_second] - 1][np.cumsum(is_second) - 1]
    return pd.Series(of_first, index=periods.index, name="is_adjacent")


def _two_by_two(risk_table: pd.DataFrame) -> np.ndarray:
    fractured, adjacent = risk_table["outcome"] == "fracture", risk_table["is_adjacent"]
    return np.array([[(is_so & group).sum() for is_so in (fractured, ~fractured)] for group in (adjacent, ~adjacent)])


def _up_to_four(risk_table: pd.DataFrame) -> np.ndarray:
    return risk_table["distance"].to_numpy().clip(1, len(DISTANCES)).astype(np.int8)


def _groups(risk_table: pd.DataFrame, codes: np.ndarray, names, name: str) -> pd.Series:
    groups = pd.Categorical.from_codes(codes, categories=list(names))
    return pd.Series(groups, index=risk_table.index, name=name)
