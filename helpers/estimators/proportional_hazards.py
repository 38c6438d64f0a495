"""Whether the hazard ratio is the same throughout follow-up: a test, and the change at a day."""

import math
from dataclasses import astuple, replace

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.arguments import choice
from helpers.estimators.cox import Likelihood, informative, maximum
from helpers.estimators.estimate import Estimate, TwoByTwo, check_conf_level, not_estimable
from helpers.estimators.follow_up import Rows, behind, bounded_by_patients
from helpers.estimators.hazard_ratio import WHOSE, fit_of
from helpers.estimators.intervals import NO_VARIANCE, clustered_ratio, joined, ratio_estimate, two_sided_p
from helpers.estimators.processes import Processes, just_before
from helpers.parted import added_up

SCALES = {
    "km": "time on the scale of the Kaplan-Meier curve",
    "log": "log of time",
    "identity": "time in days",
    "rank": "rank of time",
}
TRANSFORMS = tuple(SCALES)


def proportional_hazards_test(
    days,
    event,
    exposed,
    patient=None,
    *,
    stratum=None,
    transform: str = "km",
    entry=None,
    vertebra=None,
    conf_level: float = 0.95,
) -> Estimate:
    """Test whether the hazard ratio of exposed and unexposed vertebrae changes with time.

    The score test of the covariate exposed x g(t), added to the Cox model of the exposure at its maximum. With x - m_e
    the distance of event e from the mean at risk and v_e the variance at risk (Efron), U = sum of g(t_e) (x - m_e), and
    I_bb, I_gb, I_gg are the sums of v_e, g v_e and g^2 v_e. Without patients chi2 = U^2 / (I_gg - I_gb^2 / I_bb) [1]_.
    With patients chi2 = (sum of U_g)^2 / sum of U_g^2, U_g the sum over the patient's vertebrae of the score residuals
    of exposed x g(t) minus I_gb / I_bb times those of the exposure [2]_, [3]_.

    Parameters
    ----------
    days : array, one per vertebra
        Time to the event or to the end of follow-up.
    event, exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None gives the naive test.
    stratum : array of labels, optional
        Compare only within these; g is common to all.
    transform : {"km", "log", "identity", "rank"}
        g(t): one minus the Kaplan-Meier curve of all vertebrae just before t, the log of t, t, or its rank.
    entry : array, optional
        Days after which the row is under observation (at risk at t when entry < t <= days).
    vertebra : array of labels, optional
        Which rows are of one vertebra (of one patient, where patients are given); only for the count in the record.

    Returns
    -------
    Estimate
        `estimate` is chi-square on one degree of freedom and `p_value` its p-value; there is no interval.

    Notes
    -----
    In R (survival 3 or later): ``cox.zph(coxph(Surv(entry, days, event) ~ exposed), transform = transform)``, which
    leaves clusters aside whether or not the model has them.

    References
    ----------
    .. [1] Grambsch PM, Therneau TM. Proportional hazards tests and diagnostics based on weighted residuals. Biometrika
       1994;81:515-526.
    .. [2] Lin DY, Wei LJ. The robust inference for the Cox proportional hazards model. J Am Stat Assoc
       1989;84:1074-1078.
    .. [3] Boos DD. On generalized score tests. Am Stat 1992;46:327-333.

    Examples
    --------
    Exposed vertebrae fracture first and last:

    >>> test = proportional_hazards_test([1, 2, 3, 4, 5, 6], [1] * 6, [1, 1, 0, 0, 0, 1], transform="identity")
    >>> round(test.estimate, 4), round(test.p_value, 4)
    (3.492, 0.0617)
    """
    rows = Rows.checked(days, event, exposed, patient, stratum=stratum, entry=entry, vertebra=vertebra)
    check_conf_level(conf_level)
    choice(transform, "transform", TRANSFORMS)
    evidence = {
        "conf_level": conf_level,
        "unit": "chi-square",
        **rows.evidence(
            f"score test of exposure x time ({SCALES[transform]})",
            independent=", vertebrae treated as independent",
            clustered=" with patients as clusters (robust)",
        ),
    }
    fit, why_not = fit_of(rows)
    z, told = None, ""
    if fit is not None:
        z, why_not, told = _statistic(fit, _time_scale(rows, transform), rows)
    if rows.patients is not None and evidence["n_patients"] == 1:
        # U^2 / U^2 would be 1 whatever the data.
        why_not = why_not or "fewer than two patients"
    if why_not:
        return not_estimable("proportional hazards test", why_not, **evidence)
    return Estimate("proportional hazards test", z * z, None, None, p_value=two_sided_p(z), note=told, **evidence)


def _statistic(fit: Likelihood, g: np.ndarray, rows: Rows) -> tuple[float | None, str, str]:
    """The root of chi-square, or why there is none; and what to bear in mind of it."""
    if np.ptp(g[informative(fit.moments)]) == 0:
        return None, "the events with exposed and unexposed vertebrae at risk all fell at one time", ""
    variance = fit.share * (1 - fit.share)
    g = g - float(variance @ g[fit.of_event]) / fit.information
    # From here on I_gb is zero. The scale of g is free: of order one, a variance can be held against NO_VARIANCE.
    g /= math.sqrt(float(variance @ g[fit.of_event] ** 2))
    if rows.patients is None:
        return float(g @ fit.moments.events[:, 1] - fit.share @ g[fit.of_event]), "", ""
    u = rows.cells.by_patient(*fit.residuals(g))
    squares = float(u @ u)
    if squares <= NO_VARIANCE:
        return None, "nothing varies: every patient's sum is zero", ""
    return float(u.sum()) / math.sqrt(squares), "", bounded_by_patients(u)


def _time_scale(rows: Rows, transform: str) -> np.ndarray:
    """g(t) at each moment."""
    time = rows.cells.moments.time
    if transform == "identity":
        return time.astype(float)
    if transform == "log":
        n_at_zero = added_up(np.count_nonzero, rows.event & (rows.days == 0))
        if n_at_zero:
            raise WorkbookError(
                f'`transform="log"` needs events after day 0, but {n_at_zero} fell on it. Pass "km" or "rank".'
            )
        return np.log(np.where(time > 0, time, 1))
    # The scale is common to all strata and both kinds.
    whole = replace(rows, patients=None, strata=None) if rows.strata is not None else rows
    whole = whole.moments().ungrouped()
    if transform == "rank":
        rows_at = whole.leaving.sum(axis=(1, 2))
        values = np.cumsum(rows_at) - (rows_at - 1) / 2
    else:
        process, values = Processes.of(whole), np.zeros(len(whole.time))
        values[process.moment] = 1 - just_before(process.survival, start=1.0)
    return values[np.searchsorted(whole.time, time)]


def hazard_ratio_change(
    days,
    event,
    exposed,
    patient=None,
    *,
    at: float,
    stratum=None,
    entry=None,
    vertebra=None,
    conf_level: float = 0.95,
) -> Estimate:
    """The hazard ratio up to and including a day over the hazard ratio after it.

    The log is b1 - b2, the two log hazard ratios of `hazard_ratio` within (0, at) and (at, None). Without patients its
    variance is 1/I1 + 1/I2. A patient counts in both windows, so with patients it is the sum over patients of (U_g1 /
    I1 - U_g2 / I2)^2 [1]_.

    Parameters
    ----------
    days : array, one per vertebra
        Time to the event or to the end of follow-up.
    event, exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None gives the naive interval.
    at : float
        The last day of the first window, above 0.
    stratum : array of labels, optional
        Compare only within these.
    entry : array, optional
        Days after which the row is under observation (at risk at t when entry < t <= days).
    vertebra : array of labels, optional
        Which rows are of one vertebra (of one patient, where patients are given); only for the count in the record.

    Returns
    -------
    Estimate
        The measure is "ratio of hazard ratios". Without a value where one of the windows has none.

    Notes
    -----
    In R: ``split <- survSplit(Surv(later, event) ~ ., transform(data, later = days + 1), cut = at + 1, episode =
    "window")``, then ``coxph(Surv(tstart, later, event) ~ exposed:strata(window), split, cluster = patient)`` and the
    difference of its coefficients. survSplit refuses rows of 0 days, so that days and cut are taken one later.

    References
    ----------
    .. [1] Lin DY, Wei LJ. The robust inference for the Cox proportional hazards model. J Am Stat Assoc
       1989;84:1074-1078.

    Examples
    --------
    Exposed vertebrae fracture first up to day 10, and second after it:

    >>> days, exposed = [1, 2, 3, 4, 11, 12, 13, 14], [1, 0, 1, 0, 0, 1, 0, 1]
    >>> change = hazard_ratio_change(days, [1] * 8, exposed, at=10)
    >>> round(change.estimate, 4), round(change.std_error, 4)
    (3.046, 1.5957)
    """
    rows = Rows.checked(days, event, exposed, patient, stratum=stratum, entry=entry, vertebra=vertebra)
    check_conf_level(conf_level)
    if not (math.isfinite(at) and at > 0):
        raise WorkbookError(f"`at` must be a day after 0, but got {at}. Pass for example 90.")
    evidence = {"conf_level": conf_level, **rows.evidence("Cox, Efron ties, a ratio for each window, ", **WHOSE)}
    windows = ((0, at), (at, None))
    moments = [rows.moments(window) for window in windows]
    evidence["behind"] = _fewest(*map(behind, moments))
    (first, why_not_first), (second, why_not_second) = map(maximum, moments, map(rows.n_seen, windows))
    if first is None or second is None:
        told = [
            why and f"{when} day {at:g}: {why}" for when, why in (("up to", why_not_first), ("after", why_not_second))
        ]
        return not_estimable("ratio of hazard ratios", joined(*told), unit="ratio", **evidence)
    log_ratio = first.log_hazard_ratio - second.log_hazard_ratio
    if rows.patients is None:
        variance = 1 / first.information + 1 / second.information
        return ratio_estimate("ratio of hazard ratios", log_ratio, variance, **evidence)
    tables = (
        early / first.information - late / second.information
        for early, late in zip(first.residuals(), second.residuals(), strict=True)
    )
    influence = rows.cells.by_patient(*tables)
    return clustered_ratio("ratio of hazard ratios", log_ratio, influence, **evidence)


def _fewest(one: TwoByTwo, other: TwoByTwo) -> TwoByTwo:
    return TwoByTwo(*map(min, astuple(one), astuple(other)))
