"""REDCap exports (CSV): one table for each repeating instrument, and codes by the project's data dictionary."""

import csv
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from helpers.counts import counted
from helpers.intake import csv_files, value_labels
from helpers.intake.cell_texts import without_gaps
from helpers.intake.nearest import nearest
from helpers.intake.table import Held, Table, cannot_be_read
from helpers.intake.text_columns import TEXTS

MAIN = "main"  # what the rows are called that belong to no repeating instrument
INSTRUMENT = ("redcap_repeat_instrument", "Repeat Instrument")
_EXPORT = re.compile(r"(.+?)_DATA(?:_LABELS)?_.*\.csv", re.IGNORECASE)
_FIELD = ("Variable / Field Name", "field_name")
_KIND = ("Field Type", "field_type")
_CHOICES = ("Choices, Calculations, OR Slider Labels", "select_choices_or_calculations")
_FIXED = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}
_COMPLETE = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
_CHECKBOX = {"0": "Unchecked", "1": "Checked"}


def sheet_names(opened: csv_files.CsvTable) -> list[str]:
    """The repeating instruments of an export, `main` first for the other rows; [] for any other CSV file."""
    place = _place(opened.header)
    if place is None:
        return []
    column = without_gaps(opened.read({place: False}).columns[place])
    names = [text.strip() for text in column.unique().cast(pa.string()).to_pylist()]
    found = [name for name in dict.fromkeys(names) if name]
    return ([MAIN] if "" in names else []) + found


def as_exported(opened: csv_files.CsvTable, *, sheet: str = "", codebook="", labels: bool = True) -> Table:
    """A CSV file as it is; or, of a REDCap export, one instrument with the labels of its codes.

    The data dictionary is found where it stands beside the export under the name that REDCap gives it
    (`PROJECT_DataDictionary_DATE.csv` for `PROJECT_DATA_DATE.csv`); of several, the last by name.
    """
    place, dictionary = _place(opened.header), Path(codebook) if codebook else beside(opened.path)
    if place is None and dictionary is None:
        if sheet:
            raise cannot_be_read(opened.source, [f'{opened.source} is one table. Leave out "#{sheet}".'])
        return opened
    rows = opened.read(dict.fromkeys(range(len(opened.header)), False))
    held = Held(opened.source, opened.header, opened.notes, {}, opened.header_row)
    columns, row = [without_gaps(rows.columns[at]) for at in range(len(opened.header))], rows.row
    if place is not None:
        columns, row = _instrument(held, columns, row, place, sheet)
    held.columns, held.row = columns, row
    if dictionary is not None and labels:
        _label(held, dictionary)
    return held


def _place(header: list[str]) -> int | None:
    return next((header.index(name) for name in INSTRUMENT if name in header), None)


def _instrument(held: Held, columns: list, row, place: int, sheet: str):
    """The rows of one instrument, and the columns that have an entry there."""
    instrument = pc.utf8_trim_whitespace(columns[place].cast(pa.string()))
    names = instrument.unique().to_pylist()
    names = ([MAIN] if "" in names else []) + [name for name in names if name]
    if not sheet and len(names) > 1:
        raise cannot_be_read(
            held.source,
            [
                f"{held.source} holds several instruments: {', '.join(names)}. Name one of them, as in "
                f'"{held.source}#{names[1]}"; "{MAIN}" are the rows that repeat nothing.'
            ],
        )
    sheet = sheet or (names[0] if names else MAIN)
    if names and sheet not in names:
        raise cannot_be_read(held.source, [f'{held.source} has no "{sheet}". {nearest(sheet, names, "instruments")}'])
    if not names:
        return columns, row
    kept = pc.equal(instrument, "" if sheet == MAIN else sheet).combine_chunks()
    columns = [column.filter(kept).cast(pa.string()).dictionary_encode().cast(TEXTS) for column in columns]
    filled = [at for at, column in enumerate(columns) if any(column.unique().cast(pa.string()).to_pylist())]
    held.source = f'{held.source}, "{sheet}"'
    held.header = [held.header[at] for at in filled]
    held.notes.append(
        f"{held.source} are {kept.true_count:,} of {counted(len(row), 'row')}, with the columns that are filled there."
    )
    return [columns[at] for at in filled], row[kept.to_numpy(zero_copy_only=False)]


def beside(path: Path) -> Path | None:
    """The data dictionary beside an export."""
    match = _EXPORT.fullmatch(path.name)
    found = sorted(path.parent.glob("*_DataDictionary_*.csv")) if match else []
    found = [one for one in found if one.name.casefold().startswith(f"{match[1]}_DataDictionary_".casefold())]
    return found[-1] if found else None


def _label(held: Held, dictionary: Path) -> None:
    """Put labels in the place of codes, as the data dictionary has them."""
    choices = read_dictionary(dictionary)
    for at, name in enumerate(held.header):
        field, is_box, _ = name.partition("___")
        own = (_CHECKBOX if is_box and field in choices else None) or choices.get(name)
        if own is None and name.endswith("_complete"):
            own = _COMPLETE
        if own:
            held.columns[at], codes, note = value_labels.labelled(held.columns[at], own)
            held.notes += [f'The column "{name}" of {held.source} {note}.'] if note else []
            held.codes |= {name: codes} if codes else {}
    if held.codes:
        held.notes.append(value_labels.told(held.source, held.codes) + f" They come from {dictionary.name}.")


def read_dictionary(path: Path) -> dict[str, dict[str, str]]:
    """Field -> {code: label} of every field of a data dictionary ({} for one without choices)."""
    opened = csv_files.open_csv(path, header_row=1)
    with path.open(encoding=opened.encoding, newline="") as file:
        lines = list(csv.reader(file, delimiter=opened.delimiter))
    header = [name.strip() for name in lines[0]] if lines else []
    at = [next((header.index(name) for name in names if name in header), None) for names in (_FIELD, _KIND, _CHOICES)]
    if None in at:
        raise cannot_be_read(
            path.name, [f'{path.name} is no data dictionary of REDCap: it lacks the column "{_CHOICES[0]}" or others.']
        )
    field, kind, choices = at
    return {
        line[field].strip(): _FIXED.get(line[kind].strip()) or _choices(line[kind].strip(), line[choices])
        for line in lines[1:]
        if len(line) > max(at)
    }


def _choices(kind: str, text: str) -> dict[str, str]:
    """The choices of a field, written as `1, Male | 2, Female`."""
    if kind not in ("radio", "dropdown"):
        return {}
    pairs = [choice.partition(",") for choice in text.split("|")]
    return {code.strip(): label.strip() for code, comma, label in pairs if comma}
