"""Whole runs of the toy project through papermill: what comes out, what fails how, what is never touched."""

import functools
import io
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from helpers.errors import WorkbookError
from helpers.report.offline import active_content, outside_addresses
from helpers.workbook import run as run_module
from helpers.workbook.cli import main
from helpers.workbook.failure import RunFailedError
from helpers.workbook.run import run_study
from tests.workbook.toy import REPOSITORY, STEPS, THREE, Toy, make_toy

ONE_RUN = textwrap.dedent(
    f"""
    import signal, sys
    # A shell that starts the tests in the background has everything below it ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.path[:0] = [{str(REPOSITORY)!r}, {str(REPOSITORY / "tests" / "workbook")!r}]
    import functools
    from pathlib import Path
    from helpers.workbook import cli, run
    from toy import STEPS, THREE
    run.usable_cores = lambda: 2
    steps = THREE if sys.argv[4] == "three" else STEPS
    run.run_study = functools.partial(run.run_study, steps=steps, root=Path(sys.argv[1]))
    sys.exit(cli.main(["run", sys.argv[2], "--out", sys.argv[3]]))
    """
)


def start(toy: Toy, out: Path, notebooks: str = "two") -> subprocess.Popen:
    """One run of the toy's two or three notebooks in a process of its own, as on two cores."""
    command = [sys.executable, "-W", "error", "-c", ONE_RUN, str(toy.root), str(toy.study), str(out), notebooks]
    # MPLBACKEND=agg is set as servers do; the kernel must not take it over
    environment = os.environ | {"MPLBACKEND": "agg"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory) -> tuple[Toy, list[Path], list[tuple[int, str, str]]]:
    """The same study run twice at the same time, into two folders called the same."""
    project = make_toy(tmp_path_factory.mktemp("two") / "project")
    project.write_count("print(run.path, input_path(study_folder, patients_file)); import os; os.environ['MPLBACKEND']")
    project.write_tell("import sys; print('aside', file=sys.stderr)")
    outs = [project.root / "first" / "toy", project.root / "second" / "toy"]
    running = [start(project, out) for out in outs]
    ended = [(process.wait(90), *process.communicate()) for process in running]
    return project, outs, ended


def shared_files(out: Path) -> dict[str, bytes]:
    paths = [path for path in out.rglob("*") if path.is_file() and "private" not in path.parts]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(paths)}


def test_progress_is_one_line_per_notebook_and_nothing_else(two_runs):
    _, outs, ended = two_runs
    for out, (code, told, warned) in zip(outs, ended, strict=True):
        assert code == 0, warned
        assert warned == ""
        lines = told.splitlines()
        assert re.fullmatch(r"1/2 Count the patients \.{3,} done in \d+\.\d s", lines[0])
        assert re.fullmatch(r"2/2 Tell it \.{3,} done in \d+\.\d s", lines[1])
        assert lines[2:] == [f"Report: {out}/index.html"]


def test_a_run_holds_what_it_promises(two_runs):
    _, (out, _), _ = two_runs
    assert sorted(shared_files(out)) == [
        "audit/1_count.html",
        "audit/2_tell.html",
        "figures/bars.png",
        "figures/bars.svg",
        "figures/figures.csv",
        "index.html",
        "manifest.json",
        "notebooks/1_count.ipynb",
        "notebooks/2_tell.ipynb",
        "tables/counts.csv",
        "tables/counts.parquet",
        "tables/estimates.csv",
        "tables/estimates.parquet",
    ]
    assert [path.name for path in out.parent.iterdir()] == ["toy"]
    assert "'=SUM(A1)" in (out / "tables" / "estimates.csv").read_text()


def test_two_runs_at_once_give_the_same_bytes(two_runs):
    _, outs, _ = two_runs
    first, second = map(shared_files, outs)
    manifests = [json.loads(files.pop("manifest.json")) for files in (first, second)]
    strip = re.compile(rb"(first|second)/toy")
    assert {name: strip.sub(b"toy", text) for name, text in first.items()} == {
        name: strip.sub(b"toy", text) for name, text in second.items()
    }
    for manifest in manifests:
        manifest.pop("started"), manifest.pop("ended"), manifest.pop("outputs")
    assert manifests[0] == manifests[1]


def test_no_path_of_this_machine_in_any_shared_file(two_runs):
    project, (out, _), _ = two_runs
    private = [str(project.root.parent), "building-", "workbook-", "ipykernel_"]
    for name, content in shared_files(out).items():
        text = content.decode("utf-8", "replace").replace(repr(str(REPOSITORY)), "")
        assert not [path for path in private if path in text], name
    first = (out / "notebooks" / "1_count.ipynb").read_text()
    assert "first/toy data/toy/patients.csv" in first
    assert "matplotlib_inline" in first
    assert not re.search(r"start_time|duration|papermill|iopub", first)


def test_where_files_of_other_folders_lie_is_said_nowhere(toy):
    """A study file may name `../Downloads/Kohorte.xlsx`; the folders on the way can hold a person's name."""
    elsewhere = toy.root.parent / "frau-geheim" / "patients.csv"
    elsewhere.parent.mkdir()
    (toy.study.parent / "patients.csv").rename(elsewhere)
    away = os.path.relpath(elsewhere, toy.study.parent)
    toy.write_study(f"study_name: Toy\nis_synthetic: true\npatients_file: {away}\n")
    out = run_study(toy.study, steps=STEPS, root=toy.root, stream=io.StringIO())
    shared = [path for path in out.rglob("*") if path.is_file() and path.parent.name != "private"]
    assert any("patients.csv" in path.read_text(encoding="utf-8") for path in shared if path.suffix == ".ipynb")
    assert not [path.name for path in shared if b"frau-geheim" in path.read_bytes()]


def test_pages_open_offline(two_runs):
    _, (out, _), _ = two_runs
    for path in out.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert outside_addresses(page) == ()
        assert active_content(page) == ()
        assert re.findall(r"(?:src|href)\s*=\s*[\"']?\s*(?:\w+:)?//", page) == []
        for address in re.findall(r'href="([^"#]+)"', page):
            assert (path.parent / address).resolve().is_file(), address
        for anchor in re.findall(r'href="#([^"]+)"', page):
            assert f'id="{anchor}"' in page


def test_readers_see_no_code_and_auditors_all_of_it(two_runs):
    _, (out, _), _ = two_runs
    reader = (out / "index.html").read_text(encoding="utf-8")
    audit = (out / "audit" / "1_count.html").read_text(encoding="utf-8")
    assert "A secret of the workshop" not in reader
    assert "A secret of the workshop" in audit
    assert "read_csv" not in reader
    assert "read_csv" in audit
    assert "aside" not in reader
    assert "Parameters of this run" in audit
    assert "Toy &lt;cohort&gt;" in reader
    assert 'alt="Two &quot;bars&quot; &lt;of counts&gt;"' in reader
    assert reader.index("In short") < reader.index("How many patients are there?</h2>") < reader.index("<figure")


def test_manifest_names_inputs_parameters_versions_and_outputs(two_runs):
    _, (out, _), _ = two_runs
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["seed"] == 20060127
    assert manifest["parameters"]["conf_level"] == {"value": 0.9, "default": 0.95, "set_by_study": True}
    patients = next(entry for entry in manifest["inputs"] if entry["role"] == "patients_file")
    assert (patients["name"], patients["rows"], patients["bytes"]) == ("data/toy/patients.csv", 3, 30)
    assert manifest["git"] is None
    assert manifest["versions"]["pandas"]
    assert set(manifest["outputs"]) == set(shared_files(out)) - {"manifest.json"}
    assert manifest["started"] <= manifest["ended"]


def failed_run(toy: Toy, monkeypatch) -> tuple[RunFailedError, str]:
    monkeypatch.setattr(run_module, "usable_cores", lambda: 2)
    toy.out.mkdir(parents=True)
    (toy.out / "index.html").write_text("the last good report")
    told = io.StringIO()
    with pytest.raises(RunFailedError) as error:
        run_study(toy.study, steps=STEPS, root=toy.root, stream=told)
    assert (toy.out / "index.html").read_text() == "the last good report"
    assert sorted(path.name for path in toy.out.parent.iterdir()) == ["toy", "toy.failed"]
    return error.value, told.getvalue()


def test_fault_in_a_notebook_is_told_without_a_traceback_and_kept(toy, monkeypatch):
    monkeypatch.chdir(toy.root)
    toy.write_tell("counts.loc['nobody']")
    error, told = failed_run(toy, monkeypatch)
    assert error.exit_code == 1
    assert str(error) == (
        '"What did we find?" (notebooks/2_tell.ipynb) could not be answered.\n'
        "KeyError: 'nobody'\n"
        "This is a fault of the workbook; its makers can use the line above.\n"
        "The notebooks so far are kept in reports/toy.failed/, with a page that tells all of it: "
        "reports/toy.failed/index.html. The last good report is untouched."
    )
    assert "1/2 Count the patients" in told
    assert re.search(r"2/2 Tell it \.+ failed in", told)
    kept = toy.root / "reports" / "toy.failed" / "notebooks"
    assert sorted(path.name for path in kept.iterdir()) == ["1_count.ipynb", "2_tell.failed.ipynb"]
    failed = nbformat.read(kept / "2_tell.failed.ipynb", as_version=4)
    assert "KeyError" in str(failed.cells)
    assert str(toy.root) not in str(failed)
    page = (kept.parent / "index.html").read_text(encoding="utf-8")
    before_fold, fold = page.split("<main")[1].split("<details>")
    assert "<h2>What did we find?</h2>" in before_fold
    assert "KeyError: &#39;nobody&#39;" in before_fold
    assert "Tell the makers" in before_fold
    assert "The workbook met something that its makers had not foreseen." in before_fold
    assert '<pre tabindex="0">workbook run data/toy/study.yml</pre>' in before_fold
    assert "Traceback" not in before_fold
    assert "counts.loc[" in fold.split("</details>")[0]
    assert "How many patients are there? – answered" in fold
    for address in re.findall(r'href="([^"#]+)"', page):
        assert (kept.parent / address).resolve().is_file(), address
    assert (kept.parent / "index.html").stat().st_mode & 0o777 == 0o600
    assert active_content(page) == outside_addresses(page) == ()
    assert str(toy.root) not in page
    assert "\x1b" not in page


def test_input_the_user_can_mend_is_told_in_its_own_words(toy, monkeypatch):
    wrong = (
        "from helpers.errors import Problems\n"
        "raise Problems(f'{input_path(study_folder, patients_file)} has:', ['no column sex', 'no rows'])"
    )
    toy.write_count(before=(wrong,))
    error, _ = failed_run(toy, monkeypatch)
    assert error.exit_code == 2
    assert "\ndata/toy/patients.csv has:\n  - no column sex\n  - no rows\nThe notebooks so far" in str(error)
    assert "Problems" not in str(error)
    page = (toy.root / "reports" / "toy.failed" / "index.html").read_text(encoding="utf-8")
    assert "data/toy/patients.csv has:\n  - no column sex\n  - no rows</p>" in page
    assert "Mend what is named above" in page
    assert re.search("What did we find\\? – (not started|stopped), because another question failed", page)


def test_killed_kernel_is_explained(toy, monkeypatch):
    toy.write_count("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    error, _ = failed_run(toy, monkeypatch)
    assert error.exit_code == 1
    assert "most often because the memory ran out" in str(error)


def test_notebook_that_never_says_it_is_complete_has_failed(toy, monkeypatch):
    toy.write_count(ending="1")
    error, _ = failed_run(toy, monkeypatch)
    assert error.exit_code == 1
    assert "It ended without its last line, `run.complete()`." in str(error)


HERE = "open(run.path / '{}', 'w').close()"
UNTIL = """
import time
for _ in range(300):
    if (run.path / '{}').exists():
        break
    time.sleep(0.1)
else:
    raise TimeoutError('{}')
"""


def three_side_by_side(toy: Toy, *more: str, beside: tuple[str, ...] = ()) -> None:
    """The two notebooks that need no other meet each other on the way, which only those can that run at once."""
    toy.write_count(HERE.format("count"), UNTIL.format("beside", "beside"), *more)
    toy.write_beside(HERE.format("beside"), UNTIL.format("count", "count"), *beside)


def run_three(toy: Toy, monkeypatch) -> str:
    monkeypatch.setattr(run_module, "usable_cores", lambda: 2)
    told = io.StringIO()
    run_study(toy.study, steps=THREE, root=toy.root, stream=told)
    return told.getvalue()


def test_two_notebooks_at_once(toy, monkeypatch):
    figure = "run.figure('{}', svg=b'<svg/>', png=b'', alt='A dot', caption='A dot')"
    three_side_by_side(toy, UNTIL.format("drawn", "drawn"), figure.format("first"))
    toy.write_beside(HERE.format("beside"), figure.format("second"), HERE.format("drawn"))
    monkeypatch.chdir(toy.root)
    told = run_three(toy, monkeypatch)
    assert [line[:3] for line in told.splitlines()] == ["1/3", "2/3", "3/3"]
    assert all(" done in " in line for line in told.splitlines())
    captions = (toy.out / "figures" / "figures.csv").read_text().splitlines()
    assert [line.split(",")[:2] for line in captions[1:]] == [
        ["first", "count"],
        ["second", "beside"],
        ["bars", "tell"],
    ]
    assert Path.cwd() == toy.root


def test_failing_notebook_lets_the_one_beside_it_end_and_starts_no_other(toy, monkeypatch):
    three_side_by_side(
        toy, UNTIL.format("failing", "failing"), "time.sleep(1)", beside=(HERE.format("failing"), "1 / 0")
    )
    with pytest.raises(
        RunFailedError, match="What stands beside\\?.*could not be answered.\nZeroDivisionError"
    ) as error:
        run_three(toy, monkeypatch)
    assert error.value.exit_code == 1
    kept = toy.root / "reports" / "toy.failed" / "notebooks"
    assert sorted(path.name for path in kept.iterdir()) == ["1_count.ipynb", "3_beside.failed.ipynb"]


def test_notebook_that_waits_for_a_failing_one_is_stopped(toy, monkeypatch):
    toy.write_tell()
    waiting = "open(run_folder + '/waiting', 'w').close()"
    book = nbformat.read(toy.root / "notebooks/2_tell.ipynb", as_version=4)
    book.cells.insert(2, nbformat.v4.new_code_cell(waiting, id="waiting"))
    nbformat.write(book, toy.root / "notebooks/2_tell.ipynb")
    opening = "run = open_run(run_folder, 'count', steps=steps, check=check)"
    toy.write_count(before=(opening, UNTIL.format("waiting", "waiting"), "raise ValueError('mine alone')"))
    error, told = failed_run(toy, monkeypatch)
    assert str(error).count("could not be answered") == 1
    assert "ValueError: mine alone" in str(error)
    assert [re.sub(r"[ .]+in .*", "", line) for line in told.splitlines()] == [
        "1/2 Count the patients ........... failed",
        "2/2 Tell it ...................... stopped",
    ]
    kept = toy.root / "reports" / "toy.failed" / "notebooks"
    assert [path.name for path in kept.iterdir()] == ["1_count.failed.ipynb"]


def test_two_failing_notebooks_are_both_told(toy, monkeypatch):
    mend = "from helpers.errors import WorkbookError\nraise WorkbookError('mend the file')"
    three_side_by_side(toy, "counts.loc['nobody']", beside=(mend,))
    with pytest.raises(RunFailedError) as error:
        run_three(toy, monkeypatch)
    assert error.value.exit_code == 2
    assert str(error.value).split("\nThe notebooks so far")[0] == (
        '"How many patients are there?" (notebooks/1_count.ipynb) could not be answered.\n'
        "KeyError: 'nobody'\n"
        "This is a fault of the workbook; its makers can use the line above.\n\n"
        '"What stands beside?" (notebooks/3_beside.ipynb) could not be answered.\n'
        "mend the file"
    )
    kept = toy.root / "reports" / "toy.failed" / "notebooks"
    assert sorted(path.name for path in kept.iterdir()) == ["1_count.failed.ipynb", "3_beside.failed.ipynb"]


OWN_PROCESS = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
(run.path / '{}.processes').write_text(f'{{os.getpid()}} {{child.pid}}')
time.sleep(60)
"""


def wait_for(toy: Toy, *patterns: str) -> list[Path]:
    for _ in range(600):
        found = [list(toy.root.glob(f"reports/.toy.building-*/{pattern}")) for pattern in patterns]
        if all(found):
            return [paths[0] for paths in found]
        time.sleep(0.1)
    pytest.fail(f"{patterns} never came")


def is_running(process: int) -> bool:
    return psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_two_notebooks_stopped_at_once_leave_no_process_behind(toy, signal_number):
    three_side_by_side(toy, OWN_PROCESS.format("count"), beside=(OWN_PROCESS.format("beside"),))
    running = start(toy, toy.out, "three")
    files = wait_for(toy, "count.processes", "beside.processes")
    time.sleep(0.5)
    processes = [int(number) for path in files for number in path.read_text().split()]
    assert len(processes) == 4
    assert all(map(is_running, processes))
    running.send_signal(signal_number)
    told, warned = running.communicate(timeout=60)
    assert running.returncode == 130
    assert [re.sub(r"[ .]+in .*", "", line) for line in told.splitlines()][:2] == [
        "1/3 Count the patients ........... stopped",
        "2/3 Stand beside ................. stopped",
    ]
    assert warned == "\nStopped. The last good report, if there is one, is untouched.\n"
    assert not any(map(is_running, processes))
    assert list(toy.out.parent.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_failure_is_told_even_if_the_run_is_stopped_then(toy):
    three_side_by_side(toy, OWN_PROCESS.format("count"), beside=(HERE.format("failing"), "1 / 0"))
    running = start(toy, toy.out, "three")
    wait_for(toy, "count.processes", "notebooks/3_beside.failed.ipynb")
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    _, warned = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "ZeroDivisionError" in warned
    assert [path.name for path in toy.out.parent.iterdir()] == ["toy.failed"]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_stopped_run_leaves_nothing_behind(toy):
    toy.write_count("import time; open(run.path / 'here', 'w').close(); time.sleep(60)")
    process = start(toy, toy.out)
    for _ in range(300):
        time.sleep(0.1)
        if list(toy.root.glob("reports/.toy.building-*/here")):
            break
    process.send_signal(signal.SIGINT)
    told, warned = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped in" in told
    assert warned == "\nStopped. The last good report, if there is one, is untouched.\n"
    assert list(toy.out.parent.iterdir()) == []


def test_nothing_starts_when_the_study_is_wrong(toy, monkeypatch, capsys):
    monkeypatch.setattr(run_module, "execute", lambda *args, **kwargs: pytest.fail("a kernel was started"))
    monkeypatch.setattr(run_module, "run_study", functools.partial(run_study, steps=STEPS, root=toy.root))
    toy.write_study("conf_level: 95\nsed: 1\nstudy_name: Toy\n")
    assert main(["run", str(toy.study)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        "study.yml cannot be run as it is; nothing was started:\n"
        "  - `sed` is not a parameter of any notebook. Did you mean `seed`?\n"
        "  - `is_synthetic` is not set. Write `is_synthetic: false` for real patients, `true` for made-up.\n"
        "  - `conf_level` must be a share between 0 and 1, without these two, but got 95. Write 0.95 for 95%.\n"
    )
    assert not toy.out.parent.exists()


def test_run_into_the_study_folder_is_refused(toy):
    with pytest.raises(WorkbookError, match=r"toy holds things that are no report \(patients.csv, study.yml\)"):
        run_study(toy.study, toy.study.parent, steps=STEPS, root=toy.root)


def test_a_kept_notebook_tells_kind_and_place_of_its_error_and_no_cell_of_the_files(toy, monkeypatch):
    toy.write_tell("import warnings\nwarnings.warn('P0' + '0002')\nraise KeyError('P0' + '0001')")
    error, _ = failed_run(toy, monkeypatch)
    assert "P00001" in str(error)
    kept = toy.root / "reports" / "toy.failed"
    assert kept.stat().st_mode & 0o777 == 0o700
    failed = (kept / "notebooks" / "2_tell.failed.ipynb").read_text()
    assert "P00001" not in failed
    assert "P00002" not in failed
    assert re.search(r"Cell In\[\d+\], line 3", failed)
    assert "KeyError: what it says was told where the run was started" in failed


@pytest.mark.parametrize("page", ["write_reader_edition", "write_audit_pages"])
def test_pages_that_cannot_be_made_are_a_failure_with_a_page_too(toy, monkeypatch, page):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_module, page, full)
    with pytest.raises(OSError, match="No space left"):
        run_study(toy.study, steps=STEPS, root=toy.root, stream=io.StringIO())
    page = (toy.root / "reports" / "toy.failed" / "index.html").read_text(encoding="utf-8")
    assert "The report could not be put together" in page
    assert "Look whether the disk is full" in page
    assert "There is no earlier report" in page
    assert not toy.out.exists()
