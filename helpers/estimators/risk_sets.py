"""Sums over the rows at risk at each moment, and over the moments at which each row is at risk.

A row is at risk over a stretch of moments, and any stretch is put together from a few fixed runs of 1, 2, 4, ...,
as a length on a ruler is from halves, quarters and eighths. Every sum is then a sum of few parts, from which nothing is
ever taken off: rows of very different hazards do not drown one another in rounding, as they do in running totals.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Which stretches of time hold which moments, by way of runs of 1, 2, 4, ... moments.

    Attributes
    ----------
    pieces : sparse array (stretches, runs)
        The runs of moments that make up a stretch, and do not overlap.
    holds : sparse array (moments, runs)
        The runs that hold a moment.
    """

    pieces: csr_array
    holds: csr_array

    @classmethod
    def of(cls, first: np.ndarray, last: np.ndarray, n_moments: int) -> "RiskSets":
        """Stretches from moment `first` through moment `last`.

        Examples
        --------
        >>> sets = RiskSets.of(np.array([0, 0, 1]), np.array([0, 2, 2]), 3)
        >>> sets.at_risk(np.array([1.0, 10.0, 100.0])), sets.over_time(np.array([1.0, 10.0, 100.0]))
        (array([ 11., 110., 110.]), array([  1., 111., 110.]))
        """
        # Run 1 holds everything, runs 2k and 2k + 1 are the halves of run k, and the last are single moments.
        single = 1 << max(n_moments - 1, 0).bit_length()
        low, high = first + single, last + single + 1
        stretches, runs = [], []
        while (is_open := low < high).any():
            for is_taken, run in ((is_open & (low % 2 == 1), low), (is_open & (high % 2 == 1), high - 1)):
                stretches.append(np.flatnonzero(is_taken))
                runs.append(run[is_taken])
            low, high = (low + 1) // 2, high // 2
        pieces = _ones(np.concatenate(stretches), np.concatenate(runs), (len(first), 2 * single))
        moment, above = np.arange(n_moments), np.arange(single.bit_length())
        holds = _ones(
            np.repeat(moment, len(above)), (moment[:, None] + single >> above).ravel(), (n_moments, 2 * single)
        )
        return cls(pieces, holds)

    def at_risk(self, values: np.ndarray) -> np.ndarray:
        """Sums of what stretches hold over those that hold each moment."""
        return self.holds @ (self.pieces.T @ values)

    def over_time(self, values: np.ndarray) -> np.ndarray:
        """Sums over the moments of each stretch."""
        return self.pieces @ (self.holds.T @ values)

    def over_events(
        self, of_event: np.ndarray, tie_fraction: np.ndarray, per_event: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Sums over the events of each stretch; and by moment what one with the event then has less, for its ties."""
        by_moment, gone = (
            np.bincount(of_event, values, minlength=self.holds.shape[0])
            for values in (per_event, per_event * tie_fraction)
        )
        return self.over_time(by_moment), gone


def _ones(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> csr_array:
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
