"""Tables between notebooks keep their contract; all that breaks it is told at once, in plain words."""

import re
from collections.abc import Sequence

import pandas as pd
import pandera.pandas as pa

from helpers.cohort.contract_parts import increases
from helpers.cohort.contracts import NAMES, OPTIONAL, schema, schema_of
from helpers.errors import WorkbookFault

__all__ = ["NAMES", "check"]

_TOLD = 10
_RULES = {
    r"greater_than_or_equal_to\((.*)\)": "at least {}",
    r"less_than_or_equal_to\((.*)\)": "at most {}",
    r"in_range\((.*), (.*?)(?:, .*)?\)": "between {} and {}",
    r"isin\([\[(](.*)[\])]\)": "one of {}",
}


def check(name: str, frame: pd.DataFrame, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the table if it keeps its contract; with `columns`, what the contract says of these alone.

    Raises
    ------
    WorkbookFault
        With everything that breaks it, at once.
    """
    if name not in NAMES:
        raise WorkbookFault(f'There is no contract for a table "{name}". Known are {", ".join(NAMES)}.')
    optional = tuple(column for column in OPTIONAL.get(name, ()) if column in frame)
    contract = schema(name, optional) if columns is None else schema_of(name, tuple(columns))
    # Parquet does not keep the categories of a table without rows.
    contract = contract if len(frame) else _columns_only(contract)
    if _keeps(contract, frame):
        return frame
    try:
        contract.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        told = list(dict.fromkeys(_sentence(case) for case in errors.failure_cases.to_dict("records")))
        more = [f"And {len(told) - _TOLD} more like these."] if len(told) > _TOLD else []
        raise WorkbookFault("\n".join([f"The table {name} breaks its contract:", *told[:_TOLD], *more])) from None
    return frame


def _keeps(contract: pa.DataFrameSchema, frame: pd.DataFrame) -> bool:
    """Whether a table is sure to keep its contract, found without pandera's copies of millions of rows.

    What is not sure is left to pandera, which also tells.
    """
    columns = contract.columns
    if list(frame) != list(columns) or not all(_column_keeps(columns[name], frame[name]) for name in frame):
        return False
    return _keys_differ(contract, frame) and all(check(frame).check_passed for check in contract.checks)


def _column_keeps(column: pa.Column, values: pd.Series) -> bool:
    has_type = column.dtype is None or _is_of(column.dtype, values)
    is_full = column.nullable or not values.hasnans
    return has_type and is_full and not column.unique and all(check(values).check_passed for check in column.checks)


def _is_of(wanted, values: pd.Series) -> bool:
    if not isinstance(wanted, pa.Category):
        return wanted.type == values.dtype
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return False
    is_any = wanted.categories is None
    return is_any or (
        values.cat.categories.equals(pd.Index(wanted.categories)) and values.cat.ordered == wanted.ordered
    )


def _keys_differ(contract: pa.DataFrameSchema, frame: pd.DataFrame) -> bool:
    key = contract.unique
    if not key or tuple(key) == contract.metadata["order"]:
        return not key or increases(frame, key, strictly=True)
    return not frame[key].duplicated().any()


def _columns_only(contract: pa.DataFrameSchema) -> pa.DataFrameSchema:
    columns = {column: pa.Column(None) for column in contract.columns}
    return pa.DataFrameSchema(columns, strict=True, ordered=True, metadata={"order": ()})


def _sentence(case: dict) -> str:
    """One failure of pandera in plain words."""
    column, rule, value = case["column"], str(case["check"]), case["failure_case"]
    if rule == "column_in_dataframe":
        return f"The column {value} is missing."
    if rule == "column_in_schema":
        return f"The column {value} does not belong there."
    if rule == "column_ordered":
        return f"The column {value} is not in its place."
    if rule == "dtype('category')":
        return f"{column} ({value}) should be a category of the allowed values."
    if rule.startswith("dtype"):
        return f"{column} is of type {value}, but should be {rule[7:-2]}."
    if rule == "not_nullable":
        return f"{column} has empty cells, but none may be empty."
    if rule in ("field_uniqueness", "multiple_fields_uniqueness"):
        return f"The same {column} is there more than once, for example {value}."
    if case["schema_context"] == "DataFrameSchema":
        return f"The table {rule}." if rule.startswith("does") else f"In the table, {rule}."
    for pattern, words in _RULES.items():
        match = re.fullmatch(pattern, rule)
        if match:
            return f"{column} must be {words.format(*match.groups())}, but holds for example {value}."
    return f"{column} {rule}, for example {value}."
