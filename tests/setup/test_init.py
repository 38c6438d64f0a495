"""`workbook init`: the study file that it writes, and what it shows."""

import re
import sqlite3
import stat

import pandas as pd
import pyreadstat
import pytest
import yaml

from helpers.cohort.date_formats import resolve_formats
from helpers.cohort.dictionary import RAW_TABLES
from helpers.cohort.readers import read_cohort
from helpers.errors import Problems, WorkbookError
from helpers.setup.study_text import quoted
from helpers.setup.without import COVARIATES, FOLLOW_UP, WITHOUT, told_without
from helpers.workbook.cli import main
from helpers.workbook.initial import init_study
from helpers.workbook.parameters import merged, parameters_by_step
from helpers.workbook.places import project_root
from helpers.workbook.study import checked_values, read_study
from tests.setup.files import cohort, events, wide, write_csv, write_excel

EXAMPLE = project_root() / "data" / "example"


def example_tables() -> dict[str, pd.DataFrame]:
    return {table: pd.read_csv(EXAMPLE / f"{table}.csv", dtype=str, keep_default_na=False) for table in RAW_TABLES}


def as_csv(folder):
    return [EXAMPLE / f"{table}.csv" for table in RAW_TABLES]


def as_excel(folder):
    sheets = {table.title(): frame.to_dict("records") for table, frame in example_tables().items()}
    return [write_excel(folder / "cohort.xlsx", sheets)]


def as_sqlite(folder):
    with sqlite3.connect(folder / "cohort.db") as database:
        for table, frame in example_tables().items():
            frame.to_sql(table, database, index=False)
    database.close()
    return [folder / "cohort.db"]


def as_stata(folder):
    for table, frame in example_tables().items():
        pyreadstat.write_dta(frame, str(folder / f"{table}.dta"))
    return [folder / f"{table}.dta" for table in RAW_TABLES]


def as_parquet(folder):
    for table, frame in example_tables().items():
        frame.to_parquet(folder / f"{table}.parquet")
    return [folder / f"{table}.parquet" for table in RAW_TABLES]


@pytest.mark.parametrize("kind", [as_csv, as_excel, as_sqlite, as_stata, as_parquet])
def test_the_example_is_proposed_as_it_is(kind, tmp_path, dictionary):
    """Whatever the tables stand in, the study reads the same cells by the same formats as the example's study file."""
    sources = kind(tmp_path)
    made = init_study([str(source) for source in reversed(sources)], tmp_path / "study")
    assert made.undecided == ()
    values = read_study(made.path).values
    files = {table: values[f"{table}_file"] for table in RAW_TABLES}
    ours = read_cohort(files, dictionary, folder=made.path.parent, column_names=values["column_names"])
    theirs = read_cohort({table: f"{table}.csv" for table in RAW_TABLES}, dictionary, folder=EXAMPLE)
    for table in RAW_TABLES:
        pd.testing.assert_frame_equal(
            ours[table].astype(object), theirs[table].astype(object)[list(ours[table])], check_dtype=False
        )
    example = read_study(EXAMPLE / "study.yml").values
    formats = [resolve_formats(own["date_formats"], dictionary)[0] for own in (values, example)]
    assert formats[0] == formats[1]
    assert "codes" not in values
    assert values["is_synthetic"] is False


def test_a_study_file_of_tables_runs_once_it_is_decided(tmp_path):
    made = init_study([str(file) for file in as_csv(tmp_path)], tmp_path / "My_study")
    values = checked_values(read_study(made.path), merged(parameters_by_step(project_root())))
    assert values["study_name"] == "My study"
    assert (made.path.parent / ".gitignore").read_text() == "*\n"


def test_it_shows_every_guess_and_what_to_do_next(tmp_path, capsys):
    path = write_csv(tmp_path / "Kohorte.csv", wide())
    assert main(["init", str(path), "--out", str(tmp_path / "spine")]) == 0
    shown = capsys.readouterr().out
    assert re.search(
        r"procedures\.procedure_date +OP-Datum \{n\} +sure 0\.97 +the name fits, and \d+ of \d+ cells", shown
    )
    assert "one row per patient (layout wide)" in shown
    assert "patients.last_imaging_date: follow-up ends with the last contact" in shown
    assert "Nothing is left to decide" in shown
    assert f"workbook run {tmp_path / 'spine'}/study.yml" in shown
    values = yaml.safe_load((tmp_path / "spine" / "study.yml").read_text(encoding="utf-8"))
    assert values["cohort_file"] == "../Kohorte.csv"
    assert values["column_names"]["fractures (old)"] == {"level": "Alte Frakturen", "status": "=prevalent"}
    assert values["date_formats"] == {"default": "%d.%m.%Y"}


def test_one_of_anything_is_told_as_one(tmp_path):
    first = wide(1)[0] | {"Letzter Kontakt": "13.01.2007"}
    shown = init_study([str(write_csv(tmp_path / "Kohorte.csv", [first]))], tmp_path / "one").shown
    assert f"Kohorte.csv: 1 row, {len(first)} columns" in shown
    rows = wide()
    rows[0]["Geschlecht"] = "siehe Akte"
    made = init_study([str(write_csv(tmp_path / "Kohorte.csv", rows))], tmp_path / "three")
    words = f"no known code in 1 of {len(rows)} cells; such cells count as empty"
    assert words in made.shown
    assert f"# patients.sex: {words}" in made.path.read_text(encoding="utf-8")


def test_events_are_written_by_the_contract(tmp_path):
    made = init_study([str(write_csv(tmp_path / "events.csv", events()))], tmp_path / "study")
    values = read_study(made.path).values
    assert values["layout"] == "events"
    assert values["event_column"] == "Ereignis"
    assert values["event_names"]["procedures"] == "Vertebroplastie"
    assert values["event_names"]["patients.death_date"] == "Tod"
    assert values["column_names"]["procedures"] == {"procedure_date": "Datum", "levels": "Wirbel"}
    assert values["codes"] == {"fractures.status": {"Neue Fraktur": "new", "Alte Fraktur": "prevalent"}}


@pytest.mark.parametrize("rows", [wide, events])
def test_no_cell_of_a_patient_is_written_or_shown(rows, tmp_path):
    rows = rows(40)
    made = init_study([str(write_csv(tmp_path / "Kohorte.csv", rows))], tmp_path / "study")
    written = made.path.read_text(encoding="utf-8") + made.shown
    cells = {cell for row in rows for name, cell in row.items() if "Datum" in name or name.startswith("Pat") and cell}
    dates = {cell for row in rows for cell in row.values() if re.fullmatch(r"\d\d\.\d\d\.\d{4}", cell)}
    assert dates
    assert not [cell for cell in cells | dates if cell and re.search(rf"(?<!\d){re.escape(cell)}(?!\d)", written)]


def test_what_is_not_decided_is_refused_with_its_choices(tmp_path, capsys):
    tables = cohort(form="{d:02d}/{m:02d}/{y}")
    for at, row in enumerate(tables["procedures"]):
        row["procedure_date"] = f"0{1 + at % 9}/0{1 + at % 7}/2005"
        row["Operationsdatum"] = row.pop("procedure_date")
    for row in tables["patients"]:
        row["sex"] = {"m": "1", "w": "2"}[row["sex"]]
    files = [str(write_csv(tmp_path / f"{own}.csv", rows)) for own, rows in tables.items()]
    assert main(["init", *files, "--out", str(tmp_path / "study")]) == 0
    assert "Decide before it can be run:" in capsys.readouterr().out
    assert main(["run", str(tmp_path / "study" / "study.yml")]) == 2
    told = capsys.readouterr().err
    assert "study.yml cannot be run as it is; nothing was started:" in told
    assert re.search(
        r"`date_formats: procedures\.procedure_date` is not decided yet \(line \d+\)\. "
        r'One of "%d/%m/%Y" \(like 27/01/2006\), "%m/%d/%Y" \(like 01/27/2006\)',
        told,
    )
    assert "`codes: patients.sex: 1` is not decided yet" in told
    assert 'One of female, male, or "" for missing.' in told


def test_a_question_mark_is_found_at_any_depth(tmp_path):
    (tmp_path / "study.yml").write_text(
        'study_name: "?"\nis_synthetic: false\n'
        'column_names:\n  procedures:\n    procedure_date: "?"  # one of "A", "B"\n'
        'date_formats: {default: "%Y", patients.death_date: "?"}\nhorizons_days: [365, "?"]\nkept: &same {a: "?"}\n'
        'again: *same\ncodes: {patients.sex: {"?": "", "1": male}}\n'
    )
    told = [one for own in read_study(tmp_path / "study.yml").undecided.values() for one in own]
    assert told == [
        "`study_name` is not decided yet (line 1). Write its value in the place of the ?.",
        '`column_names: procedures: procedure_date` is not decided yet (line 5). One of "A", "B".',
        "`date_formats: patients.death_date` is not decided yet (line 6). Write its value in the place of the ?.",
        "`horizons_days` is not decided yet (line 7). Write its value in the place of the ?.",
        "`kept: a` is not decided yet (line 8). Write its value in the place of the ?.",
    ]
    with pytest.raises(Problems) as error:
        checked_values(read_study(tmp_path / "study.yml"), merged(parameters_by_step(project_root())))
    assert set(told) < set(error.value.problems)
    assert not any("`study_name` must" in problem for problem in error.value.problems)


def test_a_yaml_that_holds_itself_is_no_trouble(tmp_path):
    (tmp_path / "study.yml").write_text("codes: &own {a: *own}\n")
    assert read_study(tmp_path / "study.yml").undecided == {}


def test_a_study_file_is_never_overwritten(tmp_path):
    (tmp_path / "study.yml").write_text("mine")
    path = write_csv(tmp_path / "Kohorte.csv", wide())
    with pytest.raises(WorkbookError, match="is there already and stays as it is"):
        init_study([str(path)], tmp_path)
    assert (tmp_path / "study.yml").read_text() == "mine"


def test_nothing_is_made_where_nothing_can_be_read(tmp_path):
    with pytest.raises(Problems):
        init_study([str(tmp_path / "nowhere.csv")], tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_files_are_copied_only_when_asked_and_for_their_owner_only(tmp_path):
    path = write_csv(tmp_path / "Kohorte.csv", wide())
    made = init_study([str(path)], tmp_path / "study", copy=True)
    copied = made.path.parent / "Kohorte.csv"
    assert read_study(made.path).values["cohort_file"] == "Kohorte.csv"
    assert copied.read_bytes() == path.read_bytes()
    assert stat.S_IMODE(copied.stat().st_mode) == 0o600
    made = init_study([str(path)], tmp_path / "other")
    assert sorted(file.name for file in made.path.parent.iterdir()) == [".gitignore", "study.yml"]


def test_copies_never_replace_a_file(tmp_path):
    path = write_csv(tmp_path / "Kohorte.csv", wide())
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "Kohorte.csv").write_text("mine")
    with pytest.raises(Problems, match=r"Kohorte\.csv is in study already"):
        init_study([str(path)], tmp_path / "study", copy=True)
    assert (tmp_path / "study" / "Kohorte.csv").read_text() == "mine"


def test_a_password_is_neither_written_nor_repeated(tmp_path):
    with pytest.raises(WorkbookError) as error:
        init_study(["postgresql://reader:secret@localhost/registry"], tmp_path / "study")
    assert "secret" not in str(error.value)


def test_leading_zeros_of_identifiers_stay(tmp_path, dictionary):
    made = init_study([str(write_excel(tmp_path / "K.xlsx", cohort()))], tmp_path / "study")
    values = read_study(made.path).values
    files = {table: values[f"{table}_file"] for table in RAW_TABLES}
    raw = read_cohort(files, dictionary, folder=made.path.parent, column_names=values["column_names"])
    assert raw["patients"]["patient_id"].iloc[0] == "0001"


@pytest.mark.parametrize(
    "name",
    [
        'Neue "H\u00f6he" #1',
        "a: b",
        "- x",
        "{n}",
        "tab\there",
        "line\nbreak",
        "yes",
        "12",
        "\u2028",
        "'",
        "\\",
        "# no",
        "?x",
        "*a",
        "\x85",
    ],
)
def test_any_name_of_a_column_is_written_as_it_is(name):
    assert yaml.safe_load(f"key: {quoted(name)}  # comment") == {"key": name}
    assert "\n" not in quoted(name)


def test_every_column_that_may_lack_says_what_is_done_without(dictionary):
    optional = {
        (table, column.name) for table in RAW_TABLES for column in dictionary.table(table) if not column.required
    }
    assert optional == set(WITHOUT)


def test_without_any_follow_up_or_covariate_it_says_so_once():
    told = told_without({("patients", name) for name in (*FOLLOW_UP, *COVARIATES)}, has_imaging=False)
    assert len(told) == 3
    assert "neither the last imaging nor the last contact" in told[0][1]
    assert told[1][1].startswith("no ratio is adjusted for patients' covariates")
    assert told[2][1].startswith("no interval-censored curve")


def test_a_large_file_is_looked_at_in_its_first_rows_only(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.setup.sources.FIRST_ROWS", 30)
    monkeypatch.setattr("helpers.intake.csv_files.ROWS_AT_ONCE", 1 << 12)
    made = init_study([str(write_csv(tmp_path / "Kohorte.csv", wide(400)))], tmp_path / "study")
    n_looked_at = int(re.search(r"Kohorte\.csv: (\d+) first rows", made.shown)[1])
    assert 30 < n_looked_at < 100
    assert f"Only the first {n_looked_at} rows of Kohorte.csv were looked at; all of them are run." in made.shown
