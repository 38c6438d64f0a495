"""A law: any table of texts, written in any format by another library, comes back as it was."""

import csv
import sqlite3

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.intake.sheet import open_sheet
from tests.intake.read import values

LETTERS = st.characters(
    codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co", "Zl", "Zp"), exclude_characters="\ufeff"
)
LATIN = st.characters(codec="latin-1", exclude_categories=("Cc",))


def tables(letters, *, most=12, edges=True):
    """Tables with an identifier in every row, so that no row is empty."""
    text = st.text(letters, max_size=most)
    text = text if edges else text.map(str.strip)
    row = st.tuples(st.integers(0, 999).map("{:03d}".format), text, text)
    return st.lists(row, min_size=1, max_size=8).map(
        lambda rows: dict(zip(("id", "one", "two"), map(list, zip(*rows, strict=True)), strict=True))
    )


def same(path, table, **options):
    assert values(open_sheet(path, **options)) == table


often = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@often
@given(
    table=tables(LETTERS),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    delimiter=st.sampled_from(",;\t|"),
)
def test_csv(tmp_path, table, encoding, delimiter):
    path = tmp_path / "a.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    same(path, table)


@often
@given(table=tables(LATIN))
def test_csv_of_western_windows(tmp_path, table):
    path = tmp_path / "a.csv"
    pd.DataFrame(table).to_csv(path, index=False, encoding="latin-1", sep=";", quoting=csv.QUOTE_ALL)
    same(path, table, encoding="latin-1")


@often
@given(table=tables(LETTERS))
def test_parquet_and_sqlite(tmp_path, table):
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    same(tmp_path / "a.parquet", table)
    path = tmp_path / "a.db"
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    pd.DataFrame(table).to_sql("a", database, index=False)
    database.close()
    same(path, table)


@often
@given(table=tables(LETTERS))
def test_spreadsheets(tmp_path, table):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("a")
        for place, (name, texts) in enumerate(table.items()):
            for row, text in enumerate([name, *texts]):
                sheet.write_string(row, place, text)
    same(path, table)


@often
@given(table=tables(LETTERS, edges=False))
def test_statistics_files(tmp_path, table):
    """These formats fill texts up with blanks, so that those at the end of a text are not kept."""
    frame = pd.DataFrame(table)
    pyreadstat.write_sav(frame, str(tmp_path / "a.sav"))
    same(tmp_path / "a.sav", table)
    frame.to_stata(tmp_path / "a.dta", write_index=False, version=118)
    same(tmp_path / "a.dta", table)
    frame = frame.map(lambda text: text.encode("ascii", "ignore").decode().strip())
    pyreadstat.write_xport(frame, str(tmp_path / "a.xpt"))
    same(tmp_path / "a.xpt", frame.to_dict("list"))
