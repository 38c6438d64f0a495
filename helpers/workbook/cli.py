"""The command `workbook`."""

import argparse
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FrameType

from helpers.errors import WorkbookError
from helpers.imports import without

DISTRIBUTION = "vertebroplasty-workbook"
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 when done, 1 when a notebook failed or a run differs, 2 for bad
    parameters or input."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        code = options.command(options)
    except WorkbookError as error:
        print(error, file=sys.stderr)
        return getattr(error, "exit_code", 2)
    except KeyboardInterrupt:
        print("\nStopped. The last good report, if there is one, is untouched.", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        print(f"A file could not be read or written: {error}.", file=sys.stderr)
        return 1
    return code or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="workbook",
        description="New fractures after vertebroplasty: from a cohort's files to an executed report.",
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    init = _command(commands, "init", _init, "look at the files of a clinic and propose a study file for them")
    init.add_argument(
        "files", metavar="FILE", nargs="+", help="files, sheets of them as FILE#SHEET, or addresses of databases"
    )
    init.add_argument("--out", metavar="DIR", required=True, help="folder of the study; study.yml is written there")
    init.add_argument("--copy", action="store_true", help="copy the files into that folder")

    run = _command(commands, "run", _run, "run all notebooks for one study and build its report")
    run.add_argument("study", metavar="STUDY.yml", help="the study file; the files it names stand beside it")
    run.add_argument("--out", metavar="DIR", help="folder of the report (default: reports/<study>)")

    _add_engine(run)

    verify = _command(commands, "verify", _verify, "run a report again from its manifest and say what differs")
    verify.add_argument("run", metavar="RUN", help="the folder of a report; it is not touched")
    verify.add_argument("--study", metavar="STUDY.yml", help="where its study file is now, if it was moved")
    _add_engine(verify)

    compare = _command(commands, "compare", _compare, "set two reports side by side on one page")
    compare.add_argument("run_a", metavar="RUN_A")
    compare.add_argument("run_b", metavar="RUN_B")
    compare.add_argument("--out", metavar="PAGE.html", help="the page (default: beside RUN_A)")

    sweep = _command(
        commands, "sweep", _sweep, "run a study once for each case of a grid, and put the answers together"
    )
    sweep.add_argument("study", metavar="STUDY.yml")
    sweep.add_argument(
        "grid", metavar="GRID.yml", help="lines like `adjacent_within: [1, 2]`; every combination is run"
    )
    sweep.add_argument("--out", metavar="DIR", help="folder of the sweep (default: reports/<study>-sweep)")
    sweep.add_argument(
        "--dask", metavar="tcp://HOST:PORT", default="", help="let the workers of this scheduler run them"
    )

    check = _command(commands, "check", _check, "read and clean a study's files, and show what is wrong in them")
    check.add_argument("study", metavar="STUDY.yml")
    check.add_argument("--out", metavar="DIR", help="a private folder (default: reports/<study>.check)")

    partition = _command(commands, "partition", _partition, "cut the tables of a study into parts, for Dask workers")
    partition.add_argument("study", metavar="STUDY.yml")
    partition.add_argument("--out", required=True, metavar="DIR", help="a new folder")
    partition.add_argument(
        "--patients-per-part", type=_positive, default=50_000, metavar="N", help="about how many (default: 50000)"
    )

    simulate = _command(commands, "simulate", _simulate, "write a made-up cohort with a study file")
    simulate.add_argument("--patients", type=_positive, required=True, metavar="N")
    simulate.add_argument("--seed", type=_whole, required=True, metavar="S")
    simulate.add_argument("--out", required=True, metavar="DIR", help="a new folder")
    simulate.add_argument(
        "--format",
        choices=("both", "csv", "parquet"),
        default="both",
        help="of the tables (default: both, Parquet for study.yml and CSV for study_csv.yml)",
    )
    simulate.add_argument("--clean", action="store_true", help="without the usual errors of real files")

    _command(commands, "steps", _steps, "show the notebooks with their questions and tables")
    _command(commands, "parameters", _parameters, "show every parameter with its default and meaning")
    return parser


def _command(commands: argparse._SubParsersAction, name: str, does: Callable, says: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=says, description=f"{says[0].upper()}{says[1:]}.")
    command.set_defaults(command=does)
    return command


def _add_engine(parser: argparse.ArgumentParser) -> None:
    engine = parser.add_mutually_exclusive_group()
    engine.add_argument(
        "--dask", metavar="tcp://HOST:PORT", default="", help="work part by part at this Dask scheduler"
    )
    engine.add_argument(
        "--workers", type=_positive, metavar="N", help="work part by part with N workers on this machine"
    )


def _init(options: argparse.Namespace) -> None:
    from helpers.workbook.initial import init_study

    made = init_study(options.files, options.out, copy=options.copy)
    study = f"{options.out.rstrip('/')}/{made.path.name}"
    print(made.shown)
    print()
    if made.undecided:
        print(f"{study} is written. Decide before it can be run:")
        print("\n".join(f"  - {told}" for told in made.undecided))
    else:
        print(f"{study} is written. Nothing is left to decide; read it all the same.")
    print(f"Next: {_called()} check {shlex.quote(study)}, then: {_called()} run {shlex.quote(study)}")


def _run(options: argparse.Namespace) -> None:
    with without("rfc3987_syntax"):  # checks of web addresses, which take jsonschema longer than all else to prepare
        from helpers.workbook.places import portable, project_root
        from helpers.workbook.run import run_study

    out = run_study(options.study, options.out, dask=options.dask, workers=options.workers)
    print(f"Report: {portable(out, project_root()) if not options.out else options.out}/index.html")


def _verify(options: argparse.Namespace) -> int:
    with without("rfc3987_syntax"):
        from helpers.workbook.differences import told
        from helpers.workbook.verify import verify_run

    found = verify_run(options.run, options.study, dask=options.dask, workers=options.workers)
    print("\n".join(told(found)) if found else f"identical: {options.run} comes out the same, byte for byte.")
    return 1 if found else 0


def _compare(options: argparse.Namespace) -> None:
    from helpers.workbook.compare import compare_runs

    print(f"Comparison: {compare_runs(options.run_a, options.run_b, options.out)}")


def _sweep(options: argparse.Namespace) -> None:
    with without("rfc3987_syntax"):
        from helpers.workbook.sweep import sweep

    print(f"Sweep: {sweep(options.study, options.grid, options.out, dask=options.dask)}/index.html")


def _check(options: argparse.Namespace) -> None:
    from helpers.workbook.check import check_study

    check_study(options.study, options.out)
    print(f"Next: {_called()} run {shlex.quote(options.study)}")


def _partition(options: argparse.Namespace) -> None:
    from helpers.counts import counted
    from helpers.workbook.partition import partition_study

    made = partition_study(options.study, options.out, patients_per_part=options.patients_per_part)
    parts = counted(made.n_parts, "part")
    replaced = ", in place of those that were there" if made.is_replaced else ""
    print(f"{parts}{replaced}. {options.out} holds identifiers and dates, as the study's own files do: never share it.")
    print(f"Next: {_called()} run {made.study} --workers 2")


def _simulate(options: argparse.Namespace) -> None:
    from helpers.cohort.simulate import simulate, write_cohort
    from helpers.counts import counted

    cohort = simulate(options.patients, seed=options.seed)
    study = write_cohort(cohort, options.out, clean=options.clean, file_format=options.format)
    print(f"Made-up cohort of {counted(options.patients, 'patient')}. Next: {_called()} run {study}")


def _steps(options: argparse.Namespace) -> None:
    from helpers.workbook.steps import steps_as_markdown

    print(steps_as_markdown())


def _parameters(options: argparse.Namespace) -> None:
    from helpers.workbook.parameters import merged, parameters_as_markdown, parameters_by_step
    from helpers.workbook.places import project_root

    print(parameters_as_markdown(merged(parameters_by_step(project_root()))))


def _called() -> str:
    """The command as it was typed, so that the next one can be copied."""
    typed = Path(sys.argv[0])
    return shlex.quote(str(typed)) if typed.name == "workbook" and not shutil.which("workbook") else "workbook"


def _positive(text: str) -> int:
    number = _whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, but got {text}")
    return number


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number, but got {text}")
    return int(text)


def _version() -> str:
    try:
        return f"workbook {version(DISTRIBUTION)}"
    except PackageNotFoundError:
        return "workbook (not installed)"


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
