"""Ratios under one another on a log axis with their written results: ours, the published, other people's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.errors import WorkbookError
from helpers.figures import log_axis, theme
from helpers.figures.inputs import is_given, need_columns, need_rows
from helpers.figures.lettering import line_height, spread, text_height, text_width, widest, wrap, write

FOREST_COLUMNS = ("label", "estimate", "conf_low", "conf_high", "text", "kind")
KINDS: Mapping[str, dict] = {
    "this cohort": {"color": "#1a1a1a", "marker": "s", "markersize": 6.0},
    "published": {"color": "#a3320b", "marker": "D", "markersize": 6.0},
    "other people": {"color": "#1d6796", "marker": "o", "markersize": 6.0},
    "summary of studies": {"color": "#17213f", "marker": "d", "markersize": 8.0},
    "specifications (range)": {"color": "#1a1a1a", "marker": "|", "markersize": 9.0},
    "simulated cohorts (range)": {"color": "#1d6796", "marker": "|", "markersize": 9.0},
}
RANGES = ("specifications (range)", "simulated cohorts (range)")  # no confidence intervals: a pale bar, not a line
BAR = {"linewidth": 7, "alpha": 0.3, "solid_capstyle": "butt"}
NO_INTERVAL = "interval not published"
NOT_ESTIMABLE = "not estimable"
_MARGIN, _GUTTER, _PAD, _INDENT = 0.15, 0.18, 0.09, 0.12  # inches


@dataclass(frozen=True)
class _Line:
    """One line of the figure: a heading, or a row with its wrapped texts and the height they need."""

    label: str
    columns: tuple[str, ...]
    height: float
    row: dict | None


def plot_forest(
    rows: pd.DataFrame,
    *,
    reference_lines: Mapping[float, str] | None = None,
    measure: str,
    directions: tuple[str, str] | None = ("lower next to cement", "higher next to cement"),
    text_heading: str,
    counts_heading: str = "Fractured / at risk",
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Estimates with their intervals on a log axis, labels at the left, written results at the right.

    Parameters
    ----------
    rows : DataFrame
        label, estimate, conf_low, conf_high, text (the result as written elsewhere), kind ("this cohort",
        "published", "other people" or "summary of studies"; or one of `RANGES`, whose limits are drawn as a pale bar
        because they are no confidence interval), in the order they are read; optionally group (a heading over its
        rows) and counts (a second written column). No estimate: "not estimable". No limit at all: a hollow marker
        and, for a published figure, the words. One limit missing, or a limit outside the axis: an arrow.
    reference_lines : mapping, optional
        Value to the label of a dotted vertical line.
    directions : pair of str, optional
        What lies to the left and to the right of 1.
    limits : pair of float, optional
        Ends of the axis; by default round numbers around the estimates and all but extreme limits.
    """
    need_columns(rows, FOREST_COLUMNS, figure="forest plot")
    need_rows(rows, figure="forest plot")
    unknown = sorted(set(rows["kind"]) - set(KINDS))
    if unknown:
        raise WorkbookError(f'A row of a forest plot is one of {", ".join(KINDS)}, but got "{unknown[0]}".')
    references = dict(reference_lines or {})
    low, high = limits or log_axis.ratio_limits(rows, references)
    with theme.house_style():
        texts = [[_written(row) for row in rows.to_dict("records")]]
        headings = [text_heading]
        if "counts" in rows:
            texts.append([str(value) if is_given(value) else "" for value in rows["counts"]])
            headings.append(counts_heading)
        widths = [
            min(
                room,
                max(widest(column, size=theme.TEXT), text_width(heading, size=theme.TEXT, weight="bold")),
            )
            for column, heading, room in zip(texts, headings, (1.75, 1.6), strict=False)
        ]
        room = theme.WIDTH - 2 * _MARGIN - _GUTTER - sum(widths) - _GUTTER * len(widths) - 1.9
        longest = widest([str(label) for label in rows["label"]], size=theme.TEXT) + _INDENT
        if "group" in rows:  # a heading may break in two, and never runs into the plot
            headed = [str(group) for group in rows["group"] if is_given(group)]
            longest = max(longest, widest(headed, size=theme.TEXT, weight="bold") / 2 + 0.3)
        labels = min(max(1.0, longest), max(1.4, min(2.3, room)))
        lines = _lines(rows, texts, labels, widths)
        plot_left = _MARGIN + labels + _GUTTER
        plot_width = max(1.9, theme.WIDTH - plot_left - sum(widths) - _GUTTER * len(widths) - _MARGIN)
        across = plot_left + plot_width + sum(widths) + _GUTTER * len(widths) + _MARGIN
        body = sum(line.height for line in lines)
        headings = [wrap(h, w, size=theme.TEXT, weight="bold") for h, w in zip(headings, widths, strict=True)]
        head = max(text_height(heading, size=theme.TEXT) for heading in headings) + 0.12
        head = max(head, line_height(theme.SMALL) + 0.14 if references else 0)
        key_height = 0.22 if rows["kind"].nunique() > 1 else 0
        foot = key_height + 0.48 + (0.19 if directions else 0)
        figure = theme.new_figure(across, head + body + foot)
        paper = theme.page(figure)
        axes = theme.axes_at(figure, plot_left, foot, plot_width, body)
        axes.set(ylim=(0, body))
        log_axis.draw_ratio_axis(axes, (low, high), width=plot_width)
        axes.set_xlabel(f"{measure} (log scale)", labelpad=17 if directions else 3)
        starts = plot_left + plot_width + _GUTTER + np.cumsum([0, *[width + _GUTTER for width in widths[:-1]]])
        _draw_lines(paper, axes, lines, starts, foot + body, across)
        for heading, start in zip(headings, starts, strict=True):
            edge = foot + body + 0.05 + text_height(heading, size=theme.TEXT)
            write(paper, start, edge, heading, size=theme.TEXT, weight="bold")
        _draw_references(axes, paper, references, (plot_left, plot_width), foot + body)
        if directions:
            _draw_directions(axes, paper, directions, (plot_left, plot_width), foot - 0.3)
        _draw_key(paper, rows)
    return figure


def describe_forest(rows: pd.DataFrame, *, measure: str) -> str:
    """Alternative text of `plot_forest`: every row as it is written in the figure."""
    said = [f"Forest plot on a log axis with a line at 1. {measure}:"]
    for row in rows.to_dict("records"):
        of = f" ({row['group']})" if is_given(row.get("group")) and row.get("group") else ""
        whose = "" if row["kind"] == "this cohort" else f", {row['kind']}"
        said.append(f"{row['label']}{of}{whose}: {_written(row).replace(chr(10), ', ')};")
    return " ".join(said).rstrip(";") + "."


def _written(row: dict) -> str:
    text = str(row["text"]).strip() if is_given(row["text"]) else ""
    if not is_given(row["estimate"]):
        return text or NOT_ESTIMABLE
    silent = not is_given(row["conf_low"]) and not is_given(row["conf_high"])
    if silent and row["kind"] == "published" and NO_INTERVAL not in text:
        return f"{text}\n{NO_INTERVAL}" if text else NO_INTERVAL
    return text


def _lines(rows, texts: Sequence[Sequence[str]], labels: float, widths: Sequence[float]) -> list[_Line]:
    """Headings where the group changes, and the rows with their texts wrapped to their columns."""
    lines, group = [], ""
    grouped = "group" in rows
    for place, row in enumerate(rows.to_dict("records")):
        own = str(row["group"]) if grouped and is_given(row["group"]) else ""
        if own and own != group:
            heading = wrap(own, labels, size=theme.TEXT, weight="bold")
            lines.append(_Line(heading, (), text_height(heading, size=theme.TEXT) + 1.5 * _PAD, None))
        group = own
        label = wrap(str(row["label"]), labels - (_INDENT if own else 0), size=theme.TEXT)
        columns = tuple(
            wrap(column[place], width + 0.02, size=theme.TEXT) for column, width in zip(texts, widths, strict=True)
        )
        height = max(text_height(text, size=theme.TEXT) for text in (label, *columns)) + _PAD
        lines.append(_Line(label, columns, height, row | {"indent": _INDENT if own else 0}))
    return lines


def _draw_lines(paper: Axes, axes: Axes, lines: Sequence[_Line], starts, top: float, across: float) -> None:
    y = top
    for number, line in enumerate(lines):
        middle = y - line.height / 2
        if line.row is None:
            write(paper, _MARGIN, y - 1.25 * _PAD, line.label, size=theme.TEXT, weight="bold")
        else:
            starts_and_texts = zip((_MARGIN + line.row["indent"], *starts), (line.label, *line.columns), strict=True)
            for start, text in starts_and_texts:
                write(paper, start, middle + text_height(text, size=theme.TEXT) / 2, text, size=theme.TEXT)
            _draw_estimate(axes, line.row, middle - top + axes.get_ylim()[1])
        if number and line.row is None:
            paper.plot([_MARGIN, across - _MARGIN], [y, y], color=theme.RULE, linewidth=0.6)
        y -= line.height
    paper.plot([_MARGIN, across - _MARGIN], [top, top], color=theme.MUTED, linewidth=0.8)


def _draw_estimate(axes: Axes, row: dict, y: float) -> None:
    """Whisker, arrows where it goes on, and the marker: hollow where there is no interval."""
    if not is_given(row["estimate"]):
        return
    low, high = axes.get_xlim()
    look = KINDS[row["kind"]]
    colour = look["color"]
    begin, end = row["conf_low"], row["conf_high"]
    has_interval = is_given(begin) or is_given(end)
    if has_interval:
        start = begin if is_given(begin) and begin >= low else low
        stop = end if is_given(end) and end <= high else high
        bar = (
            {"linewidth": 1.4}
            if row["kind"] not in RANGES
            else {"linewidth": 7, "alpha": 0.3, "solid_capstyle": "butt"}
        )
        axes.plot([start, stop], [y, y], color=colour, zorder=2, **bar)
        for point, inside, arrow in ((start, start == begin, "<"), (stop, stop == end, ">")):
            if inside and row["kind"] in RANGES:
                continue
            axes.plot(point, y, marker="|" if inside else arrow, color=colour, markersize=5, clip_on=False, zorder=3)
    value = float(np.clip(row["estimate"], low, high))
    beyond = {-1: "<", 0: look["marker"], 1: ">"}[int(row["estimate"] > high) - int(row["estimate"] < low)]
    face = colour if has_interval else theme.PAPER
    axes.plot(
        value,
        y,
        **look | {"marker": beyond},
        markerfacecolor=face,
        markeredgewidth=1.3,
        clip_on=False,
        zorder=4,
    )


def _draw_references(axes: Axes, paper: Axes, references: Mapping[float, str], place, top: float) -> None:
    left, width = place
    low, high = np.log(axes.get_xlim())
    values = [value for value in references if low <= np.log(value) <= high]
    at = [left + (np.log(value) - low) / (high - low) * width for value in values]
    room = [text_width(references[value], size=theme.SMALL) + 0.1 for value in values]
    for value, x, centre in zip(values, at, spread(at, room, low=_MARGIN, high=left + width + 0.1), strict=True):
        axes.axvline(value, color=theme.MUTED, linewidth=1, linestyle=(0, (1, 2)), zorder=1)
        paper.plot([x, centre], [top, top + 0.06], color=theme.MUTED, linewidth=0.6)
        paper.text(centre, top + 0.07, references[value], ha="center", va="bottom", fontsize=theme.SMALL)


def _draw_directions(axes: Axes, paper: Axes, directions, place, y: float) -> None:
    """The two words under the axis, each on its side of 1 as far as there is room."""
    left, width = place
    low, high = np.log(axes.get_xlim())
    one = left - low / (high - low) * width
    said = [f"← {directions[0]}", f"{directions[1]} →"]
    room = [text_width(text, size=theme.SMALL) for text in said]
    wanted = [one - 0.08 - room[0] / 2, one + 0.08 + room[1] / 2]
    centres = spread(wanted, [size + 0.16 for size in room], low=min(_MARGIN, left), high=left + width + 0.4)
    for text, centre in zip(said, centres, strict=True):
        paper.text(centre, y, text, ha="center", va="center", fontsize=theme.SMALL, color=theme.MUTED)


def _draw_key(paper: Axes, rows: pd.DataFrame) -> None:
    """Whose results the markers are, where there is more than one kind; hollow where none has an interval."""
    kinds = [kind for kind in KINDS if (rows["kind"] == kind).any()]
    x = _MARGIN
    for kind in kinds if len(kinds) > 1 else []:
        has_interval = rows.loc[rows["kind"] == kind, ["conf_low", "conf_high"]].notna().any(axis=None)
        face = KINDS[kind]["color"] if has_interval else theme.PAPER
        if kind in RANGES:
            paper.plot([x, x + 0.12], [0.14, 0.14], color=KINDS[kind]["color"], **BAR)
        paper.plot(x + 0.06, 0.14, **KINDS[kind], markerfacecolor=face, markeredgewidth=1.3)
        paper.text(x + 0.18, 0.14, kind, va="center_baseline", fontsize=theme.SMALL)
        x += 0.36 + text_width(kind, size=theme.SMALL)
