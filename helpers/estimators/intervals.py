"""Normal-theory intervals and p-values, from a standard error to the record."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from helpers.estimators.estimate import Estimate, check_conf_level

# A clustered variance this small beside 1 is rounding left over from an exact zero.
NO_VARIANCE = 1e-20
NO_INTERVAL = (
    "no interval: the patients leave nothing to estimate a variance from (each group rests on one patient, "
    "or every patient shows the same)"
)
# Patients of equal weight: the small and rare kinds of cohort of `make calibrate` lie below.
FEW = 10
# Fewer than so many patients cannot show that they vary as a normal distribution does, and an interval leans on that.
VERY_FEW, NEARLY_ALL = 5, 0.9
FEW_PATIENTS = "few patients carry the events: in simulated cohorts such intervals were less reliable"
VERY_FEW_PATIENTS = "fewer than five patients carry the events: do not rely on the interval or its p-value"
SANDWICH_T = "sandwich, t quantile"
FROM_RISKS = "interval from those of the two risks (logit, t quantile)"


def critical_value(conf_level: float) -> float:
    """The normal quantile of a two-sided interval: 1.96 for 0.95."""
    return quantile(conf_level, math.inf)


def quantile(conf_level: float, df: float) -> float:
    """The quantile of a two-sided interval: Student's t, or the normal one for infinite degrees of freedom."""
    tail = 0.5 + check_conf_level(conf_level) / 2
    return float(stdtrit(df, tail)) if math.isfinite(df) else float(ndtri(tail))


def two_sided_p(z: float, df: float = math.inf) -> float:
    """The two-sided p-value of `z`: Student's t, or the normal one for infinite degrees of freedom."""
    return float(2 * stdtr(df, -abs(z))) if math.isfinite(df) else float(2 * ndtr(-abs(z)))


def degrees_of_freedom(influence: np.ndarray, patients=None) -> float:
    """How many patients a clustered variance really rests on: the degrees of freedom of its t quantile.

    min(3 (sum u_g^2)^2 / sum u_g^4, G - 1), G the number of patients whose influence u_g is not zero. In the first the
    first two moments of the variance sum u_g^2 are matched to those of a chi-square [1]_, with the influences u_g
    themselves plugged in for their kurtosis. The matching is exact where the u_g are normal. Rare jumps of yes or no
    would suggest a factor of 2 in place of 3; 3 was kept because it did well in simulation (`make calibrate`). Patients
    of equal weight give 3 each, the few with many fractures are felt, and those without events count for next to
    nothing. The second is the bound of any G numbers that add up to zero: it is felt where hardly any patient is
    without influence, and holds two patients to one degree of freedom where the first alone would give them six.

    Notes
    -----
    In R, u being the influences by patient: ``min(3 * sum(u^2)^2 / sum(u^4), sum(abs(u) > 1e-10 * max(abs(u))) - 1)``.
    What is smaller than that is left over from rounding.

    References
    ----------
    .. [1] Satterthwaite FE. An approximate distribution of estimates of variance components. Biometrics Bull
       1946;2:110-114.

    Examples
    --------
    >>> degrees_of_freedom(np.array([1.0, -1.0]), np.array([10, 10]))
    19.0
    >>> degrees_of_freedom(np.array([1.0, -1.0, 0.01]), np.array([2, 2, 100])).__round__(2)
    12.06
    """
    squares = influence**2
    if not squares.any():
        return math.inf
    n_moving = _added_up(squares > NO_VARIANCE * squares.max(), patients)
    # Influences add up to zero, so one patient alone has none but by rounding.
    return min(3 * patients_of_equal_weight(influence, patients), max(n_moving - 1, 1.0))


def patients_of_equal_weight(influence: np.ndarray, patients=None) -> float:
    """How many patients of equal weight would carry a clustered variance: (sum u_g^2)^2 / sum u_g^4.

    Infinite where there is no variance.

    Examples
    --------
    >>> patients_of_equal_weight(np.array([1.0, 1.0, -2.0]))
    2.0
    """
    squares = influence**2
    fourth = _added_up(squares**2, patients)
    return _added_up(squares, patients) ** 2 / fourth if fourth > 0 else math.inf


def few_patients(*influences: np.ndarray, patients=None) -> str:
    """What to bear in mind of an interval that few patients carry; empty where they are enough.

    Few are fewer than ten `patients_of_equal_weight`. The stronger caution is due where fewer than five patients make
    up nine tenths of the variance. One of several influences is enough for either.
    """
    # Four patients with nine tenths of the variance are at most 4 / 0.81 of equal weight, so these are few as well.
    few = [moves for moves in influences if patients_of_equal_weight(moves, patients) < FEW]
    if any(_share_of_largest(moves, patients) >= NEARLY_ALL for moves in few):
        return VERY_FEW_PATIENTS
    return FEW_PATIENTS if few else ""


def _share_of_largest(influence: np.ndarray, patients=None) -> float:
    """The share of the variance that the largest influences make up, those of one patient less than `VERY_FEW`."""
    squares, n = influence**2, VERY_FEW - 1
    largest = np.argpartition(-squares, n)[:n] if len(squares) > n else np.arange(len(squares))
    alike = 1 if patients is None else np.minimum(patients[largest], n)
    total = sum_of_squares(influence, patients)
    return float(np.sort(np.repeat(squares[largest], alike))[-n:].sum()) / total if total > 0 else 0.0


def logit_limits(proportion: float, influence: np.ndarray, *, patients=None, conf_level: float) -> tuple[float, float]:
    """Limits of a proportion with patients as clusters: on the logit scale, with a t quantile."""
    centre = math.log(proportion / (1 - proportion))
    error = math.sqrt(sum_of_squares(influence, patients)) / (proportion * (1 - proportion))
    half = quantile(conf_level, degrees_of_freedom(influence, patients)) * error
    return tuple(1 / (1 + math.exp(-(centre + side * half))) for side in (-1, 1))


def wilson_limits(events: float, at_risk: float, conf_level: float) -> tuple[float, float]:
    """Wilson's score limits of a proportion."""
    z2 = critical_value(conf_level) ** 2
    centre = (events + z2 / 2) / (at_risk + z2)
    half = math.sqrt(z2 * (events * (at_risk - events) / at_risk + z2 / 4)) / (at_risk + z2)
    low = 0.0 if events == 0 else centre - half
    high = 1.0 if events == at_risk else centre + half
    return low, high


def ratio_estimate(measure: str, log_ratio: float, variance: float, **evidence) -> Estimate:
    """A ratio with the interval exp(log ratio +- z * se), or without one where the variance is zero."""
    return _ratio(measure, log_ratio, variance, math.inf, **evidence)


def difference_estimate(measure: str, difference: float, variance: float, **evidence) -> Estimate:
    """A difference with the interval difference +- z * se, or without one where the variance is zero."""
    return _with_limits(measure, difference, variance, math.inf, **evidence)


def clustered_ratio(
    measure: str,
    log_ratio: float,
    influence: np.ndarray,
    *,
    groups: Sequence[np.ndarray] = (),
    patients=None,
    is_normal: bool = False,
    note: str = "",
    **evidence,
) -> Estimate:
    """A ratio whose variance is the sum over patients of their squared influence on its log, with a t quantile.

    Parameters
    ----------
    influence : array (patients,)
        How far each patient moves the log ratio.
    groups : arrays (patients,), optional
        The same by exposed and by unexposed vertebrae alone: one group may rest on few patients when both do not.
    patients : array of int, optional
        How many patients are alike, when one entry stands for several.
    is_normal : bool
        The normal quantile instead of t.
    """
    variance, df = sum_of_squares(influence, patients), degrees_of_freedom(influence, patients)
    note = joined(note, few_patients(influence, *groups, patients=patients) if variance > NO_VARIANCE else "")
    return _ratio(measure, log_ratio, variance, math.inf if is_normal else df, note=note, **evidence)


def clustered_proportion(
    measure: str, proportion: float, influence: np.ndarray, *, patients=None, conf_level: float, **evidence
) -> Estimate:
    """A proportion between 0 and 1 with `logit_limits`; parameters as for `clustered_ratio`."""
    evidence |= {"conf_level": conf_level, "p_value": None}
    variance = sum_of_squares(influence, patients)
    if variance <= NO_VARIANCE:
        return Estimate(measure, proportion, None, None, note=NO_INTERVAL, **evidence)
    return Estimate(
        measure,
        proportion,
        *logit_limits(proportion, influence, patients=patients, conf_level=conf_level),
        std_error=math.sqrt(variance),
        note=few_patients(influence, patients=patients),
        **evidence,
    )


def clustered_difference(
    measure: str,
    proportions: Sequence[float],
    influences: Sequence[np.ndarray],
    *,
    patients=None,
    conf_level: float,
    note: str = "",
    **evidence,
) -> Estimate:
    """A difference of two proportions, exposed minus unexposed, with an interval made from those of the two.

    A proportion is a risk, or the share that is lost of the time up to a horizon. The limits of each are its
    `logit_limits`. With d = p1 - p0, l and h the limits, and r the correlation of the two proportions, lower limit =
    d - sqrt((p1 - l1)^2 - 2 r (p1 - l1) (h0 - p0) + (h0 - p0)^2), and the upper one likewise [1]_. Unlike d +- t se
    that keeps to the asymmetry of small proportions. There is no p-value: a test of no difference is that of the ratio.

    Parameters
    ----------
    proportions : (float, float)
    influences : two arrays (patients,)
        How far each patient moves each proportion.
    patients : array of int, optional
        How many patients are alike, when one entry stands for several.

    References
    ----------
    .. [1] Zou GY, Donner A. Construction of confidence limits about effect measures: a general approach. Stat Med
       2008;27:1693-1702.
    """
    (one, zero), difference = proportions, proportions[0] - proportions[1]
    variances = [sum_of_squares(influence, patients) for influence in influences]
    evidence |= {"conf_level": conf_level, "p_value": None}
    if min(variances) <= NO_VARIANCE:
        return Estimate(measure, difference, None, None, note=joined(note, NO_INTERVAL), **evidence)
    (low1, high1), (low0, high0) = (
        logit_limits(proportion, influence, patients=patients, conf_level=conf_level)
        for proportion, influence in zip(proportions, influences, strict=True)
    )
    products = influences[0] * influences[1]
    together = _added_up(products, patients) / math.sqrt(math.prod(variances))

    def reach(own: float, other: float) -> float:
        return math.sqrt(max(own**2 - 2 * together * own * other + other**2, 0.0))

    return Estimate(
        measure,
        difference,
        difference - reach(one - low1, high0 - zero),
        difference + reach(high1 - one, zero - low0),
        std_error=math.sqrt(sum_of_squares(influences[0] - influences[1], patients)),
        note=joined(note, few_patients(*influences, patients=patients)),
        **evidence,
    )


def sum_of_squares(influence: np.ndarray, patients=None) -> float:
    """Squares added up, each as often as there are patients alike."""
    return _added_up(influence**2, patients)


def _added_up(values: np.ndarray, patients=None) -> float:
    """Values of patients added up, each as often as there are patients alike."""
    return float(values.sum() if patients is None else patients @ values)


def joined(*notes: str) -> str:
    """Notes that say something, one after the other."""
    return "; ".join(note for note in notes if note)


def _ratio(measure: str, log_ratio: float, variance: float, df: float, **evidence) -> Estimate:
    on_log_scale = _with_limits(measure, log_ratio, variance, df, unit="ratio", **evidence)
    names = ("estimate", "conf_low", "conf_high")
    values = {name: getattr(on_log_scale, name) for name in names}
    return replace(on_log_scale, **{k: None if v is None else math.exp(v) for k, v in values.items()})


def _with_limits(
    measure: str, value: float, variance: float, df: float, *, conf_level: float, note: str = "", **evidence
) -> Estimate:
    if variance <= NO_VARIANCE:
        note = joined(note, NO_INTERVAL)
        return Estimate(measure, value, None, None, conf_level, None, note=note, **evidence)
    std_error = math.sqrt(variance)
    half = quantile(conf_level, df) * std_error
    return Estimate(
        measure,
        value,
        value - half,
        value + half,
        conf_level,
        two_sided_p(value / std_error, df),
        std_error=std_error,
        note=note,
        **evidence,
    )
