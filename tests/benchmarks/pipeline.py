"""The steps without a peer: from files to clean tables, the whole run, and the example's report beside its floor."""

import subprocess
import sys
from functools import cache

import numpy as np

from helpers.cohort.clean import clean_cohort
from helpers.cohort.dictionary import read_dictionary
from helpers.cohort.privacy import shareable
from helpers.cohort.readers import read_cohort
from helpers.cohort.simulate import simulate
from helpers.robustness.choices import reference_of
from helpers.robustness.grid import written_grid
from helpers.robustness.shared_cohort import shared_cohort
from helpers.robustness.specifications import specification_curve
from helpers.workbook.parameters import read_parameters
from tests.benchmarks import floor
from tests.benchmarks.cohorts import FILES, ROOT, SEED, Sample
from tests.benchmarks.measure import Measured, Work

NOTEBOOK = ROOT / "notebooks" / "5_robustness.ipynb"


def simulated(sample: Sample) -> Work:
    """The raw tables in memory."""
    return Work(lambda: simulate(sample.patients, seed=SEED))


def read_csv(sample: Sample) -> Work:
    return Work(lambda: _raw(sample, "csv"))


def read_parquet(sample: Sample) -> Work:
    return Work(lambda: _raw(sample, "parquet"))


def clean(sample: Sample) -> Work:
    """From tables as read; about 5% of their rows are in error."""
    raw, dictionary = _raw(sample, "csv"), read_dictionary()
    return Work(lambda: clean_cohort(raw, dictionary))


def specifications(sample: Sample) -> Work:
    """Every specification of the usual grid, from the clean tables; patients are not drawn from."""
    parameters = {parameter.name: parameter.default for parameter in read_parameters(NOTEBOOK)}
    shared = shareable(sample.cohort, read_dictionary())
    cohort = shared_cohort(shared, most_patients=sample.patients, seed=SEED)
    grid = written_grid(parameters["specifications"], reference_of(parameters)).specifications
    made_with = parameters["day_zero_fractures"]
    return Work(
        lambda: specification_curve(cohort, grid, made_with=made_with),
        lambda curve: curve["estimate"].dropna().to_numpy(),
    )


def run(sample: Sample) -> Work:
    """`workbook run` as a process of its own, from Parquet files to the report."""
    out = str(sample.folder / "report")
    command = [sys.executable, "-m", "helpers.workbook", "run", str(sample.study / "study.yml"), "--out", out]
    return Work(lambda: subprocess.run(command, cwd=ROOT, check=True, capture_output=True))


def example_report(_: Sample | None, runs: int) -> Measured:
    """The whole command on the example study."""
    return Measured(_floor_and_wall(runs).wall, np.array([]))


def example_floor(_: Sample | None, runs: int) -> Measured:
    """Its kernels and their imports alone."""
    return Measured(_floor_and_wall(runs).floor, np.array([]))


@cache
def _floor_and_wall(runs: int) -> floor.FloorAndWall:
    return floor.floor_and_wall(runs)


def _raw(sample: Sample, ending: str) -> dict:
    return read_cohort(FILES[ending], read_dictionary(), folder=sample.study)
