"""What contracts are made of: columns of one kind, the order of rows, and the columns of estimates."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from helpers.imports import without

with without("hypothesis"):  # for making up tables that keep a contract
    import pandera.backends.pandas.builtin_checks  # noqa: F401 (else the first check imports it)
    import pandera.pandas as pa


def contract(columns: dict, key=None, *, order=(), checks=()) -> pa.DataFrameSchema:
    """The contract of a table: its columns in order, the key that comes once, and what the rows are in order of."""
    checks = [
        *checks,
        *([pa.Check(_in_order(order), error=f"rows are not in order of {', '.join(order)}")] if order else []),
    ]
    metadata = {"order": tuple(order)}
    return pa.DataFrameSchema(columns, checks=checks, unique=key, strict=True, ordered=True, metadata=metadata)


def increases(frame: pd.DataFrame, order: tuple[str, ...], *, strictly: bool = False) -> bool:
    """Whether every row comes after the one before it, by the first of these columns that differs."""
    is_after, is_same = np.zeros(max(len(frame) - 1, 0), dtype=bool), np.ones(max(len(frame) - 1, 0), dtype=bool)
    for name in order:
        values = numbers(frame[name])
        is_after |= is_same & (values[1:] > values[:-1])
        is_same &= values[1:] == values[:-1]
    return bool((is_after if strictly else is_after | is_same).all())


def _in_order(order: tuple[str, ...]) -> Callable:
    return lambda frame: increases(frame, order)


def numbers(column: pd.Series) -> np.ndarray:
    """A column as numbers; of categories their places."""
    return (column.cat.codes if isinstance(column.dtype, pd.CategoricalDtype) else column).to_numpy()


def category(categories, *, ordered: bool = False, nullable: bool = False) -> pa.Column:
    """A column of these categories."""
    return pa.Column(pa.Category(list(categories), ordered=ordered), nullable=nullable)


def estimates() -> pa.DataFrameSchema:
    """The contract of every table of estimates."""
    share = pa.Check.in_range(0, 1)
    number, count = pa.Column(float, nullable=True), pa.Column("Int64", pa.Check.ge(0), nullable=True)
    columns = {
        **dict.fromkeys(("analysis", "contrast", "measure"), pa.Column(object)),
        **dict.fromkeys(("estimate", "conf_low", "conf_high"), number),
        "conf_level": pa.Column(float, pa.Check.in_range(0, 1, include_min=False, include_max=False)),
        "p_value": pa.Column(float, share, nullable=True),
        "method": pa.Column(object),
        **dict.fromkeys(("n_patients", "n_vertebrae", "n_events"), count),
        **dict.fromkeys(("unit", "note"), pa.Column(object)),
        "std_error": pa.Column(float, pa.Check.ge(0), nullable=True),
        **dict.fromkeys(("events_exposed", "at_risk_exposed", "events_unexposed", "at_risk_unexposed"), count),
    }
    ordered = pa.Check(
        lambda frame: ~((frame["conf_low"] > frame["estimate"]) | (frame["conf_high"] < frame["estimate"])),
        error="estimate lies outside its own interval",
    )
    said = pa.Check(
        lambda frame: frame["estimate"].notna() | (frame["note"] != ""),
        error="estimate is absent without a note",
    )
    return contract(columns, ["analysis", "contrast"], checks=[ordered, said])
