"""Notebooks 2 to 4 say of a cohort in parts what they say of the whole, and never bring it together."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest

from helpers.cohort.parts import write_part
from helpers.parted import Parted
from helpers.workbook.folder import write_parquet
from helpers.workbook.places import project_root
from helpers.workbook.steps import STEPS

ANSWERS = [step for step in STEPS if step.name in ("relative_risk", "time_to_event", "natural_clustering")]
IN_PARTS = ("risk_table", "risk_periods", "patient_summary")


@pytest.fixture(scope="module")
def tables(example_report):
    """What notebook 1 made of the example, without the age of some."""
    tables = {name: pd.read_parquet(example_report / "tables" / f"{name}.parquet") for name in IN_PARTS}
    summary = tables["patient_summary"]
    tables["patient_summary"] = summary.assign(age_years=summary["age_years"].where(np.arange(len(summary)) % 11 > 0))
    return tables


def one_part(tables):
    return np.zeros(number_of(tables["patient_summary"]).max() + 1, dtype=int)


def uneven_parts(tables):
    """Nobody in part 1, no event in part 0, a single patient in part 4."""
    risk_table = tables["risk_table"]
    has_event = np.zeros(number_of(tables["patient_summary"]).max() + 1, dtype=bool)
    has_event[number_of(risk_table)[risk_table["outcome"] == "fracture"]] = True
    part = np.where(has_event, 2 + np.arange(len(has_event)) % 2, np.arange(len(has_event)) % 3 * 2 % 3)
    part[part == 1] = 0
    part[np.flatnonzero(has_event)[0]] = 4
    return part


def number_of(frame):
    return frame["patient"].astype(str).str[1:].astype(int).to_numpy()


def write_parts(tables, part, folder):
    for name, frame in tables.items():
        path = folder / "tables" / f"{name}.parquet"
        path.mkdir(parents=True)
        of_row = part[number_of(frame)]
        for number in range(part.max() + 1):
            piece = frame[of_row == number].reset_index(drop=True)
            write_part(piece.assign(patient=piece["patient"].cat.remove_unused_categories()), path, number)


def answered(folder, scheduler):
    """All estimates of the three notebooks, executed here."""
    for step in ANSWERS:
        cells = [cell for cell in nbformat.read(project_root() / step.notebook, 4).cells if cell.cell_type == "code"]
        names = SimpleNamespace()
        for cell in cells:
            exec(compile(cell.source, step.notebook, "exec"), vars(names))
            if "parameters" in cell.metadata.get("tags", ()):
                names.run_folder, names.scheduler, names.bootstrap_samples = str(folder), scheduler, 300
        plt.close("all")
        assert isinstance(names.risk_table, Parted if scheduler else pd.DataFrame)
    return {name: pd.read_parquet(folder / "tables" / f"{name}.parquet") for step in ANSWERS for name in step.writes}


@pytest.fixture(scope="module")
def expected(tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    (folder / "tables").mkdir()
    for name, frame in tables.items():
        write_parquet(frame, folder / "tables" / f"{name}.parquet")
    return answered(folder, "")


@pytest.mark.parametrize("cut", [one_part, uneven_parts])
def test_every_line_is_that_of_the_whole(cut, cluster, tables, expected, tmp_path, monkeypatch):
    write_parts(tables, cut(tables), tmp_path)
    monkeypatch.setattr("helpers.workbook.folder.read_parts", lambda *whole: pytest.fail("a table was read as a whole"))
    found = answered(tmp_path, cluster.address)
    assert list(found) == list(expected)
    for name in expected:
        pd.testing.assert_frame_equal(found[name], expected[name], check_exact=False, rtol=1e-12, atol=0, obj=name)
