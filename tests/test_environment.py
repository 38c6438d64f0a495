"""The three lists of packages (pip, conda, lock) say the same."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"matplotlib": "matplotlib-base", "jupyter-client": "jupyter_client"}
CONDA_ONLY = {"python", "pip", "flit-core"}
FIXED_BY_THE_STUDY = {"jupyterlab", "pandas", "seaborn", "lifelines", "papermill"}


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wanted(project):
    return {r.name: r.specifier for r in map(Requirement, project["dependencies"])}


@pytest.fixture(scope="module")
def locked():
    text = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", text, flags=re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


def test_conda_and_pip_ask_for_the_same_ranges(project, wanted):
    lines = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = {Requirement(line).name: Requirement(line).specifier for line in lines}
    assert conda.pop("python") == SpecifierSet(project["requires-python"])
    conda = {name: spec for name, spec in conda.items() if name not in CONDA_ONLY}
    assert conda == {CONDA_NAMES.get(name, name): spec for name, spec in wanted.items()}


def test_the_fixed_packages_are_asked_for(wanted):
    assert set(wanted) >= FIXED_BY_THE_STUDY


def test_every_wanted_package_is_locked_inside_its_range(project, wanted, locked):
    dev = {r.name: r.specifier for r in map(Requirement, project["optional-dependencies"]["dev"])}
    for name, spec in {**wanted, **dev}.items():
        assert spec.contains(locked[canonicalize_name(name)]), name


def test_lock_has_hashes_and_no_address():
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    assert "--index-url" not in text
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 50
    without_hash = [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]
    assert without_hash == []
