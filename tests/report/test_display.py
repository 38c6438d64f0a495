"""Numbers as a reader sees them."""

import numpy as np
import pandas as pd
import pytest

from helpers.estimators.estimate import Estimate, not_estimable
from helpers.report import display


def ratio(value=4.6234, low=3.2041, high=6.3555, **changes):
    fields = {
        "measure": "risk ratio",
        "estimate": value,
        "conf_low": low,
        "conf_high": high,
        "conf_level": 0.95,
        "p_value": 0.00012,
        "method": "log, patients as clusters",
        "unit": "ratio",
        "n_patients": 431,
        "n_vertebrae": 6512,
        "n_events": 186,
    }
    return Estimate(**(fields | changes))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4.6234, "4.62"),
        (12.34, "12.3"),
        (9.996, "10.0"),
        (1234.5, "1,234"),
        (0.0521, "0.05"),
        (0.0042, "0.004"),
        (0, "0.00"),
        (-2.5, "-2.50"),
        (0.0002, "<0.001"),
    ],
)
def test_number(value, text):
    assert display.number_text(value) == text


@pytest.mark.parametrize(
    ("p_value", "text"),
    [
        (0.0312, "0.03"),
        (0.5, "0.50"),
        (0.0094, "0.009"),
        (0.0096, "0.01"),
        (0.001, "0.001"),
        (0.00099, "<0.001"),
        (None, "–"),
    ],
)
def test_p(p_value, text):
    assert display.p_text(p_value) == text


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (ratio(), "4.62 (3.20 to 6.36)"),
        (ratio(low=None, high=None), "4.62"),
        (ratio(high=None), "4.62 (at least 3.20)"),
        (ratio(low=None), "4.62 (at most 6.36)"),
        (ratio(value=None, note="no fracture further away", high=None), "not estimable (at least 3.20)"),
        (ratio(55.0, 40.0, None, unit="days"), "55 (40 to not reached)"),
        (ratio(0.0812, 0.06, 0.1, unit="probability"), "8.1% (6.0% to 10.0%)"),
        (ratio(0.0812, -0.06, 0.1, unit="probability difference"), "8.1 (-6.0 to 10.0)"),
    ],
)
def test_estimate(estimate, text):
    assert display.estimate_text(estimate) == text


def test_a_median_not_reached_is_said_in_words():
    estimate = not_estimable(
        "median time",
        "not reached: 2% fractured",
        unit="days",
        conf_level=0.95,
        method="Kaplan-Meier",
        n_patients=3,
        n_vertebrae=40,
        n_events=1,
    )
    assert display.estimate_text(estimate) == "not reached"


def test_text_from_a_file_is_inert_in_a_table():
    frame = pd.DataFrame({"before": ["<script>alert(1)</script>"], "n": [1200]})
    html = display.table(frame, caption="a < b")._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<caption>a &lt; b</caption>" in html
    assert '<td class="number">1,200</td>' in html


def test_table_shows_only_what_is_labelled_and_absent_cells_as_a_dash():
    frame = pd.DataFrame({"x": [1.234, np.nan], "flag": [True, False], "hidden": [1, 2]})
    shown = display.table(frame, labels={"x": "X", "flag": "Flag"})
    assert shown.columns == ("X", "Flag")
    assert shown.rows == (("1.23", "yes"), ("–", "no"))
    assert shown.numeric == {"X"}


def test_estimates_table_carries_the_counts_behind_each_value():
    shown = display.estimates_table({"crude": ratio(), "naive": ratio(n_patients=None)}, caption="Ratios")
    assert shown.columns[1] == "Estimate (95% CI)"
    assert shown.rows[0] == (
        "crude",
        "4.62 (3.20 to 6.36)",
        "<0.001",
        "431",
        "6,512",
        "186",
        "log, patients as clusters",
    )
    assert shown.rows[1][3] == "–"
    assert "Ratios" in repr(shown)


def test_methods_are_told_once_under_the_table_and_notes_stay_in_the_open():
    html = display.estimates_table({"a <b>": ratio(), "other": ratio(), "third": ratio(note="few", method="exact")})
    html = html._repr_html_()
    table, _, fold = html.partition("</table>")
    assert "few" in table
    assert "log, patients" not in table
    assert "<dt>a &lt;b&gt;; other</dt><dd>log, patients as clusters</dd><dt>third</dt><dd>exact</dd>" in fold
    assert "Note" not in display.estimates_table({"a": ratio()}).columns


def test_a_table_without_rows_says_so():
    empty = display.table(pd.DataFrame({"x": []}), caption="Left out")
    assert empty._repr_html_() == '<p class="note">Left out: no rows.</p>'
    assert display.folded(empty, "All") is empty
    assert (
        display.folded(display.table(pd.DataFrame({"x": [1]})), "All < 2")
        ._repr_html_()
        .startswith("<details><summary>All &lt; 2</summary><table")
    )


@pytest.mark.parametrize(
    ("share", "no_interval", "text"),
    [
        (0.955, 0.0, "95.5%"),
        (0.955, 0.0099, "95.5%"),
        (0.955, 0.01, "95.5% (1% none)"),
        (0.9349, 0.28, "93.5% (low, 28% none)"),
        (0.917, 0.0, "91.7% (low)"),
        (0.968, 0.0, "96.8% (high)"),
        (0.935, 0.0, "93.5%"),
        (0.965, 0.0, "96.5%"),
        (np.nan, 1.0, "– (100% none)"),
    ],
)
def test_coverage(share, no_interval, text):
    assert display.coverage_text(share, no_interval) == text


def test_a_verdict_is_the_first_that_holds():
    table = pd.DataFrame(
        [(0.935, 0.05), (0.965, 0), (0.9349, 0.05), (0.9651, 0), (0.95, 0.051), (0.9, 0.3), (np.nan, 1)],
        columns=["coverage", "no_interval"],
        index=range(7, 14),
    )
    kept, none = [display.KEPT], [display.NO_INTERVAL]
    wanted = kept * 2 + [display.LESS_OFTEN, display.MORE_OFTEN] + none * 3
    assert display.coverage_verdicts(table).to_dict() == dict(zip(range(7, 14), wanted, strict=True))


def test_two_large_counts_may_stand_on_two_lines_and_other_numbers_not():
    columns = ("", "Vertebrae", "Fractures")
    html = display.Table(columns, (("one v two", "15,451,499", "168,452/1,958,279 v 2/3"),), "", frozenset(columns[1:]))
    assert html._repr_html_().count('<td class="number pair">168,452/1,958,279 v 2/3</td>') == 1
    assert '<td>one v two</td><td class="number">15,451,499</td>' in html._repr_html_()
