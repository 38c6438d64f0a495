"""Raw tables as files: the CSV that pandas would write, and the same texts as Parquet."""

import csv
import io

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.cohort import raw_files
from helpers.cohort.raw_files import write_csv, write_parquet

TEXTS = st.text(st.sampled_from('ab1 ,;"\n\u00e4\u2013'), max_size=6)
COLUMNS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=12)


def as_categories(table):
    return table.astype(dict.fromkeys(table.columns, "category"))


@settings(max_examples=60, deadline=None)
@given(COLUMNS, st.booleans())
def test_csv_is_that_of_pandas(tmp_path_factory, rows, coded):
    table = pd.DataFrame(rows, columns=["one", "two, three", "four"], dtype=object)
    path = tmp_path_factory.mktemp("files") / "table.csv"
    write_csv(as_categories(table) if coded else table, path)
    expected = io.StringIO()
    table.to_csv(expected, index=False, lineterminator="\n")
    assert path.read_bytes().decode() == expected.getvalue()


def test_any_end_of_line_stays_within_its_cell(tmp_path):
    table = pd.DataFrame({"id": ["P1", "P2"], "note": ["a\rb", "a\r\nb"]}, dtype=object)
    write_csv(table, tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["id", "note"], ["P1", "a\rb"], ["P2", "a\r\nb"]]


@pytest.mark.parametrize("rows", [0, 1, 4, 5])
@pytest.mark.parametrize("few_distinct", [0, 50_000])
def test_parquet_holds_plain_text_in_row_groups(tmp_path, monkeypatch, rows, few_distinct):
    monkeypatch.setattr(raw_files, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(raw_files, "_FEW_DISTINCT", few_distinct)
    table = pd.DataFrame(
        {"id": [f"P{row}" for row in range(rows)], "sex": ["F", "", "M", "F", ""][:rows]}, dtype=object
    )
    write_parquet(as_categories(table), tmp_path / "table.parquet")
    write_csv(as_categories(table), tmp_path / "table.csv")
    found = pq.read_table(tmp_path / "table.parquet")
    assert found.schema.types == [pa.string(), pa.string()]
    pd.testing.assert_frame_equal(found.to_pandas(), table)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "table.csv", dtype=object, keep_default_na=False), table)
    assert pq.read_metadata(tmp_path / "table.parquet").num_row_groups == (rows + 1) // 2 or rows == 0
