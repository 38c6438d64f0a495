"""A column of cells as a category: codes into its distinct texts, so that each text is looked at once."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd


def as_texts(column: pd.Series) -> pd.Categorical:
    """A raw column as a category of texts: a cell without a value is "", a date is written like 2006-01-27."""
    if holds_dates(column):
        cells = pd.Categorical(column)
        days = cells.categories.tz_localize(None).to_numpy().astype("datetime64[D]")
        return _coded(cells.codes, np.datetime_as_string(days).astype(object))
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return as_category(column.astype(object).where(column.notna(), "").astype(str).to_numpy(dtype=object))
    cells = column.array
    is_text = cells.categories.dtype == object and cells.categories.inferred_type in ("string", "empty")
    if is_text and not (cells.codes < 0).any():
        return cells
    return _coded(cells.codes, cells.categories.astype(object).map(str).to_numpy(dtype=object))


def as_category(texts: np.ndarray) -> pd.Categorical:
    """Texts as a category of them, in the order they come in."""
    codes, distinct = factorized(texts)
    return pd.Categorical.from_codes(codes, categories=distinct)


def factorized(texts: np.ndarray) -> tuple[np.ndarray, pd.Index]:
    """Codes into the distinct texts, and these."""
    # pandas stops at a NUL character where it compares nothing but texts, so there is something else at the end.
    codes, distinct = pd.factorize(np.append(np.asarray(texts, dtype=object), None))
    return codes[:-1], pd.Index(distinct, dtype=object)


def holds_dates(column: pd.Series) -> bool:
    """True where the column is of a type of dates, so that no format is needed to read it."""
    is_category = isinstance(column.dtype, pd.CategoricalDtype)
    return (column.dtype.categories.dtype if is_category else column.dtype).kind == "M"


def share_texts(columns: Sequence[pd.Categorical]) -> list[pd.Categorical]:
    """The same columns, all with codes into one list of texts."""
    first, *others = columns
    if all(other.categories is first.categories for other in others):
        return list(columns)
    together, distinct = factorized(np.concatenate([np.asarray(own.categories, dtype=object) for own in columns]))
    shared, start, coded = pd.CategoricalDtype(distinct), 0, []
    for own in columns:
        place = together[start : start + len(own.categories)]
        coded.append(pd.Categorical.from_codes(place[own.codes], dtype=shared))
        start += len(own.categories)
    return coded


def recoded(cells: pd.Categorical, texts: np.ndarray) -> pd.Categorical:
    """The cells with another text for each of their texts; several may now be the same."""
    return _coded(cells.codes, texts)


def emptied(cells: pd.Categorical, at: np.ndarray) -> pd.Categorical:
    """The cells with no text in these rows."""
    codes = np.array(cells.codes, dtype=np.int32)
    codes[at] = -1
    return _coded(codes, cells.categories)


def texts_of(cells: pd.Categorical, at: np.ndarray) -> np.ndarray:
    """The texts of these rows."""
    return np.asarray(cells.categories, dtype=object)[cells.codes[at]]


def stripped(texts) -> np.ndarray:
    """The texts without blanks around them."""
    return _objects(list(map(str.strip, texts)))


def told(values, sentence: Callable) -> np.ndarray:
    """`sentence(value)` for each row, made once for each distinct value."""
    if isinstance(values, pd.Categorical):
        codes, distinct = pd.factorize(values.codes)
        distinct = np.asarray(values.categories, dtype=object)[distinct]
    else:
        codes, distinct = pd.factorize(values)
    return _objects([sentence(value) for value in distinct])[codes]


def _objects(values: list) -> np.ndarray:
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return objects


def _coded(codes: np.ndarray, texts: np.ndarray) -> pd.Categorical:
    """Codes into texts that may be the same, -1 for no text, as a category."""
    place, distinct = factorized(np.append(np.asarray(texts, dtype=object), ""))
    return pd.Categorical.from_codes(place[codes], categories=distinct)
