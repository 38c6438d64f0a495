"""Where the cells of a table stand in the file, where a row of ours is not simply a row there."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

ENTRY, GROUP = "entry", "group"
FILE_COLUMNS = "file_columns"
WHOLE_ROW = ""
_CELL_ROW, _ELSEWHERE = "row of ", "elsewhere: "


@dataclass(frozen=True)
class Origin:
    """Of each row of a table, what leads a person to its cells.

    Attributes
    ----------
    entry : array of int32, optional
        Which of the rows that were made of one row of the file, from 1; None where there is one of each.
    group : array of int, optional
        Which group of the file's columns the row was made of, from 0.
    file_columns : dict
        Our column -> its name in the file, for each group; "" where that is ours. Under "" the names of a group's
        columns together.
    cell_rows : dict
        Our column -> row of the file of each cell, where that is not the row of ours.
    elsewhere : dict
        Our column -> what stands in another row of the same patient and differs; "" mostly.
    """

    entry: np.ndarray | None = None
    group: np.ndarray | None = None
    file_columns: dict[str, list[str]] = field(default_factory=dict)
    cell_rows: dict[str, np.ndarray] = field(default_factory=dict)
    elsewhere: dict[str, pd.Series] = field(default_factory=dict)

    def entries(self, at: np.ndarray) -> np.ndarray:
        """The entry of these rows."""
        return np.ones(len(at), dtype=np.int32) if self.entry is None else self.entry[at]

    def file_column(self, column: str, at: np.ndarray) -> np.ndarray:
        """What the file calls a column in these rows."""
        return self._of_group(self.file_columns.get(column, [""]), at)

    def heading(self, column: str, at: np.ndarray) -> np.ndarray:
        """What stands above a column in these rows; our name over a constant."""
        names = self.file_columns.get(column, [""])
        return self._of_group([column if not name or name.startswith("=") else name for name in names], at)

    def rows(self, column: str, at: np.ndarray, row: np.ndarray) -> np.ndarray:
        """The rows of the file where the cells of a column stand."""
        return self.cell_rows.get(column, row)[at]

    def _of_group(self, names: list[str], at: np.ndarray) -> np.ndarray:
        names = np.array(names, dtype=object)
        return names[np.zeros(len(at), dtype=np.int8) if self.group is None or len(names) == 1 else self.group[at]]


def origin_of(frame: pd.DataFrame) -> Origin:
    """The origin that a raw table carries."""
    own = {name: frame[name].to_numpy() if name in frame else None for name in (ENTRY, GROUP)}
    return Origin(
        **own,
        file_columns=frame.attrs.get(FILE_COLUMNS, {}),
        cell_rows={name[len(_CELL_ROW) :]: frame[name].to_numpy() for name in frame if name.startswith(_CELL_ROW)},
        elsewhere={name[len(_ELSEWHERE) :]: frame[name] for name in frame if name.startswith(_ELSEWHERE)},
    )


def cell_row(column: str) -> str:
    """The name in a raw table of the rows where the cells of a column stand."""
    return _CELL_ROW + column


def elsewhere(column: str) -> str:
    """The name in a raw table of what else stands there for a column."""
    return _ELSEWHERE + column
