"""The share fractured by each day when images only bracket a fracture, with the parts that they leave open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers.figures import end_labels, theme
from helpers.figures.day_axis import day_text, draw_day_axis
from helpers.figures.inputs import in_words, need_columns, need_rows
from helpers.figures.kaplan_meier import day_ticks
from helpers.figures.lettering import line_height, text_height, wrap, write
from helpers.figures.percent_axis import draw_percent_axis, ends_early, round_top

BOUND_COLUMNS = ("group", "after", "through", "low", "high")
STEP_COLUMNS = ("group", "time", "estimate")
_MARGIN, _LEFT, _AXIS_ROOM, _HEADING, _SAMPLE = 0.15, 0.62, 0.58, 0.36, 0.3  # inches
_LINE = "Thick line: the share as the images determine it"
_BOX = "Box: the images leave open how the curve rises within it"
_END = "Mark at the end: no vertebra is known to be without a fracture after that day"


@dataclass(frozen=True)
class _Curve:
    """One group's curve: the intervals (after, through] that begin by the `last` day drawn, and the level before."""

    after: np.ndarray
    through: np.ndarray
    low: np.ndarray
    high: np.ndarray
    start: float
    last: float

    @property
    def end(self) -> tuple[float, float]:
        """The least and the most that the share can be on the last day."""
        if not len(self.after):
            return self.start, self.start
        is_cut = self.through[-1] > self.last
        return float(self.low[-1] if is_cut else self.high[-1]), float(self.high[-1])

    @property
    def open_days(self) -> list[float]:
        """The lengths of the parts of the curve that are left open."""
        return [float(days) for days in self.through - self.after if days > 0]


def plot_interval_censored(
    bounds: pd.DataFrame,
    *,
    horizon: float,
    steps: pd.DataFrame | None = None,
    end_texts: Mapping[str, str] | None = None,
    outcome: str = "Vertebrae with a new fracture",
    steps_text: str = "fracture dated at its first image",
    time_label: str = "Days since vertebroplasty",
) -> Figure:
    """Steps where the images settle the curve and boxes where they do not, labelled at their ends.

    Parameters
    ----------
    bounds : DataFrame
        group, after, through (days; the same for a day known exactly), low, high: cumulative incidence before and
        after each innermost interval that holds probability. An infinite `through` ends the curve at `after`.
    horizon : float
        Last day drawn.
    steps : DataFrame, optional
        group, time, estimate: cumulative incidence as steps from 0, drawn thin for comparison.
    end_texts : mapping, optional
        Group to a written result that stands under its name at the end of the curve.
    steps_text : str
        What the thin lines are.
    """
    need_columns(bounds, BOUND_COLUMNS, figure="figure of interval-censored incidence")
    need_rows(bounds, figure="figure of interval-censored incidence")
    if steps is not None:
        need_columns(steps, STEP_COLUMNS, figure="figure of interval-censored incidence")
    end = float(horizon)
    groups = list(dict.fromkeys(bounds["group"].astype(str)))
    shown = {group: _curve(bounds, group, end) for group in groups}
    thin = {group: _steps(steps, group, end) for group in groups if steps is not None}
    with theme.house_style():
        styles = theme.group_styles(groups)
        labels = end_labels.end_labels(groups, end_texts)
        width = theme.WIDTH - _LEFT - end_labels.ROOM
        height = end_labels.room_for(labels, at_least=2.9)
        key = _key(shown, steps_text if any(len(days) > 1 for days, _ in thin.values()) else "", end=end)
        base = _MARGIN + sum(text_height(text, size=theme.SMALL) for _, text in key) + _AXIS_ROOM
        figure = theme.new_figure(theme.WIDTH, base + height + _HEADING)
        paper = theme.page(figure)
        axes = theme.axes_at(figure, _LEFT, base, width, height)
        top = round_top(1.03 * max([curve.end[1] for curve in shown.values()] + [max(own) for _, own in thin.values()]))
        draw_percent_axis(axes, top)
        draw_day_axis(axes, day_ticks(end), end=end, width=width)
        axes.set_xlabel(time_label)
        for group, (days, share) in thin.items():
            axes.plot(days, share, color=styles[group].ink, linewidth=0.8, drawstyle="steps-post", zorder=2)
        for group, curve in shown.items():
            _draw_curve(axes, curve, styles[group], end=end)
        ends = [sum(shown[group].end) / 2 / top * height for group in groups]
        place = {"right": _LEFT + width, "base": base, "height": height}
        end_labels.draw_end_labels(paper, labels, ends, **place, styles=styles)
        write(paper, _MARGIN, base + height + _HEADING - 0.08, outcome + ends_early(top), size=theme.TEXT)
        _draw_key(paper, key, base - _AXIS_ROOM)
    return figure


def describe_interval_censored(
    bounds: pd.DataFrame,
    *,
    horizon: float,
    end_texts: Mapping[str, str] | None = None,
    outcome: str = "Vertebrae with a new fracture",
) -> str:
    """Alternative text of `plot_interval_censored`: where each curve ends, and how much of it is left open."""
    groups = list(dict.fromkeys(bounds["group"].astype(str)))
    said = [
        f"{outcome} by day, from fractures that images only bracket: steps, with boxes where the images "
        f"leave the curve open, for {in_words(groups)}."
    ]
    for group in groups:
        curve = _curve(bounds, group, float(horizon))
        low, high = (f"{100 * share:.1f}%" for share in curve.end)
        share = low if low == high else f"between {low} and {high}"
        said.append(f"{group}: {share} by day {day_text(curve.last)}; {_told_open(curve.open_days)}.")
        if (end_texts or {}).get(group):
            said.append(f"At the end of the curve: {end_texts[group].rstrip('.')}.")
    return " ".join(said)


def _told_open(lengths: Sequence[float]) -> str:
    if not lengths:
        return "no part of the curve left open"
    longest = f"{day_text(max(lengths))} day{'' if max(lengths) == 1 else 's'}"
    return f"1 box, of {longest}" if len(lengths) == 1 else f"{len(lengths)} boxes, the longest of {longest}"


def _curve(bounds: pd.DataFrame, group: str, horizon: float) -> _Curve:
    rows = bounds[bounds["group"].astype(str) == group].sort_values(["after", "through"], kind="stable")
    after, through, low, high = (rows[name].to_numpy(dtype=float) for name in BOUND_COLUMNS[1:])
    is_known = np.isfinite(through)
    last = float(min([horizon, *after[~is_known]]))
    kept = is_known & ((after < last) | ((after == through) & (after == last)))
    return _Curve(after[kept], through[kept], low[kept], high[kept], float(low[0]), last)


def _steps(steps: pd.DataFrame, group: str, horizon: float) -> tuple[np.ndarray, np.ndarray]:
    """Days and shares of a curve of steps, from 0 and up to the horizon."""
    rows = steps[steps["group"].astype(str) == group].sort_values("time", kind="stable")
    days, share = rows["time"].to_numpy(dtype=float), rows["estimate"].to_numpy(dtype=float)
    inside = days <= horizon
    share = np.r_[0.0, share[inside]]
    is_cut = len(days) and not inside.all()
    return np.r_[0.0, days[inside], [horizon] * is_cut], np.r_[share, share[-1:].repeat(is_cut)]


def _draw_curve(axes: Axes, curve: _Curve, style: theme.GroupStyle, *, end: float) -> None:
    """Level steps between the intervals, a box for each interval, and a mark where the images end before the axis."""
    line = {"color": style.colour, "linewidth": 1.9, "clip_on": False}
    levels = zip([0.0, *curve.through], [*curve.after, curve.last], [curve.start, *curve.high], strict=True)
    for start, stop, level in levels:
        if start < stop:
            axes.plot([start, stop], [level, level], linestyle=style.dashes, zorder=3, **line)
    for after, through, low, high in zip(curve.after, curve.through, curve.low, curve.high, strict=True):
        if after == through:
            axes.plot([after, after], [low, high], zorder=3, **line)
            continue
        look = {"edgecolor": style.colour, "linewidth": 0.8, "zorder": 2.5}
        face = (*to_rgb(style.colour), 0.28)
        axes.add_patch(Rectangle((after, low), through - after, high - low, facecolor=face, **look))
    if curve.last < end:
        level, mark = sum(curve.end) / 2, {"markersize": 9, "markeredgewidth": 1.2, "clip_on": False}
        axes.plot(curve.last, level, "|", color=style.ink, zorder=4, **mark)
        axes.plot([curve.last, end], [level, level], color=style.colour, linewidth=0.8, linestyle=(0, (1, 3)))


def _key(shown: Mapping[str, _Curve], steps_text: str, *, end: float) -> list[tuple[str, str]]:
    """What the marks are, as far as the figure has them, each with its words wrapped."""
    entries = {
        "line": _LINE,
        "box": _BOX if any(curve.open_days for curve in shown.values()) else "",
        "end": _END if any(curve.last < end for curve in shown.values()) else "",
        "thin": f"Thin line: {steps_text}" if steps_text else "",
    }
    width = theme.WIDTH - 2 * _MARGIN - _SAMPLE - 0.08
    return [(kind, wrap(text, width, size=theme.SMALL)) for kind, text in entries.items() if text]


def _draw_key(paper: Axes, key: Sequence[tuple[str, str]], top: float) -> None:
    for kind, text in key:
        x, y = _MARGIN, top - line_height(theme.SMALL) / 2
        if kind == "box":
            look = {"facecolor": (*to_rgb(theme.MUTED), 0.28), "edgecolor": theme.MUTED, "linewidth": 0.8}
            paper.add_patch(Rectangle((x + 0.08, y - 0.045), _SAMPLE - 0.16, 0.09, **look))
        elif kind == "end":
            paper.plot(x + _SAMPLE / 2, y, "|", color=theme.MUTED, markersize=8, markeredgewidth=1.2)
        else:
            paper.plot([x, x + _SAMPLE], [y, y], color=theme.MUTED, linewidth=1.9 if kind == "line" else 0.8)
        write(paper, x + _SAMPLE + 0.08, top, text, size=theme.SMALL, color=theme.MUTED)
        top -= text_height(text, size=theme.SMALL)
