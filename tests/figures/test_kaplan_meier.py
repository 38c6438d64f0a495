import numpy as np
import pandas as pd
import pytest
from boxes import assert_legible
from figure_tables import AWAY, LONG, NEXT, TICKS, curve_tables, five_groups, follow_up, two_groups

from helpers.errors import WorkbookError
from helpers.figures.kaplan_meier import day_ticks, describe_curves, plot_curves


@pytest.mark.parametrize(
    ("horizon", "days"),
    [
        (10, [0, 2, 4, 6, 8, 10]),
        (180, [0, 30, 60, 90, 120, 150, 180]),
        (365, [0, 90, 180, 270, 365]),
        (730, [0, 90, 180, 365, 545, 730]),
        (1825, [0, 365, 730, 1095, 1460, 1825]),
        (7300, [0, 1460, 2920, 4380, 5840, 7300]),
    ],
)
def test_ticks_are_days_that_people_count_in(horizon, days):
    assert day_ticks(horizon) == days


def test_table_shows_the_counts_under_the_days():
    steps, counts, censored = two_groups()
    texts = assert_legible(plot_curves(steps, counts=counts, censored=censored, horizon=730))
    assert {"0", "90", "180", "365", "545", "730"} <= set(texts)
    for value in counts[["at_risk", "events", "censored"]].to_numpy().ravel():
        assert f"{value:,}" in texts
    assert texts.count("At risk") == texts.count("Fractured") == texts.count("Censored") == 2


def test_incidence_axis_fits_the_data_and_says_so():
    steps, counts, _ = two_groups()
    figure = plot_curves(steps, counts=counts, horizon=730)
    top = max(axes.get_ylim()[1] for axes in figure.axes if axes.get_ylabel() == "" and axes.get_xlabel())
    assert steps["estimate"].max() < top < 0.3
    assert any(f"axis ends at {100 * top:g}%, not at 100%" in text for text in assert_legible(figure))


def test_survival_axis_runs_from_0_to_100():
    steps, counts, _ = two_groups()
    columns = ["estimate", "conf_low", "conf_high"]
    steps[columns] = 1 - steps[["estimate", "conf_high", "conf_low"]].to_numpy()
    texts = assert_legible(plot_curves(steps, counts=counts, kind="survival"))
    assert {"0%", "100%"} <= set(texts)
    assert not any("axis ends" in text for text in texts)


def test_pale_where_few_are_at_risk_and_says_so():
    groups = {NEXT: follow_up(size=900, risk=0.3, seed=1, horizon=1800)}
    steps, counts, censored = curve_tables(groups, ticks=day_ticks(1800))
    figure = plot_curves(steps, counts=counts, censored=censored, horizon=1800)
    few = counts.loc[counts["at_risk"] < 90, "time"].min()
    pale = [line for axes in figure.axes for line in axes.lines if line.get_alpha() == 0.45]
    assert pale[0].get_xdata()[0] == few
    assert any("fewer than 10%" in text for text in assert_legible(figure))


def test_long_labels_and_results_at_the_ends_of_the_curves():
    steps, counts, _ = five_groups()
    results = dict.fromkeys(counts["group"].unique(), "8.1% (95% CI 5.9 to 11.0) by day 730")
    texts = assert_legible(plot_curves(steps, counts=counts, end_texts=results))
    assert LONG in texts  # whole in the table, broken over lines beside the curve


@pytest.mark.parametrize(
    "groups",
    [
        {NEXT: (np.array([40.0]), np.array([True]))},
        {NEXT: (np.array([0.0]), np.array([False]))},
        {NEXT: follow_up(size=90, risk=0, seed=1), AWAY: follow_up(size=300, risk=0, seed=2)},
        {
            NEXT: follow_up(size=900_000, risk=0.0001, seed=1),
            AWAY: follow_up(size=2_000_000, risk=2e-5, seed=2),
        },
        {NEXT: follow_up(size=50, risk=0.999, seed=1)},
    ],
    ids=["one patient", "followed 0 days", "no events", "huge and rare", "nearly all"],
)
def test_edges(groups):
    steps, counts, censored = curve_tables(groups, ticks=TICKS)
    assert_legible(plot_curves(steps, counts=counts, censored=censored))


def test_huge_counts_drop_days_rather_than_overlap():
    steps, counts, _ = two_groups()
    counts[["at_risk", "events", "censored"]] *= 1_234_567
    texts = assert_legible(plot_curves(steps, counts=counts))
    assert "0" in texts
    assert "730" in texts
    assert "90" not in texts


def test_suppressed_counts_and_missing_limits_are_drawn_as_they_are():
    steps, counts, _ = two_groups()
    steps[["conf_low", "conf_high"]] = np.nan
    counts["events"] = counts["events"].map(lambda count: "<8" if count < 8 else f"{count:,}")
    assert "<8" in assert_legible(plot_curves(steps, counts=counts))


def test_nullable_types_are_welcome():
    steps, counts, _ = two_groups()
    steps = steps.astype({"conf_low": "Float64", "conf_high": "Float64", "group": "category"})
    counts = counts.astype({"events": "Int64", "group": "category"})
    assert_legible(plot_curves(steps, counts=counts))


def test_unknown_kind_is_refused():
    steps, counts, _ = two_groups()
    with pytest.raises(WorkbookError, match='"incidence" or "survival"'):
        plot_curves(steps, counts=counts, kind="hazard")
    with pytest.raises(WorkbookError, match="nothing to draw"):
        plot_curves(steps.iloc[:0], counts=counts)


def test_alternative_text_reads_the_numbers():
    counts = pd.DataFrame(
        [(NEXT, 0, 900, 0), (NEXT, 730, 191, 47), (AWAY, 0, 6100, 0), (AWAY, 730, 1405, 66)],
        columns=["group", "time", "at_risk", "events"],
    )
    assert describe_curves(counts, end_texts={NEXT: "8.1% (5.9 to 11.0)"}) == (
        "Cumulative incidence curves with confidence bands for Next to cement and Further away, "
        "with the counts below. Next to cement: 900 vertebrae at risk on day 0; "
        "by day 730, 47 fractured and 191 still at risk. "
        "At the end of the curve: 8.1% (5.9 to 11.0). "
        "Further away: 6,100 vertebrae at risk on day 0; by day 730, 66 fractured and 1,405 still at risk."
    )
