"""The items of STROBE and RECORD: all of them, each with a place or the words that there is none."""

import re

from helpers.report.reporting_items import NOT_COVERED, items_table, read_items


def test_no_item_is_missing():
    items = read_items()
    by_checklist = items.groupby("checklist")["item"]
    assert sorted({int(re.match(r"\d+", item)[0]) for item in by_checklist.get_group("STROBE")}) == list(range(1, 23))
    assert len(by_checklist.get_group("RECORD")) == 13
    assert not items.duplicated(["checklist", "item"]).any()
    assert items["asks"].str.len().between(10, 110).all()


def test_what_is_not_covered_says_so_and_what_is_has_a_link():
    items = read_items()
    for row, item in zip(items_table(items).rows, items.to_dict("records"), strict=True):
        where = row[2]
        assert (NOT_COVERED in where) == (not item["sections"])
        assert where.html.count("<a ") == len(item["sections"].split("; ")) * bool(item["sections"])
        assert where.endswith(item["note"])
    assert '<a href="#limits">Limits</a>' in items_table(items)._repr_html_()
