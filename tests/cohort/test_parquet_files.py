"""Parquet files: read as the CSV of the same table, with columns of any type, and refused in plain words."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.cohort.clean import clean_cohort
from helpers.cohort.dictionary import RAW_TABLES
from helpers.cohort.planted_errors import plant_errors
from helpers.cohort.raw_tables import as_text
from helpers.cohort.readers import read_cohort, read_table
from helpers.cohort.simulate import simulate
from helpers.errors import Problems
from tests.cohort.cohorts import DICTIONARY, cleaned

FRAMES = (*RAW_TABLES, "ledger", "quarantine", "keys", "rows")
GERMAN = {"default": "%d.%m.%Y"}


def written(folder, columns, name="patients.parquet"):
    path = folder / name
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path)
    return path


def read(folder, columns, table="patients", names=None):
    return read_table(written(folder, columns), table, DICTIONARY, names)


def texts(frame, column):
    return frame[column].astype(object).where(frame[column].notna(), "").astype(str).tolist()


def problems(path, table="patients"):
    with pytest.raises(Problems) as caught:
        read_table(path, table, DICTIONARY)
    return "\n".join(caught.value.problems)


def same(first, second):
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))


def from_files(folder, ending, **options):
    files = {name: f"{name}.{ending}" for name in RAW_TABLES}
    return clean_cohort(read_cohort(files, DICTIONARY, folder=folder), DICTIONARY, **options)


def test_csv_and_parquet_of_a_cohort_give_the_same_to_the_last_line_of_the_ledger(tmp_path):
    tables, _ = plant_errors(simulate(400, seed=3).coded, seed=3, share=0.05)
    for name, table in tables.items():
        table = as_text(table)
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        written(tmp_path, pa.Table.from_pandas(table, preserve_index=False), f"{name}.parquet")
    cohort = from_files(tmp_path, "parquet")
    assert len(cohort.ledger) > 100
    same(cohort, from_files(tmp_path, "csv"))


def test_columns_of_dates_and_numbers_need_no_format_and_give_the_same_as_their_texts(tmp_path):
    for name, table in simulate(150, seed=4).tables.items():
        typed = {}
        for column in DICTIONARY.table(name):
            cells = table[column.name].astype(object)
            values = cells.where(cells != "", None)
            if column.type == "date":
                typed[column.name] = pa.array(pd.to_datetime(values).dt.date, pa.date32())
                table[column.name] = pd.to_datetime(values).dt.strftime("%d.%m.%Y").fillna("").astype(object)
            elif column.type in ("number", "integer"):
                typed[column.name] = pa.array(values.astype(float), from_pandas=True)
            elif column.type == "yes_no":
                typed[column.name] = pa.array(values.map({"yes": True, "no": False, None: None}), pa.bool_())
            else:
                typed[column.name] = pa.array(values).dictionary_encode()
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        written(tmp_path, typed, f"{name}.parquet")
    cohort = from_files(tmp_path, "parquet", date_formats=GERMAN)
    assert cohort.ledger.empty
    assert cohort.patients["death_date"].notna().any()
    same(cohort, from_files(tmp_path, "csv", date_formats=GERMAN))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array(["x", "", None, " y"]), ["x", "", "", " y"]),
        (pa.array(["x", None], pa.large_string()), ["x", ""]),
        (pa.array(["x", "y", "x"]).dictionary_encode(), ["x", "y", "x"]),
        (pa.array([3, 5, None]).dictionary_encode(), ["3", "5", ""]),
        (pa.array([437, None, 5], pa.int64()), ["437", "", "5"]),
        (pa.array([72.0, 4.5, None, float("nan"), 0.00001], pa.float64()), ["72", "4.5", "", "", "0.00001"]),
        (pa.array([0.1, 72], pa.float32()), ["0.1", "72"]),
        (pa.array([decimal.Decimal("4.50")]), ["4.50"]),
        (pa.array([True, False, None]), ["true", "false", ""]),
        (pa.array([b"x"]), ["x"]),
        (pa.array([None, None], pa.null()), ["", ""]),
        (pa.array([datetime.date(2004, 1, 31)]), ["2004-01-31"]),
    ],
)
def test_every_type_is_read_as_the_text_of_a_csv(tmp_path, values, expected):
    ids = [f"A{number}" for number in range(len(values))]
    assert texts(read(tmp_path, {"patient_id": ids, "sex": values}), "sex") == expected


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY", "PLAIN"])
def test_texts_may_be_stored_in_any_way(tmp_path, encoding):
    table, path = pa.table({"patient_id": ["A1", None, "A3"], "sex": ["F", "M", ""]}), tmp_path / "patients.parquet"
    pq.write_table(table, path, use_dictionary=False, column_encoding=encoding)
    found = read_table(path, "patients", DICTIONARY)
    assert (texts(found, "patient_id"), texts(found, "sex")) == (["A1", "", "A3"], ["F", "M", ""])


def test_a_time_of_day_is_dropped_and_the_day_is_that_of_the_place(tmp_path):
    late = datetime.datetime(2004, 5, 1, 23, 30)
    in_london = datetime.datetime(2004, 5, 2, 1, 30)  # and still the evening before in New York
    columns = {
        "patient_id": ["A", "B", "C"],
        "death_date": pa.array([late, None, datetime.datetime(2204, 5, 1)], pa.timestamp("us")),
        "last_contact_date": pa.array([in_london] * 3, pa.timestamp("s", "America/New_York")),
        "last_imaging_date": pa.array([datetime.date(2004, 5, 1), None, datetime.date(9999, 12, 31)]),
    }
    raw = {"patients": read(tmp_path, columns)} | {
        name: pd.DataFrame({column.name: [] for column in DICTIONARY.table(name)} | {"row": []})
        for name in ("procedures", "fractures")
    }
    cohort = cleaned(raw, date_formats=GERMAN)
    dates = cohort.patients.set_index(cohort.patients["patient_id"].astype(str)).loc["A"]
    assert dates["death_date"] == dates["last_imaging_date"] == pd.Timestamp(2004, 5, 1)
    assert dates["last_contact_date"] == pd.Timestamp(2004, 5, 1)
    assert cohort.ledger[["row", "column", "before", "rule"]].to_numpy().tolist() == [
        [4, "last_imaging_date", "9999-12-31", "implausible_date"],
        [4, "death_date", "2204-05-01", "implausible_date"],
    ]


def test_rows_are_numbered_as_in_the_csv_of_the_table(tmp_path):
    columns = {"patient_id": ["A", None, "", "D"], "sex": [None, None, " ", "F"], "note": [[1], None, None, [2]]}
    frame = read(tmp_path, columns)
    assert frame["row"].tolist() == [2, 5]
    columns["note"][1] = [3]
    assert read(tmp_path, columns)["row"].tolist() == [2, 3, 5]
    assert "note" not in frame


def test_a_part_keeps_the_row_numbers_of_the_whole(tmp_path):
    columns = {"patient_id": ["A", "B"], "row": pa.array([7, 4], pa.int64())}
    assert read(tmp_path, columns)["row"].tolist() == [7, 4]
    assert read(tmp_path, columns)["row"].dtype == np.int32
    lettered = {"patient_id": ["A", "B"], "row": ["x", "y"]}
    assert read(tmp_path, lettered)["row"].tolist() == [2, 3]
    mapped = read(tmp_path, columns, names={"patient_id": "row"})
    assert (texts(mapped, "patient_id"), mapped["row"].tolist()) == (["7", "4"], [2, 3])


@pytest.mark.parametrize("row", [[1, 2], [2, 2], [2, None], [2, 2**40]])
def test_row_numbers_that_cannot_be_are_told(tmp_path, row):
    path = written(tmp_path, {"patient_id": ["A", "B"], "row": pa.array(row, pa.int64())})
    assert 'The column "row" of patients.parquet should hold the row numbers' in problems(path)


def test_a_file_is_known_by_what_is_in_it(tmp_path):
    path = written(tmp_path, {"patient_id": ["A"]}, "patients.csv")
    assert texts(read_table(path, "patients", DICTIONARY), "patient_id") == ["A"]
    path = tmp_path / "patients.parquet"
    path.write_text("patient_id,sex\nA,F\n")
    assert "patients.parquet is not a whole Parquet file" in problems(path)


@pytest.mark.parametrize("kept", [0, 4, 100, -1, -20])
def test_a_broken_file_is_told(tmp_path, kept):
    path = written(tmp_path, {"patient_id": [f"A{number}" for number in range(5000)]})
    path.write_bytes(path.read_bytes()[:kept])
    assert problems(path) == (
        "patients.parquet is not a whole Parquet file: it is broken, or was cut off. Write or copy it again."
    )


def test_a_file_broken_in_its_middle_is_told(tmp_path):
    path = written(tmp_path, {"patient_id": [f"A{number}" for number in range(5000)]})
    content = bytearray(path.read_bytes())
    content[4:3000] = bytes(2996)
    path.write_bytes(content)
    assert "it is broken, or was cut off" in problems(path)


def test_columns_that_do_not_fit_are_told(tmp_path):
    path = written(tmp_path, {"patient_id": [["A"]], "sex": [{"x": 1}], "note": [[1]]})
    told = problems(path)
    assert 'The column "patient_id" of patients.parquet holds list<' in told
    assert 'The column "sex" of patients.parquet holds struct<' in told
    assert "note" not in told
    assert 'needs a column "patient_id"' in problems(written(tmp_path, {"id": ["A"]}))
    assert "has no columns" in problems(written(tmp_path, {}))
    twice = pa.Table.from_arrays([pa.array(["A"])] * 2, names=["patient_id", "patient_id"])
    assert '2 columns called "patient_id"' in problems(written(tmp_path, twice))


@pytest.mark.parametrize("is_binary", [False, True])
def test_texts_in_another_encoding_are_told(tmp_path, is_binary):
    latin = pa.array(["M\u00fcller".encode("latin-1")], pa.binary())
    path = written(tmp_path, {"patient_id": latin if is_binary else latin.view(pa.string())})
    assert problems(path) == (
        'The column "patient_id" of patients.parquet is not UTF-8 text. Write it as UTF-8 and try again.'
    )


def test_a_table_without_rows(tmp_path):
    frame = read(tmp_path, {"patient_id": pa.array([], pa.string()), "death_date": pa.array([], pa.date32())})
    assert frame.empty
    assert list(frame) == ["patient_id", "death_date", "row"]
