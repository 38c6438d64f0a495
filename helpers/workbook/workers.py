"""Where a run finds Dask workers: at a scheduler that is there already, or on this machine for as long as it runs."""

import os
import signal
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from helpers.counts import counted
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
    """Start so many workers, each a process of its own, and end them whatever happens; gives their address.

    Only who can read this user's files can talk to them: a worker does whatever it is told, and other accounts of the
    machine could reach its port.
    """
    from helpers.cohort.cluster import quiet_distributed

    distributed = quiet_distributed()
    security = distributed.Security.temporary()
    with tempfile.TemporaryDirectory(prefix="workbook-") as own, _settings(_keys(security, Path(own))):
        try:
            with _uninterrupted(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of ports that are taken
                cluster = distributed.LocalCluster(
                    n_workers=number,
                    threads_per_worker=1,
                    processes=True,
                    host="tls://127.0.0.1",
                    security=security,
                    dashboard_address="127.0.0.1:0",
                    silence_logs="CRITICAL",
                    local_directory=own,
                )
        except (OSError, TimeoutError, RuntimeError) as error:
            raise WorkbookError(
                f"{counted(number, 'worker')} could not be started on this machine ({error}). Try fewer."
            ) from error
        try:
            yield cluster.scheduler_address
        finally:
            with suppress(TimeoutError):
                cluster.close(timeout=FAREWELL)


def _keys(security, folder: Path) -> dict[str, str]:
    """The keys to the workers as files of this user, and the settings by which Dask finds them."""
    texts = {"ca-file": "tls_ca_file", "client.cert": "tls_client_cert", "client.key": "tls_client_key"}
    settings = {}
    for name, attribute in texts.items():
        path = folder / f"{attribute}.pem"
        path.touch(mode=0o600)
        path.write_text(getattr(security, attribute), encoding="ascii")
        settings[f"distributed.comm.tls.{name}"] = str(path)
    return settings


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Processes started meanwhile do not hear Ctrl-C, which goes to all of a terminal, as this one will end them.

    Nor does this one meanwhile: what a process ignores is all that those it starts inherit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _settings(of_dask: Mapping[str, str]) -> Iterator[None]:
    """Settings of Dask here and, in the environment, for the processes started meanwhile, which it keeps silent."""
    import dask

    variables = {f"DASK_{name.upper().replace('.', '__').replace('-', '_')}": text for name, text in of_dask.items()}
    variables |= {"DASK_LOGGING__DISTRIBUTED": "critical"}
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        with dask.config.set(of_dask):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
