"""The last image of each vertebra at risk that shows it whole."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from helpers.cohort.at_risk import FRACTURE, FollowUp
from helpers.cohort.clean import CleanCohort
from helpers.cohort.dates import ABSENT, day_numbers
from helpers.cohort.found_on import found_on, has_partial_dates
from helpers.cohort.spine_arrays import Spines, patient_codes, patient_day_keys, since_index

Latest = Callable[[np.ndarray, np.ndarray], np.ndarray]


def last_clean_days(cohort: CleanCohort, followed: FollowUp) -> np.ndarray:
    """Day of the last image before the fracture, or up to the end; 0 without one after day 0.

    The date of last imaging is an image like those of the imaging table. On the day of death it is none: cleaning
    moves dates from after death to that day. Without an imaging table no day is known, and these mean nothing.

    An image without a day shows a vertebra whole on the first day it can be of. For a vertebra that was cemented later,
    or fractured, that holds only where the last day it can be of comes before the cement, or before the first day on
    which the fracture can have been found.
    """
    days, at_risk, end = followed.days, followed.at_risk, followed.end
    if not cohort.has_imaging:
        return np.ones_like(days)
    latest = _last_image(cohort, followed.spines)
    seen = at_risk.each(latest(np.arange(len(end)), end))
    # Most vertebrae end with their patient; only the others are looked up by themselves.
    row = followed.singly
    seen[row] = latest(followed.singly_of, days[row] - (followed.outcome[row] == FRACTURE))
    if has_partial_dates(cohort):
        surely_by = _last_image_surely_by(cohort, followed.spines)
        seen[row] = surely_by(followed.singly_of, days[row])
        row, patient, first = at_risk.rows(found_on(cohort, followed).first)
        seen[row] = surely_by(patient, np.minimum(days[row], first - 1))
    return seen


def latest_days(cohort: CleanCohort, followed: FollowUp) -> np.ndarray:
    """The last day on which each vertebra's fracture can have been found; for all others the last day followed."""
    latest = followed.days.copy()
    row, _, last = followed.at_risk.rows(found_on(cohort, followed).last)
    row, last = row[followed.outcome[row] == FRACTURE], last[followed.outcome[row] == FRACTURE]
    latest[row] = np.maximum(latest[row], last)
    return latest


def _last_image(cohort: CleanCohort, spines: Spines) -> Latest:
    """A function of patients and days: the last day from day 0 up to this one with an image; 0 without any.

    An image without a day is of the first one it can be of.
    """
    index = spines.index
    images = patient_day_keys(patient_codes(cohort.imaging), day_numbers(cohort.imaging["imaging_date"]))
    final, last = spines.last_image, _last_imaging(cohort, spines)

    def latest(patient: np.ndarray, day: np.ndarray) -> np.ndarray:
        found = final[patient]
        # Most are followed to their final image; only the others have theirs looked for.
        seek = np.flatnonzero(found > day)
        day_0 = patient_day_keys(patient[seek], index[patient[seek]])
        place = np.searchsorted(images, day_0 + day[seek], side="right") - 1
        # Without an image by then the place is that of another patient's, or of none, and counts as before day 0.
        found[seek] = np.where(place < 0, 0, np.maximum(images[place] - day_0, 0))
        own = np.where(last[patient] <= day, last[patient], 0)
        return np.maximum(np.maximum(found, own), 0).astype(np.int32, copy=False)

    return latest


def _last_image_surely_by(cohort: CleanCohort, spines: Spines) -> Latest:
    """The same of the images all of whose possible days lie in that time: the latest first day of any of them."""
    person, since = _images(cohort, spines)
    images = upto = patient_day_keys(person, since)
    if "imaging_date_last" in cohort.imaging:
        person, until = _images(cohort, spines, until="imaging_date_last")
        upto = patient_day_keys(person, until)
        order = np.argsort(upto, kind="stable")
        # The patient stands before the day in these numbers, so the latest is one of the same patient.
        upto, images = upto[order], np.maximum.accumulate(images[order])
    upto, images = np.append(-1, upto), np.append(-1, images)
    last = last_upto = _last_imaging(cohort, spines)
    if "last_imaging_date_last" in cohort.patients:
        last_upto = np.maximum(last, _day_of(cohort.patients, "last_imaging_date_last", spines.index))

    def latest(patient: np.ndarray, day: np.ndarray) -> np.ndarray:
        start = patient.astype(np.int64) << 32
        found = images[np.searchsorted(upto, start + day, side="right") - 1] - start
        own = np.where(last_upto[patient] <= day, last[patient], 0)
        return np.maximum(np.maximum(found, own), 0).astype(np.int32)

    return latest


def _images(cohort: CleanCohort, spines: Spines, until: str = "imaging_date") -> tuple[np.ndarray, np.ndarray]:
    """Patient and day of the images from day 0 on, patient by patient and day after day as in their table."""
    person = patient_codes(cohort.imaging)
    is_after = np.flatnonzero(_day_of(cohort.imaging, "imaging_date", spines.index[person]) >= 0)
    return person[is_after], _day_of(cohort.imaging, until, spines.index[person])[is_after]


def _last_imaging(cohort: CleanCohort, spines: Spines) -> np.ndarray:
    last = _day_of(cohort.patients, "last_imaging_date", spines.index)
    return np.where(last < spines.death, last, ABSENT)


def _day_of(frame: pd.DataFrame, column: str, index: np.ndarray) -> np.ndarray:
    return since_index(day_numbers(frame[column]), index, absent=ABSENT)
