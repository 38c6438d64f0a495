"""One look for every figure: colours and line styles with a meaning, fonts, sizes, and byte-stable output."""

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.figures.png import png

WIDTH = 7.2  # inches: the text width of an A4 report and of a two-column journal page
TEXT = 8.5  # points
SMALL = 7.5

INK = "#1a1a1a"
MUTED = "#595959"  # 7:1 on white, so that notes can be read in print
RULE = "#c9c9c9"
FAINT = "#f1f1ef"
PAPER = "#ffffff"

NEXT_TO_CEMENT = "Next to cement"
FURTHER_AWAY = "Further away"


@dataclass(frozen=True)
class GroupStyle:
    """How one group is drawn: told apart by colour, by lightness in grey, and by line style and marker.

    `colour` is for lines and areas; `ink` is a darker shade of it that can be read as text (4.5:1 on white).
    """

    colour: str
    ink: str
    dashes: tuple[float, tuple[float, ...]]
    marker: str


SOLID = (0, ())
_ADJACENT = GroupStyle("#a3320b", "#a3320b", SOLID, "s")
_FURTHER = GroupStyle("#3b93cf", "#1d6796", (0, (5, 1.6)), "o")
_OTHERS = (
    GroupStyle("#17213f", "#17213f", (0, (1.2, 1.2)), "^"),
    GroupStyle("#8f9a1e", "#616900", (0, (7, 1.5, 1.2, 1.5)), "D"),
    GroupStyle("#bd86c4", "#834a8b", (0, (2.6, 1.3)), "v"),
    GroupStyle("#6e6e6e", "#595959", (0, (9, 2.5)), "P"),
)
_IN_ORDER = (_ADJACENT, _FURTHER, *_OTHERS)

GROUPS: Mapping[str, GroupStyle] = {NEXT_TO_CEMENT: _ADJACENT, FURTHER_AWAY: _FURTHER}

_RC = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "font.size": TEXT,
    "axes.labelsize": TEXT,
    "axes.titlesize": TEXT,
    "xtick.labelsize": TEXT,
    "ytick.labelsize": TEXT,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
    "xtick.major.size": 3.5,
    "ytick.major.size": 3.5,
    "grid.color": "#e6e6e3",
    "grid.linewidth": 0.6,
    "lines.solid_capstyle": "butt",
    "text.parse_math": False,  # a "$" in a label is a dollar sign
    "text.hinting": "none",  # text keeps its measured width at every resolution
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "savefig.facecolor": PAPER,
    "savefig.bbox": None,
    "figure.constrained_layout.use": False,
    "figure.autolayout": False,
    "path.simplify": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "vertebroplasty-workbook",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw inside this block in the house style; everything is as it was afterwards."""
    with mpl.rc_context({**sns.plotting_context("paper"), **sns.axes_style("ticks"), **_RC}):
        yield


def group_styles(groups: Iterable[str]) -> dict[str, GroupStyle]:
    """A style for each group: its own where the group is known, else the next one that is free."""
    names = list(dict.fromkeys(groups))
    taken = {GROUPS[name] for name in names if name in GROUPS}
    free = [style for style in _IN_ORDER if style not in taken]
    unknown = [name for name in names if name not in GROUPS]
    styles = dict(GROUPS) | {name: free[place % len(free)] for place, name in enumerate(unknown)}
    return {name: styles[name] for name in names}


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches, outside pyplot's registry."""
    return Figure(figsize=(width, height), dpi=100, layout="none")


def axes_at(figure: Figure, left: float, bottom: float, width: float, height: float, **options) -> Axes:
    """Axes placed in inches from the lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up), **options)


def page(figure: Figure) -> Axes:
    """Invisible axes over the whole figure with inches as coordinates, the origin at the lower left."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1), zorder=-1)
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return axes


def svg_bytes(figure: Figure) -> bytes:
    """The figure as SVG; the same figure always gives the same bytes."""
    return _rendered(figure, format="svg", metadata={"Date": None, "Creator": None})


def png_bytes(figure: Figure, *, dpi: int = 300) -> bytes:
    """The figure as PNG at print resolution; the same figure always gives the same bytes."""
    drawn = np.frombuffer(_rendered(figure, format="rgba", dpi=dpi), dtype=np.uint8)
    pixels = drawn.reshape(-1, int(figure.get_figwidth() * dpi), 4)
    return png(pixels[..., :3], dpi=dpi)  # the paper is opaque


def images(figure: Figure) -> dict[str, bytes]:
    """The figure as a run keeps it: svg for screens, png for documents."""
    return {"svg": svg_bytes(figure), "png": png_bytes(figure)}


def _rendered(figure: Figure, **options) -> bytes:
    file = io.BytesIO()
    with house_style():
        figure.savefig(file, **options)
    return file.getvalue()
