"""A cohort whose tables stand in a spreadsheet, a database or a file of statistics: the same as from CSV."""

import datetime
import sqlite3

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from helpers.cohort.clean import clean_cohort
from helpers.cohort.date_formats import is_usable
from helpers.cohort.dates import parse_dates
from helpers.cohort.dictionary import RAW_TABLES
from helpers.cohort.planted_errors import plant_errors
from helpers.cohort.raw_tables import as_text
from helpers.cohort.readers import read_cohort, reading_notes
from helpers.cohort.simulate import simulate
from helpers.errors import Problems
from tests.cohort.cohorts import DICTIONARY

FRAMES = (*RAW_TABLES, "ledger", "quarantine", "keys", "rows")


@pytest.fixture(scope="module")
def tables():
    planted, _ = plant_errors(simulate(60, seed=3).coded, seed=3, share=0.05)
    return {name: as_text(table) for name, table in planted.items()}


def cleaned(folder, files, **options):
    return clean_cohort(read_cohort(files, DICTIONARY, folder=folder), DICTIONARY, **options)


def same(first, second):
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))


def as_excel(folder, tables):
    with pd.ExcelWriter(folder / "Kohorte.xlsx", engine="xlsxwriter") as book:
        for name, table in tables.items():
            table.to_excel(book, sheet_name=name, index=False)
    return {name: f"Kohorte.xlsx#{name}" for name in tables}


def as_sqlite(folder, tables):
    database = sqlite3.connect(folder / "Kohorte.db")
    for name, table in tables.items():
        table.to_sql(name, database, index=False)
    database.close()
    return {name: f"Kohorte.db#{name}" for name in tables}


def as_latin(folder, tables):
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.txt", index=False, sep="\t", encoding="utf-16")
    return {name: f"{name}.txt" for name in tables}


@pytest.mark.parametrize("write", [as_excel, as_sqlite, as_latin])
def test_the_same_cohort_to_the_last_line_of_the_ledger(tmp_path, tables, write):
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    cohort = cleaned(tmp_path, write(tmp_path, tables))
    assert len(cohort.ledger) > 20
    same(cohort, cleaned(tmp_path, {name: f"{name}.csv" for name in tables}))


def test_typed_cells_of_a_spreadsheet_and_of_spss_need_no_format(tmp_path):
    typed, files, texts = {}, {}, {}
    for name, table in simulate(60, seed=4).tables.items():
        typed[name] = table.astype(object)
        for column in DICTIONARY.table(name):
            cells = table[column.name].astype(object)
            cells = cells.where(cells != "", None)
            if column.type == "date":
                typed[name][column.name] = [datetime.date.fromisoformat(day) if day else None for day in cells]
            elif column.type in ("number", "integer"):
                typed[name][column.name] = cells.astype(float)
            else:
                typed[name][column.name] = cells.fillna("").astype(str)
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        pyreadstat.write_sav(typed[name], str(tmp_path / f"{name}.sav"))
        texts[name], files[name] = f"{name}.csv", f"{name}.sav"
    expected = cleaned(tmp_path, texts)
    same(cleaned(tmp_path, files, date_formats={"default": "%d.%m.%Y"}), expected)
    same(cleaned(tmp_path, as_excel(tmp_path, typed), date_formats={"default": "%d.%m.%Y"}), expected)


def test_what_was_taken_for_granted_is_told_once(tmp_path, tables):
    for name, table in tables.items():
        table.assign(note="Größe").to_csv(tmp_path / f"{name}.csv", index=False, encoding="latin-1")
    files = {name: f"{name}.csv" for name in tables}
    notes = reading_notes(read_cohort(files, DICTIONARY, folder=tmp_path))
    assert [note.split(" is not UTF-8")[0] for note in notes] == [f"{name}.csv" for name in RAW_TABLES]
    files = as_sqlite(tmp_path, tables)
    assert reading_notes(read_cohort(files, DICTIONARY, folder=tmp_path)) == []


def test_a_date_where_none_is_wanted_is_a_text(tmp_path):
    frame = pd.DataFrame({"patient_id": [datetime.date(2006, 1, 27)], "sex": ["F"]})
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    from helpers.cohort.readers import read_table

    assert read_table(tmp_path / "a.xlsx", "patients", DICTIONARY)["patient_id"].tolist() == ["2006-01-27"]


def test_a_header_in_the_wrong_row_is_told_with_where_it_was_looked_for(tmp_path):
    (tmp_path / "a.csv").write_text("Cohort\nID,sex,age\nA,F,3\n")
    with pytest.raises(Problems) as caught:
        read_cohort({"patients": "a.csv"}, DICTIONARY, folder=tmp_path)
    assert 'needs a column "patient_id"' in caught.value.problems[0]
    assert "are taken from row 2" in caught.value.problems[1]


def test_sheets_that_are_not_there_are_told_for_all_tables(tmp_path, tables):
    files = as_excel(tmp_path, tables) | {"patients": "Kohorte.xlsx#Patienten", "imaging": "Kohorte.xlsx"}
    with pytest.raises(Problems) as caught:
        read_cohort(files, DICTIONARY, folder=tmp_path)
    assert 'has no sheet "Patienten". Did you mean "patients"?' in caught.value.problems[0]
    assert "has the sheets patients, procedures, fractures, imaging. Name one of them" in caught.value.problems[1]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("38744", "2006-01-27"), (" 38744.75 ", "2006-01-27"), ("38744,5", "2006-01-27"), ("1", "1900-01-01"),
        ("59", "1900-02-28"), ("60", None), ("61", "1900-03-01"), ("0", None), ("-1", None), ("2006-01-27", None),
        ("", None), ("x", None), ("100000", "2173-10-14"), ("1e4", None),
    ],
)  # fmt: skip
def test_day_numbers_of_a_spreadsheet(text, date):
    dates, is_far_off = parse_dates(pd.Series([text]), "excel")
    assert dates.tolist() == [pd.NaT if date is None else pd.Timestamp(date)]
    assert dates.dtype == "datetime64[ns]"
    assert not is_far_off.any()


def test_day_numbers_far_off_are_dates_all_the_same():
    dates, is_far_off = parse_dates(pd.Series(["2958465", "2958466", "38744"]), "excel")
    assert is_far_off.tolist() == [True, False, False]
    assert dates.notna().tolist() == [False, False, True]


def test_a_cohort_with_day_numbers(tmp_path):
    numbers, texts = {}, {}
    for name, table in simulate(60, seed=5).tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        for column in DICTIONARY.table(name):
            if column.type == "date":
                days = pd.to_datetime(table[column.name].replace("", None)) - pd.Timestamp("1899-12-30")
                table[column.name] = days.dt.days.map("{:.0f}".format).replace("nan", "").astype(object)
        table.to_csv(tmp_path / f"{name}.txt", index=False)
        numbers[name], texts[name] = f"{name}.txt", f"{name}.csv"
    cohort = cleaned(tmp_path, numbers, date_formats={"default": "excel"})
    assert np.isin(["death_date"], cohort.patients.columns).all()
    assert cohort.ledger.empty
    same(cohort, cleaned(tmp_path, texts))
    assert is_usable("excel")


def test_what_is_no_day_number_is_told(tmp_path):
    frame = {"patient_id": ["A", "B", "C"], "last_contact_date": ["38744", "27.01.2006", "9999999"], "row": [2, 3, 4]}
    other = {"patient_id": ["A"], "procedure_date": ["38000"], "levels": ["T12"], "row": [2]}
    broken = {"patient_id": ["A"], "diagnosis_date": ["38500"], "level": ["L1"], "row": [2]}
    raw = {name: pd.DataFrame(own) for name, own in zip(RAW_TABLES, (frame, other, broken), strict=False)}
    ledger = clean_cohort(raw, DICTIONARY, date_formats={"default": "excel"}).ledger
    told = ledger[ledger["column"] == "last_contact_date"]
    assert told["row"].tolist() == [3, 4]
    assert told["why"].str.contains("the column's dates are written like 38744").all()
