"""Patterns of a log-Poisson model of vertebrae in parts: counts are added up, whose they are stays with the parts."""

from dataclasses import dataclass

import numpy as np

from helpers.estimators.alike import Alike
from helpers.estimators.log_poisson import Patterns
from helpers.parted import Parted, in_parts, mapped


def patterns_of(event, columns: list, strata) -> Patterns:
    """The distinct patterns of checked columns, as `Patterns.of`; `strata` are codes and how many there may be.

    Of parts all their patterns come together: as many for each stratum as there are different values of the columns
    taken together, which are fewer than patients where covariates are rounded.
    """
    if not in_parts(event):
        return Patterns.of(event, columns, *strata)
    each = mapped(_patterns, event, strata, *columns).held()
    together = each[0].total()
    stratum, *table = together.columns
    is_first = np.diff(stratum, prepend=-1) > 0
    numbered, start, kinds = np.cumsum(is_first) - 1, np.flatnonzero(is_first), KindsInParts(each, together)
    at_risk, events = together.count.T
    return Patterns(numbered, start, np.array(table), at_risk, events, np.arange(len(stratum)), kinds)


@dataclass(frozen=True, eq=False)
class KindsInParts:
    """In place of the kinds of all vertebrae: the patterns of each part, and all of them together."""

    each: Parted
    together: Alike

    def by_patient(self, of_pattern: np.ndarray, patients: Parted) -> np.ndarray:
        """What vertebrae say by pattern and event, added up by patient; those of one part after those of another."""
        return np.concatenate(
            self.each.map(_by_patient, patients, self.each.beside((self.together, of_pattern))).each()
        )


def _patterns(event: np.ndarray, strata: tuple, *columns: np.ndarray) -> tuple[Alike, Patterns | None, tuple]:
    """Of one part: patterns with the vertebrae at risk and the events of each, as they came, and their rows."""
    if not len(event):
        nothing = (np.zeros(0, dtype=np.int64), *(np.zeros(0) for _ in columns))
        return Alike(nothing, np.zeros((0, 2), dtype=np.int64)), None, nothing
    patterns, (codes, n_codes) = Patterns.of(event, list(columns), *strata), strata
    occurring = np.flatnonzero(np.bincount(codes, minlength=n_codes))
    rows = (occurring[patterns.stratum], *patterns.columns)
    return Alike.of(*rows, count=np.column_stack([patterns.at_risk, patterns.events])), patterns, rows


def _by_patient(own: tuple, patients: tuple, whole: tuple) -> np.ndarray:
    """Of one part, whose patterns stand among those of all."""
    (_, patterns, rows), (codes, n_codes), (together, of_pattern) = own, patients, whole
    if patterns is None:
        return np.zeros(n_codes)
    return patterns.by_patient(together.looked_up(of_pattern, *rows), codes, n_codes)
