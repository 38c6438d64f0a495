"""Tables between notebooks keep their contract; all that breaks it is told at once, in plain words."""

import re

import pandas as pd
import pandera.pandas as pa

from helpers.cohort.contracts import NAMES, schema
from helpers.errors import WorkbookFault

__all__ = ["NAMES", "check"]

_TOLD = 10
_RULES = {
    r"greater_than_or_equal_to\((.*)\)": "at least {}",
    r"less_than_or_equal_to\((.*)\)": "at most {}",
    r"in_range\((.*), (.*?)(?:, .*)?\)": "between {} and {}",
    r"isin\([\[(](.*)[\])]\)": "one of {}",
}


def check(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table if it keeps its contract.

    Raises
    ------
    WorkbookFault
        With everything that breaks it, at once.
    """
    if name not in NAMES:
        raise WorkbookFault(f'There is no contract for a table "{name}". Known are {", ".join(NAMES)}.')
    try:
        # Parquet does not keep the categories of a table without rows.
        (schema(name) if len(frame) else _columns_only(name)).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        told = list(dict.fromkeys(_sentence(case) for case in errors.failure_cases.to_dict("records")))
        more = [f"And {len(told) - _TOLD} more like these."] if len(told) > _TOLD else []
        raise WorkbookFault("\n".join([f"The table {name} breaks its contract:", *told[:_TOLD], *more])) from None
    return frame


def _columns_only(name: str) -> pa.DataFrameSchema:
    return pa.DataFrameSchema({column: pa.Column(None) for column in schema(name).columns}, strict=True, ordered=True)


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
