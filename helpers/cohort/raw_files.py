"""Raw tables as files: CSV and Parquet, both of text only."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROWS_AT_ONCE = 250_000
_FEW_DISTINCT = 50_000  # beyond, a Parquet dictionary is larger than what it saves


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, quotes only where a text needs them; each distinct text is looked at once.

    Arrow's own writer cannot quote single cells, and pandas takes minutes for a million patients.
    """
    ends = [","] * (table.shape[1] - 1) + ["\n"]
    columns = [_coded(table[name]) for name in table]
    distinct = [
        pc.binary_join_element_wise(_quoted(column.dictionary), end, "")
        for column, end in zip(columns, ends, strict=True)
    ]
    with path.open("wb") as file:
        header = pa.array(list(table.columns), pa.string())
        file.write((",".join(_quoted(header).to_pylist()) + "\n").encode())
        for start in range(0, len(table), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            cells = [texts.take(column.indices[rows]) for texts, column in zip(distinct, columns, strict=True)]
            file.write(_bytes(pc.binary_join_element_wise(*cells, "")))


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet, every column text."""
    columns = {name: _coded(table[name]) for name in table}
    few = [name for name, column in columns.items() if len(column.dictionary) <= _FEW_DISTINCT]
    cells = {name: column if name in few else column.dictionary_decode() for name, column in columns.items()}
    pq.write_table(
        pa.table(cells), path, row_group_size=ROWS_AT_ONCE, use_dictionary=few, compression="zstd", store_schema=False
    )


def _coded(column: pd.Series) -> pa.DictionaryArray:
    if isinstance(column.dtype, pd.CategoricalDtype):
        texts = pa.array(column.cat.categories.to_numpy(dtype=object), pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(column.cat.codes.to_numpy()), texts)
    return pa.array(column.to_numpy(dtype=object), pa.string()).dictionary_encode()


def _quoted(texts: pa.StringArray) -> pa.StringArray:
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(texts, '[",\r\n]'), quoted, texts)


def _bytes(texts: pa.StringArray) -> memoryview:
    """All texts, one after the other."""
    _, offsets, data = texts.buffers()
    return memoryview(data)[: np.frombuffer(offsets, dtype=np.int32)[len(texts)]]
