"""Parquet files as the columns of text that a CSV of the same table would hold."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from helpers.cohort.text_columns import DATES, TEXTS
from helpers.errors import Problems

MAGIC = b"PAR1"
ROW = "row"
_BROKEN = (pa.ArrowException, OSError, UnicodeDecodeError)


def read_schema(path: Path, heading: str) -> pa.Schema:
    """Names and types of the columns."""
    try:
        schema = pq.ParquetFile(path).schema_arrow
    except _BROKEN:
        raise Problems(heading, [_broken(path)]) from None
    if not any(name.strip() for name in schema.names):
        raise Problems(heading, [f"{path.name} has no columns. Write the table with its column names."])
    return schema


def read_columns(path: Path, heading: str, schema: pa.Schema, wanted: dict[int, bool]) -> dict[int, pa.ChunkedArray]:
    """The `wanted` columns (place -> whether it is one of dates) by their distinct texts, or by their dates.

    A date is taken by its type, without its time of day; any other value as the text a CSV would hold.
    """
    texts = [schema.names[place] for place in wanted if pa.types.is_string(schema.types[place])]
    cells = _read(path, heading, [schema.names[place] for place in wanted], texts)
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
        raise Problems(heading, problems)
    return columns


def read_others(path: Path, heading: str, schema: pa.Schema, wanted) -> Iterator[pa.ChunkedArray]:
    """The other columns, one after the other."""
    for place, name in enumerate(schema.names):
        if place not in wanted and name.strip() != ROW:
            yield _read(path, heading, [name], []).column(0)


def has_row_numbers(schema: pa.Schema) -> bool:
    """True where there is a column `row` of whole numbers."""
    return any(
        name.strip() == ROW and pa.types.is_integer(schema.field(at).type) for at, name in enumerate(schema.names)
    )


def row_numbers(path: Path, heading: str, schema: pa.Schema, wanted) -> np.ndarray:
    """The column `row` of whole numbers, which a part of a table has; else 2 for the first record, as in a CSV."""
    places = [place for place, name in enumerate(schema.names) if name.strip() == ROW and place not in wanted]
    if not places or not pa.types.is_integer(schema.types[places[0]]):
        return np.arange(2, pq.read_metadata(path).num_rows + 2, dtype=np.int32)
    column = _read(path, heading, [schema.names[places[0]]], []).column(0)
    most = np.iinfo(np.int32).max
    row = pc.fill_null(pc.if_else(pc.less_equal(column, most), column, 0), 0).to_numpy().astype(np.int64)
    if len(row) and (row.min() < 2 or (np.diff(np.sort(row)) == 0).any()):
        raise Problems(
            heading,
            [
                f'The column "{ROW}" of {path.name} should hold the row numbers of the original file: '
                "whole numbers from 2, each of them once. Correct it, or give it another name."
            ],
        )
    return row.astype(np.int32)


def _read(path: Path, heading: str, names: list[str], texts: list[str]) -> pa.Table:
    try:
        return pq.ParquetFile(path, read_dictionary=texts).read(columns=names)
    except _BROKEN:
        if texts:
            # Texts may be stored in ways that Arrow cannot read by their distinct ones.
            return _read(path, heading, names, [])
        raise Problems(heading, [_broken(path)]) from None


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
