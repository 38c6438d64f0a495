"""A study whose data stand in one table: checked before anything starts, run as any other, not cut into parts."""

import io
import json

import pytest
import yaml

from helpers.cohort.by_parts import ByParts
from helpers.cohort.cohort_source import TABLE_FILES
from helpers.errors import Problems, WorkbookError
from helpers.workbook.cli import main
from helpers.workbook.parameters import merged, parameters_by_step, read_parameters
from helpers.workbook.places import project_root
from helpers.workbook.run import run_study
from helpers.workbook.steps import STEPS
from helpers.workbook.study import checked_values, read_study


@pytest.fixture(scope="module")
def parameters():
    return merged(parameters_by_step(project_root()))


def changed(study, parameters, **values):
    """The values of the study in one table with some of its lines changed; None takes a line out."""
    path = study / "kohorte.yml"
    said = yaml.safe_load(path.read_text(encoding="utf-8")) | values
    said = {name: value for name, value in said.items() if value is not None}
    path.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    return checked_values(read_study(path), parameters)


def test_the_files_of_single_tables_are_not_asked_for(example_study, parameters):
    for name in ("patients", "procedures", "fractures", "imaging"):
        (example_study / f"{name}.csv").unlink()
    values = changed(example_study, parameters, patients_file="")
    assert [values[name] for name in TABLE_FILES] == [""] * 4
    assert (values["cohort_file"], values["layout"]) == ("kohorte.xlsx#Patienten", "wide")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"patients_file": "patients.csv", "imaging_file": "imaging.csv"},
            "`cohort_file` is set, and `patients_file`, `imaging_file` besides. "
            "A study has one table with everything, or one each: choose.",
        ),
        ({"layout": None}, "`cohort_file` is set, but `layout` is not. Write `layout: wide` or `layout: events`."),
        ({"cohort_file": None}, "`layout` is wide, but `cohort_file` names no file. Name the file with everything."),
        ({"cohort_file": "kohorte.xls"}, "`cohort_file` is kohorte.xls, but there is no such file beside kohorte.yml."),
        ({"event_column": "Ereignis"}, "`event_column` is only for `layout: events`. Leave it out."),
        (
            {"layout": "events", "event_names": {"procedures": "OP"}},
            "`layout` is events, but `event_column` is not set. Write the column that says what a row is about.",
        ),
        ({"layout": "long"}, "`layout` must be one of tables, wide, events, but got"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(example_study, parameters, values, sentence):
    with pytest.raises(Problems) as caught:
        changed(example_study, parameters, **values)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(sentence)


def test_it_is_not_cut_into_parts(example_study, tmp_path, capsys):
    study = str(example_study / "kohorte.yml")
    assert main(["partition", study, "--out", str(tmp_path / "parts")]) == 2
    assert main(["run", study, "--out", str(tmp_path / "out"), "--workers", "2"]) == 2
    assert main(["run", study, "--out", str(tmp_path / "out"), "--dask", "tcp://127.0.0.1:9"]) == 2
    assert capsys.readouterr().err.count("A `cohort_file` is worked on as a whole, not in parts.") == 3
    assert [path.name for path in tmp_path.iterdir()] == ["study"]
    with pytest.raises(WorkbookError, match="worked on as a whole"):
        ByParts.read_cohort(None, {}, None, cohort_file="kohorte.xlsx", layout="wide")


def test_the_german_sheet_gives_the_estimates_of_the_example(example_study, example_report, tmp_path):
    steps = STEPS[:2]
    known = {parameter.name for step in steps for parameter in read_parameters(project_root() / step.notebook)}
    path = example_study / "kohorte.yml"
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    said = {name: value for name, value in values.items() if name in known}
    path.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    out = run_study(path, tmp_path / "out", steps=steps, stream=io.StringIO())
    written = {name for step in steps for name in step.writes} - {"ledger", "quarantine"}
    assert "relative_risk_estimates" in written
    for name in written:
        own, expected = (of / "tables" / f"{name}.csv" for of in (out, example_report))
        assert own.read_bytes() == expected.read_bytes(), name
    inputs = {one["role"]: one["name"] for one in json.loads((out / "manifest.json").read_text())["inputs"]}
    assert inputs["cohort_file"].endswith("kohorte.xlsx")
    assert not set(inputs) & set(TABLE_FILES)
    ledger = (out / "tables" / "ledger.csv").read_text(encoding="utf-8")
    assert "Neue Fraktur 1 Datum" in ledger
    assert "P00" not in ledger
    page = (out / "index.html").read_text(encoding="utf-8") + "".join(
        one.read_text(encoding="utf-8") for one in out.rglob("*.html")
    )
    assert "gave these rows: 442 of patients, 460 of procedures, 993 of fractures, 1,414 of imaging." in page
