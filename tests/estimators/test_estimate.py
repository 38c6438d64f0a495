"""The record of an estimate keeps its promises."""

import math

import pytest

from helpers.errors import WorkbookError
from helpers.estimators.estimate import ESTIMATE_COLUMNS, Estimate, TwoByTwo, check_conf_level, not_estimable
from helpers.estimators.estimates import from_frame, to_frame

RATIO = Estimate(
    "risk ratio",
    4.0,
    2.0,
    8.0,
    0.95,
    0.001,
    "log",
    "ratio",
    10,
    100,
    15,
    std_error=0.35,
    counts=TwoByTwo(10, 30, 5, 70),
)
ABSENT = not_estimable(
    "risk ratio",
    "no fracture further away",
    unit="ratio",
    conf_level=0.9,
    method="score",
    n_patients=None,
    n_vertebrae=100,
    n_events=10,
)


def test_a_table_gives_back_what_went_in():
    estimates = {"crude": RATIO, "by level": ABSENT}
    frame = to_frame(estimates, contrast="next to cement : further away")
    assert tuple(frame.columns) == ESTIMATE_COLUMNS
    assert frame["contrast"].unique().tolist() == ["next to cement : further away"]
    assert from_frame(frame) == estimates


def test_an_empty_table_has_its_columns():
    frame = to_frame({}, contrast="none")
    assert tuple(frame.columns) == ESTIMATE_COLUMNS
    assert from_frame(frame) == {}


def test_two_analyses_of_one_name_are_told():
    frame = to_frame({"crude": RATIO}, contrast="x")
    with pytest.raises(WorkbookError, match='Two estimates are called "crude"'):
        from_frame(frame.loc[[0, 0]])


@pytest.mark.parametrize("name", ["estimate", "conf_low", "conf_high", "p_value", "std_error"])
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_no_infinity_and_no_nan(name, value):
    fields = {field: getattr(RATIO, field) for field in RATIO.__dataclass_fields__} | {name: value}
    with pytest.raises(WorkbookError, match="finite number or absent"):
        Estimate(**fields)


def test_an_absent_value_needs_its_reason():
    with pytest.raises(WorkbookError, match="needs a note that says why"):
        Estimate("risk ratio", None, None, None, 0.95, None, "log", "ratio", 1, 1, 0)


def test_exchanging_the_groups_inverts_ratio_and_interval():
    turned = RATIO.inverted()
    assert (turned.estimate, turned.conf_low, turned.conf_high) == (0.25, 0.125, 0.5)
    assert turned.counts == TwoByTwo(5, 70, 10, 30)
    assert turned.inverted() == RATIO


def test_only_a_ratio_is_inverted():
    median = Estimate("median time", 55.0, None, None, 0.95, None, "sorted", "days", 1, 1, 1)
    with pytest.raises(WorkbookError, match="Only a ratio can be inverted, but this is a median time in days"):
        median.inverted()


@pytest.mark.parametrize("level", [95, 0, 1, -0.1, "0.95", True, None])
def test_a_level_that_is_none_says_how_to_write_it(level):
    with pytest.raises(WorkbookError, match=r"`conf_level` must be between 0 and 1, but got .*\. Pass 0\.95 for 95%\."):
        check_conf_level(level)


@pytest.mark.parametrize(("counts", "zero"), [((0, 5, 1, 5), True), ((5, 5, 1, 5), True), ((1, 5, 1, 5), False)])
def test_a_zero_cell_is_seen(counts, zero):
    assert TwoByTwo(*counts).has_zero_cell is zero
