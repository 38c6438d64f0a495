"""The risk ratio adjusted for strata by a log-Poisson model, with patients as clusters."""

import math

import numpy as np

from helpers.errors import WorkbookFault
from helpers.estimators.estimate import Estimate, check_conf_level, not_estimable
from helpers.estimators.intervals import ratio_estimate
from helpers.estimators.relative_risk import evidence_of
from helpers.estimators.strata import Strata

METHOD = "log-Poisson model with a term for each stratum"


def poisson_risk_ratio(event, exposed, stratum, patient=None, *, conf_level: float = 0.95) -> Estimate:
    """The risk ratio of a log-Poisson model with one intercept per stratum (modified Poisson regression).

    With m_s events and n1_s, n0_s exposed and unexposed vertebrae of stratum s, the log ratio b solves
    sum over s of a_s - m_s pi_s = 0, pi_s = n1_s e^b / (n1_s e^b + n0_s): the intercepts drop out, so the fit is one
    equation in one unknown whatever the number of strata. The variance is the sandwich: sum over patients (over
    vertebrae without them) of u_g^2 / I^2, where I = sum m_s pi_s (1 - pi_s) and u_g adds up, over the patient's
    vertebrae, (exposed - pi_s) (event - fitted).

    Parameters
    ----------
    event, exposed : array of bool, one per vertebra
    stratum : array of labels, one per vertebra
        The level of the vertebra.
    patient : array of labels, optional
        None takes vertebrae to be independent (robust, one vertebra a cluster).

    Returns
    -------
    Estimate
        Without a value where no stratum tells exposed and unexposed events apart.

    Notes
    -----
    In R: ``glm(event ~ exposed + factor(stratum), poisson)`` with
    ``sandwich::vcovCL(fit, cluster = patient, type = "HC0", cadjust = FALSE)``.

    References
    ----------
    .. [1] Zou G. A modified Poisson regression approach to prospective studies with binary data. Am J Epidemiol
       2004;159:702-706.
    .. [2] Zou GY, Donner A. Extension of the modified Poisson regression model to prospective studies with correlated
       binary data. Stat Methods Med Res 2013;22:661-670.

    Examples
    --------
    Two strata with the same ratio of 2 keep it:

    >>> exposed = [1, 1, 1, 0, 0, 0, 0, 0, 0] + [1, 1, 0, 0]
    >>> event = [1, 1, 0, 1, 1, 0, 0, 0, 0] + [1, 1, 1, 0]
    >>> round(poisson_risk_ratio(event, exposed, ["T12"] * 9 + ["L1"] * 4).estimate, 12)
    2.0
    """
    check_conf_level(conf_level)
    strata = Strata.of(event, exposed, stratum, patient)
    a, n1, c, n0 = strata.a, strata.n1, strata.c, strata.n0
    whose = "vertebrae treated as independent" if patient is None else "patients as clusters"
    evidence = {"method": f"{METHOD}, sandwich, {whose}", **evidence_of(strata.table, strata.n_patients)}
    told_apart = (n1 > 0) & (n0 > 0)
    if not (a[told_apart].sum() and c[told_apart].sum()):
        why = "no stratum with both kinds of vertebrae has events among both"
        return not_estimable("risk ratio", why, unit="ratio", conf_level=conf_level, **evidence)
    log_ratio = _solve(a, n1, c, n0)
    share = _exposed_share(log_ratio, n1, n0)
    information = float(((a + c) * share * (1 - share)).sum())
    expected_unexposed = (a + c) / np.maximum(n1 * math.exp(log_ratio) + n0, np.finfo(float).tiny)
    squares = strata.sum_of_squares(_residuals(share, expected_unexposed, log_ratio))
    return ratio_estimate("risk ratio", log_ratio, squares / information**2, conf_level=conf_level, **evidence)


def _exposed_share(log_ratio: float, n1: np.ndarray, n0: np.ndarray) -> np.ndarray:
    weight = n1 * math.exp(log_ratio)
    return weight / np.maximum(weight + n0, np.finfo(float).tiny)


def _solve(a: np.ndarray, n1: np.ndarray, c: np.ndarray, n0: np.ndarray) -> float:
    """Newton's method on a concave likelihood, held to steps of at most 2."""
    log_ratio = 0.0
    for _ in range(100):
        share = _exposed_share(log_ratio, n1, n0)
        score = float((a - (a + c) * share).sum())
        step = score / float(((a + c) * share * (1 - share)).sum())
        log_ratio += min(max(step, -2.0), 2.0)
        if abs(step) < 1e-13:
            return log_ratio
    raise WorkbookFault("The log-Poisson model did not settle in 100 steps.")


def _residuals(share: np.ndarray, expected_unexposed: np.ndarray, log_ratio: float) -> np.ndarray:
    """(exposed - share) (event - fitted) for each stratum x exposed x event."""
    exposed, event = np.array([0.0, 1.0])[None, :, None], np.array([0.0, 1.0])[None, None, :]
    fitted = expected_unexposed[:, None, None] * np.exp(log_ratio * exposed)
    return (exposed - share[:, None, None]) * (event - fitted)
