"""Counts as a reader sees them, alone and with their noun."""

from helpers.disclosure import Coarse

ABSENT = "–"


def count_text(count: int | None) -> str:
    """A count with thousands separated; one that small numbers make coarse as it may be written, a dash for none."""
    if count is None:
        return ABSENT
    return count.text if isinstance(count, Coarse) else f"{int(count):,}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun, and the verb where that changes too.

    >>> counted(1, "patient"), counted(6512, "vertebra", "vertebrae"), counted(2, "row was", "rows were")
    ('1 patient', '6,512 vertebrae', '2 rows were')
    """
    return f"{count_text(count)} {one if count == 1 else many or one + 's'}"
