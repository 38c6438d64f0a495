"""What patients differ in besides cement, as numbers beside the rows of the risk table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from helpers.cohort.dictionary import read_dictionary
from helpers.errors import Problems, WorkbookFault
from helpers.parted import Parted, in_parts

CODES = {"sex": {"female": 1.0, "male": 0.0}, "steroid_use": {"yes": 1.0, "no": 0.0}}
COMPARES = {
    "age_years": "one year older",
    "sex": "female against male",
    "bone_density_t_score": "T-score one higher",
    "steroid_use": "steroids against none",
}
NOT_GIVEN = "not given for any patient"
ALL_THE_SAME = "the same for every patient"
MOSTLY_MISSING = "missing for more than {:g}% of the patients"
SAME_WHERE_COMPLETE = "the same for every patient who has all of them"


@dataclass(frozen=True, eq=False)
class Covariates:
    """Covariates of the rows of a risk table, and what became of each.

    Attributes
    ----------
    of_patients : DataFrame
        One row for each patient at risk, one column of numbers for each covariate used, missing where the value is.
        `sex` is 1 for female and 0 for male, `steroid_use` 1 for yes and 0 for no.
    patient : Series
        For each row of the risk table, under its index, which of these patients it is.
    told : DataFrame
        covariate, label (of the dictionary), compares (what one more means),
        patients (who have a value), missing (patients without), is_used,
        why (why not; "" where used).
    """

    of_patients: pd.DataFrame
    patient: pd.Series
    told: pd.DataFrame

    @cached_property
    def complete(self) -> np.ndarray:
        """Rows of patients who have a value of every covariate used (bool)."""
        return self.of_patients.notna().to_numpy().all(axis=1)[self.patient]

    def of_complete(self, *columns: pd.Series) -> list:
        """Columns of the risk table without the rows that lack a value, as arrays."""
        return [column.array[self.complete] for column in columns]

    @property
    def labelled(self) -> pd.DataFrame:
        """The complete rows' numbers, as categories, under the dictionary's labels: so notes to a reader name them."""
        # As wide as they must be to take rows by, once and not for each covariate.
        rows = self.patient.array[self.complete].astype(np.intp)
        numbers = {labels()[name]: pd.Categorical(column).take(rows) for name, column in self.of_patients.items()}
        return pd.DataFrame(numbers, index=pd.RangeIndex(len(rows)), copy=False)


def covariate_columns(
    risk_table: pd.DataFrame | Parted,
    patient_summary: pd.DataFrame | Parted,
    *,
    names: Sequence[str] | None = None,
    most_missing: float = 0.2,
) -> Covariates:
    """Give each vertebra at risk its patient's covariates, and say which are used.

    Nothing is filled in. A covariate is left out where no patient has a value or all have the same one, and where
    it is missing for more than `most_missing` of the patients: an analysis of complete cases would lose them all.
    While one of those left is the same for every patient who has all of them, that which is missing most goes too.

    Parameters
    ----------
    patient_summary : DataFrame
        One row per patient of the risk table, as `summary.patient_summary` makes it.
    names : sequence of str, optional
        Which covariates to look at, in this order; by default age_years, sex, bone_density_t_score, steroid_use.
    most_missing : float
        Share of the patients at risk, 0 to 1.
    """
    names = tuple(COMPARES) if names is None else tuple(dict.fromkeys(names))
    _check(names, most_missing)
    if in_parts(risk_table):
        from helpers.cohort.parted_covariates import covariates_in_parts  # which builds on what is here

        return covariates_in_parts(risk_table, patient_summary, names, most_missing)
    values, rows = patient_values(risk_table, patient_summary, names)
    why = {name: _why_not(values[name], most_missing) for name in names}
    missing = values.isna().sum()
    while same := _same_where_complete(values[[name for name in names if not why[name]]]):
        why[most_missing_of(same, missing)] = SAME_WHERE_COMPLETE
    used = [name for name in names if not why[name]]
    told = told_of(names, values.notna().sum(), missing, why)
    return Covariates(values[used], pd.Series(rows, index=risk_table.index, name="patient"), told)


def patient_values(risk_table: pd.DataFrame, patient_summary: pd.DataFrame, names) -> tuple[pd.DataFrame, np.ndarray]:
    """The covariates of the patients at risk, and for each row of the risk table which of them it is."""
    patients, rows = _patients_of(risk_table, patient_summary[["patient", *names]])
    values = pd.DataFrame({name: _numbers(patients, name) for name in names}, index=patients.index)
    return values.astype(float), rows


def most_missing_of(names: Sequence[str], missing: Mapping[str, int]) -> str:
    """That of some covariates which the most patients lack; the last of them where several are."""
    return max(reversed(names), key=lambda name: missing[name])


def told_of(names: Sequence[str], given: Sequence[int], missing: Sequence[int], why: dict[str, str]) -> pd.DataFrame:
    """`Covariates.told` from how many patients have a value, how many none, and why a covariate is not used."""
    return pd.DataFrame(
        {
            "covariate": pd.Series(names, dtype=object),
            "label": pd.Series([labels()[name] for name in names], dtype=object),
            "compares": pd.Series([COMPARES[name] for name in names], dtype=object),
            "patients": np.array(given, dtype=np.int64),
            "missing": np.array(missing, dtype=np.int64),
            "is_used": np.array([not why[name] for name in names], dtype=bool),
            "why": pd.Series([why[name] for name in names], dtype=object),
        }
    )


def labels() -> dict[str, str]:
    """What the dictionary calls the columns of the patient summary."""
    return {column.name: column.label for column in read_dictionary().table("patient_summary")}


def _check(names: tuple, most_missing) -> None:
    known = ", ".join(COMPARES)
    problems = [
        f'`names` holds "{name}", which is no covariate. Known are {known}.' for name in names if name not in COMPARES
    ]
    is_number = isinstance(most_missing, (int, float, np.number)) and not isinstance(most_missing, bool)
    if not is_number or not 0 <= most_missing <= 1:
        problems.append(f"`most_missing` must be a share between 0 and 1, but got {most_missing!r}. Pass 0.2 for 20%.")
    if problems:
        raise Problems("The covariates cannot be taken with these choices:", problems)


def _patients_of(risk_table: pd.DataFrame, patient_summary: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """The summary's rows of the patients at risk, and for each row of the risk table which of them it is."""
    patient = risk_table["patient"].array
    is_at_risk = np.zeros(len(patient.categories), dtype=bool)
    is_at_risk[patient.codes] = True
    summarised = pd.Categorical(patient_summary["patient"], dtype=patient.dtype).codes
    # The last one, that of code -1, is for patients of whom the risk table has never heard.
    place = np.full(len(is_at_risk) + 1, -1)
    place[summarised] = np.arange(len(summarised))
    place = place[:-1][is_at_risk]
    if (place < 0).any():
        raise WorkbookFault(f"The patient summary lacks {(place < 0).sum()} patients of the risk table.")
    number = np.cumsum(is_at_risk, dtype=np.int32) - np.int32(1)
    return patient_summary.iloc[place].reset_index(drop=True), number[patient.codes]


def _numbers(patients: pd.DataFrame, name: str) -> pd.Series:
    values = patients[name]
    if name not in CODES:
        return values.astype(float)
    values = values.cat.remove_unused_categories()
    unknown = [value for value in values.cat.categories if value not in CODES[name]]
    if unknown:
        raise WorkbookFault(f"{name} of the patient summary holds more than {' and '.join(CODES[name])}.")
    numbers = np.array([CODES[name][value] for value in values.cat.categories] + [np.nan])
    return pd.Series(numbers[values.cat.codes], index=values.index)


def _why_not(values: pd.Series, most_missing: float) -> str:
    """Why a covariate is left out by itself; "" where it is not."""
    if not values.notna().any():
        return NOT_GIVEN
    if values.nunique() < 2:
        return ALL_THE_SAME
    return MOSTLY_MISSING.format(100 * most_missing) if values.isna().mean() > most_missing else ""


def _same_where_complete(values: pd.DataFrame) -> list[str]:
    complete = values.dropna()
    return [name for name in values if complete[name].nunique() < 2]
