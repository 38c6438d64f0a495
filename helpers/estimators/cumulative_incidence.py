"""Cumulative incidence of a fracture where death competes."""

import math
from dataclasses import dataclass

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.arguments import durations, flags, labels, one_dimensional, same_length
from helpers.estimators.estimate import Estimate, check_conf_level, not_estimable
from helpers.estimators.intervals import ratio_estimate
from helpers.estimators.patients import patient_sums
from helpers.estimators.processes import (
    IncidenceInfluence,
    counting_processes,
    distinct_times,
    incidence_variance,
)
from helpers.estimators.survival import Steps, log_log_limits


@dataclass(frozen=True, eq=False)
class IncidenceCurve(Steps):
    """An Aalen-Johansen curve: one entry per distinct time.

    Attributes
    ----------
    time, at_risk, events, competing, censored : array (times,)
        Counts at that time: events of the cause, of the other cause, and neither.
    incidence : array (times,)
        Probability of an event of the cause by that time.
    std_error, conf_low, conf_high : array (times,)
        On the scale of the probability; the limits are not a number while it is 0.
    """

    incidence: np.ndarray

    _curve = "incidence"


def cumulative_incidence(days, outcome, patient=None, *, cause: int = 1, conf_level: float = 0.95) -> IncidenceCurve:
    """The probability of an event of one cause by time, in the presence of the other (Aalen and Johansen).

    F(t) = sum over times s <= t of S(s-) d1_s / n_s, with S the probability of neither. Events and deaths of
    the same day are ties and stay so. The variance is the infinitesimal jackknife: the sum of squared
    influences over vertebrae (without patients) or over patients. The interval is F^exp(+-z se / (F log F)).

    Parameters
    ----------
    days : array, one per vertebra
    outcome : array of 0, 1 or 2, one per vertebra
        Censored, fracture, death.
    patient : array of labels, optional
        None gives the naive interval.
    cause : {1, 2}
        Which outcome the curve is of; the other competes.

    Returns
    -------
    IncidenceCurve

    Notes
    -----
    In R: ``survfit(Surv(days, factor(outcome)) ~ 1, id = row, influence = TRUE, conf.type = "log-log")``; for the
    clustered error its influence values are added up by patient (``rowsum``): survival 3.5-3 ignores ``cluster`` here.
    This is not lifelines' fitter because that moves tied times apart at random.

    References
    ----------
    .. [1] Aalen OO, Johansen S. An empirical transition matrix for non-homogeneous Markov chains based on
       censored observations. Scand J Stat 1978;5:141-150.

    Examples
    --------
    >>> curve = cumulative_incidence([1, 2, 3, 4], [1, 2, 1, 0])
    >>> curve.incidence.tolist()
    [0.25, 0.25, 0.5, 0.5]
    """
    days, outcome = durations(days), _outcomes(outcome, cause)
    n = same_length(days=days, outcome=outcome, patient=patient)
    check_conf_level(conf_level)
    codes, n_patients = (None, None) if patient is None else labels(patient, "patient")
    times, index = distinct_times(days)
    process = counting_processes(times, index, outcome)
    std_error = np.sqrt(incidence_variance(process, index, outcome, codes, None))
    low, high = log_log_limits(process.incidence, std_error, conf_level)
    who = "vertebrae treated as independent" if patient is None else "patients as clusters"
    return IncidenceCurve(
        times,
        process.at_risk,
        process.events,
        process.competing,
        process.censored,
        std_error,
        low,
        high,
        conf_level,
        f"Aalen-Johansen, log-log interval, {who} (infinitesimal jackknife)",
        n_patients,
        n,
        int(process.events.sum()),
        None,
        process.incidence,
    )


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

    Notes
    -----
    In R: the two ``survfit(..., influence = TRUE)$influence.pstate``, added up by patient.

    Examples
    --------
    Nobody censored before day 3: plain proportions, 2 of 3 against 1 of 3.

    >>> days, outcome, exposed = [1, 2, 9, 3, 9, 9], [1, 1, 0, 1, 0, 0], [1, 1, 1, 0, 0, 0]
    >>> round(risk_ratio_at_horizon(days, outcome, exposed, horizon_days=3).estimate, 12)
    2.0
    """
    days, outcome, exposed = durations(days), _outcomes(outcome, 1), flags(exposed, "exposed")
    same_length(days=days, outcome=outcome, exposed=exposed, patient=patient)
    check_conf_level(conf_level)
    codes, n_patients = (None, None) if patient is None else labels(patient, "patient")
    who = "vertebrae treated as independent" if codes is None else "patients as clusters"
    evidence = {
        "method": f"Aalen-Johansen by day {horizon_days:g}, log interval, {who} (infinitesimal jackknife)",
        "n_patients": n_patients,
        "n_vertebrae": len(days),
        "n_events": int(((outcome == 1) & (days <= horizon_days)).sum()),
    }
    seen = min(float(days[group].max(initial=0)) for group in (exposed, ~exposed))
    why = (
        ""
        if 0 < horizon_days <= seen
        else (f"the horizon must lie between 0 and the last time seen in both groups, {seen:g} days")
    )
    influence, risks = np.zeros(len(days)), []
    for group, sign in () if why else ((exposed, 1), (~exposed, -1)):
        risk, of_row = _risk_by(horizon_days, days[group], outcome[group])
        risks.append(risk)
        influence[group] = sign * of_row
    if not why and not all(risks):
        why = "no events by the horizon in " + ("one of the groups" if any(risks) else "either group")
    if why:
        return not_estimable("risk ratio by horizon", why, unit="ratio", conf_level=conf_level, **evidence)
    u = patient_sums(influence, codes, n_patients)
    log_ratio, variance = math.log(risks[0] / risks[1]), float(u @ u)
    return ratio_estimate("risk ratio by horizon", log_ratio, variance, conf_level=conf_level, **evidence)


def _risk_by(horizon: float, days: np.ndarray, outcome: np.ndarray) -> tuple[float, np.ndarray]:
    """The cumulative incidence at the horizon, and every vertebra's influence on its log."""
    times, index = distinct_times(days)
    process = counting_processes(times, index, outcome)
    last = int(np.searchsorted(times, horizon, side="right")) - 1
    risk = float(process.incidence[last]) if last >= 0 else 0.0
    if not risk:
        return 0.0, np.zeros(len(days))
    return risk, IncidenceInfluence.of(process).at(last, index, outcome) / risk


def _outcomes(outcome, cause: int) -> np.ndarray:
    codes = one_dimensional(outcome, "outcome")
    is_code = np.isin(codes, [0, 1, 2])
    if not is_code.all():
        raise WorkbookError(
            f"`outcome` must be 0 (censored), 1 (fracture) or 2 (death), but got {codes[~is_code][0]!s}. "
            "Map the words to these numbers first."
        )
    if cause not in (1, 2):
        raise WorkbookError(f"`cause` must be 1 (fracture) or 2 (death), but got {cause}.")
    codes = codes.astype(np.int8)
    return codes if cause == 1 else np.array([0, 2, 1], dtype=np.int8)[codes]
