"""Rows counted by moment where they are in parts: tables come together here, whose each row is stays with the parts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from helpers.estimators.cells import Cells
from helpers.estimators.moments import Moments, moments_after_one_another, places_in
from helpers.estimators.processes import Processes, coefficient_sums
from helpers.parted import Parted, in_parts, mapped


def cells_of(*, shape: tuple[int, int], **columns) -> "Cells | CellsInParts":
    """Count checked rows, as `Cells.of` does; where they are in parts, part by part."""
    if in_parts(*columns.values()):
        return CellsInParts.of(shape, **columns)
    return Cells.of(shape=shape, **columns)


@dataclass(frozen=True, eq=False)
class CellsInParts:
    """As `Cells` of a whole cohort, whose rows stay in parts.

    Attributes
    ----------
    moments : Moments
        Of all parts together. Where patients are the strata, the moments of one part follow those of another.
    n_patients : int or None
    each : Parted
        The cells of each part.
    n_moments : array of int (parts,) or None
        How many moments each part has, where the strata of one follow those of another.
    """

    moments: Moments
    n_patients: int | None
    each: Parted
    n_moments: np.ndarray | None

    @classmethod
    def of(cls, shape: tuple[int, int], *, patients=None, strata=None, **columns) -> "CellsInParts":
        """Count checked rows part by part; strata have the same codes in each, or are the patients."""
        are_patients = strata is not None and strata.is_like(patients)
        given = {"patients": patients, "strata": strata, **columns}
        each = mapped(_cells, are_patients=are_patients, shape=shape, **given).held()
        n_patients = None if patients is None else each.attribute("n_patients").total()
        if not are_patients:
            return cls(each.attribute("moments").total(), n_patients, each, None)
        moments = each.attribute("moments").each()
        n_moments = np.array([len(own.time) for own in moments])
        return cls(moments_after_one_another(moments), n_patients, each, n_moments)

    @property
    def patients(self) -> Parted | None:
        """Something where patients were given."""
        return None if self.n_patients is None else self.each

    def by_patient(self, leaving: np.ndarray, entering: np.ndarray | None = None) -> np.ndarray:
        """As `Cells.by_patient`, the patients of one part after those of another."""
        tables = [None if table is None else table.reshape(len(self.moments.time), -1) for table in (leaving, entering)]
        if self.n_moments is None:
            whole = self.each.beside((self.moments.stratum, self.moments.time, *tables))
            sums = self.each.map(_by_patient, whole)
        else:
            ends = np.cumsum(self.n_moments)[:-1]
            own = [[None] * (len(ends) + 1) if table is None else np.split(table, ends) for table in tables]
            sums = self.each.map(Cells.by_patient, *map(self.each.of_pieces, own))
        return np.concatenate(sums.each())

    def in_whole(self, function: Callable) -> Parted:
        """What a function makes of the cells of each part and the moments of all."""
        return self.each.map(function, self.each.beside(self.moments))


def sums_of(cells: Cells | CellsInParts) -> np.ndarray:
    """The `coefficient_sums` of rows of one group."""
    if cells.patients is None or isinstance(cells, Cells):
        return coefficient_sums(Processes.of(cells.moments), cells)
    return cells.in_whole(_coefficient_sums).total()


def first_events_of(cells: Cells | CellsInParts) -> np.ndarray | None:
    """How many patients have their first event at each moment; None without patients."""
    if cells.patients is None:
        return None
    return cells.first_events() if isinstance(cells, Cells) else cells.in_whole(_first_events).total()


def _cells(*, are_patients: bool, shape: tuple[int, int], patients, strata, **columns) -> Cells:
    """Of one part; rows of patients without an event are left out where the strata are patients, and only there."""
    if strata is not None and patients is not None and not are_patients and np.array_equal(strata, patients):
        patients = patients.astype(np.int64) + 1
    return Cells.of(shape=shape, patients=patients, strata=strata, **columns)


def _by_patient(cells: Cells, whole: tuple) -> np.ndarray:
    stratum, time, *tables = whole
    at = places_in(stratum, time, cells.moments)
    return cells.by_patient(*(None if table is None else table[at] for table in tables))


def _first_events(cells: Cells, whole: Moments) -> np.ndarray:
    first = np.zeros(len(whole.time), dtype=np.int64)
    first[places_in(whole.stratum, whole.time, cells.moments)] = cells.first_events()
    return first


def _coefficient_sums(cells: Cells, whole: Moments) -> np.ndarray:
    return coefficient_sums(Processes.of(whole), cells.placed_in(whole))
