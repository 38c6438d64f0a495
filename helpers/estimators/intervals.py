"""Normal-theory intervals and p-values, from a standard error to the record."""

import math

import numpy as np
from scipy.special import ndtr, ndtri

from helpers.estimators.estimate import Estimate, check_conf_level

# A clustered variance this small beside 1 is rounding left over from an exact zero.
NO_VARIANCE = 1e-20


def critical_value(conf_level: float) -> float:
    """The normal quantile of a two-sided interval: 1.96 for 0.95."""
    return float(ndtri(0.5 + check_conf_level(conf_level) / 2))


def two_sided_p(z: float) -> float:
    """The two-sided normal p-value of `z`."""
    return float(2 * ndtr(-abs(z)))


def logit_limits(proportion: float, std_error_logit: float, conf_level: float) -> tuple[float, float]:
    """Limits of a proportion from an interval on the logit scale."""
    centre, half = math.log(proportion / (1 - proportion)), critical_value(conf_level) * std_error_logit
    return tuple(1 / (1 + math.exp(-(centre + side * half))) for side in (-1, 1))


def wilson_limits(events: float, at_risk: float, conf_level: float) -> tuple[float, float]:
    """Wilson's score limits of a proportion."""
    z2 = critical_value(conf_level) ** 2
    centre = (events + z2 / 2) / (at_risk + z2)
    half = math.sqrt(z2 * (events * (at_risk - events) / at_risk + z2 / 4)) / (at_risk + z2)
    low = 0.0 if events == 0 else centre - half
    high = 1.0 if events == at_risk else centre + half
    return low, high


def ratio_estimate(
    measure: str, log_ratio: float, variance: float, *, conf_level: float, note: str = "", **evidence
) -> Estimate:
    """A ratio with the interval exp(log ratio +- z * se), or without one where the variance is zero."""
    if variance <= NO_VARIANCE:
        return Estimate(
            measure,
            math.exp(log_ratio),
            None,
            None,
            conf_level,
            None,
            unit="ratio",
            note=_join(note, NO_INTERVAL),
            **evidence,
        )
    std_error = math.sqrt(variance)
    half = critical_value(conf_level) * std_error
    return Estimate(
        measure,
        math.exp(log_ratio),
        math.exp(log_ratio - half),
        math.exp(log_ratio + half),
        conf_level,
        two_sided_p(log_ratio / std_error),
        unit="ratio",
        std_error=std_error,
        note=note,
        **evidence,
    )


def clustered_ratio(
    measure: str, log_ratio: float, influence: np.ndarray, *, patients=None, conf_level: float, **evidence
) -> Estimate:
    """A ratio whose variance is the sum over patients of their squared influence on its log.

    Parameters
    ----------
    influence : array (patients,)
        How far each patient moves the log ratio.
    patients : array of int, optional
        How many patients are alike, when one entry stands for several.
    """
    variance = sum_of_squares(influence, patients)
    return ratio_estimate(measure, log_ratio, variance, conf_level=conf_level, **evidence)


def clustered_difference(
    measure: str, difference: float, influence: np.ndarray, *, patients=None, conf_level: float, **evidence
) -> Estimate:
    """A difference whose variance is the sum over patients of their squared influence on it."""
    variance = sum_of_squares(influence, patients)
    return difference_estimate(measure, difference, variance, conf_level=conf_level, **evidence)


def sum_of_squares(influence: np.ndarray, patients=None) -> float:
    """Squares added up, each as often as there are patients alike."""
    return float(influence @ influence) if patients is None else float(patients @ influence**2)


def difference_estimate(
    measure: str, difference: float, variance: float, *, conf_level: float, note: str = "", **evidence
) -> Estimate:
    """A difference with the interval difference +- z * se, or without one where the variance is zero."""
    if variance <= NO_VARIANCE:
        return Estimate(measure, difference, None, None, conf_level, None, note=_join(note, NO_INTERVAL), **evidence)
    std_error = math.sqrt(variance)
    half = critical_value(conf_level) * std_error
    return Estimate(
        measure,
        difference,
        difference - half,
        difference + half,
        conf_level,
        two_sided_p(difference / std_error),
        std_error=std_error,
        note=note,
        **evidence,
    )


NO_INTERVAL = (
    "no interval: the patients leave nothing to estimate a variance from (each group rests on one patient, "
    "or every patient shows the same)"
)


def _join(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
