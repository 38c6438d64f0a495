"""A log axis for ratios: round ends, a line at 1, and only ticks that have room for their numbers."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, NullLocator

from helpers.figures import theme
from helpers.figures.lettering import line_height, text_width

_DIGITS = (
    (1, 1.1, 1.2, 1.3, 1.5, 1.7, 2, 2.5, 3, 4, 5, 6, 7, 8, 9),
    (1, 1.5, 2, 3, 4, 5, 6, 8),
    (1, 2, 3, 5),
    (1, 2, 5),
    (1, 3),
    (1,),
)


def ratio_limits(rows: pd.DataFrame, references: Mapping[float, str]) -> tuple[float, float]:
    """Ends around every estimate; intervals widen them up to fourfold and get an arrow beyond that."""

    def positive(values) -> np.ndarray:
        values = pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").to_numpy(dtype=float)
        return values[np.isfinite(values) & (values > 0)]

    centre = np.concatenate([positive(rows["estimate"]), positive(list(references)), [1.0]])
    ends = np.concatenate([positive(rows["conf_low"]), positive(rows["conf_high"]), centre])
    low = min(max(ends.min(), centre.min() / 4), 1 / 1.25) / 1.12
    high = max(min(ends.max(), centre.max() * 4), 1.25) * 1.12
    return float(low), float(high)


def ratio_ticks(limits: tuple[float, float], *, width: float) -> list[float]:
    """The most round numbers, 1 among them, whose labels fit beside one another on `width` inches."""
    return _ticks(limits, width, lambda tick: text_width(tick_text(tick), size=theme.TEXT) + 0.1)


def upright_ratio_ticks(limits: tuple[float, float], *, height: float) -> list[float]:
    """The most round numbers, 1 among them, whose labels fit above one another on `height` inches."""
    return _ticks(limits, height, lambda tick: line_height(theme.TEXT) + 0.1)


def _ticks(limits: tuple[float, float], length: float, room_of: Callable[[float], float]) -> list[float]:
    low, high = limits
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    choices = [[digit * 10.0**power for power in powers for digit in digits] for digits in _DIGITS]
    choices += [[10.0**power for power in powers if power % step == 0] for step in (2, 3, 4, 6)]
    for choice in choices:
        ticks = [round(tick, 12) for tick in choice if low <= tick <= high]
        places = np.log(ticks) / np.log(high / low) * length
        room = np.array([room_of(tick) for tick in ticks])
        if (np.diff(places) >= (room[1:] + room[:-1]) / 2).all():
            return ticks
    return [1.0]


def tick_text(value: float) -> str:
    """A tick in plain digits, 0.001 or 10,000."""
    return f"{value:,.10g}"


def draw_ratio_axis(axes: Axes, limits: tuple[float, float], *, width: float) -> None:
    """Give the axes a bottom axis on the log scale and the line at 1."""
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    _number(axes.xaxis, ratio_ticks(limits, width=width))
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.axvline(1, color=theme.MUTED, linewidth=0.9, zorder=1)


def draw_upright_ratio_axis(axes: Axes, limits: tuple[float, float], *, height: float) -> None:
    """Give the axes a left axis on the log scale and a dashed line at 1."""
    axes.set_yscale("log")
    axes.set_ylim(*limits)
    _number(axes.yaxis, upright_ratio_ticks(limits, height=height))
    axes.axhline(1, color=theme.MUTED, linewidth=0.9, linestyle=(0, (5, 2.5)), zorder=1)


def _number(axis: Axis, ticks: Sequence[float]) -> None:
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(lambda value, _: tick_text(value))
