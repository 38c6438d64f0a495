"""One notebook executed by papermill in a kernel that is certainly ours."""

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat

from helpers.workbook.fork_server import ForkedKernel, ForkServer

START_TIMEOUT = 120
OUTPUT_TIMEOUT = 120
LONGEST_SOCKET_PATH = 90


class NotebookError(Exception):
    """A notebook that did not run to its end: what was raised in it, or what became of its kernel.

    Attributes
    ----------
    kind : str
        Name of the error raised in the notebook; "DeadKernel" when its process ended.
    words : str
        What the error says.
    notebook : notebook node or None
        The notebook as far as it came; None when its kernel never started.
    """

    def __init__(self, kind: str, words: str, notebook: nbformat.NotebookNode | None = None):
        self.kind, self.words, self.notebook = kind, words, notebook
        super().__init__(f"{kind}: {words}")


class OffSwitch:
    """Ends every kernel of a run, from any thread: those that work, and those that are only just starting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kernels: list[subprocess.Popen | ForkedKernel] = []
        self.is_off = False

    def watch(self, kernel: subprocess.Popen | ForkedKernel) -> None:
        """Take on a process that was just started: a kernel, or that from which kernels are forked."""
        with self._lock:
            self._kernels.append(kernel)
            if self.is_off:
                _end(kernel)

    def press(self) -> None:
        """End all kernels with all they have started."""
        with self._lock:
            self.is_off = True
            for kernel in self._kernels:
                _end(kernel)


def _end(kernel: subprocess.Popen | ForkedKernel) -> None:
    if kernel.poll() is not None:
        return
    if os.name == "posix":
        os.killpg(kernel.pid, signal.SIGKILL)  # each was started as the leader of its own group
    else:
        kernel.kill()


def execute(
    notebook: nbformat.NotebookNode,
    *,
    parameters: Mapping[str, object],
    root: Path,
    on_cell: Callable[[int, str], None],
    switch: OffSwitch,
    server: ForkServer | None = None,
) -> nbformat.NotebookNode:
    """Execute a notebook with `root` as its working directory; several threads may do so at once.

    `on_cell` is told the number and the source of each cell before it starts; what it raises ends the notebook. Its
    kernel is forked from `server`; without one, or when it has ended, it is started anew.

    Raises
    ------
    NotebookError
        If a cell raised an error or the kernel ended.
    """
    from jupyter_core.utils import ensure_event_loop
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    for noisy in ("papermill", "traitlets", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    begun: list[nbformat.NotebookNode] = []
    with tempfile.TemporaryDirectory(prefix="workbook-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        try:
            # No path to read or write and no cwd: papermill would change the working directory of this process, which
            # its threads share, and write the whole notebook before and after every cell.
            return execute_notebook(
                notebook,
                None,
                parameters=dict(parameters),
                kernel_name="python3",
                language="python",
                progress_bar=False,
                log_output=False,
                start_timeout=START_TIMEOUT,
                iopub_timeout=OUTPUT_TIMEOUT,
                record_timing=False,
                shutdown_kernel="immediate",
                kernel_manager_class=own_kernel(root, scratch, switch, server),
                on_notebook_start=lambda notebook: begun.append(notebook),
                on_cell_start=lambda cell, cell_index: on_cell(cell_index + 1, cell.source),
            )
        except PapermillExecutionError as error:
            raise NotebookError(error.ename, error.evalue, *begun) from None
        except DeadKernelError:
            raise NotebookError("DeadKernel", "its process was ended from outside", *begun) from None
        except (CellTimeoutError, RuntimeError) as error:
            log = scratch / "kernel.log"
            said = log.read_text(errors="replace").strip().splitlines() if log.is_file() else []
            raise NotebookError(type(error).__name__, "\n".join([str(error), *said[-3:]]), *begun) from error
        finally:
            # nbclient leaves behind the event loop that it made for this thread.
            ensure_event_loop().close()


def own_kernel(root: Path, scratch: Path, switch: OffSwitch, server: ForkServer | None = None) -> type:
    """A kernel manager for this very interpreter, whatever kernels named python3 the machine offers.

    It talks over sockets in `scratch`, so that runs side by side never meet and no port is opened.
    """
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning import LocalProvisioner
    from traitlets import default

    program = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher"]
    spec = KernelSpec(
        argv=[*program, "-f", "{connection_file}"],
        display_name="Python 3",
        language="python",
        env=environment(root) | _own_places(scratch),
    )

    socket = scratch / "k"
    over_files = os.name == "posix" and len(str(socket)) < LONGEST_SOCKET_PATH

    class Forked(LocalProvisioner):
        async def launch_kernel(self, cmd: list[str], **launch: object) -> dict:
            arguments = cmd[len(program) :]
            self.process = server.fork(arguments, _own_places(scratch), launch["stdout"])
            if self.process is None:
                return await super().launch_kernel(cmd, **launch)
            self.pid = self.pgid = self.process.pid
            return self.connection_info

    class OwnKernel(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            return spec

        async def start_kernel(self, **launch: object) -> None:
            if server:
                self.provisioner = Forked(kernel_id=self.kernel_id, kernel_spec=spec, parent=self)
            # What the kernel's process itself says (its farewell when stopped, say) is not for the terminal.
            with (scratch / "kernel.log").open("a") as log:
                await super().start_kernel(**{"stdout": log, "stderr": log, "cwd": str(root)} | launch)
            switch.watch(self.provisioner.process)

        @default("connection_file")
        def _own_connection_file(self) -> str:
            return str(scratch / "kernel.json")

        @default("transport")
        def _own_transport(self) -> str:
            return "ipc" if over_files else "tcp"

        @default("ip")
        def _own_address(self) -> str:
            return str(socket) if over_files else "127.0.0.1"

    return OwnKernel


def environment(root: Path) -> dict[str, str]:
    """What every kernel's environment must hold for the same study to give the same report on every desk."""
    python_path = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        "PYTHONPATH": os.pathsep.join(python_path),
        "PYTHONHASHSEED": "0",
        # Notebooks run side by side, where threads are in one another's way; and sums hang on their number.
        "OPENBLAS_NUM_THREADS": "1",
        # What big arrays leave is kept for the next ones (glibc), as the system empties new memory before it gives it.
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        # To find and empty pages of 2 MB takes longer than they save.
        "NUMPY_MADVISE_HUGEPAGE": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        # MPLBACKEND=agg, a common setting on servers, would drop every figure from the notebooks.
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


def _own_places(scratch: Path) -> dict[str, str]:
    """A kernel is ended without farewell; what it leaves for the end of its process goes with the scratch folder."""
    return {"IPYTHONDIR": str(scratch / "ipython"), "TMPDIR": str(scratch)}
