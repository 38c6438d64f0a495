"""A browser for the tests that open pages, and the accessibility rules of axe-core."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from helpers.workbook.browser import Browser, find_browser
from tests.browser.devtools import DevTools
from tests.conftest import BROWSER

HERE = Path(__file__).parent
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="session")
def browser() -> Browser:
    """The browser that also prints the PDF."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBOOK_BROWSER", BROWSER)
        found = find_browser()
    if found is None or os.name != "posix":
        pytest.skip("no Chromium, Chrome or Edge is installed here (Debian: apt install chromium)")
    return found


@pytest.fixture(scope="module")
def tab(browser, tmp_path_factory):
    """One tab of it for all tests of a module."""
    tab = DevTools(browser, tmp_path_factory.mktemp("profile"))
    yield tab
    tab.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory) -> str:
    """The source of axe-core in the version of package-lock.json, fetched by npm the first time."""
    if not AXE.is_file():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("axe-core comes from npm, which is not installed here (Debian: apt install npm)")
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
    return AXE.read_text(encoding="utf-8")
