"""Rules for the order of a patient's dates: procedure, fractures, follow-up, death."""

from dataclasses import dataclass

import numpy as np

from helpers.cohort.cells import told
from helpers.cohort.dates import ABSENT, NEVER, written
from helpers.cohort.ledger import Finding, Table

FOLLOW_UP = ("last_imaging_date", "last_contact_date")


@dataclass(frozen=True)
class Days:
    """First procedure and death of every person, in days since 1970; `NEVER` where there is none."""

    index: np.ndarray
    death: np.ndarray


def patient_days(patients: Table, procedures: Table, n_persons: int) -> Days:
    """The days that bound each patient's follow-up, from the rows still kept; death on the last day it can be."""
    index, death = np.full(n_persons, NEVER), np.full(n_persons, NEVER)
    kept = procedures.kept
    np.minimum.at(index, procedures.person[kept], procedures.clean["procedure_date"][kept])
    kept = patients.kept
    death_day = patients.last("death_date")[kept]
    death[patients.person[kept]] = np.where(death_day == ABSENT, NEVER, death_day)
    return Days(index, death)


def death_before_procedure(patients: Table, days: Days) -> Finding:
    """The date of death lies before the first procedure."""
    at = np.flatnonzero(patients.kept)
    person = patients.person[at]
    at = at[(days.death[person] < days.index[person]) & (days.index[person] < NEVER)]
    why = told(
        days.index[patients.person[at]],
        lambda day: f"Death is dated before the first vertebroplasty on {written(day)}. Correct one of the dates.",
    )
    return Finding("death_before_procedure", at, why, True, "death_date", patients.cell("death_date", at))


def follow_up_before_procedure(patients: Table, days: Days) -> Finding:
    """Last contact, and last imaging where given, lie before the first procedure."""
    at = np.flatnonzero(patients.kept)
    imaging, contact = (patients.last(column)[at] for column in FOLLOW_UP)
    index = days.index[patients.person[at]]
    at = at[(contact > ABSENT) & (np.maximum(imaging, contact) < index) & (index < NEVER)]
    why = told(
        days.index[patients.person[at]],
        lambda day: f"Follow-up ends before the first vertebroplasty on {written(day)}. Correct one of the dates.",
    )
    before = patients.cell("last_contact_date", at)
    return Finding("follow_up_before_procedure", at, why, True, "last_contact_date", before)


def follow_up_after_death(patients: Table, days: Days) -> list[Finding]:
    """Follow-up dated after death ends at death."""
    findings = []
    for column in FOLLOW_UP:
        at = np.flatnonzero(patients.kept)
        death = days.death[patients.person[at]]
        is_after = patients.clean[column][at] > death
        findings.append(
            _moved("follow_up_after_death", patients, column, at[is_after], death[is_after], "the date of death")
        )
    return findings


def follow_up_before_fracture(patients: Table, fractures: Table, n_persons: int) -> list[Finding]:
    """Follow-up that ends before a fracture kept is moved to that fracture.

    This looks at the date follow-up is taken from: last imaging, or last contact where no imaging is given.
    """
    latest = np.full(n_persons, ABSENT)
    kept = fractures.kept
    np.maximum.at(latest, fractures.person[kept], fractures.clean["diagnosis_date"][kept])
    at = np.flatnonzero(patients.kept)
    imaging, contact = (patients.last(column)[at] for column in FOLLOW_UP)
    fracture = latest[patients.person[at]]
    is_early = {
        "last_imaging_date": (imaging > ABSENT) & (imaging < fracture),
        "last_contact_date": (imaging == ABSENT) & (contact > ABSENT) & (contact < fracture),
    }
    return [
        _moved(
            "follow_up_before_fracture",
            patients,
            column,
            at[where],
            fracture[where],
            "the date of the fracture",
        )
        for column, where in is_early.items()
    ]


def _moved(rule: str, patients: Table, column: str, at, day, target: str) -> Finding:
    relation = "after" if rule == "follow_up_after_death" else "before"
    before = told(
        patients.clean[column][at],
        lambda day: f"{column} {written(day)} is {relation} {target}, ",
    )
    why = before + told(day, lambda day: f"{written(day)}; it is set to that day. Check both dates.")
    return Finding(rule, at, why, False, column, patients.cell(column, at), told(day, written), day)
