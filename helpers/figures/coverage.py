"""How often intervals hold the truth in simulated cohorts: a column per scenario, a line per method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from helpers.figures import theme
from helpers.figures.inputs import is_given, need_columns, need_rows, number_text
from helpers.figures.lettering import line_height, text_height, text_width, wrap, write

COVERAGE_COLUMNS = ("scenario", "target", "method", "is_default", "coverage", "no_interval", "cohorts")
NONE_FROM = 0.01  # cohorts without an interval are told from this share on
_TICKS = ((80, 85, 90, 95, 100), (80, 90, 95, 100), (80, 90, 95), (80, 95), (95,))
_MARGIN, _INDENT, _LABELS, _LEADING, _GROUP = 0.15, 0.12, 2.5, 0.022, 0.045  # inches
_LOWEST = 0.80
_NUMBER = 7  # points: the least that can be printed
_BAND = "#e1e4ea"


@dataclass(frozen=True)
class _Line:
    """One line of the figure: the heading of a target (no method), a method under it, or a target with its only method.

    `label` is wrapped; an only method follows its target in brackets and so needs no line of its own. `above` is the
    space in inches before the line, `indent` that to its left.
    """

    target: str
    method: str | None
    label: str
    above: float = 0.0
    indent: float = 0.0

    @property
    def height(self) -> float:
        return text_height(self.label, size=theme.SMALL) + (0 if self.method is None else _LEADING)


def plot_coverage(coverage: pd.DataFrame, *, band: tuple[float, float], conf_level: float = 0.95) -> Figure:
    """Dots on an axis from 80% to 100% for every method, one panel per scenario, around the level aimed at.

    Parameters
    ----------
    coverage : DataFrame
        scenario, target (what is estimated), method, is_default (filled, else hollow), coverage (share of the
        intervals that held the truth; absent where there was none), no_interval (share of the cohorts without
        one), cohorts (how many were simulated); a row per scenario, target and method, in drawing order. An optional
        column patients (in a cohort) stands under the name of the scenario. Below 80%: an arrow and the number.
    band : pair of float
        Coverage that counts as near enough, shaded.
    conf_level : float
        What the intervals aim at, drawn as a line.
    """
    need_columns(coverage, COVERAGE_COLUMNS, figure="figure of coverage")
    need_rows(coverage, figure="figure of coverage")
    scenarios = list(dict.fromkeys(coverage["scenario"].astype(str)))
    with theme.house_style():
        lines = _lines(coverage)
        left = _MARGIN + _LABELS
        gap = 0.1 if len(scenarios) > 3 else 0.3
        pitch = (theme.WIDTH - left - _MARGIN + gap) / len(scenarios)
        width = pitch - gap
        names = [_heading(scenario, width + 0.05) for scenario in scenarios]
        sizes = [_patients(coverage, scenario) for scenario in scenarios]
        body = sum(line.above + line.height for line in lines) + _GROUP
        under = line_height(theme.SMALL) if any(sizes) else 0
        head = max(text_height(name, size=theme.SMALL) for name in names) + under + 0.1
        note = wrap(_note(coverage, conf_level, band), theme.WIDTH - 2 * _MARGIN, size=theme.SMALL)
        foot = text_height(note, size=theme.SMALL) + _MARGIN + 0.5
        figure = theme.new_figure(theme.WIDTH, foot + body + head + 0.08)
        paper = theme.page(figure)
        places = _draw_labels(paper, lines, foot + body)
        ticks = _ticks(width, pitch)
        for number, scenario in enumerate(scenarios):
            x = left + number * pitch
            axes = theme.axes_at(figure, x, foot, width, body)
            _dress(axes, body, ticks, conf_level, band)
            _draw_scenario(axes, coverage[coverage["scenario"].astype(str) == scenario], places, foot, width)
            edge = foot + body + 0.06 + under
            write(paper, x, edge, sizes[number], size=theme.SMALL, color=theme.MUTED)
            edge += text_height(names[number], size=theme.SMALL)
            write(paper, x, edge, names[number], size=theme.SMALL, weight="bold")
        middle = left + (len(scenarios) * pitch - gap) / 2
        axis = f"{100 * conf_level:g}% intervals that held the truth (%)"
        write(paper, middle, foot - 0.26, axis, size=theme.TEXT, ha="center")
        write(paper, _MARGIN, foot - 0.5, note, size=theme.SMALL, color=theme.MUTED)
    return figure


def describe_coverage(coverage: pd.DataFrame, *, band: tuple[float, float], conf_level: float = 0.95) -> str:
    """Alternative text of `plot_coverage`: the range by scenario, how many lie outside the band, and the furthest."""
    said = [
        f"How often {100 * conf_level:g}% intervals held the truth in simulated cohorts, by scenario and method; "
        f"{_percent(band[0])} to {_percent(band[1])} is shaded."
    ]
    for scenario, rows in coverage.groupby(coverage["scenario"].astype(str), sort=False):
        is_default = rows["is_default"].astype(bool)
        default, others = rows[is_default], rows[~is_default]
        outside = default[default["coverage"].notna() & ~default["coverage"].between(*band)]
        told = [_range("methods that the workbook uses", default)] if len(default) else []
        if len(outside):
            furthest = outside.iloc[(outside["coverage"] - conf_level).abs().argmax()].to_dict()
            told.append(f"{len(outside)} of these {len(default)} outside the shaded band, furthest {_told(furthest)}")
        if len(others):
            told.append(_range("other methods", others))
        said.append(f"{scenario[:1].upper()}{scenario[1:]}: {'; '.join(told)}.")
    return " ".join(said)


def _range(which: str, rows: pd.DataFrame) -> str:
    low, high, none = rows["coverage"].min(), rows["coverage"].max(), rows["no_interval"].max()
    if not is_given(low):
        return f"{which} without any interval"
    without = f", no interval in up to {_percent(none)}" if none >= NONE_FROM else ""
    return f"{which} {_percent(low)} to {_percent(high)}{without}"


def _told(row: dict) -> str:
    none = f" and no interval in {_percent(row['no_interval'])}" if row["no_interval"] >= NONE_FROM else ""
    return f"{row['target']} ({row['method']}) with {_percent(row['coverage'])}{none}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _lines(coverage: pd.DataFrame) -> list[_Line]:
    """Headings of targets with their methods under them, an only method beside its target; in the table's order."""
    pairs = coverage[["target", "method"]].astype(str).drop_duplicates()
    lines = []
    for target, methods in pairs.groupby("target", sort=False)["method"]:
        name, room = target[:1].upper() + target[1:], _LABELS - 0.1
        if len(methods) == 1:
            only = methods.iloc[0]
            above = _GROUP if lines and lines[-1].indent else 0
            lines.append(_Line(target, only, wrap(f"{name} ({only})", room, size=theme.SMALL), above))
            continue
        lines.append(_Line(target, None, wrap(name, room, size=theme.SMALL, weight="bold"), _GROUP))
        for method in methods:
            label = wrap(method, room - _INDENT, size=theme.SMALL)
            lines.append(_Line(target, method, label, indent=_INDENT))
    return lines


def _heading(name: str, width: float) -> str:
    return wrap(name[:1].upper() + name[1:], width, size=theme.SMALL, weight="bold")


def _patients(coverage: pd.DataFrame, scenario: str) -> str:
    """How many patients the cohorts of a scenario have, where the table tells."""
    if "patients" not in coverage:
        return ""
    patients = coverage.loc[coverage["scenario"].astype(str) == scenario, "patients"].max()
    return f"{number_text(patients)} patients" if is_given(patients) else ""


def _draw_labels(paper: Axes, lines: Sequence[_Line], top: float) -> dict[tuple[str, str], float]:
    """Write targets and methods at the left; gives the height in inches at which each method's dots lie."""
    places, y = {}, top
    for line in lines:
        y -= line.above
        if line.method is None:
            write(paper, _MARGIN, y, line.label, size=theme.SMALL, weight="bold")
        else:
            write(paper, _MARGIN + line.indent, y - _LEADING / 2, line.label, size=theme.SMALL)
            places[line.target, line.method] = y - line.height / 2
        y -= line.height
    return places


def _ticks(width: float, pitch: float) -> tuple[int, ...]:
    """The most numbers that fit under one panel and do not touch those of the next."""
    for ticks in _TICKS:
        places = (np.array(ticks) / 100 - _LOWEST) / (1 - _LOWEST) * width
        room = np.array([text_width(f"{tick}", size=theme.SMALL) for tick in ticks]) + 0.04
        after = places[0] + pitch - places[-1]
        needed = [*(room[1:] + room[:-1]) / 2, (room[0] + room[-1]) / 2]
        if (np.array([*np.diff(places), after]) >= needed).all():
            return ticks
    return _TICKS[-1]


def _dress(axes: Axes, body: float, ticks: Sequence[int], conf_level: float, band: tuple[float, float]) -> None:
    axes.set(xlim=(_LOWEST, 1), ylim=(0, body))
    axes.set_xticks([tick / 100 for tick in ticks], [f"{tick}" for tick in ticks], fontsize=theme.SMALL)
    axes.xaxis.set_minor_locator(MultipleLocator(0.05))
    axes.tick_params(axis="x", which="both", pad=2)
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.axvspan(*band, color=_BAND, linewidth=0, zorder=0)
    axes.axvline(conf_level, color=theme.MUTED, linewidth=0.8, zorder=1)


def _draw_scenario(axes: Axes, rows: pd.DataFrame, places: Mapping, foot: float, width: float) -> None:
    """The dots of one scenario; with numbers where they lie below the axis, or where some cohorts had no interval."""
    heights = [y - foot for y in places.values()]
    rule = {"color": theme.RULE, "linewidth": 0.5, "linestyle": (0, (1, 2)), "zorder": 0.5}
    axes.hlines(heights, 0, 1, transform=axes.get_yaxis_transform(), **rule)
    inch = (1 - _LOWEST) / width
    for row in rows.to_dict("records"):
        y = places[str(row["target"]), str(row["method"])] - foot
        none = row["no_interval"] if is_given(row["no_interval"]) else 0
        told = f"∅ {100 * none:.0f}" if none >= NONE_FROM else ""
        value = row["coverage"]
        at = max(float(value), _LOWEST) if is_given(value) else None
        if at is not None:
            face = theme.INK if row["is_default"] else theme.PAPER
            look = {"markersize": 4.6, "markeredgewidth": 0.9, "markeredgecolor": theme.INK, "markerfacecolor": face}
            axes.plot(at, y, "o" if value >= _LOWEST else "<", clip_on=False, zorder=4, **look)
            if value < _LOWEST:
                told = f"{100 * value:.1f}  {told}".strip()
        if told:
            _write_beside(axes, at, y, told, inch)


def _write_beside(axes: Axes, at: float | None, y: float, text: str, inch: float) -> None:
    """A number in the panel: at its left edge where the dot leaves room, else right of the dot."""
    room = (text_width(text, size=_NUMBER) + 0.1) * inch
    x = _LOWEST if at is None or at - _LOWEST > room else at + 0.07 * inch
    look = {"color": theme.MUTED, "va": "center_baseline", "fontsize": _NUMBER, "zorder": 3}
    axes.text(x, y, text, bbox={"facecolor": theme.PAPER, "edgecolor": "none", "pad": 0.4}, **look)


def _note(coverage: pd.DataFrame, conf_level: float, band: tuple[float, float]) -> str:
    fewest, most = coverage["cohorts"].min(), coverage["cohorts"].max()
    many = number_text(fewest) if fewest == most else f"{number_text(fewest)} to {number_text(most)}"
    said = [
        f"{many} simulated cohorts for each scenario. Line: {100 * conf_level:g}%; shaded: {_percent(band[0])} to "
        f"{_percent(band[1])}. ● methods that the workbook uses; ○ others, for comparison."
    ]
    if (coverage["coverage"] < _LOWEST).any():
        said.append(f"◀ less than {100 * _LOWEST:g}%, with the number.")
    if (coverage["no_interval"] >= NONE_FROM).any():
        said.append("∅ per cent of the cohorts in which the method gives no interval; coverage is among the others.")
    return " ".join(said)
