"""Estimates as the rows that figures draw: with their written results beside the numbers."""

from collections.abc import Mapping, Sequence

import pandas as pd

from helpers.counts import count_text, counted
from helpers.disclosure import Coarse
from helpers.errors import WorkbookError
from helpers.estimators.estimate import Estimate
from helpers.report.display import (
    ABSENT,
    coverage_text,
    days_text,
    estimate_text,
    fractures_text,
    number_text,
    p_text,
    ratio_text,
)

COHORT, PUBLISHED, OTHER_PEOPLE, SUMMARY = "this cohort", "published", "other people", "summary of studies"


def forest_rows(estimates: Mapping[str, Estimate], *, kind: str = COHORT, group: str = "") -> pd.DataFrame:
    """Estimates as rows of a forest plot: label, estimate, limits, text, counts, kind and an optional heading."""
    rows = [
        {
            "label": label,
            "estimate": estimate.estimate,
            "conf_low": estimate.conf_low,
            "conf_high": estimate.conf_high,
            "text": estimate_text(estimate),
            "counts": _counts_text(estimate),
            "kind": kind,
            "group": group,
        }
        for label, estimate in estimates.items()
    ]
    return pd.DataFrame(rows).astype({"estimate": float, "conf_low": float, "conf_high": float})


def published_row(label: str, value: float, *, group: str = "") -> pd.DataFrame:
    """A published value whose interval is not known."""
    row = {"label": label, "estimate": value, "conf_low": None, "conf_high": None, "text": number_text(value)}
    frame = pd.DataFrame([row | {"counts": "not known", "kind": PUBLISHED, "group": group}])
    return frame.astype({"estimate": float, "conf_low": float, "conf_high": float})


def evidence_rows(evidence: pd.DataFrame, summaries: pd.DataFrame, *, level: str = "95%") -> pd.DataFrame:
    """Published ratios as rows of a forest plot, each panel's summary under its studies.

    Parameters
    ----------
    evidence, summaries : DataFrame
        As `robustness.evidence` gives them.
    level : str
        Of the summaries' intervals, where it is not that of the studies.
    """
    other = "" if level == "95%" else f", {level} CI"
    names = summaries["studies"].str.replace(r",[^;]*", "", regex=True).str.replace("; ", " and ")
    summed = summaries.assign(study="Summary of " + names + other)
    kinds = [evidence.assign(kind=PUBLISHED), summed.assign(kind=SUMMARY)]
    rows = pd.concat(kinds, ignore_index=True)
    panels = {panel: place for place, panel in enumerate(evidence["panel"].unique())}
    rows = rows.sort_values("panel", key=lambda panel: panel.map(panels), kind="stable", ignore_index=True)
    return pd.DataFrame({
        "label": rows["study"],
        "estimate": rows["estimate"].astype(float),
        "conf_low": rows["conf_low"].astype(float),
        "conf_high": rows["conf_high"].astype(float),
        "text": [ratio_text(*row) for row in rows[["estimate", "conf_low", "conf_high"]].itertuples(index=False)],
        "counts": rows["measure"] + ", " + rows["unit"].replace("not stated", "unit not stated"),
        "kind": rows["kind"],
        "group": rows["panel"],
    })  # fmt: skip


def risk_rows(risks: Mapping[str, Estimate]) -> pd.DataFrame:
    """Risks by distance with their written results, in the order given."""
    return forest_rows(risks).rename(columns={"label": "distance"}).drop(columns=["kind", "group"])


def window_rows(estimates: Mapping[str, Estimate], starts: Sequence[float]) -> pd.DataFrame:
    """Ratios by window of follow-up with their written results; each window lasts to the next, the last one is open.

    Parameters
    ----------
    estimates : mapping of str to Estimate
        By window, in order of time.
    starts : sequence of number
        First day of each window, increasing.
    """
    if len(starts) != len(estimates) or list(starts) != sorted(set(starts)):
        raise WorkbookError(
            f"`starts` must give an increasing day for each of the {len(estimates)} windows, but got {list(starts)}."
        )
    rows = [
        {
            "window": window,
            "start": start,
            "end": end,
            "estimate": estimate.estimate,
            "conf_low": estimate.conf_low,
            "conf_high": estimate.conf_high,
            "text": estimate_text(estimate),
            "n_events": count_text(estimate.n_events) if isinstance(estimate.n_events, Coarse) else estimate.n_events,
            "note": estimate.note,
        }
        for (window, estimate), start, end in zip(estimates.items(), starts, [*starts[1:], None], strict=True)
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(("start", "end", "estimate", "conf_low", "conf_high"), float))


def median_rows(medians: Mapping[str, Estimate]) -> pd.DataFrame:
    """Medians by group with their written results."""
    rows = [
        {"group": group, "median": median.estimate, "text": _median_text(median)} for group, median in medians.items()
    ]
    return pd.DataFrame(rows).astype({"median": float})


def published_median_rows(medians: Mapping[str, float]) -> pd.DataFrame:
    """Published medians by group; their intervals are not known."""
    rows = [
        {"group": group, "median": float(days), "text": f"published {days_text(days)} days"}
        for group, days in medians.items()
    ]
    return pd.DataFrame(rows)


def reason_rows(reasons: pd.DataFrame) -> pd.DataFrame:
    """Counts by cleaning rule in words: rule names without underscores, quarantined rows as set aside."""
    return reasons.assign(
        rule=reasons["rule"].astype(str).str.replace("_", " "),
        action=reasons["action"].astype(str).replace({"quarantined": "set aside"}),
    )


def coverage_rows(coverage: pd.DataFrame) -> pd.DataFrame:
    """Per cent of intervals that held the truth: a row for each target and method shown, a column for each scenario.

    A share outside the bounds that are asked for is marked, and so is the share of cohorts without an interval.
    """
    shown = coverage[coverage["is_default"]]
    texts = shown.assign(
        text=[coverage_text(*shares) for shares in zip(shown["coverage"], shown["no_interval"], strict=True)],
        kind=[
            f"{kind} ({counted(n, 'patient')})" for kind, n in zip(shown["scenario"], shown["patients"], strict=True)
        ],
    )
    wide = texts.pivot(index=["target", "method"], columns="kind", values="text")
    in_order = texts[["target", "method"]].drop_duplicates()
    wide = wide.loc[pd.MultiIndex.from_frame(in_order), texts["kind"].unique()].fillna(ABSENT).reset_index()
    return wide.rename(columns={"target": "What is estimated", "method": "Method"}).rename_axis(columns=None)


def effect_rows(effects: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """What each choice of a specification does, in words and per cent."""
    return effects.assign(
        choice=effects["choice"].map(names),
        variance_share=[f"{share:.1%}" for share in effects["variance_share"]],
        largest_factor=[number_text(factor) if pd.notna(factor) else ABSENT for factor in effects["largest_factor"]],
    )


def joint_test_rows(tests: pd.DataFrame) -> pd.DataFrame:
    """The joint test: medians as ratios, shares as per cent."""
    is_share = tests["statistic"].str.startswith("share")
    shown = tests.copy()
    for column in ("observed", "null_median", "null_high"):
        texts = tests[column].map(lambda value: number_text(value) if pd.notna(value) else ABSENT)
        shown[column] = texts.where(~is_share, tests[column].map("{:.1%}".format))
    return shown.assign(p_value=tests["p_value"].map(p_text))


def _median_text(median: Estimate) -> str:
    return f"median {estimate_text(median)} days" if median.is_estimable else estimate_text(median)


def _counts_text(estimate: Estimate) -> str:
    text = fractures_text(estimate)
    return text if estimate.counts else f"{text} / {count_text(estimate.n_vertebrae)}"
