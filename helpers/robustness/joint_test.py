"""The whole curve against curves in which the place of cement is chance."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort
from helpers.cohort.spine_arrays import spine_arrays
from helpers.robustness.dealt_cement import NULLS, Places, as_it_was, can_differ, dealt
from helpers.robustness.dealt_ratios import ESTIMATORS, DealtVertebrae, Spans
from helpers.robustness.shared_cohort import of_patients, sample_of
from helpers.robustness.specifications import AT_RISK
from helpers.robustness.vertebrae import vertebrae_at_risk

MOST_PATIENTS = 2_000
BLOCK = 25  # ways at a time, each block with a seed of its own
# What says how vertebrae lie to cement, and which of their events count.
OF_VERTEBRAE, OF_EVENTS = ("adjacent_within", "sandwich_vertebrae"), ("fractures_counted", "horizon_days")
Asked = Mapping[tuple, Mapping[tuple, list[str]]]
MEDIAN, ABOVE = "median ratio", "share with an interval above 1"
TEST_COLUMNS = (
    "null", "statistic", "observed", "null_median", "null_high", "p_value",
    "permutations", "specifications", "patients",
)  # fmt: skip


def thinned(specifications: pd.DataFrame, *, made_with: str) -> pd.DataFrame:
    """The specifications that the joint test computes under the null.

    Crude risks, risks within patients and rates, as these are quick; prevalent fractures excluded, as a cemented
    vertebra is not at risk and a fractured one must not be either if cement could have been in it; later
    vertebroplasties censored or ignored; and fractures of day 0 as the cohort was cleaned.
    """
    is_kept = (
        specifications["estimator"].isin(ESTIMATORS)
        & (specifications["prevalent_fractures"] == "exclude")
        & specifications["later_vertebroplasty"].isin(["censor", "ignore"])
        & (specifications["day_zero_fractures"] == made_with)
    )
    return specifications[is_kept].reset_index(drop=True)


def joint_test(
    cohort: CleanCohort,
    specifications: pd.DataFrame,
    *,
    made_with: str,
    permutations: int = 200,
    seed: int = 20060127,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Set the curve against curves with cement dealt anew within each patient (Simonsohn, Simmons and Nelson [1]_).

    Two null hypotheses, each with what it assumes:

    - "any whole vertebra": given a patient's fractures, every vertebra that was whole on day 0 could as well have lain
      where any other did. It fails wherever new fractures cluster, by level or around old fractures, with or without
      cement; rejecting it says no more than that.
    - "any fractured vertebra": given a patient's old and new fractures, the cement could as well have been put into
      any other of the vertebrae that were fractured on day 0. Clustering around fractures is kept. It assumes that
      among these the choice of vertebra had nothing to do with where new fractures were to come. Only
      patients who had more of them than were cemented can tell, so only they are used, for the observed value too.
      Under it the ratios are not expected to be 1.

    Each has two statistics of the curve: its median ratio, and the share of its specifications whose interval lies
    above 1. p = (1 + number of ways that reach the observed value) / (1 + permutations), one-sided: how often chance
    alone gives ratios as high. All specifications of one way are computed from the same dealing, so that the p-value
    allows for their being answers of one cohort.

    Parameters
    ----------
    specifications : DataFrame
        As `grid.Grid.specifications`; those of `thinned` are used.
    permutations : int
        Ways to deal the cement.
    seed : int
        Blocks of 25 ways have seeds of their own, spawned from it.

    Returns
    -------
    DataFrame
        null, statistic, observed, null_median and null_high (median and 95th percentile over the ways), p_value,
        permutations, specifications, patients. Of more than 2,000 patients a random sample of 2,000 is used, for the
        observed value too.

    References
    ----------
    .. [1] Simonsohn U, Simmons JP, Nelson LD. Specification curve analysis. Nature Human Behaviour 2020;4:1208-1214.
    """
    used = thinned(specifications, made_with=made_with)
    cohort = sample_of(cohort, MOST_PATIENTS, seed)
    lines = []
    for number, null in enumerate(NULLS):
        of_null = of_patients(cohort, can_differ(spine_arrays(cohort), null))
        found = _one_null(of_null, used, null, permutations, np.random.SeedSequence([seed, number]), conf_level)
        evidence = (permutations, len(used), len(of_null.patients))
        lines += [(null, name, *told, *evidence) for name, told in found.items()]
    return pd.DataFrame(lines, columns=list(TEST_COLUMNS))


def _one_null(
    cohort: CleanCohort,
    used: pd.DataFrame,
    null: str,
    permutations: int,
    seed: np.random.SeedSequence,
    conf_level: float,
) -> dict[str, tuple[float, float, float, float]]:
    """Of each statistic: what is observed, median and 95th percentile under the null, and p."""
    at_risk = [
        (vertebrae_at_risk(cohort, of_table.iloc[0].to_dict()), of_table)
        for _, of_table in used.groupby(list(AT_RISK), sort=False)
    ]
    tables = [(Spans.of(vertebrae), _asked(of_table)) for vertebrae, of_table in at_risk if len(vertebrae.patient)]
    if not tables:
        return dict.fromkeys((MEDIAN, ABOVE), (np.nan,) * 4)
    spines, sizes = spine_arrays(cohort), _sizes(permutations)
    observed = _statistics(tables, as_it_was(spines), conf_level)
    ways = [
        _statistics(tables, dealt(spines, null, size, np.random.default_rng(own)), conf_level)
        for own, size in zip(seed.spawn(len(sizes)), sizes, strict=True)
    ]
    return {
        name: _told(float(value[0]), np.concatenate([way[name] for way in ways])) for name, value in observed.items()
    }


def _sizes(permutations: int) -> list[int]:
    return [min(BLOCK, permutations - start) for start in range(0, permutations, BLOCK)]


def _told(observed: float, under_null: np.ndarray) -> tuple[float, float, float, float]:
    # What is equal but for rounding reaches the observed value.
    under_null = under_null[~np.isnan(under_null)]
    if np.isnan(observed) or not len(under_null):
        return observed, np.nan, np.nan, np.nan
    n_reaching = int((under_null >= observed - 1e-9 * abs(observed)).sum())
    p_value = (1 + n_reaching) / (1 + len(under_null))
    return observed, float(np.median(under_null)), float(np.quantile(under_null, 0.95)), p_value


def _asked(of_table: pd.DataFrame) -> Asked:
    """By `OF_VERTEBRAE`, then by `OF_EVENTS`: the estimators asked for."""
    return {
        vertebrae: {events: list(rows["estimator"]) for events, rows in same.groupby(list(OF_EVENTS), sort=False)}
        for vertebrae, same in of_table.groupby(list(OF_VERTEBRAE), sort=False)
    }


def _statistics(tables: Sequence[tuple[Spans, Asked]], places: Places, conf_level: float) -> dict[str, np.ndarray]:
    """Of each way: the median ratio of its curve, and the share of specifications with an interval above 1."""
    logs, above = [], []
    distances = {within for _, asked in tables for within, _ in asked}
    adjacent = {within: places.adjacent(int(within)) for within in distances}
    for spans, asked in tables:
        for (within, sandwich), of_events in asked.items():
            left_out = places.sandwich if sandwich == "out" else np.zeros_like(places.sandwich)
            each = DealtVertebrae(spans, adjacent[within], left_out)
            for (counted, horizon), estimators in of_events.items():
                found = each.ratios(estimators, fractures_counted=counted, horizon=horizon, conf_level=conf_level)
                logs += [log_ratio for log_ratio, _ in found]
                above += [is_above for _, is_above in found]
    return {MEDIAN: np.exp(_median(np.array(logs))), ABOVE: np.mean(above, axis=0)}


def _median(logs: np.ndarray) -> np.ndarray:
    """The median over the specifications that have a value (NaN where none has); a ratio of 0 lies below all others."""
    known = [of_way[~np.isnan(of_way)] for of_way in logs.T]
    return np.array([np.median(of_way) if len(of_way) else np.nan for of_way in known])
