"""Any source of a table, opened by what it is and not by what it is called."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from helpers.intake import csv_files, parquet_files
from helpers.intake.cell_texts import as_texts, without_gaps
from helpers.intake.names import called, is_url, split_name
from helpers.intake.table import Rows, Table, cannot_be_read, locked, repeated_names
from helpers.intake.text_columns import DATES

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
STATISTICS = (".dta", ".sav", ".zsav", ".por", ".sas7bdat", ".xpt")
SQLITE = b"SQLite format 3\x00"
_ENDINGS = {ending: "spreadsheet" for ending in SPREADSHEETS} | {ending: "statistics" for ending in STATISTICS}
_ENDINGS |= {".parquet": "parquet", ".sqlite": "sqlite", ".sqlite3": "sqlite"}
_STARTS = {
    parquet_files.MAGIC: "parquet",
    SQLITE: "sqlite",
    ZIP: "spreadsheet",
    OLE: "spreadsheet",
    b"$FL2": "statistics",
    b"$FL3": "statistics",
    b"<stata_dta>": "statistics",
    b"HEADER RECORD*******LIB": "statistics",
}
_OTHERS = {
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a compressed file",
    b"{\\rtf": "a text document",
    b"<!doctype": "a web page",
} | dict.fromkeys((b"<html", b"<table"), "a web page")


# What clinics' systems hand out as .xls is often text between tabs.
_TEXT = re.compile(rb"(\xff\xfe|\xfe\xff|\xef\xbb\xbf)?[^\x01-\x08]*[\t;,|]")


@dataclass
class Sheet:
    """A table as it stands in its source.

    Attributes
    ----------
    source : str
        What to call it to a reader: `Kohorte.xlsx, sheet "Patienten"`; never with a password.
    header : list of str
        The column names as they stand, without blanks around them.
    columns : list of ChunkedArray
        One for each name. Texts as a person sees them there, "" for an empty cell (dictionary<int32, string>);
        or dates where every entry is of a type of dates (dictionary<int32, date32>; an empty cell is null).
    row : array of int32
        The number of each row as a person sees it: a CSV or spreadsheet has its header in row 1 if nothing stands
        above it; records of Parquet, Stata, SPSS, SAS and databases are numbered like those of a CSV, from 2.
        Rows without any entry are left out.
    notes : list of str
        Sentences on what was taken for granted.
    codes : dict
        Column -> {text: code} where the source keeps codes and the texts are their labels.
    is_cut : bool
        Only the first rows were asked for, and there are more.
    """

    source: str
    header: list[str]
    columns: list[pa.ChunkedArray]
    row: np.ndarray
    notes: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    is_cut: bool = False


def open_sheet(source, *, labels: bool = True, codebook="", first_rows: int | None = None, **options) -> Sheet:
    """Read one table of any source.

    Parameters
    ----------
    source : str or Path
        A file, a sheet or table of one as `FILE#NAME`, or a PostgreSQL address (`postgresql://USER@HOST/NAME`; the
        password comes from PGPASSWORD or a .pgpass file). What a file is, is seen from its content.
    labels : bool
        Codes that the source has labels for (Stata, SPSS, SAS, REDCap with its data dictionary) are read as their
        labels; with False, as they are stored.
    codebook : str or Path
        REDCap's data dictionary (CSV) or SAS's catalogue; one that stands beside the file is found without.
    first_rows : int, optional
        Stop after about so many rows of a CSV or Parquet file, which may be large.
    **options
        `sheet`, `header_row` (as numbered there), `encoding`, `delimiter`, `table`, `query`: only where needed.

    Raises
    ------
    Problems
        Everything that stops it.
    """
    opened = open_table(source, labels=labels, codebook=codebook, **options)
    opened.first_rows = first_rows
    if problems := repeated_names(opened.header, opened.source):
        raise cannot_be_read(opened.source, problems)
    places = range(len(opened.header))
    rows = opened.read(opened.dates if isinstance(opened, parquet_files.ParquetTable) else dict.fromkeys(places, True))
    columns = [without_gaps(rows.columns[place]) for place in places]
    if not rows.has_entry.all():
        kept = pa.array(rows.has_entry)
        columns = [column.filter(kept) for column in columns]
    # A spreadsheet often has columns with neither name nor entries, where somebody once was.
    kept = [place for place in places if opened.header[place] or _has_text(columns[place])]
    return Sheet(
        opened.source,
        [opened.header[place] for place in kept],
        [columns[place] for place in kept],
        rows.row[rows.has_entry],
        opened.notes,
        opened.codes,
        opened.is_cut,
    )


def sheet_names(source) -> list[str]:
    """The sheets or tables one of which can be read: [] for a source that is one table.

    Sheets that are hidden or empty are no part of it. A REDCap export has one for each repeating instrument.
    """
    location, _ = split_name(source)
    kind = _kind(location)
    if kind == "postgresql":
        from helpers.intake import postgresql

        return postgresql.table_names(location)
    if kind == "sqlite":
        from helpers.intake import sqlite_files

        return sqlite_files.table_names(location)
    if kind == "spreadsheet":
        from helpers.intake import spreadsheets

        return spreadsheets.sheet_names(location)
    if kind == "csv":
        from helpers.intake import redcap

        return redcap.sheet_names(csv_files.open_csv(location))
    return []


def open_table(
    source,
    *,
    folder=".",
    sheet="",
    header_row=None,
    encoding="",
    delimiter="",
    table="",
    query="",
    labels=True,
    codebook="",
) -> Table:
    """Open one table without reading its rows; the parameters are those of `open_sheet`."""
    location, named = split_name(source, folder)
    wanted = sheet or table or named
    kind = _kind(location)
    if query and kind not in ("sqlite", "postgresql"):
        raise cannot_be_read(
            called(location), ["A query can be asked of a database only. Name a sheet, or leave it out."]
        )
    if kind == "postgresql":
        from helpers.intake import postgresql

        return postgresql.open_query(location, table=wanted, query=query)
    if kind == "sqlite":
        from helpers.intake import sqlite_files

        return sqlite_files.open_query(location, table=wanted, query=query)
    if kind == "spreadsheet":
        from helpers.intake import spreadsheets

        return spreadsheets.open_spreadsheet(location, sheet=wanted, header_row=header_row)
    if kind == "csv":
        from helpers.intake import redcap

        opened = csv_files.open_csv(location, encoding=encoding, delimiter=delimiter, header_row=header_row)
        if location.suffix.lower() in SPREADSHEETS:
            opened.notes.append(
                f"{opened.source} is no spreadsheet, whatever it is called, but text; it is read as CSV."
            )
        return redcap.as_exported(opened, sheet=wanted, codebook=codebook, labels=labels)
    if wanted:
        raise cannot_be_read(called(location), [f'{called(location)} is one table. Leave out "#{wanted}".'])
    if kind == "statistics":
        from helpers.intake import statistics_files

        return statistics_files.open_statistics(location, encoding=encoding, labels=labels, catalogue=codebook)
    return parquet_files.open_parquet(location)


def read_wanted(opened: Table, wanted: dict[int, bool]) -> Rows:
    """The rows of a table: its wanted columns (place -> whether it is one of dates); dates elsewhere are texts."""
    rows = opened.read(wanted)
    columns = {
        place: column if wanted[place] or column.type != DATES else as_texts(column)
        for place, column in rows.columns.items()
    }
    return replace(rows, columns=columns)


def _kind(location) -> str:
    """What a source is, by its first bytes; by its name where these do not tell."""
    if is_url(location):
        return "postgresql"
    name, path = called(location), Path(location)
    if not path.exists():
        raise cannot_be_read(name, [f'The file "{name}" is not in the folder "{path.parent}". Put it there.'])
    if path.is_dir():
        files = sorted(file.name for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
        there = f" In it there are: {', '.join(files[:8])}." if files else ""
        raise cannot_be_read(name, [f"{name} is a folder. Name one file in it.{there}"])
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError:
        raise cannot_be_read(name, [locked(name)]) from None
    if not start and path.suffix.lower() not in _ENDINGS:
        return "csv"
    for mark, kind in _STARTS.items():
        if start.startswith(mark):
            return kind
    for mark, kind in _OTHERS.items():
        if start.lower().lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(mark.lower()):
            raise cannot_be_read(name, [f"{name} is {kind}, not a table. Save the table as CSV UTF-8 or Excel."])
    kind = _ENDINGS.get(path.suffix.lower(), "csv")
    return "csv" if kind == "spreadsheet" and _TEXT.match(start) else kind


def _has_text(column: pa.ChunkedArray) -> bool:
    if column.type == DATES:
        return column.null_count < len(column)
    return any(text.strip() for chunk in column.chunks for text in chunk.dictionary.to_pylist())
