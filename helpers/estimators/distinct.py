"""Distinct values and runs of equal rows: every value is handled once, every run of alike rows as one row."""

import numpy as np
import pandas as pd

# Whole numbers up to this many times their number are counted, not sorted; below some size they always are.
WIDEST, SMALL = 4, 100_000
# Rows at a time that stay in the cache.
BLOCK = 2**16


def distinct(*columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """The distinct numbers of all columns together, in order; then for each column which of them its entries are.

    Examples
    --------
    >>> distinct(np.array([5, 2, 5]), np.array([0, 2, 3]))
    (array([0, 2, 3, 5]), array([3, 1, 3], dtype=int32), array([0, 1, 2], dtype=int32))
    """
    most = WIDEST * sum(map(len, columns)) + SMALL
    whole = [_whole(column, most) for column in columns]
    if all(column is not None for column in whole):
        # One place more than there are values, the last: that of infinity, which is -1.
        is_seen = np.zeros(max(int(column.max(initial=0)) for column in whole) + 2, dtype=bool)
        for column in whole:
            is_seen[column] = True
        place = np.cumsum(is_seen, dtype=np.int32) - 1
        values = np.flatnonzero(is_seen).astype(np.result_type(np.int64, *columns), copy=False)
        if is_seen[-1]:
            values[-1] = np.inf
        return values, *(looked_up(place, column) for column in whole)
    together = columns[0] if len(columns) == 1 else np.concatenate(columns)
    # Rows mostly come sorted by patient, which a stable sort makes use of.
    order = np.argsort(together, kind="stable")
    start, length = runs(together[order])
    place = np.empty(len(together), dtype=np.int32)
    place[order] = np.repeat(np.arange(len(start), dtype=np.int32), length)
    return together[order[start]], *np.split(place, np.cumsum([len(column) for column in columns])[:-1])


def looked_up(table: np.ndarray, places: np.ndarray) -> np.ndarray:
    """`table[places]`, in blocks: places of any width are made wide on the way."""
    values = np.empty(len(places), dtype=table.dtype)
    for at in range(0, len(places), BLOCK):
        values[at : at + BLOCK] = table[places[at : at + BLOCK]]
    return values


def _whole(column: np.ndarray, most: int) -> np.ndarray | None:
    """Numbers as whole ones from 0 to `most`, infinity as -1; None where they are not."""
    if column.dtype.kind == "b":
        return column.view(np.int8)
    if not column.min(initial=0) >= 0:
        return None
    if column.dtype.kind in "iu":
        return column if column.max(initial=0) <= most else None
    is_infinite = column == np.inf
    if not column.max(where=~is_infinite, initial=0) <= most:
        return None
    whole = np.where(is_infinite, -1, column).astype(np.int64)
    return whole if ((whole == column) | is_infinite).all() else None


def runs(*columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each run of rows that are equal in every column starts, and how many rows it has.

    Examples
    --------
    >>> runs(np.array([7, 7, 7, 8]), np.array([1, 1, 0, 0]))
    (array([0, 2, 3]), array([2, 1, 1]))
    """
    n, ends = len(columns[0]), [np.zeros(min(1, len(columns[0])), dtype=np.intp)]
    for at in range(0, n - 1, BLOCK):
        block = [column[at : at + BLOCK + 1] for column in columns]
        is_end = block[0][1:] != block[0][:-1]
        for column in block[1:]:
            is_end |= column[1:] != column[:-1]
        ends.append(np.flatnonzero(is_end) + (at + 1))
    start = np.concatenate(ends)
    length = np.empty_like(start)
    np.subtract(start[1:], start[:-1], out=length[:-1])
    length[-1:] = n - start[-1:]
    return start, length


def distinct_rows(*columns: np.ndarray | pd.Categorical) -> tuple[np.ndarray, np.ndarray]:
    """Which of the distinct rows of a table each of its rows is, and these rows; columns may be categories.

    Examples
    --------
    >>> place, rows = distinct_rows(np.array([70.0, 70.0, 81.0, 70.0]), np.array([True, True, False, False]))
    >>> place.tolist(), rows.tolist()
    ([1, 1, 2, 0], [[70.0, 0.0], [70.0, 1.0], [81.0, 0.0]])
    """
    codes = [column.codes if isinstance(column, pd.Categorical) else column for column in columns]
    start, length = runs(*codes)
    place = np.zeros(len(start), dtype=np.int64)
    for column in codes:
        values, at = distinct(column[start])
        _, place = distinct(place * np.int64(len(values)) + at)
    of_row = np.zeros(place.max(initial=-1) + 1, dtype=np.intp)
    of_row[place] = start
    rows = [np.asarray(column[of_row]) for column in columns]
    return np.repeat(place, length), np.column_stack(rows).astype(float)


def counted(codes: np.ndarray, count: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The distinct whole numbers from 0 in order, and how often each occurs (each entry as often as its count).

    Examples
    --------
    >>> counted(np.array([4, 0, 4]))
    (array([0, 4]), array([1, 2]))
    """
    if int(codes.max(initial=0)) <= WIDEST * len(codes) + SMALL:
        totals = np.bincount(codes, count)
        keys = np.flatnonzero(totals)
        return keys, totals[keys]
    if count is None:
        codes = np.sort(codes)
        start, length = runs(codes)
        return codes[start], length
    order = np.argsort(codes, kind="stable")
    start, _ = runs(codes[order])
    return codes[order[start]], np.add.reduceat(count[order], start)


def n_distinct(codes: np.ndarray) -> int:
    """How many of the whole numbers from 0 occur.

    Examples
    --------
    >>> n_distinct(np.array([4, 0, 4]))
    2
    """
    highest = int(codes.max(initial=0))
    if highest > WIDEST * len(codes) + SMALL:
        return len(distinct(codes)[0])
    if (codes[1:] >= codes[:-1]).all():
        return int(np.count_nonzero(codes[1:] != codes[:-1])) + min(1, len(codes))
    is_seen = np.zeros(highest + 1, dtype=bool)
    is_seen[codes] = True
    return int(np.count_nonzero(is_seen))
