"""Imports that leave out what a package loads besides."""

import subprocess
import sys

import pytest

from helpers.imports import without


def test_a_package_is_missing_inside_and_there_again_afterwards():
    import colorsys  # noqa: F401 (loaded before: left alone)

    sys.modules.pop("antigravity", None)
    with without("antigravity"), pytest.raises(ModuleNotFoundError):
        import antigravity  # noqa: F401
    assert "antigravity" not in sys.modules
    with without("colorsys"):
        import colorsys as again
    assert sys.modules["colorsys"] is again


def loaded_by(statement: str, *packages: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*(set({packages}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_reading_csv_loads_no_other_format(tmp_path):
    path = tmp_path / "patients.csv"
    path.write_text("patient_id\nA\n")
    statement = (
        "from helpers.cohort.dictionary import read_dictionary\nfrom helpers.cohort.readers import read_table\n"
        f"assert len(read_table({str(path)!r}, 'patients', read_dictionary())) == 1"
    )
    heavy = ("python_calamine", "openpyxl", "pyreadstat", "psycopg", "sqlite3", "xml.etree.ElementTree")
    assert loaded_by(statement, *heavy) == set()


def test_a_notebook_loads_nothing_that_it_does_not_use():
    statement = (
        "import pandas as pd\nfrom helpers import estimators\nfrom helpers.cohort.tables import NAMES, check\n"
        "from helpers.figures import forest\nfrom helpers.report import display\nfrom helpers.workbook import folder\n"
        "try:\n    check(NAMES[0], pd.DataFrame({'a': [1]}))\nexcept Exception:\n    pass"
    )
    heavy = ("lifelines", "hypothesis", "dask", "pandera")
    assert loaded_by(statement, *heavy) == {"pandera"}
