"""The numbers under a curve: one compact table whose columns stand under the days of the axis."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes

from helpers.figures import theme
from helpers.figures.inputs import in_words, number_text
from helpers.figures.lettering import line_height, text_width, widest, wrap

COUNT_ROWS: Mapping[str, str] = {
    "at_risk": "At risk",
    "events": "Fractured",
    "deaths": "Died",
    "censored": "Censored",
}
GAP = 0.05  # inches between two groups


def rows_shown(counts: pd.DataFrame) -> list[str]:
    """The kinds of count that this table has, in the order they are drawn."""
    return [name for name in COUNT_ROWS if name in counts.columns]


def table_height(n_groups: int, n_rows: int) -> float:
    """Height in inches: a heading and the rows of each group."""
    return n_groups * (n_rows + 1) * line_height(theme.TEXT) + (n_groups - 1) * GAP


def label_room(counts: pd.DataFrame) -> float:
    """Inches from the labels of the rows to the first day, so that its numbers do not touch them."""
    labels = widest([COUNT_ROWS[name] for name in rows_shown(counts)], size=theme.TEXT)
    cells = counts.loc[counts["time"] == counts["time"].min(), rows_shown(counts)].to_numpy().ravel()
    return labels + 0.1 + widest([number_text(value) for value in cells], size=theme.TEXT) / 2


def days_with_room(counts: pd.DataFrame, *, end: float, width: float) -> list[float]:
    """The days in `counts` whose numbers fit side by side: the first, and of the others rather the later."""
    days = sorted(float(day) for day in counts["time"].unique() if day <= end)
    need = {}
    for day in days:
        cells = counts.loc[counts["time"] == day, rows_shown(counts)].to_numpy().ravel()
        texts = [number_text(value) for value in cells] + [f"{day:,.0f}"]
        need[day] = widest(texts, size=theme.TEXT)
    kept = days[:1]
    for day in reversed(days[1:]):
        if all(abs(day - other) / end * width >= (need[day] + need[other]) / 2 + 0.08 for other in kept):
            kept.append(day)
    return sorted(kept)


def draw_count_table(
    axes: Axes,
    counts: pd.DataFrame,
    *,
    groups: Sequence[str],
    days: Sequence[float],
    end: float,
    left: float,
) -> None:
    """A heading per group with its line, then one line of numbers per kind of count; `left` is in inches."""
    styles = theme.group_styles(groups)
    pitch = line_height(theme.TEXT)
    height = table_height(len(groups), len(rows_shown(counts)))
    width = axes.get_position().width * axes.figure.get_size_inches()[0]
    inch = end / width
    axes.set(xlim=(0, end), ylim=(0, height))
    axes.set_axis_off()
    start, y = -left * inch, height - pitch / 2
    for group in groups:
        style = styles[group]
        rows = counts[counts["group"].astype(str) == group].drop_duplicates("time").set_index("time")
        sample = [start, start + 0.24 * inch]
        axes.plot(sample, [y, y], color=style.colour, linestyle=style.dashes, linewidth=1.9, clip_on=False)
        name = _one_line(group, left + width - 0.35)
        axes.text(start + 0.31 * inch, y, name, weight="bold", color=style.ink, va="center_baseline")
        for name in rows_shown(counts):
            y -= pitch
            axes.text(start, y, COUNT_ROWS[name], va="center_baseline", color=theme.MUTED)
            for day in days:
                if day in rows.index:
                    axes.text(day, y, number_text(rows.at[day, name]), va="center_baseline", ha="center")
        y -= pitch + GAP


def explain_counts(counts: pd.DataFrame, *, unit: str) -> str:
    """What the rows of the table count."""
    so_far = [COUNT_ROWS[name].lower() for name in rows_shown(counts) if name != "at_risk"]
    if not so_far:
        return f"Counts of {unit}."
    return f"Counts of {unit}. At risk: on that day; {in_words(so_far)}: up to and including that day."


def _one_line(text: str, width: float) -> str:
    line = " ".join(text.split())
    if text_width(line, size=theme.TEXT, weight="bold") <= width:
        return line
    return wrap(line, width - 0.12, size=theme.TEXT, weight="bold").split("\n")[0] + "…"
