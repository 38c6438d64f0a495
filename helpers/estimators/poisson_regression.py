"""Risk ratios of a log-Poisson model with covariates, and of a trend, with patients as clusters."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.estimators.arguments import adjusted_for, covariate_columns, flags, label_codes, numbers, same_length
from helpers.estimators.estimate import Estimate, check_conf_level, not_estimable
from helpers.estimators.intervals import (
    SANDWICH_T,
    clustered_ratio,
    degrees_of_freedom,
    joined,
    quantile,
    ratio_estimate,
    sum_of_squares,
)
from helpers.estimators.kinds import n_occurring
from helpers.estimators.log_poisson import NO_MAXIMUM, Patterns, PoissonFit, maximise
from helpers.estimators.patients import Contributions
from helpers.estimators.patterns_in_parts import patterns_of
from helpers.estimators.strata import with_same_labels
from helpers.parted import added_up, by_part, in_parts

EXPOSURE = "exposure"
# Log ratios: of exposed and unexposed, the furthest that means anything; of any limit, the largest a number can hold.
FURTHEST, LARGEST = 25.0, 700.0
TOO_LARGE = "the ratio per unit of the score is beyond what numbers can hold: pass the score in a smaller unit"
ALL_BUT_FLAT = (
    "the likelihood is all but flat: the columns all but tell events and non-events apart, and a ratio beyond exp(25) "
    "cannot be told from an infinite one"
)


def adjusted_risk_ratio(
    event,
    exposed,
    patient=None,
    *,
    covariates: np.ndarray | pd.DataFrame | Mapping | Sequence | None = None,
    stratum=None,
    conf_level: float = 0.95,
) -> Estimate:
    """The risk ratio of exposed and unexposed vertebrae with the same covariates (modified Poisson regression).

    The risk of vertebra i in stratum s is exp(alpha_s + x_i' b), x_i its exposure and covariates, fitted as if events
    were Poisson [1]_. Each intercept has a solution of its own, m_s / sum exp(x_i' b) with m_s events, so only b is
    left to find whatever the number of strata. Let e_i be what intercepts and covariates, weighted by the fitted risks,
    do not explain of the exposure, and U_g the patient's sum of e_i (event_i - fitted_i). The variance is the sandwich,
    sum U_g^2 / (sum fitted_i e_i^2)^2 over patients [2]_, with a t quantile (`intervals.degrees_of_freedom`); over
    vertebrae without them.

    Parameters
    ----------
    event, exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None takes vertebrae to be independent (robust, one vertebra a cluster).
    covariates : array (vertebrae, covariates), data frame, mapping of name to array, or sequence of arrays, optional
        Finite numbers, yes or no as 1 or 0. A frame or mapping gives the note their names. None or empty is none. One
        that does not vary within any stratum with an event is left out, and the note says so.
    stratum : array of labels, optional
        One intercept for each: the level of the vertebra. None is one intercept for all.

    Returns
    -------
    Estimate
        The note says which covariates were adjusted for. Without a value where the likelihood has no finite maximum
        (separation) or is all but flat, or where exposure and covariates determine one another (collinearity).

    Notes
    -----
    In R: ``glm(event ~ exposed + covariates + factor(stratum), poisson)`` with ``sandwich::vcovCL(fit, cluster =
    patient, type = "HC0", cadjust = FALSE)``, or ``geepack::geeglm(id = patient, corstr = "independence")``. The
    influences, for the t quantile: ``u <- (rowsum(sandwich::estfun(fit), patient) %*% vcov(fit))[, "exposed"]``.

    References
    ----------
    .. [1] Zou G. A modified Poisson regression approach to prospective studies with binary data. Am J Epidemiol
       2004;159:702-706.
    .. [2] Zou GY, Donner A. Extension of the modified Poisson regression model to prospective studies with correlated
       binary data. Stat Methods Med Res 2013;22:661-670.

    Examples
    --------
    Twice the risk at either age, though the exposed are older:

    >>> exposed = [1] * 4 + [0] * 8 + [1] * 8 + [0] * 4
    >>> event = [1, 0, 0, 0] + [1] + [0] * 7 + [1] * 4 + [0] * 4 + [1] + [0] * 3
    >>> ratio = adjusted_risk_ratio(event, exposed, covariates={"age": [70] * 12 + [80] * 12})
    >>> round(ratio.estimate, 12), ratio.note
    (2.0, 'adjusted for 1 covariate: age')
    """
    event, exposed = flags(event, "event"), flags(exposed, "exposed")
    columns = covariate_columns(covariates)
    same_length(event=event, exposed=exposed, **columns, patient=patient, stratum=stratum)
    table = Contributions.from_rows(event, exposed).table
    model = "log-Poisson model" + (" with covariates" if columns else "")
    columns = {EXPOSURE: exposed} | columns
    return _risk_ratio("risk ratio", model, event, columns, patient, stratum, conf_level, counts=table)


def risk_trend(event, score, patient=None, *, stratum=None, conf_level: float = 0.95) -> Estimate:
    """The risk ratio per unit of a score, such as one level further from the cement, and the test for trend.

    The log-Poisson model of `adjusted_risk_ratio` with the score as its one column: a straight line on the log scale,
    with the same clustered interval. The p-value is the test that the line is flat.

    Parameters
    ----------
    event : array of bool, one per vertebra
    score : array of numbers, one per vertebra
    patient, stratum : array of labels, optional
        As for `adjusted_risk_ratio`.

    Returns
    -------
    Estimate
        Without a value where the events all have the highest or all have the lowest score of their stratum, or where
        the unit of the score is so large that numbers cannot hold the ratio.

    Notes
    -----
    In R: ``glm(event ~ score + factor(stratum), poisson)`` with ``sandwich::vcovCL(fit, cluster = patient, type =
    "HC0", cadjust = FALSE)``.

    Examples
    --------
    Risks of 4/8, 2/8 and 1/8 at one, two and three levels halve with each level:

    >>> event = [1] * 4 + [0] * 4 + [1] * 2 + [0] * 6 + [1] + [0] * 7
    >>> trend = risk_trend(event, np.repeat([1, 2, 3], 8))
    >>> round(trend.estimate, 12), round(trend.p_value, 3)
    (0.5, 0.118)
    """
    event, score = flags(event, "event"), numbers(score, "score")
    same_length(event=event, score=score, patient=patient, stratum=stratum)
    model = "log-Poisson model, linear in the score"
    return _risk_ratio("risk ratio per unit", model, event, {"score": score}, patient, stratum, conf_level)


def _risk_ratio(measure: str, model: str, event, columns, patient, stratum, conf_level: float, counts=None) -> Estimate:
    """The ratio per unit of the first column."""
    check_conf_level(conf_level)
    patients = None if patient is None else label_codes(patient, "patient")
    strata = _strata(event, stratum)
    terms = "" if stratum is None else ", a term for each stratum"
    whose = "vertebrae treated as independent (sandwich)" if patient is None else f"patients as clusters ({SANDWICH_T})"
    evidence = {
        "conf_level": conf_level,
        "method": f"{model}{terms}, {whose}",
        "n_patients": None if patients is None else added_up(_n_patients, patients),
        "n_vertebrae": added_up(len, event),
        "n_events": added_up(np.count_nonzero, event),
        "counts": counts,
    }
    fit, kept, told = _fit(event, columns, strata)
    if fit is None:
        return not_estimable(measure, told, unit="ratio", **evidence)
    influence, alike = _influence(fit, patients)
    is_beyond = _is_beyond_numbers(fit.log_ratio, influence, alike, conf_level)
    if EXPOSURE in columns and (is_beyond or abs(fit.log_ratio) > FURTHEST):
        return not_estimable(measure, joined(ALL_BUT_FLAT, told), unit="ratio", **evidence)
    if is_beyond:
        return not_estimable(measure, joined(TOO_LARGE, told), unit="ratio", **evidence)
    told = joined(adjusted_for(kept[1:]), told)
    if patients is None:
        return ratio_estimate(measure, fit.log_ratio, sum_of_squares(influence, alike), note=told, **evidence)
    return clustered_ratio(measure, fit.log_ratio, influence, note=told, **evidence)


def _strata(event, stratum):
    """Codes of strata and how many there are: one for all where none are given."""
    if stratum is None:
        return _one_stratum(event)
    return label_codes(with_same_labels(stratum) if in_parts(stratum) else stratum, "stratum")


@by_part
def _one_stratum(event: np.ndarray) -> tuple[np.ndarray, int]:
    return np.zeros(len(event), dtype=np.int8), 1


def _n_patients(patients: tuple[np.ndarray, int]) -> int:
    return n_occurring(*patients)


def _influence(fit: PoissonFit, patients: tuple[np.ndarray, int] | None) -> tuple[np.ndarray, np.ndarray | None]:
    """How far each patient moves the log ratio; without patients, each kind of vertebra, and how many there are."""
    patterns, influence = fit.patterns, fit.influence()
    if in_parts(patients):
        return patterns.kinds.by_patient(influence, patients), None
    if patients is not None:
        return patterns.by_patient(influence, *patients), None
    alike = np.column_stack([patterns.at_risk - patterns.events, patterns.events])
    return influence[alike > 0], alike[alike > 0]


def _is_beyond_numbers(log_ratio: float, influence: np.ndarray, alike: np.ndarray | None, conf_level: float) -> bool:
    """Whether a limit is larger than numbers can hold, or smaller."""
    if np.abs(influence).max() > LARGEST:
        # Already the error is; its fourth power, for the degrees of freedom, might not be a number.
        return True
    df = degrees_of_freedom(influence) if alike is None else math.inf
    return abs(log_ratio) + quantile(conf_level, df) * math.sqrt(sum_of_squares(influence, alike)) > LARGEST


def _fit(event: np.ndarray, columns: dict, strata: tuple[np.ndarray, int]) -> tuple[PoissonFit | None, list[str], str]:
    """The fit, if there is one, the columns that vary, and what else to note."""
    if not added_up(np.count_nonzero, event):
        return None, [], "no events" if added_up(len, event) else "no vertebrae"
    patterns = patterns_of(event, list(columns.values()), strata)
    why_not, kept, notes = _look_over(patterns, list(columns))
    fit = None
    if not why_not:
        fit, why_not = maximise(replace(patterns, columns=patterns.columns[kept]))
    return fit, [list(columns)[place] for place in kept], joined(why_not, *notes)


def _look_over(patterns: Patterns, names: list[str]) -> tuple[str, list[int], list[str]]:
    """Why there is no maximum as far as one column shows it, which columns vary, and what the note should say."""
    with_event = patterns.events_of_stratum > 0
    notes, kept, is_stratified = [], [], len(patterns.start) > 1
    if not with_event.all():
        notes.append(f"{(~with_event).sum()} of {len(with_event)} strata have no event and say nothing")
    for place, (name, column) in enumerate(zip(names, patterns.columns, strict=True)):
        is_highest, is_lowest = (
            (column == patterns.of_stratum(patterns.by_stratum(end, column)))[patterns.events > 0].all()
            for end in (np.maximum, np.minimum)
        )
        if is_highest and is_lowest:
            same = f"the same for all vertebrae{' of each stratum with an event' if is_stratified else ''}"
            if place == 0:
                return f"the {name} is {same}", kept, notes
            notes.append(f"{name} was left out: it is {same}")
        elif is_highest or is_lowest:
            if name == EXPOSURE:
                kind, where = "unexposed" if is_highest else "exposed", " in a stratum that holds both kinds"
                what = f"no {kind} vertebra had an event{where if is_stratified else ''}"
            else:
                end = "highest" if is_highest else "lowest"
                of = f"{'the ' if place == 0 else ''}{name}{' in its stratum' if is_stratified else ''}"
                what = f"every event has the {end} value of {of}"
            return f"{what}, {NO_MAXIMUM}", kept, notes
        else:
            kept.append(place)
    return "", kept, notes
