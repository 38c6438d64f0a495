"""Single cells: what is read, what is mended and told, what is refused."""

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.clean import describe
from helpers.cohort.date_formats import is_usable
from helpers.cohort.dictionary import RAW_TABLES
from helpers.cohort.ledger import RULES
from helpers.errors import Problems
from tests.cohort.cohorts import DICTIONARY, cleaned, study, table

TREATED = "A | @0 | T12"


def with_patient(column: str, text: str) -> dict:
    frame = pd.DataFrame({"patient_id": ["A"], column: [text], "row": [2]}, dtype=object)
    return study([], [TREATED]) | {"patients": frame}


def with_procedure(column: str, text: str) -> dict:
    frame = pd.DataFrame({"patient_id": ["A"], "procedure_date": ["2004-01-01"], "levels": ["T12"], "row": [2]})
    frame[column] = text
    return study(["A | @90 ||||"]) | {"procedures": frame.astype(object)}


@pytest.mark.parametrize(
    ("column", "text", "value", "rules"),
    [
        ("cement_ml", "4.5", 4.5, []),
        ("cement_ml", " 4 ", 4.0, []),
        ("cement_ml", ".5", 0.5, []),
        ("cement_ml", "4,5", 4.5, ["decimal_comma"]),
        ("cement_ml", "4.5 cc", 4.5, ["unit_written_out"]),
        ("cement_ml", "4ML", 4.0, ["unit_written_out"]),
        ("cement_ml", "4,5 ml", 4.5, ["unit_written_out", "decimal_comma"]),
        ("cement_ml", "450", None, ["out_of_range"]),
        ("cement_ml", "450 ml", None, ["unit_written_out", "out_of_range"]),
        ("cement_ml", "-4", None, ["out_of_range"]),
        ("cement_ml", "1,250", None, ["value_not_a_number"]),
        ("cement_ml", "4 l", None, ["value_not_a_number"]),
        ("cement_ml", "ml", None, ["value_not_a_number"]),
        ("cement_ml", "1e1", None, ["value_not_a_number"]),
        ("cement_ml", "inf", None, ["value_not_a_number"]),
        ("cement_ml", "9" * 400, None, ["value_not_a_number"]),
        ("cement_ml", "4-5", None, ["value_not_a_number"]),
        ("cement_ml", "NA", None, ["missing_code"]),
        ("cement_ml", "n/a", None, ["missing_code"]),
        ("cement_ml", "0", None, ["missing_code"]),
        ("cement_ml", "", None, []),
        ("kind", "Kyphoplasty", "kyphoplasty", []),
        ("kind", "VP", "vertebroplasty", []),
        ("kind", "surgery", None, ["unknown_code"]),
        ("disc_leak", "Y", True, []),
        ("disc_leak", "0", False, []),
        ("disc_leak", "maybe", None, ["unknown_code"]),
    ],
)
def test_cells_of_a_procedure(column, text, value, rules):
    cohort = cleaned(with_procedure(column, text))
    found = cohort.procedures[column].iloc[0]
    assert pd.isna(found) if value is None else found == value
    assert cohort.ledger["rule"].tolist() == rules
    assert set(cohort.ledger["action"]) <= {"changed"}


@pytest.mark.parametrize(
    ("column", "text", "value", "rules"),
    [
        ("age_years", "72", 72, []),
        ("age_years", "72.5", 72.5, []),
        ("age_years", "72 years", 72, ["unit_written_out"]),
        ("age_years", "9", None, ["out_of_range"]),
        ("age_years", "seventy", None, ["value_not_a_number"]),
        ("sex", "f", "F", []),
        ("sex", "Male", "M", []),
        ("sex", "x", None, ["unknown_code"]),
        ("bone_density_t_score", "-2,5", -2.5, ["decimal_comma"]),
        ("bone_density_t_score", "-", None, ["missing_code"]),
        ("thoracic_vertebrae", "", 12, []),
        ("thoracic_vertebrae", "13.0", 13, []),
        ("thoracic_vertebrae", "12.5", 12, ["value_not_a_number"]),
        ("thoracic_vertebrae", "14", 12, ["out_of_range"]),
        ("lumbar_vertebrae", "unknown", 5, ["missing_code"]),
        ("death_date", "2004-05-01", pd.Timestamp(2004, 5, 1), []),
        ("death_date", "0", None, ["missing_code"]),
        ("death_date", "01.05.2004", None, ["date_not_in_format"]),
        ("death_date", "today", None, ["date_not_in_format"]),
        ("death_date", "38108", None, ["date_not_in_format"]),
        ("death_date", "2004-02-30", None, ["date_not_in_format"]),
        ("death_date", "2004-13-05", None, ["day_and_month_swapped"]),
        ("death_date", "04-05-01", None, ["two_digit_year"]),
        ("death_date", "1904-05-01", None, ["implausible_date"]),
        ("death_date", "9999-12-31", None, ["implausible_date"]),
        ("death_date", "2204-05-01", None, ["implausible_date"]),
    ],
)
def test_cells_of_a_patient(column, text, value, rules):
    cohort = cleaned(with_patient(column, text))
    found = cohort.patients[column].iloc[0]
    assert pd.isna(found) if value is None else found == value
    assert cohort.ledger["rule"].tolist() == rules


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2004-13-05", "day_and_month_swapped"),
        ("04-05-01", "two_digit_year"),
        ("soon", "date_not_in_format"),
        ("1066-10-14", "implausible_date"),
        ("", "missing_required"),
    ],
)
def test_a_bad_date_of_procedure_sets_the_row_aside(text, rule):
    cohort = cleaned(with_procedure("procedure_date", text))
    assert cohort.quarantine[["table", "row", "rules"]].to_numpy().tolist() == [["procedures", 2, rule]]
    assert f"procedure_date: {text}" in cohort.quarantine["original"].iloc[0]


def test_a_missing_code_in_a_required_cell_is_told_and_sets_the_row_aside():
    cohort = cleaned(with_procedure("levels", "none"))
    assert cohort.ledger["rule"].tolist() == ["missing_code", "missing_required"]
    assert cohort.quarantine["rules"].tolist() == ["missing_required"]


def test_all_reasons_of_a_row_are_told():
    frame = table("patient_id procedure_date levels cement_ml", " | soon | T12 | 450")
    cohort = cleaned(study(["A | @9 ||||"]) | {"procedures": frame})
    assert set(cohort.ledger["rule"]) == {"missing_required", "date_not_in_format", "out_of_range"}
    assert cohort.quarantine["rules"].tolist() == ["missing_required; date_not_in_format"]
    assert len(cohort.quarantine) == 1


@pytest.mark.parametrize(
    ("column", "text"),
    [("sex", "T12"), ("sex", "2004-05-01"), ("age_years", "L1"), ("age_years", "01.02.2004")],
)
def test_a_row_from_another_table(column, text):
    cohort = cleaned(with_patient(column, text), date_formats={"patients.death_date": "%d.%m.%Y"})
    assert cohort.ledger["rule"].tolist()[0] == "row_from_another_table"
    assert cohort.quarantine["rules"].tolist()[0] == "row_from_another_table"


def test_a_row_from_another_table_is_told_once():
    raw = study([], [TREATED])
    raw["patients"] = table("patient_id sex age_years", "A | L1 | 2004-01-01")
    assert cleaned(raw).rows["quarantined"].tolist()[0] == 1
    assert (cleaned(raw).ledger["rule"] == "row_from_another_table").sum() == 1


def test_blanks_around_an_identifier_come_off_and_are_told():
    cohort = cleaned(
        study([" A | @90 ||||"], [TREATED]) | {"patients": pd.DataFrame({"patient_id": [" A\u00a0"], "row": [2]})}
    )
    assert cohort.patients["patient_id"].tolist() == ["A"]
    assert cohort.ledger["rule"].tolist() == ["space_around_id"]
    assert len(cohort.procedures) == 1


def test_each_column_may_have_its_own_date_format():
    raw = study(["A | 01.02.2005 ||||"], ["A | 2004-01-01 | T12"])
    cohort = cleaned(raw, date_formats={"patients.last_imaging_date": "%d.%m.%Y"})
    assert cohort.patients["last_imaging_date"].tolist() == [pd.Timestamp(2005, 2, 1)]
    assert cohort.ledger.empty
    assert cleaned(raw, date_formats={"default": "%d.%m.%Y"}).ledger["rule"].tolist()[0] == "date_not_in_format"


@pytest.mark.parametrize(
    ("date_format", "usable"),
    [
        ("%Y-%m-%d", True),
        ("%d.%m.%y", True),
        ("%d %b %Y", True),
        ("%m/%d/%Y %H:%M", True),
        ("%Y-%m", True),
        ("%Y", True),
        ("%d.%Y", False),
        ("%m.%Y %H", False),
        ("%m", False),
        ("%Y-%m-%d %d", False),
        ("%j %Y", False),
        ("%Y-%m-%d %z", False),
        ("DD.MM.YYYY", False),
        ("%", False),
        ("", False),
        (None, False),
        (20040101, False),
    ],
)
def test_a_format_holds_a_year_and_a_month_before_a_day(date_format, usable):
    assert is_usable(date_format) is usable


def test_a_time_of_day_is_dropped_where_the_format_has_one():
    cohort = cleaned(
        study(["A | 2005-02-01 13:45 ||||"], [TREATED]),
        date_formats={"patients.last_imaging_date": "%Y-%m-%d %H:%M"},
    )
    assert cohort.patients["last_imaging_date"].tolist() == [pd.Timestamp(2005, 2, 1)]


def test_everything_that_stops_the_study_is_told_at_once():
    raw = study()
    del raw["fractures"]
    raw["patient"] = raw.pop("patients")
    raw["procedures"] = raw["procedures"].drop(columns="levels")
    formats = {"default": "DD.MM.YYYY", "patients.deathdate": "%Y-%m-%d", "nonsense": "%d.%m.%Y"}
    with pytest.raises(Problems) as caught:
        cleaned(raw, date_formats=formats, two_level_range="maybe", day_zero_fractures="old")
    told = "\n".join(caught.value.problems)
    for words in (
        '"DD.MM.YYYY" for default',
        'Did you mean "patients.death_date"',
        '"nonsense"',
        "`two_level_range` must be refuse or levels",
        "`day_zero_fractures` must be prevalent or new",
        'Did you mean "patients"',
        "The table patients is missing",
        "The table fractures is missing",
        "procedures lacks levels",
    ):
        assert words in told


def test_the_order_of_keys_tells_nothing_of_the_identifiers_and_stays_the_same():
    names = [f"{number:03d} | @90 ||||" for number in range(60)]
    first, again = (cleaned(study(names)).keys for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    backwards = cleaned(study(names[::-1])).keys
    pd.testing.assert_frame_equal(first, backwards)
    assert first["patient_id"].tolist() != sorted(first["patient_id"])
    assert abs(np.corrcoef(np.arange(60), first["patient_id"].astype(int))[0, 1]) < 0.5
    assert cleaned(study(names), seed=1).keys["patient_id"].tolist() != first["patient_id"].tolist()


@pytest.mark.parametrize(
    "dates",
    [
        pd.to_datetime(["2004-03-01 08:00", None, "2004-05-01 23:30"]),
        pd.to_datetime(["2004-03-01 08:00", None, "2004-05-01 23:30"]).tz_localize("America/New_York"),
        pd.Categorical(pd.to_datetime(["2004-03-01", None, "2004-05-01"])),
        np.array(["2004-03-01", "NaT", "2004-05-01"], dtype="datetime64[s]"),
    ],
)
def test_a_column_of_dates_needs_no_format(dates):
    raw = study(["A |||||", "B |||||", "C |||||"], ["A | 01.01.2004 | T12"])
    raw["patients"]["last_imaging_date"] = dates
    cohort = cleaned(raw, date_formats={"default": "%d.%m.%Y"})
    found = cohort.patients.sort_values("row")["last_imaging_date"]
    assert found.tolist() == [pd.Timestamp(2004, 3, 1), pd.NaT, pd.Timestamp(2004, 5, 1)]
    assert cohort.ledger.empty


def test_an_impossible_day_in_a_column_of_dates_is_told_by_its_date():
    raw = study(["A |||||"], ["A | 01.01.2004 | T12"])
    raw["patients"]["death_date"] = np.array(["1904-03-01"], dtype="datetime64[s]")
    formats = {"default": "%d.%m.%y"} | {"procedures.procedure_date": "%d.%m.%Y"}
    line = cleaned(raw, date_formats=formats, pivot_year=1930).ledger.iloc[0]
    assert (line["before"], line["rule"]) == ("1904-03-01", "implausible_date")


def test_cells_that_differ_in_an_invisible_character_differ():
    raw = study(["A | @90 ||||", "A\0 | @95 ||||", "C |  ||||"], ["A | @0 | T12", "A\0 | @5 | L1"])
    raw["patients"].loc[2, "last_imaging_date"] = "\0"
    cohort = cleaned(raw)
    assert sorted(cohort.patients["patient_id"]) == ["A", "A\0", "C"]
    assert cohort.ledger[["row", "before", "rule"]].to_numpy().tolist() == [[4, "\0", "date_not_in_format"]]


def test_every_rule_has_a_plain_sentence():
    assert all(sentence.endswith(".") for sentence in RULES.values())


def test_the_worst_comes_first_in_the_description():
    frame = table(
        "patient_id sex age_years",
        "A | x | 9",
        "B | y | 72",
        "C | F | 8",
        "D | F | 7",
        "E | F | 6",
        "F | L1 |",
    )
    counts = describe(cleaned(study() | {"patients": frame}).ledger)
    assert counts["rule"].tolist() == ["row_from_another_table", "out_of_range", "unknown_code"]
    assert counts["rows"].tolist() == [1, 4, 2]
    assert counts["action"].tolist() == ["quarantined", "emptied", "emptied"]
    assert counts["first_rows"].tolist() == ["7", "2, 4, 5", "2, 3"]
    assert '"9" in age_years' in counts["example"].iloc[1]


def test_a_clean_cohort_has_an_empty_ledger():
    cohort = cleaned(study(["A | @90 | @90 | @95 | 12 | 5"], [TREATED], ["A | L1 | @20 | new"], ["A | @20"]))
    assert cohort.ledger.empty
    assert cohort.quarantine.empty
    assert describe(cohort.ledger).empty
    assert cohort.rows["table"].tolist() == list(RAW_TABLES)
    assert cohort.rows["kept"].tolist() == [1, 1, 1, 1]


def test_columns_that_are_not_there_are_missing_throughout():
    raw = study()
    raw["patients"] = table("patient_id", "A")
    raw["fractures"] = table("patient_id level diagnosis_date", "A | L1 | @5")
    raw["procedures"] = table("patient_id procedure_date levels", TREATED)
    cohort = cleaned(raw)
    for name in ("patients", "procedures", "fractures"):
        for column in DICTIONARY.table(name):
            assert column.name in getattr(cohort, name)
    assert cohort.patients["death_date"].isna().all()
    assert cohort.fractures["status"].tolist() == ["new"]
