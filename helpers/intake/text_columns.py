"""Columns of a file in Arrow, held by their distinct texts, and the same as categories of a raw table."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TEXTS = pa.dictionary(pa.int32(), pa.string())
DATES = pa.dictionary(pa.int32(), pa.date32())


def as_categories(columns: Sequence[pa.ChunkedArray]) -> list[pd.Categorical]:
    """Columns of texts or of dates as categories that share one list of them; an empty cell has the code -1."""
    chunks = [chunk for column in columns for chunk in column.chunks]
    together = pa.chunked_array(chunks, type=columns[0].type).unify_dictionaries()
    distinct = together.chunk(0).dictionary if chunks else pa.array([], type=columns[0].type.value_type)
    if pa.types.is_date(distinct.type):
        values = pd.DatetimeIndex(distinct.cast(pa.timestamp("s")).to_numpy(zero_copy_only=False))
    else:
        values = pd.Index(distinct.to_numpy(zero_copy_only=False), dtype=object)
    shared, start, categories = pd.CategoricalDtype(values), 0, []
    for column in columns:
        own = together.chunks[start : start + column.num_chunks]
        codes = [pc.fill_null(chunk.indices, -1).to_numpy() for chunk in own]
        codes = np.concatenate([np.zeros(0, dtype=np.int32), *codes])
        categories.append(pd.Categorical.from_codes(codes, dtype=shared))
        start += column.num_chunks
    return categories


def as_dates(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of dates, or one without any entry, as one of dates."""
    return (
        column if column.type == DATES else column.cast(pa.string()).cast(pa.date32()).dictionary_encode().cast(DATES)
    )


def has_entry(columns: Iterable[pa.ChunkedArray], n_rows: int) -> np.ndarray:
    """Rows with anything but blanks in one of the columns; no more columns are looked at than needed."""
    found = np.zeros(n_rows, dtype=bool)
    for column in columns:
        parts = [_is_filled(chunk) for chunk in column.chunks]
        found |= np.concatenate([np.zeros(0, dtype=bool), *parts])
        if found.all():
            break
    return found


def _is_filled(chunk: pa.Array) -> np.ndarray:
    is_given = chunk.is_valid().to_numpy(zero_copy_only=False)
    is_coded = pa.types.is_dictionary(chunk.type)
    texts = chunk.dictionary if is_coded else chunk
    if not pa.types.is_string(texts.type):
        return is_given
    is_filled = pc.not_equal(pc.utf8_trim_whitespace(texts), "").fill_null(False).to_numpy(zero_copy_only=False)
    if not is_coded:
        return is_filled
    filled = np.zeros(len(chunk), dtype=bool)
    filled[is_given] = is_filled[chunk.indices.drop_null().to_numpy()]
    return filled
