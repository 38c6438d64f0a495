"""A whole run: check, execute the notebooks, build the pages, put the report in its place."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TextIO

import nbformat

from helpers.cohort.cohort_source import NO_PARTS
from helpers.errors import Problems, WorkbookError
from helpers.report.html import Chapter, write_audit_pages, write_reader_edition
from helpers.workbook.building import Building
from helpers.workbook.captions import order_captions, start_captions
from helpers.workbook.cores import usable_cores
from helpers.workbook.failure import failure, keep_failure
from helpers.workbook.fork_server import CAN_FORK, ForkServer, imports
from helpers.workbook.kernel import NotebookError, OffSwitch, environment, execute
from helpers.workbook.lock import locked
from helpers.workbook.manifest import inputs, versions, write_manifest
from helpers.workbook.parameters import Parameter, merged, parameters_by_step
from helpers.workbook.places import portable, project_root
from helpers.workbook.portable import make_portable, replacements, without_words
from helpers.workbook.printing import write_pdf
from helpers.workbook.progress import Progress
from helpers.workbook.settings import write_settings
from helpers.workbook.side_by_side import BeforeCell, run_side_by_side
from helpers.workbook.steps import COMPLETE, STEPS, Step, mark_of, written_tables
from helpers.workbook.study import Study, checked_values, read_study
from helpers.workbook.turns import waits
from helpers.workbook.workers import scheduler_for

WITHOUT_PARTS = (
    "Cells are corrected by hand (`corrections_file`) in a cohort in one piece only; nothing was started. "
    "Run it without --dask, --workers and `scheduler`, or mend the files themselves and leave `corrections_file` out."
)


@dataclass(frozen=True)
class Plan:
    """What one run needs to know: the study with all its values, the flow, and where things are."""

    study: Study
    values: dict
    parameters: Mapping[str, Sequence[Parameter]]
    steps: Sequence[Step]
    root: Path
    place: Building
    scheduler: str = ""
    cores: int = 0

    @property
    def replaced(self) -> tuple[tuple[str, str], ...]:
        shown_out = portable(self.place.out, self.root)
        shown_study = portable(self.study.folder, self.root)
        files = [value for name, value in self.values.items() if name.endswith("_file") and isinstance(value, str)]
        elsewhere = tuple((value, Path(value).name) for value in files if value.startswith(("../", "..\\")))
        return elsewhere + replacements(
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
        ours = {
            "study_folder": str(self.study.folder),
            "run_folder": str(self.place.aside),
            "scheduler": self.scheduler,
        }
        return given | {name: value for name, value in ours.items() if name in given}


def run_study(
    study_file: str | Path,
    out: str | Path | None = None,
    *,
    values: Mapping[str, object] | None = None,
    dask: str = "",
    workers: int | None = None,
    cores: int | None = None,
    pdf: bool = True,
    steps: Sequence[Step] = STEPS,
    root: Path | None = None,
    stream: TextIO | None = None,
) -> Path:
    """Run every notebook for one study and put the report in its place; returns its folder.

    With `dask`, the address of a Dask scheduler, or `workers`, a number of workers to start for the time of the run,
    the cohort is worked on part by part. `values` takes the place of all that the study file sets; `cores` is how many
    notebooks may work at once, by default as many as there are. With `pdf` the page is printed as well, where a
    browser is found for it.

    Raises
    ------
    WorkbookError
        If the study file, a file it names or the place of the report is not right; nothing was started then.
    RunFailedError
        If a notebook did not finish: the notebooks are kept aside, the last good report is untouched.
    """
    root = (root or project_root()).resolve()
    study = read_study(study_file)
    study = study if values is None else replace(study, values=dict(values))
    place = Building(Path(out).expanduser().absolute() if out else study.default_out(root))
    plan = plan_run(study, place, dask=dask, workers=workers, steps=steps, root=root)
    with locked(plan.place.out):
        try:
            with scheduler_for(plan.scheduler, workers) as scheduler:
                plan.place.start()
                build_report(replace(plan, scheduler=scheduler, cores=cores or 0), stream or sys.stdout, pdf=pdf)
        except KeyboardInterrupt:
            plan.place.discard()
            raise
        except Exception as error:
            if plan.place.aside.is_dir():
                keep_failure(plan, error)
            raise
        plan.place.put_in_place()
    return plan.place.out


def plan_run(
    study: Study, place: Building, *, dask: str, workers: int | None = None, steps: Sequence[Step], root: Path
) -> Plan:
    """Everything about a run that can be known and refused before it starts."""
    parameters = parameters_by_step(root, steps)
    values = checked_values(study, merged(parameters))
    missing = [
        f"{name}, which {step.notebook} reads" for step in steps for name in step.data if not (root / name).is_file()
    ]
    if missing:
        raise Problems("Reference files of the workbook are missing; get a complete copy of it:", missing)
    place.check()
    # Where the workers are is said nowhere in a report, as little as where its folders are.
    scheduler = dask or values.get("scheduler", "")
    if values.get("cohort_file") and (scheduler or workers):
        raise WorkbookError(NO_PARTS)
    values |= {name: "" for name in values if name == "scheduler"}
    if (scheduler or workers) and values.get("corrections_file"):
        raise WorkbookError(WITHOUT_PARTS)
    return Plan(study, values, parameters, steps, root, place, scheduler)


def build_report(plan: Plan, stream: TextIO, *, pdf: bool = False) -> None:
    """Execute the notebooks and write pages and manifest into the folder aside, and on request a PDF."""
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
    start_captions(folder / "figures")
    notebooks = _executed(plan, stream)
    order_captions(folder / "figures", [step.name for step in plan.steps])
    for mark in (folder / COMPLETE).iterdir():
        mark.unlink()
    (folder / COMPLETE).rmdir()
    chapters = [Chapter(step.stem, step.question, book) for step, book in zip(plan.steps, notebooks, strict=True)]
    told = {
        "study_name": str(plan.values.get("study_name", plan.study.name)),
        "is_synthetic": bool(plan.values.get("is_synthetic", False)),
    }
    reader = write_reader_edition(folder, chapters, **told)
    with ThreadPoolExecutor(1) as beside:  # while the browser prints, in a process of its own
        audit = beside.submit(write_audit_pages, folder, chapters, reader=reader, **told)
        if pdf and (why_not := write_pdf(folder)):
            stream.write(f"{why_not}\n")
        audit.result()
    write_manifest(
        folder,
        study=plan.study,
        values=plan.values,
        parameters=parameters,
        steps=plan.steps,
        root=plan.root,
        started=started,
    )


def _executed(plan: Plan, stream: TextIO) -> list[nbformat.NotebookNode]:
    books = {step.name: nbformat.read(plan.root / step.notebook, as_version=4) for step in plan.steps}
    sources = {name: [cell.source for cell in book.cells] for name, book in books.items()}
    switch = OffSwitch()
    with _fork_server(plan.root, books.values()) as server:
        if server:
            switch.watch(server.process)

        def work(step: Step, before_cell: BeforeCell) -> nbformat.NotebookNode:
            return _execute_step(plan, step, books[step.name], before_cell, switch, server)

        turns = run_side_by_side(
            plan.steps,
            work,
            waits={step.name: waits(step, sources[step.name], plan.steps) for step in plan.steps},
            written=partial(written_tables, plan.place.aside),
            # papermill puts in one more cell, with the parameters of the run
            progress=Progress({step.title: len(books[step.name].cells) + 1 for step in plan.steps}, stream),
            switch=switch,
            cores=plan.cores or usable_cores(),
        )
    if any(turn.error for turn in turns):
        raise failure(turns, plan)
    return [turn.notebook for turn in turns]


def _fork_server(root: Path, books: Iterable[nbformat.NotebookNode]) -> AbstractContextManager[ForkServer | None]:
    if not CAN_FORK:
        return nullcontext()
    sources = (cell.source for book in books for cell in book.cells if cell.cell_type == "code")
    return ForkServer(root, environment(root), imports(sources))


def _execute_step(
    plan: Plan,
    step: Step,
    book: nbformat.NotebookNode,
    before_cell: BeforeCell,
    switch: OffSwitch,
    server: ForkServer | None,
) -> nbformat.NotebookNode:
    folder = plan.place.aside / "notebooks"
    try:
        executed = execute(
            book,
            parameters=plan.parameters_of(step),
            root=plan.root,
            on_cell=before_cell,
            switch=switch,
            server=server,
        )
        if not mark_of(plan.place.aside, step).is_file():
            raise NotebookError("Incomplete", "It ended without its last line, `run.complete()`.", executed)
    except NotebookError as error:
        if error.notebook and not switch.is_off:
            _save(without_words(error.notebook), folder / f"{step.stem}.failed.ipynb", step, plan)
        raise
    return _save(executed, folder / f"{step.stem}.ipynb", step, plan)


def _save(notebook: nbformat.NotebookNode, path: Path, step: Step, plan: Plan) -> nbformat.NotebookNode:
    address = ((plan.scheduler, "tcp://scheduler"),) if plan.scheduler else ()
    shared = make_portable(notebook, name=step.name, replaced=plan.replaced + address)
    nbformat.write(shared, path)
    return shared
