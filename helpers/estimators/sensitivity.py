"""How strong something unseen would have to be: the E-value, and fractures that were found more often in one group."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from helpers.errors import WorkbookError
from helpers.estimators.estimate import Estimate


@dataclass(frozen=True)
class EValue:
    """E-values of a ratio and of its limit.

    Attributes
    ----------
    of_estimate : float or None
        None where the ratio has no value, or is 0.
    of_limit : float or None
        Of the limit nearer to 1; 1 where the interval holds 1, None where there is no such limit.
    """

    of_estimate: float | None
    of_limit: float | None


def e_value(ratio: Estimate) -> EValue:
    """The least strength of a confounder, in risk ratios, that could account for a ratio, and for its limit.

    A confounder tied to both exposure and event by a risk ratio of E each, beyond all that was measured, could move
    a true ratio of 1 to the ratio seen; weaker ones could not: E = RR + sqrt(RR (RR - 1)), with 1/RR in its place
    below 1 [1]_. For the limit nearer to 1 the same, and 1 where the interval holds 1 already.

    Parameters
    ----------
    ratio : Estimate
        A risk ratio; a rate or hazard ratio of rare events is near one. An odds ratio is refused.

    Notes
    -----
    In R: ``EValue::evalues.RR(est, lo, hi)``.

    References
    ----------
    .. [1] VanderWeele TJ, Ding P. Sensitivity analysis in observational research: introducing the E-value. Ann Intern
       Med 2017;167:268-274.

    Examples
    --------
    >>> round(_least_strength(4.62), 2), round(_least_strength(1 / 4.62), 2), _least_strength(1.0)
    (8.71, 8.71, 1.0)
    """
    if ratio.unit != "ratio" or "odds" in ratio.measure:
        raise WorkbookError(f"An E-value is that of a risk, rate or hazard ratio, but this is a {ratio.measure}.")
    if not ratio.estimate:
        return EValue(None, None)
    near = ratio.conf_low if ratio.estimate >= 1 else ratio.conf_high
    if near is None:
        return EValue(_least_strength(ratio.estimate), None)
    holds_one = (near <= 1) if ratio.estimate >= 1 else (near >= 1)
    return EValue(_least_strength(ratio.estimate), 1.0 if holds_one else _least_strength(near))


def _least_strength(ratio: float) -> float:
    above = max(ratio, 1 / ratio)
    return above + math.sqrt(above * (above - 1))


def if_found_more_often(ratio: Estimate, detection: Sequence[float]) -> list[dict]:
    """A ratio as it would be if fractures of unexposed vertebrae had been found as often as those of exposed ones.

    Of all fractures, a share is found among the exposed and another among the unexposed; no vertebra is called
    fractured that is not. The true ratio is the one seen times (share unexposed / share exposed) [1]_, and so are its
    limits: chance is in them, doubt about the shares is not. Of risks this is exact; of rates and hazards nearly so
    while few vertebrae fracture.

    Parameters
    ----------
    ratio : Estimate
        A ratio of risks, rates or hazards.
    detection : sequence of number
        Share found among the unexposed over that among the exposed, above 0: 0.5 means half as often.

    Returns
    -------
    list of dict
        detection, estimate, conf_low, conf_high.

    References
    ----------
    .. [1] Rothman KJ, Greenland S, Lash TL. Modern Epidemiology, 3rd ed., 2008, chapter 19.

    Examples
    --------
    Of ten vertebrae each, 6 and 2 fractured; found half as often further away, it would have been 6 and 4:

    >>> import numpy as np
    >>> from helpers.estimators.relative_risk import risk_ratio
    >>> seen = risk_ratio(np.arange(20) % 10 < np.repeat([6, 2], 10), np.arange(20) < 10)
    >>> [round(row["estimate"], 9) for row in if_found_more_often(seen, [1, 0.5])]
    [3.0, 1.5]
    """
    if any(not share > 0 for share in detection):
        raise WorkbookError(f"`detection` must be above 0, but got {min(detection)}. 0.5 means found half as often.")
    return [
        {
            "detection": float(share),
            "estimate": _times(ratio.estimate, share),
            "conf_low": _times(ratio.conf_low, share),
            "conf_high": _times(ratio.conf_high, share),
        }
        for share in detection
    ]


def _times(value: float | None, share: float) -> float | None:
    return None if value is None else value * share
