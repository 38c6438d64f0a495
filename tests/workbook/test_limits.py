"""The limits of what is read, each said plainly by `check` and, where a run looks before it starts, by `run`."""

import pathlib

import openpyxl
import pandas as pd
import pytest

from helpers.workbook.cli import main
from tests.intake.test_spreadsheets import encrypted

FILES = {
    "patients": "patient_id,sex,age_years,last_imaging_date\nA1,F,71,2005-01-01\n007,M,68,2005-02-01\n",
    "procedures": "patient_id,procedure_date,levels\nA1,2004-01-01,T12\n007,2004-02-01,L1\n",
    "fractures": "patient_id,level,diagnosis_date\nA1,L1,2004-03-01\n",
}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.csv").write_text(text)
    (folder / "study.yml").write_text('study_name: "Ward"\nis_synthetic: false\nimaging_file: ""\n')
    return folder


@pytest.fixture
def checked(folder, tmp_path, capsys):
    """Code and texts of a check, after these lines are added to the study file."""

    def check(*lines):
        with (folder / "study.yml").open("a") as file:
            file.writelines(f"{line}\n" for line in lines)
        code = main(["check", str(folder / "study.yml"), "--out", str(tmp_path / "check")])
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        return code, told.out, told.err

    return check


def spreadsheet(path, rows=FILES["patients"]):
    book = openpyxl.Workbook()
    book.active.title = "Patienten"
    for line in rows.splitlines():
        book.active.append(line.split(","))
    book.save(path)
    return path


def test_what_is_fine_is_fine(checked):
    code, told, err = checked()
    assert (code, err) == (0, "")
    assert "nothing is set aside of its 5 rows" in told


@pytest.mark.parametrize("name", FILES)
def test_no_rows(folder, checked, name):
    (folder / f"{name}.csv").write_text(FILES[name].splitlines()[0] + "\n")
    code, told, err = checked()
    assert f"{name}.csv ({name}): 0 rows" in told
    assert (code, "No vertebra is at risk" in err) == ((0, False) if name == "fractures" else (2, True))


def test_an_empty_file(folder, checked):
    (folder / "patients.csv").write_text("")
    assert "patients.csv" in checked()[2]


def test_one_patient(folder, checked):
    for name, text in FILES.items():
        (folder / f"{name}.csv").write_text("".join(text.splitlines(keepends=True)[:2]))
    code, told, _ = checked()
    assert code == 0
    assert "nothing is set aside of its 3 rows" in told


def test_five_hundred_columns(folder, checked):
    table = pd.read_csv(folder / "patients.csv", dtype=str)
    more = pd.DataFrame({f"Wert {number}": ["1", "2"] for number in range(1, 497)})
    pd.concat([table, more], axis=1).to_csv(folder / "patients.csv", index=False)
    code, told, _ = checked()
    assert code == 0
    assert "not used: Wert 1 to 496\n" in told


def test_a_truncated_spreadsheet(folder, checked):
    path = spreadsheet(folder / "p.xlsx")
    path.write_bytes(path.read_bytes()[:-400])
    code, _, err = checked('patients_file: "p.xlsx"')
    assert code == 2
    assert "p.xlsx is not a whole spreadsheet" in err


def test_a_spreadsheet_with_a_password(folder, checked):
    encrypted(folder / "p.xlsx")
    code, _, err = checked('patients_file: "p.xlsx"')
    assert code == 2
    assert "p.xlsx is protected with a password. Open it, save a copy without the password and name that one." in err


def test_a_missing_sheet(folder, checked):
    spreadsheet(folder / "p.xlsx")
    code, _, err = checked('patients_file: "p.xlsx#Patient"')
    assert code == 2
    assert 'p.xlsx has no sheet "Patient"' in err
    assert "Patienten" in err


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("sheets", '`patients_file` is a folder. The folder "sheets" holds no part'),
        ("none.csv", "`patients_file` is none.csv"),
    ],
)
def test_a_folder_or_nothing_in_place_of_a_file(folder, tmp_path, capsys, command, name, sentence):
    (folder / "sheets").mkdir()
    with (folder / "study.yml").open("a") as file:
        file.write(f"patients_file: {name}\n")
    assert main([command, str(folder / "study.yml"), "--out", str(tmp_path / "out")]) == 2
    assert sentence in capsys.readouterr().err


def test_columns_of_one_name(folder, checked):
    text = FILES["patients"].replace("sex,age_years", "Alter,Alter")
    (folder / "patients.csv").write_text(text)
    code, _, err = checked()
    assert code == 2
    assert 'patients.csv has 2 columns called "Alter"' in err


def test_leading_zeros_are_kept(folder, checked):
    (folder / "procedures.csv").write_text(FILES["procedures"].replace("007", "7"))
    code, told, _ = checked()
    assert code == 0
    assert "1  unknown patient" in told


@pytest.mark.parametrize("other", ["a1", "A 1"])
def test_identifiers_that_differ_by_capitals_or_blanks_are_told(folder, checked, other):
    (folder / "patients.csv").write_text(FILES["patients"] + f"{other},F,70,2005-01-01\n")
    _, told, _ = checked()
    assert "written in several ways that differ only in capitals or blanks" in told
    assert "(row 2 of patients and row 4 of patients)" in told
    assert "They count as different patients: write them alike" in told
    assert f'"{other}"' not in told


def test_a_file_that_somebody_has_open(folder, checked, monkeypatch):
    opened = pathlib.Path.open

    def refuse(path, *given, **options):
        if path.name == "patients.csv":
            raise PermissionError(13, "Permission denied")
        return opened(path, *given, **options)

    monkeypatch.setattr("pathlib.Path.open", refuse)
    code, _, err = checked()
    assert code == 2
    assert "patients.csv may not be read: it is open in another program, or belongs to somebody else" in err
