"""Tables as CSV for people: text that a spreadsheet would run as a formula is made inert."""

from pathlib import Path

import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write `frame` with inert text, numbers at full precision and the same line ends on every system."""
    inert(frame).to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


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


def _inert_text(value: object) -> object:
    is_formula = isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS)
    return "'" + value if is_formula else value
