"""Dask workers that do the same for every part of a cohort; what goes wrong with a part is told by its number."""

import asyncio
import hashlib
import logging
import platform
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from helpers.cohort.dictionary import DEFAULT_PATH
from helpers.errors import Problems, WorkbookError, WorkbookFault

SECONDS_TO_ANSWER = 8
SECONDS_WITHOUT_WORKERS = 60
PACKAGES = ("numpy", "pandas", "pandera", "pyarrow", "scipy")
_MOST_TOLD = 20
_TICK = 1.0


def check_scheduler(address: str) -> int:
    """Ask a scheduler for its workers; returns how many there are.

    Raises
    ------
    WorkbookError
        If nobody answers at the address, or there are no workers.
    """
    try:
        with ThreadPoolExecutor(1) as thread:  # a notebook's own thread has an event loop at work already
            identity = thread.submit(asyncio.run, _identity(address)).result()
        workers = identity["workers"]
    except Exception:  # whatever stands there instead may answer with anything
        raise WorkbookError(
            f'No Dask scheduler answers at "{address}". Start one with `dask scheduler`, '
            "and give the address that it shows, like tcp://192.168.0.10:8786."
        ) from None
    if not workers:
        raise WorkbookError(
            f'The Dask scheduler at "{address}" has no workers. Start some with `dask worker {address}`.'
        )
    return len(workers)


async def _identity(address: str) -> dict:
    distributed = quiet_distributed()
    async with asyncio.timeout(SECONDS_TO_ANSWER + 1):
        keys = distributed.Security().get_connection_args("client")
        async with distributed.rpc(address, timeout=SECONDS_TO_ANSWER, connection_args=keys) as scheduler:
            return await scheduler.identity()


def quiet_distributed():
    """The package `distributed`, which takes a second to import and would write to the terminal."""
    import dask

    dask.config.set({"logging.distributed": "critical"})
    import distributed

    for name in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return distributed


class Workers:
    """The workers of one Dask scheduler.

    Parameters
    ----------
    address : str
        Of the scheduler, like "tcp://192.168.0.10:8786".

    Raises
    ------
    WorkbookError
        As `check_scheduler`, or if a worker has another workbook than this one.
    """

    def __init__(self, address: str):
        self.number = check_scheduler(address)
        self._address = address
        self._distributed = quiet_distributed()
        with warnings.catch_warnings():  # what of a worker differs is told by `check` in our words
            warnings.simplefilter("ignore")
            self._client = self._distributed.Client(address, timeout=SECONDS_TO_ANSWER, set_as_default=False)

    def check(self, folder: Path) -> None:
        """Make sure that every worker has this workbook and finds this folder.

        Raises
        ------
        WorkbookError
            Naming the first worker that does not.
        """
        here = fingerprint()
        for worker, found in self._client.run(_at_worker, str(folder), on_error="return").items():
            if isinstance(found, Exception):
                problem = f"cannot use the workbook ({type(found).__name__}: {found}). Install it there"
            elif other := [name for name in here if found["has"].get(name) != here[name]]:
                problem = f"has {_other(other[0], found['has'], here)}. Install the same"
            elif not found["writes"]:
                problem = f"cannot write into the folder {folder}. It must see the same files under the same names"
            else:
                continue
            raise WorkbookError(f"The Dask worker {worker} {problem}, and run again.")

    def each_part(self, n_parts: int, task: Callable, *arguments: object, along: Sequence[Sequence] = ()) -> list:
        """What `task(number, *pieces, *arguments)` returns for every part, in their order.

        A task whose worker dies is done again by another one. The pieces are the part's own of each sequence `along`:
        values, or what stands for results that stay with the workers.

        Raises
        ------
        Problems
            All that is wrong with all parts; what is wrong with each of them is told once.
        WorkbookError, WorkbookFault
            If parts could not be done, naming them.
        """
        futures = self._map(attempt, n_parts, task, arguments, along)
        try:
            self._wait(futures)
            results = self._client.gather([future for future in futures if future.status == "finished"])
        except BaseException as error:
            with suppress(Exception):
                self._client.cancel(futures, force=True)
            if isinstance(error, (self._distributed.CancelledError, OSError)):
                raise WorkbookError(
                    f'The Dask scheduler at "{self._address}" does not answer any more. Start it and run again.'
                ) from error
            raise
        if len(results) < n_parts:
            raise part_failure({n: future.exception() for n, future in enumerate(futures) if future.status == "error"})
        raise_problems([problems for _, problems in results])
        return [result for result, _ in results]

    def keep_part(self, n_parts: int, task: Callable, *arguments: object, along: Sequence[Sequence] = ()) -> list:
        """As `each_part`, but the results stay with the workers; given is what stands for each of them.

        They are there while that is. What goes wrong is told when results of these are asked for.
        """
        return self._map(just_done, n_parts, task, arguments, along)

    def send(self, thing: object) -> object:
        """Bring something to the workers, once for all of them; given is what stands for it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its size
            return self._client.submit(as_it_is, thing, pure=False)

    def close(self) -> None:
        """Let the workers go; they stay with their scheduler."""
        self._client.close()

    def _map(self, how: Callable, n_parts: int, task: Callable, arguments: tuple, along: Sequence[Sequence]) -> list:
        options = {"task": task, "arguments": arguments, "pure": False, "retries": 1, "batch_size": 1000}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._client.map(how, range(n_parts), *along, **options)

    def _wait(self, futures: list) -> None:
        """Wait until every part is done or has failed; not for ever when nobody works on them."""
        last_worked = time.monotonic()
        while time.monotonic() - last_worked < SECONDS_WITHOUT_WORKERS:
            with suppress(TimeoutError), self._client.as_current():
                self._distributed.wait(futures, timeout=_TICK)
                return
            if self._client.scheduler_info(n_workers=1)["n_workers"]:
                last_worked = time.monotonic()
        raise WorkbookError("All Dask workers have gone, and none came back. Start some and run again.")


def part_failure(faults: dict[int, BaseException]) -> Exception:
    """What to raise for parts (number -> error) that could not be done."""
    numbers = ", ".join(map(str, list(faults)[:_MOST_TOLD]))
    what = f"Part {numbers}" if len(faults) == 1 else f"Parts {numbers}"
    error = next(iter(faults.values()))
    if isinstance(error, quiet_distributed().KilledWorker):
        return WorkbookError(
            f"{what} ended one worker after the other, most often because the memory ran out. "
            "Use smaller parts (`workbook partition --patients-per-part`) or workers with more memory."
        )
    if isinstance(error, WorkbookError | WorkbookFault):  # of a result that stayed with the workers
        kind = WorkbookError if isinstance(error, WorkbookError) else WorkbookFault
        return kind(f"{what}: {error}")
    if isinstance(error, OSError):
        return WorkbookError(f"{what}: a file could not be read or written: {error}.")
    return WorkbookFault(f"{what}: {type(error).__name__}: {error}")


def raise_problems(of_parts: list[Problems | None]) -> None:
    """Raise what is wrong with the parts: what all of them share only once, the rest with the part's number."""
    failed = {number: problems for number, problems in enumerate(of_parts) if problems}
    if not failed:
        return
    shared = set.intersection(*(set(problems) for _, problems in failed.values()))
    shared = shared if len(failed) == len(of_parts) else set()
    heading, first = next(iter(failed.values()))
    told = [problem for problem in first if problem in shared]
    for number, (_, problems) in failed.items():
        own = [problem for problem in problems if problem not in shared]
        told += [problem if problem.startswith(f"Part {number} ") else f"Part {number}: {problem}" for problem in own]
    more = len(told) - _MOST_TOLD
    raise Problems(heading, told[:_MOST_TOLD] + ([f"And {more} more like these."] if more > 0 else []))


def attempt(number: int, *pieces: object, task: Callable, arguments: tuple) -> tuple:
    """At the worker: what the task returns; else the heading and the problems of what is to be mended."""
    try:
        return task(number, *pieces, *arguments), None
    except Problems as error:
        return None, (error.heading, error.problems)
    except WorkbookError as error:
        return None, ("The cohort cannot be used yet:", (str(error),))


def just_done(number: int, *pieces: object, task: Callable, arguments: tuple) -> object:
    """At the worker: what the task returns."""
    return task(number, *pieces, *arguments)


def as_it_is(thing: object) -> object:
    """At the worker: what was sent."""
    return thing


def fingerprint() -> dict[str, str]:
    """What results hang on: the workbook's code and dictionary, Python, and the packages that compute."""
    seen, root = hashlib.sha256(), Path(__file__).parents[2]
    for path in sorted([*(root / "helpers").rglob("*.py"), DEFAULT_PATH]):
        seen.update(path.read_bytes())
    versions = {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    return versions | {"workbook": seen.hexdigest()}


def _other(name: str, there: dict, here: dict) -> str:
    if name == "workbook":
        return "another version of the workbook than this machine"
    return f"{name} {there.get(name)}, but this machine has {here[name]}"


def _at_worker(folder: str) -> dict:
    try:
        with tempfile.TemporaryFile(dir=folder):
            writes = True
    except OSError:
        writes = False
    return {"has": fingerprint(), "writes": writes}
