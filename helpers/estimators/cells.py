"""Rows counted into moments, and where each of them stands there.

Rows that are alike in all that was asked of them are put together on the way, so that they are looked up once.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from helpers.estimators.distinct import looked_up, n_distinct, runs
from helpers.estimators.kinds import Kinds
from helpers.estimators.moments import LARGEST, Moments, distinct_moments, places_in

# Where no more than one in ten of the first rows are alike, none are put together.
FIRST, MOSTLY = 10_000, 0.9
BLOCK = 2**16
COUNTED = {"days", "group", "outcome"}


@dataclass(frozen=True, eq=False)
class Cells:
    """Where rows stand in their table by moment; alike rows of a patient that follow one another stand there as one.

    Attributes
    ----------
    moments : Moments
    leaving : array of int (rows,)
        Place in `moments.leaving`, laid flat.
    entering : array of int (rows,) or None
        Place in `moments.entering`, laid flat; None where all are at risk from the start.
    count : array of int (rows,) or None
        How many rows each stands for; None where each stands for itself.
    patients : array of int (rows,) or None
        Codes below `n_codes`, of which `n_patients` occur.
    kind : array of int (rows,) or None
        What else was asked of rows to be alike.
    """

    moments: Moments
    leaving: np.ndarray
    entering: np.ndarray | None
    count: np.ndarray | None
    patients: np.ndarray | None
    n_codes: int
    n_patients: int | None
    kind: np.ndarray | None

    @classmethod
    def of(cls, *, shape: tuple[int, int], **columns: np.ndarray | None) -> "Cells":
        """Count checked rows.

        Parameters
        ----------
        shape : (int, int)
            How many groups and outcomes there are.
        days, outcome : array (rows,)
        group, entry, patients, strata, kind : array (rows,) or None
            Group and outcome are whole numbers (or booleans) below `shape`; patients, strata and kinds are codes from
            0. Where strata are the patients those without an event are left out: nothing is compared within them.
        """
        rows = {name: column for name, column in columns.items() if column is not None}
        sizes = _sizes(rows, shape)
        if not (sizes and rows.keys() <= COUNTED):
            rows = _alike(rows)
        n_codes, n_patients = 0, None
        if "patients" in rows:
            n_codes, n_patients = int(rows["patients"].max(initial=-1)) + 1, n_distinct(rows["patients"])
            if "strata" in rows and np.array_equal(rows["strata"], rows["patients"]):
                has_event = np.bincount(rows["patients"], rows["outcome"] == 1, minlength=n_codes) > 0
                rows = _picked(rows, np.flatnonzero(has_event[rows["patients"]]))
        moments, leaves, at_entry, count = _counted(rows, shape, sizes) if sizes else _placed(rows, shape)
        return cls(moments, leaves, at_entry, count, rows.get("patients"), n_codes, n_patients, rows.get("kind"))

    def placed_in(self, whole: Moments) -> "Cells":
        """The same rows in the table of a whole cohort, of which their own is a part."""
        moment = places_in(whole.stratum, whole.time, self.moments)
        _, n_groups, n_outcomes = whole.leaving.shape
        leaving, entering = (
            None if place is None else moment[place // size] * size + place % size
            for place, size in ((self.leaving, n_groups * n_outcomes), (self.entering, n_groups))
        )
        return replace(self, moments=whole, leaving=leaving, entering=entering)

    def first_events(self) -> np.ndarray:
        """How many patients have their first event at each moment; an array (moments,)."""
        n_moments, n_groups, n_outcomes = self.moments.leaving.shape
        is_event = np.flatnonzero(self.leaving % n_outcomes == 1)
        first = np.full(self.n_codes, n_moments)
        np.minimum.at(first, self.patients[is_event], self.leaving[is_event] // (n_groups * n_outcomes))
        return np.bincount(first, minlength=n_moments + 1)[:n_moments]

    def left_by_patient(self) -> np.ndarray:
        """How many rows of each patient left with what; an array (groups, outcomes, codes)."""
        _, *shape = self.moments.leaving.shape
        cell = Kinds((self.leaving % math.prod(shape),), (math.prod(shape),))
        return cell.counts_by(self.patients, self.n_codes, self.count).reshape(*shape, -1)

    def by_patient(self, leaving: np.ndarray, entering: np.ndarray | None = None) -> np.ndarray:
        """What rows leave with by a table like `moments.leaving`, and enter with, looked up and added up by patient."""
        leaving = leaving.ravel()
        entering = None if self.entering is None or entering is None else entering.ravel()

        def looked_up(rows: slice) -> np.ndarray:
            values = leaving[self.leaving[rows]]
            return values if entering is None else values + entering[self.entering[rows]]

        return self.added_up(looked_up)

    def added_up(self, values_of: Callable[[slice], np.ndarray]) -> np.ndarray:
        """Values of rows added up by patient, each as often as there are rows alike; they are asked for in blocks."""
        total = np.zeros(self.n_codes)
        for rows in _blocks(len(self.leaving), BLOCK):
            values, whose = values_of(rows), self.patients[rows]
            first = int(whose.min())
            sums = np.bincount(whose - first, values if self.count is None else values * self.count[rows])
            total[first : first + len(sums)] += sums
        return total


def tally(places: np.ndarray, count: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    """How many rows stand at each place of a table, each row as often as its count."""
    total = np.zeros(math.prod(shape), dtype=np.int64)
    for rows in _blocks(len(places), max(BLOCK, len(total))):
        sums = np.bincount(places[rows], None if count is None else count[rows])
        total[: len(sums)] += sums.astype(np.int64, copy=False)
    return total.reshape(shape)


def _blocks(n: int, size: int) -> list[slice]:
    """Rows in blocks, which need less memory at a time than all at once."""
    return [slice(start, start + size) for start in range(0, n, size)]


def _alike(rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The first of each run of alike rows with how many there are; all as they are where hardly any are alike."""
    start, count = runs(*(column[:FIRST] for column in rows.values()))
    if len(start) > MOSTLY * count.sum():
        return rows
    if len(rows["days"]) > FIRST:
        start, count = runs(*rows.values())
    return _picked(rows, start) | {"count": count}


def _picked(rows: dict[str, np.ndarray], which: np.ndarray) -> dict[str, np.ndarray]:
    return {name: column.take(which) for name, column in rows.items()}


def _sizes(rows: dict[str, np.ndarray], shape: tuple[int, int]) -> dict[str, int] | None:
    """How many values whole days and all that is counted with them have; None where most counts would be of nothing."""
    if "entry" in rows or rows["days"].dtype.kind not in "iu":
        return None
    sizes = {name: int(rows[name].max(initial=0)) + 1 for name in ("strata", "days") if name in rows}
    sizes |= {name: size for name, size in zip(("group", "outcome"), shape, strict=True) if name in rows}
    return sizes if math.prod(sizes.values()) <= len(rows["days"]) else None


def _counted(rows: dict[str, np.ndarray], shape: tuple[int, int], sizes: dict[str, int]) -> tuple:
    """Moments, where rows leave and enter, and their count: all counted at once by stratum, day, group and outcome.

    Where nothing else tells rows apart all alike are put together wherever they stand.
    """
    kinds = Kinds(tuple(rows[name] for name in sizes), tuple(sizes.values()))
    n_cells, count, n = math.prod(shape), rows.get("count"), len(rows["days"])
    places = np.empty(n, dtype=np.min_scalar_type(kinds.n_kinds))
    for block in _blocks(n, BLOCK):
        places[block] = kinds.of_rows(block)
    leaving = tally(places, count, (sizes.get("strata", 1), sizes["days"], *shape))
    if rows.keys() <= COUNTED:
        places = np.flatnonzero(leaving)
        count = leaving.ravel()[places]
    is_moment = leaving.any(axis=(2, 3))
    stratum, time = np.nonzero(is_moment)
    first = (np.cumsum(is_moment, dtype=np.int32) - 1) * n_cells
    leaves = looked_up((first[:, None] + np.arange(n_cells, dtype=np.int32)).ravel(), places)
    entering = np.zeros((len(time), shape[0]), dtype=np.int64)
    return Moments(stratum, time, leaving[is_moment], entering), leaves, None, count


def _placed(rows: dict[str, np.ndarray], shape: tuple[int, int]) -> tuple:
    """The same, from the distinct moments."""
    stratum, time, *places = distinct_moments(rows)
    (n_groups, n_outcomes), group, count = shape, rows.get("group", np.int8(0)), rows.get("count")
    width = np.int32 if len(time) * n_groups * n_outcomes < LARGEST else np.int64
    leaves, *enters = (place.astype(width, copy=False) for place in places)
    leaves = leaves * (n_groups * n_outcomes)
    leaves += np.multiply(group, n_outcomes, dtype=width) + rows["outcome"]
    leaving = tally(leaves, count, (len(time), n_groups, n_outcomes))
    entering, at_entry = np.zeros((len(time), n_groups), dtype=np.int64), None
    if enters:
        at_entry = enters[0] * n_groups + group
        entering = tally(at_entry, count, entering.shape)
    return Moments(stratum, time, leaving, entering), leaves, at_entry, count
