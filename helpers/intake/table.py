"""A table that stands somewhere (a file, a sheet, a database), and its rows as they are read from there."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from helpers.errors import Problems
from helpers.intake.text_columns import has_entry


@dataclass
class Rows:
    """What was read: place of a column -> its cells; row numbers, and which rows have any entry.

    A row without an entry counts even if the entry is in a column that was not wanted.
    """

    columns: dict[int, pa.ChunkedArray]
    row: np.ndarray
    has_entry: np.ndarray


@dataclass
class Table:
    """A table that was opened: its columns are known, its rows not yet read.

    Attributes
    ----------
    source : str
        What to call it to a reader: `Kohorte.xlsx, sheet "Patienten"`.
    header : list of str
        The column names as they stand there, without blanks around them.
    notes : list of str
        Sentences on what was taken for granted; reading may add some.
    codes : dict
        Column -> {text: code} where the texts are labels of codes.
    header_row : int
        The row of the column names; 0 where they are no row.
    first_rows : int or None
        Reading may stop after so many rows.
    is_cut : bool
        It did, and there are more.
    """

    source: str
    header: list[str]
    notes: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    header_row: int = 0
    first_rows: int | None = field(default=None, init=False)
    is_cut: bool = field(default=False, init=False)

    def read(self, wanted: dict[int, bool]) -> Rows:
        """Read the wanted columns (place -> whether dates may be of the type of dates, else they are texts).

        Raises
        ------
        Problems
            Everything that stops it.
        """
        raise NotImplementedError


@dataclass
class Held(Table):
    """A table that is in memory already."""

    columns: list[pa.ChunkedArray] = field(default_factory=list)
    row: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int32))

    def read(self, wanted: dict[int, bool]) -> Rows:
        columns = {place: self.columns[place] for place in wanted}
        return Rows(columns, self.row, has_entry([*columns.values(), *self.columns], len(self.row)))


def cannot_be_read(source: str, problems: Iterable[str]) -> Problems:
    """The error that tells all problems of a source."""
    return Problems(f"{source} cannot be read yet:", list(problems))


def repeated_names(header: list[str], source: str) -> list[str]:
    """What is wrong where two columns have one name."""
    return [
        f'{source} has {header.count(name)} columns called "{name}". Give each column its own name.'
        for name in dict.fromkeys(header)
        if name and header.count(name) > 1
    ]


def locked(name: str) -> str:
    """The sentence on a file that may not be read."""
    return (
        f"{name} may not be read: it is open in another program, or belongs to somebody else. Close it there, or ask."
    )
