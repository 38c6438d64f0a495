"""Files of Stata, SPSS and SAS: labels, dates and numbers as those programs show them."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from helpers.intake.sheet import open_sheet
from tests.intake.read import day, problems, read, values

FRAME = pd.DataFrame({
    "id": ["007", "Müller", ""],
    "sex": [1.0, 2.0, np.nan],
    "age": [72.0, 999.0, 68.5],
    "death": [day("2006-01-27"), None, day("1899-12-31")],
    "seen": pd.to_datetime(["2006-01-27 23:59:59", None, "2007-01-01 00:00:00"]),
    "score": np.array([0.1, -2.5, 1e-5]),
})  # fmt: skip
LABELS = {"sex": {1: "female", 2: "male"}, "age": {999: "unknown"}}
EXPECTED = {
    "id": ["007", "Müller", ""],
    "sex": ["female", "male", ""],
    "age": ["72", "unknown", "68.5"],
    "death": [day("2006-01-27"), None, day("1899-12-31")],
    "seen": [day("2006-01-27"), None, day("2007-01-01")],
    "score": ["0.1", "-2.5", "0.00001"],
}
CODED = EXPECTED | {"sex": ["1", "2", ""], "age": ["72", "999", "68.5"]}


def written(folder, ending, frame=FRAME, **options):
    path = folder / f"Kohorte.{ending}"
    if ending in ("dta", "sav", "zsav"):
        options = {"variable_value_labels": LABELS} | options
    if ending == "zsav":
        options["compress"] = True
    write = {"dta": "write_dta", "xpt": "write_xport", "por": "write_por"}.get(ending, "write_sav")
    getattr(pyreadstat, write)(frame, str(path), **options)
    return path


@pytest.mark.parametrize("ending", ["dta", "sav", "zsav"])
def test_labels_are_the_texts_and_codes_stay_at_hand(tmp_path, ending):
    sheet = open_sheet(written(tmp_path, ending))
    assert values(sheet) == EXPECTED
    assert sheet.codes == {"sex": {"female": "1", "male": "2"}, "age": {"unknown": "999"}}
    assert sheet.notes == [f"Codes of Kohorte.{ending} are read as their labels: sex, age."]
    assert sheet.row.tolist() == [2, 3, 4]
    sheet = open_sheet(tmp_path / f"Kohorte.{ending}", labels=False)
    assert (values(sheet), sheet.codes, sheet.notes) == (CODED, {}, [])


def test_sas_transport_files(tmp_path):
    assert read(written(tmp_path, "xpt")) == CODED


def test_portable_files_of_spss(tmp_path):
    frame = FRAME.assign(id=["007", "x", ""]).drop(columns="score").rename(columns=str.upper)
    expected = {name.upper(): own for name, own in CODED.items() if name != "score"} | {"ID": ["007", "x", ""]}
    assert read(written(tmp_path, "por", frame)) == expected


def test_stata_as_pandas_writes_it(tmp_path):
    frame = pd.DataFrame({
        "id": ["001", "002"],
        "sex": pd.Categorical(["f", "m"]),
        "death": pd.to_datetime(["2006-01-27", None]),
        "small": np.array([0.1, np.nan], dtype=np.float32),
        "count": np.array([3, 100], dtype=np.int8),
    })  # fmt: skip
    frame.to_stata(tmp_path / "a.dta", write_index=False, convert_dates={"death": "td"}, version=117)
    assert read(tmp_path / "a.dta") == {
        "id": ["001", "002"],
        "sex": ["f", "m"],
        "death": [day("2006-01-27"), None],
        "small": ["0.1", ""],
        "count": ["3", "100"],
    }


def test_one_label_for_two_codes_leaves_the_codes(tmp_path):
    sheet = open_sheet(written(tmp_path, "sav", variable_value_labels={"sex": {1: "yes", 2: "yes"}}))
    assert values(sheet)["sex"] == ["1", "2", ""]
    assert sheet.notes == [
        'The column "sex" of Kohorte.sav has the same label for several codes; it is read as its codes.'
    ]


def test_a_label_that_is_another_value_leaves_the_codes(tmp_path):
    sheet = open_sheet(written(tmp_path, "sav", variable_value_labels={"age": {999: "72"}}))
    assert values(sheet)["age"] == ["72", "999", "68.5"]


def test_values_declared_missing_are_empty(tmp_path):
    sheet = open_sheet(written(tmp_path, "sav", missing_ranges={"age": [999]}))
    assert values(sheet)["age"] == ["72", "", "68.5"]
    assert "Values that Kohorte.sav declares missing are read as empty." in sheet.notes


@pytest.mark.parametrize("ending", ["dta", "sav", "xpt"])
@pytest.mark.parametrize("kept", [0, 0.05, 0.5, 0.8])
def test_a_file_that_was_cut_off_is_told(tmp_path, ending, kept):
    path = written(tmp_path, ending, pd.concat([FRAME] * 100))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    assert "is not a whole file of" in problems(path)


def test_limits(tmp_path):
    empty = FRAME.head(0).astype({"id": str, "seen": "datetime64[ns]"})[["id", "sex"]]
    assert read(written(tmp_path, "dta", empty, variable_value_labels={})) == {"id": [], "sex": []}
    assert read(written(tmp_path, "sav", FRAME.head(1)))["id"] == ["007"]
    assert "is one table" in problems(f"{tmp_path / 'Kohorte.sav'}#x")


def haven():
    done = shutil.which("Rscript") and subprocess.run(
        ["Rscript", "--vanilla", "-e", "cat(system.file('examples', package = 'haven'))"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Path(done.stdout) if done and done.stdout else None


@pytest.fixture(scope="module")
def examples():
    found = haven()
    if found is None:
        pytest.skip("R's package haven is not installed")
    return found


@pytest.mark.parametrize(
    ("ending", "kinds"),
    [
        ("sas7bdat", ["setosa", "versic", "virgin"]),  # the file itself holds six letters
        ("sav", ["setosa", "versicolor", "virginica"]),
        ("dta", ["setosa", "versicolor", "virginica"]),
    ],
)
def test_the_irises_as_r_reads_them(examples, ending, kinds):
    irises = read(examples / f"iris.{ending}")
    first, *_, last = (cells for cells in irises.values())
    assert first[:3] == ["5.1", "4.9", "4.7"]
    assert (len(first), sorted(set(last))) == (150, kinds)


def test_a_sas_file_that_was_cut_off_is_told(examples, tmp_path):
    path = tmp_path / "iris.sas7bdat"
    path.write_bytes((examples / "iris.sas7bdat").read_bytes()[:-1000])
    assert "is not a whole file of SAS" in problems(path)


def test_what_r_writes(examples, tmp_path):
    code = """
        library(haven)
        frame <- data.frame(id = c("007", "M\\u00fcller"), n = c(0.1, NA), d = as.Date(c("2006-01-27", NA)))
        frame$sex <- labelled(c(1, 2), c(female = 1, male = 2))
        write_sav(frame, "a.sav"); write_dta(frame, "a.dta"); write_xpt(frame, "a.xpt")
    """
    subprocess.run(["Rscript", "--vanilla", "-e", code], cwd=tmp_path, check=True, capture_output=True)
    expected = {"id": ["007", "Müller"], "n": ["0.1", ""], "d": [day("2006-01-27"), None], "sex": ["female", "male"]}
    assert read(tmp_path / "a.sav") == expected == read(tmp_path / "a.dta")
    assert read(tmp_path / "a.xpt") == expected | {"sex": ["1", "2"]}
