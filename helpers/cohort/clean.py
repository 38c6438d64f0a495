"""Raw tables to clean ones: every rule in its order, every row accounted for."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.cohort import fracture_rules, patient_rules, row_rules
from helpers.cohort.dates import day_numbers, resolve_formats
from helpers.cohort.dictionary import RAW_TABLES, Column, Dictionary
from helpers.cohort.keys import patient_keys
from helpers.cohort.ledger import Table, describe, ledger_frame, quarantine_frame
from helpers.cohort.level_rules import canonical_levels, read_levels, single_levels
from helpers.cohort.readers import check_raw
from helpers.cohort.spine import TWO_LEVEL_RANGES
from helpers.cohort.unreadable import check_columns
from helpers.cohort.value_rules import read_column
from helpers.errors import Problems, WorkbookError

__all__ = ["CleanCohort", "clean_cohort", "describe"]

USUAL_SPINE = {"thoracic_vertebrae": 12, "lumbar_vertebrae": 5}


@dataclass(frozen=True)
class CleanCohort:
    """A cohort after cleaning. Holds identifiers and dates: see `privacy` for what may be shown.

    Attributes
    ----------
    patients, procedures, fractures, imaging : DataFrame
        The rows kept, sorted by `patient` (the key, a category) and date, with typed columns,
        `patient_id` and `row` (row number in the file). `procedures.levels` is text like "T12, L1" and
        `procedures.level_mask` the same packed; `imaging` is empty where there is none.
    ledger, quarantine : DataFrame
        One line per change or reason; one line per row set aside.
    keys : DataFrame
        patient_id, patient.
    rows : DataFrame
        table, read, kept, quarantined.
    has_imaging : bool
        Whether there is an imaging table.
    """

    patients: pd.DataFrame
    procedures: pd.DataFrame
    fractures: pd.DataFrame
    imaging: pd.DataFrame
    ledger: pd.DataFrame
    quarantine: pd.DataFrame
    keys: pd.DataFrame
    rows: pd.DataFrame
    has_imaging: bool


def clean_cohort(
    raw: dict,
    dictionary: Dictionary,
    *,
    date_formats: dict | None = None,
    two_level_range: str = "refuse",
    day_zero_fractures: str = "prevalent",
    seed: int = 20060127,
) -> CleanCohort:
    """Clean the raw tables of a cohort.

    Parameters
    ----------
    raw : dict of str to DataFrame
        Tables as `readers.read_cohort` gives them.
    date_formats : dict
        "table.column" or "default" -> format: {"default": "%Y-%m-%d", "patients.death_date": "%d.%m.%Y"}.
    two_level_range : {"refuse", "levels"}
        "T12-L1": set aside, or read as both vertebrae.
    day_zero_fractures : {"prevalent", "new"}
        What a fracture found on the day of the first procedure counts as.
    seed : int
        For the random order of the patient keys.

    Raises
    ------
    Problems
        Everything that stops the study, told at once.
    """
    formats, problems = resolve_formats(date_formats, dictionary)
    problems += _option("two_level_range", two_level_range, TWO_LEVEL_RANGES)
    problems += _option("day_zero_fractures", day_zero_fractures, fracture_rules.DAY_ZERO_FRACTURES)
    try:
        check_raw(raw, dictionary)
    except Problems as error:
        problems += error.problems
    if problems:
        raise Problems("The cohort cannot be cleaned yet:", problems)

    tables = {name: _table(name, raw.get(name), dictionary) for name in RAW_TABLES}
    patients, procedures, fractures, imaging = (tables[name] for name in RAW_TABLES)
    _read_values(tables, dictionary, formats)
    check_columns(tables, dictionary, formats)
    n_persons = _number_persons(tables)
    patients.apply(row_rules.duplicate_patient(patients))
    _drop_unknown(patients, (procedures, fractures, imaging), n_persons)

    spine = [_by_person(patients, column, n_persons) for column in USUAL_SPINE]
    masks = {}
    for table, column in ((procedures, "levels"), (fractures, "level")):
        own = [counts[table.person] for counts in spine]
        masks[table.name] = read_levels(table, column, *own, two_level_range=two_level_range)
    fractures.clean["level"] = single_levels(masks["fractures"])

    days = patient_rules.patient_days(patients, procedures, n_persons)
    patients.apply(patient_rules.death_before_procedure(patients, days))
    patients.apply(patient_rules.follow_up_before_procedure(patients, days))
    _drop_unknown(patients, (procedures, fractures, imaging), n_persons)
    first_cement = fracture_rules.first_cementing(procedures, masks["procedures"], n_persons)
    _check_fractures(fractures, procedures, days, first_cement, n_persons, day_zero_fractures)
    patients.apply(*patient_rules.follow_up_after_death(patients, days))
    patients.apply(*patient_rules.follow_up_before_fracture(patients, fractures, n_persons))

    procedures.clean["levels"] = canonical_levels(masks["procedures"])
    procedures.clean["level_mask"] = masks["procedures"]
    patients.clean["procedure_set_aside"] = _has_procedure_set_aside(patients, procedures, n_persons)
    keys = patient_keys(patients.clean["patient_id"][patients.kept], seed)
    return CleanCohort(
        **{name: _kept_rows(table, keys) for name, table in tables.items()},
        ledger=ledger_frame(tables.values()),
        quarantine=quarantine_frame(tables.values()),
        keys=keys,
        rows=_row_counts(tables.values()),
        has_imaging="imaging" in raw,
    )


def _table(name: str, frame: pd.DataFrame | None, dictionary: Dictionary) -> Table:
    columns = [column.name for column in dictionary.table(name)]
    if frame is None:
        frame = pd.DataFrame({column: pd.Series(dtype=object) for column in [*columns, "row"]})
    known = [column for column in columns if column in frame]
    text = frame[known].reset_index(drop=True)
    text = text.astype(object).where(text.notna(), "").astype(str).astype(object)
    return Table(name, text, frame["row"].to_numpy(dtype=np.int32), clean=pd.DataFrame(index=text.index))


def _read_values(tables: dict, dictionary: Dictionary, formats: dict) -> None:
    for table in tables.values():
        table.apply(row_rules.duplicate_row(table))
    tables["patients"].apply(row_rules.row_from_another_table(tables["patients"], formats.values()))
    for name, table in tables.items():
        open_rows = table.kept.copy()
        for column in dictionary.table(name):
            if column.name in table.text:
                read_column(table, column, formats.get((name, column.name)), open_rows)
            else:
                table.clean[column.name] = _absent(column, len(table.row))
    for column, usual in USUAL_SPINE.items():
        patients = tables["patients"]
        patients.clean[column] = patients.clean[column].fillna(usual).astype(np.int8)


def _absent(column: Column, n_rows: int):
    if column.type == "code":
        return pd.Categorical.from_codes(np.full(n_rows, -1, dtype=np.int8), categories=list(column.code_labels))
    dtype = {"date": "datetime64[ns]", "number": float, "integer": "Int8", "yes_no": "boolean"}
    return pd.array([None] * n_rows, dtype=dtype[column.type])


def _number_persons(tables: dict) -> int:
    """Number the identifiers of all tables from 0 up; how many there are."""
    ids = pd.concat([table.clean["patient_id"] for table in tables.values()], ignore_index=True)
    codes, distinct = pd.factorize(ids)
    start = 0
    for table in tables.values():
        table.person = codes[start : start + len(table.row)].astype(np.int32)
        start += len(table.row)
    return len(distinct)


def _by_person(patients: Table, column: str, n_persons: int) -> np.ndarray:
    values = np.full(n_persons, USUAL_SPINE[column], dtype=np.int8)
    values[patients.person[patients.kept]] = patients.clean[column].to_numpy()[patients.kept]
    return values


def _has_procedure_set_aside(patients: Table, procedures: Table, n_persons: int) -> np.ndarray:
    """Patients with a procedure that could not be read: their day 0 or their cement is not known."""
    is_lost = ~procedures.kept
    for finding in procedures.findings:
        if finding.rule == "duplicate_row":
            is_lost[finding.at] = False
    lost = np.zeros(n_persons + 1, dtype=bool)
    lost[procedures.person[is_lost]] = True
    return lost[patients.person] & (patients.person >= 0)


def _drop_unknown(patients: Table, others, n_persons: int) -> None:
    for table in others:
        table.apply(row_rules.unknown_patient(table, patients, n_persons))


def _check_fractures(
    fractures: Table, procedures: Table, days, first_cement, n_persons: int, day_zero_fractures: str
) -> None:
    rules = fracture_rules
    fractures.apply(rules.fracture_after_death(fractures, days))
    rules.fill_status(fractures, days, day_zero_fractures=day_zero_fractures)
    fractures.apply(rules.new_fracture_before_procedure(fractures, days))
    if day_zero_fractures == "prevalent":
        fractures.apply(rules.fracture_on_day_0(fractures, days))
    fractures.apply(rules.status_contradicts_record(fractures, procedures, first_cement, days))
    fractures.apply(rules.treated_level_entered_as_new(fractures, first_cement, days))
    fractures.apply(rules.prevalent_level_entered_as_new(fractures, n_persons))
    fractures.apply(rules.duplicate_fracture(fractures))


def _kept_rows(table: Table, keys: pd.DataFrame) -> pd.DataFrame:
    frame = table.clean[table.kept].assign(row=table.row[table.kept])
    order = pd.Index(keys["patient_id"]).get_indexer(frame["patient_id"])
    frame.insert(0, "patient", pd.Categorical.from_codes(order, dtype=keys["patient"].dtype))
    date = {"procedures": "procedure_date", "fractures": "diagnosis_date", "imaging": "imaging_date"}.get(table.name)
    day = day_numbers(frame[date]) if date else np.zeros(len(frame), dtype=np.int32)
    return frame.iloc[np.lexsort((frame["row"], day, order))].reset_index(drop=True)


def _row_counts(tables) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "table": [table.name for table in tables],
            "read": [len(table.row) for table in tables],
            "kept": [int(table.kept.sum()) for table in tables],
            "quarantined": [
                len(set().union(*(table.row[f.at].tolist() for f in table.findings if f.is_quarantine)))
                for table in tables
            ],
        }
    )
    wrong = rows[rows["read"] != rows["kept"] + rows["quarantined"]]
    if len(wrong):
        raise WorkbookError(
            f"Rows went missing in {', '.join(wrong['table'])}: read must equal kept plus set aside. "
            "This is a fault of the workbook; please report it."
        )
    return rows


def _option(name: str, value, allowed) -> list[str]:
    if value in allowed:
        return []
    return [f'`{name}` must be {" or ".join(allowed)}, but got "{value}".']
