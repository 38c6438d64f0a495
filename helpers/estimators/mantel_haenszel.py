"""The risk ratio within strata: by level of the spine, or within the patient."""

import math
from dataclasses import replace

import numpy as np

from helpers.estimators.estimate import Estimate, check_conf_level, not_estimable
from helpers.estimators.intervals import clustered_ratio, ratio_estimate
from helpers.estimators.relative_risk import evidence_of
from helpers.estimators.strata import Strata

NAIVE = "Mantel-Haenszel, Greenland-Robins variance, vertebrae treated as independent"
CLUSTERED = "Mantel-Haenszel, patients as clusters (infinitesimal jackknife, t quantile)"


def mantel_haenszel(event, exposed, patient=None, *, stratum, conf_level: float = 0.95) -> Estimate:
    """The risk ratio common to the strata, comparing exposed and unexposed vertebrae only within a stratum.

    ratio = R/S with R = sum a_s n0_s / N_s and S = sum c_s n1_s / N_s. Without patients, or when the strata
    are the patients, the variance of the log is sum (m_s n1_s n0_s - a_s c_s N_s) / N_s^2 / (R S), m_s the
    events of the stratum [1]_. With patients it is the sum over patients of u_g^2, u_g = dR_g / R - dS_g / S,
    where dR_g and dS_g are the derivatives of R and S in the direction of patient g: dR_g = sum over strata of
    a_gs n0_s / N_s + n0_gs a_s / N_s - N_gs a_s n0_s / N_s^2.

    Parameters
    ----------
    event, exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None gives the naive interval.
    stratum : array of labels, one per vertebra
        The level of the vertebra, or the patient.

    Returns
    -------
    Estimate
        `note` counts the strata that hold both kinds of vertebrae and an event: the others say nothing.

    Notes
    -----
    In R: ``epiR::epi.2by2(table, method = "cohort.count")`` (M-H, naive).

    References
    ----------
    .. [1] Greenland S, Robins JM. Estimation of a common effect parameter from sparse follow-up data.
       Biometrics 1985;41:55-68.

    Examples
    --------
    Two strata with the same ratio of 2 keep it:

    >>> exposed = [1, 1, 1, 0, 0, 0, 0, 0, 0] + [1, 1, 0, 0]
    >>> event = [1, 1, 0, 1, 1, 0, 0, 0, 0] + [1, 1, 1, 0]
    >>> round(mantel_haenszel(event, exposed, stratum=["T12"] * 9 + ["L1"] * 4).estimate, 12)
    2.0
    """
    check_conf_level(conf_level)
    strata = Strata.of(event, exposed, stratum, patient)
    a, n1, c, n0 = strata.a, strata.n1, strata.c, strata.n0
    n = n1 + n0
    method = NAIVE if patient is None else CLUSTERED
    informative = int(((n1 > 0) & (n0 > 0) & (a + c > 0)).sum())
    note = f"{informative} of {len(n)} strata hold exposed and unexposed vertebrae and an event"
    evidence = {"method": method, **evidence_of(strata.table, strata.n_patients)}
    top, bottom = float((a * n0 / n).sum()), float((c * n1 / n).sum())
    if not (top and bottom):
        return _not_estimable(top, bottom, note, conf_level, evidence)
    log_ratio, evidence["conf_level"] = math.log(top / bottom), conf_level
    if patient is None:
        variance = float((((a + c) * n1 * n0 - a * c * n) / n**2).sum()) / (top * bottom)
        return ratio_estimate("risk ratio", log_ratio, variance, note=note, **evidence)
    influence = strata.by_patient(_influence(a, n1, c, n0, top, bottom))
    return clustered_ratio("risk ratio", log_ratio, influence, note=note, **evidence)


def within_patient_risk_ratio(event, exposed, patient, *, conf_level: float = 0.95) -> Estimate:
    """The risk ratio within patients: each is compared with their own other vertebrae.

    `mantel_haenszel` with the patients as strata, so whatever a patient's vertebrae share cancels. The patients are
    the clusters as well: with R_g and S_g the patient's terms of R and S, se^2 of the log is the sum over patients of
    (R_g / R - S_g / S)^2. Greenland and Robins' variance takes vertebrae of one patient to be independent once the
    patient is given, which fractures that cluster among neighbours are not; `mantel_haenszel` without `patient`
    gives it.

    Parameters
    ----------
    event, exposed : array of bool, one per vertebra
    patient : array of labels, one per vertebra

    Returns
    -------
    Estimate

    Notes
    -----
    In R, by hand: ``t <- table(patient, exposed, event)``, ``a <- t[, "1", "1"]``, ``c <- t[, "0", "1"]``, ``n1 <-
    a + t[, "1", "0"]``, ``n0 <- c + t[, "0", "0"]``, ``R <- a * n0 / (n1 + n0)``, ``S <- c * n1 / (n1 + n0)``, then
    ``sum(R) / sum(S)`` and ``sqrt(sum((R / sum(R) - S / sum(S))^2))`` (exposed and event as 0 and 1).

    Examples
    --------
    >>> event, exposed, patient = [1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 1, 0], ["p", "p", "p", "q", "q", "q"]
    >>> within_patient_risk_ratio(event, exposed, patient).estimate
    2.0
    """
    within = mantel_haenszel(event, exposed, patient, stratum=patient, conf_level=conf_level)
    return replace(within, note=within.note.replace("strata hold", "patients have"))


def _influence(a, n1, c, n0, top, bottom) -> np.ndarray:
    """The influence of a vertebra on log(R/S), by stratum, exposure and event."""
    n = n1 + n0
    share_r, share_s = a * n0 / n**2, c * n1 / n**2
    of_one = np.empty((len(a), 2, 2))
    for is_exposed in (0, 1):
        for has_event in (0, 1):
            d_top = has_event * is_exposed * n0 / n + (1 - is_exposed) * a / n - share_r
            d_bottom = has_event * (1 - is_exposed) * n1 / n + is_exposed * c / n - share_s
            of_one[:, is_exposed, has_event] = d_top / top - d_bottom / bottom
    return of_one


def _not_estimable(top: float, bottom: float, note: str, conf_level: float, evidence: dict) -> Estimate:
    if bottom:
        return Estimate(
            "risk ratio",
            0.0,
            None,
            None,
            conf_level,
            None,
            unit="ratio",
            note=f"no exposed vertebra with an event in any stratum that can be compared; {note}",
            **evidence,
        )
    why = (
        "no unexposed vertebra with an event in any stratum that can be compared"
        if top
        else ("no stratum holds exposed and unexposed vertebrae and an event")
    )
    return not_estimable("risk ratio", f"{why}; {note}", unit="ratio", conf_level=conf_level, **evidence)
