"""Raw files as text: every cell as it stands in the file, and the row number a person sees there."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.cohort.alike_ids import with_alike_told
from helpers.cohort.cells import factorized, stripped
from helpers.cohort.cohort_source import wrong_source
from helpers.cohort.column_groups import Group, missing_columns, own_group, table_of, wrong_names
from helpers.cohort.corrections import Corrected, read_corrections, source_name
from helpers.cohort.dictionary import OPTIONAL_TABLES, RAW_TABLES, Dictionary
from helpers.cohort.events import EVENTS
from helpers.cohort.one_table import read_one_table
from helpers.cohort.origins import FILE_COLUMNS
from helpers.cohort.parts import differing_columns, named_part, part_paths, repeated_rows, split_patients, uneven_parts
from helpers.cohort.source_sheets import SourceSheet, read_source
from helpers.cohort.value_rules import missing
from helpers.cohort.wording import not_known
from helpers.errors import Problems
from helpers.intake import parquet_files
from helpers.intake.cell_texts import texts
from helpers.intake.names import called, is_url, split_name
from helpers.intake.sheet import open_table
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
    file_columns: dict[str, list[str]] = field(default_factory=dict)
    corrected: Corrected | None = None


def read_cohort(
    files: dict,
    dictionary: Dictionary,
    *,
    folder=".",
    column_names: dict | None = None,
    corrections_file: str = "",
    part: int | None = None,
    cohort_file: str = "",
    layout: str = "tables",
    event_column: str = "",
    event_names: dict | None = None,
    date_formats: dict | None = None,
) -> dict:
    """Read the tables of a study; everything that stops it is told at once.

    Parameters
    ----------
    files : dict
        Table -> file name, relative to `folder`; "" or None for a table the study does not have. It may be the
        name of a folder of parts, as `partition.write_partition` makes it.
    column_names : dict
        Table -> {our column name: the name in the file}, only where they differ; "=new" is a constant. For one
        table with everything see `column_groups`.
    corrections_file : str
        Rows with cells corrected by hand, as `workbook check` makes them; "" for none.
    part : int, optional
        Read only this part of each folder.
    cohort_file, layout : str
        One table with everything, in place of `files`: "wide", a row per patient, or "events", a row per event.
    event_column, event_names, date_formats
        For `events.find_events` and `layouts.lay_out_wide`.

    Returns
    -------
    dict of str to DataFrame
        See `read_table`.
    """
    column_names = column_names or {}
    problems = wrong_source(cohort_file, layout, event_column, event_names)
    try:
        sources = [cohort_file] if cohort_file else files.values()
        corrections = read_corrections(corrections_file, folder, sources)
    except Problems as error:
        problems, corrections = [*problems, *error.problems], {}
    if problems and cohort_file:
        raise Problems("The cohort cannot be read yet:", problems)
    if cohort_file:
        events = {"event_column": event_column, "event_names": event_names}
        raw = read_one_table(
            cohort_file, dictionary, folder=folder, layout=layout, column_names=column_names, **events,
            date_formats=date_formats, corrections=corrections.get(source_name(cohort_file)),
        )  # fmt: skip
        return with_alike_told(raw, dictionary)
    problems += [_no_table(name) for name in (*files, *column_names) if name not in RAW_TABLES]
    tables = {}
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
    raw = _frames(tables, ids)
    return with_alike_told(raw, dictionary) if part is None else raw


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
    header, source = opened.header, opened.source
    group = own_group(header, source, dictionary, table, column_names)
    problems = repeated_names(header, source) + wrong_names(table, column_names, dictionary, is_wide=False)
    problems += missing_columns(header, source, dictionary, table, column_names, group)
    if opened.header_row > 1 and problems:
        problems += opened.notes  # the header may have been looked for in the wrong row
    if repeated_names(header, source):
        raise cannot_be_read(source, problems)
    named = {ours: theirs for ours, theirs in group.columns.items() if theirs in header}
    wanted = {theirs: dictionary.column(table, ours).type == "date" for ours, theirs in named.items()}
    try:
        sheet = read_source(opened, wanted, source_name(name), corrections)
    except Problems as error:
        raise cannot_be_read(source, [*error.problems, *problems]) from None
    if problems:
        raise cannot_be_read(source, problems)
    return _as_read(sheet, group)


def _as_read(sheet: SourceSheet, group: Group) -> _Read:
    """A source under our names; a constant is in all its rows."""
    columns = {ours: sheet.columns[theirs] for ours, theirs in group.columns.items()}
    columns |= {ours: texts([text]).take(np.zeros(len(sheet.row), np.int32)) for ours, text in group.constants.items()}
    names = {ours: [group.file_column(ours)] for ours in columns if group.file_column(ours)}
    return _Read(columns, sheet.row, sheet.has_entry, notes=sheet.notes, file_columns=names, corrected=sheet.corrected)


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
    whole = np.ones(len(row), dtype=bool)
    return _Read(columns, row, whole, of_row, len(paths), file_columns=parts[0].file_columns)


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
        told = {"notes": list(read.notes), FILE_COLUMNS: dict(read.file_columns), "corrected": read.corrected}
        frames[name].attrs.update({what: own for what, own in told.items() if own})
    return frames


def _no_table(name: str) -> str:
    if (own := table_of(name))[0] in RAW_TABLES and own[1]:
        return f'"{name}" in `column_names`: further groups are for a `cohort_file` with `layout: wide`.'
    return not_known("table", name, RAW_TABLES)


def check_raw(raw: dict, dictionary: Dictionary) -> None:
    """Raise Problems unless every needed table has its required columns and row numbers."""
    problems = [not_known("table", name, RAW_TABLES) for name in raw if name not in (*RAW_TABLES, EVENTS)]
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
