"""One executed example report, and a Dask cluster, for all tests that look at one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cohort.dask_cluster import Cluster

ROOT = Path(__file__).parents[1]
BROWSER = os.environ.pop("WORKBOOK_BROWSER", None)
os.environ["WORKBOOK_BROWSER"] = "none"  # runs of tests print no PDF, save that of the example


@pytest.fixture(scope="session")
def example_run(tmp_path_factory):
    """The example study run by its own command: (finished process, folder of the report)."""
    out = tmp_path_factory.mktemp("reports") / "example"
    command = [sys.executable, "-m", "helpers.workbook", "run", "data/example/study.yml", "--out", str(out)]
    environment = {name: value for name, value in os.environ.items() if name != "WORKBOOK_BROWSER"}
    environment |= {"WORKBOOK_BROWSER": BROWSER} if BROWSER else {}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False, env=environment)
    return done, out


@pytest.fixture(scope="session")
def example_report(example_run):
    """The folder of the example report."""
    return example_run[1]


@pytest.fixture
def example_study(tmp_path):
    """A copy of the example study that a test may change."""
    return Path(shutil.copytree(ROOT / "data" / "example", tmp_path / "study"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A Dask scheduler with two workers, each a process of its own on loopback."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), 2)
    yield cluster
    cluster.stop()
