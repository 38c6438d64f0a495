"""Part by part on Dask workers: the tables are those of one process, and what fails is named."""

import operator
import shutil
import signal
import stat
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from helpers.cohort import cluster as cluster_module
from helpers.cohort.by_parts import RAW
from helpers.cohort.clean import clean_cohort
from helpers.cohort.cluster import Workers, check_scheduler, fingerprint, part_failure, quiet_distributed
from helpers.cohort.dictionary import RAW_TABLES
from helpers.cohort.engine import SCRATCH, open_engine
from helpers.cohort.part_tasks import CLEAN
from helpers.cohort.partition import write_partition
from helpers.cohort.parts import part_name
from helpers.cohort.privacy import TEXT
from helpers.cohort.raw_files import write_csv
from helpers.cohort.readers import read_cohort
from helpers.cohort.simulate import simulate, write_cohort
from helpers.errors import Problems, WorkbookError, WorkbookFault
from tests.cohort.cohorts import DICTIONARY, random_study, study
from tests.cohort.dask_cluster import Cluster, wait_until
from tests.cohort.made import FOLDERS, as_frame, assert_same, made_by

N_PARTS = 6


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A cohort with errors as files."""
    folder = tmp_path_factory.mktemp("files")
    write_cohort(simulate(3000, seed=5), folder / "cohort", clean=False, file_format="csv")
    return folder / "cohort"


@pytest.fixture(scope="module")
def parts(files, tmp_path_factory):
    """The same cohort in parts."""
    folder = tmp_path_factory.mktemp("parts")
    raw = read_cohort({name: f"{name}.csv" for name in RAW_TABLES}, DICTIONARY, folder=files)
    assert write_partition(raw, folder, least_parts=N_PARTS) == N_PARTS
    return folder


@pytest.fixture(scope="module")
def plain(files, tmp_path_factory):
    """What one process makes of the files."""
    engine = open_engine("", tmp_path_factory.mktemp("plain"))
    return made_by(engine, {name: f"{name}.csv" for name in RAW_TABLES}, files)


def test_every_table_is_that_of_one_process(cluster, parts, plain, tmp_path):
    engine = open_engine(cluster.address, tmp_path)
    found = made_by(engine, FOLDERS, parts)
    assert stat.S_IMODE((tmp_path / SCRATCH).stat().st_mode) == 0o700
    engine.close()
    assert list(tmp_path.iterdir()) == []
    assert_same(found, plain)
    assert len(plain["private ledger"]) > 500
    assert set(plain["quarantine"]["table"]) == set(RAW_TABLES)


def test_plain_files_are_cut_into_parts_first(cluster, files, plain, tmp_path):
    engine = open_engine(cluster.address, tmp_path)
    found = made_by(engine, {name: f"{name}.csv" for name in RAW_TABLES}, files)
    assert len(list((tmp_path / SCRATCH / RAW / "patients").iterdir())) == cluster.number
    engine.close()
    assert_same(found, plain)


def test_a_worker_that_dies_in_the_middle_is_survived(cluster, parts, plain, tmp_path):
    worker = cluster.add_worker()
    wait_until(lambda: cluster.number == 3)
    engine = open_engine(cluster.address, tmp_path)
    cleaned = tmp_path / SCRATCH / CLEAN
    left = []

    def kill():
        wait_until(lambda: any(cleaned.glob("part-*")))
        worker.send_signal(signal.SIGKILL)
        left.append(N_PARTS - len(list(cleaned.glob("part-*"))))

    killer = threading.Thread(target=kill)
    killer.start()
    cohort = engine.clean_cohort(engine.read_cohort(FOLDERS, DICTIONARY, folder=parts), DICTIONARY, seed=3)
    killer.join()
    found = {"rows": cohort.rows, "keys": cohort.keys.read(), "private ledger": cohort.ledger.read()}
    found["risk_table"] = as_frame(engine.build_risk_table(cohort, later_vertebroplasty="ignore")[0])
    engine.close()
    assert left[0] > 0
    assert worker.wait() == -signal.SIGKILL
    assert cluster.number == 2
    assert_same(found, {name: plain[name] for name in found})


def problems_of(cluster, tmp_path, folder, **cleaning) -> tuple[str, ...]:
    engine = open_engine(cluster.address, tmp_path / "run")
    try:
        with pytest.raises(Problems) as caught:
            engine.clean_cohort(engine.read_cohort(FOLDERS, DICTIONARY, folder=folder), DICTIONARY, **cleaning)
    finally:
        engine.close()
    return caught.value.problems


def test_parts_that_cannot_be_read_are_named_all_of_them(cluster, parts, tmp_path):
    folder = shutil.copytree(parts, tmp_path / "parts")
    broken = folder / "fractures" / part_name(3)
    broken.write_bytes(broken.read_bytes()[:-100])
    other = folder / "patients" / part_name(5)
    pq.write_table(pq.read_table(other).drop_columns(["patient_id"]), other)
    told = problems_of(cluster, tmp_path, folder)
    assert [problem.split(":")[0] for problem in told] == [
        "Part 3 of fractures (part-00003.parquet)",
        "Part 5 of patients (part-00005.parquet)",
    ]
    assert "is not a whole Parquet file" in told[0]
    assert 'patients needs a column "patient_id"' in told[1]


def test_what_is_wrong_with_every_part_is_told_once(cluster, parts, tmp_path):
    (told,) = problems_of(cluster, tmp_path, parts, date_formats={"default": "%d"})
    assert told.startswith('`date_formats` gives "%d" for default')


def test_most_of_a_column_is_counted_over_all_parts(cluster, parts, tmp_path):
    formats = {"patients.last_imaging_date": "%d.%m.%Y"}
    told = problems_of(cluster, tmp_path, parts, date_formats=formats)
    raw = read_cohort(FOLDERS, DICTIONARY, folder=parts)
    with pytest.raises(Problems) as caught:
        clean_cohort(raw, DICTIONARY, date_formats=formats)
    assert told == caught.value.problems
    assert told[0].startswith("patients.last_imaging_date (first in row ")


def test_parts_that_do_not_go_together_are_told(cluster, parts, tmp_path):
    folder = shutil.copytree(parts, tmp_path / "parts")
    less = folder / "procedures" / part_name(2)
    pq.write_table(pq.read_table(less).drop_columns(["cement_ml"]), less)
    for table in ("patients", "imaging"):
        shutil.copy(folder / table / part_name(4), folder / table / part_name(5))
    told = problems_of(cluster, tmp_path, folder)
    again = "have the same row number more than once. Number all rows of the table through."
    *rows, last = sorted(told, key=lambda line: line.startswith("Patients with rows in more than one part: "))
    assert set(rows) == {
        f"The parts of patients {again}",
        f"The parts of imaging {again}",
        "Part 2 of procedures (part-00002.parquet) has not the columns of part 0: it lacks cement_ml. "
        "All parts must be alike.",
    }
    assert "for example one in the parts 4 and 5." in last
    (folder / "imaging" / part_name(5)).unlink()
    for path in (folder / "imaging").iterdir():  # parts of another program do not say how many there are
        pq.write_table(pq.read_table(path).replace_schema_metadata(), path)
    assert problems_of(cluster, tmp_path, folder)[0].startswith("imaging has 5 parts, but patients has 6.")


def as_files(raw, folder):
    folder.mkdir()
    for name, frame in raw.items():
        write_csv(frame.drop(columns="row"), folder / f"{name}.csv")
    return {name: f"{name}.csv" for name in raw}


def test_parts_without_patients_or_without_anybody_at_risk(cluster, tmp_path):
    raw = random_study(np.random.default_rng(3), 4)
    names = as_files(raw, tmp_path / "files")
    read = read_cohort(names, DICTIONARY, folder=tmp_path / "files")
    assert write_partition(read, tmp_path / "parts", least_parts=7) == 7
    plain = made_by(open_engine("", tmp_path), names, tmp_path / "files")
    engine = open_engine(cluster.address, tmp_path / "run")
    assert_same(made_by(engine, FOLDERS, tmp_path / "parts"), plain)
    engine.close()


def test_an_identifier_of_another_part_is_hidden_among_numbers(cluster, tmp_path):
    people = [f"{number} | @90 |||| " for number in range(400, 440)]
    raw = study(people, [f"{line.split()[0]} | @0 | T12" for line in people])
    raw["procedures"]["cement_ml"] = "3"
    raw["procedures"].loc[raw["procedures"].index % 4 == 0, "cement_ml"] = "437"
    names = as_files(raw, tmp_path / "files")
    read = read_cohort(names, DICTIONARY, folder=tmp_path / "files")
    write_partition(read, tmp_path / "parts", least_parts=5)
    engine = open_engine(cluster.address, tmp_path / "run")
    folders = {name: name for name in raw}
    cohort = engine.clean_cohort(engine.read_cohort(folders, DICTIONARY, folder=tmp_path / "parts"), DICTIONARY)
    ledger = engine.shareable(cohort, DICTIONARY)["ledger"].read()
    engine.close()
    assert ledger["before"].tolist() == [TEXT] * 10


def test_a_fault_is_told_with_its_parts(cluster):
    workers = Workers(cluster.address)
    assert workers.each_part(3, operator.add, 10) == [10, 11, 12]
    with pytest.raises(WorkbookFault, match=r"^Parts 0, 1, 2: ZeroDivisionError: "):
        workers.each_part(3, operator.truediv, 0)
    with pytest.raises(WorkbookFault, match=r"^Part 0: ZeroDivisionError: "):
        workers.each_part(1, operator.truediv, 0)
    workers.close()


def test_parts_that_end_their_workers_and_files_that_fail():
    killed = quiet_distributed().KilledWorker("task", None, 3)
    assert str(part_failure({4: killed})).startswith("Part 4 ended one worker after the other, most often because")
    full = part_failure({1: OSError(28, "No space left on device"), 2: killed})
    assert str(full).startswith("Parts 1, 2: a file could not be read or written: [Errno 28] No space left")


def test_a_worker_must_have_this_workbook_and_see_the_folder(cluster, tmp_path, monkeypatch):
    workers = Workers(cluster.address)
    workers.check(tmp_path)
    with pytest.raises(WorkbookError, match="cannot write into the folder .*nowhere. It must see the same files"):
        workers.check(tmp_path / "nowhere")
    here = fingerprint()
    monkeypatch.setattr(cluster_module, "fingerprint", lambda: here | {"pandas": "1.0"})
    with pytest.raises(
        WorkbookError, match=rf"has pandas {here['pandas']}, but this machine has 1.0. Install the same"
    ):
        workers.check(tmp_path)
    monkeypatch.setattr(cluster_module, "fingerprint", lambda: here | {"workbook": "other"})
    with pytest.raises(WorkbookError, match="has another version of the workbook than this machine"):
        open_engine(cluster.address, tmp_path)
    assert list(tmp_path.iterdir()) == []
    workers.close()


def test_what_results_hang_on_is_seen(tmp_path, monkeypatch):
    helpers, dictionary = tmp_path / "helpers" / "room", tmp_path / "dictionary.csv"
    helpers.mkdir(parents=True)
    monkeypatch.setattr(cluster_module, "__file__", str(helpers / "cluster.py"))
    monkeypatch.setattr(cluster_module, "DEFAULT_PATH", dictionary)
    seen = []
    for path in (dictionary, helpers / "module.py", helpers.parent / "errors.py", dictionary):
        with path.open("a") as file:
            file.write("x")
        dictionary.touch()
        seen.append(fingerprint()["workbook"])
    assert len(set(seen)) == 4


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere", "http://127.0.0.1:9", "tcp://127.0.0.1"])
def test_an_address_without_a_scheduler(address, monkeypatch):
    monkeypatch.setattr(cluster_module, "SECONDS_TO_ANSWER", 0.5)
    with pytest.raises(WorkbookError) as caught:
        check_scheduler(address)
    assert str(caught.value) == (
        f'No Dask scheduler answers at "{address}". Start one with `dask scheduler`, '
        "and give the address that it shows, like tcp://192.168.0.10:8786."
    )


def test_a_scheduler_without_workers_or_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_module, "SECONDS_WITHOUT_WORKERS", 1)
    lonely = Cluster(tmp_path, 0)
    try:
        with pytest.raises(WorkbookError, match=r"has no workers. Start some with `dask worker tcp://127.0.0.1:\d+`."):
            open_engine(lonely.address, tmp_path / "run")
        assert not (tmp_path / "run").exists()
        worker = lonely.add_worker()
        wait_until(lambda: lonely.number == 1)
        workers = Workers(lonely.address)
        worker.kill()
        with pytest.raises(WorkbookError, match="All Dask workers have gone, and none came back."):
            workers.each_part(2, operator.add, 1)
        threading.Timer(0.5, lonely.stop).start()
        with pytest.raises(WorkbookError, match='The Dask scheduler at "tcp.*" does not answer any more.'):
            workers.each_part(2, operator.add, 1)
        workers.close()
    finally:
        lonely.stop()


def test_what_a_killed_notebook_left_goes_with_the_next(tmp_path):
    (tmp_path / SCRATCH / "clean").mkdir(parents=True)
    open_engine("", tmp_path).close()
    assert list(Path(tmp_path).iterdir()) == []


def test_dates_without_a_day_and_codes_of_the_study_are_read_alike_in_parts(cluster, tmp_path):
    raw = random_study(np.random.default_rng(8), 60)
    raw["patients"]["sex"] = np.resize(["1", "2", "", "7"], len(raw["patients"]))
    for name, column in (("fractures", "diagnosis_date"), ("imaging", "imaging_date"), ("patients", "death_date")):
        dates = pd.to_datetime(raw[name][column]).dt.strftime("%d.%m.%y").fillna("")
        raw[name][column] = np.where(np.arange(len(dates)) % 3 == 0, dates.str[3:], dates)
    columns = ("fractures.diagnosis_date", "imaging.imaging_date", "patients.death_date")
    cleaning = {
        "date_formats": dict.fromkeys(columns, "%d.%m.%y|%m.%y"),
        "pivot_year": 1930,
        "codes": {"patients.sex": {"1": "male", "2": "female"}},
    }
    files, parts = tmp_path / "files", tmp_path / "parts"
    files.mkdir()
    for name, frame in raw.items():
        frame.drop(columns="row").to_csv(files / f"{name}.csv", index=False)
    names = {name: f"{name}.csv" for name in RAW_TABLES}
    assert write_partition(read_cohort(names, DICTIONARY, folder=files), parts, least_parts=3) == 3
    plain = made_by(open_engine("", tmp_path), names, files, **cleaning)
    engine = open_engine(cluster.address, tmp_path / "run")
    found = made_by(engine, FOLDERS, parts, **cleaning)
    engine.close()
    assert_same(found, plain)
    assert (plain["risk_table"]["latest_days"] > plain["risk_table"]["days"]).any()
    assert plain["patients"]["sex"].value_counts().to_dict() == {"M": 15, "F": 15}
    rules = {"partial_date", "fracture_around_day_0", "unknown_code"}
    assert rules <= set(plain["private ledger"]["rule"])
