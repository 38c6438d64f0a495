"""Rules for dates without a day: which days each can be, given the patient's other records, and which one is used.

A fracture is used on the middle one of its days, everything else on the first one it can be. Contradictions are looked
for among all days a date can be, so a date that may be right is never held against a row.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.cohort.cells import told
from helpers.cohort.dates import ABSENT, NEVER, written
from helpers.cohort.ledger import Finding, Table
from helpers.cohort.patient_rules import FOLLOW_UP, Days

DIAGNOSIS, PROCEDURE, DEATH = "diagnosis_date", "procedure_date", "death_date"


def procedure_without_day(procedures: Table) -> Finding:
    """The day of a procedure is not given: neither day 0 nor the day of new cement is known then."""
    at = _open_dates(procedures, PROCEDURE)
    texts = procedures.cell(PROCEDURE, at)
    why = told(
        texts, lambda text: f'"{text}" in procedure_date has no day, but days count from the procedure. Fill it in.'
    )
    return Finding("procedure_without_day", at, why, True, PROCEDURE, texts)


def narrow_by_record(fractures: Table, patients: Table, days: Days) -> None:
    """No fracture is found after death, nor after the last image (or last contact where no image is given)."""
    if DIAGNOSIS not in fractures.spans:
        return
    imaging, contact = (patients.last(column) for column in FOLLOW_UP)
    end = np.where(imaging == ABSENT, contact, imaging)[patients.kept]
    last_seen = np.full(len(days.index), NEVER)
    last_seen[patients.person[patients.kept]] = np.where(end == ABSENT, NEVER, end)
    at = _open_dates(fractures, DIAGNOSIS)
    person = fractures.person[at]
    first, last = (own[at] for own in fractures.spans[DIAGNOSIS])
    for limit in (days.death[person], last_seen[person]):
        last = np.where(limit >= first, np.minimum(last, limit), last)
    fractures.spans[DIAGNOSIS].last[at] = last


def fracture_around_day_0(fractures: Table, days: Days, *, day_zero_fractures: str) -> Finding:
    """Before or after the first procedure, and the status does not say which; a progression may be either."""
    at = _open_dates(fractures, DIAGNOSIS)
    first, last = fractures.first(DIAGNOSIS)[at], fractures.last(DIAGNOSIS)[at]
    start = _first_new_day(days.index[fractures.person[at]], day_zero_fractures)
    status = fractures.clean["status"][at]
    is_open = (first < start) & (last >= start) & (status.isna() | (status == "progression"))
    at = at[is_open]
    texts = fractures.cell(DIAGNOSIS, at)
    why = told(
        days.index[fractures.person[at]],
        lambda day: (
            f"The date has no day: the fracture may have been found before or after the first vertebroplasty on "
            f"{written(day)}. Fill in the day, or call it new or prevalent in status."
        ),
    )
    return Finding("fracture_around_day_0", at, why, True, DIAGNOSIS, texts)


def settle_fractures(fractures: Table, days: Days, first_cement: np.ndarray, *, day_zero_fractures: str) -> None:
    """Keep the days on which the fracture can be what its status calls it, and use the middle one.

    A new fracture is found after day 0, and no later than its vertebra is cemented; an old one by day 0.
    """
    if DIAGNOSIS not in fractures.spans:
        return
    at = _open_dates(fractures, DIAGNOSIS)
    first, last = (own[at] for own in fractures.spans[DIAGNOSIS])
    person, slot = fractures.person[at], fractures.clean["level"].codes[at].astype(np.int64)
    index, status = days.index[person], fractures.clean["status"][at]
    is_new, is_old = status == "new", status == "prevalent"
    start = np.minimum(_first_new_day(index, day_zero_fractures), last)
    first = np.where(is_new & (index < NEVER), np.maximum(first, start), first)
    first = np.where((status == "refracture") & (index < NEVER), np.maximum(first, np.minimum(index, last)), first)
    last = np.where(is_old, np.minimum(last, np.maximum(index, first)), last)
    cemented = first_cement[person, slot]
    last = np.where(is_new & (cemented > index) & (cemented >= first), np.minimum(last, cemented), last)
    for own, narrowed in zip(fractures.spans[DIAGNOSIS], (first, last), strict=True):
        own[at] = narrowed
    fractures.clean[DIAGNOSIS][at] = first + (last - first) // 2


def settle_deaths(patients: Table, others: Sequence[Table], days: Days) -> Days:
    """Use the first day of death that no record of the patient in life rules out: follow-up is never too long."""
    at = _open_dates(patients, DEATH)
    if not len(at):
        return days
    alive = np.full(len(days.death), ABSENT)
    for column in FOLLOW_UP:
        _raise(alive, patients.person[patients.kept], patients.clean[column][patients.kept], days)
    for table, column in zip(others, (PROCEDURE, DIAGNOSIS, "imaging_date"), strict=True):
        _raise(alive, table.person[table.kept], table.clean[column][table.kept], days)
    person = patients.person[at]
    day = np.maximum(patients.spans[DEATH].first[at], alive[person])
    patients.clean[DEATH][at] = day
    death = days.death.copy()
    death[person] = day
    return replace(days, death=death)


def partial_dates(table: Table) -> list[Finding]:
    """Every date without a day in the rows kept, with the days it can be and the one used."""
    findings = []
    for column, span in table.spans.items():
        at = _open_dates(table, column)
        if not len(at):
            continue
        used, texts = table.clean[column][at], table.cell(column, at)
        days = pd.DataFrame({"first": span.first[at], "last": span.last[at], "used": used})
        why = _told_days(days, texts, column)
        findings.append(Finding("partial_date", at, why, False, column, texts, told(used, written)))
    return findings


def _told_days(days: pd.DataFrame, texts: np.ndarray, column: str) -> np.ndarray:
    """Why each date is taken for one day; a sentence is made once for all that are alike."""
    days = days.assign(text=texts)
    group = days.groupby(list(days), sort=False).ngroup().to_numpy()
    alike = days.iloc[np.unique(group, return_index=True)[1]]
    sentences = [
        f'"{text}" in {column} has no day: it can be {written(first)} to {written(last)}; where one day is needed '
        f"{written(used)} is taken. Fill in the day if it is known."
        for first, last, used, text in alike.itertuples(index=False)
    ]
    return np.array(sentences, dtype=object)[group]


def _open_dates(table: Table, column: str) -> np.ndarray:
    """Rows kept whose date can be more than one day."""
    if column not in table.spans:
        return np.zeros(0, dtype=np.int64)
    first, last = table.spans[column]
    return np.flatnonzero(table.kept & (first < last))


def _first_new_day(index: np.ndarray, day_zero_fractures: str) -> np.ndarray:
    """The first day on which a fracture counts as new."""
    return np.where(index < NEVER, index + (day_zero_fractures == "prevalent") * (index < NEVER), NEVER)


def _raise(alive: np.ndarray, person: np.ndarray, day: np.ndarray, days: Days) -> None:
    """Move the last day each patient is known to have lived; what is dated after death tells nothing."""
    in_life = day <= days.death[person]
    np.maximum.at(alive, person[in_life], day[in_life])
