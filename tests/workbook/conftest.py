"""Fixtures of the runner's tests."""

from pathlib import Path

import pytest

from helpers.workbook.steps import Step
from tests.workbook.toy import STEPS, Toy, make_toy


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    """A fresh toy project."""
    return make_toy(tmp_path / "project")


@pytest.fixture
def steps() -> tuple[Step, ...]:
    """The toy's flow."""
    return STEPS
