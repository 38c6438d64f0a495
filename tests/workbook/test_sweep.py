"""Many runs of the toy project: grids of any size, a run that fails beside others that do not, one page of all."""

import contextlib
import io
import textwrap

import pandas as pd
import pytest

from helpers.errors import Problems, WorkbookError
from helpers.report.offline import active_content, outside_addresses
from helpers.workbook import one_run
from helpers.workbook.cli import main
from helpers.workbook.grid import read_grid
from helpers.workbook.sweep import SweepFailedError, sweep
from tests.workbook.toy import REPOSITORY, STEPS, Toy

ESTIMATES = """
    estimates = pd.DataFrame({
        "analysis": ["Risk ratio, patients as clusters", "Among fractured: Next to cement"],
        "contrast": "x", "estimate": [4 * conf_level, 55], "conf_low": [2.0, 40.0], "conf_high": [8.0, None],
        "unit": ["ratio", "days"], "note": "", "n_patients": 3, "n_vertebrae": 40, "n_events": 5,
    })
    run.write("estimates", estimates)
"""


def grid(tmp_path, text):
    path = tmp_path / "grid.yml"
    path.write_text(textwrap.dedent(text))
    return path


@pytest.fixture
def swept(toy, tmp_path, monkeypatch):
    """Sweeps the toy with a grid: every run in a process of its own that knows the toy's notebooks."""
    toy.write_tell(ESTIMATES)
    script = f"""
        import sys
        sys.path[:0] = [{str(REPOSITORY)!r}]
        from pathlib import Path
        from helpers.workbook.one_run import main
        from tests.workbook.toy import STEPS
        sys.exit(main(steps=STEPS, root=Path({str(toy.root)!r})))
    """
    monkeypatch.setattr(one_run, "COMMAND", ["-c", textwrap.dedent(script)])

    def run(text, out=None):
        stream = io.StringIO()
        folder = sweep(toy.study, grid(tmp_path, text), out, steps=STEPS, root=toy.root, stream=stream)
        return folder, stream.getvalue()

    return run


def test_every_combination_once_for_each_case(tmp_path):
    cases = read_grid(grid(tmp_path, """
        seed: [1, 2]
        cases: {North: {patients_file: n.csv}, South: {patients_file: s.csv}}
    """))  # fmt: skip
    assert [case.name for case in cases] == ["North, seed 1", "North, seed 2", "South, seed 1", "South, seed 2"]
    assert cases[2].values == {"patients_file": "s.csv", "seed": 1}
    assert cases[2].folder(4) == "3-south-seed-1"
    assert cases[2].folder(40) == "03-south-seed-1"


@pytest.mark.parametrize(("text", "n"), [("", 1), ("{}", 1), ("seed: []", 0), ("seed: [1]", 1), ("cases: {}", 0)])
def test_grids_of_no_and_one_run(tmp_path, text, n):
    assert len(read_grid(grid(tmp_path, text))) == n


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seed: 1", "must have a list of values"),
        ("cases: [a]", "must give each case its parameters"),
        ("{seed: [1], cases: {a: {seed: 2}}}", "set by a case and by the grid"),
        (f"{{seed: {list(range(40))}, conf_level: {list(range(40))}}}", "1,600 runs"),
    ],
)
def test_what_is_no_grid_is_told(tmp_path, text, told):
    with pytest.raises(WorkbookError, match=told):
        read_grid(grid(tmp_path, text))


def test_nothing_starts_when_a_case_cannot(swept, toy):
    with pytest.raises(Problems) as error:
        swept("{conf_level: [0.9, 90], sede: [1]}")
    told = str(error.value)
    assert "conf_level 90, sede 1: `conf_level` must be" in told
    assert "  - `sede` is not a parameter of any notebook. Did you mean `seed`?" in told
    assert not (toy.root / "reports").exists()


def test_an_empty_grid_has_a_page_that_says_so(swept):
    folder, _ = swept("seed: []")
    assert "The grid has no case" in (folder / "index.html").read_text()


def test_two_runs_one_of_which_fails(swept, toy):
    toy.write_tell(ESTIMATES, "assert conf_level < 0.8, 'too sure'")
    for _ in range(2):  # a second time over the first: what is there is replaced
        with pytest.raises(SweepFailedError, match="1 of 2 runs failed"):
            swept("conf_level: [0.5, 0.9]")
    folder = toy.root / "reports" / "toy-sweep"
    page = (folder / "index.html").read_text()
    assert '<a href="runs/1-conf_level-0-5/index.html">conf_level 0.5</a>' in page
    assert (folder / "runs" / "1-conf_level-0-5" / "index.html").is_file()
    assert "<td>2.00 (2.00 to 8.00)</td>" in page
    assert "<td>55</td>" in page
    assert "<h2>conf_level 0.9 failed</h2>" in page
    assert "too sure" in page
    assert not outside_addresses(page) + active_content(page)
    numbers = pd.read_csv(folder / "sweep.csv")
    assert numbers["ended"].tolist() == ["done", "done", "failed"]
    assert numbers["estimate"].tolist()[:2] == [2.0, 55.0]
    assert not list((folder / "runs").glob(".*"))


def test_the_command_ends_with_the_page(swept, toy, tmp_path, capsys, monkeypatch):
    import functools

    from helpers.workbook import sweep as module

    monkeypatch.setattr(module, "sweep", functools.partial(sweep, steps=STEPS, root=toy.root))
    out = tmp_path / "out"
    assert main(["sweep", str(toy.study), str(grid(tmp_path, "")), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("1/1 as it is ... done in ")
    assert said.endswith("out/index.html\n")
    assert "<h1>Toy &lt;cohort&gt;</h1>" in (out / "index.html").read_text()


def test_the_workers_of_a_scheduler_take_the_runs(swept, toy, tmp_path, cluster):
    toy.write_tell(ESTIMATES, "assert conf_level < 0.8, 'too sure'")
    here = sweep_of(toy, tmp_path, "conf_level: [0.5, 0.6, 0.9]", dask=cluster.address)
    numbers = pd.read_csv(here / "sweep.csv")
    assert numbers["ended"].tolist() == ["done"] * 4 + ["failed"]
    assert numbers["estimate"].tolist()[:4:2] == [2.0, 2.4]
    assert (here / "runs" / "2-conf_level-0-6" / "index.html").is_file()


def sweep_of(toy, tmp_path, text, **options):
    """The folder of a sweep some of whose runs may fail."""
    out = tmp_path / "swept"
    with contextlib.suppress(SweepFailedError):
        sweep(toy.study, grid(tmp_path, text), out, steps=STEPS, root=toy.root, stream=io.StringIO(), **options)
    return out


def test_a_folder_of_other_things_is_not_used(swept, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("mine")
    with pytest.raises(WorkbookError, match="no sweep"):
        swept("", tmp_path / "out")


def test_a_killed_run_is_told_in_words(toy: Toy):
    dying = ("-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    ended = one_run.run_apart(str(toy.study), {}, str(toy.out), cores=1, command=dying)
    assert not ended.is_done
    assert ended.words == one_run.KILLED
