from functools import partial

import pandas as pd
import pytest
from boxes import assert_legible
from figure_tables import LONG, forest_rows

from helpers.figures.forest import KINDS, describe_forest, plot_forest
from helpers.figures.log_axis import ratio_limits, ratio_ticks

draw_forest = partial(plot_forest, measure="Ratio of risks", text_heading="Ratio (95% CI)")


def main_axes(figure):
    return next(axes for axes in figure.axes if axes.get_xscale() == "log")


def markers(figure, look):
    return [line for line in main_axes(figure).lines if line.get_marker() == look]


def test_texts_are_shown_as_they_were_written():
    rows = forest_rows()
    texts = assert_legible(draw_forest(rows))
    said = " ".join(texts)
    for text in [*rows["text"], *rows["counts"], *rows["label"], *rows["group"]]:
        assert text in said
    assert "not estimable" in texts
    assert "interval not published" in texts


def test_without_an_interval_the_marker_is_hollow_and_there_is_no_whisker():
    figure = draw_forest(forest_rows().query("kind == 'published'"))
    (marker,) = markers(figure, KINDS["published"]["marker"])
    assert marker.get_markerfacecolor() == "#ffffff"
    assert [line for line in main_axes(figure).lines if len(line.get_xdata()) == 2] == [main_axes(figure).lines[0]]


def test_open_and_far_limits_end_in_arrows():
    rows = forest_rows()
    assert markers(draw_forest(rows[rows["label"] == "Open above"]), ">")
    assert markers(draw_forest(rows[rows["label"] == "Sandwiched"]), ">")
    assert markers(draw_forest(rows[rows["label"] == "Thoracic only"]), "<")
    plain = draw_forest(rows[rows["label"] == "Ignoring patients"])
    assert not markers(plain, ">")
    assert not markers(plain, "<")


def test_not_estimable_draws_only_the_line_at_one():
    rows = forest_rows()
    assert len(main_axes(draw_forest(rows[rows["label"] == "Lumbar only"])).lines) == 1


def test_marker_sits_at_the_estimate_and_whisker_at_the_limits():
    rows = forest_rows()
    figure = draw_forest(rows[rows["label"] == "Ignoring patients"])
    assert markers(figure, "s")[0].get_xdata() == [4.05]
    assert [tuple(line.get_xdata()) for line in main_axes(figure).lines if len(line.get_xdata()) == 2][1] == (
        2.9,
        5.7,
    )


@pytest.mark.parametrize("limits", [(0.95, 1.1), (0.8, 1.3), (0.5, 2), (0.1, 12), (0.7, 90), (1e-4, 1e5), (1e-9, 1e12)])
def test_ticks_are_few_round_and_include_one(limits):
    ticks = ratio_ticks(limits, width=2.5)
    assert 1 in ticks
    assert len(ticks) <= 12
    assert all(limits[0] <= tick <= limits[1] for tick in ticks)


def test_limits_hold_every_estimate_and_the_reference_lines():
    low, high = ratio_limits(forest_rows(), {20.0: "far"})
    assert low < 0.8
    assert high > 20
    assert ratio_limits(forest_rows().query("label == 'Lumbar only'"), {}) == pytest.approx((0.8 / 1.12, 1.25 * 1.12))


def test_long_labels_tiny_and_huge_numbers():
    rows = forest_rows().assign(
        label=LONG,
        estimate=[1e-3, 1e4, 4, 5, None, 3, 1.01],
        conf_high=[1, 1e7, None, 8, None, None, 2],
        text="123,456.78 (0.00012 to 9,999,999.99), profile likelihood",
    )
    assert_legible(draw_forest(rows, reference_lines={4.62: "published 4.62", 5.0: "another one", 6.0: "and a third"}))


def test_one_row_without_groups_counts_or_directions():
    row = forest_rows().iloc[[0]].drop(columns=["group", "counts"])
    assert_legible(draw_forest(row, directions=None))


def test_many_rows():
    rows = pd.concat([forest_rows()] * 4)
    assert_legible(draw_forest(rows))


def test_alternative_text_reads_every_row():
    rows = forest_rows().query("label in ['Lumbar only', 'Published study']")
    assert describe_forest(rows, measure="Ratio of risks") == (
        "Forest plot on a log axis with a line at 1. Ratio of risks: "
        "Lumbar only (Next to cement v further away): not estimable; "
        "Published study (Elsewhere), published: 4.62, interval not published."
    )
