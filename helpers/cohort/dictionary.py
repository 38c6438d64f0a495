"""The data dictionary: every column's name, meaning, type, unit, allowed values and codes, read once."""

import csv
from dataclasses import dataclass
from pathlib import Path

from helpers.errors import Problems, WorkbookError

RAW_TABLES = ("patients", "procedures", "fractures", "imaging")
OPTIONAL_TABLES = ("imaging",)
TYPES = ("id", "date", "level", "levels", "code", "integer", "number", "yes_no")
FIELDS = (
    "table", "column", "label", "meaning", "type", "unit",
    "required", "minimum", "maximum", "codes", "missing_codes",
)  # fmt: skip
DEFAULT_PATH = Path(__file__).resolve().parents[2] / "data" / "dictionary.csv"


REQUIRED = ("yes", "no", "if given")
UNLESS = "unless "  # "unless status=prevalent": required but in rows whose status is that code
MEASURED_IN = ("years", "days", "mL")


@dataclass(frozen=True)
class Column:
    """One column of one table.

    `codes` takes a spelling in small letters to the value kept, `code_labels` that value to plain words.
    `missing_codes` are in small letters; an empty cell is always missing. Where `must_be_read`, a cell may be empty,
    but one that is not and cannot be read sets its row aside. A required one may be empty in rows in which the
    column `unless[0]` of the same table holds the code `unless[1]`.
    """

    table: str
    name: str
    label: str
    meaning: str
    type: str
    unit: str
    required: bool
    must_be_read: bool
    minimum: float | None
    maximum: float | None
    codes: dict[str, str]
    code_labels: dict[str, str]
    missing_codes: frozenset[str]
    unless: tuple[str, str] | None = None

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.code_labels:
            return ", ".join(f"{code} ({label})" if code != label else code for code, label in self.code_labels.items())
        low, high = (None if limit is None else f"{limit:g}" for limit in (self.minimum, self.maximum))
        unit = f" {self.unit}" if self.unit else ""
        if low is None and high is None:
            return {"level": "T1 to T13, L1 to L6", "levels": "a list or range of levels"}.get(self.type, "")
        if high is None:
            return f"{low} or more{unit}"
        return f"{high} or less{unit}" if low is None else f"{low} to {high}{unit}"


@dataclass(frozen=True)
class Dictionary:
    """All columns, in the order of the file."""

    columns: tuple[Column, ...]

    def table(self, name: str) -> tuple[Column, ...]:
        """The columns of one table."""
        return tuple(column for column in self.columns if column.table == name)

    def column(self, table: str, name: str) -> Column:
        """One column, or a plain error."""
        for column in self.table(table):
            if column.name == name:
                return column
        raise WorkbookError(f'The data dictionary has no column "{name}" in {table}. Add it to data/dictionary.csv.')

    def labels(self, table: str) -> dict[str, str]:
        """Column name -> label in plain words, with the unit of what is measured."""
        return {
            column.name: f"{column.label} ({column.unit})" if column.unit in MEASURED_IN else column.label
            for column in self.table(table)
        }


def read_dictionary(path=None) -> Dictionary:
    """Read data/dictionary.csv, or another file of the same form; everything wrong in it is told at once."""
    path = DEFAULT_PATH if path is None else Path(path)
    if not path.is_file():
        raise WorkbookError(f'The data dictionary "{path.name}" is missing. It belongs to the workbook: restore it.')
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != FIELDS:
            raise WorkbookError(f'The data dictionary "{path.name}" must have the columns {", ".join(FIELDS)}.')
        lines = list(reader)
    problems = [problem for number, line in enumerate(lines, start=2) for problem in _problems(number, line)]
    names = [(line["table"], line["column"]) for line in lines]
    problems += [f"{table}.{name} is there more than once." for table, name in names if names.count((table, name)) > 1]
    known = {line["table"] for line in lines}
    problems += [f"It has no columns for {table}." for table in RAW_TABLES if table not in known]
    if problems:
        raise Problems(f'The data dictionary "{path.name}" cannot be used:', list(dict.fromkeys(problems)))
    return Dictionary(tuple(_column(line) for line in lines))


def _problems(number: int, line: dict) -> list[str]:
    if None in line or None in line.values():
        return [f"Row {number} does not have {len(FIELDS)} cells."]
    problems = []
    if line["type"] not in TYPES:
        problems.append(f'Row {number}: the type "{line["type"]}" is not one of {", ".join(TYPES)}.')
    if line["required"] not in REQUIRED and not _is_unless(line["required"]):
        allowed = f'{", ".join(REQUIRED)} or like "unless status=prevalent"'
        problems.append(f'Row {number}: `required` must be {allowed}, but got "{line["required"]}".')
    if any("=" not in code for code in line["codes"].split("|") if code):
        problems.append(f"Row {number}: `codes` must be pairs like F=female|M=male.")
    if line["type"] in ("code", "yes_no") and not line["codes"]:
        problems.append(f"Row {number}: a column of type {line['type']} needs `codes`.")
    for limit in ("minimum", "maximum"):
        try:
            float(line[limit] or 0)
        except ValueError:
            problems.append(f'Row {number}: `{limit}` must be a number or empty, but got "{line[limit]}".')
    return problems


def _is_unless(required: str) -> bool:
    return required.startswith(UNLESS) and all(required.removeprefix(UNLESS).partition("="))


def _column(line: dict) -> Column:
    pairs = [tuple(pair.split("=", 1)) for pair in line["codes"].split("|") if pair]
    first_code = {}
    for code, label in pairs:
        first_code.setdefault(label, code)
    return Column(
        table=line["table"],
        name=line["column"],
        label=line["label"],
        meaning=line["meaning"],
        type=line["type"],
        unit=line["unit"],
        required=line["required"] == "yes" or _is_unless(line["required"]),
        must_be_read=line["required"] != "no",
        minimum=float(line["minimum"]) if line["minimum"] else None,
        maximum=float(line["maximum"]) if line["maximum"] else None,
        codes={code.lower(): first_code[label] for code, label in pairs},
        code_labels={code: label for label, code in first_code.items()},
        missing_codes=frozenset(code.strip().lower() for code in line["missing_codes"].split("|") if code),
        unless=tuple(line["required"].removeprefix(UNLESS).split("=", 1)) if _is_unless(line["required"]) else None,
    )
