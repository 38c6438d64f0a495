"""Reports are put in place whole, and two runs never share a folder."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from helpers.errors import WorkbookError
from helpers.workbook.building import Building
from helpers.workbook.lock import locked
from helpers.workbook.places import from_root, input_path, portable, safe_name
from helpers.workbook.portable import replacements, without_places


@pytest.fixture
def place(tmp_path) -> Building:
    return Building(tmp_path / "reports" / "toy")


def test_new_report_replaces_the_former_whole(place):
    place.out.mkdir(parents=True)
    (place.out / "index.html").write_text("former")
    (place.out / "audit").mkdir()
    place.failed.mkdir()
    (place.start() / "index.html").write_text("new")
    place.put_in_place()
    assert [path.name for path in place.out.parent.iterdir()] == ["toy"]
    assert [path.name for path in place.out.iterdir()] == ["index.html"]
    assert (place.out / "index.html").read_text() == "new"


def test_failed_run_leaves_the_last_good_report_alone(place):
    place.out.mkdir(parents=True)
    (place.out / "index.html").write_text("good")
    (place.start() / "notebooks").mkdir()
    (place.aside / "notebooks" / "1.failed.ipynb").write_text("{}")
    (place.aside / "tables").mkdir()
    kept = place.keep_failed()
    assert sorted(path.name for path in place.out.parent.iterdir()) == ["toy", "toy.failed"]
    assert [path.relative_to(kept).as_posix() for path in kept.rglob("*.ipynb")] == ["notebooks/1.failed.ipynb"]
    assert (place.out / "index.html").read_text() == "good"


def test_what_a_killed_run_left_is_cleared_or_put_back(place):
    former = place.out.parent / ".toy.former"
    former.mkdir(parents=True)
    (former / "index.html").write_text("good")
    (place.out.parent / ".toy.building-1").mkdir()
    place.start()
    assert (place.out / "index.html").read_text() == "good"
    assert not (place.out.parent / ".toy.building-1").exists()


def test_a_folder_with_other_things_is_never_replaced(place):
    place.out.mkdir(parents=True)
    place.check()
    (place.out / "index.html").touch()
    place.check()
    (place.out / "thesis.docx").touch()
    with pytest.raises(WorkbookError, match=r"toy holds things that are no report \(thesis.docx\)"):
        place.check()
    file = Building(place.out / "thesis.docx")
    with pytest.raises(WorkbookError, match="thesis.docx is not a folder"):
        file.check()


def test_second_run_into_the_folder_is_refused(place):
    with locked(place.out):
        with pytest.raises(WorkbookError, match="Another run is writing toy just now"), locked(place.out):
            pass
        with locked(place.out.with_name("other")):
            pass
    with locked(place.out):
        pass
    assert list(place.out.parent.iterdir()) == []


def test_lock_of_a_process_that_no_longer_lives_is_taken_over(place):
    place.out.parent.mkdir()
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    lock = place.out.parent / ".toy.lock"
    lock.write_text(f"{gone.stdout.strip()} 1.0")
    with locked(place.out):
        assert lock.read_text().split()[0] == str(os.getpid())
    lock.write_text(f"{os.getpid()} {psutil.Process().create_time() - 99}")  # the number was given out again
    with locked(place.out):
        pass


def test_names_are_safe_as_folders():
    assert safe_name("St. Märy / 2006: A*") == "st-mary-2006-a"
    assert safe_name("../..\\x") == "x"
    with pytest.raises(WorkbookError, match='No folder name can be made of "###"'):
        safe_name("###")


def test_paths_count_from_the_project(tmp_path):
    assert from_root("reports/x", tmp_path) == tmp_path / "reports" / "x"
    assert from_root(tmp_path, Path("/elsewhere")) == tmp_path
    assert input_path(str(tmp_path), "patients.csv") == tmp_path / "patients.csv"
    assert input_path(str(tmp_path), "") is None
    assert portable(tmp_path / "a" / "b.csv", tmp_path) == "a/b.csv"
    assert portable(Path("/home/alice/study"), tmp_path) == "study"


def test_machine_paths_leave_the_text():
    root = Path("/srv/alice/workbook")
    replaced = replacements(
        {root: "", root / "reports" / ".x.building-7": "reports/x", Path("/data/alice/mine"): "mine"}
    )

    def shared(text: str) -> str:
        return without_places(text, replaced)

    assert shared("'/srv/alice/workbook/reports/.x.building-7/tables'") == "'reports/x/tables'"
    assert shared("in '/srv/alice/workbook', so") == "in '.', so"
    assert shared("/srv/alice/workbook/data/p.csv and /srv/alice/workbook2") == "data/p.csv and /srv/alice/workbook2"
    assert shared("/data/alice/mine/p.csv") == "mine/p.csv"
    assert shared(f"{Path.home()}/x") == "~/x"
    assert shared("/tmp/ipykernel_123/456.py:3: Warning") == "notebook cell:3: Warning"


def test_a_place_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(WorkbookError, match=r"cannot be made \(.*\)\. Give another place with --out DIR"),
        locked(tmp_path / "file" / "out"),
    ):
        pytest.fail("a lock was given")
