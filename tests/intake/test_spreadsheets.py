"""Spreadsheets as people have them, written by other libraries than the one that reads them."""

import datetime
import zipfile

import openpyxl
import pytest
import xlsxwriter

from helpers.intake.sheet import open_sheet, sheet_names
from tests.intake.read import day, problems, read, values

ROWS = [["ID", "Geschlecht", "Alter"], ["007", "w", 72], ["B", "m", 68.5]]
EXPECTED = {"ID": ["007", "B"], "Geschlecht": ["w", "m"], "Alter": ["72", "68.5"]}


def written(folder, sheets, name="Kohorte.xlsx"):
    """A workbook: sheet -> rows of values; None for an empty cell."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(folder / name)
    return folder / name


def changed(folder, change, rows=ROWS):
    """A workbook of one sheet after `change(sheet)`."""
    path = written(folder, {"Patienten": rows})
    book = openpyxl.load_workbook(path)
    change(book["Patienten"])
    book.save(path)
    return path


@pytest.fixture
def book(tmp_path):
    """Writes a workbook with xlsxwriter: what a person formats in Excel."""
    path = tmp_path / "Kohorte.xlsx"
    made = xlsxwriter.Workbook(path)

    def close():
        made.close()
        return path

    made.done = close
    return made


def test_a_workbook_of_one_sheet(tmp_path):
    sheet = open_sheet(written(tmp_path, {"Patienten": ROWS}))
    assert values(sheet) == EXPECTED
    assert (sheet.source, sheet.row.tolist(), sheet.notes) == ("Kohorte.xlsx", [2, 3], [])


def test_a_workbook_of_several_sheets(tmp_path):
    path = written(tmp_path, {"Patienten": ROWS, "leer": [], "Labor 2": [["ID"], ["x"]]})
    assert sheet_names(path) == ["Patienten", "Labor 2"]
    assert values(open_sheet(path, sheet="Patienten")) == EXPECTED
    assert values(open_sheet(f"{path}#patienten ")) == EXPECTED
    assert open_sheet(path, sheet="Labor 2").source == 'Kohorte.xlsx, sheet "Labor 2"'
    told = 'Kohorte.xlsx has the sheets Patienten, Labor 2. Name one of them, as in "Kohorte.xlsx#Patienten".'
    assert problems(path) == told
    assert problems(path, sheet="Patiente") == 'Kohorte.xlsx has no sheet "Patiente". Did you mean "Patienten"?'
    assert "Its sheets: Patienten, leer, Labor 2." in problems(path, sheet="xyz")
    assert "Nothing stands on the sheet" in problems(path, sheet="leer")


def test_sheets_that_are_hidden_are_not_offered_but_can_be_named(tmp_path):
    path = written(tmp_path, {"Patienten": ROWS, "alt": ROWS})
    made = openpyxl.load_workbook(path)
    made["alt"].sheet_state = "hidden"
    made.save(path)
    assert sheet_names(path) == ["Patienten"]
    assert values(open_sheet(path)) == EXPECTED == values(open_sheet(path, sheet="alt"))


def test_dates_numbers_and_truths_as_a_person_sees_them(tmp_path):
    rows = [
        ["date", "moment", "number", "sum", "big", "truth", "time", "mixed"],
        [day("2006-01-27"), datetime.datetime(2006, 1, 27, 10, 30), 72.0, 0.1 + 0.2, 1234567890123, True,
         datetime.time(10, 30), 5],
        [None, datetime.datetime(1999, 12, 31), 0.1, 1e-5, -7, False, None, "x"],
    ]  # fmt: skip
    assert read(written(tmp_path, {"a": rows})) == {
        "date": [day("2006-01-27"), None],
        "moment": [day("2006-01-27"), day("1999-12-31")],
        "number": ["72", "0.1"],
        "sum": ["0.3", "0.00001"],
        "big": ["1234567890123", "-7"],
        "truth": ["TRUE", "FALSE"],
        "time": ["10:30", ""],
        "mixed": ["5", "x"],
    }


def test_plain_day_numbers_stay_numbers(tmp_path):
    assert read(written(tmp_path, {"a": [["date"], [38744]]})) == {"date": ["38744"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("28.01.2006", "27.01.2006"), ("2006-01-28", "2006-01-27"), ("1/28/2006", "2006-01-27"), ("?", "2006-01-27")],
)
def test_dates_beside_texts_are_written_like_them_and_told(tmp_path, text, expected):
    sheet = open_sheet(written(tmp_path, {"a": [["death"], [day("2006-01-27")], [text], [" "]]}))
    assert values(sheet) == {"death": [expected, text]}
    (note,) = sheet.notes
    assert note.startswith('The column "death" of Kohorte.xlsx has 1 date beside texts that are none')


def test_identifiers_with_leading_zeros_by_their_format(book):
    sheet = book.add_worksheet("a")
    sheet.write_row(0, 0, ["ID", "Nr", "Fall", "Betrag"])
    for column, code in enumerate(["00000", '"P"000', "000-00", "0.00"]):
        sheet.write(1, column, 42, book.add_format({"num_format": code}))
    sheet.write(2, 0, "A1")
    assert read(book.done()) == {"ID": ["00042", "A1"], "Nr": ["P042", ""], "Fall": ["42", ""], "Betrag": ["42", ""]}


def test_titles_above_the_header(book):
    sheet = book.add_worksheet("a")
    sheet.merge_range("A1:C1", "Kohorte 2006, Klinik Bern")
    sheet.write(1, 0, "Stand:")
    sheet.write_datetime(1, 1, datetime.datetime(2007, 3, 1), book.add_format({"num_format": "dd.mm.yyyy"}))
    for place, row in enumerate(ROWS):
        sheet.write_row(3 + place, 0, row)
    sheet = open_sheet(book.done())
    assert values(sheet) == EXPECTED
    assert sheet.row.tolist() == [5, 6]
    assert sheet.notes[0].startswith("The column names of Kohorte.xlsx are taken from row 4. Rows 1 to 3 were left out")


def test_a_header_of_two_rows(book):
    sheet = book.add_worksheet("a")
    sheet.merge_range("A1:A2", "ID")
    sheet.merge_range("B1:C1", "Operation")
    sheet.write_row(1, 1, ["Datum", "Segment"])
    sheet.write_row(2, 0, ["A", "x", "L1"])
    sheet = open_sheet(book.done())
    assert values(sheet) == {"ID": ["A"], "Datum": ["x"], "Segment": ["L1"]}
    assert sheet.notes == ["The column names of Kohorte.xlsx are taken from the rows 1 and 2."]


def test_cells_merged_over_rows_count_for_each(book):
    sheet = book.add_worksheet("a")
    sheet.write_row(0, 0, ["ID", "Segment"])
    sheet.merge_range("A2:A4", "P1")
    sheet.write_column(1, 1, ["L1", "L2", "L3"])
    sheet.write_row(4, 0, ["P2", "L4"])
    sheet = open_sheet(book.done())
    assert values(sheet)["ID"] == ["P1", "P1", "P1", "P2"]
    assert sheet.notes == ["Cells of Kohorte.xlsx that are merged over several rows count for each of these rows."]


def test_formulas_are_read_by_their_values_and_errors_are_told(book):
    sheet = book.add_worksheet("a")
    sheet.write_row(0, 0, ["ID", "Alter"])
    sheet.write_column(1, 0, ["A", "B"])
    sheet.write_formula(1, 1, "=70+2", value=72)
    sheet.write_formula(2, 1, "=1/0", value="#DIV/0!")
    sheet.write(3, 0, "C")
    sheet.write_formula(3, 1, '=IF(1=1,"",2)', value="leer")
    path, whole = book.done(), {}
    with zipfile.ZipFile(path) as archive:
        whole = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:  # as Excel keeps an empty text
        for name, content in whole.items():
            archive.writestr(name, content.replace(b"<v>leer</v>", b"<v></v>"))
    sheet = open_sheet(path)
    assert values(sheet)["Alter"] == ["72", "", ""]
    assert sheet.notes == [
        "Kohorte.xlsx has 3 formulas; a formula is read as the value saved with it.",
        "Kohorte.xlsx has 1 cell with an error like #N/A or #DIV/0!, read as empty.",
    ]


def test_formulas_that_nothing_has_computed_are_told(tmp_path):
    sheet = open_sheet(written(tmp_path, {"a": [["ID", "Alter"], ["A", "=70+2"]]}))
    assert values(sheet) == {"ID": ["A"], "Alter": [""]}
    assert sheet.notes[0].startswith("Kohorte.xlsx has 1 formula; ")
    assert sheet.notes[1].startswith("Kohorte.xlsx has 1 formula without a saved value, read as empty. Open the file")


def test_the_header_row_may_be_said(tmp_path):
    path = written(tmp_path, {"a": [["x", "y", "z"], *ROWS]})
    assert values(open_sheet(path, header_row=2)) == EXPECTED
    assert open_sheet(path, header_row=2).notes == []
    assert "has no header in row 9" in problems(path, header_row=9)


def test_rows_and_columns_without_entries_are_left_out(tmp_path):
    def change(sheet):
        sheet["F20"] = "  "
        sheet["H9"].font = openpyxl.styles.Font(bold=True)

    sheet = open_sheet(changed(tmp_path, change, [*ROWS, [], ["C", "w", 1]]))
    assert sheet.header == ["ID", "Geschlecht", "Alter"]
    assert sheet.row.tolist() == [2, 3, 5]


def test_limits(tmp_path):
    assert read(written(tmp_path, {"a": ROWS[:1]})) == {"ID": [], "Geschlecht": [], "Alter": []}
    assert read(written(tmp_path, {"a": ROWS[:2]}))["ID"] == ["007"]
    wide = [[f"c{number}" for number in range(500)], list(range(500))]
    assert len(open_sheet(written(tmp_path, {"a": wide})).columns) == 500
    assert '2 columns called "ID"' in problems(written(tmp_path, {"a": [["ID", "ID"], [1, 2]]}))
    assert "has nothing on its sheets" in problems(written(tmp_path, {"a": [], "b": []}))
    assert "no header in row 1" in problems(written(tmp_path, {"a": [[1, 2], [3, 4]]}))
    far = changed(tmp_path, lambda sheet: sheet.__setitem__("XFD1048576", None))
    assert read(far)["ID"] == ["007", "B"]


def test_a_sheet_that_reaches_too_far_is_told(tmp_path):
    path = changed(tmp_path, lambda sheet: sheet.__setitem__("AAA1048576", "x"))
    assert "The sheet reaches down to AAA1048576. Delete the empty rows and columns" in problems(path)


@pytest.mark.parametrize("kept", [0, 3, 30, 0.5, 0.99])
def test_a_workbook_that_was_cut_off_is_told(tmp_path, kept):
    path = written(tmp_path, {"a": ROWS})
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(len(content) * kept)])
    assert problems(path).startswith("Kohorte.xlsx is not a whole spreadsheet: it is broken, or was cut off.")


def test_an_archive_that_is_no_workbook_is_told(tmp_path):
    path = tmp_path / "Kohorte.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("patients.csv", "id\n1\n")
    assert "is not a whole spreadsheet" in problems(path)


ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body><office:spreadsheet>
<table:table table:name="Patienten">
<table:table-row><table:table-cell office:value-type="string"><text:p>ID</text:p></table:table-cell>
<table:table-cell office:value-type="string"><text:p>Alter</text:p></table:table-cell>
<table:table-cell office:value-type="string"><text:p>Tod</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell office:value-type="string"><text:p>007</text:p></table:table-cell>
<table:table-cell office:value-type="float" office:value="72"><text:p>72</text:p></table:table-cell>
<table:table-cell office:value-type="date" office:date-value="2006-01-27"><text:p>27.01.06</text:p></table:table-cell>
</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"""


MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">
<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>"""


def test_an_open_document(tmp_path):
    path = tmp_path / "Kohorte.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS.replace("\n", ""))
        archive.writestr("META-INF/manifest.xml", MANIFEST)
    assert sheet_names(path) == ["Patienten"]
    assert read(path) == {"ID": ["007"], "Alter": ["72"], "Tod": [day("2006-01-27")]}


def test_dates_that_are_counted_from_1904(tmp_path):
    path = tmp_path / "Kohorte.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": True}) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["ID", "Tod"])
        sheet.write(1, 0, "A")
        sheet.write_datetime(1, 1, datetime.datetime(2006, 1, 27), made.add_format({"num_format": "dd.mm.yyyy"}))
    assert read(path)["Tod"] == [day("2006-01-27")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_text_that_is_called_a_spreadsheet_is_read_and_told(tmp_path, encoding):
    path = tmp_path / "Kohorte.xls"
    path.write_bytes("ID\tGeschlecht\nMüller\tw\n".encode(encoding))
    sheet = open_sheet(path)
    assert values(sheet) == {"ID": ["Müller"], "Geschlecht": ["w"]}
    assert "Kohorte.xls is no spreadsheet, whatever it is called, but text; it is read as CSV." in sheet.notes


def test_a_web_page_that_is_called_a_spreadsheet_is_told(tmp_path):
    path = tmp_path / "Kohorte.xls"
    path.write_text("\n<HTML><table><tr><td>ID</td></tr></table></html>")
    assert "Kohorte.xls is a web page, not a table. Save the table as CSV UTF-8 or Excel." in problems(path)


def encrypted(path):
    """A file as Excel writes it with a password: an old-style container with a stream of this name."""
    sector = bytearray(512 * 4)
    sector[:8] = bytes.fromhex("d0cf11e0a1b11ae1")
    sector[24:34] = bytes.fromhex("3e000300feff09000600")
    sector[44:48] = (1).to_bytes(4, "little")
    sector[48:52] = (1).to_bytes(4, "little")
    sector[56:60] = (4096).to_bytes(4, "little")
    sector[60:64] = sector[68:72] = b"\xfe\xff\xff\xff"
    sector[76:512] = b"\xff" * 436
    sector[76:80] = (0).to_bytes(4, "little")
    sector[512:1024] = b"\xff" * 512
    sector[512:516], sector[516:520] = b"\xfd\xff\xff\xff", b"\xfe\xff\xff\xff"
    for place, (name, kind, child) in enumerate([("Root Entry", 5, 1), ("EncryptedPackage", 2, -1)]):
        entry = bytearray(128)
        text = name.encode("utf-16-le") + b"\0\0"
        entry[: len(text)] = text
        entry[64:66] = len(text).to_bytes(2, "little")
        entry[66], entry[67] = kind, 1
        entry[68:76] = b"\xff" * 8
        entry[76:80] = child.to_bytes(4, "little", signed=True)
        entry[116:120] = b"\xfe\xff\xff\xff"
        sector[1024 + 128 * place : 1152 + 128 * place] = entry
    path.write_bytes(bytes(sector))
    return path


@pytest.mark.parametrize("name", ["Kohorte.xlsx", "Kohorte.xls", "Kohorte.csv"])
def test_a_workbook_with_a_password_is_told(tmp_path, name):
    told = f"{name} is protected with a password. Open it, save a copy without the password and name that one."
    assert problems(encrypted(tmp_path / name)) == told


def test_a_workbook_with_a_password_as_a_library_writes_it(tmp_path):
    ooxml = pytest.importorskip("msoffcrypto.format.ooxml", reason="msoffcrypto-tool is not installed")
    path, locked = written(tmp_path, {"a": ROWS}), tmp_path / "zu.xlsx"
    with path.open("rb") as plain, locked.open("wb") as file:
        ooxml.OOXMLFile(plain).encrypt("geheim", file)
    assert "zu.xlsx is protected with a password" in problems(locked)


def test_a_workbook_that_is_open_elsewhere(tmp_path, monkeypatch):
    path = written(tmp_path, {"a": ROWS})
    (tmp_path / "~$Kohorte.xlsx").write_bytes(b"x")
    assert "seems to be open in a spreadsheet program" in open_sheet(path).notes[0]

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    assert "Kohorte.xlsx may not be read" in problems(path)
