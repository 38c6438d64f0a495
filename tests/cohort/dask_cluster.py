"""A real Dask scheduler and workers for tests: each a process of its own, on this machine."""

import json
import subprocess
import sys
import time
from pathlib import Path

from helpers.cohort.cluster import check_scheduler
from helpers.errors import WorkbookError

ROOT = Path(__file__).parents[2]
PATIENCE = 30


class Cluster:
    """A scheduler with `n_workers` workers that nobody starts again; `address` is the scheduler's."""

    def __init__(self, folder: Path, n_workers: int):
        self._file, self._folder, self._processes = folder / "scheduler.json", folder, []
        self._start("scheduler", "--port", "0", "--dashboard-address", "127.0.0.1:0")
        wait_until(lambda: self._file.is_file() and self._file.read_text().endswith("}"))
        self.address = json.loads(self._file.read_text())["address"]
        self.workers = []
        for _ in range(n_workers):
            self.add_worker()
        wait_until(lambda: self.number == n_workers)

    @property
    def number(self) -> int:
        """How many workers are there."""
        try:
            return check_scheduler(self.address)
        except WorkbookError:
            return 0

    def add_worker(self) -> subprocess.Popen:
        """One more worker, which may not be there yet."""
        worker = self._start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard")
        self.workers.append(worker)
        return worker

    def stop(self) -> None:
        """End all processes."""
        for process in self._processes:
            process.kill()
            process.wait()

    def _start(self, kind: str, *options: str) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--host", "127.0.0.1"]
        command += ["--scheduler-file", str(self._file), *options]
        with (self._folder / "log").open("a") as log:
            process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        self._processes.append(process)
        return process


def wait_until(is_so) -> None:
    """Look again and again until it is so."""
    for _ in range(PATIENCE * 100):
        if is_so():
            return
        time.sleep(0.01)
    raise TimeoutError("what a test waits for did not come")
