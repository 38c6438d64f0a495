"""Curves over time with their counts: cumulative incidence upward, or survival downward."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.markers import TICKUP
from matplotlib.ticker import FixedLocator

from helpers.errors import WorkbookError
from helpers.figures import count_table, end_labels, theme
from helpers.figures.inputs import in_words, need_columns, need_rows, number_text
from helpers.figures.lettering import text_height, wrap, write
from helpers.figures.percent_axis import draw_percent_axis, ends_early, round_top

CURVE_COLUMNS = ("group", "time", "estimate", "conf_low", "conf_high")
_START = {"incidence": 0.0, "survival": 1.0}
_OUTCOME = {"incidence": "Vertebrae with a new fracture", "survival": "Vertebrae without a new fracture"}
_MARGIN, _AXIS_ROOM, _HEADING = 0.15, 0.52, 0.36  # inches
_TICK_DAYS = (  # longest horizon: the step between ticks, or the days themselves
    (14, 2),
    (45, 7),
    (75, 15),
    (200, 30),
    (400, (0, 90, 180, 270, 365)),
    (800, (0, 90, 180, 365, 545, 730)),
    (1200, (0, 90, 180, 365, 545, 730, 1095)),
)


@dataclass(frozen=True)
class _Path:
    """One group's steps up to the last day it was watched, and the day from which few are left."""

    time: np.ndarray
    estimate: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    censored: np.ndarray
    pale_from: float

    def at(self, days: np.ndarray) -> np.ndarray:
        """Place of the step that holds on each of these days."""
        return np.clip(np.searchsorted(self.time[:-1], days, side="right") - 1, 0, None)


def day_ticks(horizon: float) -> list[int]:
    """Days that people count in, from weeks to years, up to the horizon: ask the counts for these."""
    for longest, days in _TICK_DAYS:
        if horizon <= longest:
            every = range(0, int(horizon) + 1, days) if isinstance(days, int) else days
            return [day for day in every if day <= horizon]
    years = int(np.ceil(horizon / 365 / 6))
    return list(range(0, int(horizon) + 1, 365 * years))


def plot_curves(
    curves: pd.DataFrame,
    *,
    counts: pd.DataFrame,
    censored: pd.DataFrame | None = None,
    horizon: float | None = None,
    kind: str = "incidence",
    end_texts: Mapping[str, str] | None = None,
    outcome: str | None = None,
    time_label: str = "Days since vertebroplasty",
    unit: str = "vertebrae",
    fade_below: float = 0.10,
) -> Figure:
    """Step curves with bands and censoring marks, labelled at their ends, over one table of counts by day.

    Parameters
    ----------
    curves : DataFrame
        group, time (days), estimate, conf_low, conf_high: a row per step and group; probabilities of this
        `kind`. With a column at_risk the paler part starts on the very day, else on the first in `counts`.
    counts : DataFrame
        group, time and any of at_risk, events, deaths, censored (the last three up to that day). Its days are
        the ticks; a day whose numbers would touch its neighbour's is left out.
    censored : DataFrame, optional
        group, time of the censored; marks closer than the eye can part are drawn once.
    horizon : float, optional
        Last day drawn; by default the last day in the tables.
    end_texts : mapping, optional
        Group to a written result that stands under its name at the end of the curve.
    outcome : str, optional
        What the vertical axis counts, e.g. "Vertebrae with a new fracture".
    unit : str
        What the counts count.
    fade_below : float
        Curves are pale from where less than this part of the group is still at risk.
    """
    if kind not in _START:
        raise WorkbookError(f'`kind` must be "incidence" or "survival", but got "{kind}".')
    need_columns(curves, CURVE_COLUMNS, figure="curve figure")
    need_columns(counts, ("group", "time", "at_risk"), figure="table under the curves")
    need_rows(curves, figure="curve figure")
    groups = list(dict.fromkeys(curves["group"].astype(str)))
    end = float(horizon or max(curves["time"].max(), counts["time"].max(), 1))
    paths = [_path(curves, counts, censored, group, end, kind, fade_below) for group in groups]
    with theme.house_style():
        styles = theme.group_styles(groups)
        labels = end_labels.end_labels(groups, end_texts)
        note = wrap(_note(counts, paths, end, fade_below, unit), theme.WIDTH - 2 * _MARGIN, size=theme.SMALL)

        left = max(0.95, _MARGIN + count_table.label_room(counts))
        width = theme.WIDTH - left - end_labels.ROOM
        height = end_labels.room_for(labels, at_least=2.7)
        under = text_height(note, size=theme.SMALL) + 0.16
        table_height = count_table.table_height(len(groups), len(count_table.rows_shown(counts)))
        base = under + table_height + _AXIS_ROOM
        figure = theme.new_figure(theme.WIDTH, base + height + _HEADING)
        paper = theme.page(figure)
        axes = theme.axes_at(figure, left, base, width, height)
        table = theme.axes_at(figure, left, under, width, table_height)

        top = _top(paths, kind)
        days = count_table.days_with_room(counts, end=end, width=width)
        for path, group in zip(paths, groups, strict=True):
            _draw_curve(axes, path, styles[group])
        _dress(axes, end=end, top=top, days=days, time_label=time_label)
        heading = (outcome or _OUTCOME[kind]) + ends_early(top)
        paper.text(_MARGIN, base + height + _HEADING / 2 + 0.02, heading, va="center_baseline")
        ends = [path.estimate[-1] / top * height for path in paths]
        place = {"right": left + width, "base": base, "height": height}
        end_labels.draw_end_labels(paper, labels, ends, **place, styles=styles)
        count_table.draw_count_table(table, counts, groups=groups, days=days, end=end, left=left - _MARGIN)
        write(paper, _MARGIN, under - 0.08, note, size=theme.SMALL, color=theme.MUTED)
    return figure


def describe_curves(
    counts: pd.DataFrame,
    *,
    kind: str = "incidence",
    end_texts: Mapping[str, str] | None = None,
    unit: str = "vertebrae",
) -> str:
    """Alternative text of `plot_curves`: who started, what happened by the last day, the written results."""
    groups = list(dict.fromkeys(counts["group"].astype(str)))
    name = "Cumulative incidence" if kind == "incidence" else "Survival"
    said = [f"{name} curves with confidence bands for {in_words(groups)}, with the counts below."]
    for group in groups:
        rows = counts[counts["group"].astype(str) == group].sort_values("time")
        first, last = rows.iloc[0], rows.iloc[-1]
        events = f"{number_text(last['events'])} fractured and " if "events" in rows else ""
        said.append(
            f"{group}: {number_text(first['at_risk'])} {unit} at risk on day {number_text(first['time'])}; "
            f"by day {number_text(last['time'])}, {events}{number_text(last['at_risk'])} still at risk."
        )
        if (end_texts or {}).get(group):
            said.append(f"At the end of the curve: {end_texts[group].rstrip('.')}.")
    return " ".join(said)


def _path(curves, counts, censored, group, end, kind, fade_below) -> _Path:
    """One group's steps, from day 0 to the last day that it was watched or the horizon."""

    def of_group(table):
        return table[table["group"].astype(str) == group].sort_values("time", kind="stable")

    rows, table = of_group(curves), of_group(counts)
    marks = np.array([]) if censored is None else np.unique(of_group(censored)["time"].to_numpy(dtype=float))
    steps = {name: rows[name].to_numpy(dtype=float, na_value=np.nan) for name in CURVE_COLUMNS[1:]}
    if not len(rows) or steps["time"][0] > 0:
        first = {"time": 0.0} | dict.fromkeys(CURVE_COLUMNS[2:], _START[kind])
        steps = {name: np.concatenate([[first[name]], values]) for name, values in steps.items()}
    last_day = max([steps["time"][-1], *marks[-1:], *table.loc[table["at_risk"] > 0, "time"].tail(1)])
    inside = steps["time"] <= end
    steps = {name: np.append(values[inside], values[inside][-1]) for name, values in steps.items()}
    steps["time"][-1] = min(last_day, end)
    daily = rows if "at_risk" in rows else table
    few = daily.loc[daily["at_risk"] < fade_below * daily["at_risk"].max(), "time"]
    marks = marks[marks <= end]
    apart = np.unique(np.floor(marks / end * 90), return_index=True)[1]
    return _Path(**steps, censored=marks[apart], pale_from=float(few.min()) if len(few) else np.inf)


def _top(paths: Sequence[_Path], kind: str) -> float:
    """Where the axis ends: above every curve, and above the bands as long as enough are at risk."""
    if kind == "survival":
        return 1.0
    highest = max(
        max(path.estimate.max() * 1.05, np.nanmax(path.conf_high[path.time <= path.pale_from], initial=0.0))
        for path in paths
    )
    return round_top(highest)


def _draw_curve(axes: Axes, path: _Path, style: theme.GroupStyle) -> None:
    first, last = path.time[0], path.time[-1]
    turn = float(np.clip(path.pale_from, first, last))
    for pale, low, high in ((False, first, turn), (True, turn, last)):
        if pale and low >= high:
            continue
        days = np.concatenate([[low], path.time[(path.time > low) & (path.time < high)], [high]])
        step = path.at(days)
        band = {"step": "post", "color": style.colour, "alpha": 0.06 if pale else 0.17, "linewidth": 0}
        axes.fill_between(days, path.conf_low[step], path.conf_high[step], **band)
        line = {"color": style.colour, "linestyle": style.dashes, "drawstyle": "steps-post", "zorder": 3}
        strength = {"linewidth": 1.2, "alpha": 0.45} if pale else {"linewidth": 1.9}
        axes.plot(days, path.estimate[step], clip_on=False, **line, **strength)
    mark = {"color": style.ink, "markersize": 3.5, "markeredgewidth": 0.6, "clip_on": False, "linestyle": ""}
    axes.plot(path.censored, path.estimate[path.at(path.censored)], marker=TICKUP, zorder=4, **mark)


def _dress(axes: Axes, *, end: float, top: float, days: Sequence[float], time_label: str) -> None:
    axes.set_xlim(0, end)
    draw_percent_axis(axes, top)
    axes.xaxis.set_major_locator(FixedLocator(days))
    axes.xaxis.set_major_formatter(lambda day, _: f"{day:,.0f}")
    axes.set_xlabel(time_label)


def _note(counts: pd.DataFrame, paths: Sequence[_Path], end: float, fade_below: float, unit: str) -> str:
    pale = f"Paler where fewer than {100 * fade_below:g}% of the group are still at risk."
    said = [
        count_table.explain_counts(counts, unit=unit),
        pale if any(path.pale_from < end for path in paths) else "",
    ]
    return " ".join(filter(None, said))
