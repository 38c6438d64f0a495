"""The command line: plain sentences, exit codes, quick help."""

import subprocess
import sys

import pytest

from helpers.workbook.cli import main
from helpers.workbook.steps import STEPS, find_step, steps_as_markdown, writer_of


def test_missing_study_file_is_a_sentence(capsys):
    assert main(["run", "nowhere/study.yml"]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("There is no study file ")
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "required: COMMAND"),
        (["run"], "required: STUDY.yml"),
        (
            ["simulate", "--patients", "0", "--seed", "1", "--out", "x"],
            "whole number of at least 1, but got 0",
        ),
        (
            ["simulate", "--patients", "ten", "--seed", "1", "--out", "x"],
            "must be a whole number, but got ten",
        ),
        (["dance"], "invalid choice: 'dance'"),
    ],
)
def test_wrong_use_is_told(arguments, sentence, capsys):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert sentence in capsys.readouterr().err


def test_simulate_overwrites_nothing(tmp_path, capsys):
    (tmp_path / "patients.csv").write_text("mine")
    assert main(["simulate", "--patients", "5", "--seed", "1", "--out", str(tmp_path)]) == 2
    assert "nothing was written there" in capsys.readouterr().err
    assert (tmp_path / "patients.csv").read_text() == "mine"


def test_steps_are_shown_as_a_table(capsys):
    assert main(["steps"]) == 0
    assert capsys.readouterr().out == steps_as_markdown() + "\n"


def test_every_table_has_one_writer_that_comes_before_its_readers():
    written = [table for step in STEPS for table in step.writes]
    assert len(written) == len(set(written))
    for place, step in enumerate(STEPS):
        for table in step.reads:
            assert STEPS.index(writer_of(table)) < place, table
        assert find_step(step.name) is step


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom helpers.workbook.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "assert not {'pandas', 'papermill', 'numpy', 'nbformat', 'yaml'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_run_itself_imports_only_what_it_needs():
    code = (
        "import sys\nfrom helpers.workbook.cli import main\nmain(['run', 'nowhere/study.yml'])\n"
        "assert {'nbformat', 'jsonschema', 'helpers.workbook.run'} <= set(sys.modules)\n"
        "assert not {'pandas', 'pandera', 'matplotlib', 'scipy', 'rfc3987_syntax', 'lark'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
