"""Risk ratio and rate ratio of exposed and unexposed vertebrae, with patients as clusters."""

import math
from dataclasses import replace

import numpy as np

from helpers.estimators.arguments import choice, durations, flags, same_length
from helpers.estimators.estimate import Estimate, TwoByTwo, check_conf_level, not_estimable
from helpers.estimators.intervals import (
    NO_INTERVAL,
    SANDWICH_T,
    clustered_ratio,
    joined,
    ratio_estimate,
    two_sided_p,
    wilson_limits,
)
from helpers.estimators.kinds import Kinds
from helpers.estimators.patients import Contributions
from helpers.estimators.score import score_interval
from helpers.parted import added_up

KATZ = "log interval (Katz 1978), vertebrae treated as independent"
CLUSTERED = f"log interval with patients as clusters ({SANDWICH_T})"
IGNORES_CLUSTERS = "with an empty cell the score interval is given, which ignores that vertebrae share patients"


def risk_ratio(event, exposed, patient=None, *, quantile: str = "t", conf_level: float = 0.95) -> Estimate:
    """The risk of an event among exposed vertebrae over that among unexposed ones.

    With a of n1 exposed and c of n0 unexposed vertebrae: ratio = (a/n1) / (c/n0). Without patients the interval is
    exp(log ratio +- z se), se^2 = 1/a - 1/n1 + 1/c - 1/n0 [1]_. With patients, the vertebrae of one patient count as
    one cluster [2]_: se^2 = sum over patients of u_g^2, u_g = (a_g - p1 n1_g)/a - (c_g - p0 n0_g)/c, and a t quantile
    takes the place of z, with the degrees of freedom 3 (sum u_g^2)^2 / sum u_g^4 of the few patients who have events,
    and no more than there are patients less one (`intervals.degrees_of_freedom`).

    Parameters
    ----------
    event, exposed : array of bool, one per vertebra
        Whether it fractured; whether it is in the group of interest (next to a cemented vertebra).
    patient : array of labels, optional
        Whose vertebra it is. None gives the naive interval, which takes all vertebrae to be independent.
    quantile : {"t", "normal"}
        Of the clustered interval; "normal" gives what most software prints.
    conf_level : float
        Between 0 and 1.

    Returns
    -------
    Estimate
        Where a group has no event the interval is Koopman's score interval [3]_, and a note says so: the
        ratio is 0 without events among the exposed and has no value without events among the unexposed.

    Notes
    -----
    In R, naive: ``epitools::riskratio.wald``; clustered: ``glm(event ~ exposed, poisson)`` with
    ``sandwich::vcovCL(fit, cluster = patient, type = "HC0", cadjust = FALSE)``, the influences being
    ``rowsum(sandwich::estfun(fit), patient) %*% sandwich::bread(fit) / nobs(fit)``.

    References
    ----------
    .. [1] Katz D, Baptista J, Azen SP, Pike MC. Obtaining confidence intervals for the risk ratio in cohort
       studies. Biometrics 1978;34:469-474.
    .. [2] Liang K-Y, Zeger SL. Longitudinal data analysis using generalized linear models. Biometrika
       1986;73:13-22.
    .. [3] Koopman PAR. Confidence intervals for the ratio of two binomial proportions. Biometrics
       1984;40:513-517.

    Examples
    --------
    Vanilla ice cream at the Oswego church supper, 43 of 54 eaters ill against 3 of 21; the published answer
    is 5.57 (1.94 to 16.03):

    >>> import numpy as np
    >>> ate = np.repeat([True, False], [54, 21])
    >>> ill = np.repeat([True, False, True, False], [43, 11, 3, 18])
    >>> ratio = risk_ratio(ill, ate)
    >>> round(ratio.estimate, 2), round(ratio.conf_low, 2), round(ratio.conf_high, 2)
    (5.57, 1.94, 16.03)
    """
    contributions, clustered = Contributions.from_rows(event, exposed, patient), patient is not None
    return risk_ratio_of(contributions, clustered=clustered, quantile=quantile, conf_level=conf_level)


def risk_ratio_of(
    contributions: Contributions, *, clustered: bool = True, quantile: str = "t", conf_level: float = 0.95
) -> Estimate:
    """The risk ratio of patients already collapsed, so that parts of a cohort can be added up first."""
    choice(quantile, "quantile", ("t", "normal"))
    table = contributions.table
    n_patients = contributions.n_patients if clustered else None
    evidence = {"conf_level": check_conf_level(conf_level), **evidence_of(table, n_patients)}
    if not table.events_exposed or not table.events_unexposed or n_without_event(table) == 0:
        return score_instead(table, "risk ratio", n_patients, conf_level)
    ratio = table.events_exposed * table.at_risk_unexposed / (table.events_unexposed * table.at_risk_exposed)
    if not clustered:
        variance = contributions.log_risk_ratio_variance()
        return ratio_estimate("risk ratio", math.log(ratio), variance, method=KATZ, **evidence)
    groups = contributions.of_groups(1 / table.events_exposed, 1 / table.events_unexposed)
    options = {"groups": groups, "patients": contributions.multiplicity, "is_normal": quantile == "normal"}
    method = CLUSTERED.replace("t quantile", f"{quantile} quantile")
    return clustered_ratio("risk ratio", math.log(ratio), sum(groups), method=method, **options, **evidence)


def rate_ratio(days, event, exposed, patient=None, *, conf_level: float = 0.95) -> Estimate:
    """The event rate of exposed vertebrae over that of unexposed ones, per time at risk.

    ratio = (a/T1) / (c/T0). Without patients se^2 of the log = 1/a + 1/c (Poisson); with patients the sum of
    u_g^2 with times at risk in place of numbers at risk, and a t quantile. Where a group has no event, the limits come
    from Wilson's interval for the share of events that are exposed [1]_.

    Parameters
    ----------
    days : array, one per vertebra
        Time at risk, in any one unit; zero is allowed.
    event, exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None gives the naive interval.

    Returns
    -------
    Estimate

    Notes
    -----
    In R: ``epitools::rateratio.wald``; clustered: ``glm(event ~ exposed + offset(log(pmax(days, 1e-6))), poisson)``
    with ``sandwich::vcovCL(type = "HC0", cadjust = FALSE)``. The smallest time keeps rows of 0 days, of which an event
    counts and whose log would be that of 0.

    References
    ----------
    .. [1] Rothman KJ, Greenland S, Lash TL. Modern Epidemiology, 3rd ed., 2008, chapter 14.

    Examples
    --------
    2 events in 100 days against 1 event in 200 days:

    >>> ratio = rate_ratio([40, 60, 200], [1, 1, 1], [1, 1, 0])
    >>> round(ratio.estimate, 6), round(ratio.conf_low, 3), round(ratio.conf_high, 2)
    (4.0, 0.363, 44.11)
    """
    days, event, exposed = durations(days), flags(event, "event"), flags(exposed, "exposed")
    same_length(days=days, event=event, exposed=exposed, patient=patient)
    if patient is not None:
        contributions = Contributions.from_rows(event, exposed, patient, time=days)
    else:
        contributions = Contributions(added_up(_of_all, days, event, exposed)[None], np.array([1]))
    options = {"clustered": patient is not None, "conf_level": conf_level}
    return rate_ratio_of(contributions, n_vertebrae=added_up(len, event), **options)


def _of_all(days: np.ndarray, event: np.ndarray, exposed: np.ndarray) -> np.ndarray:
    """Events and time among exposed, then among unexposed vertebrae."""
    a, c = (np.count_nonzero(event & group) for group in (exposed, ~exposed))
    time_unexposed, time_exposed = Kinds((), ()).counts_by(exposed, 2, days)
    return np.array([a, time_exposed, c, time_unexposed])


def rate_ratio_of(
    contributions: Contributions, *, n_vertebrae: int, clustered: bool = True, conf_level: float = 0.95
) -> Estimate:
    """The rate ratio of patients already collapsed, with their times at risk."""
    check_conf_level(conf_level)
    a, time_exposed, c, time_unexposed = contributions.totals.tolist()
    a, c = int(a), int(c)
    evidence = {
        "n_patients": contributions.n_patients if clustered else None,
        "n_vertebrae": n_vertebrae,
        "n_events": a + c,
        # Of times at risk alone nobody knows whose they were.
        "behind": TwoByTwo(a, n_vertebrae, c, n_vertebrae),
    }
    if not (time_exposed and time_unexposed) or not a + c:
        why = "no events in either group" if time_exposed and time_unexposed else "one group has no time at risk"
        return not_estimable("rate ratio", why, unit="ratio", conf_level=conf_level, method="none", **evidence)
    if not (a and c):
        return _one_sided_rate_ratio(a, c, time_unexposed / time_exposed, conf_level, evidence)
    log_ratio, evidence["conf_level"] = math.log(a / time_exposed * time_unexposed / c), conf_level
    if not clustered:
        method = "log interval (Poisson), vertebrae treated as independent"
        return ratio_estimate("rate ratio", log_ratio, 1 / a + 1 / c, method=method, **evidence)
    groups, alike = contributions.of_groups(1 / a, 1 / c), contributions.multiplicity
    options = {"groups": groups, "patients": alike, "method": CLUSTERED}
    return clustered_ratio("rate ratio", log_ratio, sum(groups), **options, **evidence)


def _one_sided_rate_ratio(a: int, c: int, time_unexposed_to_exposed: float, conf_level: float, evidence) -> Estimate:
    share_low, share_high = wilson_limits(a, a + c, conf_level)
    expected_share = 1 / (1 + time_unexposed_to_exposed)
    n_events = a + c
    z = (a - n_events * expected_share) / math.sqrt(n_events * expected_share * (1 - expected_share))
    note = "no events among the exposed" if c else "no events among the unexposed: no finite value"
    value, method = 0.0 if c else None, "score interval (Wilson, on the exposed share of events)"
    if evidence["n_patients"] == 1:
        note = joined(note, NO_INTERVAL)
        return Estimate("rate ratio", value, None, None, conf_level, None, method, "ratio", note=note, **evidence)
    note = note if c else f"{note}, no upper limit"
    if evidence["n_patients"] is not None:
        note = joined(note, IGNORES_CLUSTERS)
    return Estimate(
        "rate ratio",
        value,
        share_low / (1 - share_low) * time_unexposed_to_exposed,
        share_high / (1 - share_high) * time_unexposed_to_exposed if c else None,
        conf_level,
        two_sided_p(z),
        method,
        "ratio",
        note=note,
        **evidence,
    )


def score_instead(table: TwoByTwo, measure: str, n_patients: int | None, conf_level: float) -> Estimate:
    """The score interval in place of a log or Wald interval that an empty cell rules out, saying so.

    One patient gives none: there is nothing to tell how much patients differ.
    """
    score = score_interval(
        table.events_exposed,
        table.at_risk_exposed,
        table.events_unexposed,
        table.at_risk_unexposed,
        measure=measure,
        conf_level=conf_level,
    )
    if n_patients == 1 and score.conf_low is not None:
        note = joined(score.note.partition(";")[0], NO_INTERVAL)
        return replace(score, conf_low=None, conf_high=None, p_value=None, n_patients=1, note=note)
    ignores = IGNORES_CLUSTERS if n_patients is not None and score.conf_low is not None else ""
    return replace(score, n_patients=n_patients, note=joined(score.note, ignores))


def evidence_of(table: TwoByTwo, n_patients: int | None) -> dict:
    """The counts an estimate from a two-by-two table carries."""
    return {
        "n_patients": n_patients,
        "n_vertebrae": table.at_risk_exposed + table.at_risk_unexposed,
        "n_events": table.events_exposed + table.events_unexposed,
        "counts": table,
    }


def n_without_event(table: TwoByTwo) -> int:
    """How many vertebrae had no event."""
    return table.at_risk_exposed + table.at_risk_unexposed - table.events_exposed - table.events_unexposed
