"""Answers under growing errors as the rows that `figures.bias` draws, with their written results."""

from collections.abc import Mapping, Sequence

import pandas as pd

from helpers.estimators.estimate import Estimate
from helpers.report.display import days_text, number_text, percent_text

LOST = {
    "exposed": "Lost next to cement differ",
    "unexposed": "Lost further away differ",
    "both": "All lost differ",
}
AS_IT_IS, IF_ALREADY = "With such errors added", "If as many are wrong already"


def detection_rows(rows: Sequence[Mapping]) -> pd.DataFrame:
    """`sensitivity.if_found_more_often` in order of the share."""
    frame = pd.DataFrame(rows).rename(columns={"detection": "x"}).sort_values("x", ignore_index=True)
    return _drawn(frame.assign(line="This cohort"), [f"{x:g}" for x in frame["x"]], "")


def lost_rows(rows: Sequence[Mapping]) -> pd.DataFrame:
    """`lost_follow_up.ratio_if_lost_differ` as three lines."""
    frame = pd.DataFrame(rows).rename(columns={"hazard_ratio": "x"})
    frame = frame.assign(line=frame["who"].map(LOST), conf_low=float("nan"), conf_high=float("nan"))
    told = zip(frame["estimate"], frame["x"], strict=True)
    texts = ["" if pd.isna(value) else f"{number_text(value)} at {x:g}" for value, x in told]
    return _drawn(frame, [f"{x:g}" for x in frame["x"]], texts)


def lost_extremes(rows: pd.DataFrame) -> tuple[float, float]:
    """The ratio if one group's lost vertebrae had the lowest hazard and the other's the highest: each way round.

    With R1(k) and R0(k) the risks of both groups, the lines hold R1(k)/R0(1), R1(1)/R0(k) and R1(k)/R0(k); the lowest
    and the highest of all ratios, R1(low)/R0(high) and R1(high)/R0(low), follow from these. Absent where they do not.
    """
    of = {who: rows[rows["line"] == line].set_index("x")["estimate"] for who, line in LOST.items()}
    low, high = rows["x"].min(), rows["x"].max()
    exposed, unexposed, both = (of[who] for who in ("exposed", "unexposed", "both"))
    if not (exposed[high] > 0 and unexposed[high] > 0):
        return float("nan"), float("nan")
    return both[high] * exposed[low] / exposed[high], both[high] * unexposed[low] / unexposed[high]


def dating_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The medians of `dating.by_dating` as two lines."""
    frame = rows[rows["quantity"].str.startswith("median")].rename(columns={"share": "x"})
    names = frame["quantity"].str.removeprefix("median, ").str.capitalize()
    texts = ["not reached" if pd.isna(value) else f"{days_text(value)} days" for value in frame["estimate"]]
    return _drawn(frame.assign(line=names), frame["dating"].tolist(), texts)


def wrong_level_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """`wrong_levels.ratio_with_wrong_levels` as two lines: errors added, and the step back."""
    added = rows.assign(line=AS_IT_IS, conf_low=rows["low"], conf_high=rows["high"])
    back = rows.assign(
        line=IF_ALREADY, estimate=rows["if_wrong_already"], conf_low=float("nan"), conf_high=float("nan")
    )
    frame = pd.concat([added, back], ignore_index=True).rename(columns={"share": "x"})
    texts = ["" if pd.isna(value) else number_text(value) for value in frame["estimate"]]
    return _drawn(frame, [percent_text(x).replace(".0%", "%") for x in frame["x"]], texts)


def control_rows(controls: Mapping[str, Estimate], *, levels: int) -> pd.DataFrame:
    """Estimates of a negative control so many levels away, a line each, as `error_table` takes them."""
    names = ["estimate", "conf_low", "conf_high"]
    rows = [
        {"line": line, "x": levels} | {name: getattr(own, name) for name in names} for line, own in controls.items()
    ]
    return pd.DataFrame(rows).astype({"x": float, **dict.fromkeys(names, float)})


def error_table(errors: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """All lines of all errors as one table: error, line, x, estimate, conf_low, conf_high."""
    columns = ["line", "x", "estimate", "conf_low", "conf_high"]
    frames = [rows[columns].assign(error=error) for error, rows in errors.items()]
    return pd.concat(frames, ignore_index=True)[["error", *columns]]


def _drawn(frame: pd.DataFrame, x_texts: Sequence[str], texts) -> pd.DataFrame:
    columns = ["line", "x", "x_text", "estimate", "conf_low", "conf_high", "text"]
    return (
        frame.assign(x_text=x_texts, text=texts)[columns]
        .astype({"x": float, "estimate": float, "conf_low": float, "conf_high": float})
        .reset_index(drop=True)
    )
