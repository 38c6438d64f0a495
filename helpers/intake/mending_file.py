"""The spreadsheet of rows to mend: rows of a study's files as they stand there, to be corrected by hand and read back.

Each row carries a mark, made from the cells of the source as they were: it tells which cells were corrected since, and
whether the source is still the one that the row was taken from.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from helpers.errors import Problems
from helpers.intake.cell_texts import as_texts
from helpers.intake.table import cannot_be_read

OURS = ("Row", "What to mend", "Column")
MARK = "Mark of "
READ_ME = "Read me"
MOST_COLUMNS = 2_500  # the marks of so many cells are as long a text as a cell of a spreadsheet can hold
_LONGEST = 32_767
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_LINE_ENDS = re.compile(r"\r\n?")
_NO_NAME = re.compile(r"[\[\]:*?/\\']")
_WIDTHS = {"Row": 8, "What to mend": 60, "Column": 22}
_AGAIN = "Make a new one with `workbook check`."


@dataclass(frozen=True)
class RowToMend:
    """One row of a source: its number there, what is wrong in words, and its cells as they are to be shown.

    `original` has the cells as they stand in the source; `concerned` the columns that something is wrong with.
    """

    row: int
    what: str
    columns: str
    cells: Sequence[str]
    original: Sequence[str]
    concerned: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SheetToMend:
    """The rows to mend of one source, named as the study file names it, with the names of its columns."""

    source: str
    header: Sequence[str]
    rows: Sequence[RowToMend]


@dataclass(frozen=True)
class MendedRow:
    """A row as it came back: its cells by column, and the mark of its cells as they were."""

    row: int
    cells: dict[str, str]
    mark: frozenset[str]

    @cached_property
    def corrected(self) -> dict[str, str]:
        """The cells that are no longer as they were."""
        return {column: text for column, text in self.cells.items() if not self.is_as_it_was(column, text)}

    def is_as_it_was(self, column: str, text: str) -> bool:
        """Whether the cell of a column was this text when the row was taken from its source."""
        return _digest(column, text) in self.mark


@dataclass(frozen=True)
class MendedSheet:
    """The rows of one source that came back, by their number there."""

    source: str
    file: str
    header: tuple[str, ...]
    rows: dict[int, MendedRow] = field(default_factory=dict)

    @property
    def n_corrected(self) -> int:
        """How many cells were corrected."""
        return sum(len(row.corrected) for row in self.rows.values())


def plain(text: str) -> str:
    """A text as a spreadsheet can hold it: without control characters, line ends as one, nothing for blanks alone."""
    kept = _ILLEGAL.sub("", _LINE_ENDS.sub("\n", text))[:_LONGEST]
    return kept if kept.strip() else ""


def write_rows(path: Path, sheets: Iterable[SheetToMend], explanation: Sequence[str]) -> None:
    """Write the spreadsheet: a sheet with the explanation, then one for each source. Every cell is text."""
    import openpyxl
    from openpyxl.styles import Alignment, Font, PatternFill

    book = openpyxl.Workbook(write_only=True)
    first = book.create_sheet(READ_ME)
    looks = {
        "text": {},
        "wrapped": {"alignment": Alignment(wrap_text=True, vertical="top")},
        "head": {"font": Font(bold=True), "fill": PatternFill("solid", start_color="E8EBEF")},
        "concerned": {"fill": PatternFill("solid", start_color="FFE7B3")},
        "mended": {"fill": PatternFill("solid", start_color="D5EBD3")},
    }
    looks = {name: _style(first, **given) for name, given in looks.items()}
    first.column_dimensions["A"].width = 110
    for sentence in explanation:
        first.append([_cell(first, sentence, looks["wrapped"])])
    names = {READ_ME.casefold()}
    for sheet in sheets:
        name = _sheet_name(sheet.source, names)
        names.add(name.casefold())
        _write_sheet(book.create_sheet(name), sheet, looks)
    book.save(path)


def read_rows(path: Path) -> dict[str, MendedSheet]:
    """Read it back: source -> its rows.

    Raises
    ------
    Problems
        If it is no such file any more, with everything that is wrong.
    """
    from helpers.intake.spreadsheets import sheet_names  # loaded only where there are corrections

    if not path.is_file():
        raise cannot_be_read(path.name, [f'The file "{path.name}" is not in the folder "{path.parent}". Put it there.'])

    read, problems = {}, []
    for name in sheet_names(path):
        if name == READ_ME:
            continue
        try:
            sheet = _read_sheet(path, name)
        except Problems as error:
            problems += error.problems
            continue
        if sheet.source in read:
            problems.append(f"{path.name} has two sheets with rows of {sheet.source}. Keep one of them.")
        read[sheet.source] = sheet
    if problems:
        raise cannot_be_read(path.name, problems)
    return read


def _read_sheet(path: Path, name: str) -> MendedSheet:
    from helpers.intake.spreadsheets import open_spreadsheet

    opened = open_spreadsheet(path, sheet=name, header_row=1)
    where = f'The sheet "{name}" of {path.name}'
    header = list(opened.header)
    n_ours = len(OURS) + 1
    if tuple(header[: len(OURS)]) != OURS or not header[len(OURS) :] or not header[n_ours - 1].startswith(MARK):
        wanted = ", ".join(OURS)
        raise cannot_be_read(
            path.name,
            [f"{where} does not begin with the columns {wanted} and the hidden one after them, as it did. {_AGAIN}"],
        )
    own = header[n_ours:]
    twice = [column for column in dict.fromkeys(own) if column and own.count(column) > 1]
    if twice:
        raise cannot_be_read(path.name, [f'{where} has two columns "{twice[0]}". Take one of them out.'])
    texts = [as_texts(column).to_pylist() for column in opened.columns]
    sheet = MendedSheet(header[n_ours - 1].removeprefix(MARK), path.name, tuple(filter(None, own)))
    problems = []
    for number, line in zip(opened.row.tolist(), zip(*texts, strict=True), strict=True):
        cells = ["" if text is None else text for text in line]
        if any(text.strip() for text in cells):
            problems += _add_row(sheet, f"Row {number} of the sheet", where, own, cells)
    if problems:
        raise cannot_be_read(path.name, problems)
    return sheet


def _add_row(sheet: MendedSheet, here: str, where: str, own: list[str], cells: list[str]) -> list[str]:
    """Take a line of the spreadsheet for a row of the source, or say what is wrong with it."""
    row, mark = cells[0].strip(), frozenset(cells[len(OURS)].split())
    if not re.fullmatch("[0-9]{1,9}", row) or not mark:
        return [
            f"{where}: {here} is none that `workbook check` wrote. New rows belong into {sheet.source} itself; "
            "take it out here."
        ]
    by_column = {column: text for column, text in zip(own, cells[len(OURS) + 1 :], strict=True) if column}
    mended = MendedRow(int(row), by_column, mark)
    if sheet.rows.setdefault(mended.row, mended) != mended:
        return [f"{where}: row {row} of {sheet.source} is there twice, with different cells. Keep one of them."]
    return []


def _write_sheet(page, sheet: SheetToMend, looks: dict) -> None:
    from openpyxl.utils import get_column_letter

    names = [*OURS, f"{MARK}{sheet.source}", *sheet.header]
    for place, name in enumerate(names[: len(OURS)], start=1):
        page.column_dimensions[get_column_letter(place)].width = _WIDTHS[name]
    page.column_dimensions[get_column_letter(len(OURS) + 1)].hidden = True
    for place in range(len(OURS) + 2, len(names) + 1):
        page.column_dimensions[get_column_letter(place)].width = 16
    page.freeze_panes = "B2"
    page.auto_filter.ref = f"A1:{get_column_letter(len(names))}{len(sheet.rows) + 1}"
    page.append([_cell(page, name, looks["head"]) for name in names])
    for row in sheet.rows:
        mark = " ".join(map(_digest, sheet.header, row.original))
        line = [_cell(page, str(row.row), looks["text"]), _cell(page, row.what, looks["wrapped"])]
        line += [_cell(page, row.columns, looks["wrapped"]), _cell(page, mark, looks["text"])]
        for column, text, former in zip(sheet.header, row.cells, row.original, strict=True):
            look = "mended" if text != former else "concerned" if column in row.concerned else "text"
            line.append(_cell(page, text, looks[look]))
        page.append(line)


def _style(page, **given):
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(page, "")
    cell.number_format = "@"  # what is typed there stays the text that was typed
    for name, value in given.items():
        setattr(cell, name, value)
    return cell._style


def _cell(page, text: str, style):
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(page)
    cell._value = _ESCAPE.sub("_x005F_", plain(text))  # as text, whatever it may look like: a formula, an error
    cell.data_type = "s"
    cell._style = style
    return cell


def _sheet_name(source: str, taken: set[str]) -> str:
    base = _NO_NAME.sub("-", _ILLEGAL.sub("", source.rsplit("/", 1)[-1]))[:28].strip() or "rows"
    name, number = base, 2
    while name.casefold() in taken:
        name, number = f"{base[:26]} {number}", number + 1
    return name


def _digest(column: str, text: str) -> str:
    text = plain(text) if text.strip() else ""  # a spreadsheet's reader may not tell blanks from nothing
    named = f"{plain(column)}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(named, digest_size=6).hexdigest()
