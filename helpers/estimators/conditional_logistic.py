"""The odds ratio within patients: conditional logistic regression on exposure, with its exact likelihood."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from helpers.errors import WorkbookError, WorkbookFault
from helpers.estimators.estimate import Estimate, check_conf_level, not_estimable
from helpers.estimators.intervals import SANDWICH_T, clustered_ratio, ratio_estimate
from helpers.estimators.patients import Contributions
from helpers.estimators.relative_risk import evidence_of

METHOD = "conditional logistic regression (exact likelihood)"
MODEL_BASED = f"{METHOD}, model-based variance, vertebrae of a patient treated as independent"
CLUSTERED = f"{METHOD}, patients as clusters ({SANDWICH_T})"
# On the log scale; keeps a first step in sparse data within bounds.
LONGEST_STEP = 5.0


def within_patient_odds_ratio(event, exposed, patient, *, conf_level: float = 0.95) -> Estimate:
    """The odds ratio within patients: each is compared with their own other vertebrae.

    Given that m of a patient's n1 exposed and n0 unexposed vertebrae have an event, the number of exposed ones among
    them has P(x) in proportion to C(n1, x) C(n0, m - x) psi^x (hypergeometric with odds ratio psi), with mean E_g and
    variance V_g: whatever a patient's vertebrae share has dropped out. psi solves sum over patients of a_g - E_g = 0
    [1]_. The patients are the clusters as well: se^2 of the log is the sum over patients of (a_g - E_g)^2 / I^2, I the
    sum of V_g [2]_, with a t quantile (`intervals.degrees_of_freedom`). The model-based variance 1 / I takes vertebrae
    of one patient to be independent once the patient is given, which fractures that cluster among neighbours are not;
    `conditional_odds_ratio` gives it.

    Parameters
    ----------
    event, exposed : array of bool, one per vertebra
    patient : array of labels, one per vertebra

    Returns
    -------
    Estimate
        `note` counts the patients with exposed and unexposed vertebrae, some with and some without an event: the
        others say nothing. Without a value where the likelihood has no finite maximum.

    Notes
    -----
    Where events are common the odds ratio lies further from 1 than the risk ratio. In R
    ``survival::clogit(event ~ exposed + strata(patient), method = "exact")`` has the same coefficient; it gives no
    clustered variance with the exact likelihood.

    References
    ----------
    .. [1] Breslow NE, Day NE. Statistical Methods in Cancer Research, volume 1: The Analysis of Case-Control Studies.
       IARC, 1980, chapter 7.
    .. [2] Fay MP, Graubard BI, Freedman LS, Midthune DN. Conditional logistic regression with sandwich estimators:
       application to a meta-analysis. Biometrics 1998;54:195-208.

    Examples
    --------
    With one vertebra of each kind only the patients count in whom just one of the two had an event, here the exposed
    one in 6 patients and the other in 2; se^2 is 1/6 + 1/2.

    >>> event, exposed = [1, 0] * 6 + [0, 1] * 2 + [1, 1] + [0, 0], [1, 0] * 10
    >>> ratio = within_patient_odds_ratio(event, exposed, np.repeat(np.arange(10), 2))
    >>> round(ratio.estimate, 12), round(ratio.std_error**2, 4)
    (3.0, 0.6667)
    """
    return _odds_ratio(event, exposed, patient, CLUSTERED, conf_level)


def conditional_odds_ratio(event, exposed, patient, *, conf_level: float = 0.95) -> Estimate:
    """`within_patient_odds_ratio` with the model-based variance 1 / I in place of the clustered one.

    Parameters
    ----------
    event, exposed : array of bool, one per vertebra
    patient : array of labels, one per vertebra
        Whose vertebra it is; in a matched study, of which set.

    Returns
    -------
    Estimate

    Notes
    -----
    In R: ``survival::clogit(event ~ exposed + strata(patient), method = "exact")``.

    Examples
    --------
    >>> event, exposed, patient = [1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 1, 0], ["p", "p", "p", "q", "q", "q"]
    >>> ratio = conditional_odds_ratio(event, exposed, patient)
    >>> round(ratio.estimate, 12), round(ratio.std_error, 4)
    (2.0, 1.4142)
    """
    return _odds_ratio(event, exposed, patient, MODEL_BASED, conf_level)


def _odds_ratio(event, exposed, patient, method: str, conf_level: float) -> Estimate:
    if patient is None:
        raise WorkbookError("`patient` must say whose each vertebra is, but is missing. Without it use `odds_ratio`.")
    return odds_ratio_within(Contributions.from_rows(event, exposed, patient), method=method, conf_level=conf_level)


def within_patient_odds_ratio_of(contributions: Contributions, *, conf_level: float = 0.95) -> Estimate:
    """The odds ratio within patients already collapsed, patients as clusters."""
    return odds_ratio_within(contributions, conf_level=conf_level)


def conditional_odds_ratio_of(contributions: Contributions, *, conf_level: float = 0.95) -> Estimate:
    """The same with the error of the conditional logistic model."""
    return odds_ratio_within(contributions, method=MODEL_BASED, conf_level=conf_level)


def odds_ratio_within(contributions: Contributions, *, method: str = CLUSTERED, conf_level: float = 0.95) -> Estimate:
    """The odds ratio within patients already collapsed; `method` is CLUSTERED or MODEL_BASED."""
    check_conf_level(conf_level)
    possible = PossibleTables.of(contributions)
    evidence = {"method": method, **evidence_of(contributions.table, contributions.n_patients)}
    note = (
        f"{possible.patients.sum():,} of {contributions.n_patients:,} patients have exposed and unexposed vertebrae, "
        "some with and some without an event"
    )
    why_not = _why_no_maximum(possible)
    if why_not:
        return not_estimable("odds ratio", f"{why_not}; {note}", unit="ratio", conf_level=conf_level, **evidence)
    fit = _maximise(possible)
    options = {"conf_level": conf_level, "note": note, **evidence}
    if method == MODEL_BASED:
        return ratio_estimate("odds ratio", fit.log_odds_ratio, 1 / fit.information, **options)
    alike = possible.patients
    influence = fit.residual / fit.information
    return clustered_ratio("odds ratio", fit.log_odds_ratio, influence, patients=alike, **options)


@dataclass(frozen=True, eq=False)
class PossibleTables:
    """Every number of exposed events that the margins of a patient allow, for each distinct informative patient.

    Attributes
    ----------
    patients : array of int (distinct,)
        How many patients are alike.
    start : array of int (distinct,)
        Where the run of tables of each begins.
    surplus : array (tables,)
        Exposed events beyond those observed; counted from there, nothing large has to cancel.
    log_ways : array (tables,)
        Log of C(n1, x) C(n0, m - x), but for what does not depend on x.
    """

    patients: np.ndarray
    start: np.ndarray
    surplus: np.ndarray
    log_ways: np.ndarray

    @classmethod
    def of(cls, contributions: Contributions) -> "PossibleTables":
        """The tables of patients that have more than one; the others say nothing."""
        a, n1, c, n0 = contributions.counts.T
        fewest, most = np.maximum(0, a + c - n0), np.minimum(n1, a + c)
        says = most > fewest
        a, n1, c, n0, size = (column[says] for column in (a, n1, c, n0, most - fewest + 1))
        start, whose = np.cumsum(size) - size, np.repeat(np.arange(len(size)), size)
        x = np.arange(len(whose)) - start[whose] + fewest[says][whose]
        unexposed = (a + c)[whose] - x
        log_ways = -sum(gammaln(1 + k) for k in (x, n1[whose] - x, unexposed, n0[whose] - unexposed))
        return cls(contributions.multiplicity[says], start, (x - a[whose]).astype(float), log_ways)

    def by_patient(self, combine: np.ufunc, values: np.ndarray) -> np.ndarray:
        """Values of tables combined over each run: added up, or their largest."""
        return combine.reduceat(values, self.start) if len(self.start) else np.zeros(0)

    def of_table(self, values: np.ndarray) -> np.ndarray:
        """Values of distinct patients at each of their tables."""
        return np.repeat(values, np.diff(self.start, append=len(self.surplus)))


@dataclass(frozen=True, eq=False)
class ConditionalLikelihood:
    """The conditional likelihood at one log odds ratio; `residual` is a_g - E_g of each distinct patient."""

    log_odds_ratio: float
    residual: np.ndarray
    score: float
    information: float

    @classmethod
    def at(cls, possible: PossibleTables, log_odds_ratio: float) -> "ConditionalLikelihood":
        """Evaluated at a log odds ratio."""
        log_weight = possible.log_ways + log_odds_ratio * possible.surplus
        weight = np.exp(log_weight - possible.of_table(possible.by_patient(np.maximum, log_weight)))
        probability = weight / possible.of_table(possible.by_patient(np.add, weight))
        surplus = possible.by_patient(np.add, probability * possible.surplus)
        variance = possible.by_patient(np.add, probability * (possible.surplus - possible.of_table(surplus)) ** 2)
        return cls(log_odds_ratio, -surplus, float(-(possible.patients @ surplus)), float(possible.patients @ variance))


def _maximise(possible: PossibleTables, *, tolerance: float = 1e-10, most_steps: int = 100) -> ConditionalLikelihood:
    """Newton's method; the score falls all the way, so a step that takes it further from zero is halved.

    The error is about the square of the last step: 1e-20, far below what numbers can hold.
    """
    here = ConditionalLikelihood.at(possible, 0.0)
    for _ in range(most_steps):
        step = float(np.clip(here.score / here.information, -LONGEST_STEP, LONGEST_STEP))
        there = ConditionalLikelihood.at(possible, here.log_odds_ratio + step)
        while abs(there.score) > abs(here.score) and abs(step) > tolerance:
            step /= 2
            there = ConditionalLikelihood.at(possible, here.log_odds_ratio + step)
        here = there
        if abs(step) <= tolerance * (1 + abs(here.log_odds_ratio)):
            return here
    raise WorkbookFault(f"The conditional logistic regression did not settle in {most_steps} steps.")


def _why_no_maximum(possible: PossibleTables) -> str:
    """Why the likelihood has no finite maximum, in words; empty when it has."""
    if not len(possible.patients):
        return "no patient to compare within"
    could_be_fewer = possible.by_patient(np.minimum, possible.surplus).min() < 0
    could_be_more = possible.by_patient(np.maximum, possible.surplus).max() > 0
    if could_be_fewer and could_be_more:
        return ""
    kind = "many" if could_be_fewer else "few"
    return (
        f"each of these patients has as {kind} events among the exposed vertebrae as there can be, so the likelihood "
        "has no maximum (monotone likelihood)"
    )
