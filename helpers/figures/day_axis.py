"""A horizontal axis of days, with only those days written that have room."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from helpers.figures import theme
from helpers.figures.lettering import text_width


def days_with_room(days: Sequence[float], *, end: float, width: float) -> list[float]:
    """Those of the days, the earlier first, whose numbers fit beside one another on `width` inches up to `end`."""
    kept: list[float] = []
    for day in days:
        if not kept or (day - kept[-1]) / end * width >= (_room(day) + _room(kept[-1])) / 2:
            kept.append(day)
    return kept


def draw_day_axis(axes: Axes, days: Sequence[float], *, end: float, width: float) -> None:
    """Give the axes days from 0 to `end`, with ticks on those of `days` that have room."""
    axes.set_xlim(0, end)
    axes.xaxis.set_major_locator(FixedLocator(days_with_room(days, end=end, width=width)))
    axes.xaxis.set_major_formatter(lambda day, _: day_text(day))


def day_text(day: float) -> str:
    """A day with thousands separators."""
    return f"{day:,.0f}"


def _room(day: float) -> float:
    return text_width(day_text(day), size=theme.TEXT) + 0.12
