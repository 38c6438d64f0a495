"""A source as it was just read: the file's own columns, before they become columns of our tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from helpers.cohort.corrections import correct, correction_note, source_name
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
    cells : list of tuple
        (row, the file's name of the column, before, after) of each cell corrected by hand.
    corrected_in : str
        The file of those corrections.
    """

    source: str
    columns: dict[str, pa.ChunkedArray]
    row: np.ndarray
    has_entry: np.ndarray
    notes: list[str] = field(default_factory=list)
    cells: list[tuple[int, str, str, str]] = field(default_factory=list)
    corrected_in: str = ""


def read_source(
    opened: Table, wanted: Mapping[str, bool], corrections: MendedSheet | None = None, name: str = ""
) -> SourceSheet:
    """Read the wanted columns (the file's name -> whether dates may be of the type of dates, else they are texts).

    Cells corrected by hand are taken in place of those there; `name` is that of the source in the study file.
    """
    places = {opened.header.index(theirs): theirs for theirs in wanted}
    rows = read_wanted(opened, {place: wanted[theirs] for place, theirs in places.items()})
    columns = {theirs: rows.columns[place] for place, theirs in places.items()}
    called = source_name(name)
    columns, cells = correct(columns, rows.row, rows.has_entry, opened.header, called, corrections)
    notes = opened.notes + correction_note(called, corrections, cells)
    file = corrections.file if corrections else ""
    return SourceSheet(opened.source, columns, rows.row, rows.has_entry, notes, cells, file)
