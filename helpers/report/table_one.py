"""Table 1: the patients at risk, as the tableone package would summarise them, but for any number of patients."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from helpers.report.display import ABSENT, Table, count_text

GROUP = "has_new_fracture"
COLUMNS = (
    "age_years",
    "sex",
    "bone_density_t_score",
    "steroid_use",
    "n_levels_treated",
    "n_prevalent",
    "n_at_risk",
    "follow_up_days",
    "later_vertebroplasty",
    "died",
)
CATEGORICAL = ("sex", "steroid_use", "later_vertebroplasty", "died")
MEANS = ("age_years", "bone_density_t_score")
GROUP_NAMES = {"no": "No new fracture", "yes": "New fracture"}


def table_one(summary: pd.DataFrame, labels: Mapping[str, str], *, caption: str = "Patients at risk") -> Table:
    """Characteristics of the patients at risk, by whether a vertebra fractured during follow-up.

    Parameters
    ----------
    summary : DataFrame
        One row per patient, as `helpers.cohort.summary.patient_summary` gives it. A column without a single value is
        left out of the table.
    labels : mapping
        Column to the words a reader sees.

    Returns
    -------
    Table
        Mean (SD) of age and bone density, median [quartiles] of counts and days, n (%) of categories; the numbers of
        patients without a value. No p-values: the groups are formed by the outcome.
    """
    groups = {"All patients": np.arange(len(summary))}
    if summary[GROUP].nunique() > 1:
        groups |= {name: np.flatnonzero(summary[GROUP] == value) for value, name in GROUP_NAMES.items()}
    rows = [("Patients", *(count_text(len(places)) for places in groups.values()), ABSENT)]
    for column in COLUMNS:
        if column in summary and summary[column].notna().any():
            rows += _rows(summary[column], labels.get(column, column), list(groups.values()))
    columns = ("", *groups, "Not known")
    return Table(columns, tuple(rows), caption, frozenset(columns[1:]))


def _rows(values: pd.Series, label: str, groups: list[np.ndarray]) -> list[tuple[str, ...]]:
    missing = count_text(values.isna().sum())
    if values.name in CATEGORICAL:
        counts = [values.iloc[places].value_counts(sort=False) for places in groups]
        names = sorted(name for name, count in counts[0].items() if count)
        lines = ((name, *(_share_text(count[name], count.sum()) for count in counts)) for name in names)
        return [
            (f"{label}, n (%): {name}", *shares, "" if place else missing)
            for place, (name, *shares) in enumerate(lines)
        ]
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    if values.name in MEANS:
        return [(f"{label}, mean (SD)", *(_mean_text(numbers[places]) for places in groups), missing)]
    decimals = 0 if values.name == "follow_up_days" else 1
    return [(f"{label}, median [Q1,Q3]", *(_median_text(numbers[places], decimals) for places in groups), missing)]


def _share_text(count: int, of: int) -> str:
    return f"{count_text(count)} ({_number(count / of * 100)})" if of else f"0 ({ABSENT})"


def _mean_text(values: np.ndarray) -> str:
    known = np.count_nonzero(~np.isnan(values))
    mean = np.nanmean(values) if known else None
    return f"{_number(mean)} ({_number(np.nanstd(values, ddof=1) if known > 1 else None)})"


def _median_text(values: np.ndarray, decimals: int) -> str:
    quartiles = np.nanpercentile(values, [50, 25, 75]) if len(values) else [None] * 3
    median, first, third = (_number(value, decimals) for value in quartiles)
    return f"{median} [{first},{third}]"


def _number(value: float | None, decimals: int = 1) -> str:
    return ABSENT if value is None else f"{value:.{decimals}f}"
