"""Log-rank tests: naive, and with patients as clusters."""

import numpy as np

from helpers.estimators.cox import Likelihood, informative
from helpers.estimators.estimate import Estimate, check_conf_level, not_estimable
from helpers.estimators.follow_up import Rows, bounded_by_patients
from helpers.estimators.intervals import NO_VARIANCE, sum_of_squares, two_sided_p
from helpers.estimators.moments import Moments


def logrank_test(
    days, event, exposed, patient=None, *, stratum=None, entry=None, vertebra=None, conf_level: float = 0.95
) -> Estimate:
    """Test whether exposed and unexposed vertebrae fracture at the same pace.

    Without patients chi2 = (O - E)^2 / V, with E and V hypergeometric at each event time [1]_. With patients
    the robust score test of the Cox model at a ratio of 1: chi2 = U^2 / sum over patients of U_g^2, U_g the
    sum of the score residuals of the patient's vertebrae [2]_.

    Parameters
    ----------
    days : array, one per vertebra
    event, exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None gives the naive test.
    stratum : array of labels, optional
        Compare only within these.
    entry : array, optional
        Days after which the row is under observation (at risk at t when entry < t <= days). A vertebra whose exposure
        changes has a row for each period.
    vertebra : array of labels, optional
        Which rows are of one vertebra (of one patient, where patients are given); only for the count in the record.

    Returns
    -------
    Estimate
        `estimate` is chi-square on one degree of freedom and `p_value` its p-value; there is no interval.

    Notes
    -----
    In R: ``survdiff(Surv(days, event) ~ exposed)``, with entry
    ``summary(coxph(Surv(entry, days, event) ~ exposed, ties = "exact"))$sctest``; clustered:
    ``summary(coxph(Surv(entry, days, event) ~ exposed, cluster = patient))$robscore``.

    References
    ----------
    .. [1] Mantel N. Evaluation of survival data and two new rank order statistics. Cancer Chemother Rep
       1966;50:163-170.
    .. [2] Lin DY, Wei LJ. The robust inference for the Cox proportional hazards model. J Am Stat Assoc
       1989;84:1074-1078.

    Examples
    --------
    >>> test = logrank_test([1, 2, 3, 4], [1, 1, 1, 1], [1, 0, 1, 0])
    >>> round(test.estimate, 4), round(test.p_value, 4)
    (0.6154, 0.4328)
    """
    rows = Rows.checked(days, event, exposed, patient, stratum=stratum, entry=entry, vertebra=vertebra)
    return logrank_test_of(rows, conf_level=conf_level)


def logrank_test_of(rows: Rows, *, clustered: bool = True, conf_level: float = 0.95) -> Estimate:
    """The test of rows that have been checked and counted; the naive one without patients, or `clustered` false."""
    check_conf_level(conf_level)
    moments, is_clustered = rows.moments(), clustered and rows.patients is not None
    if not is_clustered:
        distance, variance = _hypergeometric(moments)
    else:
        at_no_effect = Likelihood.at(moments, 0.0)
        u = rows.cells.by_patient(*at_no_effect.residuals())
        distance, variance = float(u.sum()), sum_of_squares(u)
    evidence = rows.evidence(
        "log-rank",
        independent=", vertebrae treated as independent",
        clustered=" with patients as clusters (robust score test of the Cox model)",
        is_clustered=is_clustered,
    )
    why_not = ""
    if not informative(moments).any():
        why_not = "no event while exposed and unexposed vertebrae were both at risk"
    elif evidence["n_patients"] == 1:
        # U^2 / U^2 would be 1 whatever the data.
        why_not = "fewer than two patients"
    elif is_clustered and not moments.events.any(axis=0).all():
        # The robust variance rests on the patients with events alone: without any in a group it is far too small.
        why_not = "no events in one of the groups: the clustered test is not valid there"
    elif variance <= NO_VARIANCE:
        why_not = "nothing varies: all events fell on one day and spared nobody, or every patient's sum is zero"
    if why_not:
        return not_estimable("log-rank test", why_not, unit="chi-square", conf_level=conf_level, **evidence)
    z = distance / variance**0.5
    note = bounded_by_patients(u) if is_clustered else ""
    return Estimate(
        "log-rank test", z * z, None, None, conf_level, two_sided_p(z), unit="chi-square", note=note, **evidence
    )


def _hypergeometric(moments: Moments) -> tuple[float, float]:
    kept = informative(moments)
    at_risk, events = moments.at_risk[kept].astype(float), moments.events[kept].astype(float)
    n, d = at_risk.sum(axis=1), events.sum(axis=1)
    expected = d * at_risk[:, 1] / n
    # With one vertebra of each kind n - 1 is at least 1.
    variance = expected * at_risk[:, 0] / n * (n - d) / np.maximum(n - 1, 1)
    return float((events[:, 1] - expected).sum()), float(variance.sum())
