"""Arguments on their way in: flags, days and labels, checked once, with sentences a reader can act on."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.counts import counted
from helpers.errors import WorkbookError
from helpers.parted import by_part, in_parts

# Whole numbers that spread over at most this many times their number are counted, not sorted or hashed.
WIDEST = 4


def one_dimensional(values, name: str) -> np.ndarray:
    """`values` as an array with one entry per vertebra, none of them missing."""
    array = _array(values, name)
    if array.dtype.kind == "f":
        _ends_of_none_missing(array, name)
    elif array.dtype.kind not in "biuUS":
        _none_missing(int(pd.isna(array).sum()), len(array), name)
    return array


@by_part
def flags(values, name: str) -> np.ndarray:
    """`values` as booleans; 0 and 1 are accepted, nothing else is."""
    array = one_dimensional(values, name)
    if array.dtype == bool:
        return array
    is_flag = (array == 0) | (array == 1) if array.dtype.kind in "iuf" else np.isin(array, [0, 1])
    if not is_flag.all():
        raise WorkbookError(
            f"`{name}` must be true or false (1 or 0) for every vertebra, but got {array[~is_flag][0]!s}. "
            "Compare first, for example outcome == 'fracture'."
        )
    return array.astype(bool)


@by_part
def durations(values, name: str = "days") -> np.ndarray:
    """`values` as finite times of zero or more; whole numbers stay whole."""
    array = _real(values, name)
    if array is None:
        raise WorkbookError(
            f"`{name}` must be numbers, but got {np.asarray(values)[0]!s}. Pass days since the procedure."
        )
    low, high = _ends_of_none_missing(array, name)
    if low < 0 or not np.isfinite(high):
        raise WorkbookError(
            f"`{name}` must be zero or more and finite, but got {array[~np.isfinite(array) | (array < 0)][0]!s}. "
            "Time runs from the index procedure."
        )
    return array


@by_part
def numbers(values, name: str) -> np.ndarray:
    """`values` as finite numbers; yes or no count as 1 and 0."""
    array = _real(values, name)
    if array is None or not np.isfinite(_ends_of_none_missing(array, name)).all():
        given = np.asarray(values)
        told = given[0] if array is None else given[~np.isfinite(array)][0]
        raise WorkbookError(
            f"`{name}` must be finite numbers, but got {told!s}. Write yes or no as 1 or 0, and each of "
            "several categories but one as a yes or no of its own."
        )
    return array.astype(float, copy=False)


def covariate_columns(covariates) -> dict[str, np.ndarray | pd.Categorical]:
    """A table, mapping or sequence of covariates as numbers by name: "covariate age", or "covariate 1" without names.

    One whose values are categories, each a number, stays so: that is narrow where few values stand in millions of rows.

    Examples
    --------
    >>> covariate_columns({"age": [71, 80]}), list(covariate_columns([[71, 80], [0, 1]]))
    ({'covariate age': array([71., 80.])}, ['covariate 1', 'covariate 2'])
    """
    n_dimensions = getattr(covariates, "ndim", None)
    covariates = () if covariates is None else [covariates] if n_dimensions == 1 else covariates
    if hasattr(covariates, "keys"):
        named = {str(name): covariates[name] for name in covariates}
    else:
        columns = covariates.T if n_dimensions == 2 else covariates
        named = {str(place): column for place, column in enumerate(columns, start=1)}
    return {f"covariate {name}": _covariate(column, f"covariate {name}") for name, column in named.items()}


def _covariate(values, name: str) -> np.ndarray | pd.Categorical:
    if not isinstance(getattr(values, "dtype", None), pd.CategoricalDtype):
        return numbers(values, name)
    codes, _ = label_codes(values, name)
    return pd.Categorical.from_codes(codes, numbers(values.dtype.categories, name))


def adjusted_for(columns: Sequence[str]) -> str:
    """What a note says of covariates called as by `covariate_columns`: how many, and their names when they have any.

    Examples
    --------
    >>> adjusted_for(["covariate age_years", "covariate sex"]), adjusted_for(["covariate 1"]), adjusted_for([])
    ('adjusted for 2 covariates: age_years, sex', 'adjusted for 1 covariate', '')
    """
    names = [column.removeprefix("covariate ") for column in columns]
    told = "" if any(name.isdigit() for name in names) else f": {', '.join(names)}"
    return f"adjusted for {counted(len(names), 'covariate')}{told}" if names else ""


@by_part
def label_codes(values, name: str) -> tuple[np.ndarray, int]:
    """Labels of any kind as codes from 0, and the number of codes there may be.

    Not each need occur, and they may be narrow. Categories have codes already; whole numbers close to one another are
    theirs but for the least; what is left is hashed.

    Examples
    --------
    >>> label_codes(pd.Categorical(["L1", "T12", "L1"], ["T11", "T12", "L1"]), "level")
    (array([2, 1, 2], dtype=int8), 3)
    """
    if isinstance(getattr(values, "dtype", None), pd.CategoricalDtype):
        categorical = getattr(values, "array", values)
        codes, n_codes = categorical.codes, len(categorical.categories)
    else:
        array = _array(values, name)
        if array.dtype.kind in "biu":
            low, high = (int(end) for end in _ends(array))
            if high - low < WIDEST * len(array) and high <= np.iinfo(np.intp).max:
                is_code = low == 0 and array.dtype.kind == "i"
                return (array if is_code else array.astype(np.intp) - low), high - low + 1
        codes, distinct = pd.factorize(array)
        n_codes = len(distinct)
    if codes.min(initial=0) < 0:
        _none_missing(int((codes < 0).sum()), len(codes), name)
    return codes, n_codes


def same_length(**arrays) -> int:
    """The common length of the arrays that are given (None is passed over); of those in parts, that of the parts.

    Pieces of unlike length do not get on with one another, and are told where they meet.
    """
    if in_parts(*arrays.values()):
        return 0
    lengths = {name: len(array) for name, array in arrays.items() if array is not None}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"`{name}` has {length}" for name, length in lengths.items())
        raise WorkbookError(f"All arrays must have one value per vertebra, but {told}. Take them from the same table.")
    return next(iter(lengths.values()))


def choice(value: str, name: str, allowed) -> str:
    """`value`, when it is one of the allowed words."""
    if value not in allowed:
        raise WorkbookError(f"`{name}` must be one of {', '.join(allowed)}, but got {value}.")
    return value


def _array(values, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 1:
        raise WorkbookError(
            f"`{name}` must be one value per vertebra (one dimension), but has {array.ndim} dimensions. "
            "Pass one column of the risk table."
        )
    return array


def _none_missing(n_missing: int, n: int, name: str) -> None:
    if n_missing:
        raise WorkbookError(
            f"`{name}` has {n_missing} missing value(s) among {n}. "
            "Exclude those vertebrae, or complete them, before estimating."
        )


def _real(values, name: str) -> np.ndarray | None:
    """Whole or real numbers, real ones perhaps missing; None for what is no number."""
    array = _array(values, name)
    if array.dtype.kind in "iuf":
        return array
    array = one_dimensional(array, name)
    try:
        # Dates would turn into nanoseconds without complaint.
        return None if array.dtype.kind in "mM" else array.astype(float)
    except (TypeError, ValueError):
        return None


def _ends_of_none_missing(array: np.ndarray, name: str) -> tuple:
    ends = _ends(array)
    if np.isnan(ends[0]):
        # The least of numbers is nan where one of them is.
        _none_missing(int(np.isnan(array).sum()), len(array), name)
    return ends


def _ends(array: np.ndarray) -> tuple:
    """The least and the largest of numbers, as Python's own; 0 where there are none."""
    return (array.min().item(), array.max().item()) if len(array) else (0, 0)
