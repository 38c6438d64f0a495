"""When fractures come: a cumulative hazard over days that brings as many new fractures as a cohort had."""

from dataclasses import dataclass

import numpy as np

PACES = ("cohort", "constant")
_BINS = 400
_HALVINGS = 60
_LEAST = np.finfo(np.float32).tiny
_BLOCK = 4  # cohorts at once: what they need stays in the processor's caches


@dataclass(frozen=True, eq=False)
class Pace:
    """Hazard of a vertebra of susceptibility 1 added up to each of `days`: it jumps there, or grows evenly."""

    days: np.ndarray
    total: np.ndarray
    is_even: bool

    def by(self, day: np.ndarray) -> np.ndarray:
        """The cumulative hazard up to and with a day."""
        if self.is_even:
            return day * (self.total[-1] / self.days[-1])
        return np.append(0.0, self.total)[np.searchsorted(self.days, day, side="right")]

    def reached(self, total: np.ndarray) -> np.ndarray:
        """The day on which the cumulative hazard reaches a total."""
        if self.is_even:
            return np.ceil(total * (self.days[-1] / self.total[-1]))
        # A total reached but for rounding is reached on the last day.
        return self.days[np.searchsorted(self.total, total).clip(max=len(self.days) - 1)]


def pace_of(hazards: np.ndarray, follow_up: np.ndarray, event_days: np.ndarray, *, cohorts: int, kind: str) -> Pace:
    """The pace at which simulated cohorts have on average as many new fractures as the real one.

    Parameters
    ----------
    hazards, follow_up : ndarray, cohorts x vertebrae and vertebrae
        Susceptibility of each vertebra at risk in each simulated cohort, and the days for which it is followed.
    event_days : ndarray
        Days of the real cohort's new fractures, at least one.
    cohorts : int
        How many simulated cohorts there are.
    kind : {"cohort", "constant"}
        As many on each day as in the real cohort; or a hazard that does not change, with as many in all.
    """
    days, events = np.unique(event_days, return_counts=True)
    if kind == "constant":
        # Evenly to the end of follow-up; the days are those on which it ends.
        ends, end = np.unique(follow_up, return_inverse=True)
        value, number = _in_bins(hazards, end, len(ends))
        scaled, of_end = value[None] * ends[:, None], number / cohorts
        rate = _root(lambda x: (of_end * -np.expm1(-scaled * x)).sum(), events.sum())
        last = max(int(ends[-1]), 1)
        return Pace(np.array([last]), np.array([rate * last]), True)
    value, number = _in_bins(hazards, np.searchsorted(days, follow_up, side="right"), len(days) + 1)
    # Followed to a day or longer: all who end there or later.
    still = number[::-1].cumsum(axis=0)[::-1][1:] / cohorts
    total = np.zeros(len(days))
    reached = 0.0
    for place, wanted in enumerate(events):
        unbroken = still[place] * np.exp(-value * reached)
        reached += _root(lambda x, unbroken=unbroken: (unbroken * -np.expm1(-value * x)).sum(), wanted)
        total[place] = reached
    return Pace(days, total, False)


def _in_bins(hazards: np.ndarray, end: np.ndarray, n_ends: int) -> tuple[np.ndarray, np.ndarray]:
    """Hazards in narrow bins, each at its mean: the means, and how many by end of follow-up and bin."""
    low, high = np.log(np.maximum([hazards.min(), hazards.max()], _LEAST, dtype=hazards.dtype)).tolist()
    first = (end * _BINS).astype(np.int32)
    number, sums = np.zeros(n_ends * _BINS, dtype=np.int64), np.zeros(_BINS)
    for start in range(0, len(hazards), _BLOCK):
        own = hazards[start : start + _BLOCK]
        logs = np.log(np.maximum(own, _LEAST))
        place = ((logs - low) * ((_BINS - 1) / max(high - low, 1e-6))).astype(np.int32)
        sums += np.bincount(place.ravel(), weights=own.ravel(), minlength=_BINS)
        number += np.bincount((first + place).ravel(), minlength=n_ends * _BINS)
    number = number.reshape(n_ends, _BINS)
    return sums / np.maximum(number.sum(axis=0), 1), number


def _root(rising, wanted: float) -> float:
    """Where a rising function reaches what is wanted, in ratios; where it never does, where it is as good as flat."""
    low, high = 1e-12, 1e12
    for _ in range(_HALVINGS):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return float(high)
