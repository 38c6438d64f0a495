"""The contract of every table between notebooks: columns in order, types, allowed values, key, row order."""

from functools import cache

import numpy as np
import pandas as pd
import pyarrow
from pyarrow import compute

from helpers.cohort.contract_parts import category, contract, estimates, numbers, pa
from helpers.cohort.dictionary import read_dictionary
from helpers.cohort.events import EVENTS
from helpers.cohort.flow import FLOW_COLUMNS, KINDS, check_flow
from helpers.cohort.ledger import ACTIONS, DECIDED_BY, RULES
from helpers.cohort.privacy import LEDGER_COLUMNS, MARKS, QUARANTINE_COLUMNS, days_name
from helpers.cohort.risk_table import DIRECTIONS, OUTCOMES
from helpers.cohort.robustness_contracts import ROBUSTNESS
from helpers.cohort.spine import REGIONS, SLOTS
from helpers.cohort.summary import CODEBOOK_COLUMNS
from helpers.errors import WorkbookError

RAW = ("patients", "procedures", "fractures", "imaging")
ESTIMATES = tuple(f"{step}estimates" for step in ("", "relative_risk_", "time_to_event_", "natural_clustering_"))
NAMES = (
    *RAW,
    "ledger",
    "quarantine",
    "flow",
    "risk_table",
    "risk_periods",
    "patient_summary",
    "codebook",
    *ESTIMATES,
    "curves",
    *ROBUSTNESS,
)


# Columns a table has only in some studies.
OPTIONAL = {"risk_table": ("latest_days",)}


@cache
def schema(name: str, optional: tuple[str, ...] = ()) -> pa.DataFrameSchema:
    """The contract of one table with these of its optional columns; its metadata has the order of its rows."""
    if name in ESTIMATES:
        return estimates()
    return _SCHEMAS[name](name, *optional)


@cache
def schema_of(name: str, columns: tuple[str, ...]) -> pa.DataFrameSchema:
    """What the contract of one table says of these of its columns."""
    whole = schema(name, OPTIONAL.get(name, ()))
    order = whole.metadata["order"]
    chosen = {column: whole.columns[column] for column in columns}
    return contract(chosen, order=order if set(order) <= set(columns) else ())


def _raw(name: str) -> pa.DataFrameSchema:
    columns = {"patient": _patient()}
    for column in read_dictionary().table(name):
        if column.type == "date":
            columns[days_name(column.name)] = pa.Column("Int32", nullable=True)
        elif column.name in ("thoracic_vertebrae", "lumbar_vertebrae"):
            columns[column.name] = pa.Column("int8", _between(column))
        elif column.type in ("number", "integer"):
            dtype = "float64" if column.type == "number" else "Int8"
            columns[column.name] = pa.Column(dtype, _between(column), nullable=True)
        elif column.type == "yes_no":
            columns[column.name] = pa.Column("boolean", nullable=True)
        elif column.type == "code":
            columns[column.name] = category(tuple(column.code_labels), nullable=True)
        elif column.type == "level":
            columns[column.name] = category(SLOTS, ordered=True)
        elif column.type == "levels":
            columns[column.name] = pa.Column("category")
    columns |= {mark: pa.Column("bool") for mark in MARKS.get(name, {})}
    key = ["patient"] if name == "patients" else None
    return contract(columns, key, order=("patient",))


def _risk_table(_, *optional: str) -> pa.DataFrameSchema:
    columns = {
        **_vertebra(),
        **_near_cement(),
        "days": pa.Column("int32", pa.Check.ge(0)),
        "outcome": category(OUTCOMES),
        "last_clean_days": pa.Column("Int32", pa.Check.ge(0), nullable=True),
    }
    checks = [
        pa.Check(
            lambda frame: not (frame["last_clean_days"] > frame["days"]).any(), error="last_clean_days lies after days"
        )
    ]
    if "latest_days" in optional:
        columns["latest_days"] = pa.Column("int32", pa.Check.ge(0))
        ends = pa.Check(
            lambda frame: not (frame["latest_days"] < frame["days"]).any(), error="latest_days lies before days"
        )
        checks.append(ends)
    return contract(columns, ["patient", "level"], order=("patient", "level"), checks=checks)


def _risk_periods(_) -> pa.DataFrameSchema:
    columns = {
        **_vertebra(),
        "period": pa.Column("int8", pa.Check.ge(1)),
        "start_days": pa.Column("int32", pa.Check.ge(0)),
        "stop_days": pa.Column("int32", pa.Check.ge(0)),
        **_near_cement(),
        "outcome": category(OUTCOMES),
    }
    follow = pa.Check(_follow_one_another, error="the periods of a vertebra do not follow one another")
    key = ["patient", "level", "period"]
    return contract(columns, key, order=key, checks=[follow])


def _ledger(_) -> pa.DataFrameSchema:
    columns = {
        "table": pa.Column(object, pa.Check.isin((*RAW, EVENTS))),
        "row": pa.Column("int32", pa.Check.ge(2)),
        "entry": pa.Column("int32", pa.Check.ge(1)),
        "rule": pa.Column(object, pa.Check.isin(list(RULES))),
        "decided_by": pa.Column(object, pa.Check.isin(DECIDED_BY)),
        "action": pa.Column(object, pa.Check.isin(ACTIONS)),
    }
    return contract({name: columns.get(name, pa.Column(object)) for name in LEDGER_COLUMNS})


def _quarantine(_) -> pa.DataFrameSchema:
    columns = {
        "table": pa.Column(object, pa.Check.isin((*RAW, EVENTS))),
        "row": pa.Column("int32", pa.Check.ge(2)),
        "entry": pa.Column("int32", pa.Check.ge(1)),
        "file_column": pa.Column(object),
        "rules": pa.Column(object, pa.Check(_are_rules, error="holds an unknown rule")),
        "why": pa.Column(object),
    }
    return contract({name: columns[name] for name in QUARANTINE_COLUMNS}, ["table", "row", "entry"])


def _flow(_) -> pa.DataFrameSchema:
    texts = dict.fromkeys(("rule", "step", "detail"), pa.Column(object))
    fixed = {"order": pa.Column("int16", unique=True), "kind": category(KINDS)} | texts
    count = pa.Column("Int64", pa.Check.ge(0), nullable=True)
    adds_up = pa.Check(_adds_up, error="does not add up")
    return contract({name: fixed.get(name, count) for name in FLOW_COLUMNS}, ["rule"], checks=[adds_up])


def _patient_summary(_) -> pa.DataFrameSchema:
    columns = {"patient": _patient()}
    for column in read_dictionary().table("patient_summary")[1:]:
        if column.type == "code":
            labels = ("no", "yes") if "yes" in column.code_labels else tuple(column.code_labels)
            columns[column.name] = category(labels, nullable=not column.required)
        else:
            dtype = {"number": "float64"}.get(column.type, "int32" if column.unit == "days" else "int8")
            columns[column.name] = pa.Column(dtype, _between(column), nullable=not column.required)
    return contract(columns, ["patient"], order=("patient",))


def _codebook(_) -> pa.DataFrameSchema:
    count = dict.fromkeys(("n", "n_missing"), pa.Column("int64", pa.Check.ge(0)))
    return contract({name: count.get(name, pa.Column(object)) for name in CODEBOOK_COLUMNS}, ["table", "column"])


def _curves(_) -> pa.DataFrameSchema:
    share = pa.Column(float, pa.Check.in_range(0, 1), nullable=True)
    columns = {
        **dict.fromkeys(("curve", "group"), pa.Column(object)),
        "time": pa.Column(None, pa.Check.ge(0)),
        **dict.fromkeys(("at_risk", "events", "competing", "censored"), pa.Column(None, pa.Check.ge(0))),
        **dict.fromkeys(("estimate", "conf_low", "conf_high"), share),
    }
    return contract(columns, ["curve", "group", "time"])


def _follow_one_another(frame: pd.DataFrame) -> bool:
    """Each row is a vertebra's first period from day 0, or goes on where the row before it ended open."""
    columns = ("patient", "level", "period", "start_days", "stop_days")
    patient, level, period, start, stop = (numbers(frame[name]) for name in columns)
    is_open = (frame["outcome"] == "censored").to_numpy()
    is_first = (period == 1) & (start == 0)
    goes_on = (patient[1:] == patient[:-1]) & (level[1:] == level[:-1])
    is_next = (period[1:] == period[:-1] + 1) & (start[1:] == stop[:-1]) & is_open[:-1] & (stop[1:] > start[1:])
    return bool(is_first[0] and np.where(goes_on, is_next, is_first[1:]).all())


def _vertebra() -> dict[str, pa.Column]:
    return {"patient": _patient(), "level": category(SLOTS, ordered=True), "region": category(REGIONS)}


def _near_cement() -> dict[str, pa.Column]:
    return {
        "distance": pa.Column("int8", pa.Check.in_range(1, 18)),
        "direction": category(DIRECTIONS),
        "is_adjacent": pa.Column("bool"),
        "is_sandwich": pa.Column("bool"),
    }


def _patient() -> pa.Column:
    is_key = pa.Check(_are_keys, error="holds something that is not a patient key like p000001")
    return pa.Column("category", is_key)


def _between(column) -> list[pa.Check]:
    limits = ((pa.Check.ge, column.minimum), (pa.Check.le, column.maximum))
    return [make(limit) for make, limit in limits if limit is not None]


def _are_keys(patients: pd.Series) -> bool:
    keys = pyarrow.array(patients.cat.categories.astype(str), type=pyarrow.string())
    return bool(compute.all(compute.match_substring_regex(keys, "^p[0-9]{6,}$"), min_count=0).as_py())


def _are_rules(rules: pd.Series) -> pd.Series:
    return rules.map({text: set(text.split("; ")) <= set(RULES) for text in rules.unique()}).astype(bool)


def _adds_up(flow: pd.DataFrame) -> bool:
    try:
        check_flow(flow)
    except WorkbookError:
        return False
    return True


_SCHEMAS = {
    **dict.fromkeys(RAW, _raw),
    "risk_table": _risk_table,
    "risk_periods": _risk_periods,
    "ledger": _ledger,
    "quarantine": _quarantine,
    "flow": _flow,
    "patient_summary": _patient_summary,
    "codebook": _codebook,
    "curves": _curves,
    **ROBUSTNESS,
}
