"""Map of the spine: at each level the vertebrae that were treated and those that fractured afterwards."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from helpers.errors import WorkbookError
from helpers.figures import theme
from helpers.figures.inputs import in_words, need_columns, need_rows, number_text
from helpers.figures.lettering import widest, wrap, write

SPINE_COLUMNS = ("level", "treated", "fractured_adjacent", "fractured_nonadjacent", "at_risk")
LEVELS = (*(f"T{number}" for number in range(1, 14)), *(f"L{number}" for number in range(1, 7)))
SOMETIMES = ("T13", "L6")
_MARGIN, _PITCH, _GAP = 0.15, 0.25, 0.07  # inches
_CEMENT = "#7a7a7a"
_HATCHES = (None, "////")
_NOTE = "Treated and fractured are each drawn to their own scale; the numbers are counts."


def plot_spine_map(levels: pd.DataFrame, *, unit: str = "vertebrae") -> Figure:
    """The spine from T1 down, treated levels as bars to the left, new fractures to the right, counts as text.

    Parameters
    ----------
    levels : DataFrame
        level ("T1" to "L6"), treated, fractured_adjacent, fractured_nonadjacent, at_risk: whole numbers.
        Levels that are not in the table are drawn with zeros; T13 and L6 are drawn only when they are in it.
    """
    need_columns(levels, SPINE_COLUMNS, figure="map of the spine")
    need_rows(levels, figure="map of the spine")
    table = _complete(levels)
    with theme.house_style():
        styles = theme.group_styles([theme.NEXT_TO_CEMENT, theme.FURTHER_AWAY])
        shown = ("fractured_adjacent", "fractured_nonadjacent", "at_risk")
        headings = [wrap(text, 0.64, size=theme.SMALL) for text in (*styles, "At risk")]
        texts = [[number_text(value) for value in table[name]] for name in shown]
        columns = [
            max(widest(column, size=theme.TEXT), widest(heading.split("\n"), size=theme.SMALL))
            for column, heading in zip(texts, headings, strict=True)
        ]
        treated_texts = [number_text(value) for value in table["treated"]]
        treated_width = max(0.3, widest(treated_texts, size=theme.TEXT))
        room = theme.WIDTH - 2 * _MARGIN - sum(columns) - 0.16 * 3 - treated_width - 0.1 - 0.86
        spine = _MARGIN + treated_width + 0.1 + room * 0.44 + 0.43
        right_room = room * 0.56
        height = len(table) * _PITCH
        head = 0.62
        figure = theme.new_figure(theme.WIDTH, height + head + _MARGIN + 0.25)
        paper = theme.page(figure)
        top = _MARGIN + 0.25 + height
        longest_left = max(1, table["treated"].max())
        longest_right = max(1, (table["fractured_adjacent"] + table["fractured_nonadjacent"]).max())
        ends = [theme.WIDTH - _MARGIN - sum(columns[place + 1 :]) - 0.16 * (2 - place) for place in range(3)]
        for place, row in enumerate(table.to_dict("records")):
            y = top - (place + 0.5) * _PITCH
            if place % 2:
                band = (_MARGIN - 0.05, y - _PITCH / 2)
                paper.add_patch(Rectangle(band, theme.WIDTH - 2 * _MARGIN + 0.1, _PITCH, color="#f7f7f5", linewidth=0))
            _draw_body(paper, spine, y, row["level"], place / max(1, len(table) - 1))
            left = row["treated"] / longest_left * room * 0.44
            _draw_bar(paper, spine - 0.43 - left, y, left, _CEMENT)
            _number(paper, spine - 0.43 - left - 0.06, y, treated_texts[place])
            start = spine + 0.43
            for name, style, hatch in zip(shown[:2], styles.values(), _HATCHES, strict=True):
                size = row[name] / longest_right * right_room
                _draw_bar(paper, start, y, size, style.colour, hatch)
                start += size
            for end, column, name in zip(ends, texts, shown, strict=True):
                _number(paper, end, y, column[place], color=_ink(name, row[name], styles))
        write(paper, _MARGIN, _MARGIN + 0.13, _NOTE, size=theme.SMALL, color=theme.MUTED)
        _draw_heads(paper, top, spine, ends, headings, styles, unit)
    return figure


def describe_spine_map(levels: pd.DataFrame) -> str:
    """Alternative text of `plot_spine_map`: every level at which something was treated or fractured."""
    table = _complete(levels)
    next_to, away = theme.NEXT_TO_CEMENT.lower(), theme.FURTHER_AWAY.lower()
    said = ["Map of the spine from T1 down, with the levels treated and the new fractures."]
    quiet = []
    for row in table.to_dict("records"):
        if not row["treated"] and not row["fractured_adjacent"] and not row["fractured_nonadjacent"]:
            quiet.append(row["level"])
            continue
        treated, near, far, at_risk = (number_text(row[name]) for name in SPINE_COLUMNS[1:])
        said.append(
            f"{row['level']}: {treated} treated, {near} fractured {next_to} and {far} {away}, of {at_risk} at risk."
        )
    if quiet:
        said.append(f"Nothing treated and no new fracture at {in_words(quiet)}.")
    return " ".join(said)


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


def _draw_bar(paper: Axes, left: float, y: float, width: float, colour: str, hatch: str | None = None) -> None:
    if width:
        paper.add_patch(
            Rectangle(
                (left, y - 0.07),
                width,
                0.14,
                facecolor=colour,
                edgecolor=theme.PAPER,
                linewidth=0.5,
                hatch=hatch,
            )
        )


def _number(paper: Axes, x: float, y: float, text: str, color: str = theme.INK) -> None:
    paper.text(x, y - 0.036 * theme.TEXT / 7.2, text, ha="right", va="baseline", color=color)


def _ink(name: str, count: int, styles) -> str:
    inks = dict(zip(("fractured_adjacent", "fractured_nonadjacent"), styles.values(), strict=True))
    return inks[name].ink if name in inks and count else theme.MUTED


def _draw_heads(paper: Axes, top: float, spine: float, ends: Sequence[float], headings, styles, unit: str) -> None:
    """What the two sides show, and the headings of the number columns with the key of the bars."""
    y = top + 0.56
    write(paper, spine - 0.43, y, f"{unit.capitalize()} treated", size=theme.TEXT, weight="bold", ha="right")
    write(paper, spine + 0.43, y, "New fractures", size=theme.TEXT, weight="bold")
    inks = [*(style.ink for style in styles.values()), theme.MUTED]
    for place, (end, heading, ink) in enumerate(zip(ends, headings, inks, strict=True)):
        rise = 0.06 + 0.135 * (heading.count("\n") + 1)
        write(paper, end, top + rise, heading, size=theme.SMALL, ha="right", color=ink)
        if place < len(styles):
            _draw_bar(paper, end - 0.3, top + 0.43, 0.3, list(styles.values())[place].colour, _HATCHES[place])
