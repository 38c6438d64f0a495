"""Text as something with a size: measured, wrapped and moved apart before it is drawn."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

FONT = "DejaVu Sans"
LEADING = 1.3  # line pitch over font size
_measure = TextToPath()


@lru_cache(maxsize=4096)
def _line_width(line: str, size: float, weight: str) -> float:
    font = FontProperties(family=FONT, size=size, weight=weight)
    return _measure.get_text_width_height_descent(line, font, ismath=False)[0] / 72


def text_width(text: str, *, size: float, weight: str = "normal") -> float:
    """Width in inches of the widest line of `text`."""
    return max(_line_width(line, size, weight) for line in text.split("\n"))


def widest(texts: Sequence[str], *, size: float, weight: str = "normal") -> float:
    """Width in inches of the widest of several texts; 0 when there is none."""
    return max((text_width(text, size=size, weight=weight) for text in texts), default=0.0)


def line_height(size: float) -> float:
    """Distance in inches between the base lines of two lines of text."""
    return size * LEADING / 72


def text_height(text: str, *, size: float) -> float:
    """Height in inches that the lines of `text` take up."""
    return (text.count("\n") + 1) * line_height(size)


def wrap(text: str, width: float, *, size: float, weight: str = "normal") -> str:
    """`text` broken between words into lines of at most `width` inches; a word that is wider is cut."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            joined = f"{line} {word}" if line else word
            if _line_width(joined, size, weight) <= width:
                line = joined
                continue
            if line:
                lines.append(line)
            while _line_width(word, size, weight) > width and len(word) > 1:
                fits = 1
                while _line_width(word[: fits + 1], size, weight) <= width:
                    fits += 1
                lines.append(word[:fits])
                word = word[fits:]
            line = word
        lines.append(line)
    return "\n".join(lines)


def wrap_result(text: str, width: float, *, size: float) -> str:
    """A written result wrapped to `width` inches: broken before its interval first, where it is too wide."""
    if text_width(text, size=size) > width:
        text = text.replace(" (", "\n(", 1)
    return wrap(text, width, size=size)


def write(axes: Axes, x: float, top: float, text: str, *, size: float, **look) -> None:
    """Write the lines of `text` below `top` on axes in inches; texts with one top share their base lines."""
    half_capital = 0.36 * size / 72
    for number, line in enumerate(text.split("\n")):
        middle = top - (number + 0.5) * line_height(size)
        axes.text(x, middle - half_capital, line, va="baseline", fontsize=size, **look)


def spread(wanted: Sequence[float], sizes: Sequence[float], *, low: float, high: float) -> list[float]:
    """Centres nearest to `wanted` at which things of these sizes do not overlap, within `low` to `high`.

    Least squares under an order: after taking off the room that those before need, the places must not fall,
    which pooling adjacent violators solves exactly.
    """
    if not len(wanted):
        return []
    order = np.argsort(np.asarray(wanted, dtype=float), kind="stable")
    size = np.asarray(sizes, dtype=float)[order]
    room_before = np.concatenate([[0.0], np.cumsum(size)[:-1]]) + size / 2
    pools: list[tuple[float, int]] = []
    for place in np.asarray(wanted, dtype=float)[order] - room_before:
        mean, members = float(place), 1
        while pools and pools[-1][0] > mean:
            before, count = pools.pop()
            mean, members = (before * count + mean * members) / (count + members), count + members
        pools.append((mean, members))
    slack = np.repeat([mean for mean, _ in pools], [members for _, members in pools])
    slack = np.clip(slack, low, max(low, high - size.sum()))
    centres = np.empty(len(size))
    centres[order] = slack + room_before
    return centres.tolist()
