"""The counting processes behind every curve, and the influence of a vertebra or patient on them."""

from dataclasses import dataclass

import numpy as np

from helpers.estimators.influence import clustered_variance, product_sums


@dataclass(frozen=True, eq=False)
class Processes:
    """Counts at each distinct time, and the two curves they give.

    `survival` is free of any outcome; `incidence` is Aalen and Johansen's for outcome 1.
    """

    time: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    competing: np.ndarray
    censored: np.ndarray
    survival: np.ndarray
    incidence: np.ndarray


def _just_before(steps: np.ndarray, *, start: float) -> np.ndarray:
    return np.r_[start, steps][: len(steps)]


def distinct_times(days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct times in order, and which of them each vertebra has."""
    if len(days) and days.dtype.kind in "iu" and days.max() <= 10 * len(days) + 100_000:
        is_seen = np.bincount(days) > 0
        return np.flatnonzero(is_seen), (np.cumsum(is_seen) - 1)[days]
    times, index = np.unique(days, return_inverse=True)
    return times, index.ravel()


def counting_processes(
    times: np.ndarray, index: np.ndarray, outcome: np.ndarray, entry: np.ndarray | None = None
) -> Processes:
    """Counts and curves from time and outcome (0 censored, 1 the event, 2 a competing one)."""
    n_times = len(times)
    counts = np.bincount(3 * index + outcome, minlength=3 * n_times).reshape(n_times, 3)
    leaving = counts.sum(axis=1)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    if entry is not None:
        # Vertebrae that enter at or after a time are not yet at risk at it.
        at_risk = at_risk - (len(entry) - np.searchsorted(np.sort(entry), times, "left"))
    # At every distinct time somebody leaves, who was at risk just before.
    survival = np.cumprod(1 - (counts[:, 1] + counts[:, 2]) / at_risk)
    incidence = np.cumsum(_just_before(survival, start=1.0) * counts[:, 1] / at_risk)
    return Processes(times, at_risk, counts[:, 1], counts[:, 2], counts[:, 0], survival, incidence)


@dataclass(frozen=True, eq=False)
class IncidenceInfluence:
    """How one vertebra moves the cumulative incidence F at every later time.

    While at risk: e(t) - e(entry) - b(entry) (F(t) - F(entry)). After leaving at T: the same at T, plus what
    its outcome adds, plus (b(T) - b(entry) - outcome * a(T)) (F(t) - F(T)). Times are looked up, so a
    vertebra's influence depends only on (entry, T, outcome).
    """

    a: np.ndarray
    b: np.ndarray
    e: np.ndarray
    own: np.ndarray
    incidence: np.ndarray

    @classmethod
    def of(cls, process: Processes) -> "IncidenceInfluence":
        """The lookup tables of a curve."""
        n, d = process.at_risk.astype(float), (process.events + process.competing).astype(float)
        # Where everybody at risk has an event nothing can follow: those terms multiply an increment of zero.
        remaining = np.where(n > d, n - d, np.inf)
        b = np.cumsum(d / (n * remaining))
        before = _just_before(process.survival, start=1.0)
        hazard = before * process.events / n
        e = np.cumsum(hazard * _just_before(b, start=0.0)) - np.cumsum(hazard / n)
        return cls(1 / remaining, b, e, before / n, process.incidence)

    def exit_jumps(self, index: np.ndarray, outcome: np.ndarray) -> np.ndarray:
        """Changes of the coefficients of (1, F(t), e(t)) when a vertebra leaves."""
        slope = self.b[index] - (outcome > 0) * self.a[index]
        constant = self.e[index] + (outcome == 1) * self.own[index] - self.incidence[index] * slope
        return np.column_stack([constant, slope, np.full(len(index), -1.0)])

    def entry_jumps(self, index: np.ndarray) -> np.ndarray:
        """Changes of the same coefficients when observation begins (index -1: at the start)."""
        at_start = index < 0
        b, e, f = (np.where(at_start, 0.0, table[index]) for table in (self.b, self.e, self.incidence))
        return np.column_stack([b * f - e, -b, np.ones(len(index))])

    def at(self, last: int, index: np.ndarray, outcome: np.ndarray) -> np.ndarray:
        """The influence of vertebrae observed from the start on F at the time numbered `last`."""
        constant, slope, _ = self.exit_jumps(index, outcome).T
        return np.where(index <= last, constant + slope * self.incidence[last], self.e[last])


def incidence_variance(
    process: Processes,
    index: np.ndarray,
    outcome: np.ndarray,
    codes: np.ndarray | None,
    entry: np.ndarray | None,
) -> np.ndarray:
    """The variance of the cumulative incidence at every time; without codes every vertebra stands alone."""
    n_times = len(process.time)
    if not n_times:
        return np.zeros(0)
    tables = IncidenceInfluence.of(process)
    weight = None
    if codes is None:
        # Vertebrae with the same time and outcome have the same influence: one of them stands for all.
        kinds, alike = np.unique(3 * index + outcome, return_counts=True)
        index, outcome, codes, weight = kinds // 3, kinds % 3, np.arange(len(kinds)), np.tile(alike, 2)
    if entry is None:
        # Everybody starts together: one jump a patient instead of one a vertebra.
        who, started = np.unique(codes, return_counts=True)
        starts, entered = np.column_stack([np.zeros((len(who), 2)), started]), np.full(len(who), -1)
    else:
        who, entered = codes, np.searchsorted(process.time, entry, side="right") - 1
        starts = tables.entry_jumps(entered)
    sums = product_sums(
        np.concatenate([who, codes]),
        np.concatenate([entered, index]),
        np.concatenate([starts, tables.exit_jumps(index, outcome)]),
        n_times,
        weight=weight,
    )
    functions = np.column_stack([np.ones(n_times), process.incidence, tables.e])
    return clustered_variance(sums, functions)
