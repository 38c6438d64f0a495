"""What an .xlsx file holds besides values: formulas, errors, and formats that fill numbers up with zeros."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from helpers.counts import counted

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_BLOCK = 1 << 22
MOST_CELLS = 150_000_000
_FORMULA = (b"<f>", b"<f ", b"<f/")
# A formula whose value is the empty text has t="str", and is no formula without a value.
_NO_VALUE = re.compile(rb'<c(?: (?!t="str")[^ >]*)*><f(?:[^>]*/>|[^>]*>[^<]*</f>)(?:<v></v>|<v ?/>|)</c>')
_ERROR = b' t="e"'
_VALUE = (b"<v>", b"<is>", *_FORMULA)
_FILLED = re.compile(rb'<c r="([A-Z]+)(\d+)"(?: [^>]*[^/>])?>(?!</)')
_EXTENT = re.compile(rb'<dimension ref="(?:[A-Z]+\d+:)?([A-Z]+)(\d+)"')
_PADDED = re.compile(r'(?:"([^"]*)"|((?:\\.|-|/)*))(0{2,})')


@dataclass(frozen=True)
class Inside:
    """Formulas of a sheet, those without a value, errors; its last cell; has it padding formats, has it any value."""

    n_formulas: int = 0
    n_without_value: int = 0
    n_errors: int = 0
    last_cell: str = ""
    n_cells: int = 0
    is_padded: bool = False
    has_values: bool = False
    is_xlsx: bool = False

    def notes(self, source: str) -> list[str]:
        """Sentences on them."""
        notes = []
        if self.n_formulas:
            formulas = counted(self.n_formulas, "formula")
            notes.append(f"{source} has {formulas}; a formula is read as the value saved with it.")
        if self.n_without_value:
            notes.append(
                f"{source} has {counted(self.n_without_value, 'formula')} without a saved value, read as empty. "
                "Open the file in a spreadsheet program and save it again."
            )
        if self.n_errors:
            cells = counted(self.n_errors, "cell")
            notes.append(f"{source} has {cells} with an error like #N/A or #DIV/0!, read as empty.")
        return notes


def look_inside(path: Path, sheet: str) -> Inside:
    """Look into the XML of a sheet; nothing is told of other kinds of spreadsheets."""
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part(archive, sheet)
            if part is None:
                return Inside()
            formulas = without = errors = values = 0
            column, row = b"A", b"1"
            for text, is_first in _blocks(archive, part):
                if is_first and (extent := _EXTENT.search(text)):
                    column, row = extent.groups()
                own = sum(map(text.count, _FORMULA))
                formulas += own
                without += len(_NO_VALUE.findall(text)) if own else 0
                errors += text.count(_ERROR)
                values += bool(values or any(mark in text for mark in _VALUE))
            n_cells = _column_number(column.decode()) * int(row)
            if n_cells > MOST_CELLS:  # empty cells may be formatted far off
                column, row = _last_filled(archive, part)
                n_cells = _column_number(column.decode()) * int(row)
            return Inside(
                formulas, without, errors, (column + row).decode(), n_cells, _has_padding(archive), values > 0, True
            )
    except (zipfile.BadZipFile, KeyError, OSError, ElementTree.ParseError, EOFError, ValueError, zlib.error):
        return Inside()


def padded_numbers(path: Path, sheet: str, inside: Inside) -> Iterator[tuple[int, int, str]]:
    """(place of the column, row from 0, text) of whole numbers whose format fills them up with zeros, as 00042."""
    if not inside.is_padded:
        return
    import openpyxl

    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    for cells in workbook[sheet].iter_rows():
        for cell in cells:
            padded = _PADDED.fullmatch(cell.number_format or "") if _is_whole(cell.value) else None
            if padded:
                before = padded[1] if padded[1] is not None else padded[2].replace("\\", "")
                yield cell.column - 1, cell.row - 1, f"{before}{int(cell.value):0{len(padded[3])}d}"
    workbook.close()


def _is_whole(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and value == int(value)


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The name of a sheet's XML in the archive."""
    if "xl/workbook.xml" not in archive.namelist():
        return None
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    target = {link.get("Id"): link.get("Target", "") for link in links}
    for one in book.iter(f"{_MAIN}sheet"):
        if one.get("name") == sheet:
            part = target.get(one.get(_LINK), "")
            part = part.lstrip("/") if part.startswith("/") else f"xl/{part}"
            return part if part in archive.namelist() else None
    return None


def _blocks(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[bytes, bool]]:
    """The text of a part in blocks that end with a cell; is it the first?"""
    with archive.open(part) as file:
        rest, is_first = b"", True
        while block := file.read(_BLOCK):
            text = rest + block
            end = text.rfind(b"</c>") + 4 if b"</c>" in text else 0
            rest = text[end:]
            yield text[:end], is_first
            is_first = is_first and not end
        yield rest, is_first


def _last_filled(archive: zipfile.ZipFile, part: str) -> tuple[bytes, bytes]:
    """Column and row of the last cell with a value."""
    columns, last = {b"A"}, 1
    for text, _ in _blocks(archive, part):
        found = _FILLED.findall(text)
        columns |= {column for column, _ in found}
        last = max([last, *(int(row) for _, row in found)])
    return max(columns, key=lambda column: _column_number(column.decode())), str(last).encode()


def _has_padding(archive: zipfile.ZipFile) -> bool:
    if "xl/styles.xml" not in archive.namelist():
        return False
    styles = ElementTree.fromstring(archive.read("xl/styles.xml"))
    padding = {
        own.get("numFmtId") for own in styles.iter(f"{_MAIN}numFmt") if _PADDED.fullmatch(own.get("formatCode", ""))
    }
    used = {one.get("numFmtId") for cells in styles.iter(f"{_MAIN}cellXfs") for one in cells}
    return bool(padding & used)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
