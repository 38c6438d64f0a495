"""Flow diagram in the manner of STROBE: who came in, who left and why, who was at risk."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from helpers.figures import theme
from helpers.figures.inputs import is_given, need_columns, need_rows, number_text
from helpers.figures.lettering import text_height, widest, wrap, write

FLOW_COLUMNS = ("step", "patients", "vertebrae", "patients_removed", "vertebrae_removed")
UNITS = ("patients", "vertebrae")
_MARGIN, _PAD, _GAP = 0.15, 0.09, 0.2  # inches
_MAIN, _BETWEEN = 2.35, 0.35


@dataclass(frozen=True)
class _Stage:
    """What is removed at once (a side box), and the count that is left (the box below)."""

    removed: tuple[dict, ...]
    label: str
    left: dict


def plot_flow(steps: pd.DataFrame) -> Figure:
    """Boxes down the left for what remains, side boxes for what was removed, and the groups at the foot.

    Parameters
    ----------
    steps : DataFrame
        step (plain words), patients, vertebrae (both after the step), patients_removed, vertebrae_removed, in
        order; the first row is what came in. Steps that remove nothing are shown with 0. Rules that remove
        patients and rules that remove only vertebrae get a side box each. Rows whose optional column kind is
        "split" are boxes at the foot. An optional column detail adds text to boxes. Counts may be absent.
    """
    need_columns(steps, FLOW_COLUMNS, figure="flow diagram")
    need_rows(steps, figure="flow diagram")
    first, stages, split = _stages(steps)
    with theme.house_style():
        tops = [_box_text(first["step"], first, _MAIN)]
        tops += [_box_text(stage.label, stage.left, _MAIN) for stage in stages]
        sides = [_side(stage.removed) for stage in stages]
        feet = _foot_rows(split)
        heights = [_height(text) for text in tops]
        gaps = [max(_side_height(side) + 2 * 0.12, 0.4) if side else 0.4 for side in sides]
        feet_heights = [max(_height(text) for text in row) for row in feet]
        total = sum(heights) + sum(gaps) + sum(height + _GAP for height in feet_heights) + 0.2 * bool(feet)
        figure = theme.new_figure(theme.WIDTH, total + 2 * _MARGIN)
        paper = theme.page(figure)
        y = total + _MARGIN
        middle = _MARGIN + _MAIN / 2
        for place, text in enumerate(tops):
            if place:
                gap = gaps[place - 1]
                _arrow(paper, (middle, y), (middle, y - gap))
                if sides[place - 1]:
                    _draw_side(paper, sides[place - 1], y - gap / 2, middle)
                y -= gap
            _draw_box(paper, _MARGIN, y, _MAIN, heights[place], text, fill=theme.FAINT)
            y -= heights[place]
        _draw_feet(paper, feet, feet_heights, y, middle)
    return figure


def describe_flow(steps: pd.DataFrame) -> str:
    """Alternative text of `plot_flow`: every count that the diagram shows."""
    first, stages, split = _stages(steps)
    said = [f"Flow diagram. {_capital(str(first['step']))}: {_counts(first)}."]
    for stage in stages:
        said += [f"Removed, {row['step']}: {_counts(row, '_removed')}." for row in stage.removed]
        said.append(f"{_capital(stage.label)}: {_counts(stage.left)}.")
    said += [f"{_capital(str(row['step']))}: {_counts(row)}." for row in split]
    return " ".join(said)


def _stages(steps: pd.DataFrame) -> tuple[dict, list[_Stage], list[dict]]:
    # Not to_dict, which takes a coarse count for a plain one.
    rows = [dict(zip(steps.columns, row, strict=True)) for row in steps.itertuples(index=False, name=None)]
    split = [row for row in rows if row.get("kind") == "split"]
    first, *rest = [row for row in rows if row.get("kind") != "split"]
    at_risk = rest.pop() if rest and not any(_removes(rest[-1])) else None
    runs: list[list[dict]] = []
    for row in rest:
        patients, vertebrae = _removes(row)
        same = runs and (not (patients or vertebrae) or _of_patients(runs[-1]) in (None, patients))
        if same:
            runs[-1].append(row)
        else:
            runs.append([row])
    stages = [_Stage(tuple(run), "Remaining", run[-1]) for run in runs]
    if at_risk is not None:
        removed = stages.pop().removed if stages else ()
        stages.append(_Stage(removed, str(at_risk["step"]), at_risk))
    return first, stages, split


def _removes(row: dict) -> tuple[bool, bool]:
    return tuple(is_given(row[f"{unit}_removed"]) and row[f"{unit}_removed"] > 0 for unit in UNITS)


def _of_patients(run: Sequence[dict]) -> bool | None:
    """Whether the run removes patients; None while it has removed nothing."""
    kinds = [_removes(row)[0] for row in run if any(_removes(row))]
    return kinds[0] if kinds else None


def _counts(row: dict, suffix: str = "") -> str:
    given = [unit for unit in UNITS if is_given(row[f"{unit}{suffix}"])]
    words = {
        unit: unit if row[f"{unit}{suffix}"] != 1 else {"patients": "patient"}.get(unit, "vertebra") for unit in given
    }
    return ", ".join(f"{number_text(row[f'{unit}{suffix}'])} {words[unit]}" for unit in given) or "not counted"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _box_text(label: str, row: dict, width: float) -> tuple[str, str]:
    """Bold label and plain counts, wrapped to the box."""
    room = width - 2 * _PAD
    detail = f"\n{row['detail']}" if is_given(row.get("detail")) and row.get("detail") else ""
    counts = "\n".join(_counts(row).split(", ")) if width < 3 else _counts(row)
    plain = "\n".join(wrap(line, room, size=theme.TEXT) for line in (counts + detail).split("\n"))
    return wrap(_capital(str(label)), room, size=theme.TEXT, weight="bold"), plain


def _height(text: tuple[str, str]) -> float:
    return sum(text_height(part, size=theme.TEXT) for part in text) + 2 * _PAD


def _frame(paper: Axes, left: float, top: float, width: float, height: float, fill: str) -> None:
    box = FancyBboxPatch(
        (left, top - height), width, height, boxstyle="round,pad=0,rounding_size=0.04", facecolor=fill,
        edgecolor=theme.MUTED, linewidth=0.8, gid="box",
    )  # fmt: skip
    paper.add_patch(box)


def _draw_box(paper: Axes, left, top, width, height, text: tuple[str, str], *, fill: str) -> None:
    _frame(paper, left, top, width, height, fill)
    y = top - _PAD
    write(paper, left + _PAD, y, text[0], size=theme.TEXT, weight="bold")
    write(paper, left + _PAD, y - text_height(text[0], size=theme.TEXT), text[1], size=theme.TEXT)


def _arrow(paper: Axes, start: tuple[float, float], stop: tuple[float, float]) -> None:
    look = {"arrowstyle": "-|>,head_width=0.22,head_length=0.45", "color": theme.MUTED, "linewidth": 0.9,
            "shrinkA": 0, "shrinkB": 0}  # fmt: skip
    paper.annotate("", xy=stop, xytext=start, arrowprops=look)


def _side(removed: Sequence[dict]) -> tuple[list[tuple[str, str, str]], list[float]] | None:
    """The lines of a side box (wrapped reason, patients, vertebrae) and the widths of its two columns."""
    if not removed:
        return None
    numbers = [[number_text(row[f"{unit}_removed"]) or "–" for row in removed] for unit in UNITS]
    columns = [widest([unit, *texts], size=theme.TEXT) for unit, texts in zip(UNITS, numbers, strict=True)]
    room = theme.WIDTH - 2 * _MARGIN - _MAIN - _BETWEEN - 2 * _PAD - sum(columns) - 0.3
    reasons = [wrap(_capital(str(row["step"])), room, size=theme.TEXT) for row in removed]
    return list(zip(reasons, *numbers, strict=True)), columns


def _side_height(side) -> float:
    return sum(text_height(line[0], size=theme.TEXT) for line in [("Removed",), *side[0]]) + 2 * _PAD


def _draw_side(paper: Axes, side, middle: float, trunk: float) -> None:
    lines, columns = side
    left = _MARGIN + _MAIN + _BETWEEN
    width = theme.WIDTH - _MARGIN - left
    height = _side_height(side)
    top = middle + height / 2
    _arrow(paper, (trunk, middle), (left, middle))
    _frame(paper, left, top, width, height, theme.PAPER)
    last = left + width - _PAD
    ends = (last - columns[1] - 0.15, last)
    y = top - _PAD
    for number, line in enumerate([("Removed", *UNITS), *lines]):
        look = {"size": theme.TEXT, "color": theme.INK if number else theme.MUTED}
        write(paper, left + _PAD, y, line[0], **look)
        for end, text in zip(ends, line[1:], strict=True):
            write(paper, end, y, text, ha="right", **look)
        y -= text_height(line[0], size=theme.TEXT)


def _foot_rows(split: Sequence[dict]) -> list[list[tuple[str, str]]]:
    """The boxes at the foot, at most four in a row."""
    if not split:
        return []
    across = len(split) if len(split) <= 4 else 3
    width = _foot_width(across)
    texts = [_box_text(row["step"], row, width) for row in split]
    return [texts[start : start + across] for start in range(0, len(texts), across)]


def _foot_width(across: int) -> float:
    return (theme.WIDTH - 2 * _MARGIN - (across - 1) * _GAP) / across


def _draw_feet(paper: Axes, feet, heights: Sequence[float], y: float, trunk: float) -> None:
    if not feet:
        return
    width = _foot_width(len(feet[0]))
    bar = y - 0.2
    for place, (row, height) in enumerate(zip(feet, heights, strict=True)):
        top = y - 0.2 - _GAP - sum(heights[:place]) - _GAP * place
        for number, text in enumerate(row):
            left = _MARGIN + number * (width + _GAP)
            if place == 0:
                _arrow(paper, (left + width / 2, bar), (left + width / 2, top))
            _draw_box(paper, left, top, width, height, text, fill=theme.FAINT)
    centres = [_MARGIN + number * (width + _GAP) + width / 2 for number in range(len(feet[0]))]
    paper.plot([trunk, trunk], [y, bar], color=theme.MUTED, linewidth=0.9)
    paper.plot([min(*centres, trunk), max(*centres, trunk)], [bar, bar], color=theme.MUTED, linewidth=0.9)
