"""Raw files as text: every cell as it stands in the file, and the row number a person sees there."""

import difflib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.cohort import csv_files, parquet_files
from helpers.cohort.cells import factorized, stripped
from helpers.cohort.dictionary import OPTIONAL_TABLES, RAW_TABLES, Dictionary
from helpers.cohort.parts import differing_columns, named_part, part_paths, repeated_rows, split_patients, uneven_parts
from helpers.cohort.text_columns import DATES, as_categories, as_dates, has_entry
from helpers.cohort.value_rules import missing
from helpers.errors import Problems

SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how Excel files begin, whatever they are called
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


def read_cohort(
    files: dict, dictionary: Dictionary, *, folder=".", column_names: dict | None = None, part: int | None = None
) -> dict:
    """Read the tables of a study; everything that stops it is told at once.

    Parameters
    ----------
    files : dict
        Table -> file name, relative to `folder`; "" or None for a table the study does not have. It may be the
        name of a folder of parts, as `partition.write_partition` makes it.
    column_names : dict
        Table -> {our column name: the name in the file}, only where they differ.
    part : int, optional
        Read only this part of each folder.

    Returns
    -------
    dict of str to DataFrame
        See `read_table`.
    """
    column_names = column_names or {}
    problems = [_not_known("table", name, RAW_TABLES) for name in (*files, *column_names) if name not in RAW_TABLES]
    tables = {}
    with ThreadPoolExecutor(len(RAW_TABLES)) as pool:  # Arrow lets go of the interpreter while it reads
        reading = {
            table: pool.submit(_read, Path(folder) / files[table], table, dictionary, column_names.get(table), part)
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
    tables = {table: _read(Path(path), table, dictionary, column_names)}
    return _frames(tables, _identifiers(tables))[table]


def _read(path: Path, table: str, dictionary: Dictionary, column_names: dict | None, part: int | None = None) -> _Read:
    heading = f"{path.name} ({table}) cannot be read yet:"
    if path.is_dir():
        return _read_parts(path, heading, table, dictionary, column_names or {}, part)
    if not path.is_file():
        raise Problems(
            heading, [f'The file "{path.name}" ({table}) is not in the folder "{path.parent}". Put it there.']
        )
    with path.open("rb") as file:
        start = file.read(4)
    if start in SPREADSHEETS or path.suffix.lower() in (".xls", ".xlsx", ".ods"):
        raise Problems(heading, [f"{path.name} is a spreadsheet. Save the sheet as CSV UTF-8 and name that file."])
    is_parquet = start == parquet_files.MAGIC or path.suffix.lower() == ".parquet"
    return (_read_parquet if is_parquet else _read_csv)(path, heading, table, dictionary, column_names or {})


def _read_csv(path, heading, table, dictionary, column_names) -> _Read:
    header, delimiter = csv_files.read_header(path, heading)
    renamed, problems = _renamed(header, path.name, table, dictionary, column_names)
    columns = csv_files.read_columns(path, heading, header, delimiter, renamed)
    if problems:
        raise Problems(heading, problems)
    row = np.arange(2, len(columns[0]) + 2, dtype=np.int32)
    named = {name: columns[place] for place, name in renamed.items()}
    return _Read(named, row, has_entry([*named.values(), *columns], len(row)))


def _read_parquet(path, heading, table, dictionary, column_names) -> _Read:
    schema = parquet_files.read_schema(path, heading)
    header = [name.strip() for name in schema.names]
    renamed, problems = _renamed(header, path.name, table, dictionary, column_names)
    if problems:
        raise Problems(heading, problems)
    wanted = {place: dictionary.column(table, name).type == "date" for place, name in renamed.items()}
    row = parquet_files.row_numbers(path, heading, schema, wanted)
    columns = parquet_files.read_columns(path, heading, schema, wanted)
    others = parquet_files.read_others(path, heading, schema, wanted)
    named = {name: columns[place] for place, name in renamed.items()}
    return _Read(named, row, has_entry(chain(named.values(), others), len(row)))


def _read_parts(folder, heading, table, dictionary, column_names, part) -> _Read:
    """All parts of a table, or only the one wanted."""
    paths = list(enumerate(part_paths(folder)))
    parts, problems = [], []
    for number, path in paths if part is None else [paths[part]]:
        try:
            schema = parquet_files.read_schema(path, heading)
            if not parquet_files.has_row_numbers(schema):
                problems.append(f"{named_part(number, table)} {_NO_ROW}")
                continue
            parts.append(_read_parquet(path, heading, table, dictionary, column_names))
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
    return frames


def _renamed(header, file_name, table, dictionary, column_names) -> tuple[dict[int, str], list[str]]:
    """Place in the file -> our column name, and what is wrong with the header."""
    ours = [column.name for column in dictionary.table(table)]
    problems = [
        f'{file_name} has {header.count(name)} columns called "{name}". Give each column its own name.'
        for name in dict.fromkeys(header)
        if name and header.count(name) > 1
    ]
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
