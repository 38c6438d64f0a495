import numpy as np
import pandas as pd
import pytest
from boxes import assert_legible
from figure_tables import AWAY, LONG, NEXT, image_bounds, two_groups
from matplotlib.patches import Rectangle

from helpers.figures.interval_censored import describe_interval_censored, plot_interval_censored


def main_axes(figure):
    return next(axes for axes in figure.axes if axes.get_xlabel())


def boxes(figure):
    found = [patch.get_bbox() for patch in main_axes(figure).patches if isinstance(patch, Rectangle)]
    return [(box.x0, box.x1, box.y0, box.y1) for box in found]


def thick(figure):
    lines = [line for line in main_axes(figure).lines if line.get_linewidth() == 1.9]
    return [(*map(float, line.get_xdata()), *map(float, line.get_ydata())) for line in lines]


def of(group):
    return image_bounds().query("group == @group")


def test_boxes_where_the_curve_is_open_and_lines_where_it_is_not():
    figure = plot_interval_censored(of(NEXT), horizon=1000)
    assert boxes(figure) == [(0, 90, 0, 0.06), (90, 180, 0.06, 0.09), (600, 900, 0.12, 0.16)]
    assert thick(figure) == [
        (180, 300, 0.09, 0.09),
        (300, 600, 0.12, 0.12),
        (900, 1000, 0.16, 0.16),
        (300, 300, 0.09, 0.12),
    ]


def test_the_curve_ends_where_no_vertebra_is_known_clean():
    figure = plot_interval_censored(of(AWAY), horizon=730)
    assert thick(figure)[-1] == (500, 640, 0.03, 0.03)
    (mark,) = [line for line in main_axes(figure).lines if line.get_marker() == "|"]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (640, 0.03)
    assert any("Mark at the end" in text for text in assert_legible(figure))
    whole = plot_interval_censored(of(AWAY), horizon=640)
    assert not any("Mark at the end" in text for text in assert_legible(whole))


def test_the_axis_ends_above_the_data_and_says_so():
    figure = plot_interval_censored(of(AWAY), horizon=730)
    assert main_axes(figure).get_ylim() == (0, 0.04)
    assert "Vertebrae with a new fracture (axis ends at 4%, not at 100%)" in assert_legible(figure)
    assert main_axes(figure).get_xlim() == (0, 730)


def test_what_comes_after_the_horizon_is_not_drawn():
    early = plot_interval_censored(image_bounds(), horizon=200)
    assert max(box[0] for box in boxes(early)) < 200
    assert max(line[1] for line in thick(early)) == 200
    assert main_axes(early).get_ylim()[1] == 0.1


def test_curves_for_comparison_are_thin_steps_from_zero():
    steps = pd.DataFrame({"group": NEXT, "time": [100, 700, 900], "estimate": [0.1, 0.2, 0.3]})
    figure = plot_interval_censored(of(NEXT), steps=steps, steps_text="dated by images", horizon=730)
    (line,) = [line for line in main_axes(figure).lines if line.get_drawstyle() == "steps-post"]
    assert line.get_linewidth() < 1
    assert line.get_xdata().tolist() == [0, 100, 700, 730]
    assert line.get_ydata().tolist() == [0, 0.1, 0.2, 0.2]
    assert "Thin line: dated by images" in assert_legible(figure)
    assert not any("Thin" in text for text in assert_legible(plot_interval_censored(of(NEXT), horizon=730)))


def test_nothing_known_draws_an_empty_axis():
    nothing = pd.DataFrame({"group": [NEXT], "after": [0.0], "through": [np.inf], "low": [0.0], "high": [1.0]})
    figure = plot_interval_censored(nothing, horizon=365)
    assert boxes(figure) == thick(figure) == []
    assert NEXT in assert_legible(figure)
    assert describe_interval_censored(nothing, horizon=365).endswith(
        "Next to cement: 0.0% by day 0; no part of the curve left open."
    )


def test_steps_without_rows_and_all_fractured():
    everybody = pd.DataFrame({"group": [NEXT], "after": [0.0], "through": [5.0], "low": [0.0], "high": [1.0]})
    empty = two_groups()[0].iloc[:0]
    figure = plot_interval_censored(everybody, steps=empty, horizon=14)
    assert thick(figure) == [(5, 14, 1, 1)]
    assert not any("axis ends" in text or "Thin" in text for text in assert_legible(figure))


def test_five_groups_with_long_names_and_results():
    groups = [NEXT, AWAY, LONG, "Two levels away", "Four levels"]
    bounds = pd.concat([of(NEXT).assign(group=group) for group in groups])
    texts = dict.fromkeys(groups, "between 12.0% and 16.0% by day 730, from 1,234,567 vertebrae in 98,765 patients")
    said = assert_legible(plot_interval_censored(bounds, horizon=730, end_texts=texts))
    assert "Four levels" in said


@pytest.mark.parametrize("horizon", [1, 30, 5000])
def test_short_and_long_horizons(horizon):
    assert_legible(plot_interval_censored(image_bounds(), steps=two_groups()[0], horizon=horizon))


def test_order_of_rows_does_not_matter():
    shuffled = image_bounds().sample(frac=1, random_state=4)
    one, other = (plot_interval_censored(table, horizon=730) for table in (image_bounds(), shuffled))
    assert sorted(thick(one)) == sorted(thick(other))
    assert sorted(boxes(one)) == sorted(boxes(other))


def test_alternative_text_says_where_the_curves_end_and_what_is_open():
    assert describe_interval_censored(image_bounds(), horizon=730, end_texts={AWAY: "3.0% by day 640."}) == (
        "Vertebrae with a new fracture by day, from fractures that images only bracket: steps, with boxes where the "
        "images leave the curve open, for Next to cement and Further away. Next to cement: between 12.0% and 16.0% by "
        "day 730; 3 boxes, the longest of 300 days. Further away: 3.0% by day 640; 2 boxes, the longest of 135 days. "
        "At the end of the curve: 3.0% by day 640."
    )
