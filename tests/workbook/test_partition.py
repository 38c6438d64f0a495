"""`workbook partition`, and runs that work part by part: the report is that of one process."""

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
import yaml

from helpers.cohort.cluster import check_scheduler
from helpers.cohort.parts import PartedTable, part_name, write_part
from helpers.errors import Problems, WorkbookError
from helpers.workbook.cli import main
from helpers.workbook.folder import open_run
from helpers.workbook.manifest import digest
from helpers.workbook.parameters import merged, parameters_by_step, read_parameters
from helpers.workbook.partition import changed_lines, partition_study
from helpers.workbook.places import project_root
from helpers.workbook.run import run_study
from helpers.workbook.steps import STEPS
from helpers.workbook.study import checked_values, read_study
from helpers.workbook.workers import local_workers

TABLES = ("fractures", "imaging", "patients", "procedures")


@pytest.fixture
def partition(example_study):
    """The example study in parts."""
    return partition_study(example_study / "study.yml", example_study.parent / "parts", patients_per_part=100)


def test_a_partition_is_a_study_of_its_own(partition, example_study):
    folder = partition.study.parent
    assert partition.n_parts == 5
    assert sorted(path.name for path in folder.iterdir()) == [*TABLES, "study.yml"]
    assert {len(list((folder / table).iterdir())) for table in TABLES} == {5}
    before, after = (path.read_text().splitlines() for path in (example_study / "study.yml", partition.study))
    changed = {new.split(":")[0]: new for old, new in zip(before, after, strict=True) if old != new}
    assert set(changed) == {"study_folder", *(f"{table}_file" for table in TABLES)}
    assert changed["imaging_file"] == 'imaging_file: imaging              # "" when there is none'
    assert changed["study_folder"] == f'study_folder: "{folder}"'
    assert checked_values(read_study(partition.study), merged(parameters_by_step(project_root())))


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_a_partition_is_its_owners_only(partition):
    assert stat.S_IMODE(partition.study.parent.stat().st_mode) == 0o700


def test_a_partition_replaces_one_and_nothing_else(partition, example_study):
    folder = partition.study.parent
    assert partition_study(example_study / "study.yml", folder, patients_per_part=500).n_parts == 1
    assert len(list((folder / "patients").iterdir())) == 1
    with pytest.raises(WorkbookError, match="parts is the folder of the study itself."):
        partition_study(partition.study, folder, patients_per_part=500)
    with pytest.raises(WorkbookError, match=r"study holds things that are no partition \(.*\). They would be replaced"):
        partition_study(partition.study, example_study, patients_per_part=500)
    (folder / "notes.txt").touch()
    with pytest.raises(WorkbookError, match=r"parts holds things that are no partition \(notes.txt\)."):
        partition_study(example_study / "study.yml", folder, patients_per_part=500)
    (folder / "notes.txt").unlink()
    (folder / "patients" / ".DS_Store").touch()
    (folder / "patients" / "part-00007.parquet").write_bytes(b"of somebody else")
    with pytest.raises(WorkbookError, match=r"no partition \(patients/part-00007.parquet\)."):
        partition_study(example_study / "study.yml", folder, patients_per_part=500)
    (folder / "patients" / "part-00007.parquet").unlink()
    assert partition_study(example_study / "study.yml", folder, patients_per_part=100).is_replaced
    (folder / "notes.txt").touch()
    with pytest.raises(WorkbookError, match="notes.txt is not a folder."):
        partition_study(example_study / "study.yml", folder / "notes.txt", patients_per_part=500)


def test_a_study_file_alone_is_nobodys_to_replace(example_study, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "study.yml").write_text("written: by hand\n")
    with pytest.raises(WorkbookError, match=r"mine holds things that are no partition \(study.yml\)."):
        partition_study(example_study / "study.yml", tmp_path / "mine", patients_per_part=500)
    assert (tmp_path / "mine" / "study.yml").read_text() == "written: by hand\n"


def test_the_former_partition_stays_until_the_new_one_is_in_its_place(partition, example_study, monkeypatch):
    def broken(self, target):
        if ".partition-" in self.name:
            raise OSError("no rename")
        return rename(self, target)

    rename = Path.rename
    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(OSError, match="no rename"):
        partition_study(example_study / "study.yml", partition.study.parent, patients_per_part=500)
    assert len(list((partition.study.parent / "patients").iterdir())) == 5
    assert sorted(path.name for path in partition.study.parent.parent.iterdir()) == ["parts", "study"]


def test_nothing_is_left_of_a_partition_that_fails(example_study):
    (example_study / "patients.csv").write_text("ID\n1\n")
    with pytest.raises(Problems, match='patients needs a column "patient_id"'):
        partition_study(example_study / "study.yml", example_study.parent / "parts", patients_per_part=500)
    assert [path.name for path in example_study.parent.iterdir()] == ["study"]


def test_the_command_says_what_the_folder_holds(example_study, capsys):
    out = example_study.parent / "parts"
    assert main(["partition", str(example_study / "study.yml"), "--out", str(out), "--patients-per-part", "300"]) == 0
    command = ["partition", str(example_study / "study.yml"), "--out", str(out), "--patients-per-part", "300"]
    told = capsys.readouterr().out
    assert main(command) == 0
    assert capsys.readouterr().out == told.replace("2 parts.", "2 parts, in place of those that were there.")
    assert told == (
        f"2 parts. {out} holds identifiers and dates, as the study's own files do: never share it.\n"
        f"Next: workbook run {out}/study.yml --workers 2\n"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: one # first\nb: 'two'\n", 'a: "x y" # first\nb: z\nc: new\n'),
        ("b: >-\n  two\na: one", 'b: z\na: "x y"\nc: new\n'),
        ("# nothing yet\nc: 1", '# nothing yet\nc: new\na: "x y"\nb: z\n'),
    ],
)
def test_lines_of_a_study_file_are_changed_in_their_places(text, found):
    changed = {"a": "x y", "b": "z", "c": "new"}
    assert yaml.safe_load(changed_lines(text, changed)) == changed
    assert changed_lines(text, changed) == found


@pytest.mark.parametrize("text", ["{a: one, b: two}", "a: one\nb: two\n...\n"])
def test_a_study_file_that_cannot_be_changed_line_by_line_is_told(text):
    with pytest.raises(WorkbookError, match="Write it in lines of the form `name: value`"):
        changed_lines(text, {"a": "x", "c": "new"})


def test_a_folder_in_place_of_a_file_must_hold_parts(partition, toy, steps):
    (partition.study.parent / "imaging" / part_name(1)).unlink()
    text = 'study_name: "Toy"\nis_synthetic: true\n'
    toy.write_study(f"{text}patients_file: {partition.study.parent / 'imaging'}\nimaging_file: .\n")
    with pytest.raises(Problems) as caught:
        checked_values(read_study(toy.study), merged(parameters_by_step(toy.root, steps)))
    assert caught.value.problems == (
        '`patients_file` is a folder. The folder "imaging" has parts up to part-00004.parquet, '
        "but not part-00001.parquet. Copy the folder again, or make it again with `workbook partition`.",
        '`imaging_file` is a folder. The folder "toy" holds no part-00000.parquet. '
        "Name a file, or a folder that `workbook partition` has written.",
    )


def accept(name, frame, columns=None):
    """A contract that accepts everything."""


def table_in_parts(folder) -> PartedTable:
    folder.mkdir()
    for number in range(2):
        keys = pd.Categorical([f"p{2 * row + number:06d}" for row in range(3)])
        write_part(pd.DataFrame({"patient": keys, "n": np.arange(3) * 2 + number}), folder, number)
    return PartedTable(folder, 6)


def test_a_table_in_parts_is_written_and_read_as_one(tmp_path, steps, monkeypatch):
    writing = open_run(tmp_path / "run", "count", steps=steps, check=accept)
    writing.write("counts", pd.DataFrame({"n": [1]}))
    writing.write("counts", table_in_parts(tmp_path / "parts"))
    reading = open_run(tmp_path / "run", "tell", steps=steps, check=accept)
    assert reading.read("counts")["n"].tolist() == [0, 1, 2, 3, 4, 5]
    assert list(reading.read("counts", columns=["n"])) == ["n"]
    csv = tmp_path / "run" / "tables" / "counts.csv"
    assert csv.read_text().splitlines()[:3] == ["patient,n", "p000000,0", "p000001,1"]
    assert digest(tmp_path / "run" / "tables" / "counts.parquet") != digest(csv)
    monkeypatch.setattr("helpers.workbook.folder.MOST_CSV_ROWS", 5)
    writing.write("counts", table_in_parts(tmp_path / "parts"))
    assert not csv.exists()
    writing.write("counts", pd.DataFrame({"n": [1]}))
    assert reading.read("counts")["n"].tolist() == [1]


def test_private_tables_in_parts_are_their_owners_only(tmp_path, steps, monkeypatch):
    run = open_run(tmp_path / "run", "count", steps=steps, check=accept)
    run.private("ledger", table_in_parts(tmp_path / "few"))
    assert pd.read_csv(tmp_path / "run" / "private" / "ledger.csv")["n"].tolist() == [0, 1, 2, 3, 4, 5]
    monkeypatch.setattr("helpers.workbook.folder.MOST_GATHERED_ROWS", 5)
    run.private("ledger", table_in_parts(tmp_path / "many"))
    paths = list((tmp_path / "run" / "private" / "ledger.parquet").iterdir())
    assert len(paths) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert not (tmp_path / "run" / "private" / "ledger.csv").exists()


def test_a_run_with_workers_makes_the_same_tables(example_study, example_report, tmp_path):
    lines = (example_study / "study.yml").read_text().splitlines()
    steps = [step for step in STEPS if step.name not in ("robustness", "report")]  # which read tables as a whole
    known = {parameter.name for step in steps for parameter in read_parameters(project_root() / step.notebook)}
    (example_study / "study.yml").write_text("\n".join(line for line in lines if line.split(":")[0] in known))
    out = run_study(example_study / "study.yml", tmp_path / "out", workers=2, steps=steps, stream=io.StringIO())
    same = [Path("tables") / f"{name}.csv" for name in STEPS[0].writes] + [
        path.relative_to(out) for path in (out / "private").glob("*.csv")
    ]
    assert len(same) == len(STEPS[0].writes) + 3
    for name in same:
        assert (out / name).read_bytes() == (example_report / name).read_bytes(), name
    for name in (name for step in steps[1:] for name in step.writes):
        found, expected = (pd.read_parquet(of / "tables" / f"{name}.parquet") for of in (out, example_report))
        pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-12, atol=0)
    assert [json.loads((of / "manifest.json").read_text())["parts"] for of in (example_report, out)] == [None, 2]
    assert {path.name for path in out.iterdir()} == {path.name for path in example_report.iterdir()} - {"report.pdf"}
    for step in steps:
        assert 'scheduler = \\"tcp://scheduler\\"' in (out / "notebooks" / f"{step.stem}.ipynb").read_text()
    assert not [path for path in out.rglob("*") if path.is_file() and b"://127" in path.read_bytes()]


def test_workers_end_with_what_they_were_started_for():
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(OSError, match="stopped"):
        _workers_for_something_that_stops()
    left = set(psutil.Process().children(recursive=True)) - before
    assert not [process for process in left if "spawn_main" in " ".join(process.cmdline())]


def test_only_who_can_read_this_users_files_can_talk_to_the_workers():
    with local_workers(1) as address:
        assert address.startswith("tls://127.0.0.1:")
        ask = "import sys, distributed; print(distributed.Client(sys.argv[1], timeout=5).run(int))"
        names = [name for name in os.environ if name.startswith("DASK_DISTRIBUTED__COMM__TLS__")]
        paths = [Path(os.environ[name]) for name in names]
        assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
        assert {stat.S_IMODE(path.parent.stat().st_mode) for path in paths} == {0o700}
        without = {name: value for name, value in os.environ.items() if name not in names}
        asked = [
            subprocess.run([sys.executable, "-c", ask, address], env=env, capture_output=True, text=True, check=False)
            for env in (without, os.environ)
        ]
        assert [one.returncode == 0 for one in asked] == [False, True]
        assert ": 0}" in asked[1].stdout
    assert not [name for name in names if name in os.environ]


def _workers_for_something_that_stops():
    with local_workers(1) as address:
        assert check_scheduler(address) == 1
        raise OSError("stopped")


def test_a_run_where_no_scheduler_answers_starts_nothing(example_study, tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.cohort.cluster.SECONDS_TO_ANSWER", 0.5)
    with pytest.raises(WorkbookError, match='No Dask scheduler answers at "tcp://127.0.0.1:9"'):
        run_study(example_study / "study.yml", tmp_path / "out", dask="tcp://127.0.0.1:9")
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []
