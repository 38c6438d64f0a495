"""Raw tables to clean ones: every rule in its order, every row accounted for."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.cohort.dates import ABSENT, to_dates
from helpers.cohort.dictionary import Dictionary
from helpers.cohort.keys import keys_of, patient_keys
from helpers.cohort.ledger import Table, describe, ledger_frame, quarantine_frame
from helpers.cohort.part import CleanPart, clean_part
from helpers.cohort.unreadable import check_columns
from helpers.errors import WorkbookError

__all__ = ["CleanCohort", "clean_cohort", "describe", "with_keys"]


@dataclass(frozen=True)
class CleanCohort:
    """A cohort after cleaning. Holds identifiers and dates: see `privacy` for what may be shown.

    Attributes
    ----------
    patients, procedures, fractures, imaging : DataFrame
        The rows kept, sorted by `patient` (the key, a category) and date, with typed columns,
        `patient_id` and `row` (row number in the file). `procedures.levels` is text like "T12, L1" and
        `procedures.level_mask` the same packed; `imaging` is empty where there is none. Where a date may have no day,
        columns with `_first` and `_last` after its name have the days it can be, and its own column the one used.
    ledger, quarantine : DataFrame
        One line per change or reason; one line per row set aside.
    keys : DataFrame
        patient_id, patient.
    rows : DataFrame
        table, read, kept, quarantined. A file of events has a line `events` for its rows that are of no table.
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
    pivot_year: int | None = None,
    codes: dict | None = None,
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
        Several formats for one column are joined by "|"; those of dates without a day are told in `partial_dates`.
    pivot_year : int, optional
        First of the hundred years that years of two digits (%y) stand for.
    codes : dict of dict
        "table.column" -> {text of the file: our code, or "" for missing}, on top of the dictionary's codes.
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
    choices = {"two_level_range": two_level_range, "day_zero_fractures": day_zero_fractures}
    part = clean_part(raw, dictionary, date_formats=date_formats, pivot_year=pivot_year, codes=codes, **choices)
    check_columns([part.unreadable])
    return with_keys(part, patient_keys(part.patient_ids, seed), dictionary)


def with_keys(part: CleanPart, keys: pd.DataFrame, dictionary: Dictionary) -> CleanCohort:
    """A part after cleaning as a cohort of its own.

    Parameters
    ----------
    keys : DataFrame
        The keys of all patients of all parts, as `keys.patient_keys` gives them.
    """
    tables = part.tables
    all_tables = [*tables.values(), *part.unassigned]
    keys = keys_of(keys, part.patient_ids)
    ids = pd.CategoricalDtype(pd.Index(keys["patient_id"], dtype=object))
    patients = tables["patients"]
    key = np.full(1 + max(table.person.max(initial=-1) for table in tables.values()), -1, dtype=np.int32)
    key[patients.person[patients.kept]] = ids.categories.get_indexer(part.patient_ids)
    return CleanCohort(
        **{name: _kept_rows(table, key, keys["patient"].dtype, ids, dictionary) for name, table in tables.items()},
        ledger=ledger_frame(all_tables),
        quarantine=quarantine_frame(all_tables),
        keys=keys,
        rows=_row_counts(all_tables),
        has_imaging=part.has_imaging,
    )


def _kept_rows(table: Table, key: np.ndarray, names, ids, dictionary: Dictionary) -> pd.DataFrame:
    at = np.flatnonzero(table.kept)
    at = at[np.argsort(table.row[at], kind="stable")]
    date = {"procedures": "procedure_date", "fractures": "diagnosis_date", "imaging": "imaging_date"}.get(table.name)
    day = _sorting_days(table.clean[date][at]) if date else np.zeros(len(at), dtype=np.int32)
    at = at[_order(key[table.person[at]], day)]
    patient = key[table.person[at]]
    dates = {column.name for column in dictionary.table(table.name) if column.type == "date"}
    columns = {name: to_dates(values[at]) if name in dates else values[at] for name, values in table.clean.items()}
    for name, span in table.spans.items():
        columns |= {f"{name}_first": to_dates(span.first[at]), f"{name}_last": to_dates(span.last[at])}
    own = {"patient": pd.Categorical.from_codes(patient, dtype=names)}
    own["patient_id"] = pd.Categorical.from_codes(patient, dtype=ids)
    return pd.DataFrame({**own, **columns, "row": table.row[at]}, copy=False)


def _sorting_days(day: np.ndarray) -> np.ndarray:
    """The days, and one before all others for what has no date."""
    is_absent = day == ABSENT
    return np.where(is_absent, day[~is_absent].min(initial=0) - 1, day) if is_absent.any() else day


def _order(patient: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Places by patient and day, the first one first among equals."""
    n, start = len(day), int(day.min(initial=0))
    n_days = int(day.max(initial=0)) - start + 1
    number = patient.astype(np.int64) * n_days + (day - start)
    if (int(patient.max(initial=0)) + 1) * n_days * n > np.iinfo(np.int64).max:
        return np.argsort(number, kind="stable")
    # To sort numbers that end with their own place is several times as fast.
    number = number * n + np.arange(n)
    number.sort()
    return number % max(n, 1)


def _row_counts(tables) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "table": [table.name for table in tables],
            "read": [len(table.row) for table in tables],
            "kept": [int(table.kept.sum()) for table in tables],
            "quarantined": [_n_set_aside(table) for table in tables],
        }
    )
    wrong = rows[rows["read"] != rows["kept"] + rows["quarantined"]]
    if len(wrong):
        raise WorkbookError(
            f"Rows went missing in {', '.join(wrong['table'])}: read must equal kept plus set aside. "
            "This is a fault of the workbook; please report it."
        )
    return rows


def _n_set_aside(table: Table) -> int:
    is_aside = np.zeros(len(table.row), dtype=bool)
    for finding in table.findings:
        if finding.is_quarantine:
            is_aside[finding.at] = True
    return int(is_aside.sum())
