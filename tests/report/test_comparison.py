"""Estimates side by side: what is the same, how far apart the rest, and what only one run has."""

import pandas as pd
import pytest

from helpers.report.comparison import KEY_ANALYSES, compared, interval_words, key_rows, result_of


def estimates(*rows):
    columns = ["analysis", "contrast", "estimate", "conf_low", "conf_high", "unit", "note", "n_events"]
    frame = pd.DataFrame([dict(zip(columns, row, strict=False)) for row in rows], columns=columns)
    return frame.astype({"n_events": "Int64"})


A = estimates(
    ("ratio", "x : y", 4.0, 2.0, 8.0, "ratio", "", 10),
    ("share", "x", 0.25, 0.2, 0.3, "probability", "", 4),
    ("median", "x", None, None, None, "days", "not reached: few", 4),
    ("again", "x", 1.0, None, None, "ratio", "", None),
    ("again", "x", 2.0, None, None, "ratio", "", None),
    ("only a", "x", 5.0, None, None, "days", "", 1),
)
B = estimates(
    ("again", "x", 1.0, None, None, "ratio", "", None),
    ("again", "x", 3.0, None, None, "ratio", "", None),
    ("ratio", "x : y", 3.0, 1.5, 6.0, "ratio", "", 10),
    ("share", "x", 0.2, 0.15, 0.25, "probability", "", 4),
    ("median", "x", None, None, None, "days", "not reached: few", 4),
    ("only b", "x", 7.0, 6.0, 9.5, "days", "", 1),
)


@pytest.fixture
def rows():
    return compared(A, B).set_index("analysis")


def test_ratios_by_their_ratio_and_shares_in_points(rows):
    assert rows.loc["ratio", ["a", "b", "difference"]].tolist() == [
        "4.00 (2.00 to 8.00)",
        "3.00 (1.50 to 6.00)",
        "× 0.75",
    ]
    assert rows.loc["share", "difference"] == "−5.0 points"


def test_the_same_is_the_same_to_the_last_digit(rows):
    assert rows.loc["median", "is_same"]
    assert rows.loc["median", "a"] == "not reached"
    assert compared(A, A)["is_same"].all()
    nearly = A.assign(estimate=A["estimate"] * (1 + 1e-15))
    assert not compared(A, nearly).set_index("analysis").loc["only a", "is_same"]


def test_rows_of_one_name_are_taken_in_turn(rows):
    assert rows.loc["again", "is_same"]
    assert rows.loc["again (2)", "difference"] == "× 1.50"


def test_what_one_run_lacks_is_a_dash(rows):
    assert rows.loc["only a", ["a", "b", "difference"]].tolist() == ["5", "–", "–"]
    assert rows.loc["only b", ["a", "b", "difference"]].tolist() == ["–", "7 (6 to 9.5)", "–"]
    assert not rows.loc["only b", "is_same"]


def test_the_order_is_that_of_the_first_run(rows):
    assert rows.index.tolist() == ["ratio", "share", "median", "again", "again (2)", "only a", "only b"]


def test_rows_of_the_main_ratios_stand_run_under_run():
    one = A.assign(analysis=[KEY_ANALYSES[0], *A["analysis"][1:]])
    rows = key_rows({"A": one, "B": one.iloc[1:]})
    assert rows[["label", "group"]].to_numpy().tolist() == [["A", KEY_ANALYSES[0]]]
    assert key_rows({}).empty


def test_the_level_of_the_intervals_is_told():
    one, other = A.assign(conf_level=0.95), A.assign(conf_level=0.9)
    assert interval_words([one, one]) == "Ratio (95% CI)"
    assert interval_words([one, other]) == "Ratio (90%, 95% CI)"
    assert interval_words([]) == "Ratio"


def test_no_unit_is_no_estimate():
    assert result_of({}) == "–"
    assert result_of({"unit": "ratio", "estimate": None, "note": "no events"}) == "not estimable"
