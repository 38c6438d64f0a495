"""Map of the spine: at each level the vertebrae treated, and the risk of a new fracture by distance from cement."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from helpers.errors import WorkbookError
from helpers.figures import theme
from helpers.figures.inputs import in_words, need_columns, need_rows, number_text
from helpers.figures.lettering import text_height, widest, wrap, write

SPINE_COLUMNS = (
    "level", "treated", "fractured_adjacent", "fractured_nonadjacent", "at_risk_adjacent", "at_risk_nonadjacent",
)  # fmt: skip
DISTANCES = ("adjacent", "nonadjacent")
FEW = 10  # vertebrae at risk below which a bar is hollow, and does not set the scale
LEVELS = (*(f"T{number}" for number in range(1, 14)), *(f"L{number}" for number in range(1, 7)))
SOMETIMES = ("T13", "L6")
_MARGIN, _PITCH, _GAP = 0.15, 0.25, 0.07  # inches
_CEMENT = "#7a7a7a"
_STRIPED, _STRIPES = "nonadjacent", 0.035  # inches from one stripe of a bar to the next
_NOTE = (
    "Bars to the right: share of the vertebrae at risk there that fractured; hollow where fewer than 10 were at risk, "
    "cut off at the end of the scale. Numbers: fractured / at risk."
)


def plot_spine_map(levels: pd.DataFrame, *, unit: str = "vertebrae") -> Figure:
    """The spine from T1 down, treated levels as bars to the left, risks by distance to the right, counts as text.

    Parameters
    ----------
    levels : DataFrame
        level ("T1" to "L6"), treated, fractured and at risk next to cement (adjacent) and further away
        (nonadjacent): whole numbers. Levels that are not in the table are drawn with zeros; T13 and L6 are drawn only
        when they are in it.
    """
    need_columns(levels, SPINE_COLUMNS, figure="map of the spine")
    need_rows(levels, figure="map of the spine")
    table = _complete(levels)
    with theme.house_style():
        styles = theme.group_styles([theme.NEXT_TO_CEMENT, theme.FURTHER_AWAY])
        headings = [wrap(text, 0.75, size=theme.SMALL) for text in styles]
        texts = [[_counts_text(row, distance) for row in table.to_dict("records")] for distance in DISTANCES]
        columns = [
            max(widest(column, size=theme.TEXT), widest(heading.split("\n"), size=theme.SMALL), 0.42)
            for column, heading in zip(texts, headings, strict=True)
        ]
        treated_texts = [number_text(value) for value in table["treated"]]
        treated_width = max(0.3, widest(treated_texts, size=theme.TEXT))
        scale = _longest(table)
        scale_text = f"{100 * scale:.0f}%"
        room = theme.WIDTH - 2 * _MARGIN - sum(columns) - 0.2 * 2 - treated_width - 0.1 - 0.86
        spine = _MARGIN + treated_width + 0.1 + room * 0.44 + 0.43
        right_room = room * 0.56
        height = len(table) * _PITCH
        note = wrap(_NOTE, theme.WIDTH - 2 * _MARGIN, size=theme.SMALL)
        below = text_height(note, size=theme.SMALL) + 0.28
        figure = theme.new_figure(theme.WIDTH, height + 0.62 + _MARGIN + below)
        paper = theme.page(figure)
        top = _MARGIN + below + height
        longest_left = max(1, table["treated"].max())
        ends = [theme.WIDTH - _MARGIN - sum(columns[place + 1 :]) - 0.2 * (1 - place) for place in range(2)]
        start = spine + 0.43
        for place, row in enumerate(table.to_dict("records")):
            y = top - (place + 0.5) * _PITCH
            if place % 2:
                band = (_MARGIN - 0.05, y - _PITCH / 2)
                paper.add_patch(Rectangle(band, theme.WIDTH - 2 * _MARGIN + 0.1, _PITCH, color="#f7f7f5", linewidth=0))
            _draw_body(paper, spine, y, row["level"], place / max(1, len(table) - 1))
            left = row["treated"] / longest_left * room * 0.44
            _draw_bar(paper, spine - 0.43 - left, y, left, _CEMENT)
            _number(paper, spine - 0.43 - left - 0.06, y, treated_texts[place])
            for distance, style, rise in zip(DISTANCES, styles.values(), (0.052, -0.052), strict=True):
                share, is_firm = _risk(row, distance), row[f"at_risk_{distance}"] >= FEW
                size = min(share / scale, 1.0) * right_room
                look = {"is_striped": distance == _STRIPED} if is_firm else {"is_hollow": True}
                _draw_bar(paper, start, y + rise, size, style.colour, thickness=0.09, **look)
            for end, column, distance, style in zip(ends, texts, DISTANCES, styles.values(), strict=True):
                ink = style.ink if row[f"fractured_{distance}"] else theme.MUTED
                _number(paper, end, y, column[place], color=ink)
        foot = top - height - 0.05
        paper.plot([start, start + right_room], [foot, foot], color=theme.MUTED, linewidth=0.8)
        write(paper, start, foot - 0.02, "0%", size=theme.SMALL, color=theme.MUTED)
        write(paper, start + right_room, foot - 0.02, scale_text, size=theme.SMALL, ha="right", color=theme.MUTED)
        write(paper, _MARGIN, _MARGIN + below - 0.26, note, size=theme.SMALL, color=theme.MUTED)
        _draw_heads(paper, top, spine, ends, headings, styles, unit)
    return figure


def describe_spine_map(levels: pd.DataFrame) -> str:
    """Alternative text of `plot_spine_map`: every level at which something was treated or fractured."""
    table = _complete(levels)
    next_to, away = theme.NEXT_TO_CEMENT.lower(), theme.FURTHER_AWAY.lower()
    said = ["Map of the spine from T1 down, with the levels treated and the risk of a new fracture by distance."]
    quiet = []
    for row in table.to_dict("records"):
        if not row["treated"] and not row["fractured_adjacent"] and not row["fractured_nonadjacent"]:
            quiet.append(row["level"])
            continue
        near, far = (_counts_text(row, distance).replace("/", " of ") for distance in DISTANCES)
        treated = number_text(row["treated"])
        said.append(f"{row['level']}: {treated} treated; {near} fractured {next_to}, {far} {away}.")
    if quiet:
        said.append(f"Nothing treated and no new fracture at {in_words(quiet)}.")
    return " ".join(said)


def _counts_text(row: dict, distance: str) -> str:
    return f"{number_text(row[f'fractured_{distance}'])}/{number_text(row[f'at_risk_{distance}'])}"


def _risk(row: dict, distance: str) -> float:
    at_risk = row[f"at_risk_{distance}"]
    return row[f"fractured_{distance}"] / at_risk if at_risk else 0.0


def _longest(table: pd.DataFrame) -> float:
    """The risk at which the scale ends: the highest one of not too few vertebrae, rounded up to whole per cents."""
    rows = table.to_dict("records")
    firm = [_risk(row, distance) for row in rows for distance in DISTANCES if row[f"at_risk_{distance}"] >= FEW]
    any_of_them = firm or [_risk(row, distance) for row in rows for distance in DISTANCES]
    return max(0.01, math.ceil(round(100 * max(any_of_them), 6)) / 100)


def _complete(levels: pd.DataFrame) -> pd.DataFrame:
    """One row for each level in the order of the spine, with whole numbers."""
    unknown = sorted(set(levels["level"].astype(str)) - set(LEVELS))
    if unknown:
        raise WorkbookError(f"The map of the spine knows T1 to T13 and L1 to L6, but got {', '.join(unknown)}.")
    table = levels.assign(level=levels["level"].astype(str)).set_index("level")[list(SPINE_COLUMNS[1:])]
    order = [level for level in LEVELS if level not in SOMETIMES or level in table.index]
    return table.reindex(order).fillna(0).astype(int).rename_axis("level").reset_index()


def _draw_body(paper: Axes, x: float, y: float, level: str, share: float) -> None:
    """A vertebral body: a little wider and taller from level to level downward."""
    width, height = 0.42 + 0.26 * share, _PITCH - _GAP + 0.03 * share
    body = FancyBboxPatch(
        (x - width / 2, y - height / 2),
        width,
        height,
        boxstyle="round,pad=0,rounding_size=0.05",
        facecolor="#fbf7ec",
        edgecolor=theme.MUTED,
        linewidth=0.9,
    )
    paper.add_patch(body)
    paper.text(x, y - 0.036 * theme.TEXT / 7.2, level, ha="center", va="baseline", weight="bold")


def _draw_bar(
    paper: Axes,
    left: float,
    y: float,
    width: float,
    colour: str,
    *,
    thickness: float = 0.14,
    is_striped: bool = False,
    is_hollow: bool = False,
) -> None:
    if width:
        look = {"facecolor": colour, "edgecolor": theme.PAPER, "linewidth": 0.5}
        look = {"facecolor": theme.PAPER, "edgecolor": colour, "linewidth": 0.8} if is_hollow else look
        paper.add_patch(Rectangle((left, y - thickness / 2), width, thickness, **look))
        if is_striped:
            paper.add_collection(_stripes(left, y - thickness / 2, width, thickness))


def _stripes(left: float, bottom: float, width: float, height: float) -> LineCollection:
    """Slanting stripes over a bar. As lines, because browsers print a hatched area as pixels, and slowly."""
    starts = np.arange(left - height + _STRIPES / 2, left + width, _STRIPES)
    inside = np.clip([starts, starts + height], left, left + width)
    lines = np.stack([inside, inside - starts + bottom], axis=-1).swapaxes(0, 1)
    return LineCollection(lines, colors=theme.PAPER, linewidths=0.6, capstyle="butt")


def _number(paper: Axes, x: float, y: float, text: str, color: str = theme.INK) -> None:
    paper.text(x, y - 0.036 * theme.TEXT / 7.2, text, ha="right", va="baseline", color=color)


def _draw_heads(paper: Axes, top: float, spine: float, ends: Sequence[float], headings, styles, unit: str) -> None:
    """What the two sides show, and the headings of the number columns with the key of the bars."""
    y = top + 0.56
    write(paper, spine - 0.43, y, f"{unit.capitalize()} treated", size=theme.TEXT, weight="bold", ha="right")
    write(paper, spine + 0.43, y, "Risk of a new fracture", size=theme.TEXT, weight="bold")
    inks = [style.ink for style in styles.values()]
    for place, (end, heading, ink) in enumerate(zip(ends, headings, inks, strict=True)):
        rise = 0.06 + 0.135 * (heading.count("\n") + 1)
        write(paper, end, top + rise, heading, size=theme.SMALL, ha="right", color=ink)
        colour, is_striped = list(styles.values())[place].colour, DISTANCES[place] == _STRIPED
        _draw_bar(paper, end - 0.3, top + 0.43, 0.3, colour, is_striped=is_striped)
