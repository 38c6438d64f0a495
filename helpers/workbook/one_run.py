"""One run in a process of its own, so that it can harm no other: `python -m helpers.workbook.one_run`."""

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.errors import WorkbookError
from helpers.imports import without

COMMAND = ("-m", "helpers.workbook.one_run")
STOPPED = 130
KILLED = "Its process was ended from outside, most often because the memory ran out."


@dataclass(frozen=True)
class Ended:
    """How a run ended: whether its report is there, what it said if not, and after how many seconds."""

    is_done: bool
    words: str
    seconds: float


def run_apart(study_file: str, values: Mapping, out: str, *, cores: int, command: Sequence[str] = COMMAND) -> Ended:
    """Run a study with these parameters in a process of its own, on so many cores; never raises for its failure.

    `command` is what Python is given to do it.
    """
    order = json.dumps({"study_file": study_file, "values": dict(values), "out": out, "cores": cores})
    started = time.monotonic()
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))}
    done = subprocess.run(
        [sys.executable, *command],
        input=order,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    seconds = time.monotonic() - started
    if done.returncode == 0:
        return Ended(True, "", seconds)
    words = done.stderr.strip() if done.returncode in (1, 2) else KILLED
    return Ended(False, words or KILLED, seconds)


def main(**options) -> int:
    """Take the order from standard input; say what went wrong on standard error."""
    with without("rfc3987_syntax"):
        from helpers.workbook.run import run_study

    order = json.load(sys.stdin)
    try:
        run_study(**order, **options, pdf=False, stream=io.StringIO())
    except WorkbookError as error:
        print(error, file=sys.stderr)
        return getattr(error, "exit_code", 2)
    except KeyboardInterrupt:
        return STOPPED
    except OSError as error:
        print(f"A file could not be read or written: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
