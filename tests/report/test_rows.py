"""Rows of figures carry the numbers and their written results."""

from dataclasses import replace

import pandas as pd
import pytest

from helpers.errors import WorkbookError
from helpers.estimators.estimate import Estimate, TwoByTwo, not_estimable
from helpers.report import rows

RATIO = Estimate(
    "risk ratio", 4.6234, 3.2, 6.36, 0.95, 1e-9, "log", "ratio", 431, 6512, 186, counts=TwoByTwo(77, 843, 109, 5669)
)
MEDIAN = Estimate("median time", 55.0, 40.0, None, 0.95, None, "sorted", "days", 40, 77, 77)
ABSENT = not_estimable(
    "median time", "no events", unit="days", conf_level=0.95, method="sorted", n_patients=0, n_vertebrae=0, n_events=0
)


def test_forest_rows_write_result_and_counts():
    risk = replace(RATIO, estimate=0.1, conf_low=0.05, conf_high=0.2, unit="probability", counts=None)
    table = rows.forest_rows({"Ratio": RATIO, "Risk": risk}, group="Ours")
    assert table["text"].tolist() == ["4.62 (3.20 to 6.36)", "10.0% (5.0% to 20.0%)"]
    assert table["counts"].tolist() == ["77/843 v 109/5,669", "186 / 6,512"]
    assert set(table["kind"]) == {"this cohort"}
    assert set(table["group"]) == {"Ours"}


def test_a_published_row_has_no_invented_interval():
    (row,) = rows.published_row("Published, 2006", 4.62).to_dict("records")
    assert (row["text"], row["counts"], row["kind"]) == ("4.62", "not known", "published")
    assert pd.isna(row["conf_low"])
    assert pd.isna(row["conf_high"])


def test_an_absent_estimate_is_a_row_without_numbers():
    table = rows.forest_rows({"Median": ABSENT})
    assert table["estimate"].isna().all()
    assert table["text"].tolist() == ["not estimable"]


def test_medians_in_words():
    ours = rows.median_rows({"Next to cement": MEDIAN, "Further away": ABSENT})
    assert ours["text"].tolist() == ["median 55 (40 to not reached) days", "not estimable"]
    assert rows.published_median_rows({"Next to cement": 55})["text"].tolist() == ["published 55 days"]


def test_risks_by_distance_are_named_for_their_figure():
    risk = replace(RATIO, estimate=0.1, conf_low=0.05, conf_high=0.2, unit="probability", counts=None)
    table = rows.risk_rows({"1 level": risk})
    assert list(table.columns) == ["distance", "estimate", "conf_low", "conf_high", "text", "counts"]


def test_cleaning_rules_are_told_in_words():
    reasons = pd.DataFrame(
        {"rule": ["two_digit_year", "out_of_range"], "action": ["quarantined", "changed"], "rows": [2, 1]}
    )
    told = rows.reason_rows(reasons)
    assert told["rule"].tolist() == ["two digit year", "out of range"]
    assert told["action"].tolist() == ["set aside", "changed"]


def test_windows_last_to_the_next_and_the_last_is_open():
    absent = replace(RATIO, estimate=None, conf_low=None, conf_high=None, note="no events", n_events=0)
    table = rows.window_rows({"days 0 to 90": RATIO, "after day 90": absent}, [0, 90])
    assert table["start"].tolist() == [0, 90]
    assert table["end"].iloc[0] == 90
    assert pd.isna(table["end"].iloc[1])
    assert table["text"].tolist() == ["4.62 (3.20 to 6.36)", "not estimable"]
    assert table["n_events"].tolist() == [186, 0]
    assert table["note"].tolist() == ["", "no events"]
    assert table.dtypes[["start", "end", "estimate", "conf_low", "conf_high"]].eq(float).all()


@pytest.mark.parametrize("starts", [[0], [90, 0], [0, 0]])
def test_windows_need_a_start_each(starts):
    with pytest.raises(WorkbookError, match="an increasing day for each of the 2 windows"):
        rows.window_rows({"days 0 to 90": RATIO, "after day 90": RATIO}, starts)


def test_coverage_tells_how_often_there_is_no_interval_and_how_large_the_cohorts_are():
    table = pd.DataFrame(
        [
            ("small", 60, "risk ratio", "naive", False, 0.5, 0.0),
            ("small", 60, "risk ratio", "clustered", True, 0.955, 0.28),
            ("small", 60, "hazard ratio", "Cox", True, 0.9349, 0.009),
            ("published margins", 1432, "risk ratio", "clustered", True, 0.968, 0.0),
            ("published margins", 1432, "hazard ratio", "Cox", True, None, 1.0),
        ],
        columns=["scenario", "patients", "target", "method", "is_default", "coverage", "no_interval"],
    )
    shown = rows.coverage_rows(table)
    assert shown.columns.tolist() == [
        "What is estimated",
        "Method",
        "small (60 patients)",
        "published margins (1,432 patients)",
    ]
    assert shown.iloc[0].tolist() == ["risk ratio", "clustered", "95.5% (28% none)", "96.8% (high)"]
    assert shown.iloc[1].tolist() == ["hazard ratio", "Cox", "93.5% (low)", "– (100% none)"]


def test_a_scenario_that_lacks_a_method_has_a_dash():
    columns = ["scenario", "patients", "target", "method", "is_default", "coverage", "no_interval"]
    lines = [
        ("a", 1, "x", "m", True, 0.95, 0.0),
        ("a", 1, "y", "m", True, 0.95, 0.0),
        ("b", 2, "x", "m", True, 0.95, 0),
    ]
    assert rows.coverage_rows(pd.DataFrame(lines, columns=columns))["b (2 patients)"].tolist() == ["95.0%", "–"]
    assert "a (1 patient)" in rows.coverage_rows(pd.DataFrame(lines, columns=columns))
