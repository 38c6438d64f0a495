"""The last image of each vertebra at risk that shows it whole."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from helpers.cohort.at_risk import FRACTURE, FollowUp
from helpers.cohort.clean import CleanCohort
from helpers.cohort.dates import ABSENT, day_numbers
from helpers.cohort.runs import last_rows
from helpers.cohort.spine_arrays import Spines, patient_codes, since_index


def last_clean_days(cohort: CleanCohort, followed: FollowUp) -> pd.arrays.IntegerArray:
    """Day of the last image before the fracture, or up to the end; 0 without one after day 0.

    The date of last imaging is an image like those of the imaging table. On the day of death it is none: cleaning
    moves dates from after death to that day. All are missing where there is no imaging table.
    """
    days, at_risk, end = followed.days, followed.at_risk, followed.end
    if not cohort.has_imaging:
        return pd.arrays.IntegerArray(np.ones_like(days), np.ones(len(days), dtype=bool))
    latest = _last_image(cohort, followed.spines)
    seen = at_risk.each(latest(np.arange(len(end)), end))
    # Most vertebrae end with their patient; only the others are looked up by themselves.
    row = followed.singly
    seen[row] = latest(followed.singly_of, days[row] - (followed.outcome[row] == FRACTURE))
    return pd.arrays.IntegerArray(seen, np.zeros(len(days), dtype=bool))


def _last_image(cohort: CleanCohort, spines: Spines) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A function of patients and days: the last day from day 0 up to this one with an image; 0 without any."""
    person = patient_codes(cohort.imaging)
    since = since_index(day_numbers(cohort.imaging["imaging_date"]), spines.index[person], absent=ABSENT)
    is_after = np.flatnonzero(since >= 0)
    person, since = person[is_after], since[is_after]
    # The imaging table comes patient by patient and day after day, so these numbers only rise.
    images = person.astype(np.int64) << 32 | since
    final, is_final = np.zeros(len(spines.index), dtype=np.int32), np.flatnonzero(last_rows(person))
    final[person[is_final]] = since[is_final]
    last = since_index(day_numbers(cohort.patients["last_imaging_date"]), spines.index, absent=ABSENT)
    last = np.where(last < spines.death, last, ABSENT)

    def latest(patient: np.ndarray, day: np.ndarray) -> np.ndarray:
        found = final[patient]
        # Most are followed to their final image; only the others have theirs looked for.
        seek = np.flatnonzero(found > day)
        start = patient[seek].astype(np.int64) << 32
        before = np.searchsorted(images, start + day[seek], side="right") - 1
        found[seek] = np.maximum(np.append(images, -1)[before] - start, 0)
        own = np.where(last[patient] <= day, last[patient], 0)
        return np.maximum(np.maximum(found, own), 0).astype(np.int32, copy=False)

    return latest
