"""The contracts: what keeps them passes, everything that breaks one is told in plain words."""

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.privacy import shareable
from helpers.cohort.risk_periods import build_risk_periods
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.robustness_contracts import ROBUSTNESS
from helpers.cohort.summary import codebook, level_counts, patient_summary
from helpers.cohort.tables import NAMES, check
from helpers.errors import WorkbookFault
from helpers.estimators.curve_table import curve_table
from helpers.estimators.estimate import ESTIMATE_COLUMNS, Estimate
from helpers.estimators.estimates import to_frame
from helpers.estimators.survival import kaplan_meier
from tests.cohort.cohorts import DICTIONARY, cleaned, random_study, study


@pytest.fixture(scope="module")
def tables():
    cohort = cleaned(random_study(np.random.default_rng(2), 20))
    table, flow = build_risk_table(cohort)
    made = shareable(cohort, DICTIONARY) | {"risk_table": table, "flow": flow}
    made["patient_summary"] = patient_summary(cohort, table)
    made["risk_periods"] = build_risk_periods(cohort)
    made["codebook"] = codebook(DICTIONARY, made)
    return made


def told(name, frame):
    with pytest.raises(WorkbookFault) as caught:
        check(name, frame)
    return str(caught.value)


def test_all_tables_of_a_cohort_keep_their_contracts(tables):
    for name, frame in tables.items():
        assert check(name, frame) is frame
    estimates = [name for name in NAMES if name.endswith("estimates")]
    assert set(NAMES) == {*tables, *estimates, "curves", *ROBUSTNESS}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="days"), "The column days is missing."),
        (lambda t: t.assign(note=1), "The column note does not belong there."),
        (lambda t: t[[*t.columns[::-1]]], "is not in its place"),
        (lambda t: t.assign(days=t["days"].astype("int64")), "days is of type int64, but should be int32."),
        (lambda t: t.assign(days=np.int32(-1)), "days must be at least 0, but holds for example -1."),
        (lambda t: t.assign(distance=np.int8(0)), "distance must be between 1 and 18, but"),
        (
            lambda t: t.assign(last_clean_days=pd.array(t["days"] + 1, dtype="Int32")),
            "last_clean_days lies after days",
        ),
        (lambda t: t.assign(latest_days=t["days"] - np.int32(1)), "latest_days lies before days"),
        (
            lambda t: t.assign(latest_days=t["days"].astype(float)),
            "latest_days is of type float64, but should be int32",
        ),
        (lambda t: t.assign(outcome="fracture"), "outcome (object) should be a category"),
        (
            lambda t: t.assign(outcome=t["outcome"].cat.rename_categories({"death": "dead"})),
            "outcome (dead) should be a category of the allowed values",
        ),
        (lambda t: pd.concat([t, t.tail(1)], ignore_index=True), "more than once"),
        (lambda t: t.iloc[::-1], "rows are not in order of patient, level"),
        (lambda t: t.assign(region=t["region"].where(t["level"] != "T9")), "region has empty cells"),
        (
            lambda t: t.assign(patient=t["patient"].cat.rename_categories(lambda key: "id" + key)),
            "not a patient key",
        ),
    ],
)
def test_a_broken_risk_table_is_told(tables, change, words):
    assert words in told("risk_table", change(tables["risk_table"]))


def test_the_last_day_of_the_diagnosis_is_there_only_where_dates_may_have_no_day(tables):
    table = tables["risk_table"]
    assert check("risk_table", table) is table
    longer = table.assign(latest_days=table["days"] + np.int32(3))
    assert check("risk_table", longer) is longer
    assert len(check("risk_table", longer[["days", "latest_days"]], ["days", "latest_days"])) == len(table)


GAP = "the periods of a vertebra do not follow one another"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="stop_days"), "The column stop_days is missing."),
        (lambda t: t.assign(period=np.int8(1)), "more than once"),
        (lambda t: t.iloc[::-1], "rows are not in order of patient, level, period"),
        (lambda t: t.assign(period=(t["period"] - 1).astype(np.int8)), "period must be at least 1"),
        (lambda t: t.assign(start_days=(t["start_days"] + (t["period"] > 1)).astype(np.int32)), GAP),
        (lambda t: t[t["period"] > 1], GAP),
        (lambda t: t.assign(outcome=t["outcome"].mask(t["period"] == 1, "death")), GAP),
        (lambda t: t.assign(stop_days=t["stop_days"].mask(t["period"] > 1, t["start_days"])), GAP),
    ],
)
def test_broken_periods_are_told(tables, change, words):
    assert tables["risk_periods"]["period"].max() > 1
    assert words in told("risk_periods", change(tables["risk_periods"]))


def test_all_that_is_broken_is_told_at_once(tables):
    broken = tables["risk_table"].drop(columns="days").assign(note=1, distance=np.int8(0))
    said = told("risk_table", broken)
    assert "days is missing" in said
    assert "note does not belong" in said
    assert "distance must be" in said


@pytest.mark.parametrize(
    ("name", "column", "value", "words"),
    [
        ("ledger", "rule", "hunch", "must be one of"),
        ("ledger", "table", "people", "people"),
        ("quarantine", "rules", "out_of_range; hunch", "unknown rule"),
        ("flow", "patients", 7, "add up"),
        ("patients", "age_years", 9.0, "age_years must be at least 18.0, but"),
    ],
)
def test_other_tables_that_break_their_contract_are_told(tables, name, column, value, words):
    assert words in told(
        name,
        tables[name].assign(**{column: pd.Series(value, tables[name].index, tables[name][column].dtype)}),
    )


def test_many_faults_are_told_in_part(tables):
    assert "more like these" in told(
        "risk_table",
        tables["risk_table"].assign(days=np.arange(len(tables["risk_table"]), dtype=np.int32) - 400),
    )


def test_a_table_without_rows_keeps_its_columns():
    cohort = cleaned(study())
    table, _ = build_risk_table(cohort)
    assert check("risk_table", table) is table
    periods = build_risk_periods(cohort)
    assert check("risk_periods", periods) is periods
    assert "days is missing" in told("risk_table", table.drop(columns="days"))


def test_an_unknown_table_is_told():
    with pytest.raises(WorkbookFault, match='no contract for a table "results"'):
        check("results", pd.DataFrame())


ESTIMATE = Estimate("risk ratio", 2.0, 1.0, 4.0, 0.95, 0.04, "Katz", "ratio", 40, 600, 30)


def test_estimates_and_curves_as_the_estimators_write_them():
    frame = to_frame({"naive": ESTIMATE}, contrast="adjacent against not adjacent")
    assert tuple(frame) == ESTIMATE_COLUMNS
    for name in NAMES:
        if name.endswith("estimates"):
            assert check(name, frame) is frame
    curve = kaplan_meier(np.array([5, 8, 8, 20]), np.array([1, 1, 0, 0], dtype=bool))
    curves = curve_table({"adjacent": curve, "not adjacent": curve}, curve="survival")
    assert check("curves", curves) is curves


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"conf_low": 3.0}, "lies outside its own interval"),
        ({"estimate": np.nan, "note": ""}, "absent without a note"),
        ({"p_value": 1.2}, "p_value must be between 0 and 1"),
        ({"conf_level": 95.0}, "conf_level must be"),
        ({"std_error": -1.0}, "std_error must be"),
    ],
)
def test_an_estimate_that_contradicts_itself_is_told(change, words):
    frame = to_frame({"naive": ESTIMATE}, contrast="adjacent against not adjacent").assign(**change)
    assert words in told("relative_risk_estimates", frame)


def test_one_row_per_patient_at_risk():
    raw = study(
        ["A | @90 || @95 ||", "B | @30 ||||", "C | @30 ||||"],
        ["A | @0 | T12, L2", "A | @50 | L4", "B | @0 | T7"],
        ["A | L1 | @20 | new", "A | L3 | @25 | new", "A | T5 | @-10 | prevalent"],
    )
    raw["patients"]["sex"] = ["F", "m", "F"]
    raw["patients"]["steroid_use"] = ["yes", "", "no"]
    cohort = cleaned(raw)
    table, _ = build_risk_table(cohort)
    names = dict(zip(cohort.keys["patient"], cohort.keys["patient_id"], strict=True))
    summary = check("patient_summary", patient_summary(cohort, table))
    found = summary.assign(patient=summary["patient"].astype(str).map(names)).set_index("patient")
    assert sorted(found.index) == ["A", "B"]
    expected = {
        "sex": "female",
        "steroid_use": "yes",
        "n_levels_treated": 2,
        "n_prevalent": 1,
        "n_at_risk": 14,
        "follow_up_days": 50,
        "n_new_fractures": 2,
        "has_new_fracture": "yes",
        "later_vertebroplasty": "yes",
        "died": "yes",
    }
    assert {column: found.loc["A", column] for column in expected} == expected
    assert found.loc["B", ["sex", "has_new_fracture", "died"]].tolist() == ["male", "no", "no"]
    assert pd.isna(found.loc["B", "steroid_use"])
    counts = level_counts(cohort, table).set_index("level")
    of_groups = counts[["at_risk_adjacent", "at_risk_nonadjacent"]]
    assert counts.loc["L1", ["treated", "fractured_adjacent", "fractured_nonadjacent"]].tolist() == [0, 1, 0]
    assert counts.loc["T12", ["treated", "fractured_adjacent", "fractured_nonadjacent"]].tolist() == [1, 0, 0]
    assert of_groups.sum(axis=1)[["L1", "T12"]].tolist() == [2, 1]
    assert of_groups.sum().tolist() == [table["is_adjacent"].sum(), (~table["is_adjacent"]).sum()]
    for level, near in table.groupby(table["level"].astype(str))["is_adjacent"].sum().items():
        assert of_groups.loc[level, "at_risk_adjacent"] == near
    assert "L6" not in counts.index


def test_the_codebook_counts_what_is_shown(tables):
    book = tables["codebook"].set_index(["table", "column"])
    for name in ("patients", "procedures", "fractures", "imaging", "risk_table", "risk_periods", "patient_summary"):
        assert set(book.loc[name].index) == set(tables[name])
    deaths = book.loc[("patients", "death_days")]
    assert deaths["n"] == tables["patients"]["death_days"].notna().sum()
    assert deaths["n"] + deaths["n_missing"] == len(tables["patients"])
    assert deaths["unit"] == "days"
    assert "F (female)" in book.loc[("patients", "sex"), "allowed"]
