"""Hazard ratios within windows of follow-up, each drawn over its days: when a difference came, and when it went."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers.figures import theme
from helpers.figures.day_axis import day_text, draw_day_axis
from helpers.figures.inputs import is_given, need_columns, need_rows, number_text
from helpers.figures.lettering import spread, text_height, widest, wrap, wrap_result, write
from helpers.figures.log_axis import draw_upright_ratio_axis, ratio_limits, tick_text, upright_ratio_ticks

WINDOW_COLUMNS = ("window", "start", "end", "estimate", "conf_low", "conf_high", "text", "n_events", "note")
NOT_ESTIMABLE = "not estimable"
_MARGIN, _HEADING, _PLOT, _AXIS_ROOM, _LEADERS, _DIRECTIONS = 0.15, 0.32, 2.6, 0.56, 0.24, 1.15  # inches
_APART = 0.14  # inches between two labels
_BAND = "#e1e4ea"


@dataclass(frozen=True)
class _Label:
    """What stands above a window: its name, the written result and the fractures, wrapped."""

    name: str
    text: str
    events: str

    @property
    def width(self) -> float:
        name = widest(self.name.split("\n"), size=theme.TEXT, weight="bold")
        return max(name, widest([self.text], size=theme.TEXT), widest([self.events], size=theme.SMALL))

    @property
    def height(self) -> float:
        large = text_height(self.name, size=theme.TEXT) + text_height(self.text, size=theme.TEXT)
        return large + text_height(self.events, size=theme.SMALL)


def plot_hazard_by_window(
    windows: pd.DataFrame,
    *,
    horizon: float,
    conf_level: float = 0.95,
    measure: str = "Hazard ratio, next to cement against further away",
    directions: tuple[str, str] | None = ("lower next to cement", "higher next to cement"),
    time_label: str = "Days since vertebroplasty",
) -> Figure:
    """A bar over the days of each window at its ratio, in a band for its interval, below the written result.

    Parameters
    ----------
    windows : DataFrame
        window (its name), start, end (days; no end: open), estimate, conf_low, conf_high, text (the ratio as written
        elsewhere), n_events, note (why something is absent), in order of time. No estimate: an empty window, the
        text says "not estimable". One limit missing or outside the axis: an arrow. Neither limit: no band.
    horizon : float
        Last day drawn, where an open window ends in an arrow. Windows that begin later stretch the axis.
    conf_level : float
        Of the intervals, for the explanation.
    directions : pair of str, optional
        What lies below and above 1.
    """
    need_columns(windows, WINDOW_COLUMNS, figure="figure of hazard ratios by window")
    need_rows(windows, figure="figure of hazard ratios by window")
    rows = windows.to_dict("records")
    end = _last_day(windows, float(horizon))
    limits = ratio_limits(windows, {})
    with theme.house_style():
        numbers = [tick_text(tick) for tick in upright_ratio_ticks(limits, height=_PLOT)]
        left = _MARGIN + widest(numbers, size=theme.TEXT) + 0.12
        width = theme.WIDTH - left - (_DIRECTIONS if directions else 0.35)
        labels = _labels(rows)
        strip = max(label.height for label in labels) + _LEADERS + 0.04
        note = wrap(_note(rows, end, limits, conf_level), theme.WIDTH - 2 * _MARGIN, size=theme.SMALL)
        base = _AXIS_ROOM + text_height(note, size=theme.SMALL) + _MARGIN
        figure = theme.new_figure(theme.WIDTH, base + _PLOT + strip + _HEADING)
        paper = theme.page(figure)
        axes = theme.axes_at(figure, left, base, width, _PLOT)
        draw_upright_ratio_axis(axes, limits, height=_PLOT)
        days = {0.0, float(horizon), *windows["start"].astype(float), *windows["end"].dropna().astype(float)}
        draw_day_axis(axes, sorted(day for day in days if day <= end), end=end, width=width)
        axes.set_xlabel(time_label)
        for row in rows:
            _draw_window(axes, row, _days(row, end), inch=end / width)
        write(paper, _MARGIN, base + _PLOT + strip + _HEADING - 0.08, f"{measure} (log scale)", size=theme.TEXT)
        middles = [left + np.mean(_days(row, end)) / end * width for row in rows]
        _draw_labels(paper, labels, middles, top=base + _PLOT)
        if directions:
            _draw_directions(paper, directions, limits, x=left + width + 0.24, base=base)
        write(paper, _MARGIN, base - _AXIS_ROOM, note, size=theme.SMALL, color=theme.MUTED)
    return figure


def describe_hazard_by_window(
    windows: pd.DataFrame,
    *,
    measure: str = "Hazard ratio, next to cement against further away",
    time_label: str = "Days since vertebroplasty",
) -> str:
    """Alternative text of `plot_hazard_by_window`: every window's result as it is written in the figure."""
    said = []
    for row in windows.to_dict("records"):
        note = f" ({_one_line(row['note'])})" if _has_note(row) else ""
        said.append(f"{_name(row)}: {_one_line(_written(row))}{note}, {_events(row)}")
    when = f"{time_label[0].lower()}{time_label[1:]}"
    return f"{measure}, on a log axis with a line at 1, by {when}. {'; '.join(said)}."


def _name(row: dict) -> str:
    name = str(row["window"])
    return name[:1].upper() + name[1:]


def _written(row: dict) -> str:
    text = str(row["text"]).strip() if is_given(row["text"]) else ""
    return text or ("" if is_given(row["estimate"]) else NOT_ESTIMABLE)


def _events(row: dict) -> str:
    if not is_given(row["n_events"]):
        return "fractures not counted"
    return f"{number_text(row['n_events'])} fracture{'' if row['n_events'] == 1 else 's'}"


def _has_note(row: dict) -> bool:
    return is_given(row["note"]) and bool(str(row["note"]).strip())


def _one_line(text) -> str:
    return " ".join(str(text).split()).rstrip(".")


def _last_day(windows: pd.DataFrame, horizon: float) -> float:
    """The horizon, or further where a window begins at it or later."""
    last_start = float(windows["start"].max())
    return horizon if horizon > last_start else last_start * 1.25 + 1


def _days(row: dict, end: float) -> tuple[float, float]:
    return float(row["start"]), min(float(row["end"]), end) if is_given(row["end"]) else end


def _labels(rows: Sequence[dict]) -> list[_Label]:
    """The labels, wrapped so that all fit beside one another: the narrow ones keep the width that they want."""

    def of(row: dict, width: float) -> _Label:
        return _Label(
            wrap(_name(row), width, size=theme.TEXT, weight="bold"),
            wrap_result(_written(row), width, size=theme.TEXT),
            wrap(_events(row), width, size=theme.SMALL),
        )

    wanted = [of(row, theme.WIDTH).width + 0.01 for row in rows]
    left, widths = theme.WIDTH - 2 * _MARGIN - len(rows) * _APART, np.zeros(len(rows))
    for done, place in enumerate(np.argsort(wanted, kind="stable")):
        widths[place] = min(wanted[place], left / (len(rows) - done))
        left -= widths[place]
    return [of(row, width) for row, width in zip(rows, widths, strict=True)]


def _draw_labels(paper: Axes, labels: Sequence[_Label], middles: Sequence[float], *, top: float) -> None:
    """Each label above its window as far as there is room, with a line down to the middle of the window."""
    sizes = [label.width + _APART for label in labels]
    places = spread(middles, sizes, low=_MARGIN - _APART / 2, high=theme.WIDTH - _MARGIN + _APART / 2)
    for label, x, middle in zip(labels, places, middles, strict=True):
        foot = top + _LEADERS
        paper.plot([middle, middle, x, x], [top + 0.06, top + 0.1, foot - 0.04, foot], color=theme.MUTED, linewidth=0.6)
        edge = foot + label.height + 0.02
        write(paper, x, edge, label.name, size=theme.TEXT, weight="bold", ha="center")
        edge -= text_height(label.name, size=theme.TEXT)
        write(paper, x, edge, label.text, size=theme.TEXT, ha="center")
        edge -= text_height(label.text, size=theme.TEXT)
        write(paper, x, edge, label.events, size=theme.SMALL, ha="center", color=theme.MUTED)


def _draw_window(axes: Axes, row: dict, days: tuple[float, float], *, inch: float) -> None:
    """The band and the bar, a little apart from the next window; arrows where something goes on."""
    start, stop = days
    low, high = axes.get_ylim()
    if start > 0:
        axes.axvline(start, color=theme.RULE, linewidth=0.6, zorder=0)
    if not is_given(row["estimate"]):
        return
    apart = min(0.02 * inch, 0.1 * (stop - start))
    start, stop, middle = start + apart, stop - apart, (start + stop) / 2
    begin, end = row["conf_low"], row["conf_high"]
    if is_given(begin) or is_given(end):
        bottom = begin if is_given(begin) and begin >= low else low
        top = end if is_given(end) and end <= high else high
        band = {"facecolor": _BAND, "edgecolor": "none", "zorder": 0.5}
        axes.add_patch(Rectangle((start, bottom), stop - start, top - bottom, **band))
        for edge, is_inside, arrow in ((bottom, bottom == begin, "v"), (top, top == end, "^")):
            if is_inside:
                axes.plot([start, stop], [edge, edge], color=theme.MUTED, linewidth=0.9, zorder=2)
            else:
                axes.plot(middle, edge, arrow, color=theme.MUTED, markersize=5, clip_on=False, zorder=3)
    value = float(np.clip(row["estimate"], low, high))
    axes.plot([start, stop], [value, value], color=theme.INK, linewidth=2.6, clip_on=False, zorder=4)
    if value != row["estimate"]:
        axes.plot(middle, value, "v" if value == low else "^", color=theme.INK, markersize=6, clip_on=False, zorder=5)
    if not is_given(row["end"]):
        axes.plot(stop, value, ">", color=theme.INK, markersize=6, clip_on=False, zorder=5)


def _draw_directions(paper: Axes, directions, limits: tuple[float, float], *, x: float, base: float) -> None:
    """The two words right of the plot, above and below the line at 1 as far as there is room."""
    low, high = np.log(limits)
    one = base - low / (high - low) * _PLOT
    width = theme.WIDTH - x - 0.04
    said = [wrap(f"{arrow} {word}", width, size=theme.SMALL) for arrow, word in zip("↓↑", directions, strict=True)]
    sizes = [text_height(text, size=theme.SMALL) + 0.1 for text in said]
    places = spread([one - sizes[0] / 2, one + sizes[1] / 2], sizes, low=base - 0.04, high=base + _PLOT)
    for text, place in zip(said, places, strict=True):
        write(paper, x, place + text_height(text, size=theme.SMALL) / 2, text, size=theme.SMALL, color=theme.MUTED)


def _note(rows: Sequence[dict], end: float, limits: tuple[float, float], conf_level: float) -> str:
    """What bars, bands and arrows are, and a line for every window with something to bear in mind."""
    said = f"Bar: the ratio within the window; shaded: its {100 * conf_level:g}% confidence interval."
    drawn = [row for row in rows if is_given(row["estimate"])]
    if any(_goes_on(row, limits) for row in drawn):
        said += " Arrow up or down: it goes on beyond the axis."
    if any(not is_given(row["end"]) for row in drawn):
        said += f" Arrow to the right: the window goes on after day {day_text(end)}."
    return "\n".join([said, *(f"{_name(row)}: {_one_line(row['note'])}." for row in rows if _has_note(row))])


def _goes_on(row: dict, limits: tuple[float, float]) -> bool:
    """True where the interval is open on one side or a limit lies outside the axis."""
    begin, end = row["conf_low"], row["conf_high"]
    if not is_given(begin) or not is_given(end):
        return is_given(begin) or is_given(end)
    return begin < limits[0] or end > limits[1]
