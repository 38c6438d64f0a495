"""Table 1 counts what is there and says what is not known."""

import re

import numpy as np
import pandas as pd

from helpers.report.table_one import table_one

SUMMARY = pd.DataFrame(
    {
        "age_years": [70.0, 80.0, 75.0, np.nan],
        "sex": pd.Categorical(["female", "female", "male", "female"]),
        "bone_density_t_score": [np.nan] * 4,
        "n_levels_treated": np.array([1, 2, 1, 3], dtype="int8"),
        "died": pd.Categorical(["no", "yes", "no", "no"]),
        "has_new_fracture": pd.Categorical(["no", "no", "yes", "yes"], categories=["no", "yes"]),
    }
)
LABELS = {"age_years": "Age (years)", "sex": "Sex", "n_levels_treated": "Levels cemented", "died": "Died"}


def test_values_by_group_and_what_is_not_known():
    shown = table_one(SUMMARY, LABELS)
    assert shown.columns == ("", "All patients", "No new fracture", "New fracture", "Not known")
    rows = {row[0]: row[1:] for row in shown.rows}
    assert rows["Patients"] == ("4", "2", "2", "–")
    assert rows["Age (years), mean (SD)"] == ("75.0 (5.0)", "75.0 (7.1)", "75.0 (–)", "1")
    assert rows["Sex, n (%): female"][:3] == ("3 (75.0)", "2 (100.0)", "1 (50.0)")
    assert rows["Levels cemented, median [Q1,Q3]"][0] == "1.5 [1.0,2.2]"


def test_a_column_that_nobody_filled_is_left_out():
    assert not any("density" in row[0] for row in table_one(SUMMARY, LABELS).rows)


def test_without_fractures_there_is_one_group():
    shown = table_one(SUMMARY.assign(has_new_fracture=pd.Categorical(["no"] * 4)), LABELS)
    assert shown.columns[1:] == ("All patients", "Not known")


def test_counts_of_a_registry_have_their_thousands_apart():
    summary = pd.concat([SUMMARY] * 1000, ignore_index=True)
    text = repr(table_one(summary, {}))
    assert f"{len(summary):,}" in text
    assert not re.search(r"\d{4,} \(", text)
    assert re.search(r"\d,\d{3} \(", text)


def test_with_small_numbers_hidden_no_cell_gives_one_away():
    draw = np.random.default_rng(3)
    many = pd.concat([SUMMARY] * 30, ignore_index=True).assign(
        sex=pd.Categorical(np.where(draw.random(120) < 0.05, "male", "female")),
        died=pd.Categorical(np.where(np.arange(120) < 40, "yes", "no")),
    )
    few = (many["sex"] == "male").sum()
    assert 0 < few < 8
    rows = {row[0]: row[1:] for row in table_one(many, LABELS, suppress_below=8).rows}
    assert rows["Patients"] == ("~124", "~60", "~60", "–")
    assert rows["Sex, n (%): male"][:3] == ("<8", "<8", "<8")
    assert not any("(" in cell for cell in rows["Sex, n (%): female"][:3])
    assert rows["Died, n (%): yes"][0] == "~44 (34.4)"
    assert rows["Age (years), mean (SD)"][3] == "~28"


def test_a_small_group_is_left_out_with_the_other_one():
    many = pd.concat([SUMMARY] * 30, ignore_index=True)
    many["has_new_fracture"] = pd.Categorical(np.where(np.arange(120) < 5, "yes", "no"), categories=["no", "yes"])
    assert table_one(many, LABELS, suppress_below=8).columns == ("", "All patients", "Not known")
    assert "New fracture" in table_one(many, LABELS).columns


def test_a_mean_of_few_is_not_shown():
    many = pd.concat([SUMMARY] * 30, ignore_index=True)
    many.loc[7:, "age_years"] = np.nan
    rows = {row[0]: row[1:] for row in table_one(many, LABELS, suppress_below=8).rows}
    assert rows["Age (years), mean (SD)"][:3] == ("– (–)",) * 3
