"""The clean cohort laid out along the spine: patients x 19 slots, days from the first vertebroplasty."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort
from helpers.cohort.dates import ABSENT, NEVER, day_numbers
from helpers.cohort.spine import N_SLOTS, position


@dataclass(frozen=True)
class Spines:
    """The cohort as arrays, patients x 19 slots; days count from each patient's first vertebroplasty.

    `index` is that day since 1970, `place` the slot's place in the patient's own spine (-1 where absent).
    Days that never come are `NEVER`; `last_seen` is `ABSENT` where nothing is known.
    """

    index: np.ndarray
    place: np.ndarray
    first_cement: np.ndarray
    new: np.ndarray
    prevalent: np.ndarray
    progression: np.ndarray
    next_procedure: np.ndarray
    death: np.ndarray
    last_seen: np.ndarray


def spine_arrays(cohort: CleanCohort) -> Spines:
    """Lay the clean tables out along the spine."""
    n = len(cohort.patients)
    patients, procedures = cohort.patients, cohort.procedures
    person, day = patient_codes(procedures), day_numbers(procedures["procedure_date"])
    index = np.full(n, NEVER)
    np.minimum.at(index, person, day)
    since = day - index[person]
    following = np.full(n, NEVER)
    np.minimum.at(following, person[since > 0], since[since > 0])
    first_cement = np.full((n, N_SLOTS), NEVER)
    masks = procedures["level_mask"].to_numpy()
    for slot in range(N_SLOTS):
        where = (masks >> np.uint32(slot) & np.uint32(1)).astype(bool)
        np.minimum.at(first_cement[:, slot], person[where], since[where])
    return Spines(
        index=index,
        place=position(patients["thoracic_vertebrae"], patients["lumbar_vertebrae"]),
        first_cement=first_cement,
        **{status: _first_fracture(cohort, index, status) for status in ("new", "prevalent", "progression")},
        next_procedure=following,
        death=since_index(day_numbers(patients["death_date"]), index, absent=NEVER),
        last_seen=since_index(_last_seen(cohort), index, absent=ABSENT),
    )


def patient_codes(frame: pd.DataFrame) -> np.ndarray:
    return frame["patient"].cat.codes.to_numpy().astype(np.int64)


def since_index(day: np.ndarray, index: np.ndarray, *, absent) -> np.ndarray:
    """Days since the first procedure; `absent` where either is not known."""
    is_known = (day != ABSENT) & (index != NEVER)
    return np.where(is_known, day.astype(np.int64) - index, absent).astype(np.int32)


def _last_seen(cohort: CleanCohort) -> np.ndarray:
    """Last imaging, else the latest row of imaging, else last contact; not before the latest fracture.

    A patient without any of these is not followed: a fracture alone would let in only those who had one.
    """
    patients = cohort.patients
    death = day_numbers(patients["death_date"])
    death = np.where(death == ABSENT, NEVER, death)
    last = day_numbers(patients["last_imaging_date"])
    latest = np.full(len(patients), ABSENT)
    np.maximum.at(latest, patient_codes(cohort.imaging), day_numbers(cohort.imaging["imaging_date"]))
    last = np.where(last == ABSENT, np.minimum(latest, death), last)
    last = np.where(last == ABSENT, day_numbers(patients["last_contact_date"]), last)
    fracture = np.full(len(patients), ABSENT)
    np.maximum.at(fracture, patient_codes(cohort.fractures), day_numbers(cohort.fractures["diagnosis_date"]))
    return np.where(last == ABSENT, ABSENT, np.maximum(last, fracture))


def _first_fracture(cohort: CleanCohort, index, status: str) -> np.ndarray:
    fractures = cohort.fractures[cohort.fractures["status"] == status]
    first = np.full((len(cohort.patients), N_SLOTS), NEVER)
    person = patient_codes(fractures)
    day = since_index(day_numbers(fractures["diagnosis_date"]), index[person], absent=NEVER)
    np.minimum.at(first, (person, fractures["level"].cat.codes.to_numpy().astype(np.int64)), day)
    return first
