import numpy as np
import pandas as pd
import pytest
from boxes import assert_legible
from figure_tables import LONG, hazard_windows
from matplotlib.patches import Rectangle

from helpers.figures import theme
from helpers.figures.hazard_by_window import describe_hazard_by_window, plot_hazard_by_window
from helpers.figures.log_axis import upright_ratio_ticks


def main_axes(figure):
    return next(axes for axes in figure.axes if axes.get_yscale() == "log")


def bars(figure):
    """Days and ratio of each bar."""
    lines = [line for line in main_axes(figure).lines if line.get_color() == theme.INK and len(line.get_xdata()) == 2]
    return [(*map(float, line.get_xdata()), float(line.get_ydata()[0])) for line in lines]


def bands(figure):
    """Days and limits of each band."""
    boxes = [patch for patch in main_axes(figure).patches if isinstance(patch, Rectangle)]
    return [(*box.get_bbox().intervalx, *box.get_bbox().intervaly) for box in boxes]


def arrows(figure, kind):
    return [line for line in main_axes(figure).lines if line.get_marker() == kind]


def test_bars_lie_over_their_days_at_their_ratio_in_their_interval():
    figure = plot_hazard_by_window(hazard_windows().iloc[[1, 3]], horizon=730)
    assert np.array(bars(figure)) == pytest.approx(np.array([[7, 90, 9.33], [365, 730, 1.98]]), abs=4)
    assert [bar[2] for bar in bars(figure)] == [9.33, 1.98]
    assert [band[2:] for band in bands(figure)] == [(6.15, 14.2), (0.65, 6.05)]
    assert [bar[:2] for bar in bars(figure)] == [band[:2] for band in bands(figure)]


def test_windows_do_not_touch():
    first, second = bars(plot_hazard_by_window(hazard_windows().iloc[:2], horizon=730))
    assert first[1] < 7 < second[0]


def test_only_the_open_window_ends_in_an_arrow_and_at_the_horizon():
    figure = plot_hazard_by_window(hazard_windows(), horizon=600)
    (arrow,) = arrows(figure, ">")
    assert arrow.get_xdata()[0] == pytest.approx(600, abs=3)
    assert not arrows(plot_hazard_by_window(hazard_windows().iloc[:2], horizon=90), ">")


def test_a_window_without_an_estimate_is_empty_and_says_so():
    figure = plot_hazard_by_window(hazard_windows().iloc[[2]], horizon=730)
    assert bars(figure) == bands(figure) == []
    texts = " ".join(assert_legible(figure))
    assert "not estimable" in texts
    assert "Days 90 to 365: no exposed vertebra had an event." in texts
    assert "goes on after" not in texts


def test_far_and_missing_limits_end_in_arrows_and_none_draws_no_band():
    rows = hazard_windows()
    assert arrows(plot_hazard_by_window(rows.iloc[[0]], horizon=730), "^")
    open_below = rows.iloc[[1]].assign(conf_low=np.nan)
    assert arrows(plot_hazard_by_window(open_below, horizon=730), "v")
    assert bands(plot_hazard_by_window(open_below.assign(conf_high=np.nan), horizon=730)) == []
    plain = plot_hazard_by_window(rows.iloc[[1]], horizon=730)
    assert not arrows(plain, "^")
    assert not arrows(plain, "v")
    assert any("beyond the axis" in text for text in assert_legible(plot_hazard_by_window(open_below, horizon=730)))
    assert not any("beyond the axis" in text for text in assert_legible(plain))


def test_a_ratio_of_zero_is_an_arrow_at_the_bottom():
    figure = plot_hazard_by_window(hazard_windows().iloc[[1]].assign(estimate=0.0, conf_low=0.0), horizon=730)
    bottom = main_axes(figure).get_ylim()[0]
    assert {float(arrow.get_ydata()[0]) for arrow in arrows(figure, "v")} == {bottom}


def test_every_result_stands_above_the_plot():
    rows = hazard_windows()
    texts = " ".join(assert_legible(plot_hazard_by_window(rows, horizon=730)))
    for text in [*rows["text"], "After day 365", "88 fractures", "1 fracture", "19 fractures"]:
        assert text in texts


@pytest.mark.parametrize("n", [1, 5, 9])
def test_many_windows_long_names_huge_ratios(n):
    starts = np.array([0, 7, 14, 30, 90, 180, 365, 545, 700])[:n]
    rows = pd.DataFrame(
        {
            "window": [f"{LONG} {place}" for place in range(n)],
            "start": starts,
            "end": [*starts[1:], None],
            "estimate": [1e-6, 1e6, 1, 3, None, 2, 2, 2, 2][:n],
            "conf_low": None,
            "conf_high": [None, 1e9, 1.1, None, None, 3, 4, 5, 6][:n],
            "text": "123,456.78 (0.00012 to 9,999,999.99)",
            "n_events": [None, *[1_234_567] * (n - 1)],
            "note": [LONG, *[None] * (n - 1)],
        }
    )
    assert_legible(plot_hazard_by_window(rows, horizon=730))
    assert_legible(plot_hazard_by_window(rows, horizon=300, directions=None))


def test_windows_that_begin_after_the_horizon_stretch_the_axis():
    figure = plot_hazard_by_window(hazard_windows(), horizon=300)
    assert main_axes(figure).get_xlim()[1] > 365
    assert len(bars(figure)) == 3


def test_alternative_text_reads_every_window():
    assert describe_hazard_by_window(hazard_windows().iloc[1:]) == (
        "Hazard ratio, next to cement against further away, on a log axis with a line at 1, by days since "
        "vertebroplasty. Days 7 to 90: 9.33 (6.15 to 14.2), 88 fractures; Days 90 to 365: not estimable "
        "(no exposed vertebra had an event), 1 fracture; After day 365: 1.98 (0.65 to 6.05), 19 fractures."
    )


@pytest.mark.parametrize("limits", [(0.71, 1.4), (0.5, 16), (0.7, 90), (1e-4, 1e5), (1e-9, 1e12)])
def test_upright_ticks_are_apart_and_include_one(limits):
    ticks = upright_ratio_ticks(limits, height=2.6)
    places = np.log(ticks) / np.log(limits[1] / limits[0]) * 2.6
    assert 1 in ticks
    assert len(ticks) > 2
    assert (np.diff(places) > 0.2).all()
