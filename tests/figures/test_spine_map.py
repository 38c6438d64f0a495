import pandas as pd
import pytest
from boxes import assert_legible
from figure_tables import spine_levels
from matplotlib.patches import Rectangle

from helpers.errors import WorkbookError
from helpers.figures.spine_map import FEW, describe_spine_map, plot_spine_map


def test_levels_run_down_the_page_and_the_counts_stand_beside():
    texts = assert_legible(plot_spine_map(spine_levels()))
    levels = [text for text in texts if text[0] in "TL" and text[1:].isdigit()]
    assert levels == [*(f"T{number}" for number in range(1, 13)), *(f"L{number}" for number in range(1, 6))]
    assert {"152", "12/114", "19/164", "Risk of a new fracture"} <= set(texts)  # L1


def test_t13_and_l6_only_when_they_are_in_the_table():
    extra = pd.concat([spine_levels(), spine_levels().iloc[:1].assign(level="L6")])
    assert "L6" in assert_legible(plot_spine_map(extra))
    assert "T13" not in assert_legible(plot_spine_map(extra))


@pytest.mark.parametrize("times", [0, 1, 10_000, 1_000_000])
def test_no_events_and_huge_counts(times):
    counts = spine_levels()
    counts[counts.columns[1:]] *= times
    assert_legible(plot_spine_map(counts))


def test_the_scale_ends_at_the_highest_risk_of_not_too_few():
    counts = (
        spine_levels()
        .iloc[:2]
        .assign(fractured_adjacent=[3, 5], at_risk_adjacent=[4, 40], fractured_nonadjacent=0, at_risk_nonadjacent=20)
    )
    assert "13%" in assert_legible(plot_spine_map(counts))
    assert "75%" in assert_legible(plot_spine_map(counts.iloc[:1].assign(at_risk_nonadjacent=2)))


def test_bars_further_away_are_striped_and_the_stripes_end_with_them():
    axes = plot_spine_map(spine_levels()).axes[0]
    bars = [patch.get_bbox() for patch in axes.patches if isinstance(patch, Rectangle)]
    drawn = [stripes.get_datalim(axes.transData) for stripes in axes.collections]
    counts = spine_levels()
    is_firm = (counts["fractured_nonadjacent"] > 0) & (counts["at_risk_nonadjacent"] >= FEW)
    assert len(drawn) == is_firm.sum() + 1  # and that of the key
    for own in drawn:
        inside = [bar for bar in bars if bar.x0 <= own.x0 + 1e-9 and own.x1 <= bar.x1 + 1e-9 and bar.height < 0.15]
        assert any(bar.y0 <= own.y0 + 1e-9 and own.y1 <= bar.y1 + 1e-9 for bar in inside)


def test_unknown_level_is_named():
    with pytest.raises(WorkbookError, match="but got C5"):
        plot_spine_map(spine_levels().replace({"level": {"T1": "C5"}}))


def test_alternative_text():
    counts = spine_levels().iloc[[12]]
    assert "L1: 152 treated; 12 of 114 fractured next to cement, 19 of 164 further away." in describe_spine_map(counts)
    assert describe_spine_map(counts).endswith("L2, L3, L4 and L5.")
