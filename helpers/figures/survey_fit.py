"""How well a model describes a survey: what was seen by distance from a fracture, and what the model expects."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from helpers.figures import theme
from helpers.figures.inputs import need_columns, need_rows
from helpers.figures.lettering import line_height, text_width, write
from helpers.figures.percent_axis import draw_percent_axis, ends_early, round_top

FIT_COLUMNS = ("of", "observed", "average", "low", "high")
_MARGIN, _LEFT, _PLOT = 0.15, 0.62, 2.3  # inches
_BAND, _MODEL = "#c3cad6", "#1d6796"


def plot_survey_fit(fit: pd.DataFrame, *, outcome: str, distance_label: str, band: str, observed: str) -> Figure:
    """Observed shares by distance as squares, over the average and the range of simulated surveys.

    Parameters
    ----------
    fit : DataFrame
        of (the distance), observed, average, low, high (shares), nearest distance first.
    outcome, distance_label, band, observed : str
        Words above the plot, under it, and for the two kinds of what is drawn.
    """
    need_columns(fit, FIT_COLUMNS, figure="figure of the fit")
    need_rows(fit, figure="figure of the fit")
    with theme.house_style():
        key = line_height(theme.SMALL) + 0.08
        base = _MARGIN + key + 0.5
        figure = theme.new_figure(theme.WIDTH, base + _PLOT + 0.36)
        paper = theme.page(figure)
        axes = theme.axes_at(figure, _LEFT, base, theme.WIDTH - _LEFT - _MARGIN, _PLOT)
        top = round_top(float(fit[["observed", "high"]].max(axis=None)))
        axes.set_xlim(-0.5, len(fit) - 0.5)
        draw_percent_axis(axes, top)
        axes.xaxis.set_major_locator(FixedLocator(range(len(fit))))
        axes.set_xticks(range(len(fit)), fit["of"].astype(str))
        axes.set_xlabel(distance_label)
        places = range(len(fit))
        axes.bar(places, fit["high"] - fit["low"], 0.62, bottom=fit["low"], color=_BAND, linewidth=0, zorder=2)
        axes.plot(places, fit["average"], "_", color=_MODEL, markersize=17, markeredgewidth=2, zorder=3)
        axes.plot(places, fit["observed"], "s", color=theme.INK, markersize=5.5, zorder=4, clip_on=False)
        write(paper, _MARGIN, base + _PLOT + 0.28, outcome + ends_early(top), size=theme.TEXT)
        _draw_key(paper, _MARGIN + key, band, observed)
    return figure


def describe_survey_fit(fit: pd.DataFrame, *, outcome: str, distance_label: str) -> str:
    """Alternative text of `plot_survey_fit`: every share observed and the range of the simulated surveys."""
    told = [
        f"{row.of}: {_percent(row.observed)} observed, {_percent(row.average)} on average in simulated surveys "
        f"({_percent(row.low)} to {_percent(row.high)})"
        for row in fit.itertuples()
    ]
    return f"{outcome}, by {distance_label[0].lower()}{distance_label[1:]}. {'; '.join(told)}."


def _draw_key(paper, top: float, band: str, observed: str) -> None:
    middle = top - line_height(theme.SMALL) / 2
    paper.plot(_LEFT + 0.08, middle, "s", color=theme.INK, markersize=5.5)
    write(paper, _LEFT + 0.2, top, observed, size=theme.SMALL)
    x = _LEFT + 0.5 + text_width(observed, size=theme.SMALL)
    paper.plot([x, x + 0.24], [middle] * 2, color=_BAND, linewidth=8)
    paper.plot([x, x + 0.24], [middle] * 2, color=_MODEL, linewidth=2)
    write(paper, x + 0.32, top, band, size=theme.SMALL)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
