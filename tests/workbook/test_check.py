"""`workbook check`: what is wrong in a study's files, all of it, without a run; and the rows to mend."""

import ast
import re
import shutil
import stat

import nbformat
import openpyxl
import pandas as pd
import pytest

from helpers.cohort.clean import clean_cohort
from helpers.cohort.readers import read_cohort
from helpers.errors import Problems, WorkbookError
from helpers.intake.mending_file import read_rows
from helpers.report.offline import active_content, outside_addresses
from helpers.workbook import mending
from helpers.workbook.check import check_study
from helpers.workbook.checked import options_of
from helpers.workbook.cli import main
from helpers.workbook.parameters import merged, parameters_by_step
from helpers.workbook.places import project_root
from helpers.workbook.run import run_study

ROOT = project_root()
PARAMETERS = merged(parameters_by_step(ROOT))
CLEANING = ROOT / "notebooks" / "1_clean_cohort.ipynb"


@pytest.fixture
def study(tmp_path):
    """A small study of its own: one patient to mend, one code unknown."""
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "patients.csv").write_text("patient_id,sex,age_years,ward\nA,F,172,north\nB,M,68,=1+1\n007,F,70,south\n")
    (folder / "procedures.csv").write_text(
        "patient_id,procedure_date,levels\nA,2004-01-01,T12\nB,2004-02-01,L1\n007,2004-03-01,L12\nX,2004-01-01,L2\n"
    )
    (folder / "fractures.csv").write_text("patient_id,level,diagnosis_date\nA,L1,2004-03-01\n")
    patients_seen = "patient_id,imaging_date\nA,2005-01-01\nB,2005-01-01\n007,2005-01-01\n"
    (folder / "imaging.csv").write_text(patients_seen)
    (folder / "study.yml").write_text('study_name: "Ward 7 <i>"\nis_synthetic: false\n')
    return folder / "study.yml"


def set_in(study, line):
    study.write_text(study.read_text() + line + "\n")


def mend(path, changes, page=1):
    book = openpyxl.load_workbook(path)
    for place, text in changes.items():
        book.worksheets[page][place] = text
    book.save(path)


def checked(study, out, capsys):
    capsys.readouterr()
    code = main(["check", str(study), "--out", str(out)])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.mark.parametrize("function", [read_cohort, clean_cohort])
def test_the_notebook_gives_the_same_options(function):
    code = "\n".join(cell.source for cell in nbformat.read(CLEANING, 4).cells if cell.cell_type == "code")
    tree = list(ast.walk(ast.parse(code)))
    (call,) = [
        node for node in tree if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == function.__name__
    ]
    named = {
        node.targets[0].id: node.value
        for node in tree
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
    }
    given = {word.arg: getattr(word.value, "id", None) for word in call.keywords if word.arg}
    for words in (named[word.value.id] for word in call.keywords if word.arg is None):  # **{"name": name}
        given |= {key.value: value.id for key, value in zip(words.keys, words.values, strict=True)}
    own = options_of(function, {name: name for name in PARAMETERS})
    assert own == {name: value for name, value in given.items() if name != "folder"}
    assert set(given) - set(own) <= {"folder"}


def test_what_is_found_is_told_and_shown(study, tmp_path, capsys):
    out = tmp_path / "check"
    code, told, err = checked(study, out, capsys)
    assert (code, err) == (0, "")
    assert "  patients.csv (patients): 3 rows\n    columns used: patient_id, sex, age_years\n    not used: ward" in told
    assert "Set aside:\n        1  level not recognised  procedures.csv  row 4 (levels)" in told
    assert "1  unknown patient       procedures.csv  row 5 (patient_id)" in told
    assert "Counts as empty:\n        1  out of range          patients.csv    row 2 (age_years)" in told
    assert "The study can be run; 2 of 11 rows are set aside, and 1 cell that cannot be read counts as empty." in told
    assert "never share it" in told
    page = (out / "check.html").read_text(encoding="utf-8")
    assert "<h1>Ward 7 &lt;i&gt;</h1>" in page
    assert "Never share this page" in page
    assert "<td>2</td><td>age_years</td><td>172</td><td>&quot;172&quot; in age_years is outside 18 to 110" in page
    assert not outside_addresses(page) + active_content(page)


def test_a_terminal_shows_no_cell_of_the_files(example_study, tmp_path, capsys):
    _, told, _ = checked(example_study / "study.yml", tmp_path / "check", capsys)
    rows = pd.read_csv(example_study / "patients.csv", dtype=str)
    assert not [text for text in rows["patient_id"].dropna() if text.strip() and text in told]
    assert not re.search(r"\d{4}-\d\d-\d\d|\d\d?\.\d\d?\.\d{2,4}", told)


def test_the_folder_is_its_owners_alone(study, tmp_path):
    out = check_study(study, tmp_path / "check")
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {
        "check.html": 0o600, "rows_to_mend.xlsx": 0o600,
    }  # fmt: skip


def test_its_place_is_beside_the_report(study, tmp_path):
    set_in(study, f'run_folder: "{tmp_path / "reports" / "mine"}"')
    report = tmp_path / "reports" / "mine"
    report.mkdir(parents=True)
    (report / "index.html").write_text("the report")
    assert check_study(study) == tmp_path / "reports" / "mine.check"
    assert [path.name for path in report.iterdir()] == ["index.html"]


def test_rows_to_mend_have_every_column_as_in_the_file(study, tmp_path):
    book = openpyxl.load_workbook(check_study(study, tmp_path / "check") / "rows_to_mend.xlsx")
    assert book.sheetnames == ["Read me", "patients.csv", "procedures.csv"]
    assert len([row for row in book["Read me"].values if row[0]]) == 5
    rows = [[*row[:3], *row[4:]] for row in book["procedures.csv"].values]
    assert rows[1][0] == "4"
    assert rows[1][2:] == ["levels", "007", "2004-03-01", "L12"]
    assert rows[2][1].startswith("The patient identifier is not in patients.")
    assert [row[4:] for row in book["patients.csv"].values][1:] == [("A", "F", "172", "north")]


def test_corrected_cells_are_used_and_kept_round_by_round(study, tmp_path, capsys):
    out = tmp_path / "check"
    check_study(study, out)
    first = study.with_name("rows_to_mend.xlsx")
    shutil.move(out / "rows_to_mend.xlsx", first)
    set_in(study, 'corrections_file: "rows_to_mend.xlsx"')
    assert "no cell in it was corrected" in checked(study, out, capsys)[1]
    mend(first, {"G2": "72"})
    _, told, _ = checked(study, out, capsys)
    assert "1 cell in 1 row of patients.csv was corrected by hand (rows_to_mend.xlsx)." in told
    assert "out of range" not in told
    assert "corrected by hand" in told
    # One file is enough: the next one has the first correction too.
    shutil.move(out / "rows_to_mend.xlsx", first)
    book = openpyxl.load_workbook(first)
    assert book["patients.csv"]["B2"].value == "Corrected before; nothing is left to mend here."
    assert book["patients.csv"]["G2"].value == "72"
    mend(first, {"G2": "L1", "E3": "B"}, page=2)
    code, told, _ = checked(study, out, capsys)
    assert code == 0
    assert "2 cells in 2 rows of procedures.csv were corrected by hand" in told
    assert "The study can be run; nothing is set aside of its 11 rows." in told
    assert {name: sheet.n_corrected for name, sheet in read_rows(out / "rows_to_mend.xlsx").items()} == {
        "patients.csv": 1, "procedures.csv": 2,
    }  # fmt: skip


def test_a_cell_emptied_by_hand_is_not_one_that_cannot_be_read(study, tmp_path, capsys):
    shutil.move(check_study(study, tmp_path / "check") / "rows_to_mend.xlsx", study.with_name("rows_to_mend.xlsx"))
    mend(study.with_name("rows_to_mend.xlsx"), {"G2": ""})
    set_in(study, 'corrections_file: "rows_to_mend.xlsx"')
    told = checked(study, tmp_path / "check", capsys)[1]
    assert "1  corrected by hand" in told
    assert "The study can be run; 2 of 11 rows are set aside." in told


def test_corrections_that_are_not_used_yet_are_not_lost(study, tmp_path, capsys):
    out = check_study(study, tmp_path / "check")
    mend(out / "rows_to_mend.xlsx", {"G2": "72"})
    before = (out / "rows_to_mend.xlsx").read_bytes()
    code, _, err = checked(study, out, capsys)
    assert code == 2
    assert "holds 1 corrected cell that the study does not use yet. Move it beside your study file" in err
    assert (out / "rows_to_mend.xlsx").read_bytes() == before
    (out / "rows_to_mend.xlsx").write_bytes(b"half")
    assert checked(study, out, capsys)[0] == 2
    (out / "rows_to_mend.xlsx").write_bytes(before)
    (out / ".~lock.rows_to_mend.xlsx#").write_text("")
    assert "is open in a spreadsheet program" in checked(study, out, capsys)[2]


def test_corrections_of_another_version_are_told_as_problems(study, tmp_path, capsys):
    shutil.move(check_study(study, tmp_path / "check") / "rows_to_mend.xlsx", study.with_name("rows_to_mend.xlsx"))
    mend(study.with_name("rows_to_mend.xlsx"), {"G2": "72"})
    set_in(study, 'corrections_file: "rows_to_mend.xlsx"')
    patients = study.with_name("patients.csv")
    patients.write_text(patients.read_text().replace("A,F,172", "A,M,172"))
    code, _, err = checked(study, tmp_path / "check", capsys)
    assert code == 2
    assert "Row 2 of patients.csv is no longer what it was when rows_to_mend.xlsx was made (sex)." in err


def test_all_that_stops_a_study_is_told_at_once(study, tmp_path, capsys):
    study.with_name("fractures.csv").unlink()
    study.with_name("procedures.csv").write_text("patient_id,date,date\nA,1,2\n")
    set_in(study, "adjacent_within: 7")
    study.write_text(study.read_text().replace("is_synthetic: false\n", ""))
    out = tmp_path / "check"
    code, told, err = checked(study, out, capsys)
    assert code == 2
    for sentence in ("`is_synthetic` is not set", "`adjacent_within` must be", "`fractures_file` is fractures.csv"):
        assert sentence in err
    study.write_text('study_name: "Ward 7"\nis_synthetic: false\n')
    code, told, err = checked(study, out, capsys)
    assert code == 2
    assert "`fractures_file` is fractures.csv" in err
    assert 'procedures.csv has 2 columns called "date"' in err
    assert 'procedures needs a column "levels"' in err
    assert "names no file" not in err
    assert "The study cannot be run yet" in told
    page = (out / "check.html").read_text(encoding="utf-8")
    assert page.count("<li>") == err.count("  - ") == 4
    assert not (out / "rows_to_mend.xlsx").exists()


def test_a_study_file_that_cannot_be_read_is_told_without_a_page(study, tmp_path, capsys):
    study.write_text("study_name: [")
    assert checked(study, tmp_path / "check", capsys)[0] == 2
    assert not (tmp_path / "check").exists()


def test_a_folder_that_is_not_a_checks_is_left_alone(study, tmp_path, capsys):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "thesis.docx").write_text("")
    code, _, err = checked(study, out, capsys)
    assert code == 2
    assert "mine holds things that are no check (thesis.docx)" in err
    assert [path.name for path in out.iterdir()] == ["thesis.docx"]


def test_an_older_check_stays_until_a_whole_one_is_there(study, tmp_path, monkeypatch):
    out = check_study(study, tmp_path / "check")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    monkeypatch.setattr("helpers.workbook.check.page_of", lambda check: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        check_study(study, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["check", "study"]


def test_more_rows_than_anybody_mends_are_a_table_beside(study, tmp_path, monkeypatch):
    monkeypatch.setattr(mending, "MOST_ROWS", 1)
    out = check_study(study, tmp_path / "check")
    assert [len(sheet.rows) for sheet in read_rows(out / "rows_to_mend.xlsx").values()] == [1, 1]
    rest = pd.read_csv(out / "rows_to_mend_rest_2.csv", dtype=str)
    assert rest["Row"].tolist() == ["5"]
    assert rest["patient_id"].tolist() == ["X"]
    page = (out / "check.html").read_text(encoding="utf-8")
    assert "1 further row is in rows_to_mend_rest_*.csv; when the first are mended, it moves up." in page


@pytest.mark.parametrize("n_patients", [0, 1])
def test_hardly_any_patients(study, tmp_path, capsys, n_patients):
    for name in ("patients", "procedures", "fractures", "imaging"):
        path = study.with_name(f"{name}.csv")
        path.write_text("".join(path.read_text().splitlines(keepends=True)[: 1 + n_patients]))
    code, told, err = checked(study, tmp_path / "check", capsys)
    assert code == (0 if n_patients else 2)
    assert ("No vertebra is at risk" in err) == (n_patients == 0)
    assert "Traceback" not in told + err


@pytest.mark.parametrize(
    ("sheet", "share", "sentence"),
    [("Nowhere", 1, 'p.xlsx has no sheet "Nowhere"'), ("Sheet", 0.6, "p.xlsx is not a whole spreadsheet")],
)
def test_a_spreadsheet_that_cannot_be_read_is_told_on_the_page(study, tmp_path, capsys, sheet, share, sentence):
    book, path = openpyxl.Workbook(), study.with_name("p.xlsx")
    book.active.append(["patient_id", "sex"])
    book.active.append(["A", "F"])
    book.save(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    set_in(study, f'patients_file: "p.xlsx#{sheet}"')
    code, _, err = checked(study, tmp_path / "check", capsys)
    assert code == 2
    assert sentence in err
    page = (tmp_path / "check" / "check.html").read_text(encoding="utf-8")
    assert sentence.replace('"', "&#34;") in page


def test_five_hundred_columns(study, tmp_path):
    path = study.with_name("patients.csv")
    more = [f"x{number}" for number in range(500)]
    lines = path.read_text().splitlines()
    path.write_text("\n".join([",".join([lines[0], *more]), *(f"{line},{','.join(more)}" for line in lines[1:])]))
    out = check_study(study, tmp_path / "check")
    assert len(read_rows(out / "rows_to_mend.xlsx")["patients.csv"].header) == 504


def test_columns_that_the_files_lack_are_named(study, tmp_path):
    page = (check_study(study, tmp_path / "check") / "check.html").read_text(encoding="utf-8")
    assert "<li>patients.death_date: nobody counts as dead" in page
    assert "age_years</li>" not in page
    assert "a table of imaging" not in page


def test_a_run_in_parts_refuses_corrections_before_it_starts(study, tmp_path):
    shutil.move(check_study(study, tmp_path / "check") / "rows_to_mend.xlsx", study.with_name("rows_to_mend.xlsx"))
    set_in(study, 'corrections_file: "rows_to_mend.xlsx"')
    with pytest.raises(WorkbookError, match="in a cohort in one piece only; nothing was started"):
        run_study(study, tmp_path / "report", workers=2)
    assert main(["partition", str(study), "--out", str(tmp_path / "parts")]) == 2
    assert not (tmp_path / "parts").exists()


def test_problems_are_raised_after_the_page_is_there(study, tmp_path):
    study.with_name("procedures.csv").write_text("x\n1\n")
    with pytest.raises(Problems):
        check_study(study, tmp_path / "check")
    assert (tmp_path / "check" / "check.html").is_file()


def test_rows_to_mend_speak_of_the_files_own_columns(study, tmp_path):
    patients = study.with_name("patients.csv")
    patients.write_text(patients.read_text().replace("age_years", "Alter"))
    set_in(study, "column_names: {patients: {age_years: Alter}}")
    out = check_study(study, tmp_path / "check")
    what = openpyxl.load_workbook(out / "rows_to_mend.xlsx")["patients.csv"]["B2"].value
    assert what.startswith('"172" in "Alter" is outside 18 to 110')
    assert "in &quot;Alter&quot; is outside" in (out / "check.html").read_text(encoding="utf-8")


def test_an_empty_cell_is_told_by_the_files_own_name_of_one_word(study, tmp_path):
    procedures = study.with_name("procedures.csv")
    procedures.write_text(procedures.read_text().replace("levels", "Segment").replace("2004-02-01,L1", "2004-02-01,"))
    set_in(study, "column_names: {procedures: {levels: Segment}}")
    out = check_study(study, tmp_path / "check")
    what = openpyxl.load_workbook(out / "rows_to_mend.xlsx")["procedures.csv"]["B2"].value
    assert what == '"Segment" is empty, but a row of procedures is of no use without it. Fill it in.'
    page = (out / "check.html").read_text(encoding="utf-8")
    assert "&quot;Segment&quot; is empty, but a row of procedures" in page
    assert "levels is empty" not in page


def test_how_many_rows_have_cells_that_count_as_empty(study, tmp_path):
    patients = study.with_name("patients.csv")
    patients.write_text(patients.read_text().replace("M,68", "M,168"))
    page = (check_study(study, tmp_path / "check") / "check.html").read_text(encoding="utf-8")
    assert "Out of range: cells in 2 rows count as empty" in page
    assert "Level not recognised: 1 row set aside" in page
