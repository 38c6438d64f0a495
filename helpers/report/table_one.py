"""Table 1: the patients at risk, as the tableone package would summarise them, but for any number of patients."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from helpers.counts import count_text
from helpers.disclosure import Coarse, hides, hold_back
from helpers.report.display import ABSENT, Table

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


def table_one(
    summary: pd.DataFrame, labels: Mapping[str, str], *, suppress_below: int = 0, caption: str = "Patients at risk"
) -> Table:
    """Characteristics of the patients at risk, by whether a vertebra fractured during follow-up.

    Parameters
    ----------
    summary : DataFrame
        One row per patient, as `helpers.cohort.summary.patient_summary` gives it. A column without a single value is
        left out of the table.
    labels : mapping
        Column to the words a reader sees.
    suppress_below : int
        Counts below are hidden (`helpers.disclosure`), and so are the groups where one of them has fewer patients.

    Returns
    -------
    Table
        Mean (SD) of age and bone density, median [quartiles] of counts and days, n (%) of categories; the numbers of
        patients without a value. No p-values: the groups are formed by the outcome.
    """
    groups = {"All patients": np.arange(len(summary))}
    if summary[GROUP].nunique() > 1:
        by_outcome = {name: np.flatnonzero(summary[GROUP] == value) for value, name in GROUP_NAMES.items()}
        if not hides(suppress_below) or min(map(len, by_outcome.values())) >= suppress_below:
            groups |= by_outcome
    shown = [column for column in COLUMNS if column in summary and summary[column].notna().any()]
    counts = _counts(summary[shown], list(groups.values()), suppress_below)
    rows = [("Patients", *(count_text(counts["patients", group]) for group in range(len(groups))), ABSENT)]
    for column in shown:
        rows += _rows(summary[column], labels.get(column, column), list(groups.values()), counts, suppress_below)
    columns = ("", *groups, "Not known")
    return Table(columns, tuple(rows), caption, frozenset(columns[1:]))


def _counts(summary: pd.DataFrame, groups: list[np.ndarray], suppress_below: int) -> dict[tuple, int]:
    """The counts of the table as they may be shown together.

    By ("patients", group), (column, None, 0) for those without a value, and (column, category, group).
    """
    whole, parts = 0, range(1, len(groups))
    counts = {("patients", group): len(places) for group, places in enumerate(groups)}
    lines, sums, unseen = [("patients",)], [], []
    for column in summary:
        for group, places in enumerate(groups):
            values = summary[column].iloc[places]
            known = values.value_counts(sort=False) if column in CATEGORICAL else {}
            own = {(column, name, group): int(known[name]) for name in _categories(summary[column])}
            rest = len(places) - (sum(own.values()) if column in CATEGORICAL else int(values.notna().sum()))
            own |= {} if column in CATEGORICAL else {(column, "known", group): len(places) - rest}
            own |= {(column, None, group): rest}
            counts |= own
            sums.append((("patients", group), list(own)))
            unseen += [key for key in own if key[1] == "known" or key[1] is None and group]
        lines += [(column, name) for name in dict.fromkeys(key[1] for key in own)]
    sums += [((*line, whole), [(*line, part) for part in parts]) for line in lines if len(groups) > 1]
    return hold_back(counts, sums, suppress_below, unseen=unseen)


def _categories(values: pd.Series) -> list[str]:
    if values.name not in CATEGORICAL:
        return []
    return sorted(name for name, count in values.value_counts(sort=False).items() if count)


def _rows(
    values: pd.Series, label: str, groups: list[np.ndarray], counts: dict[tuple, int], suppress_below: int
) -> list[tuple[str, ...]]:
    missing = count_text(counts[values.name, None, 0])
    if values.name in CATEGORICAL:
        names = _categories(values)
        of_group = [[counts[values.name, name, group] for name in names] for group in range(len(groups))]
        lines = (
            (name, *(_share_text(own[place], _total(own)) for own in of_group)) for place, name in enumerate(names)
        )
        return [
            (f"{label}, n (%): {name}", *shares, "" if place else missing)
            for place, (name, *shares) in enumerate(lines)
        ]
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    if hides(suppress_below):
        # A mean of few is nearly theirs.
        groups = [places if np.isfinite(numbers[places]).sum() >= suppress_below else places[:0] for places in groups]
    if values.name in MEANS:
        return [(f"{label}, mean (SD)", *(_mean_text(numbers[places]) for places in groups), missing)]
    decimals = 0 if values.name == "follow_up_days" else 1
    return [(f"{label}, median [Q1,Q3]", *(_median_text(numbers[places], decimals) for places in groups), missing)]


def _total(counts: list[int]) -> int:
    """Of all categories; 0 where one of them is hidden, so that it cannot be told from the shares of the others."""
    return 0 if any(isinstance(count, Coarse) and not count for count in counts) else sum(counts)


def _share_text(count: int, of: int) -> str:
    if isinstance(count, Coarse) and not of:
        return count_text(count)
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
