"""One notebook executed by papermill in a kernel that is certainly ours."""

import logging
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat

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
    """

    def __init__(self, kind: str, words: str):
        self.kind, self.words = kind, words
        super().__init__(f"{kind}: {words}")


def execute(
    source: Path,
    target: Path,
    *,
    parameters: Mapping[str, object],
    root: Path,
    on_cell: Callable[[int], None],
) -> nbformat.NotebookNode:
    """Execute a notebook with `root` as working directory; `target` is written as it goes.

    `on_cell` is told the number of each cell as it starts.

    Raises
    ------
    NotebookError
        If a cell raised an error or the kernel ended.
    """
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    for noisy in ("papermill", "traitlets", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="workbook-") as folder:
        scratch = Path(folder)
        try:
            return execute_notebook(
                str(source),
                str(target),
                parameters=dict(parameters),
                kernel_name="python3",
                language="python",
                progress_bar=False,
                log_output=False,
                start_timeout=START_TIMEOUT,
                iopub_timeout=OUTPUT_TIMEOUT,
                record_timing=False,
                cwd=str(root),
                kernel_manager_class=_own_kernel(root, scratch),
                on_cell_start=lambda cell, cell_index: on_cell(cell_index + 1),
            )
        except PapermillExecutionError as error:
            raise NotebookError(error.ename, error.evalue) from None
        except DeadKernelError:
            raise NotebookError("DeadKernel", "its process was ended from outside") from None
        except (CellTimeoutError, RuntimeError) as error:
            log = scratch / "kernel.log"
            said = log.read_text(errors="replace").strip().splitlines() if log.is_file() else []
            raise NotebookError(type(error).__name__, "\n".join([str(error), *said[-3:]])) from error


def _own_kernel(root: Path, scratch: Path) -> type:
    """A kernel manager for this very interpreter, whatever kernels named python3 the machine offers.

    It talks over sockets in `scratch`, so that runs side by side never meet and no port is opened.
    """
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import default

    spec = KernelSpec(
        argv=[sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="Python 3",
        language="python",
        env=_environment(root, scratch),
    )

    socket = scratch / "k"
    over_files = os.name == "posix" and len(str(socket)) < LONGEST_SOCKET_PATH

    class OwnKernel(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            return spec

        async def start_kernel(self, **launch: object) -> None:
            # What the kernel's process itself says (its farewell when stopped, say) is not for the terminal.
            with (scratch / "kernel.log").open("a") as log:
                await super().start_kernel(**{"stdout": log, "stderr": log} | launch)

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


def _environment(root: Path, scratch: Path) -> dict[str, str]:
    """What the kernel's environment must hold for the same study to give the same report on every desk."""
    python_path = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        "PYTHONPATH": os.pathsep.join(python_path),
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "IPYTHONDIR": str(scratch / "ipython"),
        # MPLBACKEND=agg, a common setting on servers, would drop every figure from the notebooks.
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
