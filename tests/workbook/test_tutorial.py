"""README's way from a clinic's spreadsheet to a report: its commands, what they show, and the same estimates."""

import re
import shlex

import pytest

from helpers.workbook.cli import main
from helpers.workbook.parameters import merged, parameters_by_step
from helpers.workbook.places import project_root
from helpers.workbook.study import checked_values, read_study

ROOT = project_root()
OWN = {"study_name", "is_synthetic", "study_folder", "cohort_file"}


@pytest.fixture(scope="module")
def tutorial():
    """The blocks of README's tutorial: commands and what they show, in turn."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (part,) = re.findall(r"<!-- tutorial[^>]*-->\n(.*?)<!-- /tutorial -->", text, flags=re.DOTALL)
    return re.findall(r"^```\n(.*?)^```\n", part, flags=re.DOTALL | re.MULTILINE)


def typed(block: str, folder) -> list[str]:
    program, *words = shlex.split(block)
    assert program == ".venv/bin/workbook"
    places = {"data/": f"{ROOT}/data/", "studies/": f"{folder}/studies/"}
    return [next((own + word[len(start) :] for start, own in places.items() if word.startswith(start)), word)
            for word in words]  # fmt: skip


def assert_shown(block: str, told: str):
    lines = [line for line in block.splitlines() if line and line != "..."]
    assert len(lines) >= 4
    assert [line for line in lines if line not in told.splitlines()] == []


def test_the_tutorial_shows_what_its_commands_show(tutorial, tmp_path, capsys):
    init, proposed, check, checked, run = tutorial
    assert main(typed(init, tmp_path)) == 0
    assert_shown(proposed, capsys.readouterr().out.replace(f"{tmp_path}/", ""))
    assert main([*typed(check, tmp_path), "--out", str(tmp_path / "reports" / "mine.check")]) == 0
    assert_shown(checked, capsys.readouterr().out.replace(f"{tmp_path}/", ""))
    assert typed(run, tmp_path) == ["run", *typed(check, tmp_path)[1:]]


def test_the_proposed_study_is_the_one_whose_estimates_are_those_of_the_example(tutorial, tmp_path, capsys):
    assert main(typed(tutorial[0], tmp_path)) == 0
    parameters = merged(parameters_by_step(ROOT))
    files = tmp_path / "studies" / "mine" / "study.yml", ROOT / "data" / "example" / "kohorte.yml"
    ours, stored = (checked_values(read_study(path), parameters) for path in files)
    assert {name: ours[name] for name in ours if name not in OWN} == {
        name: stored[name] for name in stored if name not in OWN
    }
    assert (files[0].parent / ours["cohort_file"].split("#")[0]).samefile(ROOT / "data" / "example" / "kohorte.xlsx")
    assert ours["cohort_file"].split("#")[1] == stored["cohort_file"].split("#")[1]
