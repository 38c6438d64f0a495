"""Cumulative incidence of a fracture where death competes."""

from dataclasses import dataclass

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.arguments import durations, label_codes, one_dimensional, same_length
from helpers.estimators.cells_in_parts import cells_of, first_events_of, sums_of
from helpers.estimators.estimate import check_conf_level
from helpers.estimators.moments import Moments
from helpers.estimators.processes import Processes, incidence_variance
from helpers.estimators.survival import Steps, log_log_limits, patients_with_event
from helpers.parted import by_part


@dataclass(frozen=True, eq=False, repr=False)
class IncidenceCurve(Steps):
    """An Aalen-Johansen curve: one entry per distinct time.

    Attributes
    ----------
    time, at_risk, events, competing, censored : array (times,)
        Counts at that time: events of the cause, of the other cause, and neither.
    incidence : array (times,)
        Probability of an event of the cause by that time.
    std_error, conf_low, conf_high : array (times,)
        On the scale of the probability; the limits are not a number while it is 0, once it is 1, or where the
        patients leave no variance (one patient, or all alike).
    """

    incidence: np.ndarray

    _curve = "incidence"


def cumulative_incidence(days, outcome, patient=None, *, cause: int = 1, conf_level: float = 0.95) -> IncidenceCurve:
    """The probability of an event of one cause by time, in the presence of the other (Aalen and Johansen).

    F(t) = sum over times s <= t of S(s-) d1_s / n_s, with S the probability of neither. Events and deaths of
    the same day are ties and stay so. The variance is the infinitesimal jackknife: the sum of squared
    influences over vertebrae (without patients) or over patients. The interval is F^exp(+-z se / (F log F)),
    log-log on F itself (as R's conf.type = "log-log" here) and not on 1 - F.

    Parameters
    ----------
    days : array, one per vertebra
    outcome : array of 0, 1 or 2, one per vertebra
        Censored, fracture, death.
    patient : array of labels, optional
        None gives the naive interval.
    cause : {1, 2}
        Which outcome the curve is of; the other competes.

    Returns
    -------
    IncidenceCurve

    Notes
    -----
    In R: ``survfit(Surv(days, factor(outcome)) ~ 1, id = row, influence = TRUE, conf.type = "log-log")``; for the
    clustered error its influence values are added up by patient (``rowsum``): survival 3.5-3 ignores ``cluster`` here.
    This is not lifelines' fitter because that moves tied times apart at random.

    References
    ----------
    .. [1] Aalen OO, Johansen S. An empirical transition matrix for non-homogeneous Markov chains based on
       censored observations. Scand J Stat 1978;5:141-150.

    Examples
    --------
    >>> curve = cumulative_incidence([1, 2, 3, 4], [1, 2, 1, 0])
    >>> curve.incidence.tolist()
    [0.25, 0.25, 0.5, 0.5]
    """
    days, outcome = durations(days), outcome_codes(outcome, cause)
    same_length(days=days, outcome=outcome, patient=patient)
    check_conf_level(conf_level)
    codes = None if patient is None else label_codes(patient, "patient")[0]
    cells = cells_of(patients=codes, days=days, outcome=outcome, shape=(1, 3))
    sums = sums_of(cells)
    told = {"n_patients": cells.n_patients, "first_events": first_events_of(cells)}
    return incidence_curve_of(cells.moments, sums, conf_level=conf_level, **told)


def incidence_curve_of(
    moments: Moments,
    sums: np.ndarray,
    *,
    n_patients: int | None,
    conf_level: float,
    first_events: np.ndarray | None = None,
) -> IncidenceCurve:
    """The curve of a cohort whose `Moments` and `coefficient_sums` have been added up from its parts."""
    process = Processes.of(moments)
    std_error = np.sqrt(incidence_variance(process, sums))
    low, high = log_log_limits(process.incidence, std_error, conf_level)
    who = "vertebrae treated as independent" if n_patients is None else "patients as clusters"
    return IncidenceCurve(
        process.time,
        process.at_risk,
        process.events,
        process.competing,
        process.censored,
        std_error,
        low,
        high,
        conf_level,
        f"Aalen-Johansen, log-log interval, {who} (infinitesimal jackknife)",
        n_patients,
        int(moments.leaving.sum()),
        int(process.events.sum()),
        None,
        patients_with_event(process, first_events),
        process.incidence,
    )


@by_part
def outcome_codes(outcome, cause: int = 1) -> np.ndarray:
    """Outcomes as 0 (censored), 1 (the cause) and 2 (what competes with it)."""
    codes = one_dimensional(outcome, "outcome")
    is_number = codes.dtype.kind in "biuf"
    is_code = (codes == 0) | (codes == 1) | (codes == 2) if is_number else np.isin(codes, [0, 1, 2])
    if not is_code.all():
        raise WorkbookError(
            f"`outcome` must be 0 (censored), 1 (fracture) or 2 (death), but got {codes[~is_code][0]!s}. "
            "Map the words to these numbers first."
        )
    if cause not in (1, 2):
        raise WorkbookError(f"`cause` must be 1 (fracture) or 2 (death), but got {cause}.")
    codes = codes.astype(np.int8, copy=False)
    return codes if cause == 1 else np.array([0, 2, 1], dtype=np.int8)[codes]
