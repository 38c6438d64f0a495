"""Rules for whole rows: entered twice, in the wrong table, or of an unknown patient."""

import numpy as np
import pandas as pd

from helpers.cohort.dates import ABSENT, day_numbers, parse_dates
from helpers.cohort.ledger import Finding, Table
from helpers.cohort.spine import parse_many


def duplicate_row(table: Table) -> Finding:
    """The identical row again; the first one stays."""
    stripped = pd.DataFrame({name: _stripped_codes(table.text[name]) for name in table.text})
    is_again = stripped[table.kept].duplicated(keep="first").to_numpy(dtype=bool)
    at = np.flatnonzero(table.kept)[is_again]
    why = "The same row is there already, further up in the file. Nothing to do unless they should differ."
    return Finding("duplicate_row", at, why, is_quarantine=True)


def row_from_another_table(table: Table, date_formats) -> Finding:
    """A patient whose sex or age cell holds a level or a date: a row of another table."""
    at, why = [np.zeros(0, dtype=np.int64)], [pd.Series(dtype=object)]
    for column in ("sex", "age_years"):
        if column not in table.text:
            continue
        codes, distinct = pd.factorize(table.text[column])
        texts = pd.Series(distinct, dtype=object).str.strip()
        is_foreign = parse_many(texts, two_level_range="levels")[0] != 0
        for date_format in dict.fromkeys(date_formats):
            is_foreign |= parse_dates(texts, date_format)[0].notna().to_numpy()
        rows = np.flatnonzero(is_foreign[codes] & table.kept) if len(texts) else at[0]
        rows = np.setdiff1d(rows, at[-1])
        told = (
            f"{column} holds " + '"' + texts.iloc[codes[rows]] + '": the row seems to belong to another table. Move it.'
        )
        at.append(rows)
        why.append(told)
    return Finding("row_from_another_table", np.concatenate(at), pd.concat(why).to_numpy(dtype=object), True)


def duplicate_patient(patients: Table) -> Finding:
    """A patient's further rows with other values; the one with the latest follow-up stays."""
    at = np.flatnonzero(patients.kept)
    latest = np.full(len(at), ABSENT)
    for column in ("last_contact_date", "last_imaging_date"):
        if column in patients.clean:
            latest = np.maximum(latest, day_numbers(patients.clean[column])[at])
    order = np.lexsort((at, -latest.astype(np.int64), patients.person[at]))
    person = patients.person[at][order]
    is_first = np.r_[True, person[1:] != person[:-1]][: len(at)]
    kept_row = patients.row[at][order][np.maximum.accumulate(np.where(is_first, np.arange(len(at)), 0))]
    again, kept_row = at[order][~is_first], kept_row[~is_first]
    by_file = np.argsort(again)
    why = "The patient is there again, with other values; row " + pd.Series(kept_row[by_file]).astype(str)
    why = why + " was kept because its follow-up is the latest (or it comes first). Check which row is right."
    return Finding("duplicate_patient", again[by_file], why.to_numpy(dtype=object), True)


def unknown_patient(table: Table, patients: Table, n_persons: int) -> Finding:
    """Rows of a patient who is not among the patients, or whose row there was set aside."""
    is_known, is_listed = np.zeros(n_persons, dtype=bool), np.zeros(n_persons, dtype=bool)
    is_listed[patients.person[patients.person >= 0]] = True
    is_known[patients.person[patients.kept]] = True
    at = np.flatnonzero(table.kept)
    at = at[~is_known[table.person[at]]]
    why = np.where(
        is_listed[table.person[at]],
        "The patient's row in patients was set aside, so this row is too. See the reason there.",
        "The patient identifier is not in patients. Add the patient or correct the identifier.",
    )
    return Finding("unknown_patient", at, why.astype(object), True, "patient_id", table.cell("patient_id", at))


def _stripped_codes(texts: pd.Series) -> np.ndarray:
    """A number for each text, the same for texts that differ only in blanks around them."""
    codes, distinct = pd.factorize(texts)
    same, _ = pd.factorize(pd.Series(distinct, dtype=object).str.strip())
    return same[codes]
