"""The groups of vertebrae that the notebooks compare."""

import numpy as np
import pandas as pd

DISTANCES = ("1 level", "2 levels", "3 levels", "4 or more levels")
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


def place_group(risk_table: pd.DataFrame) -> pd.Series:
    """Between two cemented neighbours (sandwich), adjacent otherwise, or further away."""
    names = np.select([risk_table["is_sandwich"], risk_table["is_adjacent"]], PLACES[:2], PLACES[2])
    return pd.Series(names, index=risk_table.index, name="place")


def outcome_code(risk_table: pd.DataFrame) -> pd.Series:
    """0 censored, 1 new fracture, 2 death."""
    return risk_table["outcome"].astype(str).map(OUTCOME_CODES).astype("int8").rename("outcome_code")
