"""Covariates where the risk table and the patient summary stay in parts: only counts and extremes come together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.cohort import covariates as whole
from helpers.parted import Parted, PartedColumns


@dataclass(frozen=True, eq=False)
class CovariatesInParts:
    """As `covariates.Covariates`: `told` is a table, `labelled` and `complete` are in parts."""

    labelled: PartedColumns
    complete: Parted
    told: pd.DataFrame

    def of_complete(self, *columns: Parted) -> list[Parted]:
        """Columns of the risk table without the rows that lack a value."""
        return [column[self.complete] for column in columns]


@dataclass(frozen=True, eq=False)
class Spread:
    """Of some columns of numbers: how many values there are, and the least and the largest; parts add up."""

    n: int
    given: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, values: pd.DataFrame) -> "Spread":
        """Of patients with and without values."""
        columns = values.to_numpy(dtype=float)
        is_given = ~np.isnan(columns)
        low = np.where(is_given, columns, np.inf).min(axis=0, initial=np.inf)
        high = np.where(is_given, columns, -np.inf).max(axis=0, initial=-np.inf)
        return cls(len(columns), is_given.sum(axis=0), low, high)

    def __add__(self, other: "Spread") -> "Spread":
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        return Spread(self.n + other.n, self.given + other.given, low, high)

    @property
    def is_one(self) -> np.ndarray:
        """Columns with less than two different values."""
        return ~(self.low < self.high)


def covariates_in_parts(
    risk_table: Parted, patient_summary: Parted, names: Sequence[str], most_missing: float
) -> CovariatesInParts:
    """As `covariates.covariate_columns`, with checked choices."""
    taken = risk_table.map(_taken, patient_summary, names).held()
    spread = taken.map(_spread, names).total()
    why = dict.fromkeys(names, "")
    for name, given, is_one in zip(names, spread.given, spread.is_one, strict=True):
        if not given:
            why[name] = whole.NOT_GIVEN
        elif is_one:
            why[name] = whole.ALL_THE_SAME
        elif (spread.n - given) / spread.n > most_missing:
            why[name] = whole.MOSTLY_MISSING.format(100 * most_missing)
    missing = dict(zip(names, spread.n - spread.given, strict=True))
    while used := [name for name in names if not why[name]]:
        is_one = taken.map(_spread_of_complete, used).total().is_one
        if not is_one.any():
            break
        same = [name for name, is_same in zip(used, is_one, strict=True) if is_same]
        why[whole.most_missing_of(same, missing)] = whole.SAME_WHERE_COMPLETE
    told = whole.told_of(names, spread.given, spread.n - spread.given, why)
    labels, complete = whole.labels(), taken.map(_complete, used)
    columns = {labels[name]: taken.map(_column, name)[complete] for name in used}
    return CovariatesInParts(PartedColumns(columns), complete, told)


def _taken(risk_table: pd.DataFrame, patient_summary: pd.DataFrame, names: Sequence[str]) -> tuple:
    """The covariates of the patients of one part, and for each of its rows which of them it is."""
    return whole.patient_values(risk_table, patient_summary, names)


def _spread(taken: tuple, names: Sequence[str]) -> Spread:
    return Spread.of(taken[0][list(names)])


def _spread_of_complete(taken: tuple, names: Sequence[str]) -> Spread:
    return Spread.of(taken[0][list(names)].dropna())


def _column(taken: tuple, name: str) -> np.ndarray:
    values, rows = taken
    return values[name].to_numpy()[rows]


def _complete(taken: tuple, names: Sequence[str]) -> np.ndarray:
    values, rows = taken
    return values[list(names)].notna().to_numpy().all(axis=1)[rows]
