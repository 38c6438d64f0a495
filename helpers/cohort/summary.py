"""Tables about the cohort for the report: one row per patient at risk, and the codebook."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.cohort.at_risk import OUTCOMES
from helpers.cohort.clean import CleanCohort
from helpers.cohort.dates import NEVER
from helpers.cohort.dictionary import RAW_TABLES, Column, Dictionary
from helpers.cohort.privacy import MARKS, days_name
from helpers.cohort.runs import first_rows
from helpers.cohort.spine import N_SLOTS, SLOTS, unpack
from helpers.cohort.spine_arrays import count_levels, spine_arrays

# Rows at a time.
BLOCK = 2**16
CODEBOOK_COLUMNS = ("table", "column", "label", "meaning", "type", "unit", "allowed", "n", "n_missing")


def patient_summary(cohort: CleanCohort, risk_table: pd.DataFrame) -> pd.DataFrame:
    """One row per patient with a vertebra at risk, for a table of baseline characteristics.

    Returns
    -------
    DataFrame
        patient, age_years, sex, bone_density_t_score, steroid_use, n_levels_treated, n_prevalent, n_at_risk,
        follow_up_days (of the vertebra followed longest), n_new_fractures, has_new_fracture,
        later_vertebroplasty, died. Their labels are in the data dictionary under patient_summary.
    """
    spines = spine_arrays(cohort)
    # The risk table comes patient by patient.
    patient, days = risk_table["patient"].array, risk_table["days"].to_numpy()
    first = np.flatnonzero(first_rows(patient.codes))
    at_risk = patient[first]
    fractured = np.add.reduceat((risk_table["outcome"] == "fracture").to_numpy(), first, dtype=np.int8)
    rows = _rows_of(cohort, at_risk)
    patients = cohort.patients[["age_years", "sex", "bone_density_t_score", "steroid_use", "death_date"]].iloc[rows]
    patients = patients.reset_index(drop=True)
    return pd.DataFrame(
        {
            "patient": at_risk,
            "age_years": patients["age_years"],
            "sex": patients["sex"].cat.rename_categories({"F": "female", "M": "male"}),
            "bone_density_t_score": patients["bone_density_t_score"],
            "steroid_use": _yes_no(patients["steroid_use"]),
            "n_levels_treated": count_levels(spines.cemented[rows]),
            "n_prevalent": count_levels(spines.prevalent[rows]),
            "n_at_risk": np.diff(first, append=len(patient)).astype(np.int8),
            "follow_up_days": np.maximum.reduceat(days, first),
            "n_new_fractures": fractured,
            "has_new_fracture": _yes_no(fractured > 0),
            "later_vertebroplasty": _yes_no(spines.next_procedure[rows] < NEVER),
            "died": _yes_no(patients["death_date"].notna()),
        }
    )


def level_counts(cohort: CleanCohort, risk_table: pd.DataFrame) -> pd.DataFrame:
    """What happened at each level: cemented at the first vertebroplasty, at risk, newly fractured.

    Returns
    -------
    DataFrame
        level, treated, fractured_adjacent, fractured_nonadjacent, at_risk_adjacent, at_risk_nonadjacent; levels
        without any are left out.
    """
    patient = risk_table["patient"].array
    treated = spine_arrays(cohort).cemented[_rows_of(cohort, patient[first_rows(patient.codes)])]
    at_risk, fractured = _by_distance(risk_table)
    count = {
        "treated": unpack(treated).sum(axis=0),
        "fractured_adjacent": fractured[1],
        "fractured_nonadjacent": fractured[0],
        "at_risk_adjacent": at_risk[1],
        "at_risk_nonadjacent": at_risk[0],
    }
    counts = pd.DataFrame({"level": SLOTS, **count})
    return counts[counts[list(count)].any(axis=1)].reset_index(drop=True)


def add_level_counts(counts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """What happened at each level, from what happened there in each part of a cohort."""
    total = pd.concat(counts).groupby("level", sort=False).sum()
    return total.reindex([level for level in SLOTS if level in total.index]).reset_index()


def codebook(dictionary: Dictionary, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every column of the shareable tables: what it means, what it may hold, how often it is missing.

    Parameters
    ----------
    tables : dict of str to DataFrame
        As `privacy.shareable` gives them; the risk table and the patient summary may be among them.
    """
    lines = []
    for table in dict.fromkeys(column.table for column in dictionary.columns if column.table in tables):
        lines += [line for column in dictionary.table(table) if (line := _line(column, tables[table]))]
        marked = {mark: told for mark, told in MARKS.get(table, {}).items() if mark in tables[table]}
        n_rows = len(tables[table])
        lines += [(table, mark, *told, "yes_no", "", "yes, no", n_rows, 0) for mark, told in marked.items()]
    return pd.DataFrame(lines, columns=list(CODEBOOK_COLUMNS)).astype({"n": np.int64, "n_missing": np.int64})


def _line(column: Column, frame: pd.DataFrame) -> tuple | None:
    """The line of one column; None where the table lacks it."""
    name, label, kind, meaning = column.name, column.label, column.type, column.meaning
    unit, allowed = column.unit, column.allowed
    if column.table in RAW_TABLES and kind == "id":
        name, label = "patient", "Patient key"
        meaning, allowed = "A number in random order that stands for the patient", ""
    elif kind == "date":
        name, kind, unit = days_name(name), "integer", "days"
        meaning += "; in days since the patient's first vertebroplasty"
    if name not in frame:
        return None
    missing = int(frame[name].isna().sum())
    return column.table, name, label, meaning, kind, unit, allowed, len(frame) - missing, missing


def add_codebooks(codebooks: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The codebook of tables from those of their parts, which have the same lines."""
    total = codebooks[0].copy()
    for count in ("n", "n_missing"):
        total[count] = sum(codebook[count] for codebook in codebooks)
    return total


def _by_distance(risk_table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """How many vertebrae are at risk, and fractured, at each level: not adjacent to cement, and adjacent (2 x 19)."""
    is_fractured = risk_table["outcome"].array.codes == OUTCOMES.index("fracture")
    place = is_fractured * np.int8(2) + risk_table["is_adjacent"].to_numpy()
    place = place * np.int8(N_SLOTS) + risk_table["level"].array.codes
    counts = np.zeros(4 * N_SLOTS, dtype=np.int64)
    # In blocks, as NumPy makes places of eight bytes of what it counts.
    for start in range(0, len(place), BLOCK):
        counts += np.bincount(place[start : start + BLOCK], minlength=len(counts))
    others, fractured = counts.reshape(2, 2, N_SLOTS)
    return others + fractured, fractured


def _rows_of(cohort: CleanCohort, patients: pd.Categorical) -> np.ndarray:
    """The row of each of these patients in the cohort."""
    known = cohort.patients["patient"].array
    if known.categories.equals(patients.categories):
        return patients.codes
    return known.categories.get_indexer(patients.categories)[patients.codes]


def _yes_no(values) -> pd.Categorical:
    values = pd.array(values, dtype="boolean")
    codes = np.where(values.isna(), -1, values.fillna(False).astype(bool))
    return pd.Categorical.from_codes(codes.astype(np.int8), categories=["no", "yes"])
