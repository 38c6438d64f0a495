"""The log-Poisson likelihood of events with one intercept per stratum, from counts by pattern.

Vertebrae with the same stratum and the same value in every column are a pattern. A fit needs only their counts, and the
influence of a vertebra depends only on (pattern, event): it is looked up, never computed by row. The counts of patterns
add up over parts of a cohort.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.linalg import eigvalsh

from helpers.errors import WorkbookFault
from helpers.estimators.kinds import BLOCK, Kinds, value_codes

NO_MAXIMUM = "so the likelihood has no maximum (separation)"
# An eigenvalue of the correlations of the columns below this: one of them follows from the others.
COLLINEAR = 1e-12
# The least information in any direction, relative to that with all coefficients at zero: below this it runs out on the
# way to a coefficient that is infinite, or beyond what numbers can tell from it.
RUN_OUT = 1e-12
# A step after which less than this share of the information along it is left has gone too far.
LEAST_LEFT = 0.01
# So many combinations of values are few, whatever the number of vertebrae; numbers to hold them go up to the other.
FEW, LARGEST_KEY = 2**10, 2**62
TOLERANCE, ROUNDING, MOST_STEPS = 1e-8, 1e-16, 200


@dataclass(frozen=True, eq=False)
class Patterns:
    """Vertebrae alike in stratum and columns, counted.

    Attributes
    ----------
    stratum : array of int (patterns,)
        Strata that occur, numbered; patterns are in order of it.
    start : array of int (strata,)
        First pattern of each stratum.
    columns : array (columns, patterns)
    at_risk, events : array of int (patterns,)
    place : array of int (patterns,)
        Their place among all combinations of stratum and values.
    kinds : Kinds
        For each vertebra its combination and whether it has an event.
    """

    stratum: np.ndarray
    start: np.ndarray
    columns: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    place: np.ndarray
    kinds: Kinds

    @classmethod
    def of(cls, event: np.ndarray, columns: list[np.ndarray], strata: np.ndarray, n_strata: int) -> "Patterns":
        """The distinct patterns of checked columns; strata are codes."""
        codes, values = zip(*(value_codes(column) for column in columns), strict=True)
        combined = Kinds((strata, *codes), (n_strata, *map(len, values)))
        if combined.n_kinds <= max(FEW, len(event)):
            counts = Kinds((*combined.codes, event), (*combined.sizes, 2)).counts().reshape(-1, 2)
            place = np.flatnonzero(counts.any(axis=1))
            stratum, *which = np.unravel_index(place, combined.sizes)
        else:
            of_row, a_row = _occurring(combined)
            combined = Kinds((of_row,), (len(a_row),))
            counts, place = Kinds((of_row, event), (len(a_row), 2)).counts(), np.arange(len(a_row))
            stratum, which = strata[a_row], [each[a_row] for each in codes]
        kinds = Kinds((*combined.codes, event), (*combined.sizes, 2))
        table = np.array([of_column[each] for of_column, each in zip(values, which, strict=True)])
        is_first = np.diff(stratum, prepend=-1) > 0
        numbered, start = np.cumsum(is_first) - 1, np.flatnonzero(is_first)
        return cls(numbered, start, table, counts[place].sum(axis=1), counts[place, 1], place, kinds)

    def by_patient(self, of_pattern: np.ndarray, codes: np.ndarray, n_codes: int) -> np.ndarray:
        """What vertebrae say by pattern and event, added up by patient."""
        of_kind = np.zeros((self.kinds.n_kinds // 2, 2))
        of_kind[self.place] = of_pattern
        return self.kinds.sums_by(codes, n_codes, of_kind)

    @cached_property
    def events_of_stratum(self) -> np.ndarray:
        """Events added up over each stratum."""
        return self.by_stratum(np.add, self.events)

    @cached_property
    def at_zero(self) -> "PoissonFit":
        """The likelihood where all coefficients are zero."""
        return PoissonFit.at(self, np.zeros(len(self.columns)))

    def by_stratum(self, combine: np.ufunc, values: np.ndarray) -> np.ndarray:
        """Values of patterns combined over their stratum: added up, or their largest."""
        return combine.reduceat(values, self.start, axis=-1)

    def of_stratum(self, values: np.ndarray) -> np.ndarray:
        """Values of strata at each of their patterns."""
        return values.take(self.stratum, axis=-1)


@dataclass(frozen=True, eq=False)
class PoissonFit:
    """The log-Poisson likelihood at coefficients, the intercepts at their best for these.

    Attributes
    ----------
    fitted : array (patterns,)
        Expected events.
    mean : array (columns, strata)
        Of the columns in each stratum, weighted by `fitted`.
    """

    patterns: Patterns
    coefficients: np.ndarray
    fitted: np.ndarray
    mean: np.ndarray
    value: float

    @classmethod
    def at(cls, patterns: Patterns, coefficients: np.ndarray) -> "PoissonFit":
        """Evaluated at coefficients."""
        columns, events = patterns.columns, patterns.events_of_stratum
        line = coefficients @ columns
        largest = patterns.by_stratum(np.maximum, line)
        weight = np.exp(line - patterns.of_stratum(largest))
        weight *= patterns.at_risk
        total = patterns.by_stratum(np.add, weight)
        share = weight / patterns.of_stratum(total)
        mean = np.array([patterns.by_stratum(np.add, share * column) for column in columns])
        value = float(patterns.events @ line - events @ (np.log(total) + largest))
        return cls(patterns, coefficients, patterns.of_stratum(events) * share, mean, value)

    def moved(self, step: np.ndarray) -> "PoissonFit":
        """The same likelihood a step further."""
        return PoissonFit.at(self.patterns, self.coefficients + step)

    @property
    def log_ratio(self) -> float:
        """The coefficient of the first column."""
        return float(self.coefficients[0])

    def along(self, direction: np.ndarray) -> np.ndarray:
        """How far each pattern is from the mean of its stratum in a direction of the columns."""
        return direction @ self.patterns.columns - self.patterns.of_stratum(direction @ self.mean)

    @property
    def score(self) -> np.ndarray:
        """The derivative of the log likelihood."""
        return self._derivatives[0]

    @property
    def information(self) -> np.ndarray:
        """Minus its second derivative."""
        return self._derivatives[1]

    @cached_property
    def _derivatives(self) -> tuple[np.ndarray, np.ndarray]:
        patterns, score, information = self.patterns, 0.0, 0.0
        for start in range(0, len(patterns.stratum), BLOCK):
            rows = slice(start, start + BLOCK)
            distance = patterns.columns[:, rows] - self.mean.take(patterns.stratum[rows], axis=1)
            # Not by matrix products: of blocks as small as these, threads take longer to meet than to multiply.
            score = score + np.einsum("jp,p->j", distance, patterns.events[rows] - self.fitted[rows])
            information = information + np.einsum("jp,kp->jk", self.fitted[rows] * distance, distance)
        return score, information

    @cached_property
    def unexplained(self) -> np.ndarray:
        """What intercepts and other columns, weighted by `fitted`, do not explain of the first column, by pattern."""
        slopes = np.linalg.solve(self.information[1:, 1:], self.information[1:, 0])
        return self.along(np.append(1.0, -slopes))

    @cached_property
    def least_left(self) -> float:
        """The least information in any direction, relative to that with all coefficients at zero."""
        return float(eigvalsh(self.information, self.patterns.at_zero.information)[0])

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
    mean = patterns.columns @ patterns.events / patterns.events.sum()
    columns = patterns.columns - mean[:, None]
    information = replace(patterns, columns=columns).at_zero.information
    spread = np.sqrt(np.diag(information))
    correlation = information / np.outer(spread, spread)
    if eigvalsh(correlation)[0] < COLLINEAR:
        among = len(spread) > 2 and eigvalsh(correlation[1:, 1:])[0] < COLLINEAR
        return None, f"{'one of the covariates' if among else 'the exposure'} follows from the others (collinearity)"
    columns[1:] /= spread[1:, None]
    fit = _climb(replace(patterns, columns=columns).at_zero)
    return fit, "" if fit else "some of the columns together tell events and non-events apart, " + NO_MAXIMUM


def _occurring(combined: Kinds) -> tuple[np.ndarray, np.ndarray]:
    """Combinations numbered in order of stratum, those that occur only: that of each row, and a row of each."""
    key, n_keys = combined.codes[0], combined.sizes[0]
    for codes, size in zip(combined.codes[1:], combined.sizes[1:], strict=True):
        if n_keys * size > LARGEST_KEY:
            key, distinct = pd.factorize(key, sort=True)
            n_keys = len(distinct)
        key, n_keys = Kinds((key, codes), (n_keys, size)).of_rows(), n_keys * size
    of_row, distinct = pd.factorize(key, sort=True)
    a_row = np.empty(len(distinct), dtype=np.intp)
    a_row[of_row] = np.arange(len(of_row))
    return of_row, a_row


def _climb(here: PoissonFit) -> PoissonFit | None:
    """Newton's method on a concave likelihood, halving a step that goes too far.

    It ends when no fitted risk changes by more than the tolerance, or when nothing is left to gain but rounding; the
    error is about the square of the last change. None where the information runs out in some direction.
    """
    for _ in range(MOST_STEPS):
        if here.least_left < RUN_OUT:
            return None
        step = np.linalg.solve(here.information, here.score)
        gain, change = step @ here.score / 2, np.abs(here.along(step)).max()
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
