"""Rows counted by moment, group and outcome: all that a curve or a likelihood needs of them.

A moment is a distinct time in a stratum. What a row contributes to a variance depends only on its place in this table,
so it is looked up, never computed by row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from helpers.estimators.distinct import distinct, runs

LARGEST = 2**31


@dataclass(frozen=True, eq=False)
class Moments:
    """How many rows leave, and how many enter, at each moment; the tables of two parts of a cohort add up.

    Attributes
    ----------
    stratum, time : array (moments,)
        In order of stratum, then time.
    leaving : array of int (moments, groups, outcomes)
        Rows by what they leave with: 0 censored, 1 the event, 2 a competing one.
    entering : array of int (moments, groups)
        Rows at risk only after then; those at risk from the start enter at no moment.
    """

    stratum: np.ndarray
    time: np.ndarray
    leaving: np.ndarray
    entering: np.ndarray

    def __add__(self, other: "Moments") -> "Moments":
        """Two parts of a cohort as one; strata have the same codes in both."""
        stratum, time, here, there = _together(self, other)
        leaving = np.zeros((len(time), *self.leaving.shape[1:]), dtype=np.int64)
        entering = np.zeros((len(time), *self.entering.shape[1:]), dtype=np.int64)
        for part, place in ((self, here), (other, there)):
            leaving[place] += part.leaving
            entering[place] += part.entering
        return Moments(stratum, time, leaving, entering)

    def within(self, after: float, through: float | None) -> "Moments":
        """The same with only the events of after < time <= through; those elsewhere count as censored.

        That is the follow-up seen in a window. A window from 0 keeps day 0.
        """
        is_outside = np.zeros(len(self.time), dtype=bool) if through is None else self.time > through
        if after > 0:
            is_outside |= self.time <= after
        leaving, outside = self.leaving.copy(), self.events * is_outside[:, None]
        leaving[:, :, 0] += outside
        leaving[:, :, 1] -= outside
        return replace(self, leaving=leaving)

    def of_group(self, group: int) -> "Moments":
        """The same of one group alone."""
        return replace(self, leaving=self.leaving[:, [group]], entering=self.entering[:, [group]])

    def ungrouped(self) -> "Moments":
        """The same with all groups as one."""
        sums = (table.sum(axis=1, keepdims=True) for table in (self.leaving, self.entering))
        return Moments(self.stratum, self.time, *sums)

    @property
    def events(self) -> np.ndarray:
        """Events at each moment, by group."""
        return self.leaving[:, :, 1]

    @cached_property
    def n_events(self) -> np.ndarray:
        """Events at each moment, of all groups together."""
        # Where moments are many and groups two this is several times faster than `sum`.
        return np.einsum("mg->m", self.events)

    @cached_property
    def at_risk(self) -> np.ndarray:
        """Rows at risk just before each moment, by group: those still to leave, less those still to enter."""
        still = np.cumsum((np.einsum("mgo->mg", self.leaving) - self.entering)[::-1], axis=0)[::-1]
        beyond = np.concatenate([still, np.zeros((1, still.shape[1]), dtype=still.dtype)])
        start, length = self._strata
        return still - np.repeat(beyond[start + length], length, axis=0)

    @cached_property
    def stratum_start(self) -> np.ndarray:
        """The first moment of the stratum of each moment."""
        return np.repeat(*self._strata)

    @cached_property
    def _strata(self) -> tuple[np.ndarray, np.ndarray]:
        return runs(self.stratum)


def moments_after_one_another(parts: Sequence[Moments]) -> Moments:
    """Parts of a cohort as one where no stratum is in two of them: those of the second get codes after the first's."""
    n_strata = np.array([part.stratum.max(initial=-1) + 1 for part in parts])
    strata = [part.stratum + before for part, before in zip(parts, np.cumsum(n_strata) - n_strata, strict=True)]
    columns = zip(*((part.time, part.leaving, part.entering) for part in parts), strict=True)
    return Moments(np.concatenate(strata), *map(np.concatenate, columns))


def places_in(stratum: np.ndarray, time: np.ndarray, part: Moments) -> np.ndarray:
    """Which of the moments of a whole cohort are those of a part of it."""
    whole = Moments(stratum, time, part.leaving[:0], part.entering[:0])
    return _together(whole, part)[3]


def distinct_moments(rows: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    """Stratum and time of the distinct moments, and which of them each row leaves at, and enters after."""
    times = [rows[name] for name in ("days", "entry") if name in rows]
    if "strata" not in rows:
        time, *places = distinct(*times)
        return np.zeros(len(time), dtype=np.int64), time, *places
    whole = all(time.dtype.kind in "iu" for time in times)
    time, *times = (None, *times) if whole else distinct(*times)
    n = 1 + max(int(time.max(initial=0)) for time in times)
    highest = (1 + int(rows["strata"].max(initial=0))) * n
    strata = rows["strata"].astype(np.int32 if highest < LARGEST else np.int64) * n
    keys, *places = distinct(*(strata + time for time in times))
    stratum, at = np.divmod(keys, n)
    return stratum, at if whole else time[at], *places


def _together(one: Moments, other: Moments) -> tuple[np.ndarray, ...]:
    """Stratum and time of the moments of both, and which of them are those of each."""
    both = {"strata": (one.stratum, other.stratum), "days": (one.time, other.time)}
    stratum, time, place = distinct_moments({name: np.concatenate(parts) for name, parts in both.items()})
    return stratum, time, *np.split(place, [len(one.time)])
