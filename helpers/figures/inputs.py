"""What a figure asks of the table it is given."""

from collections.abc import Sequence

import pandas as pd

from helpers.disclosure import Coarse
from helpers.errors import WorkbookError


def need_columns(table: pd.DataFrame, columns: Sequence[str], *, figure: str) -> None:
    """Raise when a column that the figure draws is not in the table."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise WorkbookError(
            f"The {figure} needs the columns {', '.join(columns)}, but its table lacks {', '.join(missing)}. "
            f"It has {', '.join(map(str, table.columns))}."
        )


def need_rows(table: pd.DataFrame, *, figure: str) -> None:
    """Raise when there is nothing to draw."""
    if table.empty:
        raise WorkbookError(f"The {figure} has nothing to draw: its table has no rows.")


def is_given(value) -> bool:
    """True for a value that is there (not None, NaN, NA)."""
    return not pd.isna(value)


def number_text(count) -> str:
    """A count with thousands separators, nothing where there is none; a written or a coarse count passes as it is."""
    if isinstance(count, str):
        return count
    if isinstance(count, Coarse):
        return count.text
    return f"{int(count):,}" if is_given(count) else ""


def in_words(items: Sequence[str]) -> str:
    """The items joined with commas and "and"."""
    items = list(items)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""
