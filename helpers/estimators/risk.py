"""One risk, and the difference and odds ratio of two."""

import math

import numpy as np

from helpers.estimators.arguments import flags
from helpers.estimators.estimate import Estimate, check_conf_level, not_estimable
from helpers.estimators.intervals import (
    FROM_RISKS,
    SANDWICH_T,
    clustered_difference,
    clustered_proportion,
    clustered_ratio,
    difference_estimate,
    ratio_estimate,
    wilson_limits,
)
from helpers.estimators.patients import Contributions
from helpers.estimators.relative_risk import CLUSTERED, IGNORES_CLUSTERS, evidence_of, n_without_event, score_instead
from helpers.parted import by_part

WOOLF = "log interval (Woolf 1955), vertebrae treated as independent"


def risk(event, patient=None, *, conf_level: float = 0.95) -> Estimate:
    """The proportion of vertebrae with an event.

    Without patients Wilson's score interval [1]_. With patients an interval on the logit scale with a t quantile
    (`intervals.degrees_of_freedom`), se^2 = sum over patients of (a_g - p n_g)^2 / (n p q)^2; Wilson's, with a note,
    where p is 0 or 1. One patient gives no interval.

    Parameters
    ----------
    event : array of bool, one per vertebra
    patient : array of labels, optional

    Returns
    -------
    Estimate
        In the unit "probability"; `std_error` is that of the proportion.

    Notes
    -----
    In R: ``prop.test(x, n, correct = FALSE)``; clustered: ``glm(event ~ 1, binomial)`` with
    ``sandwich::vcovCL(type = "HC0", cadjust = FALSE)``.

    References
    ----------
    .. [1] Newcombe RG. Two-sided confidence intervals for the single proportion. Stat Med 1998;17:857-872.

    Examples
    --------
    Newcombe's 15 of 148, printed as 0.0624 to 0.1605:

    >>> proportion = risk([True] * 15 + [False] * 133)
    >>> round(proportion.conf_low, 4), round(proportion.conf_high, 4)
    (0.0624, 0.1605)
    """
    event = flags(event, "event")
    contributions = Contributions.from_rows(event, all_of(event), patient)
    return risk_of(contributions, clustered=patient is not None, conf_level=conf_level)


@by_part
def all_of(event: np.ndarray) -> np.ndarray:
    """Every vertebra as one of a single group."""
    return np.ones_like(event)


def risk_of(contributions: Contributions, *, clustered: bool = True, conf_level: float = 0.95) -> Estimate:
    """The risk of patients already collapsed, all of whose vertebrae count as exposed."""
    check_conf_level(conf_level)
    n_events, n, _, _ = contributions.totals.tolist()
    evidence = {
        "n_patients": contributions.n_patients if clustered else None,
        "n_vertebrae": n,
        "n_events": n_events,
    }
    if not n:
        return not_estimable(
            "risk",
            "no vertebrae at risk",
            unit="probability",
            conf_level=conf_level,
            method="none",
            **evidence,
        )
    p = n_events / n
    if not clustered or (p in (0, 1) and contributions.n_patients > 1):
        low, high = wilson_limits(n_events, n, conf_level)
        note = "" if not clustered else "no events, or nothing but events: " + IGNORES_CLUSTERS
        return Estimate(
            "risk",
            p,
            low,
            high,
            conf_level,
            None,
            "score interval (Wilson), vertebrae treated as independent",
            "probability",
            std_error=math.sqrt(p * (1 - p) / n),
            note=note,
            **evidence,
        )
    a_g, n_g = contributions.counts[:, 0], contributions.counts[:, 1]
    return clustered_proportion(
        "risk",
        p,
        (a_g - p * n_g) / n,
        patients=contributions.multiplicity,
        conf_level=conf_level,
        method=f"logit interval with patients as clusters ({SANDWICH_T})",
        unit="probability",
        **evidence,
    )


def risk_difference(event, exposed, patient=None, *, conf_level: float = 0.95) -> Estimate:
    """The risk among exposed vertebrae minus that among unexposed ones.

    Without patients Wald's interval, se^2 = p1 q1/n1 + p0 q0/n0; with patients se^2 = sum of u_g^2,
    u_g = (a_g - p1 n1_g)/n1 - (c_g - p0 n0_g)/n0, and the interval is made from those of the two risks
    (`intervals.clustered_difference`). With an empty cell Mee's score interval, with a note.

    Parameters
    ----------
    event, exposed : array of bool, one per vertebra
    patient : array of labels, optional

    Returns
    -------
    Estimate
        In the unit "probability difference".

    Notes
    -----
    In R: ``prop.test(correct = FALSE)``; clustered: ``lm(event ~ exposed)`` with
    ``sandwich::vcovCL(type = "HC0", cadjust = FALSE)``.

    References
    ----------
    .. [1] Mee RW. Confidence bounds for the difference between two probabilities. Biometrics
       1984;40:1175-1176.

    Examples
    --------
    >>> difference = risk_difference([1, 1, 0, 0, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0])
    >>> difference.estimate, round(difference.conf_low, 3), round(difference.conf_high, 3)
    (0.25, -0.398, 0.898)
    """
    contributions, clustered = Contributions.from_rows(event, exposed, patient), patient is not None
    return risk_difference_of(contributions, clustered=clustered, conf_level=conf_level)


def risk_difference_of(contributions: Contributions, *, clustered: bool = True, conf_level: float = 0.95) -> Estimate:
    """The risk difference of patients already collapsed."""
    table, n_patients = contributions.table, contributions.n_patients if clustered else None
    check_conf_level(conf_level)
    if not (table.at_risk_exposed and table.at_risk_unexposed) or table.has_zero_cell:
        return score_instead(table, "risk difference", n_patients, conf_level)
    risks = table.events_exposed / table.at_risk_exposed, table.events_unexposed / table.at_risk_unexposed
    difference = risks[0] - risks[1]
    evidence = {"conf_level": conf_level, **evidence_of(table, n_patients)}
    weights, measure = (1 / table.at_risk_exposed, 1 / table.at_risk_unexposed), "risk difference"
    if not clustered:
        variance, method = contributions.variance(*weights), "Wald interval, vertebrae treated as independent"
        return difference_estimate(
            measure, difference, variance, method=method, unit="probability difference", **evidence
        )
    exposed_part, unexposed_part = contributions.of_groups(*weights)
    evidence |= {"method": f"patients as clusters (sandwich), {FROM_RISKS}", "unit": "probability difference"}
    alike = contributions.multiplicity
    return clustered_difference(measure, risks, (exposed_part, -unexposed_part), patients=alike, **evidence)


def odds_ratio(event, exposed, patient=None, *, conf_level: float = 0.95) -> Estimate:
    """The odds of an event among exposed vertebrae over those among unexposed ones.

    Without patients Woolf's interval, se^2 of the log = 1/a + 1/b + 1/c + 1/d [1]_; with patients se^2 = sum of u_g^2,
    u_g = (a_g - p1 n1_g)/(n1 p1 q1) - (c_g - p0 n0_g)/(n0 p0 q0) (delta method), and a t quantile
    (`intervals.degrees_of_freedom`). With an empty cell the score interval, with a note.

    Parameters
    ----------
    event, exposed : array of bool, one per vertebra
    patient : array of labels, optional

    Returns
    -------
    Estimate

    Notes
    -----
    In R: ``epitools::oddsratio.wald``; clustered: ``glm(event ~ exposed, binomial)`` with
    ``sandwich::vcovCL(type = "HC0", cadjust = FALSE)``.

    References
    ----------
    .. [1] Woolf B. On estimating the relation between blood group and disease. Ann Hum Genet 1955;19:251-253.

    Examples
    --------
    >>> odds = odds_ratio([1, 1, 0, 0, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0])
    >>> round(odds.estimate, 6), round(odds.conf_low, 3), round(odds.conf_high, 2)
    (3.0, 0.15, 59.89)
    """
    contributions, clustered = Contributions.from_rows(event, exposed, patient), patient is not None
    return odds_ratio_of(contributions, clustered=clustered, conf_level=conf_level)


def odds_ratio_of(contributions: Contributions, *, clustered: bool = True, conf_level: float = 0.95) -> Estimate:
    """The odds ratio of patients already collapsed."""
    table, n_patients = contributions.table, contributions.n_patients if clustered else None
    check_conf_level(conf_level)
    if not n_without_event(table) or table.has_zero_cell:
        return score_instead(table, "odds ratio", n_patients, conf_level)
    a, c, n1, n0 = table.events_exposed, table.events_unexposed, table.at_risk_exposed, table.at_risk_unexposed
    log_ratio = math.log(a * (n0 - c) / (c * (n1 - a)))
    weights = n1 / (a * (n1 - a)), n0 / (c * (n0 - c))
    evidence = {"conf_level": conf_level, **evidence_of(table, n_patients)}
    if not clustered:
        return ratio_estimate("odds ratio", log_ratio, contributions.variance(*weights), method=WOOLF, **evidence)
    groups, alike = contributions.of_groups(*weights), contributions.multiplicity
    options = {"groups": groups, "patients": alike, "method": CLUSTERED}
    return clustered_ratio("odds ratio", log_ratio, sum(groups), **options, **evidence)
