"""Estimates as rows of the `estimates` table, from which every number shown anywhere is read."""

from collections.abc import Mapping

import pandas as pd

from helpers.disclosure import is_withheld
from helpers.errors import WorkbookError
from helpers.estimators.estimate import ESTIMATE_COLUMNS, Estimate, TwoByTwo

_COUNTS = ESTIMATE_COLUMNS[-4:]
_WHOLE = ("n_patients", "n_vertebrae", "n_events", *_COUNTS)
_REAL = ("estimate", "conf_low", "conf_high", "conf_level", "p_value", "std_error")


def to_frame(estimates: Mapping[str, Estimate], *, contrast: str, prefix: str = "") -> pd.DataFrame:
    """One row per estimate, in the order given.

    Parameters
    ----------
    estimates : mapping of str to Estimate
        The analysis in words and what it gave.
    contrast : str
        What is compared with what.
    prefix : str
        Stands before the name of every analysis.
    """
    rows = [estimate.row(analysis=prefix + analysis, contrast=contrast) for analysis, estimate in estimates.items()]
    rows = [{name: None if is_withheld(value) else value for name, value in row.items()} for row in rows]
    frame = pd.DataFrame(rows, columns=list(ESTIMATE_COLUMNS))
    return frame.astype(dict.fromkeys(_WHOLE, "Int64") | dict.fromkeys(_REAL, "float64"))


def from_frame(frame: pd.DataFrame) -> dict[str, Estimate]:
    """The estimates of a table by analysis, as they went in.

    Raises
    ------
    WorkbookError
        If two rows carry the same analysis.
    """
    repeated = frame.loc[frame["analysis"].duplicated(), "analysis"]
    if len(repeated):
        raise WorkbookError(f'Two estimates are called "{repeated.iloc[0]}". Give every analysis its own name.')
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return {row["analysis"]: _estimate(row) for row in rows}


def interleaved(estimates: Mapping[str, Mapping[str, Estimate]]) -> dict[str, Estimate]:
    """Estimates of the same things by several methods, those of one thing side by side.

    Examples
    --------
    >>> from helpers.estimators.risk import risk
    >>> one, other = risk([1, 0]), risk([1, 0], ["p", "q"])
    >>> list(interleaved({"naive": {"T12": one, "L1": one}, "clustered": {"T12": other, "L1": other}}))
    ['T12, naive', 'T12, clustered', 'L1, naive', 'L1, clustered']
    """
    names = dict.fromkeys(name for of_method in estimates.values() for name in of_method)
    return {
        f"{name}, {method}": of_method[name]
        for name in names
        for method, of_method in estimates.items()
        if name in of_method
    }


def _estimate(row: dict) -> Estimate:
    values = {name: row[name] for name in ESTIMATE_COLUMNS if name not in ("analysis", "contrast", *_COUNTS)}
    has_counts = row[_COUNTS[0]] is not None
    counts = TwoByTwo(*(int(row[name]) for name in _COUNTS)) if has_counts else None
    return Estimate(**values, counts=counts)
