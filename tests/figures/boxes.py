"""Where the text of a figure really lands: rendered boxes, overlaps, and text that leaves the canvas."""

from itertools import combinations
from unittest import mock

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from helpers.figures.theme import house_style

SMALLEST_PRINT = 7.0  # points


def drawn_texts(figure: Figure) -> list[tuple[str, object, Text]]:
    """Every text that a renderer really draws, with its box in pixels."""
    seen: dict[int, Text] = {}
    draw = Text.draw

    def remember(text, renderer, *args, **kwargs):
        if text.get_visible() and text.get_text().strip():
            seen[id(text)] = text
        return draw(text, renderer, *args, **kwargs)

    with house_style(), mock.patch.object(Text, "draw", remember):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        return [(text.get_text(), text.get_window_extent(renderer), text) for text in seen.values()]


def assert_legible(figure: Figure, *, slack: float = 0.75) -> list[str]:
    """No two texts overlap, none leaves the canvas, none is too small to print; returns the texts."""
    texts = drawn_texts(figure)
    width, height = figure.bbox.width, figure.bbox.height
    outside = [
        name
        for name, box, _ in texts
        if box.x0 < -slack or box.y0 < -slack or box.x1 > width + slack or box.y1 > height + slack
    ]
    assert not outside, f"leaves the canvas: {outside}"
    tiny = [name for name, _, text in texts if text.get_fontsize() < SMALLEST_PRINT]
    assert not tiny, f"too small to print: {tiny}"
    touching = [
        (one, other)
        for (one, a, _), (other, b, _) in combinations(texts, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > slack and min(a.y1, b.y1) - max(a.y0, b.y0) > slack
    ]
    assert not touching, f"overlap: {touching}"
    return [name for name, _, _ in texts]
