"""Cohorts in which cement does nothing as the rows that figures and tables show."""

from collections.abc import Callable, Mapping

import pandas as pd

from helpers.report.display import ABSENT, days_text, number_text, percent_text
from helpers.report.rows import COHORT, PUBLISHED

SURVEY = 1.0  # the strength that is the survey's
GROUPS = {"adjacent": "Next to cement", "nonadjacent": "Further away"}
SUMMARY = {
    "strength": "Strength",
    "neighbour_ratio": "Neighbour ratio of old fractures",
    "risk_ratio": "Risk ratio (middle {})",
    "published": "Cohorts with the published ratio or more (95% CI)",
    "cohort": "Cohorts with this cohort's ratio or more (95% CI)",
    "lead_days": "Days by which fractures next to cement came sooner (middle {})",
}
Drawn = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
Written = Callable[[float], str]
Values = Mapping[str, float | None]  # risk_ratio, and where days are compared the medians by group


def ratio_parts(simulated: pd.DataFrame, found: pd.DataFrame, *, cohort: Values, published: Values) -> Drawn:
    """What the figure of ratios draws: cohorts, rows and marks. `found` is their summary with neighbour_ratio."""
    labels = _labels(found)
    draws = pd.DataFrame({"panel": "", "row": simulated["strength"].map(labels), "value": simulated["risk_ratio"]})
    rows = _rows(found, labels, "risk_ratio", "", number_text)
    rows["text"] = [ABSENT if pd.isna(share) else percent_text(share) for share in found["risk_ratio_published_share"]]
    return draws, rows, _marks("", cohort["risk_ratio"], published["risk_ratio"], number_text)


def median_parts(simulated: pd.DataFrame, found: pd.DataFrame, *, cohort: Values, published: Values) -> Drawn:
    """What the figure of medians draws, a panel for each group."""
    labels = _labels(found)
    parts = []
    for group, panel in GROUPS.items():
        column = f"median_days_{group}"
        draws = pd.DataFrame({"panel": panel, "row": simulated["strength"].map(labels), "value": simulated[column]})
        rows = _rows(found, labels, column, panel, days_text)
        parts.append((draws, rows, _marks(panel, cohort[group], published[group], days_text)))
    return tuple(pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True))


def summary_rows(found: pd.DataFrame, *, share: str) -> pd.DataFrame:
    """The summary as a table for readers; `share` of the cohorts lies in the ranges."""
    lines = found.to_dict("records")
    columns = {
        "strength": [_strength(line["strength"]) for line in lines],
        "neighbour_ratio": [number_text(line["neighbour_ratio"]) for line in lines],
        "risk_ratio": [range_text(line, "risk_ratio", number_text) for line in lines],
        "published": [share_text(line, "risk_ratio_published") for line in lines],
        "cohort": [share_text(line, "risk_ratio_cohort") for line in lines],
        "lead_days": [range_text(line, "lead_days", days_text) for line in lines],
    }
    return pd.DataFrame({SUMMARY[name].format(share): texts for name, texts in columns.items()})


def range_text(line: Mapping, column: str, written: Written) -> str:
    """The middle of the cohorts: `4.09 (3.10 to 5.59)`; limits in days are whole days."""
    middle, *limits = (line[f"{column}_{place}"] for place in ("middle", "low", "high"))
    if pd.isna(middle):
        return ABSENT
    low, high = (written(round(limit) if written is days_text else limit) for limit in limits)
    return f"{written(middle)} ({low} to {high})"


def share_text(line: Mapping, column: str) -> str:
    """A share of the cohorts with its interval: `23.2% (19.4% to 27.6%)`."""
    share, low, high = (line[f"{column}_{what}"] for what in ("share", "low", "high"))
    return ABSENT if pd.isna(share) else f"{percent_text(share)} ({percent_text(low)} to {percent_text(high)})"


def _labels(found: pd.DataFrame) -> dict[float, str]:
    return {
        row.strength: f"{_strength(row.strength)}\nneighbour ratio {number_text(row.neighbour_ratio)}"
        for row in found.itertuples()
    }


def _strength(strength: float) -> str:
    said = {0.0: " (none)", SURVEY: " (survey)"}
    return f"{strength:g}{said.get(strength, '')}"


def _rows(found: pd.DataFrame, labels: Mapping[float, str], column: str, panel: str, written: Written) -> pd.DataFrame:
    places = {place: found[f"{column}_{place}"] for place in ("low", "middle", "high")}
    ranges = [range_text(line, column, written) for line in found.to_dict("records")]
    return pd.DataFrame({"panel": panel, "row": found["strength"].map(labels), **places, "text": "", "range": ranges})


def _marks(panel: str, cohort: float | None, published: float | None, written: Written) -> pd.DataFrame:
    rows = [
        {"panel": panel, "value": value, "text": f"{kind} {written(value)}", "kind": kind}
        for kind, value in {COHORT: cohort, PUBLISHED: published}.items()
        if value is not None and not pd.isna(value)
    ]
    return pd.DataFrame(rows, columns=["panel", "value", "text", "kind"]).astype({"value": float})
