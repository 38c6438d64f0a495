"""The risk table as DuckDB makes it: from tables of its own to a table of its own, on all cores."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandas as pd

from helpers.cohort.risk_table import DIRECTIONS, OUTCOMES
from helpers.cohort.spine import REGIONS, SLOTS
from tests.benchmarks.cohorts import KIND, Sample, coded, fingerprint, spines
from tests.benchmarks.measure import Work

RISK_TABLE = (Path(__file__).parent / "risk_table.sql").read_text(encoding="utf-8")
# Table of the cohort -> its columns in SQL.
CLEAN = {
    "patients": f"{KIND[0]} AS thoracic, {KIND[1]} AS lumbar, procedure_set_aside, "
    "last_imaging_date::DATE AS last_imaging, last_contact_date::DATE AS last_contact, death_date::DATE AS death",
    "procedures": "procedure_date::DATE AS day, level_mask::INTEGER AS level_mask",
    "fractures": "level::level AS level, diagnosis_date::DATE AS day, status",
    "imaging": "imaging_date::DATE AS day",
}


def risk_table(sample: Sample) -> Work:
    """Load the clean tables; then the query is what is timed."""
    connection = load(sample)
    return Work(
        lambda: connection.execute(RISK_TABLE),
        lambda _: fingerprint(coded(connection.table("risk_table").df(), sample.cohort)),
    )


def load(sample: Sample) -> duckdb.DuckDBPyConnection:
    """The clean tables in DuckDB, patients as whole numbers, levels and the like as enumerations."""
    connection = duckdb.connect()
    for name, values in {"level": SLOTS, "region": REGIONS, "direction": DIRECTIONS, "outcome": OUTCOMES}.items():
        connection.execute(f"CREATE TYPE {name} AS ENUM ({_listed(values)})")
    for name, columns in CLEAN.items():
        frame = getattr(sample.cohort, name)
        _create(
            connection,
            name,
            frame.assign(patient=frame["patient"].cat.codes).drop(columns="patient_id"),
            f"patient, {columns}",
        )
    columns = (
        f"{KIND[0]} AS thoracic, {KIND[1]} AS lumbar, slot, level::level AS level, region::region AS region, place"
    )
    _create(connection, "spines", spines(), columns)
    return connection


def _create(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame, columns: str) -> None:
    connection.register("frame", frame)
    connection.execute(f"CREATE TABLE {name} AS SELECT {columns} FROM frame")
    connection.unregister("frame")


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
