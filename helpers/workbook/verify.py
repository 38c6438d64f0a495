"""A finished run once more, from its manifest: identical, or what differs."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from helpers.errors import WorkbookError
from helpers.workbook import differences
from helpers.workbook.building import Building
from helpers.workbook.differences import Difference
from helpers.workbook.failure import keep_failure
from helpers.workbook.lock import locked
from helpers.workbook.manifest import outputs
from helpers.workbook.places import project_root
from helpers.workbook.run import build_report, plan_run
from helpers.workbook.steps import STEPS
from helpers.workbook.study import Study, read_study
from helpers.workbook.workers import scheduler_for

MANIFEST = "manifest.json"
NEEDED = ("parameters", "inputs", "notebooks", "outputs", "versions")


def verify_run(
    run: str | Path,
    study_file: str | Path | None = None,
    *,
    dask: str = "",
    workers: int | None = None,
    steps=STEPS,
    root: Path | None = None,
    stream: TextIO | None = None,
) -> list[Difference]:
    """Run a report again as its manifest says, aside and for nothing but the comparison; empty where all is identical.

    Parameters
    ----------
    run : path
        The folder of a report; it is not touched.
    study_file : path, optional
        Where the study file is; by default where the manifest has it.

    Returns
    -------
    list of Difference
        Files of the report changed by hand since; parameters (of the study file as it is now), inputs, notebooks and
        versions that differ; numbers; files that came out otherwise.

    Raises
    ------
    WorkbookError
        If the folder holds no report, or its study cannot be found or run.
    """
    folder, root = Path(run).expanduser().absolute(), (root or project_root()).resolve()
    manifest = read_manifest(folder)
    study = _study(manifest, study_file, root)
    as_then = replace(study, values=_values_then(manifest, study))
    plan = plan_run(as_then, Building(folder), dask=dask, workers=workers, steps=steps, root=root)
    with locked(folder):
        found = differences.changed_since(manifest, outputs(folder))
        try:
            with scheduler_for(plan.scheduler, workers) as scheduler:
                plan.place.start()
                build_report(replace(plan, scheduler=scheduler), stream or sys.stdout)
                again = read_manifest(plan.place.aside)
                found += _of_study(manifest, study) + differences.made_of(manifest, again)
                found += differences.numbers(folder, plan.place.aside) + differences.outputs(manifest, again)
        except Exception as error:
            if plan.place.aside.is_dir():
                keep_failure(plan, error)
            raise
        finally:
            plan.place.discard()
    return found


def read_manifest(folder: Path) -> dict:
    """The manifest of a report.

    Raises
    ------
    WorkbookError
        If there is none, or it is not one.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise WorkbookError(
            f"{folder.name} holds no report: there is no {MANIFEST}. Give the folder of a finished run."
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict) or any(name not in manifest for name in NEEDED):
        raise WorkbookError(f"{folder.name}/{MANIFEST} is damaged, so the run cannot be repeated from it.")
    return manifest


def _study(manifest: dict, study_file, root: Path) -> Study:
    name = next((given["name"] for given in manifest["inputs"] if given["role"] == "study_file"), "study.yml")
    path = Path(study_file) if study_file else root / name
    if not path.is_file() and not study_file:
        raise WorkbookError(f"The study file {name} of this run is not there any more. Say where it is: --study FILE.")
    return read_study(path)


def _values_then(manifest: dict, study: Study) -> dict:
    """What the study file set when the report was made; whole paths, which a manifest does not keep, as set now."""
    then = {name: told["value"] for name, told in manifest["parameters"].items() if told["set_by_study"]}
    kept = {name: value for name, value in study.values.items() if name in then and _is_hidden(then[name], value)}
    return then | kept


def _of_study(manifest: dict, study: Study) -> list[Difference]:
    """Parameters that the study file sets otherwise now."""
    then = {name: told["value"] for name, told in manifest["parameters"].items() if told["set_by_study"]}
    names = [*then, *(name for name in study.values if name not in then)]
    return [
        Difference("parameter", f"{name} in {study.path.name}", then.get(name, "not set"), now)
        for name in names
        for now in [study.values.get(name, "not set")]
        if now != then.get(name, "not set")
        and not _is_hidden(then.get(name), now)
        and name not in ("study_folder", "run_folder")
    ]


def _is_hidden(then: object, now: object) -> bool:
    """Whether a manifest shows less of a value than a study file says: a whole path, or an address with a user."""
    return (
        isinstance(now, str)
        and isinstance(then, str)
        and now != then
        and (Path(now).is_absolute() and Path(now).name == then or "://" in now and "://" in then)
    )
