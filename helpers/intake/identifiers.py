"""Identifiers that differ in nothing but capitals and blanks: mostly one patient, written in two ways."""

import re
from collections.abc import Iterable

import pyarrow as pa

from helpers.counts import counted
from helpers.intake.cell_texts import as_texts

_BLANKS = re.compile(r"\s+")


def alike(column: pa.ChunkedArray) -> list[tuple[str, ...]]:
    """Groups of identifiers that only capitals or blanks tell apart, in the order of the column.

    Blanks around an identifier do not count, since they are left out anyway.

    >>> column = pa.chunked_array([pa.array(["A 1", "a1", "007", "7", "A 1 "]).dictionary_encode()])
    >>> alike(column)
    [('A 1', 'a1')]
    """
    return alike_texts(as_texts(column).unique().cast(pa.string()).to_pylist())


def alike_texts(texts: Iterable[str | None]) -> list[tuple[str, ...]]:
    """The same of any texts, those of several tables together."""
    found: dict[str, dict[str, None]] = {}
    for text in texts:
        if text and text.strip():
            found.setdefault(_BLANKS.sub("", text).casefold(), {})[text.strip()] = None
    return [tuple(own) for own in found.values() if len(own) > 1]


def told(name: str, source: str, column: pa.ChunkedArray) -> list[str]:
    """The note on such identifiers ([] where there are none)."""
    groups = alike(column)
    if not groups:
        return []
    shown = " and ".join(f'"{text}"' for text in groups[0][:2])
    return [
        f"In {name} of {source}, {counted(len(groups), 'identifier is', 'identifiers are')} written in several ways "
        f"that differ only in capitals or blanks, as {shown}. They count as different patients: write them alike if "
        "they are the same."
    ]
