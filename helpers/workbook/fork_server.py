"""A process that imports once what all notebooks import; their kernels are forked from it."""

import ast
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

CAN_FORK = sys.platform == "linux"  # on macOS a forked process may not use the system's own libraries
LONGEST_ORDER = 100_000  # bytes
# Whose imports may be done in advance.
PACKAGES = frozenset({"helpers", "lifelines", "numpy", "pandas", "scipy", "seaborn"})
# What every kernel imports before its first cell.
OF_KERNELS = ("import ipykernel.ipkernel, ipykernel.kernelapp",)
# Arrow's allocator would start a thread.
ONE_THREAD = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}


class ForkedKernel:
    """The process of a forked kernel, with those methods of `subprocess.Popen` that jupyter_client uses.

    It is not our child, so its end is seen at a pipe that it alone holds open.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, ended: int):
        self.pid, self._ended = pid, ended
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """0 when it has ended, however that came; None before."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its end."""
        return self._look(timeout)

    def send_signal(self, number: int) -> None:
        """As `Popen.send_signal`."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """As `Popen.kill`."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """As `Popen.terminate`."""
        self.send_signal(signal.SIGTERM)

    def _look(self, seconds: float | None) -> int | None:
        if self.returncode is None:
            watch = select.poll()
            watch.register(self._ended)
            if watch.poll(None if seconds is None else 1000 * seconds):
                os.close(self._ended)
                self.returncode = 0
        return self.returncode


class ForkServer:
    """The process from which kernels are forked; several threads may ask it.

    Parameters
    ----------
    root : Path
        Working directory of the kernels.
    environment : mapping
        Variables of all kernels, besides our own.
    statements : sequence of str
        Imports to do in advance. One that fails is left to the notebook, which will tell.
    """

    def __init__(self, root: Path, environment: Mapping[str, str], statements: Sequence[str]):
        self._lock = threading.Lock()
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-Xfrozen_modules=off", __file__, str(theirs.fileno())],
                cwd=root,
                env=os.environ | environment | ONE_THREAD,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._orders.send(json.dumps([*OF_KERNELS, *statements]).encode())

    def fork(self, arguments: Sequence[str], environment: Mapping[str, str], log: IO) -> ForkedKernel | None:
        """A new kernel with these arguments and variables of its own; what its process says goes to `log`.

        None when the server has ended, as it does by itself where an import has started threads: a process with
        threads is not forked safely.
        """
        order = json.dumps({"arguments": list(arguments), "environment": dict(environment)}).encode()
        with self._lock:
            ended, alive = os.pipe()
            try:
                socket.send_fds(self._orders, [order], [log.fileno(), alive])
                answer = self._orders.recv(LONGEST_ORDER)
            except OSError:
                answer = b""
            finally:
                os.close(alive)
        if not answer:
            os.close(ended)
            return None
        return ForkedKernel(int(answer), ended)

    def __enter__(self) -> "ForkServer":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._orders.close()
        self.process.kill()
        self.process.wait()


def imports(sources: Iterable[str]) -> list[str]:
    """The import statements among the lines of cells, each once, of packages known not to mind.

    Others may ask at their import whether they are in a notebook, or start threads. Cells that are not plain Python are
    passed over.
    """
    found = {}
    for source in sources:
        with suppress(SyntaxError):
            found |= {ast.unparse(line): None for line in ast.parse(source).body if PACKAGES.issuperset(_named(line))}
    return list(found)


def _named(line: ast.stmt) -> set[str]:
    """The packages that an import statement names; something else names one that nobody knows."""
    match line:
        case ast.Import():
            modules = [alias.name for alias in line.names]
        case ast.ImportFrom(module=str(module)):
            modules = [module]
        case _:
            modules = [""]
    return {module.split(".")[0] for module in modules}


def main() -> None:
    """Import, then fork a kernel for every order, until whoever gives them has gone."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    del sys.path[0]  # the folder of this file
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # kernels that have ended need nobody to ask for them
    # Read when ipykernel is imported: a kernel ends itself when this process, its parent, has ended.
    os.environ["JPY_PARENT_PID"] = str(os.getpid())
    for statement in json.loads(orders.recv(LONGEST_ORDER)):
        with suppress(Exception, SystemExit):
            exec(statement, {})
    gc.freeze()
    while _threads() == 1:
        order, inherited, *_ = socket.recv_fds(orders, LONGEST_ORDER, 2)
        if not order:
            break
        pid = os.fork()
        if not pid:
            orders.close()
            _be_kernel(json.loads(order), *inherited)
        for number in inherited:
            os.close(number)
        orders.send(str(pid).encode())


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _be_kernel(order: Mapping, log: int, _alive: int) -> None:
    """Become the kernel that was ordered; never returns. `_alive` stays open until the process has ended."""
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        os.environ.update(order["environment"])
        tempfile.tempdir = None  # so that TMPDIR is read anew
        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance(argv=order["arguments"])
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
