"""SQLite files and a PostgreSQL server that the tests start themselves."""

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.dictionary import read_dictionary
from helpers.cohort.readers import read_table
from helpers.intake import sqlite_files
from helpers.intake.sheet import open_sheet, sheet_names
from tests.intake.read import day, problems, read, values

SECRET = "tr0ub@dor"
TABLE = """
    CREATE TABLE patients (id text, age real, n integer, "a ""b" text);
    INSERT INTO patients VALUES ('007', 72, 3, 'x'), ('B', 0.1, NULL, NULL);
"""


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "Kohorte.db"
    with sqlite3.connect(path) as made:
        made.executescript(TABLE)
    made.close()
    return path


def changed(path, script):
    with sqlite3.connect(path) as made:
        made.executescript(script)
    made.close()
    return path


EXPECTED = {"id": ["007", "B"], "age": ["72", "0.1"], "n": ["3", ""], 'a "b': ["x", ""]}


def test_a_table_of_sqlite(database):
    sheet = open_sheet(database)
    assert values(sheet) == EXPECTED
    assert (sheet.source, sheet.row.tolist()) == ('Kohorte.db, table "patients"', [2, 3])
    assert sheet_names(database) == ["patients"]


def test_tables_views_and_queries_of_sqlite(database, monkeypatch):
    monkeypatch.setattr(sqlite_files, "_ROWS_AT_ONCE", 1)
    changed(database, 'CREATE VIEW "old ones" AS SELECT id FROM patients WHERE age > 50; CREATE TABLE none (x)')
    assert sheet_names(database) == ["patients", "old ones", "none"]
    assert read(database, table="patients") == EXPECTED
    assert read(f"{database}#old ones") == {"id": ["007"]}
    assert read(database, table="none") == {"x": []}
    assert read(database, query="SELECT id AS name FROM patients ORDER BY id DESC;") == {"name": ["B", "007"]}
    assert "has the tables patients, old ones, none. Name one" in problems(database)
    assert 'has no table "patient". Did you mean "patients"?' in problems(database, table="patient")


def test_what_sqlite_cannot_answer(database, tmp_path):
    assert "no such column: z" in problems(database, query="SELECT z FROM patients")
    assert "is only read; the query would change it" in problems(database, query="DELETE FROM patients")
    assert read(database) == EXPECTED
    assert "one statement" in problems(database, query="SELECT 1; SELECT 2")
    assert '2 columns called "id"' in problems(database, query="SELECT id, id FROM patients")
    sheet = open_sheet(changed(database, "ALTER TABLE patients ADD scan blob; UPDATE patients SET scan = x'00ff'"))
    assert sheet.notes == [
        'The column "scan" of Kohorte.db, table "patients" holds pictures or other binary data, which are not read.'
    ]
    content = database.read_bytes()
    database.write_bytes(content[:3000])
    assert "is not a whole SQLite file" in problems(database)
    empty = tmp_path / "leer.db"
    sqlite3.connect(empty).execute("VACUUM").connection.close()
    empty.write_bytes(content[:100] + bytes(3996) if not empty.stat().st_size else empty.read_bytes())
    assert problems(empty)


def test_a_database_that_is_being_written_is_told(database, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, **options | {"timeout": 0.05}))
    writer = connect(database, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    try:
        assert "is being written by another program" in problems(database)
    finally:
        writer.close()


def _programs() -> Path | None:
    found = shutil.which("initdb") or next(
        iter(sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")))), None
    )
    return Path(found).resolve().parent if found else None


@pytest.fixture(scope="module")
def server():
    """Address of a server of our own, on loopback, with a password; its files go when the tests end."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed. On Debian or Ubuntu: sudo apt install postgresql")
    owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if owner:
            shutil.chown(folder, "postgres", "postgres")
        (folder / "password").write_text(SECRET)
        (folder / "password").chmod(0o644)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        data, run = folder / "data", {"check": True, "capture_output": True, "cwd": folder, "timeout": 60} | owner
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "reader", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync",
             "--locale=C", f"--pwfile={folder / 'password'}"], **run,
        )  # fmt: skip
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        command = [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
        subprocess.run(
            [*command, "-o", options, "start"], **run | {"capture_output": False, "stdout": subprocess.DEVNULL}
        )
        try:
            yield f"postgresql://reader@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*command, "-m", "immediate", "stop"], **run)


@pytest.fixture
def registry(server, monkeypatch):
    """The server's address, with a table in it and the password where it belongs."""
    import psycopg

    monkeypatch.setenv("PGPASSWORD", SECRET)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("""
            DROP SCHEMA IF EXISTS clinic CASCADE; DROP TABLE IF EXISTS patients, odd;
            CREATE TABLE patients (id text, age float8, score numeric(5, 2), is_dead bool, death date, seen timestamp);
            INSERT INTO patients VALUES
                ('007', 72, 4.5, true, '2006-01-27', '2006-01-27 23:59:59'),
                ('M\u00fcller, "x"', 0.1, NULL, false, NULL, NULL), ('', NULL, NULL, NULL, NULL, NULL);
        """)
    return server


PATIENTS = {
    "id": ["007", 'Müller, "x"'],
    "age": ["72", "0.1"],
    "score": ["4.50", ""],
    "is_dead": ["true", "false"],
    "death": [day("2006-01-27"), None],
    "seen": [day("2006-01-27"), None],
}


def execute(server, statement):
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


def test_a_table_of_postgresql(registry):
    sheet = open_sheet(registry)
    assert values(sheet) == PATIENTS
    assert (sheet.row.tolist(), sheet.notes) == ([2, 3], [])
    assert sheet.source == f'{registry}, table "patients"'
    assert values(open_sheet(f"{registry}#patients")) == PATIENTS == read(registry, query="TABLE patients;")


def test_a_cohort_reads_its_patients_from_postgresql(registry):
    execute(registry, "CREATE TABLE odd AS SELECT id AS patient_id, death AS last_contact_date FROM patients LIMIT 1")
    frame = read_table(f"{registry}#odd", "patients", read_dictionary())
    assert frame["patient_id"].tolist() == ["007"]
    assert frame["last_contact_date"].astype("datetime64[ns]").tolist() == [pd.Timestamp("2006-01-27")]


def test_tables_and_queries_of_postgresql(registry):
    execute(registry, 'CREATE SCHEMA clinic; CREATE TABLE clinic."Labor 2" (x) AS VALUES (1)')
    assert sheet_names(registry) == ["clinic.Labor 2", "patients"]
    assert read(f"{registry}#clinic.Labor 2") == {"x": ["1"]}
    assert read(registry, query="SELECT id FROM patients WHERE id LIKE '%7' -- only one") == {"id": ["007"]}
    assert read(registry, query="SELECT id FROM patients WHERE false") == {"id": []}
    assert "Name one, as in" in problems(registry)
    assert 'Did you mean "patients"?' in problems(registry, table="patient")
    assert '2 columns called "id"' in problems(registry, query="SELECT id, id FROM patients")
    assert "cannot be answered" in problems(registry, query="SELECT z FROM patients")
    assert "cannot be answered" in problems(registry, query="DELETE FROM patients")
    writes = "WITH gone AS (DELETE FROM patients RETURNING *) SELECT * FROM gone"
    assert "cannot be answered" in problems(registry, query=writes)
    assert read(registry, table="patients") == PATIENTS


def test_days_that_no_calendar_has_stay_texts(registry):
    execute(registry, "CREATE TABLE odd (d) AS VALUES (date '2006-01-27'), ('infinity')")
    assert read(registry, table="odd") == {"d": ["2006-01-27", "infinity"]}


def test_many_rows_come_in_blocks(registry, monkeypatch):
    monkeypatch.setattr("helpers.intake.postgresql._BLOCK", 1 << 12)
    sheet = open_sheet(
        registry, query="SELECT 'P' || n AS id, date '2000-01-01' + n AS d FROM generate_series(1, 9999) n"
    )
    assert sheet.columns[0].to_pylist() == [f"P{number}" for number in range(1, 10_000)]
    first = np.datetime64("2000-01-01")
    assert (sheet.columns[1].to_numpy().astype("datetime64[D]") == first + np.arange(1, 10_000)).all()


def test_a_password_is_never_repeated(registry, monkeypatch):
    monkeypatch.delenv("PGPASSWORD")
    right = registry.replace("reader@", f"reader:{SECRET.replace('@', '%40')}@")
    sheet = open_sheet(right, table="patients")
    assert values(sheet) == PATIENTS
    shown = registry.replace("reader@", "reader:***@")
    assert sheet.notes == [
        f"The address of {shown} holds a password. "
        "Leave it out and set the environment variable PGPASSWORD, or use a .pgpass file."
    ]
    wrong = [
        registry.replace("reader@", f"reader:{SECRET}@"),  # its @ is not written as %40
        registry.replace("reader@", "reader:dor@"),
        registry.replace("/postgres", "/nowhere").replace("reader@", f"reader:{SECRET.replace('@', '%40')}@"),
        registry.replace("reader@", "reader:tr0ub%zz@"),
        f"{registry}?password=dor",
        f"{registry}?password=dor&sslmode=perhaps",
        "postgresql://reader:dor@127.0.0.1:1/x",
        "postgresql://reader:dor@127.0.0.1:dor/x",
    ]
    for url in wrong:
        told = problems(url, table="patients")
        assert "dor" not in told.replace("127.0.0.1:dor", "")
        assert "tr0ub" not in told


def test_a_server_that_is_not_there_or_lets_nobody_in(registry, monkeypatch):
    assert "No PostgreSQL server answers at postgresql://reader@127.0.0.1:1/x." in problems(
        "postgresql://reader@127.0.0.1:1/x"
    )
    monkeypatch.setenv("PGPASSWORD", "wrong")
    assert "does not let this user in. Check user and password" in problems(registry)
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGPASSFILE", "/nowhere")
    assert "does not let this user in" in problems(registry)
