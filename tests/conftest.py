"""One executed example report, and a Dask cluster, for all tests that look at one."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cohort.dask_cluster import Cluster

ROOT = Path(__file__).parents[1]
# Runs of tests print no PDF, save that of the example; workers of a test run are told what was set before.
BROWSER = os.environ.setdefault("BROWSER_OF_EXAMPLE", os.environ.get("WORKBOOK_BROWSER", ""))
os.environ["WORKBOOK_BROWSER"] = "none"


@pytest.fixture(scope="session")
def example_run(tmp_path_factory):
    """The example study run by its own command: (finished process, folder of the report).

    The workers of one test run share it: whoever comes first runs it, the others wait.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "example_run"
    done, command = folder / "done.json", [sys.executable, "-m", "helpers.workbook", "run", "data/example/study.yml"]
    try:
        folder.mkdir()
    except FileExistsError:
        ends = time.monotonic() + 600
        while not done.is_file():
            assert time.monotonic() < ends, "the example's run in another worker did not end"
            time.sleep(0.5)
        return subprocess.CompletedProcess(**json.loads(done.read_text())), folder / "example"
    command += ["--out", str(folder / "example")]
    environment = os.environ | {"WORKBOOK_BROWSER": BROWSER}
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False, env=environment)
    (folder / "aside.json").write_text(json.dumps(vars(ran)))
    (folder / "aside.json").rename(done)
    return ran, folder / "example"


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
