"""Time free of the event, up to a horizon."""

from dataclasses import replace

import numpy as np

from helpers.estimators.arguments import durations, flags, same_length
from helpers.estimators.estimate import Estimate, not_estimable
from helpers.estimators.followed_groups import FollowedGroups
from helpers.estimators.processes import IncidenceInfluence, Processes


def restricted_mean_difference(
    days, event, exposed, patient=None, *, horizon_days: float, conf_level: float = 0.95
) -> Estimate:
    """Days free of the event up to a horizon: exposed minus unexposed vertebrae.

    The area under each Kaplan-Meier curve to the horizon. The variance is the sum over patients (or vertebrae) of their
    influence on the difference, squared (infinitesimal jackknife); a patient with vertebrae of both kinds counts once.
    Without patients the interval is difference +- z se. With patients it is made, as that of two risks, from the shares
    of the horizon that each group loses (`intervals.clustered_difference`).

    Parameters
    ----------
    days : array, one per vertebra
    event, exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None gives the naive interval.
    horizon_days : float
        Not beyond the last time seen in either group.

    Returns
    -------
    Estimate
        In days; without an interval where a group has no event by the horizon, or rests on one patient.

    Notes
    -----
    In R: ``survRM2::rmst2(days, event, exposed, tau)`` (naive; it uses Greenwood's variance, the same here).

    References
    ----------
    .. [1] Uno H, et al. Moving beyond the hazard ratio in quantifying the between-group difference in
       survival analysis. J Clin Oncol 2014;32:2380-2385.

    Examples
    --------
    >>> round(restricted_mean_difference([1, 3, 2, 4], [1, 1, 1, 1], [1, 1, 0, 0], horizon_days=3).estimate, 12)
    -0.5
    """
    days, event, exposed = durations(days), flags(event, "event"), flags(exposed, "exposed")
    same_length(days=days, event=event, exposed=exposed, patient=patient)
    groups = FollowedGroups.of(days, event, exposed, patient, horizon_days, conf_level)
    interval = "Wald interval" if patient is None else "interval from the shares lost by both (logit, t quantile)"
    evidence = groups.evidence(f"area under Kaplan-Meier curves, {interval}, {groups.basis}")
    measure = "restricted mean difference"
    if groups.why_not:
        return not_estimable(measure, groups.why_not, unit="days", **evidence)
    areas, influence = groups.each(_area)
    lost = [1 - area / horizon_days for area in areas]
    return _in_days(groups.difference(measure, lost, -influence / horizon_days, unit="days", **evidence), horizon_days)


def _in_days(lost: Estimate, horizon: float) -> Estimate:
    """A difference of shares of the horizon lost as one of days kept."""
    low, high = (None if limit is None else -horizon * limit for limit in (lost.conf_high, lost.conf_low))
    error = None if lost.std_error is None else horizon * lost.std_error
    return replace(lost, estimate=-horizon * lost.estimate + 0.0, conf_low=low, conf_high=high, std_error=error)


def _area(process: Processes, horizon: float) -> tuple[float, np.ndarray]:
    """The area under the curve to the horizon, and the influence of a vertebra on it, by time and outcome."""
    tables = IncidenceInfluence.of(process)
    width = np.diff(np.minimum(np.r_[0.0, process.time, horizon], horizon))
    area = np.cumsum(np.r_[1.0, process.survival] * width)
    # A vertebra still at risk moves the curve by S(t) b(t): integrate that step by step.
    at_risk = np.cumsum(np.r_[0.0, process.survival * tables.b] * width)
    # Entry i of a cumulative sum ends where time i begins.
    return float(area[-1]), at_risk[:-1, None] + tables.slope * (area[-1] - area[:-1])[:, None]
