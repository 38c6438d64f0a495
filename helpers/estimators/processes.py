"""The counting processes behind every curve, and the influence of a vertebra or patient on them."""

import math
from dataclasses import dataclass

import numpy as np

from helpers.estimators.cells import Cells
from helpers.estimators.influence import clustered_variance, product_sums
from helpers.estimators.moments import Moments


@dataclass(frozen=True, eq=False)
class Processes:
    """Counts at each distinct time at which vertebrae leave, and the two curves they give.

    `survival` is free of any outcome; `incidence` is Aalen and Johansen's for outcome 1. `moment` is which moment of
    the table each time is.
    """

    moment: np.ndarray
    time: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    competing: np.ndarray
    censored: np.ndarray
    survival: np.ndarray
    incidence: np.ndarray

    @classmethod
    def of(cls, moments: Moments, group: int = 0) -> "Processes":
        """Counts and curves of one group, from a table without strata."""
        leaving = moments.leaving[:, group]
        moment = np.flatnonzero(leaving.any(axis=1))
        # At every distinct time somebody leaves, who was at risk just before.
        at_risk, (censored, events, *competing) = moments.at_risk[moment, group], leaving[moment].T
        competing = competing[0] if competing else np.zeros_like(events)
        survival = np.cumprod(1 - (events + competing) / at_risk)
        incidence = np.cumsum(just_before(survival, start=1.0) * events / at_risk)
        return cls(moment, moments.time[moment], at_risk, events, competing, censored, survival, incidence)


def just_before(steps: np.ndarray, *, start: float) -> np.ndarray:
    """What steps were just before each of them."""
    return np.r_[start, steps][: len(steps)]


@dataclass(frozen=True, eq=False)
class IncidenceInfluence:
    """How one vertebra moves the cumulative incidence F at every later time.

    While at risk: e(t) - e(entry) - b(entry) (F(t) - F(entry)). After leaving at T: the same at T, plus what
    its outcome adds, plus (b(T) - b(entry) - outcome * a(T)) (F(t) - F(T)). So a vertebra's influence depends only on
    (entry, T, outcome), and is looked up in tables by time and outcome (0 censored, 1 the event, 2 a competing one).
    """

    b: np.ndarray
    e: np.ndarray
    incidence: np.ndarray
    slope: np.ndarray
    constant: np.ndarray

    @classmethod
    def of(cls, process: Processes) -> "IncidenceInfluence":
        """The lookup tables of a curve."""
        n, d = process.at_risk.astype(float), (process.events + process.competing).astype(float)
        # Where everybody at risk has an event nothing can follow: those terms multiply an increment of zero.
        remaining = np.where(n > d, n - d, np.inf)
        b = np.cumsum(d / (n * remaining))
        before = just_before(process.survival, start=1.0)
        hazard = before * process.events / n
        e = np.cumsum(hazard * just_before(b, start=0.0)) - np.cumsum(hazard / n)
        slope = b[:, None] - [0, 1, 1] * (1 / remaining)[:, None]
        constant = e[:, None] + [0, 1, 0] * (before / n)[:, None] - process.incidence[:, None] * slope
        return cls(b, e, process.incidence, slope, constant)

    @property
    def functions(self) -> np.ndarray:
        """1, F(t) and e(t): an array (times, 3)."""
        return np.column_stack([np.ones(len(self.e)), self.incidence, self.e])

    def leaving_jumps(self) -> np.ndarray:
        """Changes of the coefficients of (1, F(t), e(t)) when a vertebra leaves, by time and outcome."""
        return np.stack([self.constant, self.slope, np.full(self.slope.shape, -1.0)])

    def entering_jumps(self, index: np.ndarray) -> np.ndarray:
        """Changes of the same coefficients when observation begins at a time (-1: before the first)."""
        b, e, f = (np.where(index < 0, 0.0, table[index]) for table in (self.b, self.e, self.incidence))
        return np.stack([b * f - e, -b, np.ones(len(index))])

    def at(self, last: int) -> np.ndarray:
        """The influence of vertebrae observed from the start on F at the time numbered `last`, by time and outcome."""
        has_left = np.arange(len(self.e))[:, None] <= last
        return np.where(has_left, self.constant + self.slope * self.incidence[last], self.e[last])


def incidence_variance(process: Processes, sums: np.ndarray) -> np.ndarray:
    """The variance of the cumulative incidence at every time, from `coefficient_sums`."""
    return clustered_variance(sums, IncidenceInfluence.of(process).functions)


def coefficient_sums(process: Processes, cells: Cells) -> np.ndarray:
    """Sums over patients of products of coefficients at every time: an array (times, 3, 3).

    They add up over the parts of a cohort, each patient being in one part, when their cells are `placed_in` the whole
    whose processes these are. Without patients every vertebra stands alone, and is taken to be observed from the start.
    """
    if not len(process.time):
        return np.zeros((0, 3, 3))
    tables = IncidenceInfluence.of(process)
    if cells.patients is None:
        return _sums_alone(tables, cells.moments.leaving[process.moment, 0])
    if cells.entering is None:
        return _sums_from_the_start(process, tables, cells)
    return _sums_entering(process, tables, cells)


def _sums_alone(tables: IncidenceInfluence, weight: np.ndarray) -> np.ndarray:
    """Sums of products of coefficients where each patient leaves at once, by their weight by time and outcome.

    Per vertebra the coefficients are (0, 0, 1) until it leaves, and (constant, slope, 0) from then on.
    """
    n_times, n_outcomes = weight.shape
    constant, slope = tables.constant[:, :n_outcomes], tables.slope[:, :n_outcomes]
    sums = np.zeros((n_times, 3, 3))
    sums[:, 0, 0] = np.cumsum((weight * constant**2).sum(axis=1))
    sums[:, 0, 1] = sums[:, 1, 0] = np.cumsum((weight * constant * slope).sum(axis=1))
    sums[:, 1, 1] = np.cumsum((weight * slope**2).sum(axis=1))
    sums[:, 2, 2] = weight.sum() - np.cumsum(weight.sum(axis=1))
    return sums


def _sums_from_the_start(process: Processes, tables: IncidenceInfluence, cells: Cells) -> np.ndarray:
    """Sums over patients of products of coefficients; most patients leave at once, and need no order in time."""
    shape = cells.moments.leaving.shape
    rows_of = np.bincount(cells.patients, minlength=cells.n_codes)
    count = np.ones(len(cells.leaving)) if cells.count is None else cells.count.astype(float)
    is_alone = rows_of[cells.patients] == 1
    weight = np.bincount(cells.leaving[is_alone], count[is_alone] ** 2, minlength=math.prod(shape)).reshape(shape)
    sums = _sums_alone(tables, weight[process.moment, 0])
    kept = np.flatnonzero(~is_alone)
    if not len(kept):
        return sums
    patients, leaving, count = cells.patients[kept], cells.leaving[kept], count[kept]
    start = np.zeros((3, cells.n_codes))
    start[2] = np.bincount(patients, count, minlength=cells.n_codes)
    jumps, last = _by_cell(process, tables, shape)
    return sums + product_sums(patients, last[leaving // shape[2]], count * jumps[:, leaving], start, len(process.time))


def _sums_entering(process: Processes, tables: IncidenceInfluence, cells: Cells) -> np.ndarray:
    """The same where vertebrae enter later."""
    shape = cells.moments.leaving.shape
    jumps, last = _by_cell(process, tables, shape)
    entered = last[cells.entering]
    jumps = np.concatenate([tables.entering_jumps(entered), jumps[:, cells.leaving]], axis=1)
    when = np.concatenate([entered, last[cells.leaving // shape[2]]])
    count = 1 if cells.count is None else np.tile(cells.count, 2)
    start = np.zeros((3, cells.n_codes))
    return product_sums(np.tile(cells.patients, 2), when, count * jumps, start, len(process.time))


def _by_cell(process: Processes, tables: IncidenceInfluence, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The jumps of the coefficients by place in `moments.leaving`; and the last time somebody left, by moment."""
    jumps = np.zeros((3, shape[0], shape[2]))
    jumps[:, process.moment] = tables.leaving_jumps()[:, :, : shape[2]]
    # Before anybody left it is -1.
    last = np.cumsum(np.bincount(process.moment, minlength=shape[0])) - 1
    return jumps.reshape(3, -1), last
