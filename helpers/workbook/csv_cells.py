"""The rows of a table as the lines of a CSV file, byte for byte as pandas writes them, millions at a time."""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute

NEEDS_QUOTES = '[",\n]'
NUMBERS = "iu"


def csv_lines(columns: Iterable[pd.Series], inert: str) -> bytes | None:
    """The lines of a table's columns; None where only pandas knows how to write one of them.

    Text that matches the regular expression `inert` gets an apostrophe before it.
    """
    cells = [_cells(values, inert) for values in columns]
    # Python writes an empty cell that is alone in its line in its own way.
    if len(cells) < 2 or any(column is None for column in cells):
        return None
    lines = compute.binary_join_element_wise(*(compute.fill_null(column, "") for column in cells), ",")
    lines = compute.binary_join_element_wise(lines, "", "\n")
    return lines.buffers()[2].to_pybytes() if len(lines) else b""


def _cells(values: pd.Series, inert: str) -> pa.Array | None:
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_object_dtype(dtype):
        # Each distinct text is looked at once.
        codes, distinct = pd.factorize(values)
        texts = _texts(distinct, inert)
        return None if texts is None else texts.take(pa.array(codes, mask=codes < 0))
    if pd.api.types.is_bool_dtype(dtype):
        return compute.if_else(pa.array(values, from_pandas=True), "True", "False")
    if dtype.kind in NUMBERS:
        return pa.array(values, from_pandas=True).cast(pa.string())
    return _decimals(values.to_numpy()) if dtype == np.float64 else None


def _texts(values: Iterable, inert: str) -> pa.Array | None:
    try:
        texts = pa.array(values, type=pa.string(), from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError):
        return None
    # Whether a carriage return needs quotes depends on the version of Python.
    if compute.any(compute.match_substring(texts, "\r")).as_py():
        return None
    safe = _where(compute.match_substring_regex(texts, inert), texts, lambda found: _joined("'", found))
    return _where(
        compute.match_substring_regex(safe, NEEDS_QUOTES),
        safe,
        lambda found: _joined('"', compute.replace_substring(found, '"', '""'), '"'),
    )


def _where(chosen: pa.Array, texts: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    changed = change(texts.filter(chosen))
    return compute.replace_with_mask(texts, compute.fill_null(chosen, False), changed) if len(changed) else texts


def _joined(*parts) -> pa.Array:
    return compute.binary_join_element_wise(*parts, "")


def _decimals(values: np.ndarray) -> pa.Array:
    # By their bits, as 0.0 and -0.0 are one number and two texts.
    codes, bits = pd.factorize(values.view(np.int64))
    texts = [repr(value) if value == value else None for value in bits.view(np.float64).tolist()]
    return pa.array(texts, type=pa.string()).take(pa.array(codes))
