"""A table that stays with Dask workers, its parts read there from the folder of a run."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from helpers.cohort.cluster import Workers
from helpers.cohort.parts import part_paths, read_part
from helpers.cohort.tables import check
from helpers.parted import Formula, Parted


class AtWorkers:
    """Where the pieces of `Parted` are: with the workers of one Dask scheduler.

    Parameters
    ----------
    scheduler : str
        Its address.
    folder : Path
        Of the run; the workers must see it under the same name.
    """

    def __init__(self, scheduler: str, folder: Path):
        self._workers = Workers(scheduler)
        try:
            self._workers.check(folder)
        except BaseException:
            self.close()
            raise

    def read(self, name: str, folder: Path, columns: Sequence[str] | None = None) -> Parted:
        """A table in parts, each of which is read, and held against its contract, by a worker.

        Parts without rows say nothing and are passed over, unless there is no other.
        """
        paths = part_paths(folder)
        numbers = [number for number, path in enumerate(paths) if pq.read_metadata(path).num_rows] or [0]
        return Parted(self, pieces=numbers).map(read_checked, name, folder, columns).held()

    def each(self, wanted: Parted) -> list:
        """The pieces."""
        formula = Formula(wanted)
        along = [leaf.pieces for leaf in formula.leaves]
        return self._workers.each_part(wanted.n_parts, work_out, formula, along=along)

    def held(self, wanted: Parted) -> list:
        """What stands for the pieces, which stay with the workers."""
        formula = Formula(wanted)
        along = [leaf.pieces for leaf in formula.leaves]
        return self._workers.keep_part(wanted.n_parts, work_out, formula, along=along)

    def sent(self, thing: object) -> object:
        """What stands for a thing once it is with the workers."""
        return self._workers.send(thing)

    def close(self) -> None:
        """Let the workers go."""
        self._workers.close()


def work_out(number: int, *given) -> object:
    """At the worker: what a formula makes of the pieces of one part."""
    *pieces, formula = given
    return formula.worked_out(*pieces)


def read_checked(number: int, name: str, folder: Path, columns: Sequence[str] | None) -> pd.DataFrame:
    """One part of a table, or some columns of it, under its contract."""
    return check(name, read_part(folder, number, columns), columns)
