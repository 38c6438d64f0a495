"""Tables about the cohort for the report: one row per patient at risk, and the codebook."""

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort
from helpers.cohort.dates import NEVER
from helpers.cohort.dictionary import RAW_TABLES, Dictionary
from helpers.cohort.privacy import days_name
from helpers.cohort.spine import N_SLOTS, SLOTS
from helpers.cohort.spine_arrays import spine_arrays

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
    groups = risk_table.groupby("patient", observed=True, sort=True)
    at_risk = groups.agg(n_at_risk=("level", "size"), follow_up_days=("days", "max"))
    fractured = (risk_table["outcome"] == "fracture").groupby(risk_table["patient"], observed=True, sort=True).sum()
    rows = cohort.patients["patient"].cat.categories.get_indexer(at_risk.index)
    patients = cohort.patients.iloc[rows].reset_index(drop=True)
    is_prevalent = (spines.prevalent < NEVER) & (spines.prevalent <= spines.new)
    return pd.DataFrame(
        {
            "patient": at_risk.index.to_series().reset_index(drop=True),
            "age_years": patients["age_years"],
            "sex": patients["sex"].cat.rename_categories({"F": "female", "M": "male"}),
            "bone_density_t_score": patients["bone_density_t_score"],
            "steroid_use": _yes_no(patients["steroid_use"]),
            "n_levels_treated": (spines.first_cement == 0).sum(axis=1)[rows].astype(np.int8),
            "n_prevalent": is_prevalent.sum(axis=1)[rows].astype(np.int8),
            "n_at_risk": at_risk["n_at_risk"].to_numpy(dtype=np.int8),
            "follow_up_days": at_risk["follow_up_days"].to_numpy(dtype=np.int32),
            "n_new_fractures": fractured.to_numpy(dtype=np.int8),
            "has_new_fracture": _yes_no(fractured.to_numpy() > 0),
            "later_vertebroplasty": _yes_no(spines.next_procedure[rows] < NEVER),
            "died": _yes_no(patients["death_date"].notna()),
        }
    )


def level_counts(cohort: CleanCohort, risk_table: pd.DataFrame) -> pd.DataFrame:
    """What happened at each level: cemented at the first vertebroplasty, at risk, newly fractured.

    Returns
    -------
    DataFrame
        level, treated, fractured_adjacent, fractured_nonadjacent, at_risk; levels without any are left out.
    """
    at_risk = cohort.patients["patient"].isin(risk_table["patient"].unique()).to_numpy()
    treated = (spine_arrays(cohort).first_cement[at_risk] == 0).sum(axis=0)
    level, fractured = risk_table["level"].cat.codes, risk_table["outcome"] == "fracture"
    count = {
        "treated": treated,
        "fractured_adjacent": np.bincount(level[fractured & risk_table["is_adjacent"]], minlength=N_SLOTS),
        "fractured_nonadjacent": np.bincount(level[fractured & ~risk_table["is_adjacent"]], minlength=N_SLOTS),
        "at_risk": np.bincount(level, minlength=N_SLOTS),
    }
    counts = pd.DataFrame({"level": SLOTS, **count})
    return counts[counts[list(count)].any(axis=1)].reset_index(drop=True)


def codebook(dictionary: Dictionary, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every column of the shareable tables: what it means, what it may hold, how often it is missing.

    Parameters
    ----------
    tables : dict of str to DataFrame
        As `privacy.shareable` gives them; the risk table and the patient summary may be among them.
    """
    lines = []
    for column in dictionary.columns:
        if column.table not in tables:
            continue
        frame, name, label, kind = tables[column.table], column.name, column.label, column.type
        meaning, unit, allowed = column.meaning, column.unit, column.allowed
        if column.table in RAW_TABLES and kind == "id":
            name, label = "patient", "Patient key"
            meaning, allowed = "A number in random order that stands for the patient", ""
        elif kind == "date":
            name, kind, unit = days_name(name), "integer", "days"
            meaning += "; in days since the patient's first vertebroplasty"
        if name in frame:
            missing = int(frame[name].isna().sum())
            lines.append((column.table, name, label, meaning, kind, unit, allowed, len(frame) - missing, missing))
    return pd.DataFrame(lines, columns=list(CODEBOOK_COLUMNS)).astype({"n": np.int64, "n_missing": np.int64})


def _yes_no(values) -> pd.Categorical:
    values = pd.array(values, dtype="boolean")
    codes = np.where(values.isna(), -1, values.fillna(False).astype(bool))
    return pd.Categorical.from_codes(codes.astype(np.int8), categories=["no", "yes"])
