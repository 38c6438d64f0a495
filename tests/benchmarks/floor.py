"""The example report beside its floor: what starting the same kernels and their imports alone would take.

`python -m tests.benchmarks.floor` prints both and their ratio, medians of five runs that take turns.
"""

import ast
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import nbformat
from nbclient import NotebookClient

from helpers.workbook.kernel import OffSwitch, own_kernel
from helpers.workbook.places import project_root
from helpers.workbook.steps import STEPS

STUDY = "data/example/study.yml"
RUNS = 5


@dataclass(frozen=True)
class FloorAndWall:
    """Seconds: the floor, and the whole command `workbook run` on the example study."""

    floor: float
    wall: float

    @property
    def ratio(self) -> float:
        """How many times its floor the report takes."""
        return self.wall / self.floor


def floor_and_wall(runs: int = RUNS) -> FloorAndWall:
    """Medians of `runs` measurements of both, by turns, so that what disturbs one disturbs the other."""
    pairs = [(floor_seconds(), wall_seconds()) for _ in range(runs)]
    return FloorAndWall(*(median(seconds) for seconds in zip(*pairs, strict=True)))


def floor_seconds() -> float:
    """Seconds to start the kernel of each notebook and run its import cells, one notebook after another."""
    return sum(start_and_import(project_root() / step.notebook) for step in STEPS)


def start_and_import(notebook: Path) -> float:
    """Seconds from nothing to a kernel that has run the notebook's import cells."""
    book = nbformat.read(notebook, as_version=4)
    book.cells = [cell for cell in book.cells if cell.cell_type == "code" and is_import(cell.source)]
    with tempfile.TemporaryDirectory() as folder:
        kernel = own_kernel(project_root(), Path(folder), OffSwitch())
        client = NotebookClient(book, kernel_name="python3", kernel_manager_class=kernel, shutdown_kernel="immediate")
        start = time.perf_counter()
        with client.setup_kernel():
            for number, cell in enumerate(book.cells):
                client.execute_cell(cell, number)
            return time.perf_counter() - start


def is_import(source: str) -> bool:
    """True for a cell of imports only."""
    statements = ast.parse(source).body
    return bool(statements) and all(isinstance(line, ast.Import | ast.ImportFrom) for line in statements)


def wall_seconds() -> float:
    """Seconds of `workbook run` on the example study, from the command to the report in its place."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "helpers.workbook", "run", STUDY, "--out", str(Path(folder) / "example")]
        start = time.perf_counter()
        subprocess.run(command, cwd=project_root(), check=True, capture_output=True)
        return time.perf_counter() - start


def main() -> None:
    """Print the two and their ratio."""
    told = floor_and_wall()
    print(f"floor {told.floor:.1f} s, report {told.wall:.1f} s, ratio {told.ratio:.2f} (medians of {RUNS} runs)")


if __name__ == "__main__":
    main()
