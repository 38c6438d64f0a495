"""The last figure and paragraph: what is drawn as an interval and what is none, and what small numbers leave of it."""

import pandas as pd
import pytest

from helpers.figures.forest import RANGES, describe_forest, plot_forest
from helpers.report.one_axis import SIMULATED, SPECIFIED, WHOLE_COHORT, axis_rows, axis_sentence
from tests.report.test_display import ratio
from tests.report.wording import assert_reads_well

ALONE = {"published": 4.62, "clustered": ratio(), "within": ratio(value=3.9), "survey": ratio(3.06, 2.14, 4.37)}
WORDS = {"measure": "Ratio"}


def tables() -> dict[str, pd.DataFrame]:
    ratios = [*(1 + number / 100 for number in range(401)), None]
    survey = pd.DataFrame({"strength": 1.0, "levels": WHOLE_COHORT, "risk_ratio": ratios})
    others = pd.DataFrame({"strength": [0.5, 1.0], "levels": [WHOLE_COHORT, "T4 to L4"], "risk_ratio": [99.0, 99.0]})
    specifications = pd.DataFrame({"estimate": [2.0, 3.0, 9.0, None]})
    return {"no_effect": pd.concat([others, survey]), "specifications": specifications}


def test_the_ranges_are_those_of_the_tables_and_are_drawn_as_none_of_the_intervals():
    rows = axis_rows(**ALONE, **tables()).set_index("kind")
    simulated, specified = rows.loc[SIMULATED], rows.loc[SPECIFIED]
    assert simulated[["estimate", "conf_low", "conf_high"]].tolist() == pytest.approx([3.0, 1.1, 4.9])
    assert specified[["estimate", "conf_low", "conf_high"]].tolist() == [3.0, 2.0, 9.0]
    assert (simulated["text"], specified["text"]) == ("3.00\nmiddle 95%: 1.10 to 4.90", "3.00\nall: 2.00 to 9.00")
    assert set(RANGES) == {SIMULATED, SPECIFIED}
    one = axis_rows(**ALONE, **tables() | {"specifications": pd.DataFrame({"estimate": [2.0, None]})})
    assert one.set_index("kind").loc[SPECIFIED, "label"].startswith("1 specification: median")
    widths = {line.get_linewidth() for line in plot_forest(rows.reset_index(), text_heading="R", **WORDS).axes[1].lines}
    assert 7 in widths


def test_the_published_value_has_no_interval():
    rows = axis_rows(**ALONE, **tables())
    assert rows.loc[rows["kind"] == "published", ["conf_low", "conf_high"]].isna().all(axis=None)
    assert "published: 4.62, interval not published" in describe_forest(rows, **WORDS)


def test_the_paragraph_tells_all_six_and_reads_well():
    told = axis_sentence(**ALONE, **tables())
    assert_reads_well(told)
    for number in ("4.62", "3.20 to 6.36", "3.90", "2.14 to 4.37", "401 cohorts", "1.10 and 4.90", "2.00 to 9.00"):
        assert number in told
    assert "the published 4.62 and this cohort's 4.62 both lie inside that range" in told
    assert (told.made_from, told.table) == (tuple(list(ALONE.values())[1:]), "no_effect specifications")


@pytest.mark.parametrize(
    ("published", "places"),
    [
        (5.5, "the published 5.50 lies above that range, and this cohort's 4.62 lies inside that range"),
        (1.05, "the published 1.05 lies below that range, and"),
    ],
)
def test_where_the_values_lie(published, places):
    assert places in axis_sentence(**ALONE | {"published": published}, **tables())


def test_with_small_numbers_hidden_neither_range_is_told():
    told, rows = axis_sentence(**ALONE), axis_rows(**ALONE)
    assert_reads_well(told)
    assert "The simulated cohorts and the specifications are not shown." in told
    assert told.table == ""
    assert not set(rows["kind"]) & set(RANGES)


def test_a_cohort_without_a_ratio():
    absent = ratio(value=None, low=None, high=None, note="no new fracture")
    empty = {name: frame.iloc[:0] for name, frame in tables().items()}
    told = axis_sentence(**ALONE | {"clustered": absent, "within": absent}, **empty)
    assert_reads_well(told)
    assert "not estimable (no new fracture" in told
    hidden = ratio(value=None, low=None, high=None, note="not shown: fewer than 8 behind it")
    assert_reads_well(axis_sentence(**ALONE | {"clustered": hidden, "within": hidden}))
