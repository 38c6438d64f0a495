"""Names and results beside the ends of curves, moved apart where the curves end close together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from helpers.figures import theme
from helpers.figures.lettering import spread, text_height, wrap, write

ROOM = 1.72  # inches to the right of the axes
_START, _GAP = 0.2, 0.03


@dataclass(frozen=True)
class EndLabel:
    """A group's name over its written result, wrapped to the room there is, and the height they need."""

    group: str
    name: str
    text: str

    @property
    def height(self) -> float:
        """Inches from above the name to below the text."""
        text = text_height(self.text, size=theme.SMALL) if self.text else 0
        return text_height(self.name, size=theme.TEXT) + text + 2 * _GAP


def end_labels(groups: Sequence[str], texts: Mapping[str, str] | None) -> list[EndLabel]:
    """The labels of these groups, each with its written result where it has one."""
    width = ROOM - _START - 0.1
    return [
        EndLabel(
            group,
            wrap(group, width, size=theme.TEXT, weight="bold"),
            wrap((texts or {}).get(group, ""), width, size=theme.SMALL),
        )
        for group in groups
    ]


def room_for(labels: Sequence[EndLabel], *, at_least: float) -> float:
    """Height in inches of axes beside which all the labels fit."""
    return max(at_least, sum(label.height for label in labels) + 0.1)


def draw_end_labels(
    paper: Axes,
    labels: Sequence[EndLabel],
    ends: Sequence[float],
    *,
    right: float,
    base: float,
    height: float,
    styles: Mapping[str, theme.GroupStyle],
) -> None:
    """Write the labels right of the axes, each with a line to where its curve ends (inches above `base`)."""
    wanted, sizes = list(ends)[::-1], [label.height for label in labels][::-1]
    places = spread(wanted, sizes, low=-0.15, high=height + 0.15)[::-1]
    for label, end, place in zip(labels, ends, places, strict=True):
        style = styles[label.group]
        across = [right + 0.03, right + 0.07, right + 0.16]
        paper.plot(across, [base + end, base + end, base + place], color=style.colour, linewidth=0.8)
        edge = base + place + label.height / 2 - _GAP
        write(paper, right + _START, edge, label.name, size=theme.TEXT, weight="bold", color=style.ink)
        if label.text:
            below = edge - text_height(label.name, size=theme.TEXT)
            write(paper, right + _START, below, label.text, size=theme.SMALL)
