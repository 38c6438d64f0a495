"""The Cox likelihood of one yes-or-no exposure, from counts by time.

Everything is a table by moment (a distinct time in a stratum) and exposure. With Efron's handling of ties the
score residual of a vertebra depends only on (moment, exposure, event): it is looked up, never computed by
row.
"""

from dataclasses import dataclass

import numpy as np

from helpers.errors import WorkbookFault
from helpers.estimators.processes import distinct_times

# On the log scale; keeps the exponential of a first step in sparse data within bounds.
LONGEST_STEP = 5.0


@dataclass(frozen=True, eq=False)
class Moments:
    """Counts at each moment.

    Attributes
    ----------
    stratum : array (moments,)
        Moments are in order of stratum, then time.
    at_risk, events : array (moments, 2)
        At risk just before, and with the event at it: unexposed, exposed.
    of_row : array (rows,)
        The moment at which each vertebra leaves.
    """

    stratum: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    of_row: np.ndarray

    @classmethod
    def of(cls, days, event, exposed, strata=None) -> "Moments":
        """The table of checked arrays."""
        times, when = distinct_times(days)
        if strata is None:
            stratum, of_row = np.zeros(len(times), dtype=np.int64), when
        else:
            keys, of_row = distinct_times(strata.astype(np.int64) * max(len(times), 1) + when)
            stratum = keys // max(len(times), 1)
        cells = np.bincount(4 * of_row + 2 * exposed + event, minlength=4 * len(stratum)).reshape(-1, 2, 2)
        leaving = cells.sum(axis=2)
        from_here = np.cumsum(leaving[::-1], axis=0)[::-1]
        later_strata = np.append(from_here, [[0, 0]], axis=0)[np.searchsorted(stratum, stratum, side="right")]
        return cls(stratum, from_here - later_strata, cells[:, :, 1], of_row)

    @property
    def informative(self) -> np.ndarray:
        """Moments with an event while both kinds were at risk."""
        return (self.events.sum(axis=1) > 0) & (self.at_risk > 0).all(axis=1)

    def events_against(self) -> tuple[int, int]:
        """Events of the unexposed and of the exposed that came while both kinds were at risk.

        The likelihood has a finite maximum exactly when both are above zero.
        """
        unexposed, exposed = self.events[self.informative].sum(axis=0)
        return int(unexposed), int(exposed)


@dataclass(frozen=True, eq=False)
class Likelihood:
    """Efron's partial likelihood at one log hazard ratio.

    The n-th of the d tied events of a moment has the denominator sum of risks minus n/d of the risks of those
    with the event; `share` is the exposed part of it.
    """

    moments: Moments
    log_hazard_ratio: float
    of_event: np.ndarray
    tie_fraction: np.ndarray
    denominator: np.ndarray
    share: np.ndarray

    @classmethod
    def at(cls, moments: Moments, log_hazard_ratio: float) -> "Likelihood":
        """Evaluated at a log hazard ratio."""
        relative_risk = np.exp(log_hazard_ratio)
        d = moments.events.sum(axis=1)
        of_event = np.repeat(np.arange(len(d)), d)
        tie_fraction = (np.arange(len(of_event)) - np.repeat(np.cumsum(d) - d, d)) / d[of_event]
        weights = moments.at_risk[of_event] - tie_fraction[:, None] * moments.events[of_event]
        exposed = relative_risk * weights[:, 1]
        denominator = weights[:, 0] + exposed
        return cls(moments, log_hazard_ratio, of_event, tie_fraction, denominator, exposed / denominator)

    @property
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

    def score_residuals(self) -> np.ndarray:
        """Score residuals of vertebrae by (moment, exposure, event) (Lin and Wei 1989, with Efron's ties)."""
        n = len(self.moments.stratum)
        d = self.moments.events.sum(axis=1)
        starts = np.searchsorted(self.moments.stratum, self.moments.stratum, side="left")
        table = np.empty((n, 2, 2))
        for exposure in (0, 1):
            relative_risk = np.exp(self.log_hazard_ratio) if exposure else 1.0
            distance = exposure - self.share
            hazard = relative_risk * distance / self.denominator

            def per_moment(values):
                return np.bincount(self.of_event, values, minlength=n)

            at_moment = per_moment(hazard)
            through = np.r_[0.0, np.cumsum(at_moment)]
            until_here = through[:-1] - through[starts]
            own = per_moment(distance) / np.maximum(d, 1)
            table[:, exposure, 0] = -(until_here + at_moment)
            table[:, exposure, 1] = own - until_here - per_moment(hazard * (1 - self.tie_fraction))
        return table

    def residual_of_rows(self, exposed: np.ndarray, event: np.ndarray) -> np.ndarray:
        """The score residual of every vertebra."""
        return self.score_residuals()[self.moments.of_row, exposed.astype(int), event.astype(int)]


def maximise(moments: Moments, *, tolerance: float = 1e-13, most_steps: int = 60) -> Likelihood:
    """The likelihood at its maximum, by Newton's method, halving a step that goes down.

    The log likelihood is concave; `Moments.events_against` has said whether it has a maximum.
    """
    here = Likelihood.at(moments, 0.0)
    for _ in range(most_steps):
        step = float(np.clip(here.score / here.information, -LONGEST_STEP, LONGEST_STEP))
        there = Likelihood.at(moments, here.log_hazard_ratio + step)
        while there.value < here.value - 1e-9 * abs(here.value) and abs(step) > tolerance:
            step /= 2
            there = Likelihood.at(moments, here.log_hazard_ratio + step)
        here = there
        if abs(step) <= tolerance * (1 + abs(here.log_hazard_ratio)):
            return here
    raise WorkbookFault(f"The Cox model did not settle in {most_steps} steps.")
