"""The shared clean tables of a run as a cohort again, from which other risk tables can be made."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort
from helpers.cohort.dates import ABSENT, to_dates
from helpers.cohort.privacy import days_name
from helpers.cohort.spine import N_SLOTS, SLOT_INDEX
from helpers.cohort.spine_arrays import patient_codes
from helpers.errors import WorkbookError

# What a risk table is made of; identifiers, grades and covariates are not needed.
COLUMNS = {
    "patients": (
        "patient", "last_imaging_days", "last_contact_days", "death_days", "thoracic_vertebrae", "lumbar_vertebrae",
        "procedure_set_aside",
    ),
    "procedures": ("patient", "procedure_days", "levels"),
    "fractures": ("patient", "level", "diagnosis_days", "status", "entered_as_new"),
    "imaging": ("patient", "imaging_days"),
}  # fmt: skip
_DATES = {
    "patients": ("last_imaging_date", "last_contact_date", "death_date"),
    "procedures": ("procedure_date",),
    "fractures": ("diagnosis_date",),
    "imaging": ("imaging_date",),
}


def shared_cohort(tables: Mapping[str, pd.DataFrame], *, most_patients: int, seed: int) -> CleanCohort:
    """A cohort from its shared tables; of more than so many patients a random sample of that many.

    Dates count from each patient's first vertebroplasty, which is day 0 for everybody. Patients without one are left
    out: none of their vertebrae is ever at risk.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        patients, procedures, fractures and imaging with `COLUMNS`.
    most_patients : int
        The sample is the same for the same seed.
    """
    names, in_procedures = (tables[name]["patient"].cat.categories for name in ("patients", "procedures"))
    treated = in_procedures[_is_treated(tables)]
    kept = drawn(treated if in_procedures.equals(names) else names[names.isin(treated)], most_patients, seed)
    if not len(kept):
        raise WorkbookError("No patient has a vertebroplasty, so there is nothing to specify.")
    return _cohort({name: _of_patients(tables[name][list(COLUMNS[name])], kept) for name in COLUMNS})


def n_treated(tables: Mapping[str, pd.DataFrame]) -> int:
    """How many patients have a vertebroplasty."""
    return int(_is_treated(tables).sum())


def _is_treated(tables: Mapping[str, pd.DataFrame]) -> np.ndarray:
    """Which of the patients whom the table of procedures knows have one."""
    patients = tables["procedures"]["patient"].cat
    return np.bincount(patients.codes, minlength=len(patients.categories)) > 0


def sample_of(cohort: CleanCohort, most_patients: int, seed: int) -> CleanCohort:
    """A random sample of so many patients of a cohort; the cohort itself where it has no more."""
    names = cohort.patients["patient"].cat.categories
    if len(names) <= most_patients:
        return cohort
    return of_patients(cohort, names.isin(drawn(names, most_patients, seed)))


def of_patients(cohort: CleanCohort, is_kept: np.ndarray) -> CleanCohort:
    """Some of the patients of a cohort."""
    kept = cohort.patients["patient"].cat.categories[is_kept]
    return replace(cohort, **{name: _of_patients(getattr(cohort, name), kept) for name in COLUMNS})


def drawn(names: pd.Index, most: int, seed: int) -> pd.Index:
    """At most so many of these, at random and in their order."""
    if len(names) <= most:
        return names
    return names[np.sort(np.random.default_rng(seed).choice(len(names), size=most, replace=False, shuffle=False))]


def with_day_zero(cohort: CleanCohort, wanted: str, *, made_with: str) -> CleanCohort:
    """The cohort as cleaning would have made it, had it counted fractures of day 0 as wanted ("prevalent" or "new").

    Only fractures of day 0 that the file calls new, or whose status it leaves open, hang on that choice; and rows that
    enter the same vertebra as new once more on a later day, which are progressions of a prevalent fracture and
    repetitions of a new one. Such repetitions are not in tables made with "new", so they do not come back.
    """
    if wanted == made_with:
        return cohort
    rows = cohort.fractures
    vertebra = patient_codes(rows).astype(np.int64) * N_SLOTS + rows["level"].cat.codes.to_numpy()
    day = (rows["diagnosis_date"] - pd.Timestamp(0)).dt.days.to_numpy()
    status, entered = rows["status"].astype(object).to_numpy(copy=True), rows["entered_as_new"].to_numpy()
    is_open = entered & (day == 0)
    if wanted == "prevalent":
        status[is_open] = "prevalent"
        return replace(cohort, fractures=rows.assign(status=_as(status, rows)))
    is_old = ~is_open & (status == "prevalent") & (day <= 0)
    status[is_open] = "new"
    status[is_open & np.isin(vertebra, vertebra[is_old])] = "progression"
    status[is_open & _is_cemented(cohort, vertebra)] = "refracture"
    is_new = is_open & (status == "new")
    is_again = entered & (day > 0) & (status == "progression") & np.isin(vertebra, vertebra[is_new])
    return replace(cohort, fractures=rows.assign(status=_as(status, rows))[~is_again])


def _as(status: np.ndarray, rows: pd.DataFrame) -> pd.Categorical:
    return pd.Categorical(status, dtype=rows["status"].dtype)


def _is_cemented(cohort: CleanCohort, vertebra: np.ndarray) -> np.ndarray:
    """Which vertebrae were cemented on day 0."""
    first = cohort.procedures[cohort.procedures["procedure_date"] == pd.Timestamp(0)]
    masks = np.zeros(len(cohort.patients), dtype=np.uint32)
    np.bitwise_or.at(masks, patient_codes(first), first["level_mask"].to_numpy())
    patient, slot = np.divmod(vertebra, N_SLOTS)
    return (masks[patient] >> slot.astype(np.uint32) & np.uint32(1)) == 1


def _of_patients(rows: pd.DataFrame, kept: pd.Index) -> pd.DataFrame:
    """The rows of these patients, who become the categories."""
    if rows.empty:  # a table that the study does not have knows no patients
        return rows.assign(patient=pd.Categorical([], categories=kept))
    names = rows["patient"].cat
    code = kept.get_indexer(names.categories)[names.codes]
    is_kept = code >= 0
    patient = pd.Categorical.from_codes(code[is_kept].astype(np.int32), categories=kept)
    return rows[is_kept].assign(patient=patient).reset_index(drop=True)


def _cohort(tables: dict[str, pd.DataFrame]) -> CleanCohort:
    for name, dates in _DATES.items():
        for date in dates:
            days = tables[name].pop(days_name(date))
            tables[name][date] = to_dates(days.fillna(ABSENT).to_numpy(dtype=np.int32))
    levels = tables["procedures"].pop("levels").cat
    masks = np.array([_mask(text) for text in levels.categories], dtype=np.uint32)
    tables["procedures"]["level_mask"] = masks[levels.codes] if len(masks) else np.zeros(0, dtype=np.uint32)
    nothing = pd.DataFrame()
    names = ("ledger", "quarantine", "keys", "rows")
    return CleanCohort(**tables, **dict.fromkeys(names, nothing), has_imaging=len(tables["imaging"]) > 0)


def _mask(levels: str) -> int:
    return sum(1 << SLOT_INDEX[level] for level in levels.split(", "))
