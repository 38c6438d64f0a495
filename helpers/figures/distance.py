"""Risk by the distance to the nearest cemented vertebra, with intervals and the counts behind them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from helpers.figures import theme
from helpers.figures.inputs import is_given, need_columns, need_rows
from helpers.figures.lettering import line_height, text_height, widest, wrap, wrap_result, write
from helpers.figures.percent_axis import draw_percent_axis, ends_early, round_top

DISTANCE_COLUMNS = ("distance", "estimate", "conf_low", "conf_high", "text", "counts")
_MARGIN, _HEADING, _PLOT = 0.15, 0.36, 2.5  # inches


def plot_distance(
    risks: pd.DataFrame,
    *,
    outcome: str = "Vertebrae with a new fracture",
    distance_label: str = "Levels to the nearest cemented vertebra",
    text_heading: str,
    counts_heading: str = "Fractured / at risk",
) -> Figure:
    """Dots with whiskers on a probability axis, nearest distance first, over the written risks and counts.

    Parameters
    ----------
    risks : DataFrame
        distance ("1", "2", "3", "4 or more"), estimate, conf_low, conf_high (probabilities), text (the risk
        as written elsewhere), counts (e.g. "77 / 900"), in drawing order. An optional column group ("above",
        "below") puts several dots side by side. No estimate: nothing is drawn, the text says why.
    """
    need_columns(risks, DISTANCE_COLUMNS, figure="figure of risk by distance")
    need_rows(risks, figure="figure of risk by distance")
    table = risks.assign(
        distance=risks["distance"].astype(str), group=risks["group"].astype(str) if "group" in risks else ""
    )
    distances = list(dict.fromkeys(table["distance"]))
    groups = list(dict.fromkeys(table["group"]))
    with theme.house_style():
        styles = theme.group_styles(groups)
        headings = [wrap(text, 1.2, size=theme.SMALL) for text in (text_heading, counts_heading)]
        left = _MARGIN + max(0.6, widest(headings, size=theme.SMALL) + 0.15)
        width = theme.WIDTH - left - _MARGIN
        column = width / len(distances)
        cells = _cells(table, column - 0.08)
        labels = [wrap(name, column - 0.08, size=theme.TEXT) for name in distances]
        rows = [_row_height(cells, group, headings) for group in groups]
        named = groups != [""]
        under = sum(sum(heights) + named * line_height(theme.TEXT) + 0.06 for heights in rows) + _MARGIN
        extra = max(label.count("\n") for label in labels) * line_height(theme.TEXT)
        base = under + 0.52 + extra
        figure = theme.new_figure(theme.WIDTH, base + _PLOT + _HEADING)
        paper = theme.page(figure)
        axes = theme.axes_at(figure, left, base, width, _PLOT)
        top = _top(table)
        axes.set_xlim(-0.5, len(distances) - 0.5)
        draw_percent_axis(axes, top)
        axes.xaxis.set_major_locator(FixedLocator(range(len(distances))))
        axes.set_xticks(range(len(distances)), labels)
        axes.set_xlabel(distance_label)
        _draw_dots(axes, table, distances, styles)
        write(paper, _MARGIN, base + _PLOT + _HEADING - 0.08, outcome + ends_early(top), size=theme.TEXT)
        y = under
        for group, heights in zip(groups, rows, strict=True):
            if named:
                look = {"color": styles[group].colour, "marker": styles[group].marker, "markersize": 5.5}
                paper.plot(_MARGIN + 0.06, y - line_height(theme.TEXT) / 2, **look)
                name = group[:1].upper() + group[1:]
                write(paper, _MARGIN + 0.19, y, name, size=theme.TEXT, weight="bold", color=styles[group].ink)
                y -= line_height(theme.TEXT)
            for kind, height in enumerate(heights):
                write(paper, _MARGIN, y, headings[kind], size=theme.SMALL, color=theme.MUTED)
                for place, distance in enumerate(distances):
                    text = cells.get((group, distance), ("", ""))[kind]
                    write(paper, left + (place + 0.5) * column, y, text, size=theme.SMALL, ha="center")
                y -= height
            y -= 0.06
    return figure


def describe_distance(
    risks: pd.DataFrame,
    *,
    outcome: str = "Vertebrae with a new fracture",
    distance_label: str = "Levels to the nearest cemented vertebra",
) -> str:
    """Alternative text of `plot_distance`: every risk as it is written in the figure."""
    said = []
    for row in risks.to_dict("records"):
        group = f", {row['group']}" if is_given(row.get("group")) else ""
        said.append(f"{row['distance']}{group}: {row['text']}, {row['counts']}")
    return f"{outcome}, by {distance_label[0].lower()}{distance_label[1:]}. {'; '.join(said)}.".replace("\n", " ")


def _cells(table: pd.DataFrame, width: float) -> dict[tuple[str, str], tuple[str, str]]:
    """The two written texts of each dot, a result broken before its interval when it is too wide."""

    def fitted(value) -> str:
        return wrap_result(str(value) if is_given(value) else "", width, size=theme.SMALL)

    return {(row.group, row.distance): (fitted(row.text), fitted(row.counts)) for row in table.itertuples(index=False)}


def _row_height(cells: Mapping, group: str, headings: Sequence[str]) -> list[float]:
    """Height of the line of risks and of the line of counts."""
    return [
        max(
            text_height(text, size=theme.SMALL)
            for text in [headings[kind], *(pair[kind] for (own, _), pair in cells.items() if own == group)]
        )
        + 0.02
        for kind in (0, 1)
    ]


def _top(table: pd.DataFrame) -> float:
    values = pd.to_numeric(table[["estimate", "conf_high"]].stack(), errors="coerce").to_numpy(dtype=float)
    return round_top(np.nanmax(values, initial=0.0) * 1.02)


def _draw_dots(axes: Axes, table: pd.DataFrame, distances: Sequence[str], styles: Mapping) -> None:
    """One dot per distance and group, the groups side by side."""
    groups = list(styles)
    for row in table.itertuples(index=False):
        if not is_given(row.estimate):
            continue
        style = styles[row.group]
        x = distances.index(row.distance) + (groups.index(row.group) - (len(groups) - 1) / 2) * 0.8 / (len(groups) + 1)
        colour = style.colour if len(groups) > 1 else theme.INK
        if is_given(row.conf_low) and is_given(row.conf_high):
            axes.plot([x, x], [row.conf_low, row.conf_high], color=colour, linewidth=1.5, clip_on=False)
            axes.plot([x, x], [row.conf_low, row.conf_high], "_", color=colour, markersize=7, clip_on=False)
        axes.plot(x, row.estimate, style.marker, color=colour, markersize=6.5, clip_on=False, zorder=4)
