"""A vertical axis of probabilities from 0 to the next round number above the data."""

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

_NICE = [1, 2, 2.5, 5, 10]


def round_top(highest: float) -> float:
    """The round number above the highest value drawn: 5% where nothing happened, at most 100%."""
    if highest <= 0:
        return 0.05
    return float(min(1.0, MaxNLocator(5, steps=_NICE).tick_values(0, highest)[-1]))


def ends_early(top: float) -> str:
    """Words behind the heading of an axis that does not go up to 100%."""
    return f" (axis ends at {100 * top:.4g}%, not at 100%)" if top < 1 else ""


def draw_percent_axis(axes: Axes, top: float) -> None:
    """Give the axes round ticks in per cent from 0 to `top`, with faint lines across."""
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=_NICE))
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
