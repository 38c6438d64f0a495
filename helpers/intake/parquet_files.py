"""Parquet files as the columns of text that a CSV of the same table would hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from helpers.intake.table import Rows, Table, cannot_be_read
from helpers.intake.text_columns import DATES, TEXTS, has_entry

MAGIC = b"PAR1"
ROW = "row"
_BROKEN = (pa.ArrowException, OSError, UnicodeDecodeError)


@dataclass
class ParquetTable(Table):
    """A Parquet file whose columns are known; its first record is row 2, as in a CSV of the table."""

    path: Path = Path()
    schema: pa.Schema | None = None

    @property
    def dates(self) -> dict[int, bool]:
        """All columns by their place, and whether they hold dates."""
        return {place: of_dates(kind) for place, kind in enumerate(self.schema.types)}

    def read(self, wanted: dict[int, bool]) -> Rows:
        """The wanted columns; the others are looked at one after the other."""
        if self.first_rows is not None and pq.read_metadata(self.path).num_rows > self.first_rows:
            return self._read_first(wanted)
        row = row_numbers(self.path, self.schema, wanted)
        columns = read_columns(self.path, self.schema, wanted)
        others = read_others(self.path, self.schema, wanted)
        return Rows(columns, row, has_entry(chain(columns.values(), others), len(row)))

    def _read_first(self, wanted: dict[int, bool]) -> Rows:
        names = [self.schema.names[place] for place in wanted]
        batches = pq.ParquetFile(self.path).iter_batches(self.first_rows, columns=names)
        cells = pa.Table.from_batches([next(batches)])
        columns = {
            place: _by_text(cells.column(self.schema.names[place]), is_date=own) for place, own in wanted.items()
        }
        row = np.arange(2, len(cells) + 2, dtype=np.int32)
        self.is_cut = True
        return Rows(columns, row, has_entry(columns.values(), len(row)))


def open_parquet(path: Path) -> ParquetTable:
    """Open a Parquet file."""
    schema = read_schema(path)
    return ParquetTable(path.name, [name.strip() for name in schema.names], path=path, schema=schema)


def of_dates(kind: pa.DataType) -> bool:
    """True for a type of dates, with or without a time of day."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_date(kind) or pa.types.is_timestamp(kind)


def read_schema(path: Path) -> pa.Schema:
    """Names and types of the columns."""
    try:
        schema = pq.ParquetFile(path).schema_arrow
    except _BROKEN:
        raise cannot_be_read(path.name, [_broken(path)]) from None
    if not any(name.strip() for name in schema.names):
        raise cannot_be_read(path.name, [f"{path.name} has no columns. Write the table with its column names."])
    return schema


def read_columns(path: Path, schema: pa.Schema, wanted: dict[int, bool]) -> dict[int, pa.ChunkedArray]:
    """The `wanted` columns (place -> whether it is one of dates) by their distinct texts, or by their dates.

    A date is taken by its type, without its time of day; any other value as the text a CSV would hold.
    """
    texts = [schema.names[place] for place in wanted if pa.types.is_string(schema.types[place])]
    cells = _read(path, [schema.names[place] for place in wanted], texts)
    columns, problems = {}, []
    for place, is_date in wanted.items():
        name = schema.names[place]
        try:
            columns[place] = _by_text(cells.column(name), is_date=is_date)
        except pa.ArrowNotImplementedError:
            problems.append(
                f'The column "{name}" of {path.name} holds {schema.types[place]}, not one value in each row. '
                "Write it as text, numbers or dates."
            )
        except pa.ArrowException:
            problems.append(f'The column "{name}" of {path.name} is not UTF-8 text. Write it as UTF-8 and try again.')
    if problems:
        raise cannot_be_read(path.name, problems)
    return columns


def read_others(path: Path, schema: pa.Schema, wanted) -> Iterator[pa.ChunkedArray]:
    """The other columns, one after the other."""
    for place, name in enumerate(schema.names):
        if place not in wanted and name.strip() != ROW:
            yield _read(path, [name], []).column(0)


def has_row_numbers(schema: pa.Schema) -> bool:
    """True where there is a column `row` of whole numbers."""
    return any(
        name.strip() == ROW and pa.types.is_integer(schema.field(at).type) for at, name in enumerate(schema.names)
    )


def row_numbers(path: Path, schema: pa.Schema, wanted) -> np.ndarray:
    """The column `row` of whole numbers, which a part of a table has; else 2 for the first record, as in a CSV."""
    places = [place for place, name in enumerate(schema.names) if name.strip() == ROW and place not in wanted]
    if not places or not pa.types.is_integer(schema.types[places[0]]):
        return np.arange(2, pq.read_metadata(path).num_rows + 2, dtype=np.int32)
    column = _read(path, [schema.names[places[0]]], []).column(0)
    most = np.iinfo(np.int32).max
    row = pc.fill_null(pc.if_else(pc.less_equal(column, most), column, 0), 0).to_numpy().astype(np.int64)
    if len(row) and (row.min() < 2 or (np.diff(np.sort(row)) == 0).any()):
        raise cannot_be_read(
            path.name,
            [
                f'The column "{ROW}" of {path.name} should hold the row numbers of the original file: '
                "whole numbers from 2, each of them once. Correct it, or give it another name."
            ],
        )
    return row.astype(np.int32)


def _read(path: Path, names: list[str], texts: list[str]) -> pa.Table:
    try:
        return pq.ParquetFile(path, read_dictionary=texts).read(columns=names)
    except _BROKEN:
        if texts:
            # Texts may be stored in ways that Arrow cannot read by their distinct ones.
            return _read(path, names, [])
        raise cannot_be_read(path.name, [_broken(path)]) from None


def _by_text(column: pa.ChunkedArray, *, is_date: bool) -> pa.ChunkedArray:
    if column.type == TEXTS:
        column.validate(full=True)
        return column
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if is_date and pa.types.is_temporal(column.type) and not pa.types.is_time(column.type):
        return column.cast(pa.date32(), safe=False).dictionary_encode().cast(DATES)
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    column = column.cast(pa.string())
    column.validate(full=True)
    return column.dictionary_encode().cast(TEXTS)


def _broken(path: Path) -> str:
    return f"{path.name} is not a whole Parquet file: it is broken, or was cut off. Write or copy it again."
