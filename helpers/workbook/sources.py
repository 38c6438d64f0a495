"""The files of a study as they stand: which sheet each table comes from, and which of its columns are used."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from helpers.cohort.column_groups import table_of
from helpers.cohort.corrections import source_name
from helpers.cohort.dictionary import OPTIONAL_TABLES, RAW_TABLES, Dictionary
from helpers.cohort.events import EVENTS
from helpers.errors import Problems
from helpers.intake.names import is_url
from helpers.intake.sheet import Sheet, open_sheet

_NUMBERED = "{n}"


@dataclass(frozen=True)
class Source:
    """One file or sheet of a study.

    Attributes
    ----------
    name : str
        As the study file names it.
    tables : tuple of str
        The tables that are read from it.
    sheet : Sheet or None
        Its cells as they stand; None where it cannot be opened, or is a folder of parts.
    columns : dict
        (table, our column) -> the columns of the file it is read from.
    """

    name: str
    tables: tuple[str, ...]
    sheet: Sheet | None
    columns: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    @property
    def used(self) -> list[str]:
        """The columns of the file that are read, in its order."""
        used = {name for names in self.columns.values() for name in names}
        return [name for name in self.sheet.header if name in used] if self.sheet else []

    @property
    def unused(self) -> list[str]:
        """The others that have a name."""
        used = set(self.used)
        return [name for name in self.sheet.header if name and name not in used] if self.sheet else []


def read_sources(values: Mapping, folder: Path, dictionary: Dictionary) -> list[Source]:
    """Open every file of a study; one that cannot be opened is there without its cells."""
    files = {table: values.get(f"{table}_file") for table in RAW_TABLES}
    if values.get("cohort_file"):
        tables = [table for table in RAW_TABLES if table not in OPTIONAL_TABLES or _is_named(table, values)]
        tables += [EVENTS] if values.get("layout") == "events" else []
        files = dict.fromkeys(tables, values["cohort_file"])
    tables_of: dict[str, list[str]] = {}
    for table, name in files.items():
        if name:
            tables_of.setdefault(name, []).append(table)
    return [_read(name, tuple(tables), values, folder, dictionary) for name, tables in tables_of.items()]


def _read(name: str, tables: tuple[str, ...], values: Mapping, folder: Path, dictionary: Dictionary) -> Source:
    if not is_url(name) and (folder / name).is_dir():
        return Source(source_name(name), tables, None)
    try:
        sheet = open_sheet(name if is_url(name) else folder / name)
    except Problems:
        return Source(source_name(name), tables, None)
    by_name = not values.get("cohort_file")
    columns = {}
    for table in tables:
        for column in (column.name for column in dictionary.table(table)):
            found = _in_file(table, column, values.get("column_names") or {}, sheet.header, by_name=by_name)
            if found:
                columns[table, column] = found
    if values.get("event_column") in sheet.header:
        columns[EVENTS, "event"] = (values["event_column"],)
    return Source(source_name(name), tables, sheet, columns)


def _is_named(table: str, values: Mapping) -> bool:
    """Whether a study file says where in the one table of the cohort this one of ours stands."""
    named = values.get("event_names" if values.get("layout") == "events" else "column_names") or {}
    return any(table_of(title)[0] == table for title in named)


def _in_file(table: str, column: str, names: Mapping, header: list[str], *, by_name: bool) -> tuple[str, ...]:
    """The columns of the file that one of ours is read from, by `column_names` or else by its own name."""
    groups = [own for group, own in names.items() if group.split(" (")[0] == table and isinstance(own, Mapping)]
    mapped = [str(own[column]) for own in groups if column in own]
    if mapped:
        patterns = [re.escape(theirs).replace(re.escape(_NUMBERED), "[0-9]+") for theirs in mapped]
        return tuple(name for name in header if any(re.fullmatch(pattern, name) for pattern in patterns))
    elsewhere = {theirs for own in groups for theirs in own.values()}
    return (column,) if by_name and column in header and column not in elsewhere else ()
