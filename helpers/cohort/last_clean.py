"""The last image of each vertebra at risk that shows it whole."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from helpers.cohort.at_risk import FRACTURE, FollowUp
from helpers.cohort.clean import CleanCohort
from helpers.cohort.dates import ABSENT, day_numbers
from helpers.cohort.found_on import found_on, has_partial_dates
from helpers.cohort.spine_arrays import Spines, patient_codes, since_index


def last_clean_days(cohort: CleanCohort, followed: FollowUp) -> pd.arrays.IntegerArray:
    """Day of the last image before the fracture, or up to the end; 0 without one after day 0.

    The date of last imaging is an image like those of the imaging table. On the day of death it is none: cleaning
    moves dates from after death to that day. All are missing where there is no imaging table.

    An image without a day shows a vertebra whole on the first day it can be of. For a vertebra that was cemented later,
    or fractured, that holds only where the last day it can be of comes before the cement, or before the first day on
    which the fracture can have been found.
    """
    days, at_risk, end = followed.days, followed.at_risk, followed.end
    if not cohort.has_imaging:
        return pd.arrays.IntegerArray(np.ones_like(days), np.ones(len(days), dtype=bool))
    latest = _last_image(cohort, followed.spines)
    seen = at_risk.each(latest(np.arange(len(end)), end))
    # Most vertebrae end with their patient; only the others are looked up by themselves.
    row = followed.singly
    seen[row] = latest(followed.singly_of, days[row] - (followed.outcome[row] == FRACTURE))
    if has_partial_dates(cohort):
        surely_by = _last_image(cohort, followed.spines, by="last")
        seen[row] = surely_by(followed.singly_of, days[row])
        row, patient, first = at_risk.rows(found_on(cohort, followed).first)
        seen[row] = surely_by(patient, np.minimum(days[row], first - 1))
    return pd.arrays.IntegerArray(seen, np.zeros(len(days), dtype=bool))


def latest_days(cohort: CleanCohort, followed: FollowUp) -> np.ndarray:
    """The last day on which each vertebra's fracture can have been found; for all others the last day followed."""
    latest = followed.days.copy()
    row, _, last = followed.at_risk.rows(found_on(cohort, followed).last)
    row, last = row[followed.outcome[row] == FRACTURE], last[followed.outcome[row] == FRACTURE]
    latest[row] = np.maximum(latest[row], last)
    return latest


def _last_image(
    cohort: CleanCohort, spines: Spines, by: str = "first"
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A function of patients and days: the last day from day 0 up to this one with an image; 0 without any.

    An image without a day is of the first one it can be of. `by` says which of its days must lie in that time.
    """
    person = patient_codes(cohort.imaging)
    since = since_index(day_numbers(cohort.imaging["imaging_date"]), spines.index[person], absent=ABSENT)
    is_after = since >= 0
    # The imaging table comes patient by patient and day after day, so these numbers only rise.
    images = np.append(-1, (person.astype(np.int64) << 32 | since)[is_after])
    upto, last_upto = images, None
    last = since_index(day_numbers(cohort.patients["last_imaging_date"]), spines.index, absent=ABSENT)
    last = np.where(last < spines.death, last, ABSENT)
    if by == "last":
        upto, images = _by_last_day(cohort, spines, images, is_after)
        last_upto = _day_of(cohort.patients, "last_imaging_date_last", spines.index)
    last_upto = last if last_upto is None else np.maximum(last, last_upto)

    def latest(patient: np.ndarray, day: np.ndarray) -> np.ndarray:
        start = patient.astype(np.int64) << 32
        found = images[np.searchsorted(upto, start + day, side="right") - 1] - start
        own = np.where(last_upto[patient] <= day, last[patient], 0)
        return np.maximum(np.maximum(found, own), 0).astype(np.int32)

    return latest


def _by_last_day(cohort: CleanCohort, spines: Spines, images: np.ndarray, is_after: np.ndarray):
    """The images by the last day each can be of; and the latest first day of those up to each."""
    if "imaging_date_last" not in cohort.imaging:
        return images, images
    person = patient_codes(cohort.imaging)
    until = _day_of(cohort.imaging, "imaging_date_last", spines.index[person])
    upto = np.append(-1, (person.astype(np.int64) << 32 | until)[is_after])
    order = np.argsort(upto, kind="stable")
    # The patient stands before the day in these numbers, so the latest is one of the same patient.
    return upto[order], np.maximum.accumulate(images[order])


def _day_of(frame: pd.DataFrame, column: str, index: np.ndarray) -> np.ndarray | None:
    return since_index(day_numbers(frame[column]), index, absent=ABSENT) if column in frame else None
