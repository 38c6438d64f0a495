"""Rules for whole rows: entered twice, in the wrong table, or of an unknown patient."""

import numpy as np
import pandas as pd

from helpers.cohort.cells import as_texts, emptied, recoded, stripped, texts_of, told
from helpers.cohort.date_formats import EXCEL, is_partial
from helpers.cohort.dates import are_dates
from helpers.cohort.ledger import Finding, Table
from helpers.cohort.spine import parse_many


def duplicate_row(table: Table) -> Finding:
    """The identical row again; the first one stays."""
    others = sorted((_stripped(table.text[name]) for name in table.text if name != "patient_id"), key=_n_texts)
    at = np.flatnonzero(table.kept)
    same = table.person[at].astype(np.int64)
    for cells in reversed(others):  # the most texts first: few rows are left to look at after that
        same = same * _n_texts(cells) + cells.codes[at]
        repeated = is_repeated(same)
        at, same = at[repeated], pd.factorize(same[repeated])[0]
    at = at[pd.Series(same).duplicated(keep="first").to_numpy(dtype=bool)]
    why = "The same row is there already, further up in the file. Nothing to do unless they should differ."
    return Finding("duplicate_row", at, why, is_quarantine=True)


def is_repeated(numbers: np.ndarray) -> np.ndarray:
    """Which of the numbers are there more than once."""
    ordered = np.sort(numbers)
    again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    return pd.Series(numbers).isin(again).to_numpy(dtype=bool)


def row_from_another_table(table: Table, written) -> Finding:
    """A patient whose sex or age cell holds a level or a date: a row of another table.

    `written` is how the dates of each column are.
    """
    # An age may look like a day number of a spreadsheet, or like a year.
    whole = [one for own in written for one in own.formats if one != EXCEL and not is_partial(one)]
    at, why = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=object)]
    for column in ("sex", "age_years"):
        if column not in table.text:
            continue
        cells = _stripped(table.text[column])
        texts = pd.Series(cells.categories, dtype=object)
        is_foreign = parse_many(texts, two_level_range="levels")[0] != 0
        for date_format in dict.fromkeys(whole):
            is_foreign |= are_dates(texts, date_format)
        rows = np.setdiff1d(np.flatnonzero(is_foreign[cells.codes] & table.kept), at[-1])
        at.append(rows)
        why.append(
            told(cells[rows], f'{column} holds "{{}}": the row seems to belong to another table. Move it.'.format)
        )
    return Finding("row_from_another_table", np.concatenate(at), np.concatenate(why), True)


def unknown_event(table: Table, column: str) -> Finding:
    """A row of a file of events whose event nobody has named, or which lacks it."""
    at = np.arange(len(table.row))
    why = told(table.text[column][at], _no_event)
    return Finding("unknown_event", at, why, True, column, table.cell(column, at))


def differing_cells(patients: Table) -> list[Finding]:
    """Cells of which the patient has another in a further row: empty, since neither is known to be right."""
    findings = []
    for column, others in patients.origin.elsewhere.items():
        other = as_texts(others)
        at = np.flatnonzero(other != "")
        before = patients.cell(column, at)
        patients.text[column] = emptied(patients.text[column], at)
        why = '"' + before + f'" in {column}, but ' + texts_of(other, at) + ". The cell counts as empty; correct one."
        findings.append(Finding("differing_cells", at, why, False, column, before))
    return findings


def duplicate_patient(patients: Table) -> Finding:
    """A patient's further rows with other values; the one with the latest follow-up stays."""
    at = np.flatnonzero(patients.kept)
    at = at[(np.bincount(patients.person[at]) > 1)[patients.person[at]]]
    latest = np.maximum(patients.clean["last_contact_date"][at], patients.clean["last_imaging_date"][at])
    order = np.lexsort((at, -latest.astype(np.int64), patients.person[at]))
    person = patients.person[at][order]
    is_first = np.r_[True, person[1:] != person[:-1]][: len(at)]
    kept_row = patients.row[at][order][np.maximum.accumulate(np.where(is_first, np.arange(len(at)), 0))]
    again, kept_row = at[order][~is_first], kept_row[~is_first]
    by_file = np.argsort(again)
    why = told(
        kept_row[by_file],
        "The patient is there again, with other values; row {} was kept because its follow-up is the latest "
        "(or it comes first). Check which row is right.".format,
    )
    return Finding("duplicate_patient", again[by_file], why, True)


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


def _no_event(text: str) -> str:
    if not text.strip():
        return "The row has no event, or no patient. Fill it in, or delete the row."
    return f'"{text}" is none of the events that `event_names` names. Name it there, or correct it.'


def _n_texts(cells: pd.Categorical) -> int:
    return len(cells.categories)


def _stripped(cells: pd.Categorical) -> pd.Categorical:
    """The cells without the blanks around their texts."""
    texts = stripped(cells.categories)
    return cells if (texts == np.asarray(cells.categories, dtype=object)).all() else recoded(cells, texts)
