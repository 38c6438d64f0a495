"""Cohorts in which cement does nothing: what ratio and what medians natural clustering alone would show."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from helpers.estimators.intervals import wilson_limits
from helpers.estimators.median_time import TOLERANCE, median_time
from helpers.estimators.survival import kaplan_meier
from helpers.robustness.design import Design
from helpers.robustness.pace import Pace, pace_of
from helpers.robustness.susceptibility import Susceptibility

BLOCK = 50  # patients drawn at once: bounds memory, and is part of what a seed means
WORKERS = min(4, os.cpu_count() or 1)  # NumPy computes without Python's lock, so threads are enough
GROUPS = ("adjacent", "nonadjacent")
COLUMNS = (
    "levels", "strength", "cohort", "risk_ratio",
    *(f"{what}_{group}" for what in ("fractures", "median_days", "all_median_days") for group in GROUPS),
    "patients_fractured",
)  # fmt: skip


def no_effect_cohorts(
    design: Design,
    models: Mapping[float, Susceptibility],
    *,
    cohorts: int,
    seed: int,
    levels: str = "all at risk",
    pace: str = "cohort",
    workers: int = WORKERS,
) -> pd.DataFrame:
    """Simulate cohorts of the same patients in which nothing but their susceptibility decides what fractures anew.

    Each patient keeps spine, old fractures, cement and follow-up. The susceptibility of the vertebrae is drawn anew for
    every cohort, given the patient's old fractures; new fractures follow from it alone. Their number is on average that
    of the real cohort, their days are those of `pace.pace_of`.

    Parameters
    ----------
    models : mapping
        By strength of clustering (`survey_fit`).
    cohorts : int
        Simulated for each strength.
    seed : int
        The same seed gives the same cohorts, whatever the number of workers.
    levels : str
        What the table calls the levels of this design.

    Returns
    -------
    DataFrame
        One row for each strength and cohort: the risk ratio (absent where nothing fractured further away), new
        fractures, their median days, the days by which half of all at risk had fractured (absent where not reached).
    """
    frames = []
    streams = np.random.SeedSequence(seed).spawn(len(models))
    with ThreadPoolExecutor(workers) as pool:
        for (strength, model), stream in zip(models.items(), streams, strict=True):
            of_days, of_hazards = stream.spawn(2)
            hazards = _hazards(design, model, cohorts, of_hazards, pool.map)
            frame = _cohorts(design, hazards, pace, np.random.default_rng(of_days))
            frames.append(frame.assign(levels=levels, strength=float(strength), cohort=np.arange(1, cohorts + 1)))
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)]


def summary(
    table: pd.DataFrame,
    *,
    cohort: Mapping[str, float | None],
    published: Mapping[str, float | None],
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """By strength, where the middle of the cohorts lies, and how many come up to the real cohort and the published one.

    Parameters
    ----------
    cohort, published : mapping
        risk_ratio, and the median days to the new fracture, adjacent and nonadjacent, where they are compared; absent
        values are None.

    Returns
    -------
    DataFrame
        For risk_ratio, lead_days (the median further away less that next to cement) and the medians of both groups the
        limits of the central share and the median (`_low`, `_high`, `_middle`); for the first two the share of cohorts
        that come up to the others' values, of those that have one at all, with Wilson's interval. A cohort without a
        fracture further away, but with some next to cement, counts as having a higher ratio than any.
    """
    table = table.assign(lead_days=table["median_days_nonadjacent"] - table["median_days_adjacent"])
    lines = []
    for strength, rows in table.groupby("strength"):
        line = {"strength": strength, "cohorts": len(rows)} | _quantiles(rows, conf_level)
        for whose, values in (("cohort", cohort), ("published", published)):
            line |= _share_at_least(rows, "risk_ratio", whose, values["risk_ratio"], conf_level)
            line |= _share_at_least(rows, "lead_days", whose, _lead(values), conf_level)
        lines.append(line)
    return pd.DataFrame(lines)


def _hazards(design: Design, model: Susceptibility, cohorts: int, stream, each: Callable) -> np.ndarray:
    """Susceptibility of every vertebra at risk in every cohort: cohorts x vertebrae."""
    starts = range(0, len(design.has_slot), BLOCK)
    blocks = [slice(start, start + BLOCK) for start in starts]
    drawn = each(partial(_of_block, design, model, cohorts), blocks, stream.spawn(len(blocks)))
    return np.concatenate([np.zeros((cohorts, 0), dtype=np.float32), *drawn], axis=1)


def _of_block(design: Design, model: Susceptibility, cohorts: int, block: slice, stream) -> np.ndarray:
    seen = (design.has_slot[block], design.fractured[block], design.assessed[block])
    drawn = model.draw(np.random.default_rng(stream), *seen, cohorts)
    return drawn.transpose(1, 0, 2)[:, design.at_risk[block]]


def _cohorts(design: Design, hazards: np.ndarray, kind: str, rng: np.random.Generator) -> pd.DataFrame:
    """New fractures of every cohort, and what they come to."""
    follow_up, adjacent = design.follow_up[design.at_risk], design.is_adjacent[design.at_risk]
    cohorts = len(hazards)
    days = [(np.zeros(0), np.zeros(0, dtype=np.intp))] * cohorts
    if len(design.event_days):
        pace = pace_of(hazards, follow_up, design.event_days, cohorts=cohorts, kind=kind)
        at_end = pace.by(follow_up)
        days = [_new_fractures(hazard, pace, at_end, rng) for hazard in hazards]
    groups = (adjacent, ~adjacent)
    counts = [np.array([np.count_nonzero(group[vertebra]) for _, vertebra in days]) for group in groups]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (counts[0] / adjacent.sum()) / (counts[1] / (~adjacent).sum())
    found = {"risk_ratio": np.where(np.isfinite(ratio), ratio, np.nan)}
    for name, group, number in zip(GROUPS, groups, counts, strict=True):
        found[f"fractures_{name}"] = number
        own = [(day[group[vertebra]], vertebra[group[vertebra]]) for day, vertebra in days]
        found[f"median_days_{name}"] = [np.median(day) if len(day) else np.nan for day, _ in own]
        ends = np.sort(follow_up[group])[::-1]
        found[f"all_median_days_{name}"] = [_half_time(*events, follow_up, group, ends) for events in own]
    patient = np.nonzero(design.at_risk)[0]
    found["patients_fractured"] = [len(np.unique(patient[vertebra])) for _, vertebra in days]
    return pd.DataFrame(found)


def _new_fractures(
    hazard: np.ndarray, pace: Pace, at_end: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The days of one cohort's new fractures and whose they are; `at_end` is the pace up to the end of follow-up."""
    threshold = rng.exponential(size=len(hazard))
    vertebra = np.flatnonzero(threshold < hazard * at_end)
    return pace.reached(threshold[vertebra] / hazard[vertebra]), vertebra


def _half_time(day: np.ndarray, vertebra: np.ndarray, follow_up: np.ndarray, group: np.ndarray, ends) -> float:
    """Day by which half of a group had the event (Kaplan-Meier); absent where that is not reached.

    `ends` are the group's days of follow-up, the longest first. Mostly the half is not reached, which is found without
    the curve.
    """
    times, events = np.unique(day, return_counts=True)
    followed = follow_up[vertebra][:, None]
    gone = ((day[:, None] < times) & (followed >= times)).sum(axis=0)
    at_risk = np.searchsorted(-ends, -times, side="right") - gone
    if np.prod(1 - events / at_risk) > 0.5 + TOLERANCE:
        return np.nan
    days, is_event = follow_up.astype(float), np.zeros(len(follow_up), dtype=bool)
    days[vertebra], is_event[vertebra] = day, True
    median = median_time(kaplan_meier(days[group], is_event[group])).estimate
    return np.nan if median is None else median


def _quantiles(rows: pd.DataFrame, conf_level: float) -> dict:
    tail = (1 - conf_level) / 2
    places = {"low": tail, "middle": 0.5, "high": 1 - tail}
    columns = ("risk_ratio", "lead_days", *(f"median_days_{group}" for group in GROUPS))
    found = {f"{column}_{name}": rows[column].quantile(place) for column in columns for name, place in places.items()}
    found |= {f"reached_{group}": rows[f"all_median_days_{group}"].notna().sum() for group in GROUPS}
    return found | {"patients_fractured": rows["patients_fractured"].mean()}


def _lead(medians: Mapping[str, float | None]) -> float | None:
    adjacent, nonadjacent = (medians.get(group) for group in GROUPS)
    return None if adjacent is None or nonadjacent is None else nonadjacent - adjacent


def _share_at_least(rows: pd.DataFrame, column: str, whose: str, value: float | None, conf_level: float) -> dict:
    names = [f"{column}_{whose}_{what}" for what in ("share", "low", "high")]
    if value is None or pd.isna(value):
        return dict.fromkeys(names, np.nan)
    is_as_high, has_value = rows[column] >= value, rows[column].notna()
    if column == "risk_ratio":
        is_endless = (rows["fractures_adjacent"] > 0) & (rows["fractures_nonadjacent"] == 0)
        # Where no cohort has a ratio, nobody may be at risk further away.
        is_endless &= has_value.any()
        is_as_high, has_value = is_as_high | is_endless, has_value | is_endless
    as_high, cohorts = int(is_as_high.sum()), int(has_value.sum())
    if not cohorts:
        return dict.fromkeys(names, np.nan)
    return dict(zip(names, (as_high / cohorts, *wilson_limits(as_high, cohorts, conf_level)), strict=True))
