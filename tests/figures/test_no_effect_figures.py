"""Figures of cohorts in which cement does nothing: what they write, and what their text alternatives say."""

import numpy as np
import pytest
from boxes import assert_legible
from figure_tables import cohorts_without_effect, survey_fit

from helpers.figures.no_effect import describe_no_effect, plot_no_effect
from helpers.figures.survey_fit import describe_survey_fit

HEADINGS = {"axis_label": "Risk ratio (log scale)", "row_heading": "Strength", "text_heading": "As high"}


def test_rows_texts_and_marks_are_written():
    draws, rows, marks = cohorts_without_effect()
    texts = assert_legible(plot_no_effect(draws, rows=rows, marks=marks, **HEADINGS))
    assert {"1 (survey)", "neighbour ratio 2.64", "10.0%", "this cohort 4.76", "published 4.62", "As high"} <= set(
        texts
    )
    assert "not there" not in texts
    assert any("middle 95%" in text for text in texts)


def test_every_row_has_its_bar_from_low_to_high_and_a_line_at_each_mark():
    draws, rows, marks = cohorts_without_effect()
    axes = plot_no_effect(draws, rows=rows, marks=marks, **HEADINGS).axes[1]
    bars = [tuple(line.get_xdata()) for line in axes.lines if line.get_linewidth() == 4.5]
    drawn = rows.dropna()
    assert bars == list(zip(drawn["low"], drawn["high"], strict=True))
    at = {line.get_xdata()[0] for line in axes.lines if list(line.get_ydata()) == [0, 1]}
    assert at == {1, 4.76, 4.62}
    # One cohort far out does not stretch the axis.
    assert axes.get_xlim()[1] < 0.6 * draws["value"].max()


@pytest.mark.parametrize("ours", [4.62, 4.621, 0.9, 12.0, None])
def test_marks_never_overlap(ours):
    draws, rows, marks = cohorts_without_effect()
    marks.loc[0, "value"] = ours
    assert assert_legible(plot_no_effect(draws, rows=rows, marks=marks, **HEADINGS))


def test_nothing_at_all_is_drawn_as_empty_rows():
    draws, rows, marks = cohorts_without_effect(("Next to cement", "Further away"), is_ratio=False)
    empty = rows.assign(low=np.nan, middle=np.nan, high=np.nan)
    figure = plot_no_effect(draws.assign(value=np.nan), rows=empty, marks=marks, is_ratio=False, **HEADINGS)
    assert assert_legible(figure)


def test_the_text_alternative_says_every_range_and_mark():
    _, rows, marks = cohorts_without_effect(("Next to cement", "Further away"), is_ratio=False)
    said = describe_no_effect(rows, marks=marks, measure="Median days")
    assert said.startswith("Median days in simulated cohorts in which cement does nothing")
    assert said.count("1 (0.8 to 1.3)") == 10
    assert "Further away. 0, neighbour ratio 1.24: 1 (0.8 to 1.3); 0.5," in said
    assert "Marked: this cohort 64.5 and published 55." in said
    assert "\n" not in said


def test_the_fit_is_told_by_distance():
    said = describe_survey_fit(survey_fit(), outcome="Vertebrae fractured", distance_label="Levels away")
    assert said.startswith(
        "Vertebrae fractured, by levels away. 1: 21.1% observed, 22.0% on average in simulated surveys"
    )
    assert said.count("observed") == 12
