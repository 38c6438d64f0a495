"""One run at a time into one folder."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from helpers.errors import WorkbookError


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold `out` for this run; a lock left by a process that no longer lives is taken over.

    Raises
    ------
    WorkbookError
        If another run holds it.
    """
    path = out.parent / f".{out.name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _take(path, out)
    except OSError as error:
        raise WorkbookError(
            f"The folder {out} cannot be made ({error.strerror}). Give another place with --out DIR."
        ) from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _take(path: Path, out: Path) -> None:
    for _ in range(2):
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            if _is_held(path):
                break
            path.unlink(missing_ok=True)
        else:
            with os.fdopen(descriptor, "w") as lock:
                lock.write(f"{os.getpid()} {psutil.Process().create_time()}")
            return
    raise WorkbookError(
        f"Another run is writing {out.name} just now. Wait for it, or give another folder with --out DIR."
    )


def _is_held(path: Path) -> bool:
    try:
        pid, started = path.read_text().split()
        return abs(psutil.Process(int(pid)).create_time() - float(started)) < 1
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False
    except ValueError:
        # just created and not yet filled by a run that is starting; a lock this old was never filled
        return time.time() - path.stat().st_mtime < 60
