"""Runs of equal values in columns that stand in order."""

import numpy as np


def first_rows(values: np.ndarray) -> np.ndarray:
    """Which rows begin a run of equal values (bool)."""
    return np.append(True, values[1:] != values[:-1])[: len(values)]


def last_rows(values: np.ndarray) -> np.ndarray:
    """Which rows end a run of equal values (bool)."""
    return np.append(values[1:] != values[:-1], True)[: len(values)]
