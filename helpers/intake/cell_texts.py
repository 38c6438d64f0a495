"""Values of any type as the texts a person sees, each distinct value written once."""

import datetime
import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from helpers.counts import counted
from helpers.intake.text_columns import DATES, TEXTS

_DIGITS = 15  # what a spreadsheet shows of a number; the digits after them are those of the binary fraction
_DOTTED = re.compile(r"\s*\d{1,2}\.\d{1,2}\.\d{4}\s*")
_ISO = re.compile(r"\s*\d{4}-\d{2}-\d{2}.*")
_BINARY = bytes, bytearray, memoryview


def texts(values) -> pa.ChunkedArray:
    """A column of texts; None is an empty cell."""
    cells = pa.array(values, pa.string())
    return without_gaps(pa.chunked_array([cells.dictionary_encode().cast(TEXTS)], type=TEXTS))


def numbers(values: np.ndarray) -> pa.ChunkedArray:
    """A column of numbers as texts: 72 for 72.0, 0.1 for 0.1 (of any precision), "" for NaN."""
    found, codes = np.unique(values, return_inverse=True)  # NaN is one of them, at the end
    return recoded(codes, number_texts(found))


def number_texts(values: np.ndarray) -> list[str]:
    """Each number as text, without an exponent as long as all its digits are known."""
    if values.dtype.itemsize > 4:
        values = np.array([float(f"{value:.{_DIGITS}g}") for value in values], dtype=np.float64)
    return [
        "" if np.isnan(value)
        else np.format_float_positional(value, trim="-") if abs(value) < 10.0**_DIGITS
        else str(value)
        for value in values
    ]  # fmt: skip


def recoded(codes: np.ndarray, distinct: Sequence[str]) -> pa.ChunkedArray:
    """Codes into texts, several of which may be the same, as a column."""
    shared, place = np.unique(np.asarray(distinct, dtype=object).astype(object), return_inverse=True)
    codes = (
        place.reshape(-1).astype(np.int32)[np.asarray(codes).reshape(-1)] if len(distinct) else np.zeros(0, np.int32)
    )
    return pa.chunked_array([pa.DictionaryArray.from_arrays(codes, pa.array(shared, pa.string()))], type=TEXTS)


def dates(days: np.ndarray, missing: np.ndarray) -> pa.ChunkedArray:
    """Days since 1970 as a column of dates."""
    cells = pa.array(np.where(missing, 0, days).astype(np.int32), mask=np.asarray(missing, dtype=bool))
    return pa.chunked_array([cells.cast(pa.date32()).dictionary_encode().cast(DATES)], type=DATES)


def relabelled(column: pa.ChunkedArray, new: dict[str, str]) -> pa.ChunkedArray:
    """The column with other texts for those in `new`."""
    chunks = [
        recoded(chunk.indices.to_numpy(), [new.get(text, text) for text in chunk.dictionary.to_pylist()]).chunk(0)
        for chunk in without_gaps(column).chunks
    ]
    return pa.chunked_array(chunks, type=TEXTS)


def without_gaps(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of texts with "" in its empty cells."""
    if column.type != TEXTS or not column.null_count:
        return column
    chunks = []
    for chunk in column.chunks:
        own = chunk.dictionary.to_pylist()
        indices = pc.fill_null(chunk.indices, len(own)).to_numpy()
        chunks.append(recoded(indices, ["" if text is None else text for text in [*own, ""]]).chunk(0))
    return pa.chunked_array(chunks, type=TEXTS)


def as_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of dates as texts like 2006-01-27; one of texts as it is."""
    if column.type != DATES:
        return column
    chunks = [
        pa.DictionaryArray.from_arrays(chunk.indices, chunk.dictionary.cast(pa.string())) for chunk in column.chunks
    ]
    return without_gaps(pa.chunked_array(chunks, type=TEXTS))


def cells(values: Sequence, *, may_be_dates: bool = True) -> tuple[pa.ChunkedArray, str]:
    """Python's objects as a column, and what is to be told of it ("" for nothing).

    A column in which every entry is a date is one of dates, without the time of day. Where dates and texts stand
    side by side, all are texts: a date like 27.01.2006 where the texts are written so, else like 2006-01-27.
    """
    place = {kind: at for at, kind in enumerate(dict.fromkeys(map(type, values)))}
    kinds = np.fromiter(map(place.__getitem__, map(type, values)), dtype=np.int32, count=len(values))
    found = {kind: np.flatnonzero(kinds == at) for kind, at in place.items()}
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    filled = {
        kind for kind, at in found.items() if kind is not type(None) and not (kind is str and _is_blank(objects[at]))
    }
    is_dated = filled & {datetime.date, datetime.datetime}
    if may_be_dates and filled and filled == is_dated:
        return _dates(objects, found), ""
    pattern, note = "%Y-%m-%d", ""
    if is_dated and str in filled:
        beside = set(objects[found[str]])
        if any(map(_DOTTED.fullmatch, beside)) and not any(map(_ISO.fullmatch, beside)):
            pattern = "%d.%m.%Y"
        n_dates = sum(len(found[kind]) for kind in is_dated)
        note = (
            f"has {counted(n_dates, 'date')} beside texts that are none; it is read as texts, its dates written like "
            f"{datetime.date(2006, 1, 27).strftime(pattern)}. Look whether days were taken for months there"
        )
    elif any(issubclass(kind, _BINARY) for kind in filled):
        note = "holds pictures or other binary data, which are not read"
    written = np.full(len(values), "", dtype=object)
    for kind, at in found.items():
        written[at] = _written(kind, objects[at], pattern)
    return texts(written), note


def _is_blank(values: np.ndarray) -> bool:
    return all(not value.strip() for value in set(values))


def _dates(objects: np.ndarray, found: dict[type, np.ndarray]) -> pa.ChunkedArray:
    days, missing = np.zeros(len(objects), dtype=np.int32), np.ones(len(objects), dtype=bool)
    for kind in found.keys() & {datetime.date, datetime.datetime}:
        at = found[kind]
        days[at] = pa.array(objects[at].tolist()).cast(pa.date32(), safe=False).cast(pa.int32()).to_numpy()
        missing[at] = False
    return dates(days, missing)


def _written(kind: type, values: np.ndarray, pattern: str) -> np.ndarray | list[str]:
    """Values of one type as texts."""
    if kind is str:
        return values
    if kind is type(None) or issubclass(kind, _BINARY):
        return [""] * len(values)
    distinct = dict.fromkeys(values)
    if kind is float:
        return _looked_up(values, dict(zip(distinct, number_texts(np.array(list(distinct))), strict=True)))
    if kind is bool:
        return _looked_up(values, {True: "TRUE", False: "FALSE"})
    if kind in (datetime.date, datetime.datetime):
        return _looked_up(values, {value: _moment(value, pattern) for value in distinct})
    if kind is datetime.time:
        return _looked_up(values, {value: value.isoformat("auto").removesuffix(":00") for value in distinct})
    return _looked_up(values, {value: str(value) for value in distinct})


def _looked_up(values: np.ndarray, written: dict) -> list[str]:
    return list(map(written.__getitem__, values))


def _moment(value: datetime.date, pattern: str) -> str:
    """A date as written, with its time of day where it has one."""
    day = value.strftime(pattern) if value.year >= 1000 else value.isoformat()[:10]
    if not isinstance(value, datetime.datetime) or value.time() == datetime.time():
        return day
    return f"{day} {value.time().isoformat('seconds').removesuffix(':00')}"
