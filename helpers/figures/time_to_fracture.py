"""When fractures came, among the vertebrae that fractured: the comparison that the published medians make."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.figures import theme
from helpers.figures.day_axis import draw_day_axis
from helpers.figures.inputs import is_given, need_columns, number_text
from helpers.figures.kaplan_meier import day_ticks
from helpers.figures.lettering import line_height, spread, text_height, text_width, wrap, write

TIME_COLUMNS = ("group", "days")
MEDIAN_COLUMNS = ("group", "median", "text")
_MARGIN, _LABELS, _PLOT, _STRIP, _HEADING = 0.15, 1.75, 2.2, 0.42, 0.36  # inches
_BINS = 120
_WARNING = "Fractured vertebrae only: how soon, not how often. Vertebrae that did not fracture are left out."


def plot_time_to_fracture(
    times: pd.DataFrame,
    *,
    medians: pd.DataFrame,
    published: pd.DataFrame | None = None,
    horizon: float | None = None,
    time_label: str = "Days from vertebroplasty to the new fracture",
) -> Figure:
    """Share fractured by each day with the medians marked, over the days themselves for each group.

    Parameters
    ----------
    times : DataFrame
        group, days: one row per fractured vertebra, or one per group and day with how many in a column n.
    medians : DataFrame
        group, median (days, may be absent), text (e.g. "median 55 days"): a row per group, in drawing order.
    published : DataFrame, optional
        group, median, text of published medians, drawn as labelled marks above the curves.
    horizon : float, optional
        Last day drawn; by default the last fracture.
    """
    need_columns(times, TIME_COLUMNS, figure="figure of times to fracture")
    need_columns(medians, MEDIAN_COLUMNS, figure="figure of times to fracture")
    groups = list(dict.fromkeys([*medians["group"].astype(str), *times["group"].astype(str)]))
    marks = pd.DataFrame(columns=list(MEDIAN_COLUMNS)) if published is None else published
    last = np.array([*times["days"].nlargest(1), *marks["median"], 14], dtype=float)
    end = float(horizon or np.nanmax(last) * 1.02)
    with theme.house_style():
        styles = theme.group_styles(groups)
        left = 0.62
        width = theme.WIDTH - left - _LABELS
        note = wrap(_WARNING, theme.WIDTH - 2 * _MARGIN, size=theme.SMALL)
        strips = 0.54 + text_height(note, size=theme.SMALL) + _MARGIN
        base = strips + _STRIP * len(groups) + 0.1
        head = _HEADING + (0.42 if len(marks) else 0)
        figure = theme.new_figure(theme.WIDTH, base + _PLOT + head)
        paper = theme.page(figure)
        axes = theme.axes_at(figure, left, base, width, _PLOT)
        strip = theme.axes_at(figure, left, strips, width, _STRIP * len(groups))
        _dress(axes, strip, end, len(groups), time_label, width)
        written = dict(zip(medians["group"].astype(str), medians.to_dict("records"), strict=True))
        bins = [_days_and_counts(times, group) for group in groups]
        tallest = max((_per_bin(days, counts, end).max(initial=0) for days, counts in bins), default=0)
        for place, (group, (days, counts)) in enumerate(zip(groups, bins, strict=True)):
            style = styles[group]
            _draw_share(axes, days, counts, end, style)
            _draw_strip(strip, _per_bin(days, counts, end), len(groups) - 1 - place, tallest, end, style)
            row = written.get(group, {})
            _draw_median(axes, strip, row.get("median"), len(groups) - 1 - place, end, style)
            edge = strips + _STRIP * (len(groups) - place) - 0.04
            _draw_label(paper, left + width + 0.12, edge, group, counts, row.get("text"), style)
        write(paper, _MARGIN, base + _PLOT + head - 0.08, "Share of the fractured vertebrae", size=theme.TEXT)
        _draw_published(paper, marks, (left, width), base + _PLOT, end, styles)
        write(
            paper,
            _MARGIN,
            _MARGIN + text_height(note, size=theme.SMALL),
            note,
            size=theme.SMALL,
            color=theme.MUTED,
        )
    return figure


def describe_time_to_fracture(
    times: pd.DataFrame, *, medians: pd.DataFrame, published: pd.DataFrame | None = None
) -> str:
    """Alternative text of `plot_time_to_fracture`: how many fractured, and the written medians."""
    said = ["Days to fracture among the vertebrae that fractured."]
    for row in medians.to_dict("records"):
        count = _days_and_counts(times, str(row["group"]))[1].sum()
        said.append(f"{row['group']}: {number_text(count)} fractured, {row['text']}.")
    for row in [] if published is None else published.to_dict("records"):
        said.append(f"Published, {row['group']}: {row['text']}.")
    return " ".join(said)


def _days_and_counts(times: pd.DataFrame, group: str) -> tuple[np.ndarray, np.ndarray]:
    """The days on which this group's vertebrae fractured, and how many on each."""
    rows = times[times["group"].astype(str) == group]
    counts = rows["n"].to_numpy(dtype=int) if "n" in rows else np.ones(len(rows), dtype=int)
    days, place = np.unique(rows["days"].to_numpy(dtype=float), return_inverse=True)
    return days, np.bincount(place, weights=counts, minlength=len(days)).astype(int)


def _per_bin(days: np.ndarray, counts: np.ndarray, end: float) -> np.ndarray:
    inside = days <= end
    place = np.minimum((days[inside] / end * _BINS).astype(int), _BINS - 1)
    return np.bincount(place, weights=counts[inside], minlength=_BINS)


def _dress(axes: Axes, strip: Axes, end: float, n_groups: int, time_label: str, width: float) -> None:
    axes.set_ylim(0, 1)
    strip.set_ylim(0, n_groups)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    for one in (axes, strip):
        draw_day_axis(one, day_ticks(end), end=end, width=width)
    axes.tick_params(axis="x", labelbottom=False)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    strip.yaxis.set_visible(False)
    strip.spines["left"].set_visible(False)
    strip.set_xlabel(time_label)


def _draw_share(axes: Axes, days: np.ndarray, counts: np.ndarray, end: float, style: theme.GroupStyle) -> None:
    if not len(days):
        return
    share = np.concatenate([[0], np.cumsum(counts) / counts.sum()])
    stop = max(end, days[-1])
    steps = {"drawstyle": "steps-post", "color": style.colour, "linestyle": style.dashes, "linewidth": 1.9}
    axes.plot(np.concatenate([[0], days, [stop]]), np.append(share, share[-1]), **steps, zorder=3)


def _draw_strip(strip: Axes, heights: np.ndarray, floor: int, tallest: float, end: float, style) -> None:
    """A bar for every few days, as tall as fractures fell on them; all groups to one scale."""
    here = np.flatnonzero(heights)
    tall = heights[here] / max(tallest, 1) * 0.8
    strip.bar((here + 0.5) * end / _BINS, tall, end / _BINS * 0.8, bottom=floor, color=style.colour, linewidth=0)
    strip.plot([0, end], [floor, floor], color=theme.RULE, linewidth=0.6, zorder=0)


def _draw_median(axes: Axes, strip: Axes, median, floor: int, end: float, style: theme.GroupStyle) -> None:
    if not is_given(median) or median > end:
        return
    drop = {"color": style.colour, "linewidth": 1, "linestyle": (0, (2, 1.5)), "zorder": 2}
    axes.plot([0, median, median], [0.5, 0.5, 0], **drop)
    axes.plot(median, 0.5, style.marker, color=style.colour, markersize=6, zorder=5)
    strip.plot([median, median], [floor, floor + 0.92], color=theme.INK, linewidth=1.2, zorder=4)


def _draw_label(paper: Axes, x: float, edge: float, group: str, counts: np.ndarray, text, style) -> None:
    middle = edge - line_height(theme.SMALL) / 2
    paper.plot([x, x + 0.24], [middle] * 2, color=style.colour, linestyle=style.dashes, linewidth=1.9)
    name = wrap(group, _LABELS - 0.62, size=theme.SMALL, weight="bold").split("\n")
    first = name[0] + ("…" if len(name) > 1 else "")
    write(paper, x + 0.3, edge, first, size=theme.SMALL, weight="bold", color=style.ink)
    said = f"{number_text(counts.sum())} fractured"
    said = f"{said}\n{wrap(str(text), _LABELS, size=theme.SMALL).splitlines()[0]}" if is_given(text) else said
    write(paper, x, edge - line_height(theme.SMALL), said, size=theme.SMALL)


def _draw_published(paper: Axes, marks: pd.DataFrame, place, top: float, end: float, styles: Mapping) -> None:
    """Hollow triangles at the published medians, their words spread so that they do not touch."""
    left, width = place
    rows = [row for row in marks.to_dict("records") if is_given(row["median"]) and row["median"] <= end]
    at = [left + row["median"] / end * width for row in rows]
    room = [text_width(str(row["text"]), size=theme.SMALL) + 0.14 for row in rows]
    for row, x, centre in zip(rows, at, spread(at, room, low=left, high=theme.WIDTH - _MARGIN), strict=True):
        style = styles.get(str(row["group"]))
        colour, ink = (style.colour, style.ink) if style else (theme.INK, theme.INK)
        paper.plot(x, top + 0.07, "v", markersize=6, markerfacecolor=theme.PAPER, markeredgecolor=colour, zorder=4)
        paper.plot([x, centre], [top + 0.13, top + 0.22], color=theme.MUTED, linewidth=0.6)
        write(
            paper,
            centre,
            top + 0.24 + line_height(theme.SMALL),
            str(row["text"]),
            size=theme.SMALL,
            ha="center",
            color=ink,
        )
