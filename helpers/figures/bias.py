"""An answer under a growing error: one line for each kind of error, with a band where chance has its share."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from helpers.figures import theme
from helpers.figures.end_labels import ROOM, draw_end_labels, end_labels, room_for
from helpers.figures.inputs import is_given, need_columns, need_rows
from helpers.figures.lettering import text_height, text_width, widest, wrap, write
from helpers.figures.log_axis import draw_upright_ratio_axis, ratio_limits, tick_text, upright_ratio_ticks

BIAS_COLUMNS = ("line", "x", "x_text", "estimate", "conf_low", "conf_high", "text")
_MARGIN, _HEADING, _PLOT, _AXIS_ROOM = 0.15, 0.32, 2.5, 0.56  # inches
_REFERENCE = theme.GroupStyle(theme.MUTED, theme.MUTED, (0, (1, 2)), "")


def plot_bias(
    rows: pd.DataFrame,
    *,
    x_label: str,
    y_label: str,
    references: Mapping[str, float] | None = None,
    is_ratio: bool = True,
    note: str = "",
) -> Figure:
    """A line for each error over how large it is, named at its end.

    Parameters
    ----------
    rows : DataFrame
        line (its name), x, x_text (the number on the axis, "" for none), estimate, conf_low, conf_high (absent: no
        band), text (the value at the end of the line, as written elsewhere), in the order of x within each line. A
        line breaks where there is no estimate.
    references : mapping, optional
        Name to value of a dotted line across.
    is_ratio : bool
        On a log axis with a line at 1; otherwise on a plain one from 0.
    note : str
        Under the figure.
    """
    need_columns(rows, BIAS_COLUMNS, figure="figure of errors")
    need_rows(rows, figure="figure of errors")
    references = {name: value for name, value in (references or {}).items() if is_given(value)}
    lines = {str(name): own for name, own in rows.groupby("line", sort=False)}
    with theme.house_style():
        styles = theme.group_styles(lines) | dict.fromkeys(references, _REFERENCE)
        texts = {name: str(own["text"].iloc[-1]) for name, own in lines.items()}
        labels = end_labels([*lines, *references], texts)
        height = room_for(labels, at_least=_PLOT)
        limits = _limits(rows, references, is_ratio)
        numbers = _numbers(limits, height, is_ratio)
        left = _MARGIN + widest([tick_text(number) for number in numbers], size=theme.TEXT) + 0.12
        width = theme.WIDTH - left - ROOM
        told = wrap(note, theme.WIDTH - 2 * _MARGIN, size=theme.SMALL) if note else ""
        base = _AXIS_ROOM + (text_height(told, size=theme.SMALL) if told else 0) + _MARGIN
        figure = theme.new_figure(theme.WIDTH, base + height + _HEADING)
        paper = theme.page(figure)
        axes = theme.axes_at(figure, left, base, width, height)
        _dress(axes, rows, limits, numbers, height=height, width=width, is_ratio=is_ratio)
        axes.set_xlabel(x_label)
        for name, own in lines.items():
            _draw_line(axes, own, styles[name])
        for value in references.values():
            axes.axhline(value, color=theme.MUTED, linewidth=1, linestyle=_REFERENCE.dashes, zorder=1)
        ends = [_end(own) for own in lines.values()] + list(references.values())
        places = [_height_of(value, limits, height, is_ratio) for value in ends]
        draw_end_labels(paper, labels, places, right=left + width, base=base, height=height, styles=styles)
        heading = f"{y_label} (log scale)" if is_ratio else y_label
        write(paper, _MARGIN, base + height + _HEADING - 0.06, heading, size=theme.TEXT)
        if told:
            write(paper, _MARGIN, base - _AXIS_ROOM, told, size=theme.SMALL, color=theme.MUTED)
    return figure


def describe_bias(
    rows: pd.DataFrame, *, x_label: str, y_label: str, references: Mapping[str, float] | None = None, **_
) -> str:
    """Alternative text of `plot_bias`: both ends of every line, and the dotted lines."""
    said = []
    for name, own in rows.groupby("line", sort=False):
        known = own[own["estimate"].notna()]
        if known.empty:
            said.append(f"{name}: not estimable")
            continue
        first, last = known.iloc[0], known.iloc[-1]
        x = [row["x_text"] or tick_text(round(float(row["x"]), 4)) for row in (first, last)]
        y = [tick_text(float(f"{row['estimate']:.3g}")) for row in (first, last)]
        said.append(f"{name}: {y[0]} at {x[0]}, {y[1]} at {x[1]}")
    dotted = [f"{name} {tick_text(float(f'{value:.3g}'))}" for name, value in (references or {}).items()]
    lines = f" Dotted: {'; '.join(dotted)}." if dotted else ""
    return f"{y_label} over {x_label[0].lower()}{x_label[1:]}. {'; '.join(said)}.{lines}"


def _limits(rows: pd.DataFrame, references: Mapping[str, float], is_ratio: bool) -> tuple[float, float]:
    if is_ratio:
        return ratio_limits(rows, {value: name for name, value in references.items()})
    values = pd.concat([rows[["estimate", "conf_high"]].stack(), pd.Series(references.values(), dtype=float)])
    return 0.0, float(values.max()) * 1.08 or 1.0


def _numbers(limits: tuple[float, float], height: float, is_ratio: bool) -> Sequence[float]:
    if is_ratio:
        return upright_ratio_ticks(limits, height=height)
    ticks = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(*limits)
    return [float(tick) for tick in ticks if limits[0] <= tick <= limits[1]]


def _dress(axes: Axes, rows: pd.DataFrame, limits, numbers, *, height: float, width: float, is_ratio: bool) -> None:
    if is_ratio:
        draw_upright_ratio_axis(axes, limits, height=height)
    else:
        axes.set_ylim(*limits)
        axes.yaxis.set_major_locator(FixedLocator(numbers))
        axes.yaxis.set_major_formatter(lambda value, _: tick_text(value))
    low, high = rows["x"].min(), rows["x"].max()
    axes.set_xlim(low, high if high > low else low + 1)
    named = rows.loc[rows["x_text"] != "", ["x", "x_text"]].drop_duplicates("x").sort_values("x")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(named["x"].tolist(), _fitting(named, low, high, width))


def _fitting(named: pd.DataFrame, low: float, high: float, width: float) -> list[str]:
    """The numbers under the axis; one that would touch the last one shown is left out."""
    shown, edge = [], -np.inf
    for x, text in named.itertuples(index=False):
        middle = (x - low) / (high - low) * width if high > low else 0.0
        half = text_width(text, size=theme.TEXT) / 2 + 0.03
        is_free = middle - half >= edge
        shown.append(text if is_free else "")
        edge = middle + half if is_free else edge
    return shown


def _draw_line(axes: Axes, own: pd.DataFrame, style: theme.GroupStyle) -> None:
    low, high = axes.get_ylim()
    x, value = own["x"].to_numpy(dtype=float), own["estimate"].to_numpy(dtype=float)
    band = own[["conf_low", "conf_high"]].to_numpy(dtype=float).clip(low, high)
    if np.isfinite(band).any():
        axes.fill_between(x, band[:, 0], band[:, 1], color=style.colour, alpha=0.13, linewidth=0, zorder=1.5)
    look = {"color": style.colour, "linestyle": style.dashes, "linewidth": 1.6, "zorder": 3}
    axes.plot(x, value.clip(low, high), **look)
    marked = own["x_text"].to_numpy() != ""
    axes.plot(x[marked], value[marked].clip(low, high), style.marker, color=style.colour, markersize=4, zorder=4,
              clip_on=False)  # fmt: skip


def _end(own: pd.DataFrame) -> float:
    known = own["estimate"].dropna()
    return float(known.iloc[-1]) if len(known) else float("nan")


def _height_of(value: float, limits: tuple[float, float], height: float, is_ratio: bool) -> float:
    low, high = np.log(limits) if is_ratio else limits
    value = (np.log(value) if is_ratio else value) if value > 0 or not is_ratio else low
    return 0.0 if np.isnan(value) else float(np.clip((value - low) / (high - low), 0, 1) * height)
