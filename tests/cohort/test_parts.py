"""Tables in parts: what is cut comes back in its order, and what is wrong with parts is told."""

import datetime
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.cohort import keys
from helpers.cohort.keys import key_numbers, numbered_keys, patient_keys
from helpers.cohort.ledger import add_descriptions, describe
from helpers.cohort.partition import write_partition
from helpers.cohort.parts import PartedTable, part_name, part_paths, read_parts, replacing, uneven_parts, write_part
from helpers.cohort.readers import read_cohort, read_table
from helpers.errors import Problems, WorkbookError
from tests.cohort.cohorts import DICTIONARY, cleaned, random_study

PATIENTS = "patient_id,sex,age_years,note\nA,F,72,\n B ,M,,\n,,,seen\nB,M,68,\nNA,F,60,\nC,,,\n,,,\nNA,F,60,\n,M,1,\n"
OTHERS = {
    "procedures": "patient_id,procedure_date,levels\nA,2004-01-01,T12\nB,2004-01-01,L1\nX,2004-01-01,L1\n",
    "fractures": "patient_id,level,diagnosis_date\nA,L1,2004-03-01\n",
}
FILES = {"patients": "patients.csv", **{name: f"{name}.csv" for name in OTHERS}}
FOLDERS = {name: name for name in FILES}


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "patients.csv").write_text(PATIENTS)
    for name, text in OTHERS.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return read_cohort(FILES, DICTIONARY, folder=tmp_path)


@pytest.fixture
def parts(raw, tmp_path):
    assert write_partition(raw, tmp_path / "parts", patients_per_part=1) == 5
    return tmp_path / "parts"


def cells(frame):
    return frame.astype({name: object for name in frame.columns.drop("row")})


def problems(folder, files=FOLDERS, **options) -> tuple[str, ...]:
    with pytest.raises(Problems) as caught:
        read_cohort(files, DICTIONARY, folder=folder, **options)
    return caught.value.problems


def test_a_partition_is_read_as_the_files_are(raw, parts):
    again = read_cohort(FOLDERS, DICTIONARY, folder=parts)
    assert raw["patients"]["row"].tolist() == [2, 3, 4, 5, 6, 7, 9, 10]
    for name, frame in raw.items():
        pd.testing.assert_frame_equal(cells(again[name]), cells(frame))
    alone = read_table(parts / "patients", "patients", DICTIONARY)
    pd.testing.assert_frame_equal(cells(alone), cells(raw["patients"]))


def test_all_rows_of_a_patient_and_all_without_one_are_in_one_part(raw, parts):
    own = [read_cohort(FOLDERS, DICTIONARY, folder=parts, part=number) for number in range(5)]
    for same in (["A"], ["B", " B "], ["X"], [""], ["NA"]):
        found = {part for part in range(5) for frame in own[part].values() if frame["patient_id"].isin(same).any()}
        assert len(found) == 1, same
    assert sum(len(tables["patients"]) for tables in own) == len(raw["patients"])


def test_columns_keep_the_names_of_the_file_and_their_dates(tmp_path):
    day = datetime.date(2004, 1, 31)
    table = pa.table({"ID": ["A", "B"], "seen": [day, None], "death_date": pa.array([None, None], pa.date32())})
    pq.write_table(table, tmp_path / "patients.parquet")
    for name, text in OTHERS.items():
        (tmp_path / f"{name}.csv").write_text(text.replace("X,", "B,"))
    names = {"patients": {"patient_id": "ID", "last_contact_date": "seen"}}
    files = FILES | {"patients": "patients.parquet"}
    raw = read_cohort(files, DICTIONARY, folder=tmp_path, column_names=names)
    write_partition(raw, tmp_path / "parts", least_parts=3, column_names=names)
    again = read_cohort(FOLDERS, DICTIONARY, folder=tmp_path / "parts", column_names=names)
    for name, frame in raw.items():
        pd.testing.assert_frame_equal(cells(again[name]), cells(frame))
    assert again["patients"].attrs["file_columns"] == raw["patients"].attrs["file_columns"]
    assert raw["patients"].attrs["file_columns"] == {"patient_id": ["ID"], "last_contact_date": ["seen"]}


def test_a_column_called_row_cannot_be_in_parts(raw, tmp_path):
    names = {"patients": {"sex": "row"}}
    with pytest.raises(WorkbookError, match='patients.sex is in a column called "row", but in parts that name'):
        write_partition(raw, tmp_path / "parts", column_names=names)


def test_parts_that_are_not_all_there(parts, tmp_path):
    (tmp_path / "empty").mkdir()
    (parts / "patients" / part_name(2)).unlink()
    (parts / "fractures" / part_name(4)).unlink()
    (parts / "procedures" / "extra.csv").touch()
    (parts / "procedures" / "_SUCCESS").touch()
    assert problems(parts) == (
        'The folder "patients" has parts up to part-00004.parquet, but not part-00002.parquet. '
        "Copy the folder again, or make it again with `workbook partition`.",
        'The folder "procedures" holds extra.csv besides its parts. Take it out.',
        'The folder "fractures" holds 4 of 5 parts: the last ones are missing. '
        "Copy the folder again, or make it again with `workbook partition`.",
    )
    shutil.copy(parts / "patients" / part_name(1), parts / "patients" / part_name(2))
    (parts / "procedures" / "extra.csv").unlink()
    for path in (parts / "fractures").iterdir():  # parts of another program do not say how many there are
        pq.write_table(pq.read_table(path).replace_schema_metadata(), path)
    assert "fractures has 4 parts, but patients has 5. " in problems(parts)[0]
    assert uneven_parts({"patients": 2, "fractures": 1})[0].startswith("fractures has 1 part, but patients has 2. ")
    with pytest.raises(Problems, match='The folder "empty" holds no part-00000.parquet. Name a file, or a folder that'):
        part_paths(tmp_path / "empty")


def test_parts_of_two_partitions_are_not_mixed(raw, parts, tmp_path):
    others = {name: frame.iloc[:-1] for name, frame in raw.items()}
    write_partition(others, tmp_path / "others", least_parts=5)
    shutil.copy(tmp_path / "others" / "patients" / part_name(3), parts / "patients" / part_name(3))
    (told,) = problems(parts)
    assert told.startswith(
        'The folder "patients" holds parts of more than one partition: part-00000.parquet and part-00003.parquet '
        "do not belong together. Copy the folder again"
    )
    shutil.copy(parts / "patients" / part_name(4), parts / "patients" / part_name(3))
    shutil.copy(parts / "patients" / part_name(4), parts / "patients" / part_name(5))
    assert problems(parts)[0].startswith('The folder "patients" holds 6 parts, but was made with 5. Copy the folder')
    write_partition(raw, tmp_path / "again", least_parts=5)
    assert (tmp_path / "again" / "patients" / part_name(0)).read_bytes() == (
        parts / "patients" / part_name(0)
    ).read_bytes()


def test_parts_that_cannot_be_read_are_named_all_of_them(parts):
    broken, other, unnumbered = (parts / "patients" / part_name(number) for number in (0, 1, 4))
    broken.write_bytes(broken.read_bytes()[:-9])
    pq.write_table(pq.read_table(other).rename_columns(["id", "sex", "age_years", "row"]), other)
    pq.write_table(pq.read_table(unnumbered).drop_columns(["row"]), unnumbered)
    first, second, third = problems(parts)
    assert first.startswith("Part 0 of patients (part-00000.parquet): part-00000.parquet is not a whole Parquet file")
    assert second.startswith('Part 1 of patients (part-00001.parquet): patients needs a column "patient_id"')
    assert third == (
        'Part 4 of patients (part-00004.parquet) has no column "row" of whole numbers: '
        "the row numbers of the whole table, from 2. Add it."
    )


def filled(folder):
    """The parts that have rows, but for part 1."""
    return [path for path in part_paths(folder) if pq.read_metadata(path).num_rows and path.name != part_name(1)]


def test_parts_that_do_not_go_together(parts):
    one, (full, *_) = parts / "patients" / part_name(1), filled(parts / "patients")
    pq.write_table(pq.read_table(one).drop_columns(["sex"]), one)
    assert problems(parts) == (
        "Part 1 of patients (part-00001.parquet) has not the columns of part 0: it lacks sex. All parts must be alike.",
    )
    shutil.copy(full, one)
    (told,) = problems(parts)
    assert (
        told == "The parts of patients have the same row number more than once. Number all rows of the table through."
    )


def test_a_patient_in_two_parts_is_told(parts):
    tables = [pq.read_table(path) for path in part_paths(parts / "procedures")]
    home = next(number for number, table in enumerate(tables) if "A" in table["patient_id"].to_pylist())
    away = (home + 1) % 5
    for number, table in ((home, tables[home].slice(0, 0)), (away, pa.concat_tables([tables[away], tables[home]]))):
        pq.write_table(table, parts / "procedures" / part_name(number))
    low, high = sorted((home, away))
    told = problems(parts)[0]
    assert told.startswith("Patients with rows in more than one part: ")
    assert f"for example one in the parts {low} and {high}. All rows of a patient must be in one part; " in told


def test_dates_in_one_part_and_text_in_another_are_told(tmp_path):
    for name in ("text", "dates", "none"):
        (tmp_path / name).mkdir()
    for number, kind in enumerate(("none", "dates", "text")):
        day = {"none": pa.nulls(1), "dates": pa.array([datetime.date(2004, 1, 1)]), "text": pa.array(["2004-01-01"])}
        table = pa.table({"patient_id": [kind], "imaging_date": day[kind], "row": [number + 2]})
        for folder in ("text", "dates", "none"):
            if kind in ("none", folder) or folder == "none":
                pq.write_table(table, tmp_path / folder / part_name(min(number, 1 if folder != "none" else 9)))
    assert read_table(tmp_path / "dates", "imaging", DICTIONARY)["imaging_date"].dtype.categories.dtype.kind == "M"
    assert read_table(tmp_path / "text", "imaging", DICTIONARY)["imaging_date"].tolist()[1] == "2004-01-01"
    with pytest.raises(Problems) as caught:
        read_table(tmp_path / "none", "imaging", DICTIONARY)
    assert caught.value.problems == (
        "Part 2 of imaging (part-00002.parquet) holds imaging_date as text, parts before it as dates. "
        "All parts must be alike.",
    )


def keyed(numbers, **columns) -> pd.DataFrame:
    names = [f"p{number:06d}" for number in sorted(set(numbers))]
    keys = pd.Categorical([f"p{number:06d}" for number in numbers], categories=names)
    return pd.DataFrame({"patient": keys, **columns})


def test_parts_are_one_table_in_the_order_of_its_patients(tmp_path):
    parts = [keyed([2, 2, 2000000], day=[5, 1, 3]), keyed([]), keyed([1, 999999, 10000000], day=[9, 8, 7])]
    for number, part in enumerate(parts):
        write_part(part.assign(kind=pd.Categorical(["b"] * len(part), ["a", "b"])), tmp_path, number)
    table = read_parts(tmp_path)
    assert list(table["patient"].cat.categories) == ["p000001", "p000002", "p999999", "p2000000", "p10000000"]
    assert table["day"].tolist() == [9, 5, 1, 8, 3, 7]
    assert list(table["kind"].cat.categories) == ["a", "b"]
    assert read_parts(tmp_path, ["day"]).to_dict("list") == {"day": [9, 5, 1, 8, 3, 7]}


def test_a_table_without_rows_is_one_without_rows(tmp_path):
    for number in range(2):
        write_part(keyed([]), tmp_path, number)
    assert read_parts(tmp_path).empty


def stopped_on_the_way(path):
    with replacing(path) as aside:
        aside.write_text("half")
        raise OSError("the disc is full")


def test_a_part_is_there_whole_or_not_at_all(tmp_path):
    write_part(keyed([1]), tmp_path, 0)
    with pytest.raises(OSError, match="full"):
        stopped_on_the_way(tmp_path / part_name(0))
    assert read_parts(tmp_path)["patient"].tolist() == ["p000001"]
    assert [path.name for path in tmp_path.iterdir()] == [part_name(0)]


def test_parts_move_in_place_of_what_stands_there(tmp_path):
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        write_part(keyed([1, 2] if name == "new" else [3]), tmp_path / name, 0)
    table = PartedTable(tmp_path / "new", 2)
    table.move(tmp_path / "old")
    table.move(tmp_path / "old")
    assert not (tmp_path / "new").exists()
    assert table.read()["patient"].tolist() == ["p000001", "p000002"]


def test_descriptions_of_parts_add_up():
    rng = np.random.default_rng(2)
    raw = random_study(rng, 60)
    raw["patients"].loc[::9, "last_imaging_date"] = "soon"
    raw["fractures"].loc[::4, "level"] = "see letter"
    ledger = cleaned(raw).ledger
    assert len(ledger) > 100
    part = pd.util.hash_array(ledger["row"].to_numpy()) % 4
    parts = [describe(ledger[part == number].reset_index(drop=True)) for number in range(4)]
    pd.testing.assert_frame_equal(add_descriptions(parts), describe(ledger))
    none = describe(ledger.iloc[:0])
    pd.testing.assert_frame_equal(add_descriptions([none, none]), none)


@pytest.mark.parametrize("run", [3, 100])
def test_keys_of_parts_are_those_of_all_patients(monkeypatch, run):
    monkeypatch.setattr(keys, "_RUN", run)
    ids = [f"{name}-{number}" for number in range(4) for name in ("B", "a", "\u00e4", "", "\U0001f642")]
    parts = [np.array(own, dtype=object) for own in (ids[:7], [], ids[7:])]
    numbers = key_numbers([pa.array(own, pa.string()) for own in parts], seed=8)
    found = pd.concat([numbered_keys(*own) for own in zip(parts, numbers, strict=True)], ignore_index=True)
    expected = patient_keys(ids, seed=8)
    found = found.astype({"patient": expected["patient"].dtype}).sort_values("patient", ignore_index=True)
    pd.testing.assert_frame_equal(found, expected)
    assert [len(own) for own in numbers] == [7, 0, 13]
    assert all(len(own) == 0 for own in key_numbers([pa.array([], pa.string())] * 2, seed=8))
