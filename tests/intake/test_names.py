"""How sources are named, and identifiers that look alike."""

import pyarrow as pa
import pytest

from helpers.intake.identifiers import alike, told
from helpers.intake.names import has_password, masked, split_name
from helpers.intake.text_columns import TEXTS


@pytest.mark.parametrize(
    ("name", "path", "sheet"),
    [
        ("a.xlsx", "a.xlsx", ""),
        ("a.xlsx#Patienten 2", "a.xlsx", "Patienten 2"),
        ("a#b.xlsx#x", "a#b.xlsx", "x"),
        ("case #3/a.xlsx", "case #3/a.xlsx", ""),
        ("#a.csv", "#a.csv", ""),
    ],
)
def test_a_sheet_stands_behind_the_file(tmp_path, name, path, sheet):
    assert split_name(name, tmp_path) == (tmp_path / path, sheet)


def test_a_file_of_that_very_name_comes_first(tmp_path):
    (tmp_path / "a#b.csv").touch()
    assert split_name("a#b.csv", tmp_path) == (tmp_path / "a#b.csv", "")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@h/d", "postgresql://u:***@h/d"),
        ("postgres://u:p@q@h/d", "postgres://u:***@h/d"),
        ("postgresql://u:p/q@h/d", "postgresql://u:***@h/d"),
        ("postgresql://:p@h", "postgresql://:***@h"),
        ("postgresql://h/d?a=1&PassWord=p", "postgresql://h/d?a=1&PassWord=***"),
        ("postgresql://u@h:5432/d", "postgresql://u@h:5432/d"),
        ("postgresql:///d", "postgresql:///d"),
    ],
)
def test_a_password_is_masked(url, shown):
    assert masked(url) == shown
    assert has_password(url) == (url != shown)


def test_identifiers_that_look_alike_are_told():
    column = pa.chunked_array(
        [pa.array(["a1", "007", None, ""]).dictionary_encode(), pa.array(["A 1", "7"]).dictionary_encode()]
    )
    column = pa.chunked_array([chunk.cast(TEXTS) for chunk in column.chunks])
    assert alike(column) == [("a1", "A 1")]
    (note,) = told("ID", "a.csv", column)
    assert note.startswith("In ID of a.csv, 1 identifier is written in several ways")
    assert '"a1" and "A 1"' in note
    assert told("ID", "a.csv", column.slice(0, 3)) == []
