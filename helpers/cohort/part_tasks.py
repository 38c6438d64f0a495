"""What a worker does with one part of a cohort: files in, files and small results out.

A task may run twice, on two workers at once even: it only reads, and puts whole files in place.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.cohort.cells import holds_dates, stripped
from helpers.cohort.clean import CleanCohort, with_keys
from helpers.cohort.dictionary import Dictionary
from helpers.cohort.keys import ID, numbered_keys
from helpers.cohort.part import CleanPart, clean_part
from helpers.cohort.parts import part_name, read_part, replacing, write_part
from helpers.cohort.privacy import shareable, value_like
from helpers.cohort.readers import read_cohort
from helpers.cohort.risk_periods import build_risk_periods
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.summary import codebook, level_counts, patient_summary
from helpers.cohort.tables import check
from helpers.cohort.unreadable import Unreadable

CLEAN, KEYS, COHORT = "clean", "keys", "cohort"
PRIVATE = {name: f"private_{name}" for name in ("keys", "ledger", "quarantine")}


@dataclass(frozen=True)
class Cleaned:
    """What must be known of every part before any patient can have a key.

    Attributes
    ----------
    patients, others : StringArray
        The identifiers of the patients kept, and all others of the part.
    value_like : list of str
        Identifiers that could be taken for values: see `privacy.value_like`.
    unreadable : list of Unreadable
        For `unreadable.check_columns`.
    columns : dict of dict
        For `parts.differing_columns`, by table.
    rows : dict of array
        The row numbers of each table.
    has_imaging : bool
        Whether there is an imaging table.
    """

    patients: pa.StringArray
    others: pa.StringArray
    value_like: list[str]
    unreadable: list[Unreadable]
    columns: dict[str, dict[str, bool | None]]
    rows: dict[str, np.ndarray]
    has_imaging: bool


@dataclass(frozen=True)
class Written:
    """A part of a table that was written: its rows, and its lines for the codebook."""

    n_rows: int
    codebook: pd.DataFrame


def clean(number: int, raw: dict, dictionary: Dictionary, choices: dict, folder: Path) -> Cleaned:
    """Read and clean one part; `raw` are the arguments of `read_cohort`."""
    tables = read_cohort(dictionary=dictionary, part=number, **raw)
    part = clean_part(tables, dictionary, **choices)
    save(part, folder / CLEAN, number)
    persons, all_texts = _identifiers(part)
    return Cleaned(
        patients=pa.array(part.patient_ids, pa.string()),
        others=pa.array(persons[~persons.isin(part.patient_ids)], pa.string()),
        value_like=value_like(all_texts, dictionary),
        unreadable=part.unreadable,
        columns={name: _kinds(frame) for name, frame in tables.items()},
        rows={name: frame["row"].to_numpy() for name, frame in tables.items()},
        has_imaging=part.has_imaging,
    )


def give_keys(number: int, dictionary: Dictionary, folder: Path) -> tuple[pd.DataFrame, dict[str, int]]:
    """Finish the cleaning of one part, whose patients have keys now; returns its `rows`, and those of `PRIVATE`."""
    part, numbers = load(folder / CLEAN, number), load(folder / KEYS, number)
    cohort = with_keys(part, numbered_keys(part.patient_ids, numbers), dictionary)
    save(cohort, folder / COHORT, number)
    for name, private in PRIVATE.items():
        write_part(getattr(cohort, name), folder / private, number)
    return cohort.rows, {name: len(getattr(cohort, name)) for name in PRIVATE}


def share(number: int, dictionary: Dictionary, identifiers: Sequence[str], folder: Path) -> dict[str, Written]:
    """Write the shareable tables of one part."""
    tables = shareable(_cohort(folder, number), dictionary, identifiers=identifiers)
    return {name: _write(name, frame, dictionary, folder, number) for name, frame in tables.items()}


def risk_table(number: int, dictionary: Dictionary, choices: dict, folder: Path) -> tuple[Written, pd.DataFrame]:
    """Write the risk table of one part; returns the flow too."""
    table, flow = build_risk_table(_cohort(folder, number), **choices)
    return _write("risk_table", table, dictionary, folder, number), flow


def risk_periods(number: int, dictionary: Dictionary, choices: dict, folder: Path) -> Written:
    """Write the table of periods of one part."""
    table = build_risk_periods(_cohort(folder, number), **choices)
    return _write("risk_periods", table, dictionary, folder, number)


def summary(number: int, at_risk: Path, dictionary: Dictionary, folder: Path) -> Written:
    """Write the patient summary of one part."""
    table = patient_summary(_cohort(folder, number), read_part(at_risk, number))
    return _write("patient_summary", table, dictionary, folder, number)


def levels(number: int, at_risk: Path, folder: Path) -> pd.DataFrame:
    """Count what happened at each level."""
    return level_counts(_cohort(folder, number), read_part(at_risk, number))


def of_table(number: int, function, folder: Path):
    """What a function says of one part of a table."""
    return function(read_part(folder, number))


def save(thing, folder: Path, number: int) -> None:
    """Keep something for a later task."""
    with replacing(folder / part_name(number, "pickle")) as path, path.open("wb") as file:
        pickle.dump(thing, file, protocol=pickle.HIGHEST_PROTOCOL)


def load(folder: Path, number: int):
    """What an earlier task kept."""
    with (folder / part_name(number, "pickle")).open("rb") as file:
        return pickle.load(file)


def _cohort(folder: Path, number: int) -> CleanCohort:
    return load(folder / COHORT, number)


def _write(name: str, frame: pd.DataFrame, dictionary: Dictionary, folder: Path, number: int) -> Written:
    check(name, frame)
    write_part(frame, folder / name, number)
    return Written(len(frame), codebook(dictionary, {name: frame}))


def _identifiers(part: CleanPart) -> tuple[pd.Series, pd.Series]:
    """All identifiers of a part without the blanks around them: those of persons, and every text there is."""
    tables = part.tables.values()
    texts = next(iter(tables)).text[ID].categories
    is_used, is_person = (np.zeros(len(texts), dtype=bool) for _ in range(2))
    for table in tables:
        codes = table.text[ID].codes
        is_used[codes] = True
        is_person[codes[table.person >= 0]] = True
    texts = pd.Series(stripped(texts), dtype=object)
    return texts[is_person].drop_duplicates(), texts[is_used].drop_duplicates()


def _kinds(frame: pd.DataFrame) -> dict[str, bool | None]:
    """Whether each column is one of dates; None where it is empty."""
    return {name: holds_dates(frame[name]) if frame[name].notna().any() else None for name in frame.columns.drop("row")}
