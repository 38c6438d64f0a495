"""How far each vertebra is from cement, and how that changes when new cement comes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.cohort.at_risk import AtRisk
from helpers.cohort.runs import last_rows
from helpers.cohort.spine import N_SLOTS, unpack
from helpers.cohort.spine_arrays import Spines, patient_day_keys

DIRECTIONS = ("above", "below", "between")
_FAR = np.int8(127)


@dataclass(frozen=True, eq=False)
class NearCement:
    """Levels to the nearest cement and where it lies, for every distinct pair of a spine and its cement.

    `pattern` says which pair each spine has; `distance` (127 without cement) and `direction`, a place in
    `DIRECTIONS`, are int8, pairs x 19.
    """

    pattern: np.ndarray
    distance: np.ndarray
    direction: np.ndarray


@dataclass(frozen=True, eq=False)
class NewCement:
    """The days after day 0 on which vertebrae were first cemented: one entry per patient and day, in that order.

    `cemented` has the levels cemented by then, packed; `first` the place of each patient's first entry, and one
    more at the end.
    """

    patient: np.ndarray
    day: np.ndarray
    cemented: np.ndarray
    first: np.ndarray

    def before_the_end(self, at_risk: AtRisk, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rows at risk whose patients had new cement before the row's last day, and on how many days."""
        row = np.flatnonzero(at_risk.each(np.diff(self.first) > 0))
        patient = at_risk.patient[row]
        before = np.searchsorted(patient_day_keys(self.patient, self.day), patient_day_keys(patient, days[row]))
        number = before - self.first[patient]
        return row[number > 0], number[number > 0]


def nearest_cement(levels: np.ndarray, cemented: np.ndarray) -> NearCement:
    """Measure along each spine how far its vertebrae are from its cement.

    Parameters
    ----------
    levels, cemented : ndarray of uint32
        The levels a spine has, and those cemented, packed.
    """
    pattern, distinct = pd.factorize(levels.astype(np.int64) << N_SLOTS | cemented)
    has_slot, is_cement = unpack(distinct >> N_SLOTS), unpack(distinct & ((1 << N_SLOTS) - 1))
    place = np.cumsum(has_slot, axis=1, dtype=np.int8)
    # Counted from each slot: the last cement passed on the way down, and on the way up.
    upper, lower = (np.full(place.shape, absent) for absent in (-_FAR, _FAR))
    upper[:, 1:] = np.maximum.accumulate(np.where(is_cement, place, -_FAR), axis=1)[:, :-1]
    lower[:, :-1] = np.minimum.accumulate(np.where(is_cement, place, _FAR)[:, ::-1], axis=1)[:, -2::-1]
    above = np.where(upper > -_FAR, place - upper, _FAR)
    below = np.where(lower < _FAR, lower - place, _FAR)
    direction = np.select([below < above, above < below], [np.int8(0), np.int8(1)], np.int8(2))
    return NearCement(pattern, np.minimum(above, below), direction)


def new_cement(spines: Spines) -> NewCement:
    """The days on which new cement came to each patient."""
    later = spines.later_cement
    key = patient_day_keys(later.patient, later.day)
    order = np.argsort(key, kind="stable")
    key, patient = key[order], later.patient[order]
    # A vertebra is first cemented once, so levels add up as their bits do.
    added = np.cumsum(np.int64(1) << later.slot[order])
    before = np.append(0, added)[np.searchsorted(patient, patient)]
    cemented = spines.cemented[patient] | (added - before).astype(np.uint32)
    last = np.flatnonzero(last_rows(key))
    first = np.searchsorted(patient[last], np.arange(len(spines.index) + 1))
    return NewCement(patient[last], later.day[order][last], cemented[last], first)
