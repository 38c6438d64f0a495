"""The row of the column names, where titles stand above it."""

from collections.abc import Sequence

from helpers.intake.table import cannot_be_read

LOOKED_AT = 60  # rows


def find_header(rows: Sequence[Sequence]) -> int:
    """Place of the first row most of whose cells are texts that are no numbers, with a row of data below it; else 0.

    "Most" is of the cells that the fullest of the first rows has.

    >>> find_header([["Our cohort", "", ""], ["", "", ""], ["id", "sex", "age"], ["A", "F", 72.0]])
    2
    """
    filled = [sum(not _is_empty(cell) for cell in row) for row in rows[:LOOKED_AT]]
    widest = max(filled, default=0)
    for place, row in enumerate(rows[:LOOKED_AT]):
        has_data = any(filled[place + 1 :]) or len(rows) == place + 1
        if 2 * sum(map(_is_name, row)) > widest and has_data:
            return place
    return 0


def skipped(place: int, source: str) -> list[str]:
    """The note on rows above the header."""
    if not place:
        return []
    above = "Row 1 was" if place == 1 else f"Rows 1 to {place} were"
    return [f"The column names of {source} are taken from row {place + 1}. {above} left out: no names stand there."]


def checked_row(header_row, source: str) -> int | None:
    """The place of the header that was asked for; None where it is to be found."""
    if header_row is None:
        return None
    if isinstance(header_row, bool) or not isinstance(header_row, int) or header_row < 1:
        raise cannot_be_read(source, [f"`header_row` must be a row number from 1, but got {header_row!r}."])
    return header_row - 1


def _is_empty(cell) -> bool:
    return cell is None or isinstance(cell, str) and not cell.strip()


def _is_name(cell) -> bool:
    if not isinstance(cell, str) or not cell.strip():
        return False
    try:
        float(cell.strip().replace(",", "."))
    except ValueError:
        return True
    return False
