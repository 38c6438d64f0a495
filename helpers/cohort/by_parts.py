"""A cohort worked on part by part by Dask workers: large tables stay in parts on disk, small ones are added up."""

import shutil
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.cohort import part_tasks
from helpers.cohort.cluster import Workers
from helpers.cohort.cohort_source import NO_PARTS
from helpers.cohort.dictionary import RAW_TABLES, Dictionary
from helpers.cohort.flow import add_flows
from helpers.cohort.keys import key_numbers
from helpers.cohort.ledger import add_descriptions, count_changes, describe
from helpers.cohort.part_tasks import CLEAN, COHORT, KEYS, PRIVATE, Cleaned, Written
from helpers.cohort.partition import write_partition
from helpers.cohort.parts import (
    PartedTable,
    differing_columns,
    part_paths,
    repeated_rows,
    split_patients,
    uneven_parts,
)
from helpers.cohort.readers import read_cohort, reading_notes
from helpers.cohort.summary import add_codebooks, add_level_counts, codebook
from helpers.cohort.unreadable import check_columns
from helpers.errors import Problems, WorkbookError

RAW = "raw"
NOT_IN_PARTS = (
    "`corrections_file` is for a cohort in one piece. Leave the `scheduler` out, or mend the files themselves."
)


@dataclass(frozen=True)
class RawParts:
    """A cohort's files in parts: how to read one, and how many there are."""

    reading: dict
    n_parts: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CohortParts:
    """A clean cohort of which every worker can find its part; with what `CleanCohort` has for the whole."""

    n_parts: int
    keys: PartedTable
    ledger: PartedTable
    quarantine: PartedTable
    rows: pd.DataFrame
    has_imaging: bool
    dictionary: Dictionary
    value_like: list[str]


class ByParts:
    """The functions of the cohort, each done for every part by the workers of one Dask scheduler.

    What they give is what the plain functions give; tables with rows for vertebrae, or for single rows of the
    files, are a `PartedTable`.

    Parameters
    ----------
    scheduler : str
        Its address.
    scratch : Path
        A folder to make, which the workers see too; `close` removes it. It holds identifiers and dates.
    """

    def __init__(self, scheduler: str, scratch: Path):
        self._workers = Workers(scheduler)
        self._scratch = scratch
        scratch.mkdir(parents=True, mode=0o700)
        self._remove = weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)
        try:
            self._workers.check(scratch)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove what is not to be kept, and let the workers go."""
        self._workers.close()
        self._remove()

    def read_cohort(
        self,
        files: dict,
        dictionary: Dictionary,
        *,
        folder=".",
        column_names: dict | None = None,
        corrections_file: str = "",
        cohort_file: str = "",
        **_,
    ) -> RawParts:
        """Find the parts of a study's files, or make them; the workers read them when they clean.

        Raises
        ------
        Problems
            If the cohort cannot be read, or is one with corrections, which are for a cohort in one piece.
        """
        if cohort_file:
            raise WorkbookError(NO_PARTS)
        if corrections_file:
            raise Problems("The cohort cannot be worked on part by part:", [NOT_IN_PARTS])
        notes = ()
        given = {table: Path(folder) / name for table, name in files.items() if name}
        if all(path.is_dir() for path in given.values()):
            n_parts = _count_parts(given)
        else:
            raw = read_cohort(files, dictionary, folder=folder, column_names=column_names)
            notes = tuple(reading_notes(raw))
            least = self._workers.number
            n_parts = write_partition(raw, self._scratch / RAW, least_parts=least, column_names=column_names)
            given = {table: self._scratch / RAW / table for table in raw}
        reading = {"files": {table: str(path.absolute()) for table, path in given.items()}}
        return RawParts(reading | {"column_names": column_names}, n_parts, notes)

    def reading_notes(self, raw: RawParts) -> list[str]:
        """As `readers.reading_notes`."""
        return list(raw.notes)

    def clean_cohort(self, raw: RawParts, dictionary: Dictionary, *, seed: int = 20060127, **choices) -> CohortParts:
        """As `clean.clean_cohort`."""
        self._make(CLEAN)
        parts = self._each(raw.n_parts, part_tasks.clean, raw.reading, dictionary, choices)
        _check_together(parts)
        self._make(KEYS, COHORT, *PRIVATE.values())
        for number, keys in enumerate(key_numbers([part.patients for part in parts], seed)):
            part_tasks.save(keys, self._scratch / KEYS, number)
        rows, found = zip(*self._each(raw.n_parts, part_tasks.give_keys, dictionary), strict=True)
        for done in (CLEAN, KEYS):
            shutil.rmtree(self._scratch / done, ignore_errors=True)
        return CohortParts(
            n_parts=raw.n_parts,
            **{name: PartedTable(self._scratch / private, _total(found)[name]) for name, private in PRIVATE.items()},
            rows=pd.concat(rows).groupby("table", sort=False, as_index=False).sum(),
            has_imaging=parts[0].has_imaging,
            dictionary=dictionary,
            value_like=sorted(set().union(*(part.value_like for part in parts))),
        )

    def shareable(self, cohort: CohortParts, dictionary: Dictionary) -> dict[str, PartedTable]:
        """As `privacy.shareable`."""
        names = (*RAW_TABLES, "ledger", "quarantine")
        self._make(*names)
        parts = self._each(cohort.n_parts, part_tasks.share, dictionary, cohort.value_like)
        return {name: self._table(name, [part[name] for part in parts]) for name in names}

    def describe(self, ledger: PartedTable) -> pd.DataFrame:
        """As `ledger.describe`."""
        return add_descriptions(self._each_of(ledger, describe))

    def count_changes(self, ledger: PartedTable) -> int:
        """As `ledger.count_changes`."""
        return sum(self._each_of(ledger, count_changes))

    def build_risk_table(self, cohort: CohortParts, **choices) -> tuple[PartedTable, pd.DataFrame]:
        """As `risk_table.build_risk_table`."""
        self._make("risk_table")
        parts, flows = zip(*self._each(cohort.n_parts, part_tasks.risk_table, cohort.dictionary, choices), strict=True)
        return self._table("risk_table", parts), add_flows(flows)

    def build_risk_periods(self, cohort: CohortParts, **choices) -> PartedTable:
        """As `risk_periods.build_risk_periods`."""
        self._make("risk_periods")
        parts = self._each(cohort.n_parts, part_tasks.risk_periods, cohort.dictionary, choices)
        return self._table("risk_periods", parts)

    def patient_summary(self, cohort: CohortParts, risk_table: PartedTable) -> PartedTable:
        """As `summary.patient_summary`."""
        self._make("patient_summary")
        parts = self._each(cohort.n_parts, part_tasks.summary, risk_table.folder, cohort.dictionary)
        return self._table("patient_summary", parts)

    def whole(self, table: PartedTable) -> pd.DataFrame:
        """All parts of a table as one, on this machine."""
        return table.read()

    def level_counts(self, cohort: CohortParts, risk_table: PartedTable) -> pd.DataFrame:
        """As `summary.level_counts`."""
        return add_level_counts(self._each(cohort.n_parts, part_tasks.levels, risk_table.folder))

    def codebook(self, dictionary: Dictionary, tables: Mapping[str, PartedTable | pd.DataFrame]) -> pd.DataFrame:
        """As `summary.codebook`."""
        lines = [
            table.codebook if isinstance(table, PartedTable) else codebook(dictionary, {name: table})
            for name, table in tables.items()
        ]
        order = list(dict.fromkeys(column.table for column in dictionary.columns))
        together = pd.concat(lines, ignore_index=True)
        return together.sort_values("table", kind="stable", key=lambda name: name.map(order.index), ignore_index=True)

    def _table(self, name: str, parts: Sequence[Written]) -> PartedTable:
        lines = add_codebooks([part.codebook for part in parts])
        return PartedTable(self._scratch / name, sum(part.n_rows for part in parts), lines)

    def _each(self, n_parts: int, task: Callable, *arguments: object) -> list:
        return self._workers.each_part(n_parts, task, *arguments, self._scratch)

    def _each_of(self, table: PartedTable, function: Callable) -> list:
        return self._workers.each_part(len(part_paths(table.folder)), part_tasks.of_table, function, table.folder)

    def _make(self, *names: str) -> None:
        """Empty folders for what the workers write; they make none, so that nothing comes back once removed."""
        for name in names:
            shutil.rmtree(self._scratch / name, ignore_errors=True)
            (self._scratch / name).mkdir()


def _count_parts(folders: Mapping[str, Path]) -> int:
    """How many parts all tables have."""
    numbers, problems = {}, []
    for table, folder in folders.items():
        try:
            numbers[table] = len(part_paths(folder))
        except Problems as error:
            problems += error.problems
    problems += uneven_parts(numbers)
    if problems:
        raise Problems("The cohort cannot be read yet:", problems)
    return next(iter(numbers.values()))


def _check_together(parts: Sequence[Cleaned]) -> None:
    """Stop where parts that can be cleaned each by itself do not go together, or most of a column is unreadable."""
    problems = []
    for table in parts[0].columns:
        problems += differing_columns(table, [part.columns[table] for part in parts])
        problems += repeated_rows(table, [part.rows[table] for part in parts])
    ids = [pa.concat_arrays([part.patients, part.others]) for part in parts]
    person = pa.chunked_array(ids).dictionary_encode().combine_chunks().indices.to_numpy()
    problems += split_patients(person, np.repeat(np.arange(len(ids)), [len(own) for own in ids]))
    if problems:
        raise Problems("The cohort cannot be read yet:", problems)
    check_columns([part.unreadable for part in parts])


def _total(found: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {name: sum(own[name] for own in found) for name in found[0]}
