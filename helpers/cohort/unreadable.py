"""Columns that as a whole cannot be read: the study is stopped, instead of set aside row by row."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pandas as pd

from helpers.cohort.date_formats import Writing, needs_pivot
from helpers.cohort.dates import ABSENT, are_dates
from helpers.cohort.dictionary import Column, Dictionary
from helpers.cohort.ledger import Table
from helpers.errors import Problems

MOST_UNREADABLE = {"date": 0.2, "level": 0.5, "levels": 0.5, "number": 0.5, "integer": 0.5, "code": 0.5, "yes_no": 0.5}
FEWEST = 5
BAD_DATES = ("date_not_in_format", "day_and_month_swapped", "two_digit_year", "implausible_date")
BAD_CELLS = (*BAD_DATES, "value_not_a_number", "out_of_range", "unknown_code", "level_not_recognised")
USUAL_FORMATS = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%d.%m.%y",
    "%m/%d/%y",
    "%Y%m%d",
)
SHOWN_CODES = 8
SHOWN_COLUMNS = 3


@dataclass(frozen=True)
class Unreadable:
    """How much of a column cannot be read: cells, of how many given, and the first row of each unreadable text.

    `file_columns` are the file's names of the column where they are not ours.
    """

    column: Column
    written: Writing | None
    n_bad: int
    n_given: int
    first_row: pd.Series
    file_columns: tuple[str, ...] = ()


def unreadable(tables: dict[str, Table], dictionary: Dictionary, formats: dict) -> list[Unreadable]:
    """Count what cannot be read in each column that has such cells.

    Parameters
    ----------
    tables : dict of str to Table
        After every cell was read.
    formats : dict
        (table, column) -> how its dates are written.
    """
    counts = []
    for table in tables.values():
        for column in dictionary.table(table.name):
            if column.type in MOST_UNREADABLE and column.name in table.text:
                counts.append(_count(table, column, formats.get((table.name, column.name))))
    return counts


def check_columns(parts: Iterable[list[Unreadable]]) -> None:
    """Stop where most of a column cannot be read, which one wrong line of the study file can bring about.

    Parameters
    ----------
    parts : iterable of list of Unreadable
        What `unreadable` counted in each part of the cohort.

    Raises
    ------
    Problems
        One sentence per column: how many cells, the first row, and what to change. Dates are not repeated.
    """
    by_column = {}
    for count in chain.from_iterable(parts):
        by_column.setdefault((count.column.table, count.column.name), []).append(count)
    counts = [_together(counts) for counts in by_column.values()]
    problems = [_sentence(count) for count in counts if _is_most(count)]
    if problems:
        raise Problems("Most of a column cannot be read, so nothing was computed:", problems)


def _count(table: Table, column: Column, written: Writing | None) -> Unreadable:
    bad = np.zeros(len(table.row), dtype=bool)
    for finding in table.findings:
        if finding.column == column.name and finding.rule in BAD_CELLS:
            bad[finding.at] = True
    bad = np.flatnonzero(bad)
    codes, distinct = pd.factorize(table.text[column.name].codes[bad])
    row = pd.Series(table.origin.rows(column.name, bad, table.row)).groupby(codes).min()
    texts = np.asarray(table.text[column.name].categories, dtype=object)[distinct]
    n_given = len(bad) + int(_is_readable(table.clean[column.name], column).sum())
    called = tuple(name for name in pd.unique(table.origin.file_column(column.name, bad)) if name)
    row = row.set_axis(pd.Index(texts, dtype=object))
    return Unreadable(column, written, len(bad), n_given, row, called)


def _is_readable(values, column: Column) -> np.ndarray:
    return values != ABSENT if column.type == "date" else ~np.asarray(pd.isna(values))


def _together(counts: list[Unreadable]) -> Unreadable:
    """One column's counts in several parts as if they were one; the texts in the order of the file."""
    first_row = pd.concat([count.first_row for count in counts])
    first_row = first_row.groupby(first_row.index, sort=False).min().sort_values(kind="stable")
    n_bad, n_given = sum(count.n_bad for count in counts), sum(count.n_given for count in counts)
    return replace(counts[0], n_bad=n_bad, n_given=n_given, first_row=first_row)


def _is_most(count: Unreadable) -> bool:
    return count.n_bad >= FEWEST and count.n_bad > MOST_UNREADABLE[count.column.type] * count.n_given


def _sentence(count: Unreadable) -> str:
    column = count.column
    called = "".join(f'"{name}", ' for name in count.file_columns[:SHOWN_COLUMNS])
    where = f"{column.table}.{column.name} ({called}first in row {count.first_row.iloc[0]})"
    texts = pd.Series(count.first_row.index, dtype=object).str.strip()
    many = f"{count.n_bad} of {count.n_given}"
    if column.type == "date":
        others = [f for f in USUAL_FORMATS if f not in count.written.formats]
        fitting = [f for f in others if are_dates(texts, f).all()]
        hint = f"All of these would fit {' or '.join(fitting)}. " if fitting else ""
        pivot = " Years of two digits (%y) need `pivot_year` too." if any(map(needs_pivot, fitting)) else ""
        return (
            f"{where}: {many} dates do not follow {count.written}. {hint}Correct `date_formats` in the study file."
            f"{pivot}"
        )
    if column.code_labels or column.type == "yes_no":
        shown = f" ({', '.join(texts)})" if len(texts) <= SHOWN_CODES and texts.str.len().max() <= 20 else ""
        known = ", ".join(column.code_labels.values())
        return (
            f"{where}: {many} values{shown} are not known; known are {known}. Write them so in the file, or say in "
            f"`codes` what each means, under {column.table}.{column.name}."
        )
    if column.type in ("level", "levels"):
        return f"{where}: {many} texts name no vertebra. Write levels like T12, or correct `column_names`."
    return f"{where}: {many} values are not {column.allowed or 'numbers'}. Is the right column named in `column_names`?"
