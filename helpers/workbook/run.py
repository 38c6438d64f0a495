"""A whole run: check, execute the notebooks in order, build the pages, put the report in its place."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import nbformat

from helpers.errors import INPUT_ERRORS, Problems, WorkbookError
from helpers.report.html import Chapter, write_pages
from helpers.workbook.building import Building
from helpers.workbook.folder import COMPLETE, mark_of
from helpers.workbook.kernel import NotebookError, execute
from helpers.workbook.lock import locked
from helpers.workbook.manifest import inputs, versions, write_manifest
from helpers.workbook.parameters import Parameter, merged, parameters_by_step
from helpers.workbook.places import portable, project_root
from helpers.workbook.portable import make_portable, replacements, without_places
from helpers.workbook.progress import ProgressLine
from helpers.workbook.settings import write_settings
from helpers.workbook.steps import STEPS, Step
from helpers.workbook.study import Study, checked_values, read_study

CLEAR_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
OUT_OF_MEMORY = (
    "Its process was ended from outside, most often because the memory ran out. "
    "Close other programs or use a machine with more memory, then run again."
)


class RunFailedError(WorkbookError):
    """A notebook that did not finish; `exit_code` is 2 when the study's input is to be mended, else 1."""

    def __init__(self, message: str, exit_code: int):
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class _Plan:
    """What one run needs to know: the study with all its values, the flow, and where things are."""

    study: Study
    values: dict
    parameters: Mapping[str, Sequence[Parameter]]
    steps: Sequence[Step]
    root: Path
    place: Building

    @property
    def replaced(self) -> tuple[tuple[str, str], ...]:
        shown_out = portable(self.place.out, self.root)
        shown_study = portable(self.study.folder, self.root)
        return replacements(
            {
                self.root: "",
                self.place.aside: shown_out,
                self.place.out: shown_out,
                self.study.folder: shown_study,
            }
        )

    def parameters_of(self, step: Step) -> dict:
        """What papermill passes to one notebook: only what it knows."""
        given = {parameter.name: self.values[parameter.name] for parameter in self.parameters[step.name]}
        ours = {"study_folder": str(self.study.folder), "run_folder": str(self.place.aside)}
        return given | {name: value for name, value in ours.items() if name in given}


def run_study(
    study_file: str | Path,
    out: str | Path | None = None,
    *,
    steps: Sequence[Step] = STEPS,
    root: Path | None = None,
    stream: TextIO | None = None,
) -> Path:
    """Run every notebook for one study and put the report in its place; returns its folder.

    Raises
    ------
    WorkbookError
        If the study file, a file it names or the place of the report is not right; nothing was started then.
    RunFailedError
        If a notebook did not finish: the notebooks are kept aside, the last good report is untouched.
    """
    plan = _plan(study_file, out, steps, root)
    with locked(plan.place.out):
        plan.place.start()
        try:
            _build(plan, stream or sys.stdout)
        except KeyboardInterrupt:
            plan.place.discard()
            raise
        except Exception:
            plan.place.keep_failed()
            raise
        plan.place.put_in_place()
    return plan.place.out


def _plan(study_file: str | Path, out: str | Path | None, steps: Sequence[Step], root: Path | None) -> _Plan:
    root = (root or project_root()).resolve()
    study = read_study(study_file)
    parameters = parameters_by_step(root, steps)
    values = checked_values(study, merged(parameters))
    missing = [
        f"{name}, which {step.notebook} reads" for step in steps for name in step.data if not (root / name).is_file()
    ]
    if missing:
        raise Problems("Reference files of the workbook are missing; get a complete copy of it:", missing)
    place = Building(Path(out).expanduser().absolute() if out else study.default_out(root))
    place.check()
    return _Plan(study, values, parameters, steps, root, place)


def _build(plan: _Plan, stream: TextIO) -> None:
    started = datetime.now(UTC)
    folder = plan.place.aside
    (folder / "notebooks").mkdir()
    parameters = merged(plan.parameters)
    write_settings(
        folder / COMPLETE,
        values=plan.values,
        parameters=parameters,
        inputs=inputs(plan.study, plan.values, parameters, plan.steps, plan.root),
        versions=versions(),
    )
    notebooks = [_run_step(plan, step, number, stream) for number, step in enumerate(plan.steps, start=1)]
    for mark in (folder / COMPLETE).iterdir():
        mark.unlink()
    (folder / COMPLETE).rmdir()
    write_pages(
        folder,
        [Chapter(step.stem, step.question, book) for step, book in zip(plan.steps, notebooks, strict=True)],
        study_name=str(plan.values.get("study_name", plan.study.name)),
        is_synthetic=bool(plan.values.get("is_synthetic", False)),
    )
    write_manifest(
        folder,
        study=plan.study,
        values=plan.values,
        parameters=parameters,
        steps=plan.steps,
        root=plan.root,
        started=started,
    )


def _run_step(plan: _Plan, step: Step, number: int, stream: TextIO) -> nbformat.NotebookNode:
    folder = plan.place.aside / "notebooks"
    running = folder / f"{step.stem}.running.ipynb"
    source = plan.root / step.notebook
    cells = len(nbformat.read(source, as_version=4).cells) + 1
    try:
        with ProgressLine(f"{number}/{len(plan.steps)} {step.title}", stream, of=cells) as line:
            executed = execute(source, running, parameters=plan.parameters_of(step), root=plan.root, on_cell=line.cell)
            if not mark_of(plan.place.aside, step).is_file():
                raise NotebookError("Incomplete", "It ended without its last line, `run.complete()`.")
    except NotebookError as error:
        if running.is_file():
            _save(nbformat.read(running, as_version=4), folder / f"{step.stem}.failed.ipynb", step, plan)
            running.unlink()
        raise _failure(step, error, plan) from None
    shared = _save(executed, folder / f"{step.stem}.ipynb", step, plan)
    running.unlink()
    return shared


def _save(notebook: nbformat.NotebookNode, path: Path, step: Step, plan: _Plan) -> nbformat.NotebookNode:
    shared = make_portable(notebook, name=step.name, replaced=plan.replaced)
    nbformat.write(shared, path)
    return shared


def _failure(step: Step, error: NotebookError, plan: _Plan) -> RunFailedError:
    is_input = error.kind in INPUT_ERRORS
    words = without_places(CLEAR_ANSI.sub("", error.words).strip(), plan.replaced)
    if error.kind == "DeadKernel":
        cause = OUT_OF_MEMORY
    elif is_input or error.kind == "Incomplete":
        cause = words
    else:
        cause = f"{error.kind}: {words}\nThis is a fault of the workbook; its makers can use the line above."
    kept = _as_typed(plan.place.failed)
    before = " The last good report is untouched." if plan.place.out.exists() else ""
    return RunFailedError(
        f'"{step.question}" ({step.notebook}) could not be answered.\n{cause}\n'
        f"The notebooks so far are kept in {kept}/notebooks/.{before}",
        2 if is_input else 1,
    )


def _as_typed(path: Path) -> str:
    """A path as somebody in this folder would type it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
