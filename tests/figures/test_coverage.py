import numpy as np
import pytest
from boxes import assert_legible
from figure_tables import LONG, SCENARIOS, simulated_coverage

from helpers.cohort.interval_coverage import read_coverage
from helpers.figures import theme
from helpers.figures.coverage import describe_coverage, plot_coverage

BAND = (0.935, 0.965)


def panels(figure):
    return [axes for axes in figure.axes if axes.get_xlim() == (0.8, 1.0)]


def dots(axes, marker="o"):
    return [line for line in axes.lines if line.get_marker() == marker]


def one_panel(**values):
    table = simulated_coverage(scenarios=("small",)).iloc[[0, 1]]
    return table.assign(**{"coverage": [0.94, 0.97], "no_interval": 0.0} | values)


def test_one_panel_per_scenario_with_every_dot_where_it_belongs():
    table = simulated_coverage()
    figure = plot_coverage(table, band=BAND)
    assert len(panels(figure)) == len(SCENARIOS)
    for axes, (_, rows) in zip(panels(figure), table.groupby("scenario", sort=False), strict=True):
        drawn = sorted(float(dot.get_xdata()[0]) for dot in dots(axes))
        assert drawn == sorted(rows["coverage"][rows["coverage"] >= 0.8])


def test_dots_of_a_method_lie_on_one_line_in_every_panel():
    figure = plot_coverage(simulated_coverage().assign(coverage=0.95), band=BAND)
    heights = [[float(dot.get_ydata()[0]) for dot in dots(axes)] for axes in panels(figure)]
    assert heights == heights[:1] * len(SCENARIOS)
    assert heights[0] == sorted(heights[0], reverse=True)


def test_default_methods_are_filled_and_others_hollow():
    (axes,) = panels(plot_coverage(one_panel(), band=BAND))
    assert [dot.get_markerfacecolor() for dot in dots(axes)] == [theme.INK, theme.PAPER]


def test_below_the_axis_is_an_arrow_at_the_edge_with_its_number():
    figure = plot_coverage(one_panel(coverage=[0.7123, 0.8]), band=BAND)
    (axes,) = panels(figure)
    assert [float(arrow.get_xdata()[0]) for arrow in dots(axes, "<")] == [0.8]
    assert [float(dot.get_xdata()[0]) for dot in dots(axes)] == [0.8]
    texts = assert_legible(figure)
    assert "71.2" in texts
    assert any("◀ less than 80%" in text for text in texts)


def test_cohorts_without_an_interval_are_told_from_one_per_cent_on():
    texts = assert_legible(plot_coverage(one_panel(no_interval=[0.51, 0.009]), band=BAND))
    assert [text for text in texts if text.startswith("∅ ") and len(text) < 6] == ["∅ 51"]
    assert any("∅ per cent of the cohorts" in text for text in texts)
    assert not any("∅" in text for text in assert_legible(plot_coverage(one_panel(), band=BAND)))


def test_without_any_interval_there_is_no_dot():
    figure = plot_coverage(one_panel(coverage=np.nan, no_interval=1.0), band=BAND)
    (axes,) = panels(figure)
    assert dots(axes) == dots(axes, "<") == []
    assert assert_legible(figure).count("∅ 100") == 2


def test_a_method_that_a_scenario_lacks_has_a_line_but_no_dot():
    table = simulated_coverage(scenarios=("small", "rare events")).iloc[:-1]
    first, second = panels(plot_coverage(table.assign(coverage=0.95), band=BAND))
    assert len(dots(first)) == len(dots(second)) + 1


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_any_number_of_scenarios_with_long_names(n):
    table = simulated_coverage(scenarios=[f"{LONG} {place}" for place in range(n)], targets=7, most_methods=2)
    assert_legible(plot_coverage(table, band=BAND))
    longer = table.assign(target=LONG + " of " + table["target"], method=LONG, cohorts=range(1000, 1000 + len(table)))
    assert_legible(plot_coverage(longer.drop(columns="patients").drop_duplicates(["scenario", "target"]), band=BAND))


def test_six_scenarios_and_26_methods_fit_a_portrait_page():
    figure = plot_coverage(simulated_coverage(targets=16), band=BAND)
    texts = assert_legible(figure)
    assert len(dots(panels(figure)[4])) == 26
    assert figure.get_size_inches()[1] < 9.7
    assert texts.count("95") == 6


def test_the_table_of_the_report_fits_a_page_with_every_method_on_it():
    table = read_coverage()
    figure = plot_coverage(table, band=BAND)
    assert_legible(figure)
    assert figure.get_size_inches()[1] < 10
    methods = table[["target", "method"]].drop_duplicates()
    assert len(dots(panels(figure)[0])) == len(methods) > 30


def test_an_only_method_shares_the_line_of_what_it_estimates():
    table = one_panel().assign(target="risk ratio", method=["naive", "clustered"])
    assert {"Risk ratio", "naive", "clustered"} <= set(assert_legible(plot_coverage(table, band=BAND)))
    assert "Risk ratio (naive)" in assert_legible(plot_coverage(table.iloc[:1], band=BAND))


def test_alternative_text_gives_ranges_and_the_furthest():
    table = one_panel(coverage=[0.91, 0.97], no_interval=[0.51, 0.0]).assign(
        target="hazard ratio", method=["Cox", "naive"]
    )
    assert describe_coverage(table, band=BAND) == (
        "How often 95% intervals held the truth in simulated cohorts, by scenario and method; 93.5% to 96.5% is "
        "shaded. Small: methods that the workbook uses 91.0% to 91.0%, no interval in up to 51.0%; 1 of these 1 "
        "outside the shaded band, furthest hazard ratio (Cox) with 91.0% and no interval in 51.0%; "
        "other methods 97.0% to 97.0%."
    )
    none = describe_coverage(one_panel(coverage=np.nan, no_interval=1.0), band=BAND)
    assert "methods that the workbook uses without any interval; other methods without any interval." in none
