"""Many answers to one question: sorted estimates with their intervals above, the choices behind each of them below."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from helpers.counts import counted
from helpers.figures import log_axis, theme
from helpers.figures.inputs import is_given, need_columns, need_rows
from helpers.figures.lettering import line_height, spread, text_height, text_width, widest, wrap, write

CURVE_COLUMNS = ("is_reference", "estimate", "conf_low", "conf_high")
MOST_MARKS = 250  # specifications that still get a mark each; more are drawn as areas
_BINS = 100
_WIDEST = 0.014  # half a mark, of the width of the panel
_SHADES = ("#c4cbd6", "#8d9bb0", "#566a87", "#17213f")  # from some to nearly all
_BAND, _POINT = "#d5dae2", "#17213f"
_MARGIN, _RIGHT, _GUTTER, _GAP, _CURVE, _BETWEEN = 0.15, 0.3, 0.1, 0.06, 2.5, 0.16  # inches
_ROW = line_height(theme.SMALL) + 0.005


def plot_specification_curve(
    rows: pd.DataFrame, *, published: float | None = None, measure: str, conf_level: float = 0.95
) -> Figure:
    """Draw a specification curve.

    Up to 250 specifications have a mark each. Of more, the intervals are drawn as an area, and below each value is
    as dark as its share of the specifications of about that rank.

    Parameters
    ----------
    rows : DataFrame
        is_reference, estimate, conf_low, conf_high, and a category for each choice: its name as a reader sees it, its
        values in words and in order. Rows without an estimate are only counted; where none has one, that is said.
    published : float, optional
        A published value, drawn as a line across.
    measure : str
        What the estimates compare.
    """
    need_columns(rows, CURVE_COLUMNS, figure="specification curve")
    need_rows(rows, figure="specification curve")
    drawn = rows[rows["estimate"].notna() & (rows["estimate"] > 0)].sort_values("estimate", kind="stable")
    if drawn.empty:
        return _only_words(_no_ratio(rows))
    choices = [column for column in rows if column not in CURVE_COLUMNS]
    lines = [(choice, str(value)) for choice in choices for value in rows[choice].cat.categories]
    with theme.house_style():
        names = widest(choices, size=theme.SMALL, weight="bold")
        values = widest([value for _, value in lines], size=theme.SMALL, weight="bold")
        left = max(_MARGIN + names + _GUTTER + values + _GUTTER, 1.6)
        width = theme.WIDTH - left - _RIGHT
        note = wrap(_note(rows, drawn, conf_level), theme.WIDTH - 2 * _MARGIN, size=theme.SMALL)
        foot = text_height(note, size=theme.SMALL) + _MARGIN + 0.42
        body = len(lines) * _ROW + len(choices) * _GAP
        bottom = foot + body + _BETWEEN
        figure = theme.new_figure(theme.WIDTH, bottom + _CURVE + 0.3)
        paper = theme.page(figure)
        curve = theme.axes_at(figure, left, bottom, width, _CURVE)
        below = theme.axes_at(figure, left, foot, width, body)
        limits = log_axis.ratio_limits(drawn, {} if published is None else {published: ""})
        _dress(curve, below, limits, len(drawn), body)
        _draw_curve(curve, drawn, limits)
        heading = wrap(f"{measure}: ratio on a log scale", left - 0.55 - _MARGIN, size=theme.TEXT)
        write(paper, _MARGIN, bottom + _CURVE, heading, size=theme.TEXT, weight="bold")
        if published is not None:
            room = (bottom, bottom + _CURVE - text_height(heading, size=theme.TEXT) - 0.1)
            _draw_published(curve, paper, published, limits, (left, bottom), room)
        _draw_choices(below, paper, drawn, lines, (foot, foot + body, left - values - _GUTTER))
        _draw_reference(curve, below, paper, drawn, (left, width, bottom + _CURVE))
        middle = left + width / 2
        write(paper, middle, foot - 0.2, "Specification, by the size of its ratio", size=theme.TEXT, ha="center")
        write(paper, _MARGIN, _MARGIN + text_height(note, size=theme.SMALL), note, size=theme.SMALL, color=theme.MUTED)
    return figure


def describe_specification_curve(rows: pd.DataFrame, *, published: float | None = None, measure: str) -> str:
    """Alternative text of `plot_specification_curve`, from its numbers."""
    drawn = rows[rows["estimate"].notna() & (rows["estimate"] > 0)]
    if drawn.empty:
        return f"Specification curve, {measure}: {_no_ratio(rows)}"
    ratio = drawn["estimate"]
    said = [
        f"Specification curve, {measure}: {counted(len(drawn), 'ratio')} sorted by size from {ratio.min():.2f} to "
        f"{ratio.max():.2f}, median {ratio.median():.2f}. {(ratio > 1).mean():.0%} lie above 1, and "
        f"{(drawn['conf_low'] > 1).mean():.0%} have an interval above 1."
    ]
    if published is not None:
        said.append(f"{(ratio > published).mean():.0%} lie above the published {published:.2f}.")
    reference = drawn.loc[drawn["is_reference"], "estimate"]
    if len(reference):
        rank = int((ratio < reference.iloc[0]).sum()) + 1
        said.append(f"The reference specification gives {reference.iloc[0]:.2f}, number {rank:,} of {len(drawn):,}.")
    choices = [column for column in rows if column not in CURVE_COLUMNS]
    if choices:
        said.append(f"Below, the choices behind each: {', '.join(choices)}.")
    return " ".join(said)


def _no_ratio(rows: pd.DataFrame) -> str:
    return f"Not one of {counted(len(rows), 'specification')} has a ratio to draw."


def _only_words(words: str) -> Figure:
    with theme.house_style():
        figure = theme.new_figure(theme.WIDTH, 0.6)
        write(theme.page(figure), _MARGIN, 0.4, words, size=theme.TEXT)
    return figure


def _note(rows: pd.DataFrame, drawn: pd.DataFrame, conf_level: float) -> str:
    many = len(drawn) > MOST_MARKS
    said = (
        ["Bold: the study's own choices."] if rows["is_reference"].any() and rows.shape[1] > len(CURVE_COLUMNS) else []
    )
    said.append(f"Grey: {100 * conf_level:g}% intervals, one by one; they are not independent of one another.")
    if many:
        said.append("Darker: more of the specifications of about that rank have the value.")
    if len(drawn) < len(rows):
        n = len(rows) - len(drawn)
        said.append(f"{n:,} of {len(rows):,} specifications {'has' if n == 1 else 'have'} no ratio to draw.")
    return " ".join(said)


def _dress(curve: Axes, below: Axes, limits: tuple[float, float], n: int, body: float) -> None:
    log_axis.draw_upright_ratio_axis(curve, limits, height=_CURVE)
    for axes in (curve, below):
        axes.set_xlim(0.5, n + 0.5)
    curve.tick_params(bottom=False, labelbottom=False)
    curve.spines["bottom"].set_visible(False)
    below.set_ylim(0, body)
    below.tick_params(left=False, labelleft=False)
    below.spines["left"].set_visible(False)
    below.set_xticks([1, n] if n > 1 else [1], [f"{place:,}" for place in ([1, n] if n > 1 else [1])])


def _draw_curve(axes: Axes, drawn: pd.DataFrame, limits: tuple[float, float]) -> None:
    rank = np.arange(1, len(drawn) + 1)
    estimate = drawn["estimate"].to_numpy(dtype=float)
    has_interval = (drawn["conf_low"].notna() | drawn["conf_high"].notna()).to_numpy()
    low = drawn["conf_low"].fillna(0).to_numpy(dtype=float).clip(*limits)
    high = drawn["conf_high"].fillna(np.inf).to_numpy(dtype=float).clip(*limits)
    low, high = np.where(has_interval, low, estimate), np.where(has_interval, high, estimate)
    if len(drawn) > MOST_MARKS:
        axes.fill_between(rank, low, high, color=_BAND, linewidth=0, zorder=2)
        axes.plot(rank, estimate, color=_POINT, linewidth=1.6, zorder=3)
        return
    segments = np.stack([np.column_stack([rank, low]), np.column_stack([rank, high])], axis=1)
    thick = float(np.clip(200 / len(drawn), 0.8, 3))
    axes.add_collection(LineCollection(segments, colors="#a9b3c2", linewidths=thick, zorder=2), autolim=False)
    axes.plot(rank, estimate, "o", color=_POINT, markersize=float(np.clip(300 / len(drawn), 1.6, 4)), zorder=3)


def _draw_published(axes: Axes, paper: Axes, published: float, limits, corner, room) -> None:
    """A dotted line across, named to the left of the numbers of the axis."""
    (low, high), (left, bottom) = np.log(limits), corner
    axes.axhline(
        published, color=theme.GROUPS[theme.NEXT_TO_CEMENT].ink, linewidth=1.1, linestyle=(0, (1, 1.5)), zorder=4
    )
    y = bottom + (np.log(published) - low) / (high - low) * _CURVE
    text, pitch = f"published {published:.2f}", line_height(theme.SMALL)
    (centre,) = spread([y], [pitch], low=room[0], high=room[1])
    x = left - 0.5
    paper.text(x - 0.04, centre, text, ha="right", va="center", fontsize=theme.SMALL)
    paper.plot([x, left - 0.38], [centre, y], color=theme.MUTED, linewidth=0.6)


def _draw_reference(curve: Axes, below: Axes, paper: Axes, drawn: pd.DataFrame, place) -> None:
    """A line through both panels at the reference specification, its value above it."""
    at = np.flatnonzero(drawn["is_reference"])
    if not len(at):
        return
    left, width, top = place
    rank, value = at[0] + 1, float(drawn["estimate"].iloc[at[0]])
    for axes in (curve, below):
        axes.axvline(rank, color=theme.INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=4)
    curve.plot(
        rank, value, "D", color=theme.INK, markerfacecolor=theme.PAPER, markersize=6, markeredgewidth=1.4, zorder=5
    )
    text = f"reference specification {value:.2f}"
    x = left + (rank - 0.5) / len(drawn) * width
    (centre,) = spread([x], [text_width(text, size=theme.SMALL)], low=left, high=left + width)
    paper.text(centre, top + 0.08, text, ha="center", va="bottom", fontsize=theme.SMALL)


def _draw_choices(axes: Axes, paper: Axes, drawn: pd.DataFrame, lines: Sequence[tuple[str, str]], place) -> None:
    """A line for each value of each choice: marked where a specification has it."""
    foot, top, start = place
    own = drawn[drawn["is_reference"]].iloc[:1]
    y, before, bars = top, None, [[] for _ in _SHADES]
    half = 0.36 * _ROW
    for choice, value in lines:
        if choice != before:
            paper.plot([_MARGIN, theme.WIDTH - _MARGIN], [y, y], color=theme.RULE, linewidth=0.6)
            y -= _GAP
            write(paper, _MARGIN, y + 0.012, choice, size=theme.SMALL, color=theme.MUTED)
        is_own = bool(len(own)) and is_given(own[choice].iloc[0]) and str(own[choice].iloc[0]) == value
        write(paper, start, y + 0.012, value, size=theme.SMALL, weight="bold" if is_own else "normal")
        middle, before = y - _ROW / 2 - foot, choice
        has_value = (drawn[choice].astype(str) == value).to_numpy()
        if len(drawn) > MOST_MARKS:
            for shade, own_bars in zip(bars, _runs(has_value), strict=True):
                shade += [(begin, end, middle - half, middle + half) for begin, end in own_bars]
        else:
            at, wide = np.flatnonzero(has_value) + 1.0, min(0.3, _WIDEST * len(drawn))
            bars[-1] += [(rank - wide, rank + wide, middle - half, middle + half) for rank in at]
        y -= _ROW
    for colour, own_bars in zip(_SHADES, bars, strict=True):
        if own_bars:
            axes.add_patch(PathPatch(_rectangles(own_bars), facecolor=colour, linewidth=0, zorder=2))


def _runs(has_value: np.ndarray) -> list[list[tuple[float, float]]]:
    """Stretches of ranks in which the value is about as frequent, for each shade."""
    n = len(has_value)
    edge = np.unique(np.linspace(0, n, _BINS + 1).round().astype(int))
    share = np.add.reduceat(has_value.astype(float), edge[:-1]) / np.diff(edge)
    # From none to all: an eighth, three eighths, five eighths, seven eighths.
    shade = np.digitize(share, (np.arange(len(_SHADES)) * 2 + 1) / (2 * len(_SHADES)))
    change = np.flatnonzero(np.diff(shade)) + 1
    begins, ends = np.append(0, change), np.append(change, len(shade))
    found: list[list[tuple[float, float]]] = [[] for _ in _SHADES]
    for begin, end in zip(begins, ends, strict=True):
        if shade[begin]:
            found[shade[begin] - 1].append((edge[begin] + 0.5, edge[end] + 0.5))
    return found


def _rectangles(bars: Sequence[tuple[float, float, float, float]]) -> Path:
    """Many rectangles as one path."""
    x0, x1, y0, y1 = np.array(bars).T
    corners = np.stack([np.column_stack(pair) for pair in ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))], axis=1)
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], len(bars))
    return Path(corners.reshape(-1, 2), codes)
