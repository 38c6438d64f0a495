"""Raw files as text: every cell as it stands in the file, and the row number a person sees there."""

import difflib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.cohort.cells import factorized, stripped
from helpers.cohort.corrections import Corrected, correct, correction_note, read_corrections, source_name
from helpers.cohort.dictionary import OPTIONAL_TABLES, RAW_TABLES, Dictionary
from helpers.cohort.parts import differing_columns, named_part, part_paths, repeated_rows, split_patients, uneven_parts
from helpers.cohort.value_rules import missing
from helpers.errors import Problems
from helpers.intake import parquet_files
from helpers.intake.names import called, is_url, split_name
from helpers.intake.sheet import open_table, read_wanted
from helpers.intake.table import cannot_be_read, repeated_names
from helpers.intake.text_columns import DATES, as_categories, as_dates

ID = "patient_id"
_NO_ROW = 'has no column "row" of whole numbers: the row numbers of the whole table, from 2. Add it.'


@dataclass
class _Read:
    """One table as read: our column names with their columns, row numbers, and which rows have any entry.

    A table in `n_parts` parts also has the part of each row.
    """

    columns: dict[str, pa.ChunkedArray]
    row: np.ndarray
    has_entry: np.ndarray
    part: np.ndarray | None = None
    n_parts: int | None = None
    notes: Sequence[str] = ()
    corrected: Corrected | None = None


def read_cohort(
    files: dict,
    dictionary: Dictionary,
    *,
    folder=".",
    column_names: dict | None = None,
    corrections_file: str = "",
    part: int | None = None,
) -> dict:
    """Read the tables of a study; everything that stops it is told at once.

    Parameters
    ----------
    files : dict
        Table -> file name, relative to `folder`; "" or None for a table the study does not have. It may be the
        name of a folder of parts, as `partition.write_partition` makes it.
    column_names : dict
        Table -> {our column name: the name in the file}, only where they differ.
    corrections_file : str
        Rows with cells corrected by hand, as `workbook check` makes them; "" for none.
    part : int, optional
        Read only this part of each folder.

    Returns
    -------
    dict of str to DataFrame
        See `read_table`.
    """
    column_names = column_names or {}
    problems = [_not_known("table", name, RAW_TABLES) for name in (*files, *column_names) if name not in RAW_TABLES]
    corrections, tables = {}, {}
    try:
        corrections = read_corrections(corrections_file, folder, files.values())
    except Problems as error:
        problems += error.problems
    with ThreadPoolExecutor(len(RAW_TABLES)) as pool:  # Arrow lets go of the interpreter while it reads
        reading = {
            table: pool.submit(
                _read, files[table], folder, table, dictionary, column_names.get(table), part, corrections
            )
            for table in RAW_TABLES
            if files.get(table)
        }
    for table in RAW_TABLES:
        if table not in reading:
            if table not in OPTIONAL_TABLES:
                problems.append(f"`{table}_file` names no file, but the study needs its {table}. Give the file name.")
            continue
        try:
            tables[table] = reading[table].result()
        except Problems as error:
            problems += error.problems
    problems += uneven_parts({table: read.n_parts for table, read in tables.items() if read.n_parts})
    ids = [] if problems else _identifiers(tables)
    if problems := problems or _split(tables, ids, dictionary):
        raise Problems("The cohort cannot be read yet:", list(dict.fromkeys(problems)))
    return _frames(tables, ids)


def read_table(path, table: str, dictionary: Dictionary, column_names: dict | None = None) -> pd.DataFrame:
    """Read one CSV or Parquet file, or a folder of parts.

    Rows are numbered as in a CSV file, whose header is row 1: the first record of a Parquet file is row 2 too,
    unless it has a column `row` of whole numbers, the rows of a file it is a part of.

    Returns
    -------
    DataFrame
        The dictionary's columns that the file has, under our names, and `row`. Every column is a category of
        texts, as they stand in the file; a column of dates in a Parquet file may be one of dates instead, and an
        empty cell there is missing. Rows without any entry are left out.

    Raises
    ------
    Problems
        Everything that stops this table.
    """
    folder, name = (".", path) if is_url(path) else (Path(path).parent, Path(path).name)
    tables = {table: _read(name, folder, table, dictionary, column_names)}
    return _frames(tables, _identifiers(tables))[table]


def reading_notes(raw: dict[str, pd.DataFrame]) -> list[str]:
    """Sentences on what was taken for granted in reading the tables: encodings, titles left out, formulas' values."""
    return list(dict.fromkeys(note for frame in raw.values() for note in frame.attrs.get("notes", ())))


def _read(name: str, folder, table, dictionary, column_names, part=None, corrections: dict | None = None) -> _Read:
    """One table: a folder of parts, or whatever else a table can stand in."""
    heading, mended = f"{called(name)} ({table}) cannot be read yet:", (corrections or {}).get(source_name(name))
    if not is_url(name) and (Path(folder) / name).is_dir():
        if mended:
            raise Problems(heading, [f"{called(name)} is a folder of parts, whose cells {mended.file} cannot correct."])
        return _read_parts(Path(folder) / name, heading, table, dictionary, column_names or {}, part)
    path, _ = split_name(name, folder)
    if not is_url(path) and not path.exists():
        raise Problems(
            heading, [f'The file "{path.name}" ({table}) is not in the folder "{path.parent}". Put it there.']
        )
    try:
        return _read_one(name, folder, table, dictionary, column_names or {}, mended)
    except Problems as error:
        raise Problems(heading, error.problems) from None


def _read_one(name, folder, table, dictionary, column_names, corrections=None) -> _Read:
    opened = open_table(name, folder=folder)
    renamed, problems = _renamed(opened.header, opened.source, table, dictionary, column_names)
    if opened.header_row > 1 and problems:
        problems += opened.notes  # the header may have been looked for in the wrong row
    if repeated_names(opened.header, opened.source):
        raise cannot_be_read(opened.source, problems)
    wanted = {place: dictionary.column(table, name).type == "date" for place, name in renamed.items()}
    try:
        rows = read_wanted(opened, wanted)
        named = {opened.header[place]: column for place, column in rows.columns.items()}
        named, cells = correct(named, rows.row, rows.has_entry, opened.header, source_name(name), corrections)
    except Problems as error:
        raise cannot_be_read(opened.source, [*error.problems, *problems]) from None
    if problems:
        raise cannot_be_read(opened.source, problems)
    notes = opened.notes + correction_note(source_name(name), corrections, cells)
    ours = [(row, renamed[opened.header.index(theirs)], *texts) for row, theirs, *texts in cells]
    columns = {own: named[opened.header[place]] for place, own in renamed.items()}
    by_hand = Corrected(corrections.file, ours) if corrections else None
    return _Read(columns, rows.row, rows.has_entry, notes=notes, corrected=by_hand)


def _read_parts(folder, heading, table, dictionary, column_names, part) -> _Read:
    """All parts of a table, or only the one wanted."""
    paths = list(enumerate(part_paths(folder)))
    parts, problems = [], []
    for number, path in paths if part is None else [paths[part]]:
        try:
            if not parquet_files.has_row_numbers(parquet_files.read_schema(path)):
                problems.append(f"{named_part(number, table)} {_NO_ROW}")
                continue
            parts.append(_read_one(path.name, path.parent, table, dictionary, column_names))
        except Problems as error:
            problems += [f"{named_part(number, table)}: {problem}" for problem in error.problems]
    problems = problems or differing_columns(table, [_kinds(read) for read in parts])
    if problems := problems or repeated_rows(table, [read.row for read in parts]):
        raise Problems(heading, problems)
    row = np.concatenate([read.row for read in parts])
    columns = {name: _joined([read.columns[name] for read in parts]) for name in parts[0].columns}
    of_row = np.repeat(np.arange(len(parts)), [len(read.row) for read in parts])
    # Rows without any entry were left out before the parts were made.
    return _Read(columns, row, np.ones(len(row), dtype=bool), of_row, len(paths))


def _kinds(read: _Read) -> dict[str, bool | None]:
    """Whether each column is one of dates; None where it is empty."""
    return {
        name: column.type == DATES if column.null_count < len(column) else None for name, column in read.columns.items()
    }


def _joined(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    if any(column.type == DATES for column in columns):
        columns = [as_dates(column) for column in columns]
    return pa.chunked_array([chunk for column in columns for chunk in column.chunks], type=columns[0].type)


def _identifiers(tables: dict[str, _Read]) -> list[pd.Categorical]:
    """The identifiers of all tables; they share one list of texts, so that it is looked at once."""
    return as_categories([read.columns[ID] for read in tables.values()])


def _split(tables: dict[str, _Read], ids: list[pd.Categorical], dictionary: Dictionary) -> list[str]:
    """What is wrong where the rows of a patient are in more than one part."""
    if any(read.part is None or read.n_parts == 1 for read in tables.values()):
        return []
    of_text, texts = factorized(stripped(ids[0].categories))
    person = np.append(of_text, -1)[np.concatenate([own.codes for own in ids])]
    part = np.concatenate([read.part for read in tables.values()])
    if not split_patients(person[person >= 0], part[person >= 0]):
        return []
    # What stands for no identifier may be in any part.
    is_none = np.logical_or(*missing(pd.Series(texts, dtype=object), dictionary.column("patients", ID)))
    person = np.where(np.append(is_none, True)[person], -1, person)
    return split_patients(person[person >= 0], part[person >= 0])


def _frames(tables: dict[str, _Read], ids: list[pd.Categorical]) -> dict[str, pd.DataFrame]:
    """The tables as data frames, in the order of their rows."""
    frames = {}
    for (name, read), own in zip(tables.items(), ids, strict=True):
        cells = {column: own if column == ID else as_categories([read.columns[column]])[0] for column in read.columns}
        frame = pd.DataFrame(cells)
        frame["row"] = read.row
        if not read.has_entry.all():
            frame = frame[read.has_entry].reset_index(drop=True)
        frames[name] = frame if read.part is None else frame.take(np.argsort(read.row)).reset_index(drop=True)
        told = {"notes": list(read.notes), "corrected": read.corrected}
        frames[name].attrs.update({what: own for what, own in told.items() if own})
    return frames


def _renamed(header, file_name, table, dictionary, column_names) -> tuple[dict[int, str], list[str]]:
    """Place in the file -> our column name, and what is wrong with the header."""
    ours = [column.name for column in dictionary.table(table)]
    problems = repeated_names(header, file_name)
    for name, theirs in column_names.items():
        if name not in ours:
            problems.append(_not_known(f"column of {table} in `column_names`", name, ours))
        elif theirs not in header:
            problems.append(
                f'`column_names` says {table}.{name} is "{theirs}", but {_there(header, file_name, theirs)}'
            )
    mapped_elsewhere = {theirs for name, theirs in column_names.items() if theirs != name}
    places = {}
    for column in dictionary.table(table):
        theirs = column_names.get(column.name, column.name)
        if theirs in header and (column.name in column_names or theirs not in mapped_elsewhere):
            places[header.index(theirs)] = column.name
        elif column.required and column.name not in column_names:
            problems.append(
                f'{table} needs a column "{column.name}" ({column.label.lower()}), but '
                f"{_there(header, file_name, column.name)} Has it another name? See `column_names`."
            )
    return places, problems


def _there(header, file_name: str, wanted: str) -> str:
    near = difflib.get_close_matches(wanted, header, n=2, cutoff=0.5)
    hint = f" Nearest: {', '.join(near)}." if near else ""
    return f"{file_name} has only: {', '.join(name for name in header if name)}.{hint}"


def _not_known(what: str, name: str, known) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f' Did you mean "{near[0]}"?' if near else f" Known are {', '.join(known)}."
    return f'"{name}" is not a known {what}.{hint}'


def check_raw(raw: dict, dictionary: Dictionary) -> None:
    """Raise Problems unless every needed table has its required columns and row numbers."""
    problems = [_not_known("table", name, RAW_TABLES) for name in raw if name not in RAW_TABLES]
    for table in RAW_TABLES:
        if table not in raw:
            if table not in OPTIONAL_TABLES:
                problems.append(f"The table {table} is missing. Read it with `read_table` first.")
            continue
        needed = [column.name for column in dictionary.table(table) if column.required] + ["row"]
        missing = [name for name in needed if name not in raw[table]]
        if missing:
            problems.append(f"{table} lacks {', '.join(missing)}. Read it with `read_table` first.")
    if problems:
        raise Problems("The cohort cannot be cleaned yet:", problems)
