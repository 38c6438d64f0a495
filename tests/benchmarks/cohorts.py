"""The synthetic cohorts that are timed: files with the usual errors, clean tables and risk table."""

import hashlib
import pickle
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort, clean_cohort
from helpers.cohort.dictionary import RAW_TABLES, read_dictionary
from helpers.cohort.readers import read_cohort
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.simulate import simulate, write_cohort
from helpers.cohort.spine import REGIONS, SLOTS, region_of

ROOT = Path(__file__).parents[2]
SEED = 1
# By ending, both of which `write_cohort` writes; `study.yml` names the Parquet files.
FILES = {ending: {name: f"{name}.{ending}" for name in RAW_TABLES} for ending in ("csv", "parquet")}
# Days on which the heights of curves are compared.
REPORT_DAYS = (30, 90, 180, 365, 730)
KIND = ["thoracic_vertebrae", "lumbar_vertebrae"]
# The columns peers make too.
COLUMNS = (
    "patient", "level", "region", "distance", "direction", "is_adjacent", "is_sandwich", "days", "outcome",
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One cohort: its patients, a folder of its own (`study` holds its files), its clean tables and its risk table."""

    patients: int
    folder: Path
    cohort: CleanCohort
    table: pd.DataFrame

    @property
    def study(self) -> Path:
        """The folder of the study file and the tables as files."""
        return self.folder / "study"

    @property
    def days(self) -> pd.Series:
        return self.table["days"]

    @cached_property
    def event(self) -> pd.Series:
        return self.table["outcome"] == "fracture"

    @property
    def exposed(self) -> pd.Series:
        return self.table["is_adjacent"]

    @property
    def patient(self) -> pd.Series:
        return self.table["patient"]


def sample(patients: int, folder: Path) -> Sample:
    """The cohort of this size in `folder`; made first if it is not there, or the code that makes it has changed."""
    own = folder / f"{patients}-{_version()}"
    kept = own / "sample.pickle"
    if not kept.is_file():
        write_cohort(simulate(patients, seed=SEED), own / "study", clean=False)
        dictionary = read_dictionary()
        cohort = clean_cohort(read_cohort(FILES["csv"], dictionary, folder=own / "study"), dictionary)
        half = kept.with_suffix(".half")
        with half.open("wb") as file:
            pickle.dump((cohort, build_risk_table(cohort)[0]), file, protocol=5)
        half.rename(kept)
    with kept.open("rb") as file:
        return Sample(patients, own, *pickle.load(file))


def spines() -> pd.DataFrame:
    """The vertebrae of every kind of spine from the top: slot of 19, level, region, and place counted from the top."""
    rows = [
        (thoracic, lumbar, SLOTS.index(level), level, region_of(level), place)
        for thoracic in (11, 12, 13)
        for lumbar in (5, 6)
        for place, level in enumerate(
            [f"T{n}" for n in range(1, thoracic + 1)] + [f"L{n}" for n in range(1, lumbar + 1)]
        )
    ]
    table = pd.DataFrame(rows, columns=[*KIND, "slot", "level", "region", "place"])
    categories = {"level": pd.CategoricalDtype(SLOTS, ordered=True), "region": pd.CategoricalDtype(REGIONS)}
    return table.astype(dict.fromkeys([*KIND, "slot", "place"], np.int8) | categories)


def coded(table: pd.DataFrame, cohort: CleanCohort) -> pd.DataFrame:
    """A risk table as whole numbers: categories by their place, those of patients by that in the clean tables."""
    columns = {name: _codes(table[name]) for name in COLUMNS}
    if isinstance(table["patient"].dtype, pd.CategoricalDtype):
        everyone = cohort.patients["patient"].cat.categories
        columns["patient"] = everyone.get_indexer(table["patient"].cat.categories)[columns["patient"]]
    return pd.DataFrame({name: np.asarray(column).astype(np.int32) for name, column in columns.items()})


def fingerprint(codes: pd.DataFrame) -> list[float]:
    """The number of rows, and of each column a sum that hangs on every cell and its row (exact: below 2^53)."""
    weight = 1.0 + np.arange(len(codes)) % 1009
    return [len(codes), *(float(codes[name].to_numpy() @ weight) for name in COLUMNS)]


def n_bytes(*columns: pd.Series) -> int:
    """Bytes of the columns' data; of a category those of its codes."""
    return sum(_codes(column).array.nbytes for column in columns)


def _codes(column: pd.Series) -> pd.Series:
    return column.cat.codes if isinstance(column.dtype, pd.CategoricalDtype) else column


def _version() -> str:
    """Stands for the code that makes the cohorts."""
    sources = b"".join(path.read_bytes() for path in sorted((ROOT / "helpers" / "cohort").glob("*.py")))
    return hashlib.sha256(sources).hexdigest()[:8]
