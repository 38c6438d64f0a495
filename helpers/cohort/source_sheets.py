"""A source as it was just read: the file's own columns, before they become columns of our tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from helpers.intake.sheet import read_wanted
from helpers.intake.table import Table


@dataclass
class SourceSheet:
    """The wanted columns of a source.

    Attributes
    ----------
    source : str
        What to call it to a reader: `Kohorte.xlsx, sheet "Patienten"`.
    columns : dict of str to ChunkedArray
        The file's name of each wanted column -> its cells: texts, or dates where every entry is one.
    row : array of int32
        The number of each row as a person sees it there.
    has_entry : array of bool
        Rows with anything but blanks, if only in a column that is not wanted.
    notes : list of str
        Sentences on what was taken for granted.
    """

    source: str
    columns: dict[str, pa.ChunkedArray]
    row: np.ndarray
    has_entry: np.ndarray
    notes: list[str] = field(default_factory=list)


def read_source(opened: Table, wanted: Mapping[str, bool]) -> SourceSheet:
    """Read the wanted columns (the file's name -> whether dates may be of the type of dates, else they are texts)."""
    places = {opened.header.index(name): name for name in wanted}
    rows = read_wanted(opened, {place: wanted[name] for place, name in places.items()})
    columns = {name: rows.columns[place] for place, name in places.items()}
    return SourceSheet(opened.source, columns, rows.row, rows.has_entry, opened.notes)
