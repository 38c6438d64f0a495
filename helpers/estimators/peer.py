"""The same Cox model in lifelines, to stand beside ours."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.estimators.arguments import durations, flags, label_codes, same_length
from helpers.estimators.estimate import Estimate, TwoByTwo, check_conf_level, not_estimable
from helpers.parted import Parted, added_up, gathered, in_parts

# Beyond it lifelines needs many seconds, and more memory than the cohort.
MOST_VERTEBRAE = 50_000
METHOD = "lifelines CoxPHFitter, Efron ties, vertebrae treated as independent"
TO_THE_END = {"precision": 1e-12}  # its default stops 2e-6 short of the maximum


def lifelines_hazard_ratio(days, event, exposed, *, conf_level: float = 0.95) -> Estimate:
    """The naive hazard ratio as lifelines fits it.

    Without clusters on purpose: lifelines' error with clusters depends on the order of tied rows. Rows in parts are
    brought together for it: take them of `first_patients`.

    Parameters
    ----------
    days : array, one per vertebra
    event, exposed : array of bool, one per vertebra

    Returns
    -------
    Estimate
        Without a value where lifelines finds none, or warns that what it found is none.

    Notes
    -----
    In R: ``coxph(Surv(days, event) ~ exposed)``.

    Examples
    --------
    >>> fitted = lifelines_hazard_ratio([1, 2, 3, 4], [1, 1, 1, 1], [1, 0, 1, 0])
    >>> round(fitted.estimate, 2)
    2.56
    """
    from lifelines import CoxPHFitter  # as long as all other imports of a notebook; one of them needs it
    from lifelines.exceptions import ConvergenceError

    days, event, exposed = map(gathered, (durations(days), flags(event, "event"), flags(exposed, "exposed")))
    same_length(days=days, event=event, exposed=exposed)
    check_conf_level(conf_level)
    rows = pd.DataFrame({"days": days, "event": event, "exposed": exposed.astype(float)})
    evidence = {
        "conf_level": conf_level,
        "method": METHOD,
        "unit": "ratio",
        "n_patients": None,
        "n_vertebrae": len(rows),
        "n_events": int(event.sum()),
        "behind": TwoByTwo(*(int(rows.sum()) for rows in (event & exposed, exposed, event & ~exposed, ~exposed))),
    }
    why = "lifelines finds no maximum of the likelihood"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # lifelines warns where a coefficient runs away
            fitter = CoxPHFitter(alpha=1 - conf_level).fit(rows, "days", "event", fit_options=TO_THE_END)
    except (ConvergenceError, Warning, ValueError, KeyError, ZeroDivisionError, IndexError):
        return not_estimable("hazard ratio", why, **evidence)
    fitted = fitter.summary.loc["exposed"]
    level = f"{100 * conf_level:g}%"
    names = ("exp(coef)", f"exp(coef) lower {level}", f"exp(coef) upper {level}", "p", "se(coef)")
    values = fitted.reindex(names).to_numpy(dtype=float)
    if not np.isfinite(values).all():
        return not_estimable("hazard ratio", why, **evidence)
    ratio, low, high, p_value, std_error = map(float, values)
    return Estimate("hazard ratio", ratio, low, high, p_value=p_value, std_error=std_error, **evidence)


@dataclass(frozen=True, eq=False)
class FirstPatients:
    """Whom both programs are given.

    Attributes
    ----------
    kept : array of bool, one per vertebra
    told : str
        What a caption adds about them; empty where they are all there are.
    """

    kept: np.ndarray
    told: str


def first_patients(patient, *, most: int = MOST_VERTEBRAE) -> FirstPatients:
    """All patients, or the first by key that have no more vertebrae than lifelines takes in good time.

    The keys of patients are numbered in random order, so the first are a random sample.

    Parameters
    ----------
    patient : array of labels, one per vertebra
        First are the first categories, or else the smallest whole numbers, or else those that come first.
    most : int

    Examples
    --------
    >>> first = first_patients(["p1", "p1", "p2", "p3", "p3"], most=4)
    >>> first.kept.tolist(), first.told
    ([True, True, True, False, False], ', on the first 2 patients (keys are in random order)')
    """
    if in_parts(patient):
        return _first_in_parts(patient, most)
    codes, n_codes = label_codes(patient, "patient")
    if len(codes) <= most:
        return FirstPatients(np.ones(len(codes), dtype=bool), "")
    vertebrae = np.bincount(codes, minlength=n_codes)
    is_first = np.cumsum(vertebrae) <= most
    return FirstPatients(is_first[codes], _told(np.count_nonzero(vertebrae[is_first])))


def _first_in_parts(patient: Parted, most: int) -> FirstPatients:
    """The first patients of a cohort are the first of their part, as keys come in order there."""
    if added_up(len, patient) <= most:
        return FirstPatients(patient.map(_nobody_but), "")
    vertebrae = pd.concat(patient.map(_first_counts, most).each())
    # Keys differ in length where there are more than a million.
    vertebrae = vertebrae.iloc[np.lexsort((vertebrae.index, vertebrae.index.str.len()))]
    first = vertebrae.index[np.cumsum(vertebrae) <= most]
    return FirstPatients(patient.map(_nobody_but, set(first)), _told(len(first)))


def _first_counts(patient, most: int) -> pd.Series:
    """Of the first patients of a part, with no more vertebrae than `most` and one patient's: how many each has."""
    codes, n_codes = label_codes(patient, "patient")
    vertebrae = np.bincount(codes, minlength=n_codes)
    is_first = (vertebrae > 0) & (np.cumsum(vertebrae) - vertebrae <= most)
    categories = getattr(patient, "array", patient).categories
    return pd.Series(vertebrae[is_first], index=categories[is_first])


def _nobody_but(patient, first: set | None = None) -> np.ndarray:
    """Which vertebrae are of these patients; all where none are named."""
    if first is None:
        return np.ones(len(patient), dtype=bool)
    categorical = getattr(patient, "array", patient)
    return np.array(categorical.categories.isin(first), dtype=bool)[categorical.codes]


def _told(n_first: int) -> str:
    return f", on the first {n_first:,} patients (keys are in random order)"
