"""Raw files as text: every cell as it stands in the file, and the row number a person sees there."""

import csv
import difflib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from helpers.cohort.dictionary import OPTIONAL_TABLES, RAW_TABLES, Dictionary
from helpers.errors import Problems

SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how Excel files begin, whatever they are called
DELIMITERS = (",", ";", "\t")
_MAX_TOLD = 5


def read_cohort(files: dict, dictionary: Dictionary, *, folder=".", column_names: dict | None = None) -> dict:
    """Read the tables of a study; everything that stops it is told at once.

    Parameters
    ----------
    files : dict
        Table -> file name, relative to `folder`; "" or None for a table the study does not have.
    column_names : dict
        Table -> {our column name: the name in the file}, only where they differ.

    Returns
    -------
    dict of str to DataFrame
        See `read_table`.
    """
    column_names = column_names or {}
    problems = [_not_known("table", name, RAW_TABLES) for name in (*files, *column_names) if name not in RAW_TABLES]
    tables = {}
    for table in RAW_TABLES:
        if not files.get(table):
            if table not in OPTIONAL_TABLES:
                problems.append(f"`{table}_file` names no file, but the study needs its {table}. Give the file name.")
            continue
        try:
            tables[table] = read_table(Path(folder) / files[table], table, dictionary, column_names.get(table))
        except Problems as error:
            problems += error.problems
    if problems:
        raise Problems("The cohort cannot be read yet:", list(dict.fromkeys(problems)))
    return tables


def read_table(path, table: str, dictionary: Dictionary, column_names: dict | None = None) -> pd.DataFrame:
    """Read one CSV file as text.

    Returns
    -------
    DataFrame
        The dictionary's columns that the file has, under our names, all text, and `row`: the row number in
        the file with the header as row 1. Rows without any entry are left out.

    Raises
    ------
    Problems
        Everything that stops this table.
    """
    path, column_names = Path(path), column_names or {}
    header, cells = _cells(path, table)
    renamed, problems = _renamed(header, path.name, table, dictionary, column_names)
    if problems:
        raise Problems(f"{path.name} ({table}) cannot be read yet:", problems)
    frame = pd.DataFrame({name: cells.column(place).to_pandas() for place, name in renamed.items()}, dtype=object)
    frame["row"] = np.arange(2, len(frame) + 2, dtype=np.int32)
    has_entry = np.zeros(len(frame), dtype=bool)
    for place in range(len(header)):
        has_entry |= cells.column(place).to_pandas().str.strip().ne("").to_numpy(dtype=bool)
    return frame[has_entry].reset_index(drop=True)


def _cells(path: Path, table: str) -> tuple[list[str], pa.Table]:
    heading = f"{path.name} ({table}) cannot be read yet:"
    if not path.is_file():
        raise Problems(
            heading, [f'The file "{path.name}" ({table}) is not in the folder "{path.parent}". Put it there.']
        )
    with path.open("rb") as file:
        is_workbook = file.read(4) in SPREADSHEETS
    if is_workbook or path.suffix.lower() in (".xls", ".xlsx", ".ods"):
        raise Problems(heading, [f"{path.name} is a spreadsheet. Save the sheet as CSV UTF-8 and name that file."])
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first_line = file.readline()
            delimiter = max(DELIMITERS, key=first_line.count)
            file.seek(0)
            header = [name.strip() for name in next(csv.reader(file, delimiter=delimiter), [])]
    except (UnicodeDecodeError, csv.Error):
        raise Problems(heading, [f"{path.name} is not plain UTF-8 text. Save it as CSV UTF-8 and try again."]) from None
    if not path.stat().st_size or not any(header):
        raise Problems(heading, [f"{path.name} has no header in its first line. Put the column names there."])
    bad_rows = []
    try:
        cells = pa.csv.read_csv(
            path,
            read_options=pa.csv.ReadOptions(
                column_names=[str(place) for place in range(len(header))], use_threads=False
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=lambda row: bad_rows.append((row.number, row.actual_columns)) or "skip",
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types={str(place): pa.string() for place in range(len(header))},
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowException:
        raise Problems(heading, [f"{path.name} is not plain UTF-8 text. Save it as CSV UTF-8 and try again."]) from None
    if bad_rows:
        told = [
            f"Row {number} of {path.name} has {count} cells, but the header has {len(header)}. "
            f'Put a text that holds "{delimiter}" in double quotes.'
            for number, count in bad_rows[:_MAX_TOLD]
        ]
        more = len(bad_rows) - len(told)
        raise Problems(
            heading,
            told + ([f"{more} more rows of {path.name} have a wrong number of cells."] if more else []),
        )
    return header, cells.slice(1)


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
