"""Small cohorts written as files and broken in the ways files of clinics are broken, for tests."""

import csv
import datetime
import io
from pathlib import Path

import numpy as np
import xlsxwriter
from hypothesis import strategies as st

from helpers.cohort.dictionary import RAW_TABLES
from tests.cohort.cohorts import random_study

ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-32")
DELIMITERS = (",", ";", "\t", "|")
WORDS = (
    *("", " ", "\t", "NA", "none", "0", "999", "-", "?", "nan", "inf", "-0", "1e400", "1e-400", "٣", "½", "TRUE"),
    *("T12", "L12", "T12-L1", "th 12; l1", "T1-L5", "1-Feb", "L1 L2 L3 L4", "C7", "S1", "T13", "L6", "12"),
    *(
        "2004-01-15",
        "2004-13-01",
        "15.01.2004",
        "1/15/04",
        "04-01-15",
        "2004-02-30",
        "1900-01-00",
        "38000",
        "9999-12-31",
    ),
    *(
        "0000-00-00",
        "2004-01-15 10:20:30",
        "2004-01-15T00:00:00Z",
        "Jan 2004",
        "99999999",
        "-5",
        "20040115",
        "24.12.99",
    ),
    *("F", "id-0", " id-1", "id-2 ", "ID-3", "id-4\u00a0", "new", "prevalent", "alt", "yes", "4,5 cc", "1,234", "72 y"),
    *("=1+1", '=HYPERLINK("http://x.y")', "+1", "@x", "-2+3", "#N/A", "#REF!", "_x0041_", "'"),
    *(
        "<script>alert(1)</script>",
        "<b>&amp;</b>",
        "</table>",
        "{{ x }}",
        "{% x %}",
        "%Y",
        "\u202e",
        "\ufeff",
        "\x00",
        "\x0b",
    ),
    *("a\nb", "a\r\nb", 'say "no"', '"', "a,b;c|d\te", "é", "ß", "漢字", "😀", "x" * 300, "'; DROP TABLE patients; --"),
)
VALUES = (
    *(0, 1, -1, 12, 38000, 2.5, 1e300, -0.0, True, False, None),
    *(
        datetime.date(2004, 1, 15),
        datetime.datetime(2004, 1, 15, 10, 20),
        datetime.date(1900, 1, 1),
        datetime.time(10, 20),
    ),
)
NAMES = (
    "patient_id",
    "ID",
    "",
    " ",
    "row",
    "sex",
    "sex ",
    "SEX",
    "Datum",
    "1",
    "2004-01-15",
    "Row",
    "<b>",
    "=1+1",
    "x" * 200,
)
PLACE = st.tuples(st.sampled_from(RAW_TABLES), st.integers(0, 40), st.integers(0, 11))
CELLS = st.lists(
    st.tuples(st.just("cell"), PLACE, st.one_of(st.sampled_from(WORDS), st.sampled_from(VALUES), st.text(max_size=8))),
    max_size=15,
)
ROWS = st.lists(st.tuples(st.sampled_from(["repeat row", "drop row"]), PLACE, st.none()), max_size=4)
SHAPES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["drop column", "repeat column", "swap columns", "no rows"]), PLACE, st.none()),
        st.tuples(st.just("whole column"), PLACE, st.sampled_from(WORDS)),
        st.tuples(st.just("rename column"), PLACE, st.sampled_from(NAMES)),
        st.tuples(st.just("short row"), PLACE, st.integers(0, 3)),
        st.tuples(st.just("long row"), PLACE, st.sampled_from(WORDS)),
        st.tuples(st.just("rows above"), PLACE, st.sampled_from(WORDS)),
    ),
    min_size=1,
    max_size=3,
)
# Most cohorts keep their shape, or nothing but its shape would be told.
INJURIES = st.tuples(CELLS, ROWS, st.one_of(st.just([]), st.just([]), SHAPES)).map(lambda three: sum(three, []))
BYTES = st.one_of(
    *[st.none()] * 4,
    st.tuples(
        st.sampled_from(RAW_TABLES), st.sampled_from(["cut", "flip", "double", "empty", "junk"]), st.floats(0, 1)
    ),
)
FORMATS = st.tuples(
    st.sampled_from(["csv", "csv", "csv", "xlsx"]), st.sampled_from(ENCODINGS), st.sampled_from(DELIMITERS)
)
COHORTS = st.tuples(st.integers(0, 30), INJURIES, st.tuples(*[FORMATS] * len(RAW_TABLES)), BYTES, st.booleans())


def write_broken(folder: Path, cohort) -> dict:
    """Write such a cohort into a folder; returns the study file's values that name its files and, often, columns."""
    seed, injuries, formats, damage, is_mapped = cohort
    raw = random_study(np.random.default_rng(seed), 8)
    tables = {}
    for name, frame in raw.items():
        frame = frame.drop(columns="row")
        tables[name] = [list(frame.columns), *frame.to_numpy(dtype=object).tolist()]
    names = {}
    for kind, (name, row, column), what in injuries:
        if kind == "rename column" and is_mapped and what.strip():
            names.setdefault(name, {})[str(tables[name][0][column % len(tables[name][0])])] = what.strip()
        _injure(tables[name], kind, row, column, what)
    named = {"column_names": names}
    for (name, rows), (ending, encoding, delimiter) in zip(tables.items(), formats, strict=True):
        content = _as_csv(rows, encoding, delimiter) if ending == "csv" else _as_xlsx(rows)
        if damage and damage[0] == name:
            content = _damaged(content, *damage[1:])
        (folder / f"{name}.{ending}").write_bytes(content)
        named[f"{name}_file"] = f"{name}.{ending}"
    return named


def _injure(rows: list[list], kind: str, row: int, column: int, what) -> None:
    width = max(map(len, rows))
    row, column = 1 + row % max(len(rows) - 1, 1), column % max(width, 1)
    if kind == "rows above":
        rows.insert(0, [what])
    elif kind == "no rows":
        del rows[1:]
    elif kind in ("drop column", "repeat column", "swap columns", "rename column", "whole column"):
        for place, own in enumerate(rows):
            if column < len(own):
                _change(own, kind, column, what, is_header=place == 0)
    elif row < len(rows):
        _change_row(rows, kind, row, column, what)


def _change(own: list, kind: str, column: int, what, *, is_header: bool) -> None:
    if kind == "drop column":
        del own[column]
    elif kind == "repeat column":
        own.insert(column, own[column])
    elif kind == "swap columns":
        own[0], own[column] = own[column], own[0]
    elif is_header == (kind == "rename column"):
        own[column] = what


def _change_row(rows: list[list], kind: str, row: int, column: int, what) -> None:
    if kind == "repeat row":
        rows.insert(row, list(rows[row]))
    elif kind == "drop row":
        del rows[row]
    elif kind == "short row":
        del rows[row][what:]
    elif kind == "long row":
        rows[row].append(what)
    elif column < len(rows[row]):
        rows[row][column] = what


def _as_csv(rows: list[list], encoding: str, delimiter: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n" if len(rows) % 2 else "\n")
    writer.writerows(rows)
    return text.getvalue().encode(encoding, "replace")


def _as_xlsx(rows: list[list]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"default_date_format": "dd.mm.yyyy", "nan_inf_to_errors": True}) as book:
        sheet = book.add_worksheet("Patienten")
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, str) and not cell.startswith("="):
                    sheet.write_string(place, column, cell)
                else:
                    sheet.write(place, column, cell)
        if len(rows) % 3 == 0:
            book.add_worksheet("leer")
    return content.getvalue()


def _damaged(content: bytes, kind: str, share: float) -> bytes:
    place = int(share * len(content))
    if kind == "cut":
        return content[:place]
    if kind == "flip":
        return content[:place] + bytes(255 - one for one in content[place : place + 3]) + content[place + 3 :]
    return {"double": content + content, "empty": b"", "junk": bytes(range(256)) * 4}[kind]
