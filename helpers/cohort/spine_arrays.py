"""The clean cohort laid out along the spine: levels packed into one integer, days from the first vertebroplasty."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort
from helpers.cohort.dates import ABSENT, NEVER, day_numbers
from helpers.cohort.runs import first_rows, last_rows
from helpers.cohort.spine import N_SLOTS, pack, present, unpack

FRACTURES = ("new", "prevalent", "progression")
# Of every packed integer: those with one level more count one more than those before.
_COUNT = np.zeros(1, dtype=np.int8)
for _ in range(N_SLOTS):
    _COUNT = np.append(_COUNT, _COUNT + np.int8(1))


@dataclass(frozen=True, eq=False)
class VertebraDays:
    """The vertebrae to which something happened, each once and in order, and the day it first did.

    `vertebra` is the patient's place times 19 plus the slot.
    """

    vertebra: np.ndarray
    day: np.ndarray

    @property
    def patient(self) -> np.ndarray:
        return self.vertebra // N_SLOTS

    @property
    def slot(self) -> np.ndarray:
        return self.vertebra % N_SLOTS

    def of(self, vertebra: np.ndarray) -> np.ndarray:
        """The day of each of these vertebrae; `NEVER` where it did not happen."""
        place = np.searchsorted(self.vertebra, vertebra)
        is_there = np.append(self.vertebra, -1)[place] == vertebra
        return np.where(is_there, np.append(self.day, NEVER)[place], NEVER)


@dataclass(frozen=True, eq=False)
class Spines:
    """The cohort as arrays, one entry per patient; days count from each patient's first vertebroplasty.

    `index` is that day since 1970. Packed levels (`spine.pack`) are `levels`, those the patient has, `cemented`, on
    day 0, and `prevalent`, fractured before anything new was found there. Days that never come are `NEVER`;
    `last_seen`, and `last_image`, that of the imaging table, are `ABSENT` where nothing is known. Of single vertebrae:
    cement after day 0 where there was none, new fractures, progressions.
    """

    index: np.ndarray
    levels: np.ndarray
    cemented: np.ndarray
    prevalent: np.ndarray
    next_procedure: np.ndarray
    death: np.ndarray
    last_seen: np.ndarray
    last_image: np.ndarray
    later_cement: VertebraDays
    new: VertebraDays
    progression: VertebraDays


def spine_arrays(cohort: CleanCohort) -> Spines:
    """Lay the clean tables out along the spine."""
    n, patients, procedures = len(cohort.patients), cohort.patients, cohort.procedures
    # The clean tables come patient by patient and day after day, so a patient's first row is the earliest.
    person, day = patient_codes(procedures), day_numbers(procedures["procedure_date"])
    index = _of_first_rows(person, day, n)
    since = day - index[person]
    is_later, images = since > 0, latest_of(cohort.imaging, "imaging_date", n)
    return Spines(
        index=index,
        levels=own_levels(patients),
        next_procedure=_of_first_rows(person[is_later], since[is_later], n),
        death=since_index(day_numbers(patients["death_date"]), index, absent=NEVER),
        last_seen=since_index(_last_seen(cohort, images), index, absent=ABSENT),
        last_image=since_index(images, index, absent=ABSENT),
        **_cement(person, since, procedures["level_mask"].to_numpy(), n),
        **_fractures(cohort, index),
    )


def with_cement(spines: Spines, procedures: pd.DataFrame) -> Spines:
    """The same cohort with the cement of other procedures, on the same days at other levels."""
    person = patient_codes(procedures)
    since = day_numbers(procedures["procedure_date"]) - spines.index[person]
    return replace(spines, **_cement(person, since, procedures["level_mask"].to_numpy(), len(spines.index)))


def own_levels(patients: pd.DataFrame) -> np.ndarray:
    """The levels that each patient's spine has, packed."""
    thoracic, lumbar = (patients[name].to_numpy(dtype=np.int64) for name in ("thoracic_vertebrae", "lumbar_vertebrae"))
    kind, distinct = pd.factorize(thoracic * 100 + lumbar)
    return pack(present(distinct // 100, distinct % 100))[kind]


def patient_codes(frame: pd.DataFrame) -> np.ndarray:
    """Place of each row's patient among the patients."""
    return frame["patient"].cat.codes.to_numpy()


def since_index(day: np.ndarray, index: np.ndarray, *, absent) -> np.ndarray:
    """Days since the first procedure (int32); `absent` where either is not known."""
    is_known = (day != ABSENT) & (index != NEVER)
    return np.where(is_known, day - index, absent)


def patient_day_keys(patient: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Patient and day as one integer, in order of patient, then day."""
    return (patient.astype(np.int64) << 32) + day


def count_levels(masks: np.ndarray) -> np.ndarray:
    """How many levels each packed integer holds (int8)."""
    return _COUNT.take(masks.astype(np.intp))


def first_days(vertebra: np.ndarray, day: np.ndarray) -> VertebraDays:
    """Each vertebra once, with its first row's day."""
    vertebra, first = np.unique(vertebra, return_index=True)
    return VertebraDays(vertebra, day[first])


def _of_first_rows(person: np.ndarray, day: np.ndarray, n: int) -> np.ndarray:
    first, days = first_rows(person), np.full(n, NEVER)
    days[person[first]] = day[first]
    return days


def _cement(person: np.ndarray, since: np.ndarray, masks: np.ndarray, n: int) -> dict:
    is_later = since > 0
    cemented = _all_levels(person[~is_later], masks[~is_later], n)
    person, since, masks = person[is_later], since[is_later], masks[is_later]
    row, slot = np.nonzero(unpack(masks & ~cemented[person]))
    return {"cemented": cemented, "later_cement": first_days(_vertebra(person[row], slot), since[row])}


def _all_levels(person: np.ndarray, masks: np.ndarray, n: int) -> np.ndarray:
    """The levels of all rows of each patient, packed."""
    levels, first = np.zeros(n, dtype=np.uint32), np.flatnonzero(first_rows(person))
    levels[person[first]] = np.bitwise_or.reduceat(masks, first)
    return levels


def _vertebra(person: np.ndarray, slot: np.ndarray) -> np.ndarray:
    return person.astype(np.int64) * N_SLOTS + slot


def _last_seen(cohort: CleanCohort, images: np.ndarray) -> np.ndarray:
    """Last imaging, else the latest row of imaging, else last contact; not before the latest fracture.

    A patient without any of these is not followed: a fracture alone would let in only those who had one.
    """
    patients = cohort.patients
    death = day_numbers(patients["death_date"])
    death = np.where(death == ABSENT, NEVER, death)
    last = day_numbers(patients["last_imaging_date"])
    last = np.where(last == ABSENT, np.minimum(images, death), last)
    last = np.where(last == ABSENT, day_numbers(patients["last_contact_date"]), last)
    fracture = latest_of(cohort.fractures, "diagnosis_date", len(last))
    return np.where(last == ABSENT, ABSENT, np.maximum(last, fracture))


def latest_of(frame: pd.DataFrame, column: str, n: int) -> np.ndarray:
    """The latest day of each of n patients, whose rows stand day after day; `ABSENT` without a row."""
    person, latest = patient_codes(frame), np.full(n, ABSENT)
    last = np.flatnonzero(last_rows(person))
    latest[person[last]] = day_numbers(frame[column].to_numpy().take(last))
    return latest


def _fractures(cohort: CleanCohort, index: np.ndarray) -> dict:
    fractures = cohort.fractures
    person, slot = patient_codes(fractures), fractures["level"].cat.codes.to_numpy()
    diagnosed, index_of = day_numbers(fractures["diagnosis_date"]), index[person]
    day = since_index(diagnosed, index_of, absent=NEVER)
    day[(diagnosed == ABSENT) & (index_of != NEVER)] = ABSENT  # only old fractures have no date
    vertebra, status = _vertebra(person, slot), fractures["status"]
    rows = {name: np.flatnonzero((status == name).to_numpy() & (day < NEVER)) for name in FRACTURES}
    new, progression = (first_days(vertebra[rows[name]], day[rows[name]]) for name in ("new", "progression"))
    old = rows["prevalent"]
    # Most are from before anything new was found in anyone.
    is_late = np.flatnonzero(day[old] > new.day.min(initial=NEVER))
    old = np.delete(old, is_late[day[old[is_late]] > new.of(vertebra[old[is_late]])])
    prevalent = _all_levels(person[old], np.uint32(1) << slot[old].astype(np.uint32), len(index))
    return {"new": new, "prevalent": prevalent, "progression": progression}
