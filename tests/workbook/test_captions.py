"""The words of all figures in one file, whoever draws first."""

import csv
import multiprocessing

import pytest

from helpers.workbook.captions import COLUMNS, add_caption, order_captions, start_captions
from helpers.workbook.figure import StoredFigure


def lines(folder) -> list[list[str]]:
    with (folder / "figures.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def add_many(folder, name: str) -> None:
    for number in range(200):
        add_caption(folder, f"{name}{number},{name},{'long words ' * 200},alt\n")


def test_notebooks_that_draw_at_once_lose_no_line(tmp_path):
    start_captions(tmp_path)
    names = ["one", "two", "three"]
    writers = [multiprocessing.get_context("spawn").Process(target=add_many, args=(tmp_path, name)) for name in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    header, *rows = lines(tmp_path)
    assert tuple(header) == COLUMNS
    assert sorted(row[0] for row in rows) == sorted(f"{name}{number}" for name in names for number in range(200))
    assert {len(row) for row in rows} == {4}
    order_captions(tmp_path, ["two", "three", "one"])
    ordered = [row[0] for row in lines(tmp_path)[1:]]
    assert ordered == [f"{name}{number}" for name in ("two", "three", "one") for number in range(200)]


def test_putting_in_order_changes_no_byte_of_a_line(tmp_path):
    for name, by in (("b", "second"), ("a", "first")):
        words = {"alt": f'a "dot"\nand, below, {name}', "caption": "=risk"}
        StoredFigure(name, b"<svg/>", b"png", **words).save(tmp_path, by=by)
    header, *rows = (tmp_path / "figures.csv").read_bytes().decode().split("\n", 1)
    second, first = rows[0].split("a,first")
    order_captions(tmp_path, ["first", "second"])
    assert (tmp_path / "figures.csv").read_bytes().decode() == f"{header}\na,first{first}{second}"


def test_a_notebook_outside_the_flow_is_a_fault(tmp_path):
    add_caption(tmp_path, "a,nobody,c,alt\n")
    with pytest.raises(ValueError, match="nobody"):
        order_captions(tmp_path, ["first"])
