"""The log-Poisson likelihood of events with one intercept per stratum, from counts by pattern.

Vertebrae with the same stratum and the same value in every column are a pattern. A fit needs only their counts, and the
influence of a vertebra depends only on (pattern, event): it is looked up, never computed by row.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.linalg import eigvalsh

from helpers.errors import WorkbookFault

NO_MAXIMUM = "so the likelihood has no maximum (separation)"
# An eigenvalue of the correlations of the columns below this: one of them follows from the others.
COLLINEAR = 1e-12
# The least information in any direction, relative to that with all coefficients at zero: below this it runs out on the
# way to a coefficient that is infinite, or beyond what numbers can tell from it.
RUN_OUT = 1e-12
# A step after which less than this share of the information along it is left has gone too far.
LEAST_LEFT = 0.01
TOLERANCE, ROUNDING, MOST_STEPS = 1e-8, 1e-16, 200


@dataclass(frozen=True, eq=False)
class Patterns:
    """Vertebrae alike in stratum and columns, counted.

    Attributes
    ----------
    stratum : array of int (patterns,)
        Patterns are in order of it.
    start : array of int (strata,)
        First pattern of each stratum.
    columns : array (patterns, columns)
    at_risk, events : array of int (patterns,)
    of_row : array of int (rows,)
        The pattern of each vertebra.
    """

    stratum: np.ndarray
    start: np.ndarray
    columns: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    of_row: np.ndarray

    @classmethod
    def of(cls, event: np.ndarray, columns: list[np.ndarray], strata: np.ndarray) -> "Patterns":
        """The distinct patterns of checked columns."""
        key = strata
        for values in columns:
            codes, distinct = pd.factorize(values)
            key = pd.factorize(key * len(distinct) + codes)[0]
        n = int(key.max()) + 1
        a_row = np.empty(n, dtype=np.int64)
        a_row[key] = np.arange(len(key))
        order = np.argsort(strata[a_row], kind="stable")
        place = np.empty(n, dtype=np.int64)
        place[order] = np.arange(n)
        of_row, stratum = place[key], strata[a_row[order]]
        table = np.column_stack([values[a_row[order]] for values in columns])
        at_risk, events = (np.bincount(rows, minlength=n) for rows in (of_row, of_row[event]))
        return cls(stratum, np.flatnonzero(np.diff(stratum, prepend=-1)), table, at_risk, events, of_row)

    @cached_property
    def events_of_stratum(self) -> np.ndarray:
        """Events added up over each stratum."""
        return self.by_stratum(np.add, self.events)

    @cached_property
    def at_zero(self) -> np.ndarray:
        """The information on the columns' coefficients when all are zero."""
        return PoissonFit.at(self, np.zeros(self.columns.shape[1])).information

    def by_stratum(self, combine: np.ufunc, values: np.ndarray) -> np.ndarray:
        """Values of patterns combined over their stratum: added up, or their largest."""
        return combine.reduceat(values, self.start, axis=0)


@dataclass(frozen=True, eq=False)
class PoissonFit:
    """The log-Poisson likelihood at coefficients, the intercepts at their best for these.

    Attributes
    ----------
    fitted : array (patterns,)
        Expected events.
    distance : array (patterns, columns)
        From the mean of the stratum, weighted by `fitted`.
    """

    patterns: Patterns
    coefficients: np.ndarray
    fitted: np.ndarray
    distance: np.ndarray
    value: float

    @classmethod
    def at(cls, patterns: Patterns, coefficients: np.ndarray) -> "PoissonFit":
        """Evaluated at coefficients."""
        columns, events = patterns.columns, patterns.events_of_stratum
        line = columns @ coefficients
        largest = patterns.by_stratum(np.maximum, line)
        weight = patterns.at_risk * np.exp(line - largest[patterns.stratum])
        total = patterns.by_stratum(np.add, weight)
        share = weight / total[patterns.stratum]
        distance = columns - patterns.by_stratum(np.add, share[:, None] * columns)[patterns.stratum]
        value = float(patterns.events @ line - events @ (np.log(total) + largest))
        return cls(patterns, coefficients, events[patterns.stratum] * share, distance, value)

    def moved(self, step: np.ndarray) -> "PoissonFit":
        """The same likelihood a step further."""
        return PoissonFit.at(self.patterns, self.coefficients + step)

    @property
    def log_ratio(self) -> float:
        """The coefficient of the first column."""
        return float(self.coefficients[0])

    @cached_property
    def score(self) -> np.ndarray:
        """The derivative of the log likelihood."""
        return self.distance.T @ (self.patterns.events - self.fitted)

    @cached_property
    def information(self) -> np.ndarray:
        """Minus its second derivative."""
        return (self.fitted[:, None] * self.distance).T @ self.distance

    @cached_property
    def unexplained(self) -> np.ndarray:
        """What intercepts and other columns, weighted by `fitted`, do not explain of the first column, by pattern."""
        slopes = np.linalg.solve(self.information[1:, 1:], self.information[1:, 0])
        return self.distance[:, 0] - self.distance[:, 1:] @ slopes

    @cached_property
    def least_left(self) -> float:
        """The least information in any direction, relative to that with all coefficients at zero."""
        return float(eigvalsh(self.information, self.patterns.at_zero)[0])

    def influence(self) -> np.ndarray:
        """How far a vertebra moves the log ratio, by pattern and event."""
        risk = (self.fitted / self.patterns.at_risk)[:, None]
        information = self.fitted @ self.unexplained**2
        return self.unexplained[:, None] * (np.array([0.0, 1.0]) - risk) / information


def maximise(patterns: Patterns) -> tuple[PoissonFit | None, str]:
    """The likelihood at its maximum, or why it has none in words.

    Columns are centred, and all but the first, which is asked for, scaled. Each varies within a stratum that has an
    event.
    """
    columns = patterns.columns - patterns.events @ patterns.columns / patterns.events.sum()
    spread = np.sqrt(np.diag(replace(patterns, columns=columns).at_zero))
    correlation = replace(patterns, columns=columns / spread).at_zero
    if eigvalsh(correlation)[0] < COLLINEAR:
        among = len(spread) > 2 and eigvalsh(correlation[1:, 1:])[0] < COLLINEAR
        return None, f"{'one of the covariates' if among else 'the exposure'} follows from the others (collinearity)"
    columns[:, 1:] /= spread[1:]
    start = PoissonFit.at(replace(patterns, columns=columns), np.zeros(len(spread)))
    fit = _climb(start)
    return fit, "" if fit else "some of the columns together tell events and non-events apart, " + NO_MAXIMUM


def _climb(here: PoissonFit) -> PoissonFit | None:
    """Newton's method on a concave likelihood, halving a step that goes too far.

    It ends when no fitted risk changes by more than the tolerance, or when nothing is left to gain but rounding; the
    error is about the square of the last change. None where the information runs out in some direction.
    """
    for _ in range(MOST_STEPS):
        if here.least_left < RUN_OUT:
            return None
        step = np.linalg.solve(here.information, here.score)
        gain, change = step @ here.score / 2, np.abs(here.distance @ step).max()
        there = here.moved(step)
        while _is_too_far(here, there):
            step = step / 2
            there = here.moved(step)
        here = there
        if change <= TOLERANCE or gain <= ROUNDING * (1 + abs(here.value)):
            return here
    raise WorkbookFault(f"The log-Poisson model did not settle in {MOST_STEPS} steps.")


def _is_too_far(here: PoissonFit, there: PoissonFit) -> bool:
    is_lower = there.value < here.value - 1e-12 * (1 + abs(here.value))
    return is_lower or there.least_left < LEAST_LEFT * here.least_left
