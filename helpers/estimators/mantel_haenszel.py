"""The risk ratio within strata: by level of the spine, or within the patient."""

import math

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.estimate import Estimate, TwoByTwo, check_conf_level, not_estimable
from helpers.estimators.intervals import clustered_ratio, ratio_estimate
from helpers.estimators.patients import Contributions
from helpers.estimators.relative_risk import evidence_of
from helpers.estimators.strata import Strata, four_counts

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
    strata = Strata.of(event, exposed, stratum, patient)
    influence = None if patient is None else strata.by_patient(stratum_influence(strata.counts))
    return mantel_haenszel_of(strata.counts, influence, n_patients=strata.n_patients, conf_level=conf_level)


def mantel_haenszel_of(
    counts: np.ndarray, influence: np.ndarray | None = None, *, n_patients: int | None = None, conf_level: float = 0.95
) -> Estimate:
    """The same from `Strata.counts` and, for patients as clusters, how far each patient moves the log ratio."""
    check_conf_level(conf_level)
    (a, n1, c, n0), n = four_counts(counts), _at_risk(counts)
    table = TwoByTwo(*(int(column.sum()) for column in (a, n1, c, n0)))
    informative, n_strata = int(((n1 > 0) & (n0 > 0) & (a + c > 0)).sum()), int(counts.any(axis=(1, 2)).sum())
    note = f"{informative} of {n_strata} strata hold exposed and unexposed vertebrae and an event"
    evidence = {"method": NAIVE if influence is None else CLUSTERED, **evidence_of(table, n_patients)}
    top, bottom = float((a * n0 / n).sum()), float((c * n1 / n).sum())
    if not (top and bottom):
        return _not_estimable(top, bottom, note, conf_level, evidence)
    log_ratio, evidence["conf_level"] = math.log(top / bottom), conf_level
    if influence is None:
        variance = float((((a + c) * n1 * n0 - a * c * n) / n**2).sum()) / (top * bottom)
        return ratio_estimate("risk ratio", log_ratio, variance, note=note, **evidence)
    return clustered_ratio("risk ratio", log_ratio, influence, note=note, **evidence)


def stratum_influence(counts: np.ndarray) -> np.ndarray:
    """How far a vertebra moves log(R/S), by stratum, exposure and event; zeros where there is no such ratio."""
    (a, n1, c, n0), n = four_counts(counts), _at_risk(counts)
    r, s = a * n0 / n, c * n1 / n
    influence = np.zeros(counts.shape)
    if not (r.any() and s.any()):
        return influence
    for is_exposed in (0, 1):
        for has_event in (0, 1):
            d_top = has_event * is_exposed * n0 / n + (1 - is_exposed) * a / n - r / n
            d_bottom = has_event * (1 - is_exposed) * n1 / n + is_exposed * c / n - s / n
            influence[:, is_exposed, has_event] = d_top / r.sum() - d_bottom / s.sum()
    return influence


def _at_risk(counts: np.ndarray) -> np.ndarray:
    """Vertebrae of each stratum, or 1 for one without any: its terms are zeros."""
    return np.maximum(counts.sum(axis=(1, 2)), 1.0)


def within_patient_risk_ratio(event, exposed, patient, *, conf_level: float = 0.95) -> Estimate:
    """The risk ratio within patients: each is compared with their own other vertebrae.

    Mantel-Haenszel with the patients as strata, so whatever a patient's vertebrae share cancels. The patients are
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
    if patient is None:
        raise WorkbookError("`patient` must say whose each vertebra is, but is missing. Without it use `risk_ratio`.")
    return within_patient_risk_ratio_of(Contributions.from_rows(event, exposed, patient), conf_level=conf_level)


def within_patient_risk_ratio_of(contributions: Contributions, *, conf_level: float = 0.95) -> Estimate:
    """The same of patients already collapsed; those of the parts of a cohort add up first."""
    check_conf_level(conf_level)
    (a, n1, c, n0), alike = contributions.counts.T, contributions.multiplicity
    r, s = a * n0 / (n1 + n0), c * n1 / (n1 + n0)
    informative, n_patients = alike[(n1 > 0) & (n0 > 0) & (a + c > 0)].sum(), contributions.n_patients
    note = f"{informative:,} of {n_patients:,} patients have exposed and unexposed vertebrae and an event"
    evidence = {"method": CLUSTERED, **evidence_of(contributions.table, n_patients)}
    top, bottom = float(alike @ r), float(alike @ s)
    if not (top and bottom):
        return _not_estimable(top, bottom, note, conf_level, evidence)
    options = {"patients": alike, "note": note, "conf_level": conf_level, **evidence}
    return clustered_ratio("risk ratio", math.log(top / bottom), r / top - s / bottom, **options)


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
