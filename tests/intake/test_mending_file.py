"""The spreadsheet of rows to mend: text stays text, and what comes back is what was written, or is told."""

from dataclasses import replace

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.errors import Problems
from helpers.intake.mending_file import MARK, OURS, RowToMend, SheetToMend, plain, read_rows, write_rows

HEADER = ("ID", "Alter", "=Row")
CELLS = ("007", "=1+1", " x ")


def row(number=17, cells=CELLS, original=CELLS):
    return RowToMend(number, "Too old.", "Alter", cells, original, frozenset({"Alter"}))


def written(path, *rows, header=HEADER, source="Kohorte.xlsx#Patienten"):
    write_rows(path, [SheetToMend(source, header, rows)], ["What to do."])
    return path


def changed(path, **cells):
    """The file after somebody changed cells of its second sheet."""
    book = openpyxl.load_workbook(path)
    for place, text in cells.items():
        book.worksheets[1][place] = text
    book.save(path)
    return path


def problems(path):
    with pytest.raises(Problems) as caught:
        read_rows(path)
    return "\n".join(caught.value.problems)


def test_cells_are_text_as_they_stand(tmp_path):
    page = openpyxl.load_workbook(written(tmp_path / "mend.xlsx", row())).worksheets[1]
    assert [cell.value for cell in page[1]] == [*OURS, f"{MARK}Kohorte.xlsx#Patienten", *HEADER]
    assert [cell.value for cell in page[2]][4:] == list(CELLS)
    assert {cell.data_type for line in page.iter_rows() for cell in line} == {"s"}
    assert {cell.number_format for line in page.iter_rows() for cell in line} == {"@"}
    assert page.column_dimensions["D"].hidden


def test_only_cells_that_were_changed_are_corrections(tmp_path):
    path = changed(written(tmp_path / "mend.xlsx", row(), row(18)), E2="008", F3="71")
    sheet = read_rows(path)["Kohorte.xlsx#Patienten"]
    assert {number: own.corrected for number, own in sheet.rows.items()} == {17: {"ID": "008"}, 18: {"Alter": "71"}}
    assert sheet.n_corrected == 2
    assert sheet.rows[17].is_as_it_was("ID", "007")
    assert not sheet.rows[17].is_as_it_was("ID", "008")


def test_cells_corrected_before_are_corrections_still(tmp_path):
    path = written(tmp_path / "mend.xlsx", row(cells=("008", *CELLS[1:])))
    assert read_rows(path)["Kohorte.xlsx#Patienten"].rows[17].corrected == {"ID": "008"}


def test_a_row_or_a_column_taken_out_is_no_correction(tmp_path):
    path = written(tmp_path / "mend.xlsx", row(), row(18))
    book = openpyxl.load_workbook(path)
    book.worksheets[1].delete_rows(2)
    book.worksheets[1].delete_cols(6)
    book.save(path)
    sheet = read_rows(path)["Kohorte.xlsx#Patienten"]
    assert list(sheet.rows) == [18]
    assert sheet.n_corrected == 0


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(max_size=12), min_size=3, max_size=3), min_size=1, max_size=5))
def test_any_text_comes_back_as_it_was(tmp_path, cells):
    rows = [row(number, own, own) for number, own in enumerate(cells, start=2)]
    sheet = read_rows(written(tmp_path / "mend.xlsx", *rows))["Kohorte.xlsx#Patienten"]
    assert sheet.n_corrected == 0
    for number, own in enumerate(cells, start=2):
        assert list(sheet.rows[number].cells.values()) == list(map(plain, own))


@pytest.mark.parametrize("source", ["a" * 60, "x[1]:*?/\\'", "'", "Read me", "patients.csv"])
def test_any_source_has_a_sheet(tmp_path, source):
    write_rows(tmp_path / "m.xlsx", [SheetToMend(source + end, HEADER, [row()]) for end in ("", ".")], ["What to do."])
    assert set(read_rows(tmp_path / "m.xlsx")) == {source, f"{source}."}


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"A1": "Zeile"}, "does not begin with the columns Row, What to mend, Column"),
        ({"D1": "x"}, "does not begin with the columns"),
        ({"A5": "20", "E5": "P5"}, "Row 5 of the sheet is none that `workbook check` wrote"),
        ({"A2": "B"}, "Row 2 of the sheet is none that `workbook check` wrote"),
        ({"A3": "17"}, "row 17 of Kohorte.xlsx#Patienten is there twice, with different cells"),
        ({"F1": "ID"}, 'has two columns "ID"'),
    ],
)
def test_what_cannot_be_taken_is_told(tmp_path, cells, sentence):
    path = written(tmp_path / "mend.xlsx", row(), row(18, cells=("x", "y", "z"), original=("x", "y", "z")))
    assert sentence in problems(changed(path, **cells))


def test_the_same_row_twice_alike_is_one(tmp_path):
    assert list(read_rows(written(tmp_path / "mend.xlsx", row(), row()))["Kohorte.xlsx#Patienten"].rows) == [17]


def test_everything_wrong_is_told_at_once(tmp_path):
    path = tmp_path / "mend.xlsx"
    write_rows(path, [SheetToMend(name, HEADER, [row()]) for name in ("a", "b")], ["What to do."])
    book = openpyxl.load_workbook(path)
    for page in book.worksheets[1:]:
        page["A1"] = "x"
    book.save(path)
    assert len(problems(path).splitlines()) == 2


def test_two_sheets_of_one_source_are_told(tmp_path):
    sheet = SheetToMend("a", HEADER, [row()])
    write_rows(tmp_path / "m.xlsx", [sheet, replace(sheet, rows=[row(18)])], ["What to do."])
    assert "two sheets with rows of a" in problems(tmp_path / "m.xlsx")


def test_what_is_no_such_file_is_told(tmp_path):
    path = tmp_path / "mend.xlsx"
    assert "is not in the folder" in problems(path)
    path.write_bytes(b"Row,What\n1,2\n")
    assert "not a whole spreadsheet" in problems(path)
    path.write_bytes(written(tmp_path / "whole.xlsx", row()).read_bytes()[:900])
    assert "not a whole spreadsheet" in problems(path)
