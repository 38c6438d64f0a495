"""Two groups compared at a horizon: the risk by then, as a ratio and as a difference."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.arguments import durations, flags, same_length
from helpers.estimators.cumulative_incidence import outcome_codes
from helpers.estimators.estimate import Estimate, not_estimable
from helpers.estimators.followed_groups import FollowedGroups
from helpers.estimators.intervals import FROM_RISKS, clustered_ratio, ratio_estimate, sum_of_squares
from helpers.estimators.processes import IncidenceInfluence, Processes


def risk_ratio_at_horizon(
    days, outcome, exposed, patient=None, *, horizon_days: float, conf_level: float = 0.95
) -> Estimate:
    """The risk by a horizon, exposed over unexposed, with censoring and death allowed for.

    ratio = F1(t) / F0(t) with Aalen and Johansen's F; the variance of the log is the sum over patients (or
    vertebrae) of their influence dF1/F1 - dF0/F0, squared (infinitesimal jackknife).

    Parameters
    ----------
    days : array, one per vertebra
    outcome : array of 0, 1 or 2, one per vertebra
        Censored, fracture, death; a boolean array is a fracture or not.
    exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None gives the naive interval.
    horizon_days : float
        Not beyond the last time seen in either group.

    Returns
    -------
    Estimate
        Without a value where one of the groups has no event by the horizon.

    Notes
    -----
    In R: the two ``survfit(Surv(days, factor(outcome)) ~ 1, id = row, influence = TRUE)$influence.pstate``, added up
    by patient.

    Examples
    --------
    Nobody censored before day 3: plain proportions, 2 of 3 against 1 of 3.

    >>> days, outcome, exposed = [1, 2, 9, 3, 9, 9], [1, 1, 0, 1, 0, 0], [1, 1, 1, 0, 0, 0]
    >>> round(risk_ratio_at_horizon(days, outcome, exposed, horizon_days=3).estimate, 12)
    2.0
    """
    return _ratio(_groups(days, outcome, exposed, patient, horizon_days, conf_level))


def _ratio(groups: FollowedGroups) -> Estimate:
    measure = "risk ratio by horizon"
    evidence = groups.evidence(_method(groups, "log interval"))
    if groups.why_not:
        return not_estimable(measure, groups.why_not, unit="ratio", **evidence)
    (risk_unexposed, risk_exposed), influence = groups.each(_risk)
    if not (risk_exposed and risk_unexposed):
        where = "one of the groups" if risk_exposed or risk_unexposed else "either group"
        return not_estimable(measure, f"no events by the horizon in {where}", unit="ratio", **evidence)
    influence *= np.array([[-1 / risk_unexposed], [1 / risk_exposed]])
    log_ratio = math.log(risk_exposed / risk_unexposed)
    if groups.is_naive:
        variance = sum_of_squares(influence.ravel(), groups.cells.moments.leaving.ravel())
        return ratio_estimate(measure, log_ratio, variance, **evidence)
    return clustered_ratio(measure, log_ratio, groups.cells.by_patient(influence), **evidence)


def risk_difference_at_horizon(
    days, outcome, exposed, patient=None, *, horizon_days: float, conf_level: float = 0.95
) -> Estimate:
    """The risk by a horizon, exposed minus unexposed, with censoring and death allowed for.

    difference = F1(t) - F0(t) with Aalen and Johansen's F; the variance is the sum over patients (or vertebrae) of
    their influence dF1 - dF0, squared (infinitesimal jackknife). Without patients the interval is difference +- z se;
    with patients it is made from those of the two risks (`intervals.clustered_difference`).

    Parameters
    ----------
    days : array, one per vertebra
    outcome : array of 0, 1 or 2, one per vertebra
        Censored, fracture, death; a boolean array is a fracture or not.
    exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None gives the naive interval.
    horizon_days : float
        Not beyond the last time seen in either group.

    Returns
    -------
    Estimate
        In the unit "probability difference". Where a group has no event by the horizon, or rests on one patient, the
        value stands without an interval.

    Notes
    -----
    In R: the two ``survfit(Surv(days, factor(outcome)) ~ 1, id = row, influence = TRUE)$influence.pstate``, added up
    by patient.

    Examples
    --------
    Nobody censored before day 3: plain proportions, 2 of 3 against 1 of 3.

    >>> days, outcome, exposed = [1, 2, 9, 3, 9, 9], [1, 1, 0, 1, 0, 0], [1, 1, 1, 0, 0, 0]
    >>> round(risk_difference_at_horizon(days, outcome, exposed, horizon_days=3).estimate, 4)
    0.3333
    """
    return _difference(_groups(days, outcome, exposed, patient, horizon_days, conf_level))


def _difference(groups: FollowedGroups) -> Estimate:
    measure = "risk difference by horizon"
    evidence = groups.evidence(_method(groups, "Wald interval" if groups.is_naive else FROM_RISKS))
    if groups.why_not:
        return not_estimable(measure, groups.why_not, unit="probability difference", **evidence)
    risks, influence = groups.each(_risk)
    return groups.difference(measure, risks, influence, unit="probability difference", **evidence)


def by_horizon(
    estimator: Callable, days, outcome, exposed, patient=None, *, horizons: Sequence[float], conf_level: float = 0.95
) -> dict[str, Estimate]:
    """A comparison of two groups at each of several horizons.

    Parameters
    ----------
    estimator : callable
        `risk_ratio_at_horizon`, `risk_difference_at_horizon` or `restricted_mean_difference`.
    days, outcome, exposed, patient : arrays, one per vertebra
        What the estimator takes, in its order.
    horizons : sequence of number
        In days, increasing, above 0.

    Returns
    -------
    dict of str to Estimate
        By horizon in words: "day 90".

    Examples
    --------
    >>> days, outcome, exposed = [1, 2, 9, 3, 9, 9], [1, 1, 0, 1, 0, 0], [1, 1, 1, 0, 0, 0]
    >>> differences = by_horizon(risk_difference_at_horizon, days, outcome, exposed, horizons=[2, 3])
    >>> {day: round(difference.estimate, 3) for day, difference in differences.items()}
    {'day 2': 0.667, 'day 3': 0.333}
    """
    if not len(horizons) or min(horizons) <= 0 or list(horizons) != sorted(set(horizons)):
        raise WorkbookError(
            f"`horizons` must increase and be above 0, but got {list(horizons)}. Write for example [90, 365]."
        )
    if estimator in _OF_GROUPS:
        # The groups are the same at every horizon, so they are counted once.
        groups = _groups(days, outcome, exposed, patient, horizons[0], conf_level)
        estimates = [_OF_GROUPS[estimator](replace(groups, horizon_days=horizon)) for horizon in horizons]
    else:
        options = {"patient": patient, "conf_level": conf_level}
        estimates = [estimator(days, outcome, exposed, horizon_days=horizon, **options) for horizon in horizons]
    return {f"day {horizon:g}": estimate for horizon, estimate in zip(horizons, estimates, strict=True)}


_OF_GROUPS = {risk_ratio_at_horizon: _ratio, risk_difference_at_horizon: _difference}


def _groups(days, outcome, exposed, patient, horizon_days: float, conf_level: float) -> FollowedGroups:
    days, outcome, exposed = durations(days), outcome_codes(outcome), flags(exposed, "exposed")
    same_length(days=days, outcome=outcome, exposed=exposed, patient=patient)
    return FollowedGroups.of(days, outcome, exposed, patient, horizon_days, conf_level)


def _method(groups: FollowedGroups, interval: str) -> str:
    return f"Aalen-Johansen by day {groups.horizon_days:g}, {interval}, {groups.basis}"


def _risk(process: Processes, horizon: float) -> tuple[float, np.ndarray | float]:
    """The cumulative incidence at the horizon, and the influence of a vertebra on it, by time and outcome."""
    last = int(np.searchsorted(process.time, horizon, side="right")) - 1
    risk = float(process.incidence[last]) if last >= 0 else 0.0
    return (risk, IncidenceInfluence.of(process).at(last)) if risk else (0.0, 0.0)
