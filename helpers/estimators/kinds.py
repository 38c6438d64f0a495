"""Kinds of rows, alike in a few codes: counted by patient, and what a kind says added up by patient.

Rows are taken in blocks that fit the processor's cache, so nothing as long as the table is made on the way. What is
counted adds up over parts of a cohort.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.estimators.distinct import runs

BLOCK, LARGEST = 2**16, 2**31 - 1
# A block spreads over at most so many counters for each of its rows, or the next one is longer.
SPREAD = 4
# Whole numbers this close to one another are their own codes.
NARROW = 256


@dataclass(frozen=True, eq=False)
class Kinds:
    """Which kind of row each row is.

    Attributes
    ----------
    codes : tuple of arrays (rows,)
        Whole numbers from 0, or yes and no, of any width; rows alike in all of them are of one kind.
    sizes : tuple of int
        How many values each has.
    """

    codes: tuple[np.ndarray, ...]
    sizes: tuple[int, ...]

    @property
    def n_kinds(self) -> int:
        """How many kinds there may be."""
        return math.prod(self.sizes)

    def counts(self) -> np.ndarray:
        """Number of rows of each kind; an array of shape `sizes`."""
        total = np.zeros(self.n_kinds, dtype=np.int64)
        step = max(BLOCK, self.n_kinds)
        for start in range(0, len(self.codes[0]), step):
            rows = slice(start, start + step)
            total += np.bincount(self.of_rows(rows), minlength=self.n_kinds)
        return total.reshape(self.sizes)

    def counts_by(self, codes: np.ndarray, n_codes: int, weights: np.ndarray | None = None) -> np.ndarray:
        """Number of rows of each kind by another code, such as the patient, or their weights added up.

        Returns
        -------
        array (*sizes, n_codes)

        Examples
        --------
        >>> event, patient = np.array([True, False, False]), np.array([0, 0, 1])
        >>> Kinds((event,), (2,)).counts_by(patient, 2).tolist()
        [[1, 1], [1, 0]]
        """
        n_kinds = self.n_kinds
        if weights is None:
            dtype = np.int32 if len(codes) <= LARGEST else np.int64
        else:
            dtype = np.int64 if weights.dtype.kind in "iu" else float
        total = np.zeros((n_kinds, n_codes), dtype=dtype)
        for rows, low, end in _blocks(codes, n_codes, n_kinds):
            # Made narrow, which is quicker even though wide ones are counted.
            width = np.int32 if end * n_kinds <= LARGEST else np.int64
            place = np.multiply(self.of_rows(rows), end - low, dtype=width)
            place += codes[rows]
            place -= width(low)
            found = np.bincount(place, None if weights is None else weights[rows], minlength=(end - low) * n_kinds)
            total[:, low:end] += found.astype(dtype, copy=False).reshape(n_kinds, -1)
        return total.reshape(*self.sizes, n_codes)

    def sums_by(self, codes: np.ndarray, n_codes: int, of_kind: np.ndarray) -> np.ndarray:
        """What the kind of each row says, added up by another code, such as the patient."""
        total, of_kind = np.zeros(n_codes), of_kind.ravel()
        for rows, low, end in _blocks(codes, n_codes, 1):
            whose = np.subtract(codes[rows], low, dtype=np.intp)
            total[low:end] += np.bincount(whose, of_kind[self.of_rows(rows)], minlength=end - low)
        return total

    def of_rows(self, rows: slice = slice(None)) -> np.ndarray:
        """The kind of rows as one whole number, as narrow as it may be."""
        place = np.zeros((), dtype=np.min_scalar_type(self.n_kinds))
        for codes, size in zip(self.codes, self.sizes, strict=True):
            own = codes[rows].astype(place.dtype)
            if place.ndim:
                place *= place.dtype.type(size)
                own += place
            place = own
        return place


def value_codes(values: np.ndarray | pd.Categorical) -> tuple[np.ndarray, np.ndarray]:
    """Finite numbers, or yes and no, as narrow codes into their values; not every one of these need occur.

    Examples
    --------
    >>> value_codes(np.array([72.0, 70.0, 72.0])), value_codes(np.array([0.5, 0.1]))
    ((array([2, 0, 2], dtype=uint8), array([70., 71., 72.])), (array([0, 1], dtype=uint8), array([0.5, 0.1])))
    """
    if isinstance(values, pd.Categorical):
        return values.codes, values.categories.to_numpy(dtype=float)
    if values.dtype == bool:
        return values.view(np.uint8), np.array([0.0, 1.0])
    codes = _close_and_whole(values)
    if codes is not None:
        return codes, values.min() + np.arange(float(codes.max()) + 1)
    # What belongs to a patient is the same in one row after the other.
    start, length = runs(values)
    if 2 * len(start) < len(values):
        of_run, distinct = pd.factorize(values[start])
        return np.repeat(_narrow(of_run, len(distinct)), length), distinct
    codes, distinct = pd.factorize(values)
    return _narrow(codes, len(distinct)), distinct


def n_occurring(codes: np.ndarray, n_codes: int) -> int:
    """How many of the codes occur."""
    return int(np.count_nonzero(Kinds((), ()).counts_by(codes, n_codes)))


def _blocks(codes: np.ndarray, n_codes: int, n_kinds: int) -> Iterator[tuple[slice, int, int]]:
    """Blocks of rows with the least code in them and one more than the largest; with few codes, those of all.

    In a table sorted by patient a block holds few of them; one that spreads over many is followed by longer ones, so
    that any order of rows costs the same for each row.
    """
    start, length = 0, BLOCK
    if n_codes * n_kinds * SPREAD <= BLOCK:
        yield from ((slice(start, start + BLOCK), 0, n_codes) for start in range(0, len(codes), BLOCK))
        return
    while start < len(codes):
        rows = slice(start, start + length)
        low, end = int(codes[rows].min()), int(codes[rows].max()) + 1
        yield rows, low, end
        start, length = start + length, max(BLOCK, (end - low) * n_kinds // SPREAD)


def _close_and_whole(values: np.ndarray) -> np.ndarray | None:
    """Whole numbers close to one another, less the least of them; None for others."""
    if not len(values) or not values.max() - (low := values.min()) < NARROW or low % 1:
        return None
    codes = np.empty(len(values), dtype=np.uint8)
    for start in range(0, len(values), BLOCK):
        above = values[start : start + BLOCK] - low
        whole = above.astype(np.uint8)
        if (whole != above).any():
            return None
        codes[start : start + BLOCK] = whole
    return codes


def _narrow(codes: np.ndarray, n_codes: int) -> np.ndarray:
    return codes.astype(np.min_scalar_type(n_codes))
