"""R as the other side: columns handed over as whole numbers, one R process for each thing timed (`peers.R`)."""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from helpers.cohort.dates import day_numbers
from tests.benchmarks.cohorts import KIND, Sample, spines
from tests.benchmarks.measure import Measured, NotInstalledError, PeerError

SCRIPT = Path(__file__).with_name("peers.R")
PACKAGES = ("boot", "data.table", "sandwich", "survival")


@cache
def versions() -> dict[str, str]:
    """R and those of our packages that it has, with versions; empty without R."""
    if shutil.which("Rscript") is None:
        return {}
    listed = ", ".join(f'"{package}"' for package in PACKAGES)
    tell = f'cat("R", as.character(getRversion()), "\\n"); for (package in intersect(c({listed}), rownames('
    tell += 'installed.packages()))) cat(package, as.character(packageVersion(package)), "\\n")'
    told = subprocess.run(["Rscript", "--vanilla", "-e", tell], capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in told.splitlines())


def measure(sample: Sample, step: str, runs: int, *, packages: tuple[str, ...] = ()) -> Measured:
    """Time one step of `peers.R`.

    Raises
    ------
    NotInstalledError
        Without R, or without one of the packages.
    PeerError
        If R stopped with an error.
    """
    missing = [name for name in ("R", *packages) if name not in versions()]
    if missing:
        raise NotInstalledError("R is not installed" if "R" in missing else f"R has no package {missing[0]}")
    folder = hand_over(sample)
    command = ["Rscript", "--vanilla", str(SCRIPT), str(folder), step, str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerError(f"R stopped: {done.stderr.strip()}")
    seconds, answer = (np.loadtxt(folder / f"{name}.txt", ndmin=1) for name in ("seconds", "answer"))
    return Measured(median(seconds), answer)


def hand_over(sample: Sample) -> Path:
    """The folder with the columns of the risk table and of the clean tables as R reads them, written once."""
    folder = sample.folder / "r"
    if not folder.is_dir():
        half = folder.with_name("r.half")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        for table, columns in _tables(sample).items():
            for name, column in columns.items():
                np.asarray(column).astype("<i4").tofile(half / f"{table}.{name}.int32")
        half.rename(folder)
    return folder


def _tables(sample: Sample) -> dict[str, dict]:
    """Table -> column -> whole numbers; what is missing is the smallest int32, as in R. Patients count from 1."""
    patients, procedures, fractures, imaging = (
        getattr(sample.cohort, name) for name in ("patients", "procedures", "fractures", "imaging")
    )
    statuses = fractures["status"].cat
    levels = spines()
    return {
        "rows": {
            "days": sample.days,
            "event": sample.event,
            "exposed": sample.exposed,
            "patient": sample.patient.cat.codes + 1,
        },
        "patients": {
            "patient": patients["patient"].cat.codes + 1,
            **dict(zip(("thoracic", "lumbar"), (patients[name] for name in KIND), strict=True)),
            "procedure_set_aside": patients["procedure_set_aside"].astype(bool),
            **{name: day_numbers(patients[f"{name}_date"]) for name in ("last_imaging", "last_contact", "death")},
        },
        "procedures": _dated(procedures, "procedure_date") | {"level_mask": procedures["level_mask"]},
        "fractures": _dated(fractures, "diagnosis_date")
        | {"slot": fractures["level"].cat.codes, "status": statuses.codes},
        "statuses": {name: [statuses.categories.get_loc(name)] for name in ("new", "prevalent")},
        "imaging": _dated(imaging, "imaging_date"),
        "spines": {
            "thoracic": levels[KIND[0]],
            "lumbar": levels[KIND[1]],
            "slot": levels["slot"],
            "region": levels["region"].cat.codes,
            "place": levels["place"],
        },
    }


def _dated(frame: pd.DataFrame, date: str) -> dict:
    return {"patient": frame["patient"].cat.codes + 1, "day": day_numbers(frame[date])}
