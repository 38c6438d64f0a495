"""Cells corrected by hand are taken instead of those of the file, each with a line, if the file is still the same."""

import datetime

import openpyxl
import pytest

from helpers.cohort.by_parts import ByParts
from helpers.cohort.clean import clean_cohort
from helpers.cohort.ledger import describe
from helpers.cohort.privacy import shareable
from helpers.cohort.readers import read_cohort, reading_notes
from helpers.cohort.tables import check
from helpers.errors import Problems
from helpers.intake.mending_file import RowToMend, SheetToMend, write_rows
from tests.cohort.cohorts import DICTIONARY

FILES = {"patients": "patients.csv", "procedures": "procedures.csv", "fractures": "fractures.csv"}
NAMES = {"patients": {"patient_id": "Nr", "age_years": "Alter"}}
PATIENTS = ["Nr", "sex", "Alter", "note"]
ROWS = [("A", "F", "172", "x"), ("B", "Q", "68", ""), ("C", "M", "70", "")]


@pytest.fixture
def folder(tmp_path):
    lines = [",".join(cells) for cells in (PATIENTS, *ROWS)]
    (tmp_path / "patients.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "procedures.csv").write_text("patient_id,procedure_date,levels\nA,2004-01-01,T12\nB,2004-02-01,L1\n")
    (tmp_path / "fractures.csv").write_text("patient_id,level,diagnosis_date\nA,L1,2004-03-01\n")
    return tmp_path


def mend(folder, rows, source="patients.csv", header=PATIENTS, originals=ROWS):
    """Write corrections: row number -> its cells now."""
    made = [RowToMend(number, "", "", cells, originals[number - 2]) for number, cells in rows.items()]
    write_rows(folder / "mend.xlsx", [SheetToMend(source, header, made)], ["What to do."])


def read(folder, **options):
    return read_cohort(
        options.pop("files", FILES),
        DICTIONARY,
        folder=folder,
        column_names=NAMES,
        corrections_file=options.pop("corrections_file", "mend.xlsx"),
    )


def problems(folder, **options):
    with pytest.raises(Problems) as caught:
        read(folder, **options)
    return list(caught.value.problems)


def test_corrected_cells_are_taken_and_have_a_line(folder):
    mend(folder, {2: ("A", "F", "72", "x"), 3: ("B", "M", "68", "")})
    raw = read(folder)
    assert raw["patients"]["age_years"].tolist() == ["72", "68", "70"]
    assert raw["patients"]["sex"].tolist() == ["F", "M", "M"]
    assert reading_notes(raw) == ["2 cells in 2 rows of patients.csv were corrected by hand (mend.xlsx)."]
    cohort = clean_cohort(raw, DICTIONARY)
    lines = cohort.ledger[["table", "row", "patient_id", "column", "before", "after", "rule", "decided_by", "action"]]
    both = ("corrected_by_hand", "correction", "changed")
    assert lines.to_numpy().tolist() == [
        ["patients", 2, "A", "age_years", "172", "72", *both],
        ["patients", 3, "B", "sex", "Q", "M", *both],
    ]
    assert cohort.patients.set_index("patient_id")["age_years"].to_dict() == {"A": 72, "B": 68, "C": 70}
    assert describe(cohort.ledger)["rows"].tolist() == [2]


def test_a_corrected_cell_is_read_by_the_rules_as_any_other(folder):
    mend(folder, {2: ("A", "F", "old", "x")})
    ledger = clean_cohort(read(folder), DICTIONARY).ledger
    own = ledger[(ledger["row"] == 2) & (ledger["column"] == "age_years")]
    assert own["rule"].tolist() == ["corrected_by_hand", "value_not_a_number"]
    assert own["before"].tolist() == ["172", "old"]


def test_a_corrected_identifier_stays_hidden_where_tables_are_shared(folder):
    mend(folder, {2: ("17", "F", "172", "x")}, originals=ROWS)
    cohort = clean_cohort(read(folder), DICTIONARY)
    shared = shareable(cohort, DICTIONARY)
    line = shared["ledger"].query("rule == 'corrected_by_hand'").iloc[0]
    assert (line["before"], line["after"]) == ("[identifier]", "[identifier]")
    for name, frame in shared.items():
        check(name, frame)


def test_a_correction_of_a_column_that_is_not_used_is_told(folder):
    mend(folder, {2: ("A", "F", "172", "y")})
    raw = read(folder)
    assert raw["patients"]["age_years"].tolist() == ["172", "68", "70"]
    assert reading_notes(raw) == [
        "1 cell of patients.csv that is corrected in mend.xlsx stands in columns that the study does not use."
    ]


def test_nothing_corrected_changes_nothing(folder):
    mend(folder, {2: ROWS[0]})
    raw = read(folder)
    assert raw["patients"]["age_years"].tolist() == ["172", "68", "70"]
    assert reading_notes(raw) == []


def test_another_version_of_the_file_is_refused_row_by_row(folder):
    mend(folder, {2: ("A", "F", "72", "x"), 3: ("B", "M", "68", ""), 4: ("C", "M", "71", "")})
    path = folder / "patients.csv"
    path.write_text(path.read_text().replace("A,F,172", "A,M,173").replace("C,M,70,", "C,M,70,other"))
    told = problems(folder)
    assert len(told) == 1
    assert told[0].startswith(
        "Row 2 of patients.csv is no longer what it was when mend.xlsx was made (sex, Alter). Make a new one"
    )


def test_many_rows_that_differ_are_told_as_some(folder):
    rows = [(f"P{number}", "F", "70", "") for number in range(50)]
    text = "\n".join(",".join(cells) for cells in (PATIENTS, *rows))
    (folder / "patients.csv").write_text(text)
    mend(folder, dict(enumerate(rows, start=2)), originals=rows)
    (folder / "patients.csv").write_text(text.replace("F", "M"))
    told = problems(folder)
    assert len(told) == 21
    assert told[-1] == "So it is with 30 more rows."
    mend(folder, dict(enumerate(rows[:21], start=2)), originals=rows)
    assert problems(folder)[-1] == "So it is with 1 more row."


def test_rows_and_columns_that_are_not_there_are_told_at_once(folder):
    header = ["Nr", "sex", "Alter", "Notiz"]
    mend(folder, {2: ("A", "F", "72", "x"), 9: ("A", "F", "72", "x")}, header=header, originals=[ROWS[0]] * 10)
    told = problems(folder)
    assert told[0].startswith('mend.xlsx has a column "Notiz", but patients.csv has none.')
    assert told[1].startswith("patients.csv has no row 9, which mend.xlsx corrects.")
    assert len(told) == 2


def test_an_empty_row_of_the_file_is_none(folder):
    mend(folder, {4: ("C", "F", "70", "")})
    path = folder / "patients.csv"
    path.write_text(path.read_text().replace("C,M,70,", ",,,"))
    assert problems(folder)[0].startswith("patients.csv has no row 4")


def test_corrections_of_a_file_that_is_not_read_are_told(folder):
    mend(folder, {2: ROWS[0]}, source="old.csv")
    told = problems(folder)
    assert told[0].startswith(
        'mend.xlsx has rows of "old.csv", but the study reads only fractures.csv, patients.csv, procedures.csv.'
    )


def test_a_file_of_corrections_that_is_not_there_is_told_with_the_rest(folder):
    (folder / "fractures.csv").write_text("patient_id,level\nA,L1\n")
    told = "\n".join(problems(folder))
    assert 'The file "mend.xlsx" is not in the folder' in told
    assert 'fractures needs a column "diagnosis_date"' in told


@pytest.mark.parametrize(("text", "day"), [("2004-05-01", "2004-05-01"), ("", None)])
def test_cells_that_are_dates_of_the_file_stay_dates(folder, text, day):
    files = excel_patients(folder)
    original = ("A", "2004-04-01")
    mend_source(folder, {2: ("A", text)}, [original])
    raw = read_cohort(files, DICTIONARY, folder=folder, corrections_file="mend.xlsx")
    # A format that no ISO date follows: the cells are not read as texts.
    formats = dict.fromkeys(("procedures.procedure_date", "fractures.diagnosis_date"), "%Y-%m-%d")
    cohort = clean_cohort(raw, DICTIONARY, date_formats={"default": "%d.%m.%Y"} | formats)
    assert cohort.patients["death_date"].isna().tolist() == [day is None, True]
    assert cohort.patients["death_date"].dropna().dt.strftime("%Y-%m-%d").tolist() == [day] * (day is not None)
    assert cohort.ledger["rule"].tolist() == ["corrected_by_hand"]


def test_a_correction_that_is_no_date_is_told_where_the_file_has_dates(folder):
    files = excel_patients(folder)
    mend_source(folder, {2: ("A", "1.5.2004")}, [("A", "2004-04-01")])
    with pytest.raises(Problems, match='Row 2 in column "death_date" of mend.xlsx: its cells are dates of the file'):
        read_cohort(files, DICTIONARY, folder=folder, corrections_file="mend.xlsx")


def excel_patients(folder):
    book = openpyxl.Workbook()
    for line in (("patient_id", "death_date"), ("A", datetime.date(2004, 4, 1)), ("B", None)):
        book.active.append(line)
    book.save(folder / "p.xlsx")
    return FILES | {"patients": "p.xlsx#Sheet"}


def mend_source(folder, rows, originals):
    mend(folder, rows, "p.xlsx#Sheet", ["patient_id", "death_date"], originals)


def test_a_cohort_in_parts_is_not_corrected(folder):
    (folder / "parts").mkdir()
    mend(folder, {2: ROWS[0]}, source="parts")
    assert "is a folder of parts" in "\n".join(problems(folder, files=FILES | {"patients": "parts"}))
    with pytest.raises(Problems, match="for a cohort in one piece"):
        ByParts.read_cohort(None, FILES, DICTIONARY, folder=folder, corrections_file="mend.xlsx")


WIDE = {
    "patients": {"patient_id": "Nr", "age_years": "Alter"},
    "procedures": {"procedure_date": "OP {n}", "levels": "Zement {n}"},
    "fractures": {"level": "Fraktur {n}", "diagnosis_date": "Fraktur {n} am", "status": "=new"},
}
ONE = ["Nr", "Alter", "OP 1", "Zement 1", "OP 2", "Zement 2", "Fraktur 1", "Fraktur 1 am"]
PERSONS = [
    ("A", "70", "2004-01-01", "T12", "2005-01-01", "X1", "L1", "2004-03-01"),
    ("B", "171", "2004-02-01", "L1", "", "", "", ""),
]


def test_a_cell_of_a_row_per_patient_is_corrected_where_it_came_from(tmp_path):
    (tmp_path / "one.csv").write_text("\n".join(",".join(cells) for cells in (ONE, *PERSONS)) + "\n")
    rows = {2: (*PERSONS[0][:5], "L3", *PERSONS[0][6:]), 3: ("B", "71", *PERSONS[1][2:])}
    mend(tmp_path, rows, "one.csv", ONE, PERSONS)
    raw = read_cohort(
        {},
        DICTIONARY,
        folder=tmp_path,
        cohort_file="one.csv",
        layout="wide",
        column_names=WIDE,
        corrections_file="mend.xlsx",
    )
    assert "2 cells in 2 rows of one.csv were corrected by hand (mend.xlsx)." in reading_notes(raw)
    cohort = clean_cohort(raw, DICTIONARY)
    assert sorted(cohort.procedures["levels"]) == ["L1", "L3", "T12"]
    lines = cohort.ledger[["table", "row", "entry", "column", "file_column", "before", "after", "rule"]]
    assert lines.to_numpy().tolist() == [
        ["patients", 3, 1, "age_years", "Alter", "171", "71", "corrected_by_hand"],
        ["procedures", 2, 2, "levels", "Zement 2", "X1", "L3", "corrected_by_hand"],
    ]


def test_a_cell_of_a_row_per_event_is_corrected(tmp_path):
    header = ["Nr", "Ereignis", "Datum", "Hoehe", "Alter"]
    events = [
        ("A", "OP", "2004-01-01", "X1", "70"),
        ("A", "Fx", "2004-03-01", "L1", ""),
        ("A", "Tot", "2005-01-01", "", ""),
        ("A", "?", "2005-01-01", "", ""),
    ]
    (tmp_path / "one.csv").write_text("\n".join(",".join(cells) for cells in (header, *events)) + "\n")
    rows = {
        2: ("A", "OP", "2004-01-01", "T12", "70"),
        3: ("A", "Fraktur", *events[1][2:]),
        4: ("A", "Tod", *events[2][2:]),
        5: ("A", "??", *events[3][2:]),
    }
    mend(tmp_path, rows, "one.csv", header, events)
    names = {
        "patients": {"patient_id": "Nr", "death_date": "Datum", "age_years": "Alter"},
        "procedures": {"procedure_date": "Datum", "levels": "Hoehe"},
        "fractures": {"level": "Hoehe", "diagnosis_date": "Datum"},
    }
    raw = read_cohort(
        {}, DICTIONARY, folder=tmp_path, cohort_file="one.csv", layout="events", column_names=names,
        event_column="Ereignis", event_names={"procedures": "OP", "fractures": "Fraktur", "patients.death_date": "Tod"},
        corrections_file="mend.xlsx",
    )  # fmt: skip
    cohort = clean_cohort(raw, DICTIONARY)
    assert cohort.procedures["levels"].tolist() == ["T12"]
    assert cohort.patients["death_date"].notna().all()
    own = cohort.ledger[cohort.ledger["decided_by"] == "correction"]
    assert own[["table", "row", "column", "before", "after"]].to_numpy().tolist() == [
        ["patients", 4, "death_date", "Tot", "Tod"],
        ["procedures", 2, "levels", "X1", "T12"],
        ["fractures", 3, "event", "Fx", "Fraktur"],
        ["events", 5, "event", "?", "??"],
    ]
    assert own["file_column"].tolist() == ["Datum", "Hoehe", "Ereignis", "Ereignis"]
