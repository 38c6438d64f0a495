"""What holds for every figure: legible text, the same bytes each time, no warning, nothing left changed."""

import io
import subprocess
import sys
from functools import partial

import matplotlib as mpl
import numpy as np
import pytest
from boxes import assert_legible
from figure_tables import (
    cohorts_without_effect,
    distance_risks,
    five_groups,
    flow_steps,
    forest_rows,
    fracture_times,
    growing_errors,
    hazard_windows,
    image_bounds,
    simulated_coverage,
    specifications,
    spine_levels,
    survey_fit,
    two_groups,
)
from matplotlib.figure import Figure
from matplotlib.image import imread

from helpers.errors import WorkbookError
from helpers.figures.bias import plot_bias
from helpers.figures.coverage import plot_coverage
from helpers.figures.distance import plot_distance
from helpers.figures.flow import plot_flow
from helpers.figures.forest import plot_forest
from helpers.figures.hazard_by_window import plot_hazard_by_window
from helpers.figures.interval_censored import plot_interval_censored
from helpers.figures.kaplan_meier import plot_curves
from helpers.figures.no_effect import plot_no_effect
from helpers.figures.specification_curve import plot_specification_curve
from helpers.figures.spine_map import plot_spine_map
from helpers.figures.survey_fit import plot_survey_fit
from helpers.figures.theme import house_style, png_bytes, svg_bytes
from helpers.figures.time_to_fracture import plot_time_to_fracture

draw_forest = partial(plot_forest, measure="Ratio of risks", text_heading="Ratio (95% CI)")
draw_specifications = partial(plot_specification_curve, published=4.62, measure="Next to cement against further away")
draw_distance = partial(plot_distance, text_heading="Risk (95% CI)")


def curves(tables):
    steps, counts, censored = tables
    return plot_curves(steps, counts=counts, censored=censored, horizon=730)


def times():
    days, medians, published = fracture_times()
    return plot_time_to_fracture(days, medians=medians, published=published, horizon=730)


def no_effect(*, is_ratio):
    headings = {"axis_label": "Risk ratio (log scale)", "row_heading": "Strength of clustering", "is_ratio": is_ratio}
    if is_ratio:
        headings["text_heading"] = "Cohorts with the\npublished ratio\nor more"
    panels = ("",) if is_ratio else ("Next to cement", "Further away")
    draws, rows, marks = cohorts_without_effect(panels, is_ratio=is_ratio)
    return plot_no_effect(draws, rows=rows, marks=marks, **headings)


def draw_no_effect(draws, rows=None, marks=None):
    return plot_no_effect(draws, rows=rows, marks=marks, axis_label="Risk ratio", row_heading="Strength")


draw_fit = partial(
    plot_survey_fit, outcome="Vertebrae fractured", distance_label="Levels", band="simulated surveys", observed="survey"
)

FIGURES = {
    "curves, two groups": lambda: curves(two_groups()),
    "curves, five groups": lambda: curves(five_groups()),
    "forest": lambda: draw_forest(forest_rows(), reference_lines={4.62: "published 4.62", 3.06: "no cement"}),
    "flow": lambda: plot_flow(flow_steps()),
    "spine": lambda: plot_spine_map(spine_levels()),
    "distance": lambda: draw_distance(distance_risks()),
    "times": times,
    "windows": lambda: plot_hazard_by_window(hazard_windows(), horizon=730),
    "coverage": lambda: plot_coverage(simulated_coverage(), band=(0.935, 0.965)),
    "errors": lambda: plot_bias(
        growing_errors(), x_label="Share", y_label="Ratio", references={"published 4.62": 4.62}
    ),
    "specifications, 2": lambda: draw_specifications(specifications(2)),
    "specifications, 3,000": lambda: draw_specifications(specifications(3000)),
    "interval-censored": lambda: plot_interval_censored(image_bounds(), steps=two_groups()[0], horizon=730),
    "no effect, ratios": lambda: no_effect(is_ratio=True),
    "no effect, medians": lambda: no_effect(is_ratio=False),
    "survey fit": lambda: draw_fit(survey_fit()),
}


@pytest.fixture(params=FIGURES, ids=str)
def draw(request):
    return FIGURES[request.param]


def test_text_neither_overlaps_nor_leaves_the_canvas(draw):
    assert assert_legible(draw())


def test_drawn_twice_gives_the_same_bytes(draw):
    one, other = draw(), draw()
    assert svg_bytes(one) == svg_bytes(other) == svg_bytes(one)
    assert png_bytes(one, dpi=80) == png_bytes(other, dpi=80)


def test_png_holds_the_pixels_that_matplotlib_draws(draw):
    figure, theirs = draw(), io.BytesIO()
    ours = io.BytesIO(png_bytes(figure, dpi=90))
    with house_style():
        figure.savefig(theirs, format="png", dpi=90)
    theirs.seek(0)
    ours, theirs = imread(ours), imread(theirs)
    assert (theirs[..., 3] == 1).all()
    np.testing.assert_array_equal(ours, theirs[..., :3])
    assert ours.shape[2] == 3


def test_svg_carries_no_date_and_no_outside_font(draw):
    svg = svg_bytes(draw()).decode()
    assert "dc:date" not in svg
    assert "<text" not in svg


def test_drawing_leaves_matplotlib_as_it_was(draw):
    before = dict(mpl.rcParams)
    png_bytes(draw(), dpi=50)
    assert dict(mpl.rcParams) == before


def test_looks_the_same_whatever_the_reader_has_set(draw):
    plain = svg_bytes(draw())
    with mpl.rc_context({"font.size": 30, "font.family": "serif", "axes.grid": True, "lines.linewidth": 9}):
        assert svg_bytes(draw()) == plain


def test_fits_a_page(draw):
    width, height = draw().get_size_inches()
    assert width <= 7.3
    assert height <= 10


def test_importing_the_figures_changes_nothing_and_loads_no_backend():
    code = (
        "import sys, matplotlib as mpl; before = dict(mpl.rcParams)\n"
        "from helpers.figures import coverage, distance, flow, forest, hazard_by_window, interval_censored\n"
        "from helpers.figures import kaplan_meier, no_effect, specification_curve, spine_map, survey_fit\n"
        "from helpers.figures import bias, time_to_fracture\n"
        "changed = [key for key in before if before[key] != mpl.rcParams[key] and key != 'backend']\n"
        "assert not changed, changed\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("draw_with", "column"),
    [
        (lambda table: draw_forest(table), "label"),
        (lambda table: plot_flow(table), "patients_removed"),
        (lambda table: plot_spine_map(table), "treated"),
        (lambda table: draw_distance(table), "distance"),
        (lambda table: plot_hazard_by_window(table, horizon=730), "window"),
        (lambda table: plot_coverage(table, band=(0.935, 0.965)), "coverage"),
        (lambda table: plot_interval_censored(table, horizon=730), "through"),
        (lambda table: draw_no_effect(table), "value"),
        (lambda table: draw_fit(table), "average"),
        (lambda table: draw_specifications(table), "is_reference"),
    ],
)
def test_a_missing_column_is_named(draw_with, column):
    with pytest.raises(WorkbookError, match=f"its table lacks .*{column}"):
        draw_with(spine_levels()[["level"]])


@pytest.mark.parametrize(
    "draw_with",
    [
        lambda: plot_hazard_by_window(hazard_windows().iloc[:0], horizon=730),
        lambda: plot_coverage(simulated_coverage().iloc[:0], band=(0.935, 0.965)),
        lambda: plot_interval_censored(image_bounds().iloc[:0], horizon=730),
        lambda: draw_no_effect(*(table.iloc[:0] for table in cohorts_without_effect())),
        lambda: draw_fit(survey_fit().iloc[:0]),
        lambda: draw_specifications(specifications(3).iloc[:0]),
    ],
    ids=["windows", "coverage", "interval-censored", "no effect", "survey fit", "specifications"],
)
def test_an_empty_table_has_nothing_to_draw(draw_with):
    with pytest.raises(WorkbookError, match="nothing to draw: its table has no rows"):
        draw_with()


def test_the_overlap_check_can_fail():
    figure = Figure(figsize=(2, 1))
    figure.text(0.4, 0.5, "one")
    figure.text(0.42, 0.5, "other")
    with pytest.raises(AssertionError, match="overlap"):
        assert_legible(figure)
    outside = Figure(figsize=(2, 1))
    outside.text(0.9, 0.5, "off the page")
    with pytest.raises(AssertionError, match="leaves the canvas"):
        assert_legible(outside)
