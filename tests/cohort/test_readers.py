"""Raw files: what is read, and what stops a study, in words a clinician can act on."""

import csv

import numpy as np
import pytest

from helpers.cohort.clean import clean_cohort
from helpers.cohort.dictionary import FIELDS, read_dictionary
from helpers.cohort.readers import read_cohort, read_table
from helpers.errors import Problems, WorkbookError
from tests.cohort.cohorts import DICTIONARY

PATIENTS = "patient_id,sex,age_years\nA,F,72\nB,M,68\n"
PROCEDURES = "patient_id,procedure_date,levels\nA,2004-01-01,T12\n"
FRACTURES = "patient_id,level,diagnosis_date\nA,L1,2004-03-01\n"


def written(folder, text, name="patients.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def problems(path, table="patients", names=None):
    with pytest.raises(Problems) as caught:
        read_table(path, table, DICTIONARY, names)
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_common_kinds_of_csv(tmp_path, encoding, delimiter, line_end):
    text = PATIENTS.replace(",", delimiter).replace("\n", line_end)
    frame = read_table(written(tmp_path, text, encoding=encoding), "patients", DICTIONARY)
    assert frame.to_dict("list") == {
        "patient_id": ["A", "B"], "sex": ["F", "M"], "age_years": ["72", "68"], "row": [2, 3],
    }  # fmt: skip


def test_cells_stay_text_as_they_stand(tmp_path):
    text = 'patient_id,age_years,sex,note\n007,NA, F ,x\n"a,b",,"say ""no""",y\n'
    frame = read_table(written(tmp_path, text), "patients", DICTIONARY)
    assert frame["patient_id"].tolist() == ["007", "a,b"]
    assert frame["age_years"].tolist() == ["NA", ""]
    assert frame["sex"].tolist() == [" F ", 'say "no"']
    assert "note" not in frame


def test_rows_are_numbered_as_a_person_sees_them(tmp_path):
    text = 'patient_id,sex\nA,F\n\n,\n" ",\n"B\nC",M\nD,F\n'
    frame = read_table(written(tmp_path, text), "patients", DICTIONARY)
    assert frame["patient_id"].tolist() == ["A", "B\nC", "D"]
    assert frame["row"].tolist() == [2, 6, 7]


def test_many_rows_are_numbered_and_told_as_a_few(tmp_path):
    lines = [f'P{number:06d},"F\n"' if number % 7 else "," for number in range(300_000)]
    frame = read_table(written(tmp_path, "patient_id,sex\n" + "\n".join(lines) + "\n"), "patients", DICTIONARY)
    rows = np.arange(300_000)[np.arange(300_000) % 7 > 0]
    assert (frame["row"] == rows + 2).all()
    assert (frame["patient_id"].astype(object) == [f"P{number:06d}" for number in rows]).all()
    assert set(frame["sex"]) == {"F\n"}
    lines[299_990] = "P299990,F,M"
    lines[150_000] = "P150000"
    told = problems(written(tmp_path, "patient_id,sex\n" + "\n".join(lines) + "\n"))
    assert "Row 150002 of patients.csv has 1 cell," in told
    assert "Row 299992 of patients.csv has 3 cells" in told


def test_the_texts_of_a_column_are_there_once_and_identifiers_once_for_all_tables(tmp_path):
    for name, text in {"patients": PATIENTS, "procedures": PROCEDURES, "fractures": FRACTURES}.items():
        written(tmp_path, text, f"{name}.csv")
    raw = read_cohort(
        {name: f"{name}.csv" for name in ("patients", "procedures", "fractures")}, DICTIONARY, folder=tmp_path
    )
    assert raw["patients"]["sex"].cat.categories.tolist() == ["F", "M"]
    texts = raw["patients"]["patient_id"].cat.categories
    assert sorted(texts) == ["A", "B"]
    assert all(frame["patient_id"].cat.categories is texts for frame in raw.values())


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    assert read_table(written(tmp_path, "patient_id,sex\n"), "patients", DICTIONARY).empty


def test_columns_under_other_names(tmp_path):
    path = written(tmp_path, "ID,Geschlecht,sex\nA,F,zzz\n")
    frame = read_table(path, "patients", DICTIONARY, {"patient_id": "ID", "sex": "Geschlecht"})
    assert frame[["patient_id", "sex"]].to_numpy().tolist() == [["A", "F"]]


def test_a_column_lent_to_another_name_is_not_read_twice(tmp_path):
    path = written(tmp_path, "patient_id,last_contact_date\nA,2004-01-01\n")
    frame = read_table(path, "patients", DICTIONARY, {"last_imaging_date": "last_contact_date"})
    assert list(frame) == ["patient_id", "last_imaging_date", "row"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no header"),
        ("\n", "no header"),
        (",,\nA,F,3\n", "no header"),
        ("id,sex\nA,F\n", 'needs a column "patient_id"'),
        ("patientid,sex\nA,F\n", "Nearest: patientid"),
        ("patient_id,sex,sex\nA,F,M\n", '2 columns called "sex"'),
        ("patient_id,sex\nA,F,3\n", "Row 2 of patients.csv has 3 cells, but the header has 2"),
        ("patient_id,sex\nA,F\n\nB\n", "Row 4 of patients.csv has 1 cell,"),
        ("patient_id,sex\n" + "A\n" * 9, "patients.csv has 4 more rows with a wrong number of cells."),
        ("patient_id,sex\n" + "A\n" * 6, "patients.csv has 1 more row with a wrong number of cells."),
    ],
)
def test_what_stops_a_file_is_told(tmp_path, text, words):
    assert words in problems(written(tmp_path, text))


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le"])
def test_a_file_in_another_encoding_is_read_and_told(tmp_path, encoding):
    path = written(tmp_path, "patient_id,Größe,sex\nM\u00fcller,,F\n" + "A,,F\n" * 50, encoding=encoding)
    frame = read_table(path, "patients", DICTIONARY)
    assert frame["patient_id"].tolist() == ["Müller", *["A"] * 50]
    assert len(frame.attrs.get("notes", [])) == (encoding != "utf-16")
    assert "notes" not in read_table(written(tmp_path, PATIENTS), "patients", DICTIONARY).attrs


def test_a_file_in_two_encodings_is_told(tmp_path):
    path = tmp_path / "patients.csv"
    path.write_bytes("patient_id,sex\nMüller,F\n".encode() + "Müller,F\n".encode("latin-1"))
    assert "patients.csv is UTF-8 in some lines, but not in line 3" in problems(path)


def test_what_is_no_spreadsheet_is_told(tmp_path):
    assert "patients.xlsx is not a whole spreadsheet" in problems(written(tmp_path, "x", "patients.xlsx"))


def test_mapped_columns_that_are_not_there_are_told(tmp_path):
    path = written(tmp_path, "ID,sex\nA,F\n")
    told = problems(path, names={"patient_id": "Id", "age": "sex", "death_date": "died"})
    assert 'patients.patient_id is "Id"' in told
    assert "Nearest: ID" in told
    assert 'Did you mean "age_years"' in told
    assert 'patients.death_date is "died"' in told


def test_all_tables_are_looked_at_before_anything_is_said(tmp_path):
    written(tmp_path, "id,sex\nA,F\n")
    written(tmp_path, PROCEDURES.replace("levels", "level"), "procedures.csv")
    files = {"patients": "patients.csv", "procedures": "procedures.csv", "fractures": "fractures.csv"}
    with pytest.raises(Problems) as caught:
        read_cohort(files | {"operations": "x.csv"}, DICTIONARY, folder=tmp_path)
    told = "\n".join(caught.value.problems)
    for words in (
        '"operations" is not a known table',
        '"patient_id"',
        '"levels"',
        '"fractures.csv" (fractures) is not',
    ):
        assert words in told


def test_a_needed_table_without_a_file_name_is_told(tmp_path):
    with pytest.raises(Problems, match="`procedures_file` names no file"):
        read_cohort({"patients": "", "fractures": None}, DICTIONARY, folder=tmp_path)


@pytest.mark.parametrize("imaging", ["", None, "imaging.csv"])
def test_a_cohort_from_files_to_clean_tables(tmp_path, imaging):
    for name, text in {"patients": PATIENTS, "procedures": PROCEDURES, "fractures": FRACTURES}.items():
        written(tmp_path, text, f"{name}.csv")
    written(tmp_path, "patient_id,imaging_date\nA,2004-03-01\n", "imaging.csv")
    files = {name: f"{name}.csv" for name in ("patients", "procedures", "fractures")} | {"imaging": imaging}
    raw = read_cohort(files, DICTIONARY, folder=tmp_path, column_names={"patients": {"sex": "sex"}})
    cohort = clean_cohort(raw, DICTIONARY)
    assert cohort.has_imaging == bool(imaging)
    assert cohort.ledger.empty
    assert cohort.rows["kept"].tolist() == [2, 1, 1, int(bool(imaging))]


def test_the_dictionary_of_the_workbook():
    assert DICTIONARY.column("procedures", "cement_ml").allowed == "0.2 to 40 mL"
    assert DICTIONARY.labels("patients")["age_years"] == "Age (years)"
    assert DICTIONARY.column("patients", "sex").codes["w"] == "F"
    with pytest.raises(WorkbookError, match='no column "weight" in patients'):
        DICTIONARY.column("patients", "weight")


LINE = {name: "" for name in FIELDS} | {
    "table": "patients",
    "column": "x",
    "type": "number",
    "required": "no",
}


def dictionary_file(folder, *lines, header=FIELDS):
    path = folder / "dictionary.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([list(line.values()) for line in lines])
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "text"}, 'the type "text" is not one of'),
        ({"required": "perhaps"}, "`required` must be yes, no, if given"),
        ({"codes": "F|M"}, "pairs like F=female"),
        ({"type": "code"}, "needs `codes`"),
        ({"minimum": "low"}, "`minimum` must be a number"),
        ({"table": "procedures"}, "no columns for patients"),
    ],
)
def test_a_bad_dictionary_is_told(tmp_path, change, words):
    with pytest.raises(Problems, match=words):
        read_dictionary(dictionary_file(tmp_path, LINE | change))


def test_a_dictionary_of_another_form_is_told(tmp_path):
    with pytest.raises(Problems, match="more than once"):
        read_dictionary(dictionary_file(tmp_path, LINE, LINE))
    with pytest.raises(Problems, match="does not have 11 cells"):
        read_dictionary(dictionary_file(tmp_path, LINE | {"more": "cells"}))
    with pytest.raises(WorkbookError, match="must have the columns"):
        read_dictionary(dictionary_file(tmp_path, header=FIELDS[1:]))
    with pytest.raises(WorkbookError, match="is missing"):
        read_dictionary(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("limits", "allowed"), [(("1", ""), "1 or more mL"), (("", "2"), "2 or less mL"), (("", ""), "")]
)
def test_allowed_values_in_words(tmp_path, limits, allowed):
    raw = [LINE | {"table": name} for name in ("procedures", "fractures", "imaging")]
    line = LINE | {"minimum": limits[0], "maximum": limits[1], "unit": "mL"}
    assert read_dictionary(dictionary_file(tmp_path, line, *raw)).column("patients", "x").allowed == allowed


def test_a_broken_excel_file_called_csv_is_told(tmp_path):
    path = tmp_path / "patients.csv"
    path.write_bytes(b"PK\x03\x04" + bytes(40))
    with pytest.raises(Problems, match="patients.csv is not a whole spreadsheet"):
        read_table(path, "patients", DICTIONARY)
