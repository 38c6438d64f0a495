"""Which vertebrae are at risk, and how each is followed: one row per vertebra."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_

import numpy as np

from helpers.cohort.clean import CleanCohort
from helpers.cohort.dates import ABSENT, NEVER
from helpers.cohort.spine import N_SLOTS, pack, unpack
from helpers.cohort.spine_arrays import Spines, VertebraDays, count_levels, first_days, spine_arrays

OUTCOMES = ("censored", "fracture", "death")
CENSORED, FRACTURE, DEATH = (np.int8(place) for place in range(3))
# Patients at a time, whose rows stay in the cache.
BLOCK = 2**12
_ALL_LEVELS = np.uint32((1 << N_SLOTS) - 1)


@dataclass(frozen=True, eq=False)
class AtRisk:
    """The vertebrae at risk, one row each, patient by patient from cranial to caudal.

    `levels` has those of every patient, packed.
    """

    levels: np.ndarray

    @cached_property
    def number(self) -> np.ndarray:
        """How many rows each patient has."""
        return count_levels(self.levels)

    @cached_property
    def before(self) -> np.ndarray:
        """How many rows there are before those of each patient, and in all."""
        return np.append(0, np.cumsum(self.number, dtype=np.int64))

    @cached_property
    def patient(self) -> np.ndarray:
        """Each row's patient."""
        return self.each(np.arange(len(self.levels), dtype=np.int32))

    @cached_property
    def slot(self) -> np.ndarray:
        """Each row's slot."""
        slots = np.tile(np.arange(N_SLOTS, dtype=np.int8), BLOCK)
        found = np.empty(self.before[-1], dtype=np.int8)
        for patients, rows in self._blocks():
            found[rows] = slots.take(np.flatnonzero(unpack(self.levels[patients])))
        return found

    def each(self, of_patient: np.ndarray) -> np.ndarray:
        """Give every row what its patient has."""
        found = np.empty(self.before[-1], dtype=of_patient.dtype)
        for patients, rows in self._blocks():
            found[rows] = np.repeat(of_patient[patients], self.number[patients])
        return found

    def look_up(self, line: np.ndarray, *tables: np.ndarray) -> list[np.ndarray]:
        """Give every row its own of tables that are lines x 19; `line` is that of each patient."""
        found = [np.empty(len(self.slot), dtype=table.dtype) for table in tables]
        start = line * N_SLOTS
        for patients, rows in self._blocks():
            place = np.repeat(start[patients], self.number[patients]) + self.slot[rows]
            for own, table in zip(found, tables, strict=True):
                own[rows] = table.ravel().take(place)
        return found

    def rows(self, days: VertebraDays) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The rows of those of these vertebrae that are at risk, their patients, and the day of each."""
        patient, bit = days.patient, np.uint32(1) << days.slot.astype(np.uint32)
        is_own = (self.levels[patient] & bit) > 0
        patient, bit = patient[is_own], bit[is_own]
        row = self.before[patient] + count_levels(self.levels[patient] & (bit - np.uint32(1)))
        return row, patient, days.day[is_own]

    def _blocks(self) -> Iterator[tuple[slice, slice]]:
        """Some patients after the other, and their rows."""
        for start in range(0, len(self.levels), BLOCK):
            patients = slice(start, min(start + BLOCK, len(self.levels)))
            yield patients, slice(self.before[patients.start], self.before[patients.stop])


@dataclass(frozen=True, eq=False)
class FollowUp:
    """Which vertebrae are at risk, and how each is followed.

    `exclusions` has by rule the levels of each patient it excludes, packed. `end` is each patient's last day since
    the first vertebroplasty; `days` that of every row at risk, and `outcome` how it ended, a place in `OUTCOMES`.
    No row but those in `singly`, whose patients are `singly_of`, ends otherwise than its patient. `event` has the
    fractures that can end a vertebra's follow-up, those after its end too.
    """

    spines: Spines
    exclusions: dict[str, np.ndarray]
    at_risk: AtRisk
    end: np.ndarray
    days: np.ndarray
    outcome: np.ndarray
    singly: np.ndarray
    singly_of: np.ndarray
    event: VertebraDays


def follow_up(
    cohort: CleanCohort,
    at_risk_slots: np.ndarray,
    *,
    prevalent_fractures: str,
    later_vertebroplasty: str,
    death_follow_up: str,
    spines: Spines | None = None,
) -> FollowUp:
    """Say which vertebrae are at risk and how each is followed.

    The choices are those of `risk_table.build_risk_table`; `at_risk_slots` are the slots of its levels (bool, 19).
    `spines` are those of the cohort, where it was laid out before.
    """
    spines = spine_arrays(cohort) if spines is None else spines
    keep, to_death = prevalent_fractures == "keep", death_follow_up == "death"
    is_followed = (spines.last_seen > ABSENT) | ((spines.death < NEVER) & to_death)
    is_lost = cohort.patients["procedure_set_aside"].to_numpy(dtype=bool)
    exclusions = {
        "procedure_set_aside": is_lost * _ALL_LEVELS,
        "no_vertebroplasty": (spines.index == NEVER) * _ALL_LEVELS,
        "no_follow_up": ~is_followed * _ALL_LEVELS,
        "cemented": spines.cemented,
        "outside_levels": np.full(len(is_lost), pack(~at_risk_slots)),
        "prevalent": np.zeros_like(spines.prevalent) if keep else spines.prevalent,
    }
    at_risk = AtRisk(spines.levels & ~reduce(or_, exclusions.values()))
    event = _new_or_progressed(spines) if keep else spines.new
    end = np.where((spines.death < NEVER) & to_death, spines.death, np.maximum(spines.last_seen, 0))
    if later_vertebroplasty == "censor":
        end = np.minimum(end, spines.next_procedure)
    return FollowUp(spines, exclusions, at_risk, end, *_ends(spines, at_risk, event, end), event)


def _new_or_progressed(spines: Spines) -> VertebraDays:
    """New fractures, and progressions after day 0 of those that were there."""
    is_after = spines.progression.day > 0
    vertebra = np.concatenate([spines.new.vertebra, spines.progression.vertebra[is_after]])
    day = np.concatenate([spines.new.day, spines.progression.day[is_after]])
    order = np.lexsort((day, vertebra))
    return first_days(vertebra[order], day[order])


def _ends(spines: Spines, at_risk: AtRisk, event: VertebraDays, end: np.ndarray) -> tuple[np.ndarray, ...]:
    """Last day and outcome of every vertebra at risk: its patient's, but for those cemented or fractured before.

    The rows of these, and whose they are, come with them.
    """
    days, outcome = at_risk.each(end), at_risk.each(np.where(spines.death <= end, DEATH, CENSORED))
    later, of_later, cemented = at_risk.rows(spines.later_cement)
    days[later] = np.minimum(days[later], cemented)
    outcome[later] = np.where(spines.death[of_later] <= days[later], DEATH, CENSORED)
    row, of_row, fractured = at_risk.rows(event)
    is_seen = fractured <= days[row]
    row, of_row = row[is_seen], of_row[is_seen]
    days[row] = np.maximum(fractured[is_seen], 0)
    outcome[row] = FRACTURE
    return days, outcome, np.concatenate([later, row]), np.concatenate([of_later, of_row])
