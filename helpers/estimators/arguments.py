"""Arguments on their way in: flags, days and labels, checked once, with sentences a reader can act on."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.errors import WorkbookError


def one_dimensional(values, name: str) -> np.ndarray:
    """`values` as an array with one entry per vertebra, none of them missing."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise WorkbookError(
            f"`{name}` must be one value per vertebra (one dimension), but has {array.ndim} dimensions. "
            "Pass one column of the risk table."
        )
    n_missing = int(pd.isna(array).sum()) if array.dtype.kind not in "biu" else 0
    if n_missing:
        raise WorkbookError(
            f"`{name}` has {n_missing} missing value(s) among {len(array)}. "
            "Exclude those vertebrae, or complete them, before estimating."
        )
    return array


def flags(values, name: str) -> np.ndarray:
    """`values` as booleans; 0 and 1 are accepted, nothing else is."""
    array = one_dimensional(values, name)
    if array.dtype == bool:
        return array
    is_flag = np.isin(array, [0, 1])
    if not is_flag.all():
        raise WorkbookError(
            f"`{name}` must be true or false (1 or 0) for every vertebra, but got {array[~is_flag][0]!s}. "
            "Compare first, for example outcome == 'fracture'."
        )
    return array.astype(bool)


def durations(values, name: str = "days") -> np.ndarray:
    """`values` as finite times of zero or more; whole numbers stay whole."""
    array = one_dimensional(values, name)
    if array.dtype.kind not in "iuf":
        try:
            # Dates would turn into nanoseconds without complaint.
            array = None if array.dtype.kind in "mM" else array.astype(float)
        except (TypeError, ValueError):
            array = None
    if array is None:
        raise WorkbookError(
            f"`{name}` must be numbers, but got {np.asarray(values)[0]!s}. Pass days since the procedure."
        )
    is_bad = ~np.isfinite(array) | (array < 0)
    if is_bad.any():
        raise WorkbookError(
            f"`{name}` must be zero or more and finite, but got {array[is_bad][0]!s}. "
            "Time runs from the index procedure."
        )
    return array


def numbers(values, name: str) -> np.ndarray:
    """`values` as finite numbers; yes or no count as 1 and 0."""
    array = one_dimensional(values, name)
    try:
        # Dates would turn into nanoseconds without complaint.
        as_numbers = None if array.dtype.kind in "mM" else array.astype(float)
    except (TypeError, ValueError):
        as_numbers = None
    is_bad = np.ones(len(array), dtype=bool) if as_numbers is None else ~np.isfinite(as_numbers)
    if is_bad.any():
        raise WorkbookError(
            f"`{name}` must be finite numbers, but got {array[is_bad][0]!s}. Write yes or no as 1 or 0, and each of "
            "several categories but one as a yes or no of its own."
        )
    return as_numbers


def covariate_columns(covariates) -> dict[str, np.ndarray]:
    """A table, mapping or sequence of covariates as numbers by name: "covariate age", or "covariate 1" without names.

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
    return {f"covariate {name}": numbers(column, f"covariate {name}") for name, column in named.items()}


def adjusted_for(columns: Sequence[str]) -> str:
    """What a note says of covariates called as by `covariate_columns`: how many, and their names when they have any.

    Examples
    --------
    >>> adjusted_for(["covariate age_years", "covariate sex"]), adjusted_for(["covariate 1"]), adjusted_for([])
    ('adjusted for 2 covariates: age_years, sex', 'adjusted for 1 covariate', '')
    """
    names = [column.removeprefix("covariate ") for column in columns]
    told = "" if any(name.isdigit() for name in names) else f": {', '.join(names)}"
    return f"adjusted for {len(names)} covariate{'' if len(names) == 1 else 's'}{told}" if names else ""


def labels(values, name: str) -> tuple[np.ndarray, int]:
    """Labels of any kind as codes 0, 1, 2, ... and how many differ."""
    if isinstance(getattr(values, "dtype", None), pd.CategoricalDtype):
        codes, distinct = pd.factorize(values)
        if (codes < 0).any():
            raise WorkbookError(
                f"`{name}` has {int((codes < 0).sum())} missing value(s) among {len(codes)}. "
                "Exclude those vertebrae, or complete them, before estimating."
            )
    else:
        codes, distinct = pd.factorize(one_dimensional(values, name))
    return codes, len(distinct)


def same_length(**arrays) -> int:
    """The common length of the arrays that are given (None is passed over)."""
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
