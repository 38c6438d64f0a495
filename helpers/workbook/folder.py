"""The notebooks' door to one run's tables and figures."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from helpers.cohort.parts import PartedTable, clear, read_parts
from helpers.cohort.tables import check as contract
from helpers.disclosure import NOT_SHOWN, hides
from helpers.errors import WorkbookError, WorkbookFault
from helpers.parted import Parted
from helpers.report.sentences import Sentence
from helpers.workbook.cores import usable_cores
from helpers.workbook.figure import StoredFigure
from helpers.workbook.places import from_root, input_path
from helpers.workbook.saved import Saved
from helpers.workbook.settings import Settings, read_settings
from helpers.workbook.spreadsheet import write_csv
from helpers.workbook.steps import (
    COMPLETE,
    PRIVATE,
    SHARED_ALWAYS,
    STEPS,
    TABLES,
    Step,
    find_step,
    mark_of,
    writer_of,
)
from helpers.workbook.table_files import TableReader, columns_of, private_file, write_parquet

__all__ = ["FlowError", "RunFolder", "Saved", "input_path", "open_run"]

MOST_CSV_ROWS = 200_000
MOST_GATHERED_ROWS = 5_000_000  # of a table in parts: beyond, it is not brought together for one CSV
ALWAYS_CSV = ("ledger", "quarantine")  # looked up line by line, however many there are
Check = Callable[..., object]


class FlowError(WorkbookFault):
    """A notebook that does not keep to the flow in steps.py: a fault of the workbook, not of a study."""


@dataclass
class RunFolder:
    """One run as one notebook sees it: it reads and writes only what its step declares.

    Attributes
    ----------
    path : Path
        Folder of the run.
    step : Step
        The notebook's place in the flow.
    steps : sequence of Step
        The flow.
    check : callable
        `check(name, frame)` raises when a table breaks its contract; `columns` are those read where not all are.
    scheduler : str
        Address of a Dask scheduler, with whose workers tables in parts stay when they are read; "" to read them here.
    suppress_below : int
        Where small numbers are hidden, only tables of estimates are in `tables/`; all others are private.
    """

    path: Path
    step: Step
    steps: Sequence[Step]
    check: Check
    scheduler: str = ""
    suppress_below: int = 0
    _written: list[str] = field(default_factory=list)
    _figures: list[str] = field(default_factory=list)
    _reader: TableReader = field(default_factory=TableReader)

    def read(
        self, name: str, columns: Sequence[str] | None = None, if_there: Sequence[str] = ()
    ) -> pd.DataFrame | Parted:
        """A table an earlier notebook wrote; with `columns` only these, and those in `if_there` that it has.

        With a scheduler a table in parts is not brought here: its parts are read by the workers.

        Raises
        ------
        FlowError
            If the step does not declare it.
        WorkbookError
            If no notebook has written it yet, or it breaks its contract.
        """
        if name not in self.step.reads:
            raise FlowError(f"`{self.step.name}` does not read `{name}`. Add it to its `reads` in workbook/steps.py.")
        path = self._folder_of(name) / f"{name}.parquet"
        if not path.exists():
            writer = writer_of(name, self.steps)
            first = f"Run {writer.notebook} first" if writer else "No notebook writes it"
            raise WorkbookError(
                f"The table `{name}` is not there yet. {first}, or run all with `workbook run STUDY.yml`."
            )
        wanted = None if columns is None else [*columns, *(one for one in if_there if one in columns_of(path))]
        if self.scheduler and path.is_dir():
            return self._workers.read(name, path, wanted)
        frame = read_parts(path, wanted) if path.is_dir() else self._reader.read(path, wanted)
        self.check(name, frame, **({} if wanted is None else {"columns": wanted}))
        return frame

    def write(self, name: str, frame: pd.DataFrame | PartedTable) -> None:
        """Save a table as Parquet for the next notebooks and as CSV for people.

        There is no CSV of more than 200,000 rows, but of the ledger and the rows set aside, which always have one.
        A table in parts, each of which kept the contract when it was written, moves here as a folder.

        Raises
        ------
        FlowError
            If the step does not declare it.
        WorkbookError
            If the table breaks its contract.
        """
        self.write_tables({name: frame})

    def write_tables(self, tables: Mapping[str, pd.DataFrame | PartedTable]) -> None:
        """Save tables as `write` does, side by side on the cores there are."""
        for name in tables:
            if name not in self.step.writes:
                raise FlowError(
                    f"`{self.step.name}` does not write `{name}`. Add it to its `writes` in workbook/steps.py."
                )
        for name in () if self._written else self.step.writes:  # none of an earlier cohort beside those of this one
            clear(self._folder_of(name) / f"{name}.parquet")
            (self._folder_of(name) / f"{name}.csv").unlink(missing_ok=True)
        for name in tables:
            self._folder_of(name).mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(usable_cores()) as pool:
            list(pool.map(self._store, tables, tables.values()))
        for name in tables:
            _remember(self._written, name)

    def _store(self, name: str, frame: pd.DataFrame | PartedTable) -> None:
        folder = self._folder_of(name)
        path, csv = (folder / f"{name}.{ending}" for ending in ("parquet", "csv"))
        is_private = folder != self._tables
        if isinstance(frame, PartedTable):
            frame.move(path, **({"mode": 0o600} if is_private else {}))
        else:
            self.check(name, frame)
            clear(path)
            private_file(path, is_private)
            write_parquet(frame, path)
        csv.unlink(missing_ok=True)
        if len(frame) <= MOST_CSV_ROWS or name in ALWAYS_CSV and not _stays_in_parts(frame):
            private_file(csv, is_private)
            write_csv(frame.read() if isinstance(frame, PartedTable) else frame, csv)

    def share(self, name: str, frame: pd.DataFrame) -> None:
        """Save the counts of a private table as they may be shown, as CSV for people; nothing where none are hidden."""
        if not hides(self.suppress_below):
            return
        self._tables.mkdir(parents=True, exist_ok=True)
        texts = {column: [getattr(cell, "text", cell) for cell in cells] for column, cells in frame.items()}
        write_csv(pd.DataFrame(texts, dtype=object), self._tables / f"{name}.csv")

    def shown(self, thing: object, *, of: str) -> object:
        """What a notebook shows, or, where small numbers are hidden and it could tell them, that it is not shown."""
        if hides(self.suppress_below):
            return Sentence(f"{of} {NOT_SHOWN}: suppress_below is {self.suppress_below}.")
        return thing

    def detailed_figure(
        self, name: str, *, of: str, svg: bytes, png: bytes, alt: str, caption: str
    ) -> StoredFigure | Sentence:
        """A figure of single days or levels: as `figure`, but left out, and said so, where small numbers are hidden."""
        told = self.shown(None, of=f"The figure of {of} is")
        return told or self.figure(name, svg=svg, png=png, alt=alt, caption=caption)

    def figure(self, name: str, *, svg: bytes, png: bytes, alt: str, caption: str) -> StoredFigure:
        """Store a figure as SVG and PNG with its text alternative; what is returned shows it in the notebook.

        Raises
        ------
        WorkbookError
            If the name is no plain file name, or the text alternative or the caption is empty.
        """
        if not re.fullmatch(r"[a-z0-9_]+", name):
            raise WorkbookError(f'A figure\'s name is small letters, digits and _, but got "{name}".')
        if not alt.strip() or not caption.strip():
            raise WorkbookError(f"The figure `{name}` needs a text alternative (`alt`) and a caption.")
        stored = StoredFigure(name, bytes(svg), bytes(png), alt.strip(), caption.strip())
        stored.save(self._figure_folder, by=self.step.name)
        _remember(self._figures, name)
        return stored

    def show(self, name: str) -> StoredFigure:
        """A figure that an earlier notebook stored.

        Raises
        ------
        WorkbookError
            If there is none.
        """
        return StoredFigure.load(self._figure_folder, name)

    def private(self, name: str, frame: pd.DataFrame | PartedTable) -> None:
        """Save a table that is never shared (patient ids): in `private/`, readable by its owner only.

        A table in parts with more than 5 million rows stays in parts.
        """
        folder, path = self._private, self._private / f"{name}.csv"
        if _stays_in_parts(frame):
            frame.move(folder / f"{name}.parquet", mode=0o600)
            clear(path)
            return
        frame = frame.read() if isinstance(frame, PartedTable) else frame
        clear(folder / f"{name}.parquet")
        private_file(path, True)
        write_csv(frame, path)

    def settings(self) -> Settings:
        """Parameters, inputs and versions of this run; empty where `workbook run` did not start it."""
        return read_settings(self.path / COMPLETE)

    def complete(self) -> Saved:
        """Say that the notebook ran to its end; its last cell.

        Raises
        ------
        FlowError
            If a table its step declares was not written.
        """
        missing = [name for name in self.step.writes if name not in self._written]
        if missing:
            raise FlowError(f"`{self.step.name}` ended without writing {', '.join(missing)}.")
        saved = Saved(tuple(self._written), tuple(self._figures))
        mark = mark_of(self.path, self.step)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(json.dumps({"tables": saved.tables, "figures": saved.figures}), encoding="utf-8")
        if "_workers" in vars(self):
            self._workers.close()
        return saved

    @cached_property
    def _workers(self):
        from helpers.cohort.parted_table import AtWorkers  # costs a second's import

        return AtWorkers(self.scheduler, self.path)

    @property
    def _tables(self) -> Path:
        return self.path / TABLES

    @property
    def _private(self) -> Path:
        folder = self.path / PRIVATE
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        return folder

    def _folder_of(self, table: str) -> Path:
        is_private = hides(self.suppress_below) and table not in SHARED_ALWAYS
        return self._private / TABLES if is_private else self._tables

    @property
    def _figure_folder(self) -> Path:
        return self.path / "figures"


def open_run(
    run_folder: str | Path,
    step: str,
    *,
    scheduler: str = "",
    suppress_below: int = 0,
    steps: Sequence[Step] = STEPS,
    check: Check | None = None,
) -> RunFolder:
    """Open the folder of a run for one notebook; a relative `run_folder` counts from the project root.

    With the address of a Dask scheduler, tables in parts stay with its workers.

    Raises
    ------
    WorkbookError
        If no step has that name.
    """
    this_step = find_step(step, steps)
    path = from_root(run_folder)
    mark_of(path, this_step).unlink(missing_ok=True)
    return RunFolder(path, this_step, steps, check or contract, scheduler, suppress_below)


def _stays_in_parts(frame: pd.DataFrame | PartedTable) -> bool:
    return isinstance(frame, PartedTable) and len(frame) > MOST_GATHERED_ROWS


def _remember(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)
