"""The sheets of the files that were given, with what stands in their columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from helpers.errors import Problems
from helpers.intake.names import called, is_url, split_name
from helpers.intake.sheet import open_sheet, sheet_names
from helpers.setup.looks import Look, looks_of

FIRST_ROWS = 100_000
MOST_SHEETS = 60


@dataclass(frozen=True, eq=False)
class Given:
    """One sheet, or a source that is one table.

    Attributes
    ----------
    location : str
        The file or address as it was given, without a sheet.
    sheet : str
        "" where the source is one table.
    title : str
        What tells what is in it: the name of the sheet, else of the file.
    is_cut : bool
        Only the first rows were looked at.
    """

    location: str
    sheet: str
    title: str
    source: str
    looks: list[Look]
    n_rows: int
    notes: list[str] = field(default_factory=list)
    is_cut: bool = False

    @property
    def name(self) -> str:
        """What to call it to a reader."""
        return called(self.location) + (f"#{self.sheet}" if self.sheet else "")


def open_given(sources: Sequence[str]) -> list[Given]:
    """Every sheet of every source; everything that stops one is told at once."""
    found, problems = [], []
    for source in dict.fromkeys(map(str, sources)):
        try:
            found += [_opened(location, sheet) for location, sheet in _sheets(source)]
        except Problems as error:
            problems += error.problems
    if problems:
        raise Problems("No study file can be proposed yet:", list(dict.fromkeys(problems)))
    return found


def _sheets(source: str) -> list[tuple[str, str]]:
    location, sheet = split_name(source)
    if sheet:
        return [(str(location), sheet)]
    names = sheet_names(location)
    if len(names) > MOST_SHEETS:
        raise Problems(
            "",
            [
                f"{called(location)} has {len(names)} tables. Name those of the study, as "
                f'"{called(location)}#{names[0]}".'
            ],
        )
    return [(str(location), name) for name in names] if len(names) > 1 else [(str(location), "")]


def _opened(location: str, sheet: str) -> Given:
    sheet_read = open_sheet(f"{location}#{sheet}" if sheet else location, first_rows=FIRST_ROWS)
    title = sheet or (location.rpartition("#")[2] if is_url(location) else Path(location).stem)
    looks = [look for look in looks_of(sheet_read) if look.name]
    n_rows = len(sheet_read.row)
    return Given(location, sheet, title, sheet_read.source, looks, n_rows, sheet_read.notes, sheet_read.is_cut)
