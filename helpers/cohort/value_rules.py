"""Rules for single cells: each distinct text of a column is read once."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.cohort.cells import as_category, stripped, texts_of, told
from helpers.cohort.date_formats import Writing, example, exchanged
from helpers.cohort.dates import ABSENT, Span, are_dates, day_numbers, read_dates
from helpers.cohort.dictionary import Column, Dictionary
from helpers.cohort.ledger import Finding, Table

NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
UNITS = {
    "mL": r"(?:ml|cc|ccm|cm3|cm\u00b3|cm\^3)\.?",
    "years": r"(?:years?|yrs?|y|y/o|yo|jahre?)\.?(?: old)?",
    "standard deviations": r"(?:sd|s\.d\.)",
}


@dataclass(frozen=True)
class TextFinding:
    """What one rule found among the distinct texts: where, what is told after the text, and the text afterwards."""

    rule: str
    where: np.ndarray
    why: str
    after: pd.Series | None = None
    is_bad: bool = True


def may_be_empty(table: Table, column: Column, dictionary: Dictionary) -> np.ndarray | bool:
    """Rows in which a required cell may be empty all the same, for what another cell holds."""
    if column.unless is None or column.unless[0] not in table.text:
        return False
    other, code = dictionary.column(table.name, column.unless[0]), column.unless[1]
    cells = table.text[other.name]
    texts = pd.Series(stripped(cells.categories), dtype=object).str.lower()
    return (texts.map(other.codes) == code).to_numpy(dtype=bool)[cells.codes]


def read_column(
    table: Table,
    column: Column,
    written: Writing | None,
    open_rows: np.ndarray,
    may_be_empty: np.ndarray | bool = False,
) -> None:
    """Read one column into `table.clean`; bad cells become empty, or set the row aside where required.

    Only the open rows (bool, those not set aside before) are told about. Where dates may have no day, the days each
    can be are in `table.spans`, and the first of them in `table.clean`.
    """
    cells = table.text[column.name]
    clean = pd.Series(stripped(cells.categories), dtype=object)
    is_empty, is_code = missing(clean, column)
    readable = ~(is_empty | is_code)
    values, found = _READERS[column.type](clean.where(readable, ""), readable, column, written)
    table.clean[column.name] = values.take(cells.codes)
    if written and written.is_partial:
        last = day_numbers(read_dates(clean, written).last)
        last = np.where(values == ABSENT, ABSENT, last)
        table.spans[column.name] = Span(table.clean[column.name].copy(), last.take(cells.codes))
    found = [TextFinding("missing_code", is_code, f" in {column.name} stands for a missing value."), *found]
    tell(table, column, found, is_empty | is_code, open_rows, may_be_empty)


def missing(clean: pd.Series, column: Column) -> tuple[np.ndarray, np.ndarray]:
    """Which of the texts are empty, and which are a code for a missing value."""
    is_empty = clean.eq("").to_numpy(dtype=bool)
    small = map(str.lower, clean.tolist())
    is_code = np.fromiter(map(column.missing_codes.__contains__, small), dtype=bool, count=len(clean))
    return is_empty, is_code & ~is_empty


def tell(table: Table, column: Column, found, is_missing: np.ndarray, open_rows, may_be_empty=False) -> None:
    """Apply to the rows what was found among the distinct texts of a column."""
    for finding in found:
        if finding.where.any():
            table.apply(_spread(finding, table.text[column.name], column, open_rows))
    if column.required and is_missing.any():
        at = np.flatnonzero(is_missing[table.text[column.name].codes] & open_rows & np.logical_not(may_be_empty))
        why = f"{column.name} is empty, but a row of {column.table} is of no use without it. Fill it in."
        table.apply(Finding("missing_required", at, why, True, column.name, table.cell(column.name, at)))


def _spread(finding: TextFinding, cells: pd.Categorical, column: Column, open_rows) -> Finding:
    """A finding among distinct texts as one among rows."""
    at = np.flatnonzero(finding.where[cells.codes] & open_rows)
    is_quarantine = finding.is_bad and column.must_be_read and finding.rule != "missing_code"
    why = finding.why
    if finding.is_bad and finding.rule != "missing_code":
        next_step = "The row is set aside" if is_quarantine else "The cell counts as empty"
        why = why + f" {next_step}; check it against the record."
    own = cells[at]
    after = "" if finding.after is None else finding.after.to_numpy(dtype=object)[own.codes]
    sentences = told(own, lambda text: f'"{text}"{why}')
    return Finding(finding.rule, at, sentences, is_quarantine, column.name, texts_of(cells, at), after)


def read_codes(clean, readable, column, _):
    """Codes in any case of letters, under the first code of the same meaning."""
    values = clean.str.lower().map(column.codes).astype(object)
    is_unknown = readable & values.isna().to_numpy(dtype=bool)
    known = ", ".join(column.code_labels)
    why = (
        f" in {column.name} is not one of {known}. If it means one of them, or that the value is missing, say so in "
        f"`codes`, under {column.table}.{column.name}."
    )
    if column.type == "yes_no":
        typed = values.map({"yes": True, "no": False}).astype("boolean")
    else:
        typed = values.astype(pd.CategoricalDtype(list(column.code_labels)))
    return typed.array, [TextFinding("unknown_code", is_unknown, why)]


def read_numbers(clean, readable, column, _):
    """Numbers, with a decimal comma and the column's own unit allowed and told."""
    small = clean.str.lower()
    unit = UNITS.get(column.unit)
    pattern = rf"[+-]?[0-9]*[.,]?[0-9]+\s*{unit}" if unit else "(?!)"
    has_unit = readable & small.str.fullmatch(pattern).to_numpy(dtype=bool)
    bare = small.where(~has_unit, small.str.extract(r"^([+-]?[0-9.,]*)", expand=False))
    has_comma = readable & bare.str.fullmatch(r"[+-]?[0-9]*,[0-9]+").to_numpy(dtype=bool)
    # "1,234" is a thousand and more in one country and one and a quarter in another.
    has_comma &= ~bare.str.fullmatch(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}").to_numpy(dtype=bool)
    pointed = bare.where(~has_comma, bare.str.replace(",", ".", regex=False))
    is_number = readable & pointed.str.fullmatch(NUMBER).to_numpy(dtype=bool)
    values = pointed.where(is_number).astype(float)
    is_whole = (values % 1 == 0).to_numpy() | (column.type != "integer")
    is_number &= is_whole & np.isfinite(values.to_numpy())
    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum
    is_outside = is_number & ~values.between(low, high).to_numpy()
    kind = "a whole number" if column.type == "integer" else "a number"
    what = f" in {column.name} "
    found = [
        TextFinding("unit_written_out", has_unit, what + "has its unit in the cell; it was taken off.", bare, False),
        TextFinding("decimal_comma", has_comma, what + "has a decimal comma; it is read as a point.", pointed, False),
        TextFinding("value_not_a_number", readable & ~is_number, what + f"is not {kind}."),
        TextFinding("out_of_range", is_outside, what + f"is outside {column.allowed}."),
    ]
    values = values.where(is_number & ~is_outside)
    return (values.astype("Int8").array if column.type == "integer" else values.to_numpy()), found


def read_days(clean, readable, column, written):
    """Dates in the formats given for the column, as days since 1970, and what else a wrong one may be."""
    dates, _, is_far_off = read_dates(clean, written)
    is_bad = readable & dates.isna().to_numpy() & ~is_far_off
    two_digit = swapped = np.zeros(len(clean), dtype=bool)
    for date_format in written.formats:
        if "%Y" in date_format:
            two_digit = two_digit | is_bad & _parses(clean, is_bad, date_format.replace("%Y", "%y"))
    for date_format in written.formats:
        if "%d" in date_format and "%m" in date_format:
            swapped = swapped | is_bad & ~two_digit & _parses(clean, is_bad, exchanged(date_format))
    what = f" in {column.name} "
    like = f"the column's dates are written like {' or '.join(map(example, written.formats))}."
    found = [
        TextFinding("two_digit_year", two_digit, what + f"has a year of two digits; {like}"),
        TextFinding("day_and_month_swapped", swapped, what + f"is only a date with day and month exchanged; {like}"),
        TextFinding("date_not_in_format", is_bad & ~two_digit & ~swapped, what + f"is not such a date; {like}"),
        TextFinding("implausible_date", readable & is_far_off, what + "is before 1980 or after 2100."),
    ]
    return day_numbers(dates.where(readable)), found


def read_levels(clean, readable, column, _):
    """Levels stay text here: reading them takes the patient's spine."""
    return as_category(clean), []


_READERS = {
    "code": read_codes,
    "yes_no": read_codes,
    "number": read_numbers,
    "integer": read_numbers,
    "date": read_days,
    "level": read_levels,
    "levels": read_levels,
}


def _parses(clean: pd.Series, where: np.ndarray, date_format: str) -> np.ndarray:
    parsed = np.zeros(len(clean), dtype=bool)
    if where.any():
        parsed[where] = are_dates(clean[where], date_format)
    return parsed
