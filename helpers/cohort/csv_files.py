"""CSV files as columns of text, whatever a clinic's spreadsheet made of them."""

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from helpers.cohort.text_columns import TEXTS
from helpers.errors import Problems

DELIMITERS = (",", ";", "\t")
_MAX_TOLD = 5


def read_header(path: Path, heading: str) -> tuple[list[str], str]:
    """The column names in the first line, and the delimiter between them."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first_line = file.readline()
            delimiter = max(DELIMITERS, key=first_line.count)
            file.seek(0)
            header = [name.strip() for name in next(csv.reader(file, delimiter=delimiter), [])]
    except (UnicodeDecodeError, csv.Error):
        raise Problems(heading, [_not_text(path)]) from None
    if not any(header):
        raise Problems(heading, [f"{path.name} has no header in its first line. Put the column names there."])
    return header, delimiter


def read_columns(path: Path, heading: str, header: list[str], delimiter: str, wanted) -> list[pa.ChunkedArray]:
    """All columns below the header, in the order of the file; those `wanted` (places) by their distinct texts."""
    try:
        cells, bad_rows = _read(path, header, delimiter, wanted)
        if bad_rows:  # Arrow knows their numbers only where it reads with one thread
            bad_rows = _read(path, header, delimiter, wanted, use_threads=False)[1]
    except pa.ArrowException:
        raise Problems(heading, [_not_text(path)]) from None
    if not bad_rows:
        return cells.columns
    told = [
        f"Row {number} of {path.name} has {count} cells, but the header has {len(header)}. "
        f'Put a text that holds "{delimiter}" in double quotes.'
        for number, count in bad_rows[:_MAX_TOLD]
    ]
    more = len(bad_rows) - len(told)
    raise Problems(heading, told + ([f"{more} more rows of {path.name} have a wrong number of cells."] if more else []))


def _read(path: Path, header: list[str], delimiter: str, wanted, *, use_threads: bool = True):
    bad_rows, names = [], [str(place) for place in range(len(header))]
    cells = pa.csv.read_csv(
        path,
        read_options=pa.csv.ReadOptions(column_names=names, skip_rows_after_names=1, use_threads=use_threads),
        parse_options=pa.csv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=lambda row: bad_rows.append((row.number, row.actual_columns)) or "skip",
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types={name: TEXTS if place in wanted else pa.string() for place, name in enumerate(names)},
            strings_can_be_null=False,
        ),
    )
    return cells, bad_rows


def _not_text(path: Path) -> str:
    return f"{path.name} is not plain UTF-8 text. Save it as CSV UTF-8 and try again."
