"""The arrows of the design: imports only go down, and notebooks hold no logic."""

import ast
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("intake", "cohort", "setup", "estimators", "robustness", "figures", "report", "workbook")
RECORDS = "helpers.estimators.estimate"
MAY_IMPORT = {
    "intake": ("helpers.intake",),
    "cohort": ("helpers.cohort", "helpers.intake"),
    "setup": ("helpers.setup", "helpers.cohort", "helpers.intake"),
    "estimators": ("helpers.estimators",),
    "robustness": ("helpers.robustness", "helpers.cohort", "helpers.estimators", "helpers.intake"),
    "figures": ("helpers.figures", RECORDS),
    "report": ("helpers.report", RECORDS),
    "workbook": (
        "helpers.workbook",
        "helpers.report",
        "helpers.figures",
        "helpers.intake",
        "helpers.robustness.choices",
        "helpers.setup",
        *(f"helpers.cohort.{noun}" for noun in ("clean", "cluster", "cohort_source", "column_groups", "corrections")),
        *(f"helpers.cohort.{noun}" for noun in ("date_formats", "date_guesses", "dictionary", "events", "flow")),
        *(f"helpers.cohort.{noun}" for noun in ("ledger", "own_codes", "parted_table", "partition", "parts")),
        *(f"helpers.cohort.{noun}" for noun in ("readers", "risk_table", "simulate", "tables")),
    ),
}
EVERYBODY = tuple(f"helpers.{noun}" for noun in ("counts", "disclosure", "errors", "imports", "parted", "threads"))
MODULES = sorted((ROOT / "helpers").rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LONGEST_MODULE = 300


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("helpers.")}


def code_cells(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]


def told_cells(path: Path) -> list[str]:
    """Code cells but that of parameters, which has as many lines as there are parameters."""
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    return [cell.source for cell in cells if "parameters" not in cell.metadata.get("tags", ())]


def story_cells(path: Path) -> list[str]:
    """Those that tell the story: without the imports."""
    return [source for source in told_cells(path) if not source.startswith(("import ", "from "))]


def code_lines(source: str) -> list[str]:
    return [line for line in source.split("\n") if line.strip() and not line.strip().startswith("#")]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_only_go_down(path):
    room = path.relative_to(ROOT / "helpers").parts[0]
    allowed = MAY_IMPORT.get(room, ()) + EVERYBODY
    outside = {name for name in imported(path) if not name.startswith(allowed)}
    assert outside == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_one_noun_of_readable_length(path):
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


def test_every_room_is_there():
    assert {path.name for path in (ROOT / "helpers").iterdir() if path.is_dir()} >= set(ROOMS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_hold_no_logic(path):
    for source in code_cells(path):
        nodes = list(ast.walk(ast.parse(source)))
        assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.For | ast.While) for node in nodes), source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_cells_are_short(path):
    lengths = sorted(len(code_lines(source)) for source in story_cells(path))
    assert lengths[len(lengths) // 2] <= 5
    assert max(len(code_lines(source)) for source in told_cells(path)) <= 15


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_have_words_for_their_code(path):
    cells = nbformat.read(path, 4).cells
    words = sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    assert words >= 4 * sum(len(code_lines(source)) for source in story_cells(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_carry_no_outputs(path):
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
