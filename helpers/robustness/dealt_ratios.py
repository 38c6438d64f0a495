"""Ratios of many ways to deal cement at once: those of the usual estimators, in arrays of ways x patients."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import stdtrit

from helpers.cohort.dates import NEVER
from helpers.cohort.runs import first_rows
from helpers.cohort.spine import N_SLOTS
from helpers.estimators.intervals import NO_VARIANCE
from helpers.robustness.choices import ALL
from helpers.robustness.dealt_cement import Places
from helpers.robustness.vertebrae import Vertebrae

ESTIMATORS = ("crude", "within_patient", "rate")


@dataclass(frozen=True, eq=False)
class DealtVertebrae:
    """Vertebrae at risk of which each way says anew which are next to cement; all arrays are ways x vertebrae."""

    vertebrae: Vertebrae
    is_exposed: np.ndarray
    is_kept: np.ndarray

    @classmethod
    def of(cls, vertebrae: Vertebrae, places: Places, *, adjacent_within: int, sandwich: str) -> "DealtVertebrae":
        """Look up how each vertebra lies to cement."""
        at = vertebrae.patient.astype(np.int64) * N_SLOTS + vertebrae.slot
        is_exposed = places.distance[:, at] <= adjacent_within
        is_kept = ~places.is_sandwich[:, at] if sandwich == "out" else np.ones_like(is_exposed)
        return cls(vertebrae, is_exposed, is_kept)

    def ratios(self, estimator: str, *, fractures_counted: str, horizon: str, conf_level: float) -> tuple:
        """The log ratio of each way (NaN where it has none), and whether its interval lies above 1.

        The same as `relative_risk.risk_ratio`, `mantel_haenszel.within_patient_risk_ratio` and
        `relative_risk.rate_ratio` give, with patients as clusters; where no exposed vertebra has an event the ratio is
        0, and no interval above 1.
        """
        first = self._first if fractures_counted == "first" else None
        a, c = self._events(first, horizon)
        if estimator == "within_patient":
            n1, n0 = self._at_risk
            n = np.maximum(n1 + n0, 1)
            top, bottom = a * (n0 / n), c * (n1 / n)
            return _of_influence(*_shares(top, bottom), conf_level)
        size1, size0 = self._time(first, horizon) if estimator == "rate" else self._at_risk
        events = [group.sum(axis=1, keepdims=True) for group in (a, c)]
        sizes = [group.sum(axis=1, keepdims=True, dtype=float) for group in (size1, size0)]
        with np.errstate(divide="ignore", invalid="ignore"):
            log_ratio = np.log(events[0] * sizes[1] / (events[1] * sizes[0]))[:, 0]
            residuals = [
                (own - size * (total / whole)) / total
                for own, size, total, whole in zip((a, c), (size1, size0), events, sizes, strict=True)
            ]
            return _of_influence(log_ratio, residuals[0] - residuals[1], conf_level)

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.flatnonzero(first_rows(self.vertebrae.patient))

    def _by_patient(self, values: np.ndarray, dtype) -> np.ndarray:
        return np.add.reduceat(values, self._starts, axis=1, dtype=dtype)

    @cached_property
    def _exposed_and_not(self) -> tuple[np.ndarray, np.ndarray]:
        return self.is_exposed & self.is_kept, ~self.is_exposed & self.is_kept

    @cached_property
    def _at_risk(self) -> tuple[np.ndarray, np.ndarray]:
        return tuple(self._by_patient(group, np.int32) for group in self._exposed_and_not)

    @cached_property
    def _place(self) -> np.ndarray:
        """Each vertebra's patient, numbered among those with any."""
        return np.cumsum(first_rows(self.vertebrae.patient)) - 1

    @cached_property
    def _fractured(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The vertebrae with an event, the first of each patient among them, and these patients."""
        row = np.flatnonzero(self.vertebrae.event)
        start = np.flatnonzero(first_rows(self._place[row]))
        return row, start, self._place[row[start]]

    @cached_property
    def _first(self) -> np.ndarray:
        """The day of each patient's first fracture, ways x patients."""
        row, start, patient = self._fractured
        first = np.full((len(self.is_kept), len(self._starts)), NEVER)
        if len(row):
            days = np.where(self.is_kept[:, row], self.vertebrae.days[row], NEVER)
            first[:, patient] = np.minimum.reduceat(days, start, axis=1)
        return first

    def _events(self, first: np.ndarray | None, horizon: str) -> tuple[np.ndarray, np.ndarray]:
        row, start, patient = self._fractured
        days, counts = self.vertebrae.days[row], []
        is_event = np.broadcast_to(days <= _last_day(horizon), (len(self.is_kept), len(row)))
        if first is not None:
            is_event = is_event & (days <= first[:, self._place[row]])
        for group in self._exposed_and_not:
            of_group = np.zeros((len(self.is_kept), len(self._starts)))
            if len(row):
                of_group[:, patient] = np.add.reduceat(group[:, row] & is_event, start, axis=1, dtype=float)
            counts.append(of_group)
        return tuple(counts)

    def _time(self, first: np.ndarray | None, horizon: str) -> tuple[np.ndarray, np.ndarray]:
        end = np.minimum(self.vertebrae.days, _last_day(horizon)).astype(np.int32)
        end = end[None] if first is None else np.minimum(end, first[:, self._place])
        return tuple(self._by_patient(end * group, np.int64) for group in self._exposed_and_not)


def _last_day(horizon: str) -> np.int32:
    return NEVER if horizon == ALL else np.int32(horizon)


def _shares(top: np.ndarray, bottom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The log of the ratio of two sums over patients, and how far each patient moves it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        tops, bottoms = (values.sum(axis=1, keepdims=True) for values in (top, bottom))
        return np.log(tops / bottoms)[:, 0], top / tops - bottom / bottoms


def _of_influence(log_ratio: np.ndarray, influence: np.ndarray, conf_level: float) -> tuple[np.ndarray, np.ndarray]:
    """As `intervals.clustered_ratio` does it, for many at once."""
    is_finite = np.isfinite(log_ratio)
    squares = np.where(is_finite[:, None], influence, 0.0) ** 2
    variance, fourth = squares.sum(axis=1), (squares**2).sum(axis=1)
    n_moving = (squares > NO_VARIANCE * squares.max(axis=1, keepdims=True)).sum(axis=1)
    has_interval = is_finite & (variance > NO_VARIANCE)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.minimum(3 * variance**2 / fourth, np.maximum(n_moving - 1, 1.0))
        half = stdtrit(np.where(has_interval, df, 1.0), 0.5 + conf_level / 2) * np.sqrt(variance)
    # No event among the unexposed: no value.
    return np.where(log_ratio == np.inf, np.nan, log_ratio), has_interval & (log_ratio > half)
