"""Follow-up to each patient's first new fracture, against a plain loop and by named patients."""

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.first_fracture import first_fracture_only
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.tables import check
from tests.cohort.cohorts import cleaned, random_study, study


def plainly(table):
    """The same in plain Python, row by row."""
    rows = table.astype({"patient": str, "outcome": str}).to_dict("records")
    first = {}
    for row in rows:
        if row["outcome"] == "fracture":
            first[row["patient"]] = min(row["days"], first.get(row["patient"], row["days"]))
    ends = []
    for row in rows:
        end, clean = first.get(row["patient"], np.inf), row["last_clean_days"]
        if row["days"] > end:
            row["days"], row["outcome"] = end, "censored"
        ends.append((row["days"], row["outcome"], None if clean is None or clean is pd.NA else min(clean, row["days"])))
    return ends


@pytest.mark.parametrize("has_imaging", [True, False])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_agrees_with_a_plain_loop(seed, has_imaging):
    cohort = cleaned(random_study(np.random.default_rng(seed), 40, has_imaging=has_imaging), day_zero_fractures="new")
    table, _ = build_risk_table(cohort, later_vertebroplasty="ignore")
    cut = check("risk_table", first_fracture_only(table))
    found = list(zip(cut["days"], cut["outcome"].astype(str), cut["last_clean_days"], strict=True))
    assert [(days, end, None if clean is pd.NA else clean) for days, end, clean in found] == plainly(table)
    assert (cut["days"] < table["days"]).any()
    assert (cut["outcome"] != table["outcome"]).any()
    untouched = ["patient", "level", "region", "distance", "direction", "is_adjacent", "is_sandwich"]
    pd.testing.assert_frame_equal(cut[untouched], table[untouched])
    assert cut.dtypes.equals(table.dtypes)


@pytest.fixture
def anna_and_beth():
    raw = study(
        ["Anna | @400 || @450 ||", "Beth | @300 ||||"],
        ["Anna | @0 | T12", "Anna | @40 | L5", "Beth | @0 | T12"],
        ["Anna|L1|@55|new", "Anna|T3|@55|new", "Anna|T7|@127|new"],
        ["Anna | @30", "Anna | @55", "Anna | @127", "Beth | @200"],
    )
    cohort = cleaned(raw)
    table, _ = build_risk_table(cohort, later_vertebroplasty="ignore")
    names = dict(zip(cohort.keys["patient"], cohort.keys["patient_id"], strict=True))
    return table, names


@pytest.mark.parametrize(
    ("patient", "level", "expected"),
    [
        ("Anna", "L1", [55, "fracture", 30]),
        ("Anna", "T3", [55, "fracture", 30]),  # another one found on the same day
        ("Anna", "T7", [55, "censored", 55]),  # fractured later; whole on day 55
        ("Anna", "T9", [55, "censored", 55]),  # died later
        ("Anna", "L5", [40, "censored", 30]),  # ended before
        ("Beth", "T7", [300, "censored", 300]),  # no fracture at all
    ],
)
def test_each_vertebra_ends_where_it_should(anna_and_beth, patient, level, expected):
    table, names = anna_and_beth
    cut = first_fracture_only(table)
    row = cut[(cut["patient"].astype(str).map(names) == patient) & (cut["level"] == level)].iloc[0]
    assert row[["days", "outcome", "last_clean_days"]].tolist() == expected


def test_doing_it_twice_changes_nothing_and_the_table_given_stays(anna_and_beth):
    table, _ = anna_and_beth
    before = table.copy()
    once = first_fracture_only(table)
    pd.testing.assert_frame_equal(first_fracture_only(once), once)
    pd.testing.assert_frame_equal(table, before)


def test_without_fractures_or_rows_the_table_is_as_it_was(anna_and_beth):
    table = anna_and_beth[0]
    for same in (table[table["outcome"] != "fracture"], table.iloc[:0]):
        pd.testing.assert_frame_equal(first_fracture_only(same), same)
