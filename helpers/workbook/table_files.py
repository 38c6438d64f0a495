"""Tables as files of a run: written for the next notebook, and readable by their owner only where they are private."""

from pathlib import Path

import pandas as pd
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


def columns_of(path: Path) -> list[str]:
    """The columns of a table that was written, which all its parts have."""
    return pq.read_schema(part_paths(path)[0] if path.is_dir() else path).names
