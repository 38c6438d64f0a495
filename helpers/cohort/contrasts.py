"""What the notebooks compare: groups of vertebrae, distances, outcomes and periods as estimators take them."""

import numpy as np
import pandas as pd

DISTANCES = ("1 level", "2 levels", "3 levels", "4 or more levels")
SIDES = tuple(f"{distance} {side}" for side in ("above", "below") for distance in DISTANCES[:3])
PLACES = ("Sandwich", "Adjacent, not a sandwich", "Further away")
NEXT_TO_CEMENT, FURTHER_AWAY = "Next to cement", "Further away"
OUTCOME_CODES = {"censored": 0, "fracture": 1, "death": 2}


def exposure_group(risk_table: pd.DataFrame) -> pd.Series:
    """Next to cement or further away, by `is_adjacent`."""
    names = np.where(risk_table["is_adjacent"], NEXT_TO_CEMENT, FURTHER_AWAY)
    return pd.Series(names, index=risk_table.index, name="group")


def distance_group(risk_table: pd.DataFrame) -> pd.Series:
    """Levels to the nearest cemented vertebra: 1, 2, 3, or 4 and more."""
    names = np.array(DISTANCES)[risk_table["distance"].clip(1, len(DISTANCES)).to_numpy() - 1]
    return pd.Series(names, index=risk_table.index, name="distance")


def distance_score(risk_table: pd.DataFrame) -> pd.Series:
    """The same distances as numbers from 1 to 4, for a trend."""
    return risk_table["distance"].clip(1, len(DISTANCES)).astype(float)


def side_group(risk_table: pd.DataFrame) -> pd.Series:
    """One to three levels above or below the nearest cement, four and more, or midway between two equally near."""
    distance = distance_group(risk_table)
    side = distance + " " + risk_table["direction"].astype(str)
    is_far = distance == DISTANCES[-1]
    return side.where(~is_far, DISTANCES[-1]).rename("side")


def place_group(risk_table: pd.DataFrame) -> pd.Series:
    """Between two cemented neighbours (sandwich), adjacent otherwise, or further away."""
    names = np.select([risk_table["is_sandwich"], risk_table["is_adjacent"]], PLACES[:2], PLACES[2])
    return pd.Series(names, index=risk_table.index, name="place")


def outcome_code(risk_table: pd.DataFrame) -> pd.Series:
    """0 censored, 1 new fracture, 2 death."""
    return risk_table["outcome"].astype(str).map(OUTCOME_CODES).astype("int8").rename("outcome_code")


def observed_periods(periods: pd.DataFrame) -> pd.DataFrame:
    """Periods of at least a day: one that ends when it begins has nobody under observation, so no hazard."""
    return periods[periods["stop_days"] > periods["start_days"]]


def adjacent_at_start(periods: pd.DataFrame) -> pd.Series:
    """Whether the vertebra was next to the cement of day 0, for every period of it."""
    return periods.groupby(["patient", "level"], observed=True, sort=False)["is_adjacent"].transform("first")
