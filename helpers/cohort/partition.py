"""Raw tables cut into parts, each with all rows of its patients."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from helpers.cohort.parts import marked, part_name
from helpers.errors import WorkbookError
from helpers.intake.parquet_files import ROW

PATIENTS_PER_PART = 50_000
ID = "patient_id"


def write_partition(
    raw: dict[str, pd.DataFrame],
    folder: Path,
    *,
    patients_per_part: int = PATIENTS_PER_PART,
    least_parts: int = 1,
    column_names: dict | None = None,
) -> int:
    """Write raw tables as folders of parts; returns the number of parts.

    A patient's part hangs on the identifier alone, without the blanks around it, so that all rows of a patient
    meet there, and with them every row that is there twice.

    Parameters
    ----------
    raw : dict of str to DataFrame
        Tables as `readers.read_cohort` gives them. The rows keep their numbers, in a column `row`.
    folder : Path
        Where the folders are made, one for each table.
    patients_per_part : int
        About how many patients a part has.
    least_parts : int
        How many parts there are at least.
    column_names : dict
        As for `read_cohort`: the columns get the names back that they have in the files.
    """
    n_patients = len(set(_stripped(raw["patients"])[raw["patients"][ID].cat.codes.unique()]))
    n_parts = max(least_parts, math.ceil(n_patients / patients_per_part))
    mark = f"{n_parts} {_fingerprint(raw)}"
    for table, frame in raw.items():
        (folder / table).mkdir(parents=True)
        _write_table(frame, folder / table, n_parts, _names(table, frame, column_names or {}), mark)
    return n_parts


def _fingerprint(raw: dict[str, pd.DataFrame]) -> str:
    """The same for the same cells only, so that parts of two partitions can be told apart."""
    hashes = [pd.util.hash_pandas_object(frame, index=False).to_numpy().sum() for frame in raw.values()]
    return f"{np.bitwise_xor.reduce(hashes):016x}"


def _stripped(frame: pd.DataFrame) -> np.ndarray:
    """The texts of a table's identifiers without the blanks around them; the last one, "", is for a cell without."""
    texts = pd.Series(frame[ID].cat.categories, dtype=object).str.strip()
    return np.append(texts.to_numpy(dtype=object), "")


def _parts(frame: pd.DataFrame, n_parts: int) -> np.ndarray:
    """The part of each row; rows without an identifier are all in the one of the empty text."""
    part = pd.util.hash_array(_stripped(frame), categorize=False) % np.uint64(n_parts)
    return part.astype(np.int32)[frame[ID].cat.codes.to_numpy()]


def _write_table(frame: pd.DataFrame, folder: Path, n_parts: int, names: dict[str, str], mark: str) -> None:
    part = _parts(frame, n_parts)
    order = np.argsort(part, kind="stable")
    ends = np.searchsorted(part[order], np.arange(n_parts + 1))
    texts = {name: _arrow(frame[name].cat.categories) for name in names}
    codes = {name: frame[name].cat.codes.to_numpy() for name in names}
    row = frame[ROW].to_numpy(dtype=np.int32)
    for number in range(n_parts):
        at = order[ends[number] : ends[number + 1]]
        cells = {}
        for name, theirs in names.items():
            own = codes[name][at]
            cells[theirs] = texts[name].take(pa.array(own, mask=own < 0))
        part_of = marked(pa.table(cells | {ROW: row[at]}), mark)
        pq.write_table(part_of, folder / part_name(number), compression="zstd")


def _arrow(categories: pd.Index) -> pa.Array:
    """The distinct entries of a column as Arrow writes them: dates, else texts."""
    if isinstance(categories, pd.DatetimeIndex):
        return pa.array(categories.to_numpy().astype("datetime64[D]"), pa.date32())
    return pa.array(categories.to_numpy(dtype=object), pa.string())


def _names(table: str, frame: pd.DataFrame, column_names: dict) -> dict[str, str]:
    """Our name of each column -> the one in the file."""
    given = column_names.get(table, {})
    names = {name: given.get(name, name) for name in frame.columns.drop(ROW)}
    for ours, theirs in names.items():
        if theirs.strip() == ROW:
            raise WorkbookError(
                f'{table}.{ours} is in a column called "{ROW}", but in parts that name stands for the number of the '
                "row in the file. Give the column another name, in the file and in `column_names`."
            )
    return names
