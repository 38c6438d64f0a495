"""The patient bootstrap of the risk ratio, at a cost that does not grow with the number of patients."""

import math

import numpy as np
from scipy.special import ndtr, ndtri

from helpers.errors import WorkbookError
from helpers.estimators.arguments import choice
from helpers.estimators.estimate import Estimate, check_conf_level, not_estimable
from helpers.estimators.patients import Contributions
from helpers.estimators.relative_risk import evidence_of, risk_ratio_of
from helpers.estimators.resamples import resampled_totals

METHODS = ("percentile", "bca")
NAMES = {"percentile": "percentile", "bca": "bias-corrected and accelerated"}


def risk_ratio_bootstrap(
    event,
    exposed,
    patient=None,
    *,
    conf_level: float = 0.95,
    method: str = "percentile",
    samples: int = 2000,
    seed: int,
) -> Estimate:
    """The risk ratio with an interval from drawing patients with replacement.

    Patients with the same (a, n1, c, n0) are exchangeable, so a multinomial draw over the distinct contributions
    (`resamples`) has the distribution of drawing patients one by one. Limits are order
    statistics number (samples + 1) * alpha, rounded outwards [1]_. For ``"bca"``, z0 is from the share of
    resamples below the estimate (ties count half) and the acceleration is sum u_g^3 / (6 (sum u_g^2)^1.5) with
    the influence values u_g of the log ratio [2]_.

    Parameters
    ----------
    event, exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None draws single vertebrae.
    method : {"percentile", "bca"}
    samples : int
        Number of resamples.
    seed : int
        The same seed gives the same interval.

    Returns
    -------
    Estimate
        A resample without events in one group has the ratio 0 or infinity and keeps that rank; one without
        events in either group, or without a group, has no ratio and is left out. `note` counts both.
        `std_error` is the standard deviation of the finite log ratios. There is no p-value.

    Notes
    -----
    In R: ``boot::boot(patients, statistic, R = 2000)`` and ``boot::boot.ci(type = c("perc", "bca"))``.

    References
    ----------
    .. [1] Davison AC, Hinkley DV. Bootstrap Methods and their Application, 1997, chapter 5.
    .. [2] DiCiccio TJ, Efron B. Bootstrap confidence intervals. Stat Sci 1996;11:189-228.

    Examples
    --------
    Koopman's table, 36 of 40 against 16 of 80, for which the score interval is 2.94 to 7.15:

    >>> exposed = np.repeat([True, False], [40, 80])
    >>> event = np.repeat([True, False, True, False], [36, 4, 16, 64])
    >>> ratio = risk_ratio_bootstrap(event, exposed, seed=1)
    >>> round(ratio.estimate, 2), round(ratio.conf_low), round(ratio.conf_high)
    (4.5, 3, 8)
    """
    contributions, clustered = Contributions.from_rows(event, exposed, patient), patient is not None
    options = {"conf_level": conf_level, "method": method, "samples": samples, "seed": seed}
    return risk_ratio_bootstrap_of(contributions, clustered=clustered, **options)


def risk_ratio_bootstrap_of(
    contributions: Contributions, *, clustered: bool = True, conf_level: float, method: str, samples: int, seed: int
) -> Estimate:
    """The same of patients already collapsed; those of the parts of a cohort add up first."""
    choice(method, "method", METHODS)
    check_conf_level(conf_level)
    if not isinstance(samples, (int, np.integer)) or samples < 100:
        raise WorkbookError(f"`samples` must be a whole number of 100 or more, but got {samples}. Pass 2000.")
    table = contributions.table
    plain = risk_ratio_of(contributions, clustered=clustered, conf_level=conf_level)
    if plain.std_error is None:
        why = "resampling tells nothing where a cell of the table is empty or nothing varies between patients"
        return not_estimable(
            "risk ratio",
            why,
            unit="ratio",
            conf_level=conf_level,
            method="none",
            **evidence_of(table, plain.n_patients),
        )
    ratios = resampled_ratios(contributions, samples=samples, seed=seed)
    defined = np.sort(ratios[~np.isnan(ratios)])
    tail = (1 - conf_level) / 2
    tails = (tail, 1 - tail)
    if method == "bca":
        tails = _bca_tails(contributions, defined, plain.estimate, tails)
    low, high = _order_statistics(defined, tails)
    drawn = "patients" if clustered else "vertebrae"
    finite = defined[(defined > 0) & np.isfinite(defined)]
    return Estimate(
        "risk ratio",
        plain.estimate,
        low,
        high,
        conf_level,
        None,
        f"bootstrap of {drawn}, {NAMES[method]}, {samples} resamples",
        "ratio",
        std_error=float(np.log(finite).std(ddof=1)) if len(finite) > 1 else None,
        note=_note(ratios, high),
        **evidence_of(table, plain.n_patients),
    )


def resampled_ratios(contributions: Contributions, *, samples: int, seed: int) -> np.ndarray:
    """Risk ratios of cohorts drawn with replacement; 0, infinite or nan where a resample has them."""
    a, n1, c, n0 = resampled_totals(contributions, samples=samples, seed=seed).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return (a / n1) / (c / n0)


def _bca_tails(contributions: Contributions, defined: np.ndarray, estimate: float, tails) -> tuple[float, float]:
    a, _, c, _ = contributions.totals
    u = contributions.influence(1 / a, 1 / c)
    patients = contributions.multiplicity
    acceleration = float(patients @ u**3) / (6 * float(patients @ u**2) ** 1.5)
    # Equal up to rounding: resampled ratios are quotients of the same integers in another order.
    is_tie = np.isclose(defined, estimate, rtol=1e-12, atol=0)
    share_below = ((defined < estimate) & ~is_tie).mean() + is_tie.mean() / 2
    z0 = float(ndtri(min(max(share_below, 0.5 / len(defined)), 1 - 0.5 / len(defined))))
    shifted = [z0 + float(ndtri(tail)) for tail in tails]
    return tuple(float(ndtr(z0 + z / (1 - acceleration * z))) for z in shifted)


def _order_statistics(defined: np.ndarray, tails) -> tuple[float | None, float | None]:
    m = len(defined)
    # A hair's breadth, so that 2001 * 0.025 does not round out by a rank for the last bit of 0.025.
    low_rank = min(max(math.floor((m + 1) * tails[0] + 1e-9), 1), m)
    high_rank = min(max(math.ceil((m + 1) * tails[1] - 1e-9), 1), m)
    low, high = float(defined[low_rank - 1]), float(defined[high_rank - 1])
    return (low if math.isfinite(low) else None), (high if math.isfinite(high) else None)


def _note(ratios: np.ndarray, high: float | None) -> str:
    zero, infinite, undefined = (int(kind.sum()) for kind in (ratios == 0, np.isinf(ratios), np.isnan(ratios)))
    parts = []
    if zero or infinite:
        parts.append(
            f"of {len(ratios)} resamples {zero} had no event among the exposed (ratio 0) and {infinite} none "
            "among the unexposed (ratio infinite); they keep their rank"
        )
    if undefined:
        parts.append(f"{undefined} of {len(ratios)} resamples had no ratio and were left out")
    if high is None:
        parts.append("no upper limit")
    return "; ".join(parts)
