"""Kernels forked from one process: what they share, what is their own, and how all of it ends."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable

import nbformat
import psutil
import pytest

from helpers.workbook import run as run_module
from helpers.workbook.fork_server import CAN_FORK, ForkServer, imports
from helpers.workbook.kernel import NotebookError, OffSwitch, environment, execute
from helpers.workbook.run import run_study
from tests.workbook.toy import REPOSITORY, STEPS, make_toy

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="kernels are forked on Linux only")
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
SECONDS = 20


@pytest.fixture
def server():
    with ForkServer(REPOSITORY, environment(REPOSITORY), ["import colorsys", "import not_there"]) as server:
        yield server


def run_cells(server: ForkServer | None, *cells: str) -> list[nbformat.NotebookNode]:
    """The cells, executed one after another in one kernel."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    book.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    done = execute(
        book,
        parameters={},
        root=REPOSITORY,
        on_cell=lambda number, source: None,
        switch=OffSwitch(),
        server=server,
    )
    return done.cells


def executed(server: ForkServer | None, *cells: str) -> list[str]:
    """What they print."""
    done = run_cells(server, *cells)
    return ["".join(output.get("text", "") for output in cell.outputs).strip() for cell in done]


def comes_true(condition: Callable[[], bool]) -> bool:
    """Whether it does within some seconds."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_kernels_find_the_imports_done_and_nothing_else_of_each_other(server):
    said = "import os, sys; print(os.getppid(), 'colorsys' in sys.modules, 'mine' in globals(), os.getcwd()); mine = 1"
    for _ in range(2):
        assert executed(server, said) == [f"{server.process.pid} True False {REPOSITORY}"]


def test_a_kernel_started_anew_and_a_forked_one_are_alike(server):
    said = """
        import os, sys, warnings, tempfile, gc, threading
        names = ("PYTHONHASHSEED", "OPENBLAS_NUM_THREADS", "MPLBACKEND", "PYTHONPATH", "MALLOC_MMAP_MAX_")
        print([os.environ[name] for name in names], sys.path, sys.argv[:1] != [], sys.flags, hash("vertebra"))
        print(tempfile.gettempdir() == os.environ["TMPDIR"] == os.path.dirname(os.environ["IPYTHONDIR"]))
        print(get_ipython().history_manager.hist_file, gc.isenabled(), threading.main_thread().name)
    """
    anew, forked = (executed(source, textwrap.dedent(said)) for source in (None, server))
    assert anew == forked
    assert "\nTrue\n" in forked[0]


def test_a_plot_of_ones_own_is_shown_by_its_cell():
    drawn = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);", "print(plt.get_fignums())"
    with ForkServer(REPOSITORY, environment(REPOSITORY), ["import seaborn"]) as server:
        shown, left = run_cells(server, *drawn)
    assert [list(output.data) for output in shown.outputs] == [["text/plain", "image/png"]]
    assert left.outputs[0].text == "[]\n"


def test_a_failing_import_is_left_to_the_notebook(server):
    with pytest.raises(NotebookError) as told:
        executed(server, "import not_there")
    assert told.value.kind == "ModuleNotFoundError"


def test_a_killed_forked_kernel_is_seen(server):
    with pytest.raises(NotebookError) as told:
        executed(server, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert told.value.kind == "DeadKernel"
    assert executed(server, "print(1)") == ["1"]


def test_without_its_server_a_kernel_is_started_anew(server):
    os.killpg(server.process.pid, signal.SIGKILL)
    assert executed(server, "import os; print(os.getppid())") == [str(os.getpid())]


def test_where_an_import_starts_threads_nothing_is_forked(tmp_path):
    (tmp_path / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )
    with ForkServer(tmp_path, environment(tmp_path), ["import threaded"]) as server:
        assert server.process.wait(SECONDS) == 0
        assert executed(server, "import os; print(os.getppid())") == [str(os.getpid())]


def test_the_end_of_a_forked_process_is_seen_and_no_signal_goes_elsewhere_after_it(server, tmp_path):
    with (tmp_path / "log").open("w") as log:
        working, helpful = server.fork(["--ip=127.0.0.1"], {}, log), server.fork(["--help"], {}, log)
    assert helpful.wait(SECONDS) == 0
    assert "ipykernel" in (tmp_path / "log").read_text()
    assert working.poll() is None
    working.kill()
    assert working.wait(SECONDS) == working.poll() == 0
    working.kill()


def test_server_and_kernels_end_with_the_process_that_asked(tmp_path):
    asking = textwrap.dedent(
        f"""
        import sys, time
        sys.path.insert(0, {str(REPOSITORY)!r})
        from pathlib import Path
        from helpers.workbook.fork_server import ForkServer
        from helpers.workbook.kernel import environment
        root = Path({str(REPOSITORY)!r})
        server = ForkServer(root, environment(root), [])
        kernel = server.fork(["-f", {str(tmp_path / "kernel.json")!r}], {{}}, open({str(tmp_path / "log")!r}, "w"))
        print(server.process.pid, kernel.pid, flush=True)
        time.sleep(600)
        """
    )
    with subprocess.Popen([sys.executable, "-c", asking], stdout=subprocess.PIPE, text=True) as process:
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert comes_true((tmp_path / "kernel.json").exists)
        process.kill()
    assert len(pids) == 2
    assert all(comes_true(lambda pid=pid: is_gone(pid)) for pid in pids)


def test_a_run_is_the_same_without_forks(tmp_path, monkeypatch):
    asked = "import os; print('forked:', '/fork_server.py' in open(f'/proc/{os.getppid()}/cmdline').read())"
    tables, pages = [], []
    for can_fork in (True, False):
        monkeypatch.setattr(run_module, "CAN_FORK", can_fork)
        toy = make_toy(tmp_path / str(can_fork) / "project")
        toy.write_tell(asked)
        out = run_study(toy.study, toy.root / "out", steps=STEPS, root=toy.root, pdf=False)
        tables.append({path.name: path.read_bytes() for path in (out / "tables").iterdir()})
        pages.append((out / "audit" / "2_tell.html").read_text(encoding="utf-8"))
    assert tables[0] == tables[1] != {}
    assert ["forked: True" in page for page in pages] == [True, False]


def test_the_notebooks_of_the_workbook_are_imported_by_one_thread():
    sources = [cell.source for path in NOTEBOOKS for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    with ForkServer(REPOSITORY, environment(REPOSITORY), imports(sources)) as server:
        told = executed(server, "import os, sys; print(os.getppid(), 'helpers.workbook.folder' in sys.modules)")
        assert told == [f"{server.process.pid} True"]


def test_import_statements_of_cells_each_once():
    cells = [
        "import pandas as pd\nfrom helpers.cohort import contrasts as c",
        "%magic\nimport numpy",
        "x = 1\nimport pandas as pd\nif x:\n    import scipy",
        "import plotly.express\nimport numpy, plotly\nfrom . import helpers\nfrom pandas_else import thing",
    ]
    assert imports(cells) == ["import pandas as pd", "from helpers.cohort import contrasts as c"]
