"""The estimates put to the test, and what each of them is an estimate of."""

from collections.abc import Callable
from dataclasses import dataclass

from helpers.cohort.latent_rows import LatentRows
from helpers.estimators import (
    Estimate,
    cumulative_incidence,
    hazard_ratio,
    hazard_ratio_change,
    kaplan_meier,
    mantel_haenszel,
    median_among_events,
    odds_ratio,
    rate_ratio,
    restricted_mean_difference,
    risk_difference,
    risk_ratio,
    risk_ratio_at_horizon,
    risk_ratio_bootstrap,
    score_interval,
    within_patient_risk_ratio,
)
from helpers.estimators.conditional_logistic import within_patient_odds_ratio
from helpers.estimators.curve_table import incidence_at, survival_at
from helpers.estimators.horizon import risk_difference_at_horizon
from helpers.estimators.poisson_regression import adjusted_risk_ratio

HORIZON = 365


@dataclass(frozen=True)
class Method:
    """One way to an interval.

    `target` says what it estimates; methods with the same target share the true value, which is what the estimate
    comes to in a cohort large enough for chance not to matter. `is_default` marks what the report shows as the answer.
    """

    name: str
    target: str
    estimate: Callable[[LatentRows, int], Estimate]
    is_default: bool = False


def _koopman(rows: LatentRows, _) -> Estimate:
    naive = risk_ratio(rows.fractured, rows.is_adjacent).counts
    return score_interval(naive.events_exposed, naive.at_risk_exposed, naive.events_unexposed, naive.at_risk_unexposed)


def _bootstrap(method: str):
    def estimate(rows: LatentRows, seed: int) -> Estimate:
        return risk_ratio_bootstrap(rows.fractured, rows.is_adjacent, rows.patient, method=method, seed=seed)

    return estimate


def _fractured(estimator: Callable, **options):
    """An estimator of fractured or not, next to cement or further away."""
    return lambda rows, _: estimator(rows.fractured, rows.is_adjacent, rows.patient, **options)


def _hazard(*, clustered: bool = True, by: str | None = None, **options):
    def estimate(rows: LatentRows, _) -> Estimate:
        stratum = None if by is None else getattr(rows, by)
        patient = rows.patient if clustered else None
        return hazard_ratio(rows.days, rows.fractured, rows.is_adjacent, patient, stratum=stratum, **options)

    return estimate


def _early_to_late(*, by: str | None = None):
    def estimate(rows: LatentRows, _) -> Estimate:
        stratum = None if by is None else getattr(rows, by)
        return hazard_ratio_change(rows.days, rows.fractured, rows.is_adjacent, rows.patient, at=90, stratum=stratum)

    return estimate


def _by_horizon(estimator: Callable, horizon: int = HORIZON):
    return lambda rows, _: estimator(rows.days, rows.outcome, rows.is_adjacent, rows.patient, horizon_days=horizon)


def _free(*, clustered: bool):
    """The share without a fracture next to cement at the horizon (Kaplan-Meier)."""

    def estimate(rows: LatentRows, _) -> Estimate:
        near = rows.is_adjacent
        curve = kaplan_meier(rows.days[near], rows.fractured[near], rows.patient[near] if clustered else None)
        return next(iter(survival_at({"": curve}, [HORIZON]).values()))

    return estimate


def _median(*, adjacent: bool):
    """The median days to a fracture among the vertebrae that fractured."""

    def estimate(rows: LatentRows, _) -> Estimate:
        chosen = rows.is_adjacent == adjacent
        return median_among_events(rows.days[chosen], rows.fractured[chosen], rows.patient[chosen])

    return estimate


def _incidence(horizon: int):
    """The share fractured next to cement by a horizon, death competing (Aalen-Johansen)."""

    def estimate(rows: LatentRows, _) -> Estimate:
        near = rows.is_adjacent
        curve = cumulative_incidence(rows.days[near], rows.outcome[near], rows.patient[near])
        return incidence_at({"": curve}, horizon)[""]

    return estimate


RISK_RATIO, HAZARD_RATIO = "risk ratio over follow-up", "hazard ratio, averaged over follow-up"
EARLY_TO_LATE = "hazard ratio to day 90 over later"
FREE = f"share without a fracture next to cement, day {HORIZON}"
METHODS = (
    Method("naive (Katz)", RISK_RATIO, lambda rows, _: risk_ratio(rows.fractured, rows.is_adjacent)),
    Method("naive score (Koopman)", RISK_RATIO, _koopman),
    Method("clustered", RISK_RATIO, _fractured(risk_ratio), is_default=True),
    Method("clustered, normal quantile", RISK_RATIO, _fractured(risk_ratio, quantile="normal")),
    Method("patients resampled, percentile", RISK_RATIO, _bootstrap("percentile")),
    Method("patients resampled, BCa", RISK_RATIO, _bootstrap("bca")),
    Method("clustered", "odds ratio over follow-up", _fractured(odds_ratio), is_default=True),
    Method("clustered", "risk difference over follow-up", _fractured(risk_difference), is_default=True),
    Method(
        "clustered",
        "rate ratio per day of follow-up",
        lambda rows, _: rate_ratio(rows.days, rows.fractured, rows.is_adjacent, rows.patient),
        is_default=True,
    ),
    Method(
        "Mantel-Haenszel, naive",
        "risk ratio within levels (Mantel-Haenszel)",
        lambda rows, _: mantel_haenszel(rows.fractured, rows.is_adjacent, stratum=rows.level),
    ),
    Method(
        "Mantel-Haenszel, clustered",
        "risk ratio within levels (Mantel-Haenszel)",
        lambda rows, _: mantel_haenszel(rows.fractured, rows.is_adjacent, rows.patient, stratum=rows.level),
        is_default=True,
    ),
    Method(
        "log-Poisson, clustered",
        "risk ratio within levels (log-Poisson)",
        lambda rows, _: adjusted_risk_ratio(rows.fractured, rows.is_adjacent, rows.patient, stratum=rows.level),
        is_default=True,
    ),
    Method(
        "within patients, Greenland-Robins",
        "risk ratio within patients",
        lambda rows, _: mantel_haenszel(rows.fractured, rows.is_adjacent, stratum=rows.patient),
    ),
    Method("within patients", "risk ratio within patients", _fractured(within_patient_risk_ratio), is_default=True),
    Method(
        "conditional logistic, clustered",
        "odds ratio within patients",
        _fractured(within_patient_odds_ratio),
        is_default=True,
    ),
    Method("clustered", "risk ratio by day 90", _by_horizon(risk_ratio_at_horizon, 90), is_default=True),
    Method("clustered", f"risk ratio by day {HORIZON}", _by_horizon(risk_ratio_at_horizon), is_default=True),
    Method("clustered", "risk ratio by day 730", _by_horizon(risk_ratio_at_horizon, 730), is_default=True),
    Method("clustered", f"risk difference by day {HORIZON}", _by_horizon(risk_difference_at_horizon), is_default=True),
    Method(
        "clustered",
        f"restricted mean difference to day {HORIZON}",
        lambda rows, _: restricted_mean_difference(
            rows.days, rows.fractured, rows.is_adjacent, rows.patient, horizon_days=HORIZON
        ),
        is_default=True,
    ),
    Method("clustered", f"share fractured next to cement by day {HORIZON}", _incidence(HORIZON), is_default=True),
    Method("Greenwood", FREE, _free(clustered=False)),
    Method("clustered", FREE, _free(clustered=True), is_default=True),
    Method("Cox, naive", HAZARD_RATIO, _hazard(clustered=False)),
    Method("Cox, clustered", HAZARD_RATIO, _hazard(), is_default=True),
    Method("Cox, clustered", "hazard ratio, days 0 to 90", _hazard(window=(0, 90)), is_default=True),
    Method("Cox, clustered", "hazard ratio, days 90 to 365", _hazard(window=(90, 365)), is_default=True),
    Method("Cox, clustered", "hazard ratio, after day 365", _hazard(window=(365, None)), is_default=True),
    Method("Cox, clustered", EARLY_TO_LATE, _early_to_late(), is_default=True),
    Method("Cox, clustered", f"{EARLY_TO_LATE}, within patients", _early_to_late(by="patient"), is_default=True),
    Method("Cox, clustered", "hazard ratio within levels", _hazard(by="level"), is_default=True),
    Method("Cox, clustered", "hazard ratio within patients", _hazard(by="patient"), is_default=True),
    Method("clustered", "median days among fractured, next to cement", _median(adjacent=True), is_default=True),
    Method("clustered", "median days among fractured, further away", _median(adjacent=False), is_default=True),
)


def truth_of(rows: LatentRows) -> dict[str, float]:
    """The value of each target in one cohort, by the first method that estimates it."""
    targets = {}
    for method in METHODS:
        if method.target not in targets:
            targets[method.target] = method.estimate(rows, 0).estimate
    return targets


def is_ratio(target: str) -> bool:
    """Whether errors of this target are taken on the log scale."""
    return "ratio" in target
