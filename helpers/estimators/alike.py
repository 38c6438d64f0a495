"""Rows that are alike, once each with how many there are: what parts of a cohort bring together in place of rows."""

from dataclasses import dataclass

import numpy as np

from helpers.estimators.distinct import distinct_rows, runs


@dataclass(frozen=True, eq=False)
class Alike:
    """Distinct rows, in order of the first column, then the second; those of the parts of a cohort add up.

    Attributes
    ----------
    columns : tuple of arrays (rows,)
    count : array of int (rows,) or (rows, counts)
        How many are alike; of several sorts, where several are counted.
    """

    columns: tuple[np.ndarray, ...]
    count: np.ndarray

    @classmethod
    def of(cls, *columns: np.ndarray, count: np.ndarray | None = None) -> "Alike":
        """Count rows, each as often as its count.

        Examples
        --------
        >>> two = Alike.of(np.array([5, 3, 5])) + Alike.of(np.array([4, 3]))
        >>> two.columns[0].tolist(), two.count.tolist()
        ([3, 4, 5], [2, 1, 2])
        """
        start, alike = runs(*columns)
        if not len(start):
            return cls(columns, alike if count is None else count)
        alike = alike if count is None else np.add.reduceat(count, start)
        columns = tuple(column[start] for column in columns)
        order = np.lexsort(columns[::-1])
        columns = tuple(column[order] for column in columns)
        start, _ = runs(*columns)
        return cls(tuple(column[start] for column in columns), np.add.reduceat(alike[order], start))

    def __add__(self, other: "Alike") -> "Alike":
        both = (np.concatenate(two) for two in zip(self.columns, other.columns, strict=True))
        return Alike.of(*both, count=np.concatenate([self.count, other.count]))

    def looked_up(self, values: np.ndarray, *columns: np.ndarray) -> np.ndarray:
        """Of values of these rows, that of the row which each row of some columns is; all of them are here."""
        both = (np.concatenate(two) for two in zip(self.columns, columns, strict=True))
        place, _ = distinct_rows(*both)
        of_place = np.zeros((place.max(initial=-1) + 1, *values.shape[1:]))
        of_place[place[: len(values)]] = values
        return of_place[place[len(values) :]]
