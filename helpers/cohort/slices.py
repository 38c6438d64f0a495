"""The clean cohort cut into slices of patients, small enough that what is computed of one stays in the cache."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort
from helpers.cohort.spine_arrays import patient_codes

MOST_PATIENTS = 2**16
TABLES = ("patients", "procedures", "fractures", "imaging")


def patient_slices(cohort: CleanCohort, most: int = MOST_PATIENTS) -> Sequence[CleanCohort]:
    """The cohort as cohorts of at most so many patients, in order; one that is no larger is its own and only slice.

    The rows are those of the cohort itself, not copies. In a slice patients are called by number, from 0.
    """
    n = len(cohort.patients)
    n_slices = -(-n // most)
    if n_slices <= 1:
        return [cohort]
    bounds = np.linspace(0, n, n_slices + 1).astype(np.int32)
    rows = {name: np.searchsorted(patient_codes(getattr(cohort, name)), bounds) for name in TABLES}
    return [
        replace(
            cohort,
            **{
                name: _rows(getattr(cohort, name), slice(start[place], start[place + 1]), bounds[place])
                for name, start in rows.items()
            },
        )
        for place in range(n_slices)
    ]


def _rows(frame: pd.DataFrame, rows: slice, first: np.int32) -> pd.DataFrame:
    """Some rows of a table, whose patients are numbered from this one on."""
    number = patient_codes(frame)[rows] - first
    numbers = pd.CategoricalDtype(pd.RangeIndex(int(number.max(initial=-1)) + 1))
    columns = {name: column.array[rows] for name, column in frame.items()}
    columns["patient"] = pd.Categorical.from_codes(number, dtype=numbers, validate=False)
    return pd.DataFrame(columns, copy=False)
