"""CSV files as columns of text, whatever a clinic's spreadsheet made of them."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from helpers.counts import counted
from helpers.intake.encodings import UTF8, first_guess, other_than_utf8
from helpers.intake.header_row import LOOKED_AT, checked_row, find_header, skipped
from helpers.intake.table import Rows, Table, cannot_be_read
from helpers.intake.text_columns import TEXTS, has_entry

DELIMITERS = (",", ";", "\t", "|")
ROWS_AT_ONCE = 1 << 23  # bytes; a cell cannot be longer
_MAX_TOLD = 5
_SAMPLE = 1 << 20  # characters
_TAIL = 1 << 12  # bytes
_SAYS = re.compile("sep=([,;|\t])\r?\n?", re.IGNORECASE)


@dataclass
class CsvTable(Table):
    """A CSV file whose header was read; row 1 is its first record.

    Attributes
    ----------
    n_lines : int
        Lines above the header.
    """

    path: Path = Path()
    delimiter: str = ","
    encoding: str = UTF8
    n_lines: int = 0

    def read(self, wanted: dict[int, bool]) -> Rows:
        """The wanted columns by their distinct texts; the others are looked at block by block and let go."""
        try:
            return self._read(wanted)
        except _NotUtf8:
            self.encoding, note = other_than_utf8(self.path)
            self.notes.append(note)
            return self._read(wanted)

    def _read(self, wanted: dict[int, bool]) -> Rows:
        bad_rows, blocks, filled, batch = [], {place: [] for place in wanted}, [], None
        n_rows, self.is_cut = 0, False
        try:
            for batch in self._batches(wanted, bad_rows):
                for place, chunks in blocks.items():
                    chunks.append(batch.column(place))
                columns = [pa.chunked_array([batch.column(place)]) for place in [*wanted, *range(batch.num_columns)]]
                filled.append(has_entry(columns, batch.num_rows))
                n_rows += batch.num_rows
                self.is_cut = self.first_rows is not None and n_rows > self.first_rows
                if self.is_cut:
                    break
            if bad_rows:  # Arrow knows their numbers only where it reads with one thread
                bad_rows = []
                for _ in self._batches(wanted, bad_rows, use_threads=False):
                    continue
        except (pa.ArrowException, UnicodeError) as error:
            raise self._what_is_wrong(error) from None
        if bad_rows:
            raise cannot_be_read(self.source, self._told(bad_rows))
        if batch is not None and not self.is_cut and self._is_open_at_its_end(batch):
            raise cannot_be_read(self.source, [self._open_quote(f" in row {self.header_row + sum(map(len, filled))}")])
        filled = np.concatenate([np.zeros(0, dtype=bool), *filled])
        first = self.header_row + 1
        row = np.arange(first, first + len(filled), dtype=np.int32)
        return Rows({place: pa.chunked_array(own, type=TEXTS) for place, own in blocks.items()}, row, filled)

    def _batches(self, wanted, bad_rows: list, *, use_threads: bool = True) -> Iterator[pa.RecordBatch]:
        names = [str(place) for place in range(len(self.header))]
        return pa.csv.open_csv(
            self.path,
            read_options=pa.csv.ReadOptions(
                column_names=names,
                skip_rows=self.n_lines,
                skip_rows_after_names=1,
                use_threads=use_threads,
                block_size=ROWS_AT_ONCE,
                encoding="utf8" if self.encoding == UTF8 else self.encoding,
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=self.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=lambda row: bad_rows.append((row.number, row.actual_columns)) or "skip",
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types={name: TEXTS if place in wanted else pa.string() for place, name in enumerate(names)},
                strings_can_be_null=False,
            ),
        )

    def _what_is_wrong(self, error: Exception) -> Exception:
        if self.encoding == UTF8 and "UTF8" in str(error):
            return _NotUtf8()
        if isinstance(error, UnicodeError):
            return cannot_be_read(self.source, [_other_encoding(self.source, self.encoding)])
        return cannot_be_read(self.source, [self._open_quote("")])

    def _is_open_at_its_end(self, batch: pa.RecordBatch) -> bool:
        """Does the last row go on to the end of the file, since a double quote is missing?"""
        # A row that breaks off before its last cell has too few of them and is told as that.
        last = batch.column(batch.num_columns - 1)[-1].as_py() if batch.num_rows else ""
        if "\n" not in last and "\r" not in last:
            return False
        with self.path.open("rb") as file:
            file.seek(max(self.path.stat().st_size - _TAIL, 0))
            return not file.read().rstrip(b" \r\n\0").endswith(b'"')

    def _open_quote(self, where: str) -> str:
        return (
            f"A double quote{where} of {self.source} is opened and not closed, or the file breaks off. "
            "Correct it there, or save the file again."
        )

    def _told(self, bad_rows: list[tuple[int | None, int]]) -> list[str]:
        told = [
            f"Row {number} of {self.source} has {counted(count, 'cell')}, but the header has {len(self.header)}. "
            f'Put a text that holds "{self.delimiter}" in double quotes.'
            for number, count in bad_rows[:_MAX_TOLD]
        ]
        more = len(bad_rows) - len(told)
        return told + ([f"{self.source} has {counted(more, 'more row')} with a wrong number of cells."] if more else [])


class _NotUtf8(Exception):
    """The file is not UTF-8."""


def open_csv(path: Path, *, encoding: str = "", delimiter: str = "", header_row: int | None = None) -> CsvTable:
    """Open a CSV file: its encoding, delimiter and header."""
    name, note = first_guess(path, encoding)
    notes = [note] if note else []
    try:
        rows, lines, found = _first_rows(path, name, delimiter)
    except UnicodeError:
        if encoding or name != UTF8:
            raise cannot_be_read(path.name, [_other_encoding(path.name, name)]) from None
        name, note = other_than_utf8(path)
        notes.append(note)
        rows, lines, found = _first_rows(path, name, delimiter)
    except csv.Error:
        raise cannot_be_read(path.name, [f"{path.name} is not text. Save it as CSV UTF-8 and try again."]) from None
    place = checked_row(header_row, path.name)
    if place is None and rows and not any(cell.strip() for cell in rows[0]):
        place = 0
    elif place is None:
        place = find_header(rows)
        notes += skipped(place, path.name)
    header = [cell.strip() for cell in rows[place]] if place < len(rows) else []
    if not any(header):
        first = "its first line" if place == 0 else f"row {place + 1}"
        raise cannot_be_read(path.name, [f"{path.name} has no header in {first}. Put the column names there."])
    return CsvTable(path.name, header, notes, {}, place + 1, path, found, name, lines[place])


def _first_rows(path: Path, encoding: str, delimiter: str) -> tuple[list[list[str]], list[int], str]:
    """The first records, the number of lines above each, and the delimiter."""
    with path.open(encoding=encoding, newline="") as file:
        sample = list(islice(StringIO(file.read(_SAMPLE), newline=""), LOOKED_AT))
    # Excel takes this line for itself and shows the next one as row 1.
    says = _SAYS.fullmatch(sample[0]) if sample else None
    first, sample = int(says is not None), sample[says is not None :]
    delimiter = delimiter or (says[1] if says else _delimiter(sample))
    rows, lines = _records(sample, delimiter)
    return rows, [first + line for line in lines], delimiter


def _records(sample: list[str], delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The records of some lines, as far as they can be read, and the number of lines above each."""
    rows, lines, reader = [], [0], csv.reader(sample, delimiter=delimiter)
    try:
        for row in reader:
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error:
        if not rows:
            raise
    return rows, lines


def _delimiter(sample: list[str]) -> str:
    """The one that cuts most of the lines into the same number of cells."""

    def fit(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in _records(sample, delimiter)[0] if len(row) > 1)
        return max(widths.values(), default=0), sample[0].count(delimiter)

    return max(DELIMITERS, key=fit) if sample else ","


def _other_encoding(source: str, encoding: str) -> str:
    return f"{source} is not {encoding} text all through. Save it as CSV UTF-8 and try again."
