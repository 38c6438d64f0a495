"""A run's settings reach its last notebook, without folders of this machine."""

from helpers.workbook.parameters import parse_parameters
from helpers.workbook.settings import read_settings, write_settings, written

CELL = """run_folder = "reports/lab"  # folder: where the run is
conf_level = 0.95  # share, between 0 and 1: confidence level
column_names = {}  # mapping: our names to theirs
"""


def test_settings_go_round(tmp_path):
    parameters = {parameter.name: parameter for parameter in parse_parameters(CELL, "toy.ipynb")}
    values = {"run_folder": str(tmp_path), "conf_level": 0.9, "column_names": {}}
    given = [{"role": "study_file", "name": "study.yml", "rows": None, "bytes": 12, "sha256": "ab"}]
    write_settings(
        tmp_path / "s", values=values, parameters=parameters, inputs=given, versions={"python": "3.11", "gone": None}
    )
    settings = read_settings(tmp_path / "s")
    assert settings.parameters.to_dict("records") == [
        {"parameter": "conf_level", "value": "0.9", "default": "0.95", "changed": True, "meaning": "confidence level"},
        {
            "parameter": "column_names",
            "value": "none",
            "default": "none",
            "changed": False,
            "meaning": "our names to theirs",
        },
    ]
    assert settings.inputs["name"].tolist() == ["study.yml"]
    assert settings.versions["package"].tolist() == ["python"]
    assert str(tmp_path) not in (tmp_path / "s" / "settings.json").read_text()


def test_without_a_run_the_tables_are_there_and_empty(tmp_path):
    settings = read_settings(tmp_path)
    assert settings.parameters.empty
    assert list(settings.versions.columns) == ["package", "version"]


def test_values_are_written_for_readers():
    values = [True, [0, 90], {"default": "%Y"}, "", None, 3]
    assert [written(value) for value in values] == ["yes", "0, 90", "default: %Y", "none", "none", "3"]
