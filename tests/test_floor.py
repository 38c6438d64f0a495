"""The floor counts imports only, and every notebook has some."""

import nbformat
import pytest

from helpers.workbook.places import project_root
from helpers.workbook.steps import STEPS
from tests.benchmarks.floor import is_import


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_notebook_begins_with_imports_and_may_have_more_where_a_section_begins(step):
    cells = nbformat.read(project_root() / step.notebook, as_version=4).cells
    found = [cell.source for cell in cells if cell.cell_type == "code" and is_import(cell.source)]
    assert found
    assert "open_run" in found[0]


def test_what_also_works_is_no_import():
    assert is_import("import os\nfrom sys import path")
    assert not is_import("import os\nos.getcwd()")
    assert not is_import("# nothing")
