"""Columns of any kind come in as the same codes and numbers, or are refused in words."""

import numpy as np
import pandas as pd
import pytest

from helpers.errors import WorkbookError
from helpers.estimators.arguments import covariate_columns, durations, flags, label_codes, numbers

ALIKE = {
    "text": ["b", "a", "b", "c"],
    "objects": np.array(["b", 1, "b", ("c",)], dtype=object),
    "strings": pd.array(["b", "a", "b", "c"], dtype="string"),
    "categories": pd.Series(pd.Categorical(["b", "a", "b", "c"], ["c", "x", "b", "a"])),
    "index": pd.CategoricalIndex(["b", "a", "b", "c"]),
    "whole numbers": [7, -5, 7, 0],
    "far apart": [10**12, -(10**12), 10**12, 3],
    "narrow": np.array([127, -128, 127, 0], dtype=np.int8),
    "unsigned": np.array([2**64 - 1, 2**64 - 3, 2**64 - 1, 2**64 - 2], dtype=np.uint64),
    "nullable": pd.array([7, 5, 7, 0], dtype="Int32"),
    "real": [0.5, 0.25, 0.5, 0.75],
    "dates": pd.to_datetime(["2020-01-01", "2021-01-01", "2020-01-01", "2022-01-01"]),
}


@pytest.mark.parametrize("values", ALIKE.values(), ids=ALIKE.keys())
def test_labels_of_any_kind_are_codes(values):
    codes, n_codes = label_codes(values, "level")
    assert pd.factorize(codes)[0].tolist() == [0, 1, 0, 2]
    assert codes.min() >= 0
    assert codes.max() < n_codes


@pytest.mark.parametrize("values", [[True, False, True], np.array([], dtype=int), [], pd.Categorical([])])
def test_yes_and_no_and_nothing_are_labels(values):
    codes, n_codes = label_codes(values, "level")
    assert np.bincount(codes, minlength=n_codes).sum() == len(values)


def test_categories_keep_their_codes():
    categories = pd.Categorical(["L1", "T12"], ["T11", "T12", "L1"])
    assert np.shares_memory(label_codes(categories, "level")[0], categories.codes)


@pytest.mark.parametrize(
    "values",
    [
        ["a", None, "b"],
        [1.0, np.nan, 2.0],
        pd.array([1, None, 2], dtype="Int32"),
        pd.array(["a", None, "b"], dtype="string"),
        pd.Series(pd.Categorical(["a", None, "b"])),
        pd.to_datetime(["2020-01-01", None, "2021-01-01"]),
    ],
)
def test_a_missing_label_is_told(values):
    with pytest.raises(WorkbookError, match=r"`level` has 1 missing value\(s\) among 3. Exclude those vertebrae"):
        label_codes(values, "level")


@pytest.mark.parametrize("check", [flags, durations, numbers])
@pytest.mark.parametrize("values", [[1.0, np.nan], [1, None], pd.array([1, None], dtype="Int32"), [pd.NA, 1]])
def test_a_missing_number_is_told(check, values):
    with pytest.raises(WorkbookError, match=r"`x` has 1 missing value\(s\) among 2. Exclude those vertebrae"):
        check(values, "x")


@pytest.mark.parametrize(
    ("check", "values", "told"),
    [
        (flags, [1.0, 0.5], "must be true or false .* but got 0.5. Compare first"),
        (flags, [0, -1], "must be true or false .* but got -1"),
        (flags, np.array([0, 2], dtype=np.uint8), "must be true or false .* but got 2"),
        (flags, ["yes", "no"], "must be true or false .* but got yes"),
        (durations, [3, np.inf], "must be zero or more and finite, but got inf"),
        (durations, [3, -2], "must be zero or more and finite, but got -2"),
        (numbers, [3, -np.inf], "must be finite numbers, but got -inf. Write yes or no as 1 or 0"),
        (numbers, ["3", "three"], "must be finite numbers, but got 3"),
        (numbers, pd.to_timedelta(["3 days"]), "must be finite numbers, but got"),
    ],
)
def test_what_is_no_number_is_told(check, values, told):
    with pytest.raises(WorkbookError, match=f"`x` {told}"):
        check(values, "x")


def test_columns_are_taken_as_they_are():
    event, days = pd.Series([True, False]), pd.Series([3, 0], dtype="int32")
    assert np.shares_memory(flags(event, "event"), event.to_numpy())
    assert np.shares_memory(durations(days), days.to_numpy())
    assert flags(np.array([1, 0], dtype=np.int8), "event").tolist() == [True, False]
    assert flags(np.array([True, 0], dtype=object), "event").tolist() == [True, False]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["old", "young"], "finite numbers, but got"),
        ([70.0, np.inf], "finite numbers, but got"),
        ([70.0, None], "missing"),
    ],
)
def test_categories_of_a_covariate_are_numbers(values, words):
    with pytest.raises(WorkbookError, match=words):
        covariate_columns({"age": pd.Categorical(values)})
