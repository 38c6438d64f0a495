from functools import partial

import pandas as pd
import pytest
from boxes import assert_legible
from figure_tables import LONG, distance_risks, fracture_times

from helpers.figures.distance import describe_distance, plot_distance
from helpers.figures.time_to_fracture import describe_time_to_fracture, plot_time_to_fracture

draw_distance = partial(plot_distance, text_heading="Risk (95% CI)")


def test_risks_and_counts_stand_under_their_distance():
    texts = assert_legible(draw_distance(distance_risks()))
    assert {*distance_risks()["text"], *distance_risks()["counts"], *distance_risks()["distance"]} <= set(texts)


@pytest.mark.parametrize("groups", [("above", "below"), ("a", "b", "c", "d", LONG)], ids=["two", "five"])
def test_groups_side_by_side(groups):
    risks = pd.concat([distance_risks().assign(group=group) for group in groups])
    texts = assert_legible(draw_distance(risks))
    assert texts.count("77 / 900") == len(groups)


def test_no_events_no_intervals_long_texts():
    risks = distance_risks().assign(estimate=0.0, conf_low=None, conf_high=None, text="0% (no interval: no fractures)")
    assert_legible(
        draw_distance(risks.assign(counts="0 / 123,456,789,012", distance=lambda t: t["distance"] + " x" * 9))
    )
    assert_legible(draw_distance(risks.assign(estimate=None, text="not estimable")))


def test_describe_distance():
    said = describe_distance(distance_risks().iloc[:2])
    assert said == (
        "Vertebrae with a new fracture, by levels to the nearest cemented vertebra. "
        "1: 8.1% (6.0 to 11.0), 77 / 900; 2: 3.0% (2.0 to 4.5), 27 / 900."
    )


def test_medians_ours_and_published_are_marked_where_they_are():
    times, medians, published = fracture_times()
    figure = plot_time_to_fracture(times, medians=medians, published=published, horizon=365)
    texts = assert_legible(figure)
    assert {"published 55 days", "published 127 days", "77 fractured", "109 fractured"} <= set(texts)
    at_half = [line.get_xdata()[0] for axes in figure.axes for line in axes.lines if list(line.get_ydata()) == [0.5]]
    assert at_half == list(medians["median"])


def test_says_that_it_shows_fractured_vertebrae_only():
    times, medians, _ = fracture_times()
    assert any(
        "Fractured vertebrae only" in text for text in assert_legible(plot_time_to_fracture(times, medians=medians))
    )


@pytest.mark.parametrize("rows", [0, 1, 77], ids=["none", "one", "one group"])
def test_few_fractures(rows):
    times, medians, published = fracture_times()
    gone = medians.assign(median=None, text="not estimable") if rows == 0 else medians
    assert_legible(plot_time_to_fracture(times.iloc[:rows], medians=gone, published=published))


def test_counted_days_draw_the_same_as_one_row_each():
    times, medians, _ = fracture_times()
    counted = times.groupby(["group", "days"], as_index=False).size().rename(columns={"size": "n"})
    one = describe_time_to_fracture(times, medians=medians)
    assert describe_time_to_fracture(counted, medians=medians) == one
    assert "Next to cement: 77 fractured" in one
    many = assert_legible(plot_time_to_fracture(times.assign(n=100_000), medians=medians))
    assert {"7,700,000 fractured", "10,900,000 fractured"} <= set(many)
