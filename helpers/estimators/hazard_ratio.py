"""The hazard ratio of exposed and unexposed vertebrae, with patients as clusters."""

import math

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.arguments import durations, flags, labels, same_length
from helpers.estimators.cox import Moments, maximise
from helpers.estimators.estimate import Estimate, check_conf_level, not_estimable
from helpers.estimators.intervals import ratio_estimate
from helpers.estimators.patients import patient_sums


def hazard_ratio(
    days,
    event,
    exposed,
    patient=None,
    *,
    stratum=None,
    window: tuple[float, float | None] | None = None,
    conf_level: float = 0.95,
) -> Estimate:
    """The hazard of exposed vertebrae over that of unexposed ones (Cox, Efron's ties).

    The interval is exp(log ratio +- z * se). Without patients se^2 = 1 / I, the inverse information; with
    patients se^2 = sum over patients of U_g^2 / I^2, U_g the sum of the score residuals of the patient's
    vertebrae.

    Parameters
    ----------
    days : array, one per vertebra
        Time to the event or to the end of follow-up.
    event, exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None gives the naive interval.
    stratum : array of labels, optional
        Compare only within these: the level of the vertebra, or the patient.
    window : (after, through), optional
        Only events with after < days <= through count, among vertebrae still at risk after `after`; None
        leaves the end open. A window from 0 keeps day 0.

    Returns
    -------
    Estimate
        Without a value where no exposed (or no unexposed) vertebra had an event while one of the other kind
        was at risk: the likelihood then has no maximum.

    Notes
    -----
    In R: ``coxph(Surv(days, event) ~ exposed + strata(stratum), cluster = patient, ties = "efron")``. Times
    are tied only when they are equal. This is not lifelines' fitter because its clustered error depends on
    the order of tied rows and its cost grows with the square of the rows; the tests hold coefficient and
    naive error together.

    References
    ----------
    .. [1] Efron B. The efficiency of Cox's likelihood function for censored data. J Am Stat Assoc
       1977;72:557-565.
    .. [2] Lin DY, Wei LJ. The robust inference for the Cox proportional hazards model. J Am Stat Assoc
       1989;84:1074-1078.
    .. [3] Lee EW, Wei LJ, Amato DA. Cox-type regression analysis for large numbers of small groups of
       correlated failure time observations. In: Klein JP, Goel PK (eds), Survival Analysis, 1992, 237-247.

    Examples
    --------
    >>> ratio = hazard_ratio([1, 2, 3, 4], [1, 1, 1, 1], [1, 0, 1, 0])
    >>> round(ratio.estimate, 4), round(ratio.std_error, 4)
    (2.5616, 1.2403)
    """
    days, event, exposed = durations(days), flags(event, "event"), flags(exposed, "exposed")
    same_length(days=days, event=event, exposed=exposed, patient=patient, stratum=stratum)
    check_conf_level(conf_level)
    codes, n_patients = (None, None) if patient is None else labels(patient, "patient")
    strata = None if stratum is None else labels(stratum, "stratum")[0]
    if window is not None:
        days, event, kept = in_window(days, event, window)
        exposed, strata = exposed[kept], None if strata is None else strata[kept]
        codes, n_patients = (None, None) if codes is None else labels(codes[kept], "patient")
    method = "Cox, Efron ties, " + (
        "vertebrae treated as independent" if codes is None else "patients as clusters (sandwich)"
    )
    evidence = {
        "method": method + ("" if strata is None else ", stratified"),
        "n_patients": n_patients,
        "n_vertebrae": len(days),
        "n_events": int(event.sum()),
    }
    moments = Moments.of(days, event, exposed, strata)
    why_not = why_no_maximum(moments)
    if why_not:
        return not_estimable("hazard ratio", why_not, unit="ratio", conf_level=conf_level, **evidence)
    fit = maximise(moments)
    variance = 1 / fit.information
    if codes is not None:
        u = patient_sums(fit.residual_of_rows(exposed, event), codes, n_patients)
        variance = float(u @ u) / fit.information**2
    return ratio_estimate("hazard ratio", fit.log_hazard_ratio, variance, conf_level=conf_level, **evidence)


def why_no_maximum(moments: Moments) -> str:
    """Why the likelihood has no finite maximum, in words; empty when it has."""
    if not len(moments.stratum):
        return "no vertebrae at risk"
    if not moments.events.sum():
        return "no events"
    unexposed, exposed = moments.events_against()
    if unexposed and exposed:
        return ""
    if not unexposed and not exposed:
        return "no event while exposed and unexposed vertebrae were both at risk"
    kind, other = ("exposed", "unexposed") if not exposed else ("unexposed", "exposed")
    return (
        f"no {kind} vertebra had an event while an {other} one was at risk, so the likelihood has no maximum "
        "(monotone likelihood)"
    )


def in_window(days: np.ndarray, event: np.ndarray, window) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times and events of the vertebrae at risk in a window, and which vertebrae these are."""
    after, through = window
    if not (math.isfinite(after) and after >= 0 and (through is None or through > after)):
        raise WorkbookError(
            f"`window` must be (after, through) with 0 <= after < through, but got {tuple(window)}. "
            "Pass (0, 90), or (365, None) for everything later."
        )
    kept = days > after if after > 0 else np.ones(len(days), dtype=bool)
    days, event = days[kept], event[kept]
    if through is None:
        return days, event, kept
    return np.minimum(days, through), event & (days <= through), kept
