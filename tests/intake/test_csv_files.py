"""CSV as people have it: any delimiter and encoding, titles above the header, and what cannot be read told plainly."""

import numpy as np
import pytest

from helpers.intake import csv_files
from helpers.intake.sheet import open_sheet, sheet_names
from tests.intake.read import problems, read, values

TEXT = "patient_id,Größe,note\n007,1,Müller\n010,,x y\n"
EXPECTED = {"patient_id": ["007", "010"], "Größe": ["1", ""], "note": ["Müller", "x y"]}


def written(folder, text, name="patients.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("encoding", "is_told"),
    [
        ("utf-8", False), ("utf-8-sig", False), ("utf-16", False), ("utf-32", False), ("utf-16-le", True),
        ("utf-16-be", True), ("latin-1", True), ("cp1252", True),
    ],
)  # fmt: skip
def test_every_delimiter_and_encoding(tmp_path, delimiter, line_end, encoding, is_told):
    text = TEXT.replace(",", delimiter).replace("\n", line_end)
    sheet = open_sheet(written(tmp_path, text, encoding=encoding))
    assert values(sheet) == EXPECTED
    assert sheet.row.tolist() == [2, 3]
    assert len(sheet.notes) == is_told


def test_the_note_names_the_encoding(tmp_path):
    (note,) = open_sheet(written(tmp_path, TEXT, encoding="latin-1")).notes
    assert note.startswith("patients.csv is not UTF-8; it is read as Windows-1252 (Western European, Latin-1).")
    (note,) = open_sheet(written(tmp_path, TEXT, encoding="utf-16-be")).notes
    assert "UTF-16 (big-endian)" in note


def test_an_encoding_that_shows_only_far_down_is_found(tmp_path):
    text = "patient_id,note\n" + "A,x\n" * 700_000 + "B,Müller\n"
    sheet = open_sheet(written(tmp_path, text, encoding="latin-1"))
    assert values(sheet)["note"][-1] == "Müller"
    assert len(sheet.notes) == 1


def test_letters_of_windows_are_those_of_windows(tmp_path):
    text = 'id,note\n1,"5 € – „ß“"\n' + "2,äöü\n" * 9
    assert read(written(tmp_path, text, encoding="cp1252"))["note"][0] == "5 € – „ß“"


def test_an_encoding_nobody_can_tell_is_not_guessed(tmp_path):
    told = problems(written(tmp_path, "id,note\n1,Müller\n", encoding="cp850"))
    assert "The encoding of patients.csv cannot be told" in told
    assert read(written(tmp_path, "id,note\n1,Müller\n", encoding="cp850"), encoding="cp850")["note"] == ["Müller"]
    assert "Known are utf-8" in problems(written(tmp_path, TEXT), encoding="klingon")
    assert "is not utf-16 text all through" in problems(written(tmp_path, b"\xff\xfea"))
    assert "is not utf-8" in problems(written(tmp_path, TEXT, encoding="latin-1"), encoding="utf-8")


def test_two_encodings_in_one_file_are_told_with_the_line(tmp_path):
    content = "id,note\n1,Müller\n2,x\n".encode() + "3,Müller\n".encode("latin-1")
    assert "UTF-8 in some lines, but not in line 4" in problems(written(tmp_path, content))


def test_titles_above_the_header_are_left_out_and_told(tmp_path):
    text = "Kohorte 2006, Klinik Bern;;;\n\nID;Geschlecht;Alter;Datum\nA;w;72;1,5\nB;m;68;2,5\n"
    sheet = open_sheet(written(tmp_path, text))
    assert values(sheet) == {"ID": ["A", "B"], "Geschlecht": ["w", "m"], "Alter": ["72", "68"], "Datum": ["1,5", "2,5"]}
    assert sheet.row.tolist() == [4, 5]
    assert sheet.notes == [
        "The column names of patients.csv are taken from row 3. Rows 1 to 2 were left out: no names stand there."
    ]
    assert open_sheet(written(tmp_path, text), header_row=4).header == ["A", "w", "72", "1,5"]
    assert "no header in row 9" in problems(written(tmp_path, text), header_row=9)
    assert "must be a row number from 1" in problems(written(tmp_path, text), header_row=0)


def test_rows_below_titles_with_a_wrong_number_of_cells_are_told_by_their_row(tmp_path):
    text = "Kohorte\nID;Geschlecht;Alter\nA;w;72\nB;m\n"
    assert "Row 4 of patients.csv has 2 cells, but the header has 3" in problems(written(tmp_path, text))


def test_the_line_that_excel_takes_for_itself(tmp_path):
    sheet = open_sheet(written(tmp_path, "sep=;\r\nid;a,b\r\n1;2\r\n"))
    assert (sheet.header, sheet.row.tolist(), sheet.notes) == (["id", "a,b"], [2], [])


def test_a_delimiter_is_not_taken_from_texts(tmp_path):
    text = "id;a, b, c, d\n1;x, y\n2;1,5\n"
    assert open_sheet(written(tmp_path, text)).header == ["id", "a, b, c, d"]
    assert open_sheet(written(tmp_path, "id,a\n1,2\n"), delimiter=";").header == ["id,a"]


def test_limits(tmp_path):
    assert read(written(tmp_path, "id,sex\n")) == {"id": [], "sex": []}
    assert read(written(tmp_path, "id,sex\n001,F")) == {"id": ["001"], "sex": ["F"]}
    wide = ",".join(f"c{number}" for number in range(500))
    assert len(open_sheet(written(tmp_path, f"{wide}\n{wide}\n")).columns) == 500
    assert "has no header" in problems(written(tmp_path, ""))
    assert '2 columns called "sex"' in problems(written(tmp_path, "id,sex,sex\n1,2,3\n"))
    assert "is not in the folder" in problems(tmp_path / "nowhere.csv")
    assert "is a folder. Name one file in it. In it there are: patients.csv." in problems(tmp_path)


@pytest.mark.parametrize("n_rows", [1, 3_000_000])
def test_a_quote_that_swallows_the_rows_below_is_told(tmp_path, n_rows):
    told = problems(written(tmp_path, 'id,a\n0,"x\ny"\n1,"x\n' + "2,y\n" * n_rows))
    assert told.startswith("A double quote in row 3 of patients.csv is opened and not closed")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_last_row_of_several_lines_is_whole(tmp_path, encoding):
    path = written(tmp_path, 'id,a\n1,5" nail\n2,"x\ny"\n', encoding=encoding)
    assert read(path)["a"] == ['5" nail', "x\ny"]


def test_what_is_no_table_is_told(tmp_path):
    assert "is a PDF, not a table" in problems(written(tmp_path, b"%PDF-1.7\n"))
    assert "is a compressed file" in problems(written(tmp_path, b"\x1f\x8b123", "patients.csv.gz"))
    assert "is one table" in problems(f"{written(tmp_path, TEXT)}#Patienten")
    assert "A query can be asked of a database only" in problems(written(tmp_path, TEXT), query="SELECT 1")


def test_a_file_that_is_locked_is_told(tmp_path, monkeypatch):
    path = written(tmp_path, TEXT)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    assert "patients.csv may not be read: it is open in another program" in problems(path)


def test_empty_columns_and_rows_at_the_end_are_left_out(tmp_path):
    sheet = open_sheet(written(tmp_path, "id,,sex,\n1,,F,\n,,,\n2,x,M,\n,,,\n"))
    assert (sheet.header, sheet.row.tolist()) == (["id", "", "sex"], [2, 4])


def test_a_file_name_may_hold_what_else_marks_a_sheet(tmp_path):
    assert read(written(tmp_path, "id\n1\n", "a#b.csv")) == {"id": ["1"]}
    assert sheet_names(tmp_path / "a#b.csv") == []


def test_many_blocks_are_one_table(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, "ROWS_AT_ONCE", 1 << 12)
    rows = [f"P{number:05d},{number % 3 or ''}" for number in range(5000)]
    sheet = open_sheet(written(tmp_path, "id,a\n" + "\n".join(rows)))
    assert sheet.columns[0].num_chunks > 5
    assert sheet.columns[0].to_pylist() == [row.split(",")[0] for row in rows]
    assert sheet.columns[1].to_pylist() == [row.split(",")[1] for row in rows]
    assert (sheet.row == np.arange(2, 5002)).all()
    rows[4000] = "P,1,2"
    assert "Row 4002 of patients.csv has 3 cells" in problems(written(tmp_path, "id,a\n" + "\n".join(rows)))
