"""A source as it was just read: the file's own columns, before they become columns of our tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from helpers.cohort.corrections import Corrected, correct, correction_note
from helpers.intake.mending_file import MendedSheet
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
    corrected : Corrected or None
        The cells that are not those of the source, but were corrected by hand.
    """

    source: str
    columns: dict[str, pa.ChunkedArray]
    row: np.ndarray
    has_entry: np.ndarray
    notes: list[str] = field(default_factory=list)
    corrected: Corrected | None = None


def read_source(
    opened: Table, wanted: Mapping[str, bool], name: str = "", corrections: MendedSheet | None = None
) -> SourceSheet:
    """Read the wanted columns (the file's name -> whether dates may be of the type of dates, else they are texts).

    Cells that were corrected by hand are taken from there; `name` is what the study file calls the source.
    """
    places = {opened.header.index(name): name for name in wanted}
    rows = read_wanted(opened, {place: wanted[name] for place, name in places.items()})
    columns = {name: rows.columns[place] for place, name in places.items()}
    columns, cells = correct(columns, rows.row, rows.has_entry, opened.header, name, corrections)
    notes = opened.notes + correction_note(name, corrections, cells)
    corrected = Corrected(corrections.file, cells) if corrections else None
    return SourceSheet(opened.source, columns, rows.row, rows.has_entry, notes, corrected)
