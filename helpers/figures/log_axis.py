"""A log axis for ratios: round ends, a line at 1, and only ticks that have room for their numbers."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from helpers.figures import theme
from helpers.figures.lettering import text_width

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
    low, high = limits
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    choices = [[digit * 10.0**power for power in powers for digit in digits] for digits in _DIGITS]
    choices += [[10.0**power for power in powers if power % step == 0] for step in (2, 3, 4, 6)]
    for choice in choices:
        ticks = [round(tick, 12) for tick in choice if low <= tick <= high]
        places = np.log(ticks) / np.log(high / low) * width
        room = np.array([text_width(tick_text(tick), size=theme.TEXT) for tick in ticks])
        if (np.diff(places) >= (room[1:] + room[:-1]) / 2 + 0.1).all():
            return ticks
    return [1.0]


def tick_text(value: float) -> str:
    """A tick in plain digits, 0.001 or 10,000."""
    return f"{value:,.10g}"


def draw_ratio_axis(axes: Axes, limits: tuple[float, float], *, width: float) -> None:
    """Give the axes a bottom axis on the log scale and the line at 1."""
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    axes.xaxis.set_major_locator(FixedLocator(ratio_ticks(limits, width=width)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: tick_text(value))
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.axvline(1, color=theme.MUTED, linewidth=0.9, zorder=1)
