"""Tables as files of a run: written for the next notebook, and readable by their owner only where they are private."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from helpers.cohort.parts import part_paths


def private_file(path: Path, is_private: bool) -> None:
    """Make the file readable by its owner only, before anything is in it."""
    if is_private:
        path.touch(mode=0o600)
        path.chmod(0o600)


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table in one group of rows, as each group would bring all categories along."""
    texts = [name for name, dtype in frame.dtypes.items() if not pd.api.types.is_numeric_dtype(dtype)]
    layout = {"row_group_size": max(len(frame), 1), "write_batch_size": 1 << 16, "use_dictionary": texts}
    frame.to_parquet(path, index=False, compression="zstd", write_statistics=False, **layout)


class TableReader:
    """Reads tables of one run; categories that a column of the same name had before are not made once more.

    The keys of a million patients would take longer than all the rest of a table.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[pa.Array, bool], pd.CategoricalDtype]] = {}

    def read(self, path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """What `pandas.read_parquet` gives."""
        table = pq.read_table(path, columns=columns)
        if not len(table):
            return table.to_pandas()
        coded = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
        whole = dict(table.drop_columns(coded).to_pandas().items())
        whole |= {name: self._categorical(name, table[name].combine_chunks()) for name in coded}
        return pd.DataFrame({name: whole[name] for name in table.column_names}, copy=False)

    def _categorical(self, name: str, column: pa.DictionaryArray) -> pd.Categorical:
        of, (known, dtype) = (column.dictionary, column.type.ordered), self._known.get(name, (None, None))
        if of != known:
            dtype = pd.CategoricalDtype(of[0].to_pandas(), ordered=of[1])
            self._known[name] = of, dtype
        codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)


def columns_of(path: Path) -> list[str]:
    """The columns of a table that was written, which all its parts have."""
    return pq.read_schema(part_paths(path)[0] if path.is_dir() else path).names
