"""Distinct values, rows and runs against NumPy's own."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.estimators import distinct as module
from helpers.estimators.distinct import counted, distinct, distinct_rows, n_distinct, runs

COLUMNS = {
    "whole": [np.array([3, 0, 3, 7]), np.array([7, 1])],
    "narrow": [np.array([3, 0, 3, 127], dtype=np.int8), np.array([200, 1], dtype=np.uint8)],
    "whole as real numbers": [np.array([3.0, 0.0, 3.0, 7.0]), np.array([7.0, 1.0])],
    "with an infinite one": [np.array([3.0, 0.0, 3.0, 7.0]), np.array([np.inf, 1.0, np.inf])],
    "both kinds": [np.array([3, 0, 3]), np.array([3.0, 2.0])],
    "fractions": [np.array([0.5, 0.25, 0.5]), np.array([3.0])],
    "below zero": [np.array([-2, 5, -2]), np.array([0])],
    "real and below zero": [np.array([-2.0, 5.0]), np.array([-2.0])],
    "far apart": [np.array([10**12, 3, 10**12]), np.array([0, 3])],
    "just too large": [np.array([100_021.0, 3.0, 100_022.0]), np.array([np.inf, 5.0])],
    "yes and no": [np.array([True, False, True]), np.array([True])],
    "nothing": [np.array([], dtype=int), np.array([], dtype=int)],
}


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_distinct_is_unique(columns):
    values, *places = distinct(*columns)
    assert values.tolist() == np.unique(np.concatenate(columns)).tolist()
    for column, place in zip(columns, places, strict=True):
        assert values[place].tolist() == column.tolist()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=12))
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("block", [1, 3, module.BLOCK])
def test_runs_put_together_again_are_the_rows(block, rows):
    columns = np.array(rows, dtype=int).reshape(-1, 2).T
    with mock.patch.object(module, "BLOCK", block):
        start, length = runs(*columns)
    for column in columns:
        assert np.repeat(column[start], length).tolist() == column.tolist()
    ends = list(zip(*columns[:, start], strict=True))
    assert all(one != next_one for one, next_one in zip(ends, ends[1:], strict=False))


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, -1.0]), st.booleans()), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_distinct_rows_are_those_of_the_table(rows):
    numbers, yes = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    place, table = distinct_rows(numbers, yes)
    assert table.tolist() == np.unique(np.column_stack([numbers, yes]), axis=0).tolist()
    assert table[place].tolist() == np.column_stack([numbers, yes]).tolist()


@pytest.mark.parametrize("codes", [[], [3], [1, 1, 4], [4, 1, 4], [0, 10**9, 0]])
def test_distinct_codes_are_counted_in_any_order(codes):
    assert n_distinct(np.array(codes, dtype=np.int32)) == len(set(codes))


@pytest.mark.parametrize("spread", [1, 10**9])
def test_counts_whether_numbers_are_close_or_far_apart(spread):
    codes, count = np.array([4, 0, 4, 9]) * spread, np.array([1, 2, 3, 4])
    for given_count, totals in ((None, [1, 2, 1]), (count, [2, 4, 4])):
        keys, found = counted(codes, given_count)
        assert keys.tolist() == [0, 4 * spread, 9 * spread]
        assert found.tolist() == totals
    assert n_distinct(codes) == 3


def test_close_and_far_apart_are_what_they_say():
    assert 9 * 10**9 > module.WIDEST * 4 + module.SMALL > 9
