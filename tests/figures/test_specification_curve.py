"""The specification curve shows every specification, its interval and its choices, at any number of them."""

import numpy as np
import pandas as pd
import pytest
from boxes import assert_legible, drawn_texts
from figure_tables import specifications

from helpers.errors import WorkbookError
from helpers.figures.specification_curve import (
    MOST_MARKS,
    describe_specification_curve,
    plot_specification_curve,
)
from helpers.figures.theme import svg_bytes

MEASURE = {"measure": "Next to cement against further away"}


def axes_of(figure):
    """The curve and the choices below it."""
    return [axes for axes in figure.axes if axes.axison]


@pytest.mark.parametrize("size", [1, 2, 60, MOST_MARKS, MOST_MARKS + 1, 3000])
def test_legible_at_every_size(size):
    texts = assert_legible(plot_specification_curve(specifications(size), published=4.62, **MEASURE))
    assert "published 4.62" in texts
    assert any(text.startswith("reference specification ") for text in texts)
    assert f"{size:,}" in texts


def test_estimates_are_drawn_by_size_with_their_intervals():
    rows = specifications(40)
    curve, _ = axes_of(plot_specification_curve(rows, **MEASURE))
    points = next(line for line in curve.lines if len(line.get_xdata()) == 40)
    np.testing.assert_allclose(points.get_ydata(), np.sort(rows["estimate"]))
    segments = np.array(curve.collections[0].get_segments())
    in_order = rows.sort_values("estimate")
    np.testing.assert_allclose(segments[:, 0, 1], in_order["conf_low"].clip(*curve.get_ylim()))
    np.testing.assert_allclose(segments[:, 1, 1], in_order["conf_high"].clip(*curve.get_ylim()))


def test_a_mark_stands_where_a_specification_has_the_value():
    rows = specifications(10).sort_values("estimate", ignore_index=True)
    _, below = axes_of(plot_specification_curve(rows, **MEASURE))
    (patch,) = below.patches
    marks = patch.get_path().vertices.reshape(-1, 5, 2)
    assert len(marks) == 10 * 2
    heights = sorted({round(mark[0, 1], 6) for mark in marks}, reverse=True)
    assert len(heights) == rows["Levels"].nunique() + rows["Estimator"].nunique()
    top = [round(float(mark[:4, 0].mean())) for mark in marks if round(mark[0, 1], 6) == heights[0]]
    assert top == (np.flatnonzero(rows["Levels"] == rows["Levels"].cat.categories[0]) + 1).tolist()


def test_of_many_the_shade_is_the_share():
    """A value that the lower half has, and nobody in the upper half."""
    n = 1000
    rows = pd.DataFrame({"is_reference": False, "estimate": np.linspace(1, 5, n)})
    rows["conf_low"], rows["conf_high"] = rows["estimate"] * 0.8, rows["estimate"] * 1.2
    rows["Choice"] = pd.Categorical(np.where(np.arange(n) < n // 2, "low", "high"), categories=["low", "high"])
    _, below = axes_of(plot_specification_curve(rows, **MEASURE))
    (patch,) = below.patches  # one shade: all or none
    low, high = patch.get_path().vertices.reshape(-1, 5, 2)
    assert (low[:, 0].min(), low[:, 0].max()) == (0.5, n / 2 + 0.5)
    assert (high[:, 0].min(), high[:, 0].max()) == (n / 2 + 0.5, n + 0.5)


def test_the_studys_own_choices_are_bold():
    rows = specifications(60)
    own = rows[rows["is_reference"]].iloc[0]
    figure = plot_specification_curve(rows, **MEASURE)
    bold = {name for name, _, text in drawn_texts(figure) if text.get_weight() == "bold"}
    assert {own["Levels"], own["Estimator"]} <= bold
    assert not (set(rows["Levels"].cat.categories) - {own["Levels"]}) & bold


def test_specifications_without_a_ratio_are_counted_only():
    rows = specifications(30)
    rows.loc[:4, ["estimate", "conf_low", "conf_high"]] = np.nan
    texts = " ".join(assert_legible(plot_specification_curve(rows, **MEASURE)))
    assert "5 of 30 specifications have no ratio to draw." in texts
    texts = " ".join(assert_legible(plot_specification_curve(rows.iloc[4:], **MEASURE)))
    assert "1 of 26 specifications has no ratio to draw." in texts
    texts = " ".join(assert_legible(plot_specification_curve(rows.iloc[:5], **MEASURE)))
    assert texts == "Not one of 5 specifications has a ratio to draw."
    assert describe_specification_curve(rows.iloc[:5], **MEASURE).endswith(texts)
    with pytest.raises(WorkbookError, match="nothing to draw"):
        plot_specification_curve(rows.iloc[:0], **MEASURE)


def test_thousands_stay_a_small_picture():
    assert len(svg_bytes(plot_specification_curve(specifications(3000), published=4.62, **MEASURE))) < 700_000


def test_the_text_alternative_tells_the_numbers():
    rows = pd.DataFrame(
        {
            "is_reference": [True, False, False, False],
            "estimate": [2.0, 0.5, 8.0, np.nan],
            "conf_low": [1.1, 0.2, 3.0, np.nan],
            "conf_high": [3.6, 1.2, 20.0, np.nan],
            "Levels": pd.Categorical(["a", "b", "a", "b"]),
        }
    )
    assert describe_specification_curve(rows, published=4.62, measure="Near against far") == (
        "Specification curve, Near against far: 3 ratios sorted by size from 0.50 to 8.00, median 2.00. "
        "67% lie above 1, and 67% have an interval above 1. 33% lie above the published 4.62. "
        "The reference specification gives 2.00, number 2 of 3. Below, the choices behind each: Levels."
    )
