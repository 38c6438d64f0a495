"""Small cohorts for tests: written as text tables, or drawn at random."""

import datetime

import numpy as np
import pandas as pd

from helpers.cohort.clean import clean_cohort
from helpers.cohort.dictionary import read_dictionary
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.spine import SLOTS

DICTIONARY = read_dictionary()
DAY_0 = datetime.date(2004, 1, 1)


def on(day: int) -> str:
    """The date so many days after the first of January 2004."""
    return (DAY_0 + datetime.timedelta(days=day)).isoformat()


def table(header: str, *lines: str) -> pd.DataFrame:
    """A raw table from lines of cells separated by "|"; a number after "@" is a day after 2004-01-01."""
    cells = [[_cell(cell.strip()) for cell in line.split("|")] for line in lines]
    frame = pd.DataFrame(cells, columns=header.split(), dtype=object)
    frame["row"] = np.arange(2, len(frame) + 2)
    return frame


def _cell(text: str) -> str:
    return on(int(text[1:])) if text.startswith("@") else text


def study(patients=(), procedures=(), fractures=(), imaging=None) -> dict:
    """Raw tables in the columns the named patients use."""
    raw = {
        "patients": table(
            "patient_id last_imaging_date last_contact_date death_date thoracic_vertebrae lumbar_vertebrae",
            *patients,
        ),
        "procedures": table("patient_id procedure_date levels", *procedures),
        "fractures": table("patient_id level diagnosis_date status", *fractures),
    }
    if imaging is not None:
        raw["imaging"] = table("patient_id imaging_date", *imaging)
    return raw


def cleaned(raw: dict, **options):
    return clean_cohort(raw, DICTIONARY, **options)


def at_risk(raw: dict, *, cleaning=None, **options) -> pd.DataFrame:
    """The risk table by (patient_id, level), as plain values."""
    cohort = cleaned(raw, **(cleaning or {}))
    risk_table, _ = build_risk_table(cohort, **options)
    names = dict(zip(cohort.keys["patient"], cohort.keys["patient_id"], strict=True))
    plain = risk_table.assign(patient=risk_table["patient"].astype(str).map(names))
    for column in ("level", "region", "direction", "outcome"):
        plain[column] = plain[column].astype(str)
    return plain.set_index(["patient", "level"])


def random_study(rng: np.random.Generator, n_patients: int = 30, *, has_imaging: bool = True) -> dict:
    """A raw cohort with every kind of course: transitional spines, later procedures, deaths, no follow-up."""
    patients, procedures, fractures, imaging = [], [], [], []
    for number in range(n_patients):
        name, thoracic, lumbar = f"id-{number}", rng.choice([11, 12, 12, 13]), rng.choice([5, 5, 6])
        own = [slot for slot in SLOTS if _has(slot, thoracic, lumbar)]
        start = int(rng.integers(0, 30))
        seen, contact = (start + int(rng.integers(-3, 60)) for _ in range(2))
        death = start + int(rng.integers(0, 50)) if rng.random() < 0.3 else None
        cells = [
            on(seen) if rng.random() < 0.8 else "",
            on(contact) if rng.random() < 0.5 else "",
            "" if death is None else on(death),
            str(thoracic),
            str(lumbar),
        ]
        patients.append("|".join([name, *cells]))
        if rng.random() < 0.9:
            for day in {start, *(start + rng.integers(0, 30, size=rng.integers(0, 3))).tolist()}:
                chosen = rng.choice(own, size=rng.integers(1, 4), replace=False)
                procedures.append(f"{name}|{on(day)}|{'; '.join(chosen)}")
        for level in rng.choice(own, size=rng.integers(0, 9), replace=True):
            day = start + int(rng.integers(-10, 60))
            status = rng.choice(["new", "prevalent", "refracture", "progression", ""])
            fractures.append(f"{name}|{level}|{on(day)}|{status}")
        for day in rng.integers(-5, 60, size=rng.integers(0, 5)):
            imaging.append(f"{name}|{on(start + int(day))}")
    return study(patients, procedures, fractures, imaging if has_imaging else None)


def _has(slot: str, thoracic: int, lumbar: int) -> bool:
    return int(slot[1:]) <= (thoracic if slot[0] == "T" else lumbar)
