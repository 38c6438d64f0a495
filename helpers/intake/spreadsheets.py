"""Spreadsheets (.xlsx, .xlsm, .xlsb, .xls, .ods): one sheet of a workbook as a table."""

import datetime
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from helpers.intake.cell_texts import cells
from helpers.intake.header_row import LOOKED_AT, checked_row, find_header, skipped
from helpers.intake.nearest import nearest
from helpers.intake.spreadsheet_xml import MOST_CELLS, Inside, look_inside, padded_numbers
from helpers.intake.table import Held, cannot_be_read, locked

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def sheet_names(path: Path) -> list[str]:
    """The sheets with something in them that are not hidden."""
    return _filled(_workbook(path), path)


def open_spreadsheet(path: Path, *, sheet: str = "", header_row: int | None = None) -> Held:
    """Read one sheet; it need not be named where only one has anything in it and is not hidden.

    The header is the first row most of whose cells are names, so that titles may stand above it. A cell merged
    over several rows of the data counts for each of them.
    """
    workbook = _workbook(path)
    name = _chosen(workbook, path, sheet)
    source = f'{path.name}, sheet "{name}"' if len(workbook.sheet_names) > 1 else path.name
    inside = look_inside(path, name)
    if inside.n_cells > MOST_CELLS:
        raise cannot_be_read(
            source, [f"The sheet reaches down to {inside.last_cell}. Delete the empty rows and columns at its end."]
        )
    try:
        opened = workbook.get_sheet_by_name(name)
        rows = opened.to_python(skip_empty_area=False)
        merged = opened.merged_cell_ranges or []
    except Exception:  # the library has errors of many kinds, one even for a bug of its own
        raise cannot_be_read(source, [_broken(path.name)]) from None
    if not any(cell != "" for row in rows for cell in row):
        raise cannot_be_read(source, ["Nothing stands on the sheet. Name another one, or put the table there."])
    return _table(path, name, source, rows, merged, checked_row(header_row, source), inside)


def _table(path, name, source, rows, merged, place, inside: Inside) -> Held:
    asked = place is not None
    place = place if asked else find_header(rows[:LOOKED_AT])
    if place >= len(rows) or not any(isinstance(cell, str) and cell.strip() for cell in rows[place]):
        raise cannot_be_read(source, [f"{source} has no header in row {place + 1}. Put the column names there."])
    notes = [] if asked else skipped(place, source)
    above = None
    if any(top == place == bottom and right > left for (top, left), (bottom, right) in merged) and place + 1 < len(
        rows
    ):
        above, place = rows[place], place + 1
        notes.append(f"The column names of {source} are taken from the rows {place} and {place + 1}.")
    header = [_name(cell) or _name(above[at] if above else "") for at, cell in enumerate(rows[place])]
    columns = [list(column) for column in zip(*rows[place + 1 :], strict=True)] or [[] for _ in header]
    if _fill_merged(columns, merged, place + 1):
        notes.append(f"Cells of {source} that are merged over several rows count for each of these rows.")
    for at, number, text in padded_numbers(path, name, inside):
        if number > place and number <= place + len(columns[at]):
            columns[at][number - place - 1] = text
    made = [cells(column) for column in columns]
    notes += [f'The column "{own}" of {source} {told}.' for own, (_, told) in zip(header, made, strict=True) if told]
    notes += inside.notes(source)
    if path.with_name(f"~${path.name}").exists():
        notes.append(f"{path.name} seems to be open in a spreadsheet program; what is not yet saved there is not read.")
    first = place + 2
    row = np.arange(first, first + len(rows) - place - 1, dtype=np.int32)
    return Held(source, header, notes, {}, place + 1, [column for column, _ in made], row)


def _workbook(path: Path):
    import python_calamine

    try:
        return python_calamine.load_workbook(path)
    except python_calamine.PasswordError:
        raise cannot_be_read(path.name, [_protected(path.name)]) from None
    except OSError:
        raise cannot_be_read(path.name, [locked(path.name)]) from None
    except Exception:  # the library has errors of many kinds
        with path.open("rb") as file:
            is_protected = _ENCRYPTED in file.read()
        raise cannot_be_read(path.name, [(_protected if is_protected else _broken)(path.name)]) from None


def _filled(workbook, path: Path) -> list[str]:
    """The sheets that are shown and have a cell."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    shown = [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
    ]
    return [name for name in shown if _has_cells(workbook, path, name)]


def _has_cells(workbook, path: Path, name: str) -> bool:
    if (inside := look_inside(path, name)).is_xlsx:
        return inside.has_values
    try:
        return workbook.get_sheet_by_name(name).end is not None
    except Exception:  # the library has errors of many kinds
        raise cannot_be_read(path.name, [_broken(path.name)]) from None


def _chosen(workbook, path: Path, sheet: str) -> str:
    called, names = path.name, workbook.sheet_names
    if sheet in names:
        return sheet
    same = [name for name in names if name.strip().casefold() == sheet.strip().casefold()]
    if sheet and len(same) == 1:
        return same[0]
    if sheet:
        raise cannot_be_read(called, [f'{called} has no sheet "{sheet}". {nearest(sheet, names, "sheets")}'])
    filled = _filled(workbook, path)
    if len(filled) == 1:
        return filled[0]
    if not filled:
        raise cannot_be_read(called, [f"{called} has nothing on its sheets. Put the table there."])
    raise cannot_be_read(
        called,
        [f'{called} has the sheets {", ".join(filled)}. Name one of them, as in "{called}#{filled[0]}".'],
    )


def _name(cell) -> str:
    """A column name, which may be a number or a date too."""
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    return str(cell).strip()


def _fill_merged(columns: list[list], merged: Sequence, first: int) -> bool:
    """Write the value of cells merged over several rows into each of them; True if there were any."""
    found = False
    for (top, left), (bottom, right) in merged:
        if top < first or top == bottom or left != right or left >= len(columns):
            continue
        own = columns[left]
        last = min(bottom - first + 1, len(own))
        own[top - first : last] = [own[top - first]] * (last - (top - first))
        found = True
    return found


def _protected(called: str) -> str:
    return f"{called} is protected with a password. Open it, save a copy without the password and name that one."


def _broken(called: str) -> str:
    return (
        f"{called} is not a whole spreadsheet: it is broken, or was cut off. Copy it again, or save it again as .xlsx."
    )
