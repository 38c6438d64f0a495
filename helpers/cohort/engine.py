"""Where a cohort is worked on: in this process, or part by part on Dask workers; the tables are the same."""

import shutil
from pathlib import Path

from helpers.cohort.clean import clean_cohort
from helpers.cohort.ledger import count_changes, describe
from helpers.cohort.privacy import shareable
from helpers.cohort.readers import read_cohort, reading_notes
from helpers.cohort.risk_periods import build_risk_periods
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.summary import codebook, level_counts, patient_summary

SCRATCH = ".parts"


class InOneProcess:
    """The functions of the cohort as they are."""

    read_cohort = staticmethod(read_cohort)
    reading_notes = staticmethod(reading_notes)
    clean_cohort = staticmethod(clean_cohort)
    shareable = staticmethod(shareable)
    describe = staticmethod(describe)
    count_changes = staticmethod(count_changes)
    build_risk_table = staticmethod(build_risk_table)
    build_risk_periods = staticmethod(build_risk_periods)
    patient_summary = staticmethod(patient_summary)
    level_counts = staticmethod(level_counts)
    codebook = staticmethod(codebook)

    def whole(self, table):
        """The table, all of which is here."""
        return table

    def close(self) -> None:
        """Nothing is left behind."""


def open_engine(scheduler: str, folder: Path):
    """What works on a cohort: `InOneProcess`, or `by_parts.ByParts` with the same functions.

    Parameters
    ----------
    scheduler : str
        Address of a Dask scheduler; "" to compute in this process.
    folder : Path
        Of the run. Workers write parts of its tables into it, so they must see it under the same name; until
        `close` a folder in it holds what is not to be shared.

    Raises
    ------
    WorkbookError
        If nobody answers at the address, or the workers there cannot be used.
    """
    scratch = Path(folder) / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    if not scheduler:
        return InOneProcess()
    from helpers.cohort.by_parts import ByParts  # brings pandera's import, which others need not pay

    return ByParts(scheduler, scratch)
