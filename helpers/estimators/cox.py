"""The Cox likelihood of one yes-or-no exposure, from counts by time.

Everything is a table by moment (a distinct time in a stratum) and exposure. With Efron's handling of ties the score
residual of a vertebra depends only on (moment, exposure, event), and on the moment of its entry: it is looked up, never
computed by row.
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
    stratum, time : array (moments,)
        Moments are in order of stratum, then time.
    at_risk, events : array (moments, 2)
        At risk just before, and with the event at it: unexposed, exposed.
    of_row : array (rows,)
        The moment at which each row leaves.
    from_row : array (rows,) or None
        The first moment of its stratum at which each row is at risk; None where all are from the start.
    """

    stratum: np.ndarray
    time: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    of_row: np.ndarray
    from_row: np.ndarray | None

    @classmethod
    def of(cls, days, event, exposed, strata=None, entry=None) -> "Moments":
        """The table of checked arrays; with `entry` a row is at risk at t when entry < t <= days."""
        times, of_row = distinct_times(days)
        from_row = None if entry is None else np.searchsorted(times, entry, side="right")
        stratum, time = np.zeros(len(times), dtype=np.int64), times
        if strata is not None:
            first_key = strata.astype(np.int64) * max(len(times), 1)
            keys, of_row = distinct_times(first_key + of_row)
            from_row = None if entry is None else np.searchsorted(keys, first_key + from_row)
            stratum, time = np.divmod(keys, max(len(times), 1))
            time = times[time]
        cells = np.bincount(4 * of_row + 2 * exposed + event, minlength=4 * len(stratum)).reshape(-1, 2, 2)
        left = np.append([[0, 0]], np.cumsum(cells.sum(axis=2), axis=0), axis=0)
        if from_row is None:
            entered = left[np.searchsorted(stratum, stratum, side="right")]
        else:
            entering = np.bincount(2 * from_row + exposed, minlength=2 * len(stratum)).reshape(-1, 2)
            entered = np.cumsum(entering, axis=0)
        return cls(stratum, time, entered - left[:-1], cells[:, :, 1], of_row, from_row)

    @property
    def tied_events(self) -> tuple[np.ndarray, np.ndarray]:
        """The moment of every event, and which fraction of the events tied with it count as gone: 0/d, 1/d, ..."""
        d = self.events.sum(axis=1)
        of_event = np.repeat(np.arange(len(d)), d)
        return of_event, (np.arange(len(of_event)) - np.repeat(np.cumsum(d) - d, d)) / d[of_event]

    @property
    def stratum_start(self) -> np.ndarray:
        """The first moment of the stratum of each moment."""
        return np.searchsorted(self.stratum, self.stratum, side="left")

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
        of_event, tie_fraction = moments.tied_events
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

    def _residual_tables(self, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """By (moment, exposure, event), of rows there from the start; and what those do not have that enter later."""
        n = len(self.moments.stratum)
        d, start = self.moments.events.sum(axis=1), self.moments.stratum_start
        table, before_entry = np.empty((n, 2, 2)), np.empty((n, 2))
        for exposure in (0, 1):
            relative_risk = np.exp(self.log_hazard_ratio) if exposure else 1.0
            distance = (exposure - self.share) * weight[self.of_event]
            hazard = relative_risk * distance / self.denominator

            def per_moment(values):
                return np.bincount(self.of_event, values, minlength=n)

            at_moment = per_moment(hazard)
            through = np.r_[0.0, np.cumsum(at_moment)]
            until_here = through[:-1] - through[start]
            own = per_moment(distance) / np.maximum(d, 1)
            table[:, exposure, 0] = -(until_here + at_moment)
            table[:, exposure, 1] = own - until_here - per_moment(hazard * (1 - self.tie_fraction))
            before_entry[:, exposure] = until_here
        return table, before_entry

    def residual_of_rows(self, exposed: np.ndarray, event: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        """The score residual of every row (Lin and Wei 1989, with Efron's ties).

        With a weight for each moment, that of the covariate exposed x weight(t).
        """
        exposure, of_row, from_row = exposed.astype(int), self.moments.of_row, self.moments.from_row
        weight = np.ones(len(self.moments.stratum)) if weight is None else weight
        table, before_entry = self._residual_tables(weight)
        whole = table[of_row, exposure, event.astype(int)]
        return whole if from_row is None else whole + before_entry[from_row, exposure]


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
