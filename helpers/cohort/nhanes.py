"""People without cement: patterns of prevalent vertebral fractures in NHANES 2013-2014, as pairs of vertebrae."""

from pathlib import Path

import numpy as np
import pandas as pd

from helpers.errors import WorkbookError

PATTERNS_FILE = Path(__file__).parents[2] / "data" / "reference" / "nhanes_vfa_patterns.csv"
LEVELS = ("T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4")
NOT_EVALUABLE = -1


def read_patterns(path: Path = PATTERNS_FILE) -> pd.DataFrame:
    """Patterns of Genant grades with the number of people and their summed examination weight.

    Raises
    ------
    WorkbookError
        If a pattern is not 13 characters of 0 to 3 or `x`.
    """
    patterns = pd.read_csv(path, dtype={"grades_T4_to_L4": str, "people": int, "mec_weight": float})
    wrong = patterns[~patterns["grades_T4_to_L4"].str.fullmatch(r"[0-3x]{13}")]
    if len(wrong):
        raise WorkbookError(
            f"{path.name}, row {wrong.index[0] + 2}: a pattern must be 13 characters of 0, 1, 2, 3 or x, "
            f"but got {wrong.iloc[0, 0]!r}. Restore the file from the repository."
        )
    return patterns


def read_people(path: Path = PATTERNS_FILE) -> np.ndarray:
    """Genant grades as an array of people x 13 levels; -1 where a vertebra could not be assessed."""
    patterns = read_patterns(path)
    characters = np.array([list(pattern) for pattern in patterns["grades_T4_to_L4"]])
    grades = np.where(characters == "x", str(NOT_EVALUABLE), characters).astype(np.int8)
    return np.repeat(grades, patterns["people"], axis=0)


def weighted_prevalence(path: Path = PATTERNS_FILE) -> float:
    """Share of adults of 40 and over with at least one vertebral fracture, by examination weight.

    People none of whose vertebrae could be assessed count as without fracture, as in the published 5.4%.
    """
    patterns = read_patterns(path)
    has_fracture = patterns["grades_T4_to_L4"].str.contains("[123]")
    return float((patterns["mec_weight"] * has_fracture).sum() / patterns["mec_weight"].sum())


def fracture_pairs(grades: np.ndarray) -> pd.DataFrame:
    """Every fractured vertebra with each other assessed vertebra of the same person.

    Parameters
    ----------
    grades : array of int, people x levels
        Genant grades; -1 where not assessed.

    Returns
    -------
    DataFrame
        One row per ordered pair: person (int), reference (level of the fractured vertebra), level, distance (levels),
        is_adjacent, is_fractured (Genant grade 1 to 3). A pair of two fractured vertebrae is seen from both ends.
    """
    fractured, assessed = grades > 0, grades != NOT_EVALUABLE
    pairs = fractured[:, :, None] & assessed[:, None, :] & ~np.eye(grades.shape[1], dtype=bool)
    person, reference, level = np.nonzero(pairs)
    distance = np.abs(reference - level)
    return pd.DataFrame(
        {
            "person": person,
            "reference": np.array(LEVELS)[reference],
            "level": np.array(LEVELS)[level],
            "distance": distance,
            "is_adjacent": distance == 1,
            "is_fractured": fractured[person, level],
        }
    )
