"""Where a run finds Dask workers: at a scheduler that is there already, or on this machine for as long as it runs."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from helpers.errors import WorkbookError

FAREWELL = 10  # seconds that workers may take to end


@contextmanager
def scheduler_for(address: str, n_workers: int | None) -> Iterator[str]:
    """The address of the scheduler of a run: the one given, or that of `n_workers` of its own; "" for neither.

    Raises
    ------
    WorkbookError
        If nobody answers at the address, no workers are there, or none can be started.
    """
    if n_workers:
        with local_workers(n_workers) as own:
            yield own
    else:
        if address:
            from helpers.cohort.cluster import check_scheduler  # costs a second's import

            check_scheduler(address)
        yield address


@contextmanager
def local_workers(number: int) -> Iterator[str]:
    """Start so many workers, each a process of its own, and end them whatever happens; gives their address."""
    from helpers.cohort.cluster import quiet_distributed

    distributed = quiet_distributed()
    with _environment("DASK_LOGGING__DISTRIBUTED", "critical"), tempfile.TemporaryDirectory(prefix="workbook-") as own:
        try:
            cluster = distributed.LocalCluster(
                n_workers=number,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs="CRITICAL",
                local_directory=own,
            )
        except (OSError, TimeoutError, RuntimeError) as error:
            raise WorkbookError(
                f"{number} workers could not be started on this machine ({error}). Try fewer."
            ) from error
        try:
            yield cluster.scheduler_address
        finally:
            with suppress(TimeoutError):
                cluster.close(timeout=FAREWELL)


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """A variable of the environment, for the processes started meanwhile."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
