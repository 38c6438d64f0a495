"""Synthetic cohorts with known truth, and the folder of files a clinic would send."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from helpers.cohort.dictionary import RAW_TABLES
from helpers.cohort.latent import WORKERS, Latent, draw
from helpers.cohort.planted_errors import plant_errors
from helpers.cohort.raw_files import write_csv, write_parquet
from helpers.cohort.raw_tables import as_text, raw_tables
from helpers.cohort.truth import Truth
from helpers.counts import counted
from helpers.errors import Problems, WorkbookError

__all__ = ["SimulatedCohort", "Truth", "simulate", "write_cohort"]

ERROR_SHARE = 0.05
MOST_PATIENTS = 10_000_000
_SYNTHETIC_LINE = "is_synthetic: true"
_NOTICE = "SYNTHETIC.txt"
PROJECT = Path(__file__).resolve().parents[2]
_PLANTED = "planted_errors.csv"
_WRITERS = {"parquet": write_parquet, "csv": write_csv}
# Format -> the study files, each with the ending of the tables it names.
FORMATS = {
    "csv": {"study.yml": "csv"},
    "parquet": {"study.yml": "parquet"},
    "both": {"study.yml": "parquet", "study_csv.yml": "csv"},
}
_FILES = (
    *FORMATS["both"], _NOTICE, "truth.json", _PLANTED,
    *(f"{name}.{ending}" for name in RAW_TABLES for ending in _WRITERS),
)  # fmt: skip


@dataclass(frozen=True)
class SimulatedCohort:
    """A synthetic cohort: its raw tables (no errors), what is true in it, and what made it.

    `coded` has the tables as `raw_tables` gives them, every column a Categorical of texts.
    """

    coded: dict[str, pd.DataFrame]
    truth: Truth
    latent: Latent
    patients: int
    seed: int

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The raw tables with every cell a text."""
        return {name: as_text(table) for name, table in self.coded.items()}


def simulate(patients: int, *, seed: int, truth: Truth | None = None) -> SimulatedCohort:
    """Simulate a cohort of vertebroplasty patients; the same seed gives the same cohort to the byte.

    Parameters
    ----------
    patients : int
        Number of patients treated.
    seed : int
        Any whole number of at least 0.
    truth : Truth, optional
        What is true in the cohort; by default the truth calibrated to the published figures.

    Raises
    ------
    Problems
        If a number is not usable.
    """
    _check_numbers(patients, seed)
    truth = truth or Truth()
    latent = draw(int(patients), seed=int(seed), truth=truth)
    return SimulatedCohort(raw_tables(latent, seed=int(seed)), truth, latent, int(patients), int(seed))


def write_cohort(cohort: SimulatedCohort, out: Path | str, *, clean: bool, file_format: str = "both") -> Path:
    """Write a synthetic cohort as a study: tables, `study.yml`, the truth, and a notice that it is synthetic.

    Parameters
    ----------
    out : path
        Folder to make. One that exists must be empty or hold an earlier synthetic cohort, which is replaced.
    clean : bool
        Without errors; otherwise about 5% of the rows are in error and `planted_errors.csv` says where.
    file_format : {"both", "csv", "parquet"}
        Of the tables. With both, `study.yml` names the Parquet files and `study_csv.yml` the CSV files.

    Returns
    -------
    Path
        The study file.
    """
    if file_format not in FORMATS:
        raise WorkbookError(f"`file_format` must be one of {', '.join(FORMATS)}, but got {file_format}.")
    out = Path(out)
    _check_folder(out)
    tables, planted = cohort.coded, None
    if not clean:
        tables, planted = plant_errors(cohort.coded, seed=cohort.seed, share=ERROR_SHARE)
    out.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        (out / name).unlink(missing_ok=True)
    command = _command(cohort, clean, file_format)
    texts = {
        study: _study_file(cohort, clean, _seen_from_project(out), ending)
        for study, ending in FORMATS[file_format].items()
    }
    texts |= {_NOTICE: _notice(clean, command), "truth.json": _truth_file(cohort, command)}
    # study.yml first: a folder left half-written can then be recognised and written again.
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
    with ThreadPoolExecutor(WORKERS) as pool:
        written = [
            pool.submit(_WRITERS[ending], table, out / f"{name}.{ending}")
            for ending in FORMATS[file_format].values()
            for name, table in tables.items()
        ]
        if planted is not None:
            written.append(pool.submit(write_csv, planted.astype({"row": str}), out / _PLANTED))
    for file in written:
        file.result()
    return out / "study.yml"


def _check_numbers(patients, seed):
    problems = []
    if not _is_whole(patients) or not 0 <= patients <= MOST_PATIENTS:
        problems.append(f"`patients` must be a whole number from 0 to {MOST_PATIENTS:,}, but got {patients}.")
    if not _is_whole(seed) or seed < 0:
        problems.append(f"`seed` must be a whole number of at least 0, but got {seed}. Any such number will do.")
    if problems:
        raise Problems("The cohort cannot be simulated.", problems)


def _is_whole(value) -> bool:
    return not isinstance(value, bool) and hasattr(value, "__index__")


def _check_folder(out: Path):
    if out.exists() and not out.is_dir():
        raise WorkbookError(f"{out} is a file, but a cohort is a folder of files. Name another folder with --out.")
    if not out.exists() or not any(out.iterdir()):
        return
    study = out / "study.yml"
    if not study.is_file() or _SYNTHETIC_LINE not in study.read_text(encoding="utf-8").splitlines():
        raise WorkbookError(
            f"The folder {out} holds files that are not a synthetic cohort, so nothing was written there. "
            "Name a new or empty folder with --out."
        )


def _command(cohort, clean, file_format) -> str:
    """What makes this cohort again; the command line knows the default truth only."""
    if cohort.truth != Truth():
        return f"simulate({cohort.patients}, seed={cohort.seed}, truth=...) of helpers.cohort.simulate"
    made = f"workbook simulate --patients {cohort.patients} --seed {cohort.seed}"
    made += (" --clean" if clean else "") + ("" if file_format == "both" else f" --format {file_format}")
    return f"{made} --out FOLDER"


def _notice(clean, command):
    told = "" if clean else "\nabout 5% of its rows are in error on purpose, planted_errors.csv says where;"
    return (
        "SYNTHETIC COHORT. No patient in these files exists. The tables were drawn at random;"
        f"{told}\nwhat is true in them is in truth.json. Made with: {command}\n"
    )


def _truth_file(cohort, command):
    content = {"is_synthetic": True, "made_with": command, "explained_in": "helpers/cohort/truth.py"}
    content["truth"] = cohort.truth.as_dict()
    return json.dumps(content, indent=2) + "\n"


def _seen_from_project(out: Path) -> str:
    out = out.resolve()
    return out.relative_to(PROJECT).as_posix() if out.is_relative_to(PROJECT) else out.as_posix()


def _study_file(cohort, clean, folder, ending):
    kind, patients = "without errors" if clean else "with planted errors", counted(cohort.patients, "patient")
    imaging_file = f"imaging_file: imaging.{ending}"
    return f"""\
# SYNTHETIC COHORT: no patient in these files exists ({patients}, seed {cohort.seed}, {kind}).
# A study file: every line is a parameter of the notebooks. Copy it and change what your study needs.

study_name: "Synthetic cohort of {patients}, seed {cohort.seed}"
{_SYNTHETIC_LINE}

# The tables, in the folder of this file. `workbook run` finds it by itself; papermill alone needs to be told
# (from the workbook's own folder, or the whole path).
study_folder: "{folder}"
patients_file: patients.{ending}
procedures_file: procedures.{ending}
fractures_file: fractures.{ending}
{imaging_file:<39}# "" when there is none

# How they are written
column_names: {{}}                       # only names that differ: {{patients: {{patient_id: ID}}}}
date_formats: {{default: "%Y-%m-%d"}}    # and single columns: {{patients.death_date: "%d.%m.%Y"}}

# What is studied
levels_at_risk: T1-L5                  # vertebrae at risk of a new fracture
adjacent_within: 1                     # levels from the nearest cemented vertebra that count as adjacent
prevalent_fractures: exclude           # vertebrae fractured before day 0: exclude or keep
day_zero_fractures: prevalent          # a new fracture dated on day 0 is taken as prevalent or new
later_vertebroplasty: censor           # censor, ignore or reclassify
two_level_range: refuse                # "T12-L1" may be a disc: refuse it, or read it as both levels
death_follow_up: death                 # vertebrae are followed to death, or to the last_imaging

# Precision
conf_level: 0.95
bootstrap_samples: 2000
seed: 20060127
"""
