"""What cohorts show in which cement does nothing: a row for each strength of natural clustering, real values marked."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.figures import theme
from helpers.figures.day_axis import draw_day_axis
from helpers.figures.forest import KINDS
from helpers.figures.inputs import in_words, is_given, need_columns, need_rows
from helpers.figures.kaplan_meier import day_ticks
from helpers.figures.lettering import line_height, spread, text_height, text_width, widest, wrap, write
from helpers.figures.log_axis import draw_ratio_axis

DRAW_COLUMNS = ("panel", "row", "value")
ROW_COLUMNS = ("panel", "row", "low", "middle", "high", "text")
MARK_COLUMNS = ("panel", "value", "text", "kind")
_MARGIN, _GUTTER, _ROW, _LABELS = 0.15, 0.22, 0.56, 1.75  # inches
_BINS = 60
_AREA = "#c3cad6"
_STYLES = {"this cohort": (0, ()), "published": (0, (4, 2))}


def plot_no_effect(
    draws: pd.DataFrame,
    *,
    rows: pd.DataFrame,
    marks: pd.DataFrame,
    axis_label: str,
    row_heading: str,
    text_heading: str | None = None,
    is_ratio: bool = True,
    share: str = "95%",
) -> Figure:
    """Where simulated cohorts lie, row by row, with the values of the real cohort and of the published one marked.

    Parameters
    ----------
    draws : DataFrame
        panel, row, value: one row for each simulated cohort; absent values are left out.
    rows : DataFrame
        panel, row (its label), low, middle, high (limits of the central share, and the median), text (written to the
        right where `text_heading` says what it is), in drawing order; panels stand side by side.
    marks : DataFrame
        panel, value, text, kind ("this cohort" or "published"); absent values are left out.
    is_ratio : bool
        A log axis for ratios; otherwise an axis of days.
    share : str
        How much of the cohorts lies between low and high, in words.
    """
    for table, columns in ((draws, DRAW_COLUMNS), (rows, ROW_COLUMNS), (marks, MARK_COLUMNS)):
        need_columns(table, columns, figure="figure of cohorts without an effect")
    need_rows(rows, figure="figure of cohorts without an effect")
    panels, labels = (list(dict.fromkeys(rows[name].astype(str))) for name in ("panel", "row"))
    limits = _limits(draws, rows, marks, is_ratio)
    with theme.house_style():
        written = [str(text) for text in rows["text"]] if text_heading else []
        heading = wrap(text_heading or "", 1.5, size=theme.SMALL)
        column = max(widest([*written, heading], size=theme.SMALL) + _GUTTER, _GUTTER) if text_heading else 0
        left = _MARGIN + _LABELS
        width = (theme.WIDTH - left - column - _MARGIN - _GUTTER * (len(panels) - 1)) / len(panels)
        body = _ROW * len(labels)
        names = [wrap(panel, width, size=theme.TEXT, weight="bold") for panel in panels]
        over = max(text_height(name, size=theme.TEXT) for name in names) if any(names) else 0
        above = 0.3 + line_height(theme.SMALL)
        heads = max(above + over, text_height(heading, size=theme.SMALL) + 0.1) + 0.08
        note = f"Shaded: the simulated cohorts. Bar: the middle {share} of them. White line: their median."
        note = wrap(note, theme.WIDTH - 2 * _MARGIN, size=theme.SMALL)
        foot = 0.56 + text_height(note, size=theme.SMALL) + _MARGIN
        figure = theme.new_figure(theme.WIDTH, foot + body + heads)
        paper = theme.page(figure)
        top = foot + body
        for place, panel in enumerate(panels):
            x = left + place * (width + _GUTTER)
            axes = theme.axes_at(figure, x, foot, width, body)
            _dress(axes, limits, width, len(labels), is_ratio)
            for line, label in enumerate(labels):
                own = draws[(draws["panel"].astype(str) == panel) & (draws["row"].astype(str) == label)]
                at = rows[(rows["panel"].astype(str) == panel) & (rows["row"].astype(str) == label)]
                _draw_row(axes, own["value"], at, len(labels) - 1 - line, limits, is_ratio)
            own = marks[(marks["panel"].astype(str) == panel) & marks["value"].notna()]
            _draw_marks(axes, paper, own, (x, width), top, limits, is_ratio)
            write(paper, x, top + above + over, names[place], size=theme.TEXT, weight="bold")
        _draw_labels(paper, labels, rows if text_heading else None, (foot, theme.WIDTH - _MARGIN - column + _GUTTER))
        over_rows = wrap(row_heading, _LABELS - 0.15, size=theme.SMALL)
        write(paper, _MARGIN, top + 0.06 + text_height(over_rows, size=theme.SMALL), over_rows, size=theme.SMALL)
        edge = top + 0.06 + text_height(heading, size=theme.SMALL)
        write(paper, theme.WIDTH - _MARGIN - column + _GUTTER, edge, heading, size=theme.SMALL)
        middle = left + (theme.WIDTH - left - column - _MARGIN) / 2
        write(paper, middle, foot - 0.27, axis_label, size=theme.TEXT, ha="center")
        edge = _MARGIN + text_height(note, size=theme.SMALL)
        write(paper, _MARGIN, edge, note, size=theme.SMALL, color=theme.MUTED)
    return figure


def describe_no_effect(rows: pd.DataFrame, *, marks: pd.DataFrame, measure: str) -> str:
    """Alternative text of `plot_no_effect`: what is marked, and each row's median with its central range as written."""
    said = [f"{measure} in simulated cohorts in which cement does nothing, by strength of natural clustering."]
    for panel, own in rows.groupby(rows["panel"].astype(str), sort=False):
        told = [f"{row['row']}: {row['range']}" for row in own.to_dict("records")]
        given = marks[(marks["panel"].astype(str) == panel) & marks["value"].notna()]
        about = f"{panel}. " if panel else ""
        marked = f" Marked: {in_words(given['text'].astype(str).tolist())}." if len(given) else ""
        said.append(f"{about}{'; '.join(told)}.{marked}")
    return " ".join(said).replace("\n", ", ")


def _limits(draws: pd.DataFrame, rows: pd.DataFrame, marks: pd.DataFrame, is_ratio: bool) -> tuple[float, float]:
    """Ends around nearly all cohorts and all that is marked."""
    values = pd.to_numeric(draws["value"], errors="coerce").dropna()
    values = values[np.isfinite(values) & ((values > 0) | (not is_ratio))]
    ends = [*values.quantile([0.002, 0.998])] if len(values) else []
    ends = np.array([*ends, *rows[["low", "high"]].to_numpy(dtype=float).ravel(), *marks["value"]], dtype=float)
    ends = ends[np.isfinite(ends) & ((ends > 0) | (not is_ratio))]
    if is_ratio:
        return float(min(ends.min(initial=0.8), 0.8) / 1.08), float(max(ends.max(initial=1.25), 1.25) * 1.08)
    return 0.0, float(max(ends.max(initial=14), 14) * 1.04)


def _dress(axes: Axes, limits: tuple[float, float], width: float, n_rows: int, is_ratio: bool) -> None:
    if is_ratio:
        draw_ratio_axis(axes, limits, width=width)
    else:
        draw_day_axis(axes, day_ticks(limits[1]), end=limits[1], width=width)
        axes.yaxis.set_visible(False)
        axes.spines["left"].set_visible(False)
    axes.set_ylim(0, n_rows)


def _draw_row(axes: Axes, values: pd.Series, at: pd.DataFrame, floor: int, limits, is_ratio: bool) -> None:
    """The cohorts as an area, each as tall as its row allows; under it the bar."""
    values = values.to_numpy(dtype=float)
    values = values[np.isfinite(values)]
    edges = np.geomspace(*limits, _BINS + 1) if is_ratio else np.linspace(*limits, _BINS + 1)
    if len(values):
        heights = np.histogram(values, edges)[0] / len(values)
        tall = 0.25 + 0.62 * heights / max(heights.max(), 1e-9)
        here = np.where(heights > 0, tall, 0.25)
        axes.stairs(floor + here, edges, baseline=floor + 0.25, fill=True, color=_AREA, linewidth=0, zorder=2)
        axes.plot(limits, [floor + 0.25] * 2, color=theme.RULE, linewidth=0.6, zorder=1)
    row = at.iloc[0] if len(at) else {}
    if is_given(row.get("low")) and is_given(row.get("high")):
        axes.plot([row["low"], row["high"]], [floor + 0.17] * 2, color=theme.INK, linewidth=4.5, zorder=3)
    if is_given(row.get("middle")):
        axes.plot([row["middle"]] * 2, [floor + 0.11, floor + 0.23], color=theme.PAPER, linewidth=1.6, zorder=4)


def _draw_marks(axes: Axes, paper: Axes, marks: pd.DataFrame, place, top: float, limits, is_ratio: bool) -> None:
    """Lines across all rows, their words spread above so that they do not touch."""
    left, width = place
    scale = np.log if is_ratio else np.asarray
    low, high = (float(scale(end)) for end in limits)
    at = [left + (float(scale(value)) - low) / (high - low) * width for value in marks["value"]]
    room = [text_width(str(text), size=theme.SMALL) + 0.1 for text in marks["text"]]
    for row, x, centre in zip(marks.to_dict("records"), at, spread(at, room, low=left, high=left + width), strict=True):
        look = KINDS[row["kind"]]["color"]
        axes.axvline(row["value"], color=look, linewidth=1.3, linestyle=_STYLES[row["kind"]], zorder=5)
        paper.plot([x, centre], [top + 0.01, top + 0.1], color=look, linewidth=0.8)
        edge = top + 0.12 + line_height(theme.SMALL)
        write(paper, centre, edge, str(row["text"]), size=theme.SMALL, ha="center", color=look)


def _draw_labels(paper: Axes, labels: Sequence[str], rows: pd.DataFrame | None, place: tuple[float, float]) -> None:
    """The rows' labels at the left and, where there is such a column, their texts at the right."""
    foot, right = place
    for line, label in enumerate(labels):
        middle = foot + _ROW * (len(labels) - line - 0.5)
        fitted = wrap(label, _LABELS - 0.15, size=theme.TEXT)
        write(paper, _MARGIN, middle + text_height(fitted, size=theme.TEXT) / 2, fitted, size=theme.TEXT)
        if rows is not None:
            text = str(rows.loc[rows["row"].astype(str) == label, "text"].iloc[0])
            write(paper, right, middle + text_height(text, size=theme.SMALL) / 2, text, size=theme.SMALL)
