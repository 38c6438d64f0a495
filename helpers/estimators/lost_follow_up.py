"""What if those lost to follow-up fared differently: risks by a horizon under other hazards after the loss."""

from collections.abc import Sequence

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.arguments import durations, flags, same_length
from helpers.estimators.cells import Cells
from helpers.estimators.cumulative_incidence import outcome_codes
from helpers.estimators.moments import Moments


def risk_if_lost_differ(days, outcome, *, horizon_days: float, hazard_ratio: float = 1.0) -> float:
    """The risk by a horizon if vertebrae lost before it fractured at other hazards after the loss.

    Those seen to the horizon, to a fracture or to death count as seen. A vertebra lost on day t is given the chance
    sum over s in (t, horizon] of S(s-)/S(t) k h1(s), S(s) = product of (1 - k h1(u) - h2(u)) over days u up to s, with
    h1 and h2 the hazards of fracture and death among those followed, and k the ratio of the lost ones' hazard of
    fracture to theirs. The risk is the mean over vertebrae. With k = 1 it is Aalen and Johansen's, of which this is the
    form "redistribute to the right" [1]_; with k = 0 no lost vertebra fractures.

    Parameters
    ----------
    days : array, one per vertebra
    outcome : array of 0, 1 or 2, one per vertebra
        Censored, fracture, death.
    horizon_days : float
        Hazards are known to the last day on which somebody is followed; beyond they are taken to be 0.
    hazard_ratio : float
        k, 0 or more. A hazard cannot exceed 1.

    References
    ----------
    .. [1] Efron B. The two sample problem with censored data. Proc 5th Berkeley Symp 1967;4:831-853.

    Examples
    --------
    Two of four lost on day 1 before one of the others fractures:

    >>> [risk_if_lost_differ([1, 1, 2, 3], [0, 0, 1, 0], horizon_days=3, hazard_ratio=k) for k in (0, 1, 2)]
    [0.25, 0.5, 0.75]
    """
    days, outcome = durations(days), outcome_codes(outcome)
    same_length(days=days, outcome=outcome)
    if not len(days):
        raise WorkbookError("There are no vertebrae: nothing to follow.")
    moments = Cells.of(days=days, outcome=outcome, shape=(1, 3)).moments
    return _risk(moments, 0, horizon_days=horizon_days, hazard_ratio=hazard_ratio)


def ratio_if_lost_differ(days, outcome, exposed, *, horizon_days: float, hazard_ratios: Sequence[float]) -> list[dict]:
    """The risk ratio by a horizon under other hazards after the loss: of the exposed, of the unexposed, of both.

    Parameters
    ----------
    days, outcome, exposed : arrays, one per vertebra
        As `risk_ratio_at_horizon` takes them.
    horizon_days : float
    hazard_ratios : sequence of number
        How the hazard after the loss compares with that of vertebrae of the same group that were followed.

    Returns
    -------
    list of dict
        who ("exposed", "unexposed" or "both": whose lost vertebrae differ), hazard_ratio, estimate (None where the
        unexposed have no risk). There is no interval: chance is not what is asked here.
    """
    days, outcome, exposed = durations(days), outcome_codes(outcome), flags(exposed, "exposed")
    same_length(days=days, outcome=outcome, exposed=exposed)
    if exposed.all() or not exposed.any():
        raise WorkbookError("One of the two groups has no vertebrae, so there is no ratio.")
    moments = Cells.of(days=days, outcome=outcome, group=exposed, shape=(2, 3)).moments
    risks = {
        (group, k): _risk(moments, int(group), horizon_days=horizon_days, hazard_ratio=k)
        for group in (True, False)
        for k in {1.0, *hazard_ratios}
    }
    differing = {"exposed": (True, False), "unexposed": (False, True), "both": (True, True)}
    return [
        {"who": who, "hazard_ratio": float(k), "estimate": _ratio(risks, k if near else 1.0, k if far else 1.0)}
        for who, (near, far) in differing.items()
        for k in hazard_ratios
    ]


def _risk(moments: Moments, group: int, *, horizon_days: float, hazard_ratio: float) -> float:
    if not hazard_ratio >= 0:
        raise WorkbookError(f"`hazard_ratio` must be 0 or more, but got {hazard_ratio}. 1 means: as those followed.")
    is_own = moments.leaving[:, group].any(axis=1)
    times, (left, fractured, died) = moments.time[is_own], moments.leaving[is_own, group].T
    at_risk = moments.at_risk[is_own, group]
    fracture = np.minimum(hazard_ratio * fractured / at_risk, 1 - died / at_risk)
    staying = 1 - fracture - died / at_risk
    chance = np.zeros(len(times) + 1)  # of a fracture after each time, by the horizon, of a vertebra free of it
    for at in range(len(times) - 1, -1, -1):
        inside = times[at] <= horizon_days
        chance[at] = fracture[at] * inside + staying[at] * chance[at + 1]
    lost = left * (times < horizon_days)
    return float(((fractured * (times <= horizon_days)).sum() + lost @ chance[1:]) / at_risk[0])


def _ratio(risks: dict, k_exposed: float, k_unexposed: float) -> float | None:
    unexposed = risks[False, k_unexposed]
    return risks[True, k_exposed] / unexposed if unexposed else None
