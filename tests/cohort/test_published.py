"""Published figures are those that could be read, and no others."""

import pytest

from helpers.cohort.published import published_value, read_published
from helpers.errors import WorkbookError


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("patients", 432),
        ("risk_ratio", 4.62),
        ("median_days_adjacent", 55),
        ("median_days_nonadjacent", 127),
        ("patients_with_new_fractures", 86),
        ("new_fractures", 186),
        ("adjacent_new_fractures", 77),
    ],
)
def test_value(key, value):
    assert published_value(key) == value


def test_every_figure_says_how_strong_its_source_is():
    figures = read_published()
    assert figures["key"].is_unique
    assert figures[["figure", "unit", "strength", "source"]].notna().all(axis=None)


def test_an_interval_that_nobody_read_is_not_there():
    with pytest.raises(WorkbookError, match='no published figure "risk_ratio_conf_low"'):
        published_value("risk_ratio_conf_low")
