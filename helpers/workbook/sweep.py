"""One report for each case of a grid, side by side, and a page that puts their answers together."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path
from typing import TextIO

from helpers.errors import WorkbookError
from helpers.workbook import one_run
from helpers.workbook.building import Building
from helpers.workbook.cores import usable_cores
from helpers.workbook.grid import Case, check_cases, read_grid
from helpers.workbook.lock import locked
from helpers.workbook.one_run import Ended
from helpers.workbook.parameters import merged, parameters_by_step
from helpers.workbook.places import project_root
from helpers.workbook.steps import STEPS
from helpers.workbook.study import Study, read_study
from helpers.workbook.sweep_page import write_sweep_page

RUNS = "runs"
OWN_NAMES = frozenset({RUNS, "index.html", "sweep.csv", ".DS_Store"})


class SweepFailedError(WorkbookError):
    """Some runs of a sweep did not end well; the others did, and the page says which."""

    exit_code = 1


def sweep(
    study_file: str | Path,
    grid_file: str | Path,
    out: str | Path | None = None,
    *,
    dask: str = "",
    steps=STEPS,
    root: Path | None = None,
    stream: TextIO | None = None,
) -> Path:
    """Run a study once for each case of a grid; returns the folder with `index.html` and `runs/`.

    The runs share the cores there are, each in a process of its own; with `dask` the workers of that scheduler take
    them, one each at a time. A run that fails harms no other, and an earlier report of its case stays.

    Raises
    ------
    WorkbookError
        If the study or the grid cannot be used: nothing was started then.
    SweepFailedError
        If a run failed; all others are done, and the page is there.
    """
    root, stream = (root or project_root()).resolve(), stream or sys.stdout
    study, cases = read_study(study_file), read_grid(grid_file)
    check_cases(study, cases, merged(parameters_by_step(root, steps)))
    folder = Path(out).expanduser().absolute() if out else root / "reports" / f"{study.name}-sweep"
    Building(folder, OWN_NAMES, "sweep").check()
    with locked(folder):
        (folder / RUNS).mkdir(parents=True, exist_ok=True)
        ended: dict[int, Ended] = {}
        for case, ending in _each_ended(study, cases, folder / RUNS, dask):
            ended[case.number] = ending
            said = "done" if ending.is_done else "FAILED"
            print(
                f"{len(ended)}/{len(cases)} {case.name} ... {said} in {ending.seconds:.1f} s", file=stream, flush=True
            )
        write_sweep_page(folder, study, cases, [ended[case.number] for case in cases])
    failed = [case for case in cases if not ended[case.number].is_done]
    if failed:
        told = "\n\n".join(f"{case.name}: {ended[case.number].words}" for case in failed)
        raise SweepFailedError(
            f"{len(failed)} of {len(cases)} runs failed; {folder / 'index.html'} has the others.\n\n{told}"
        )
    return folder


def _each_ended(study: Study, cases: Sequence[Case], runs: Path, dask: str) -> Iterator[tuple[Case, Ended]]:
    """Each case as its run ends."""

    def order(case: Case, cores: int) -> dict:
        return {
            "study_file": str(study.path),
            "values": case.of(study).values,
            "out": str(runs / case.folder(len(cases))),
            "cores": cores,
            "command": one_run.COMMAND,
        }

    if not cases:
        return
    if dask:
        yield from _at_workers([order(case, 1) for case in cases], cases, runs, dask)
        return
    at_once = min(usable_cores(), len(cases))
    each = max(1, usable_cores() // at_once)
    with ThreadPoolExecutor(at_once) as pool:
        futures = {pool.submit(one_run.run_apart, **order(case, each)): case for case in cases}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _at_workers(orders: Sequence[dict], cases: Sequence[Case], runs: Path, dask: str) -> Iterator[tuple[Case, Ended]]:
    from helpers.cohort.cluster import Workers

    with closing(Workers(dask)) as workers:
        workers.check(runs)
        yield from zip(cases, workers.each_part(len(cases), _numbered, along=[orders]), strict=True)


def _numbered(_number: int, order: dict) -> Ended:
    return one_run.run_apart(**order)
