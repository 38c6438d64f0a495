"""The clean cohort cut into slices of patients, small enough that what is computed of one stays in the cache."""

from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort
from helpers.cohort.spine_arrays import patient_codes

MOST_PATIENTS = 2**17
TABLES = ("patients", "procedures", "fractures", "imaging")


def slice_bounds(cohort: CleanCohort, most: int = MOST_PATIENTS) -> list[tuple[int, int]]:
    """Places of the first patient of each slice and of the one after its last; no slice has more patients than most."""
    n = len(cohort.patients)
    bounds = np.linspace(0, n, max(1, -(-n // most)) + 1).astype(int).tolist()
    return list(zip(bounds[:-1], bounds[1:], strict=True))


def patients_between(cohort: CleanCohort, first: int, end: int) -> CleanCohort:
    """The cohort of the patients from one place up to another, who are called by number, from 0.

    The rows are those of the cohort itself, not copies; all patients are the cohort as it is.
    """
    if end - first == len(cohort.patients):
        return cohort
    return replace(cohort, **{name: _rows_between(getattr(cohort, name), first, end) for name in TABLES})


def _rows_between(frame: pd.DataFrame, first: int, end: int) -> pd.DataFrame:
    codes = patient_codes(frame)
    start, stop = np.searchsorted(codes, np.array([first, end], dtype=codes.dtype))
    number = pd.Categorical.from_codes(
        codes[start:stop] - codes.dtype.type(first),
        dtype=pd.CategoricalDtype(pd.RangeIndex(end - first)),
        validate=False,
    )
    rows = frame.iloc[start:stop]
    rows.isetitem(rows.columns.get_loc("patient"), number)
    return rows
