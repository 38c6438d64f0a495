"""Columns that as a whole cannot be read: the study is stopped, instead of set aside row by row."""

import numpy as np
import pandas as pd

from helpers.cohort.dates import parse_dates
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


def check_columns(tables: dict[str, Table], dictionary: Dictionary, formats: dict) -> None:
    """Stop where most of a column cannot be read, which one wrong line of the study file can bring about.

    Parameters
    ----------
    tables : dict of str to Table
        After every cell was read.
    formats : dict
        (table, column) -> date format.

    Raises
    ------
    Problems
        One sentence per column: how many cells, the first row, and what to change. Dates are not repeated.
    """
    problems = []
    for table in tables.values():
        for column in dictionary.table(table.name):
            if column.type not in MOST_UNREADABLE or column.name not in table.text:
                continue
            bad = _bad_cells(table, column)
            n_given = len(bad) + int(_is_readable(table, column).sum())
            if len(bad) >= FEWEST and len(bad) > MOST_UNREADABLE[column.type] * n_given:
                problems.append(_sentence(table, column, bad, n_given, formats.get((table.name, column.name))))
    if problems:
        raise Problems("Most of a column cannot be read, so nothing was computed:", problems)


def _bad_cells(table: Table, column: Column) -> np.ndarray:
    found = [f.at for f in table.findings if f.column == column.name and f.rule in BAD_CELLS]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def _is_readable(table: Table, column: Column) -> np.ndarray:
    return table.clean[column.name].notna().to_numpy(dtype=bool)


def _sentence(table: Table, column: Column, bad: np.ndarray, n_given: int, date_format: str | None) -> str:
    where = f"{table.name}.{column.name} (first in row {table.row[bad[0]]})"
    texts = pd.Series(pd.unique(table.text[column.name].iloc[bad])).str.strip()
    many = f"{len(bad)} of {n_given}"
    if column.type == "date":
        fitting = [f for f in USUAL_FORMATS if f != date_format and parse_dates(texts, f)[0].notna().all()]
        hint = f"All of these would fit {' or '.join(fitting)}. " if fitting else ""
        return f"{where}: {many} dates do not follow {date_format}. {hint}Correct `date_formats` in the study file."
    if column.code_labels or column.type == "yes_no":
        shown = f" ({', '.join(texts)})" if len(texts) <= SHOWN_CODES and texts.str.len().max() <= 20 else ""
        known = ", ".join(dict.fromkeys(column.codes))
        return f"{where}: {many} values{shown} are not known; known are {known}. Write them so in the file."
    if column.type in ("level", "levels"):
        return f"{where}: {many} texts name no vertebra. Write levels like T12, or correct `column_names`."
    return f"{where}: {many} values are not {column.allowed or 'numbers'}. Is the right column named in `column_names`?"
