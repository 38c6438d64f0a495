"""Table 1: the patients at risk, as the tableone package summarises them."""

import warnings
from collections.abc import Mapping

import pandas as pd
from tableone import TableOne

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
GROUP_NAMES = {"no": "No new fracture", "yes": "New fracture", "Overall": "All patients"}


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
    used = [column for column in COLUMNS if column in summary and summary[column].notna().any()]
    by_outcome = GROUP if summary[GROUP].nunique() > 1 else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the spread of a group of one patient is shown as a dash
        made = TableOne(
            _plain(summary[[*used, GROUP]]),
            columns=used,
            categorical=[column for column in CATEGORICAL if column in used],
            nonnormal=[column for column in used if column not in (*CATEGORICAL, *MEANS)],
            groupby=by_outcome,
            include_null=False,
            pval=False,
            decimals={"follow_up_days": 0},
        ).tableone
    made.columns = made.columns.get_level_values(-1)
    ends = {column: GROUP_NAMES.get(column, column) for column in made.columns if column != "Missing"}
    lines = zip(made.index, made.to_dict("records"), strict=True)
    rows = [_row(name, value, line, labels, ends) for (name, value), line in lines]
    columns = ("", *ends.values(), "Not known")
    return Table(columns, tuple(rows), caption, frozenset(columns[1:]))


def _row(name: str, value: str, line: dict, labels: Mapping[str, str], ends: Mapping[str, str]) -> tuple[str, ...]:
    if name == "n":
        return ("Patients", *(count_text(int(line[end])) for end in ends), ABSENT)
    column, measure = name.split(", ", 1)
    label = f"{labels.get(column, column)}, {measure}" + (f": {value}" if value else "")
    values = [str(line[end]).replace("nan", ABSENT) for end in ends]
    missing = str(line["Missing"]).strip()
    return (label, *values, count_text(int(missing)) if missing.isdigit() else "")


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Text and floats only: tableone groups categories in a way that newer pandas warns of."""
    numbers = [column for column in frame if column not in (*CATEGORICAL, GROUP)]
    plain = frame.astype(dict.fromkeys(numbers, float))
    return plain.astype(dict.fromkeys([column for column in frame if column not in numbers], object))
