"""Tables as CSV for people: text that a spreadsheet would run as a formula is made inert."""

from pathlib import Path

import pandas as pd

from helpers.workbook.csv_cells import csv_lines

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_FORMULA = r"^ *[=+\-@\t\r\n]"
_ROWS_AT_ONCE = 250_000


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write `frame` with inert text, numbers at full precision and the same line ends on every system."""
    with path.open("wb") as file:
        file.write(_as_pandas_writes(frame.iloc[:0], header=True))
        for start in range(0, len(frame), _ROWS_AT_ONCE):
            rows = frame.iloc[start : start + _ROWS_AT_ONCE]
            lines = csv_lines([values for _, values in rows.items()], _FORMULA)
            file.write(_as_pandas_writes(rows, header=False) if lines is None else lines)


def inert(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with an apostrophe before text that a spreadsheet would run; numbers are left alone."""
    safe = frame.copy()
    for column in frame.columns:
        values = frame[column]
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype(object)
        if values.dtype == object or isinstance(values.dtype, pd.StringDtype):
            safe[column] = values.map(_inert_text, na_action="ignore")
    return safe.rename(columns=_inert_text)


def _as_pandas_writes(frame: pd.DataFrame, *, header: bool) -> bytes:
    return inert(frame).to_csv(index=False, header=header, lineterminator="\n").encode("utf-8")


def _inert_text(value: object) -> object:
    is_formula = isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS)
    return "'" + value if is_formula else value
