"""The Cox likelihood of one yes-or-no exposure, from counts by moment.

With Efron's handling of ties the score residual of a vertebra depends only on (moment, exposure, event), and on the
moment of its entry.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from helpers.errors import WorkbookFault
from helpers.estimators.moments import Moments

# On the log scale; keeps the exponential of a first step in sparse data within bounds.
LONGEST_STEP = 5.0


def tied_events(moments: Moments) -> tuple[np.ndarray, np.ndarray]:
    """The moment of every event, and which fraction of the events tied with it count as gone: 0/d, 1/d, ..."""
    d = moments.n_events
    of_event = np.repeat(np.arange(len(d)), d)
    return of_event, (np.arange(len(of_event)) - np.repeat(np.cumsum(d) - d, d)) / d[of_event]


def informative(moments: Moments) -> np.ndarray:
    """Moments with an event while both kinds were at risk."""
    unexposed, exposed = moments.at_risk.T
    return (moments.n_events > 0) & (unexposed > 0) & (exposed > 0)


def why_no_maximum(moments: Moments, n_seen: int) -> str:
    """Why the likelihood of an exposure has no finite maximum, in words; empty when it has.

    It has one exactly when an event of either kind came while both kinds were at risk. `n_seen` rows were observed.
    """
    if not n_seen:
        return "no vertebrae at risk"
    if not moments.events.any():
        return "no events"
    unexposed, exposed = informative(moments) @ moments.events
    if unexposed and exposed:
        return ""
    if not unexposed and not exposed:
        return "no event while exposed and unexposed vertebrae were both at risk"
    kind, other = ("exposed", "unexposed") if not exposed else ("unexposed", "exposed")
    return (
        f"no {kind} vertebra had an event while an {other} one was at risk, so the likelihood has no maximum "
        "(monotone likelihood)"
    )


@dataclass(frozen=True, eq=False)
class Likelihood:
    """Efron's partial likelihood at one log hazard ratio.

    The n-th of the d tied events of a moment has the denominator sum of risks minus n/d of the risks of those with the
    event; `share` is the exposed part of it. `left` are the unexposed and the exposed at risk at each event, less n/d
    of those with the event.
    """

    moments: Moments
    log_hazard_ratio: float
    of_event: np.ndarray
    tie_fraction: np.ndarray
    left: tuple[np.ndarray, np.ndarray]
    denominator: np.ndarray
    share: np.ndarray

    @classmethod
    def at(cls, moments: Moments, log_hazard_ratio: float) -> "Likelihood":
        """Evaluated at a log hazard ratio."""
        of_event, fraction = tied_events(moments)
        left = (moments.at_risk[of_event, group] - fraction * moments.events[of_event, group] for group in (0, 1))
        return cls._of(moments, log_hazard_ratio, of_event, fraction, tuple(left))

    @classmethod
    def _of(cls, moments, log_hazard_ratio, of_event, tie_fraction, left) -> "Likelihood":
        exposed = np.exp(log_hazard_ratio) * left[1]
        denominator = left[0] + exposed
        return cls(moments, log_hazard_ratio, of_event, tie_fraction, left, denominator, exposed / denominator)

    def moved(self, step: float) -> "Likelihood":
        """The same a step further."""
        return self._of(self.moments, self.log_hazard_ratio + step, self.of_event, self.tie_fraction, self.left)

    @cached_property
    def value(self) -> float:
        """The log partial likelihood."""
        return float(self.moments.events[:, 1].sum() * self.log_hazard_ratio - np.log(self.denominator).sum())

    @property
    def score(self) -> float:
        """Its derivative: exposed events minus those expected."""
        return float(self.moments.events[:, 1].sum() - self.share.sum())

    @property
    def information(self) -> float:
        """Minus its second derivative."""
        return float((self.share * (1 - self.share)).sum())

    def residuals(self, weight: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The score residuals (Lin and Wei 1989, with Efron's ties), as tables to look them up in.

        By (moment, exposure, event) of rows at risk from the start, and by (moment, exposure) what those do not have
        that enter at the moment. With a weight for each moment, those of the covariate exposed x weight(t).
        """
        n = len(self.moments.time)
        d, start = self.moments.n_events, self.moments.stratum_start
        leaving, entering = np.empty((n, 2, 2)), np.empty((n, 2))
        for exposure in (0, 1):
            relative_risk = np.exp(self.log_hazard_ratio) if exposure else 1.0
            distance = exposure - self.share
            if weight is not None:
                distance *= weight[self.of_event]
            hazard = relative_risk * distance / self.denominator

            def per_moment(values):
                return np.bincount(self.of_event, values, minlength=n)

            at_moment = per_moment(hazard)
            through = np.r_[0.0, np.cumsum(at_moment)]
            until_here = through[:-1] - through[start]
            own = per_moment(distance) / np.maximum(d, 1)
            entering[:, exposure] = until_here + at_moment
            leaving[:, exposure, 0] = -entering[:, exposure]
            leaving[:, exposure, 1] = own - until_here - per_moment(hazard * (1 - self.tie_fraction))
        return leaving, entering


def maximum(moments: Moments, n_seen: int) -> tuple[Likelihood | None, str]:
    """The likelihood at its maximum; None, and why in words, where it has none. `n_seen` rows were observed."""
    why_not = why_no_maximum(moments, n_seen)
    return (None, why_not) if why_not else (maximise(moments), "")


def maximise(moments: Moments, *, tolerance: float = 1e-13, most_steps: int = 60) -> Likelihood:
    """The likelihood at its maximum, by Newton's method, halving a step that goes down.

    The log likelihood is concave; `why_no_maximum` has said whether it has a maximum.
    """
    here = Likelihood.at(moments, 0.0)
    for _ in range(most_steps):
        step = float(np.clip(here.score / here.information, -LONGEST_STEP, LONGEST_STEP))
        there = here.moved(step)
        while there.value < here.value - 1e-9 * abs(here.value) and abs(step) > tolerance:
            step /= 2
            there = here.moved(step)
        here = there
        if abs(step) <= tolerance * (1 + abs(here.log_hazard_ratio)):
            return here
    raise WorkbookFault(f"The Cox model did not settle in {most_steps} steps.")
