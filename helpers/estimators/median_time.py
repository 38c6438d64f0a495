"""Median times, always with the words for whose median it is."""

from dataclasses import replace

import numpy as np

from helpers.estimators.arguments import durations, flags, label_codes, same_length
from helpers.estimators.estimate import Estimate, not_estimable
from helpers.estimators.intervals import NO_INTERVAL, joined
from helpers.estimators.survival import Curve, kaplan_meier

# Vertebrae still at risk below which one event more or less moves the curve by a tenth and more.
FEW_AT_RISK = 10
ON_ONE_DAY = "both limits fall on that day"
# R's tolerance for "the curve is exactly one half here".
TOLERANCE = float(np.sqrt(np.finfo(float).eps))


def median_time(curve: Curve) -> Estimate:
    """The time by which half of all vertebrae at risk have had the event.

    The first time at which the curve is below one half; where it lies exactly at one half for a while, the
    middle of that while. The interval inverts the band [1]_: its limits are where the lower and the upper
    band cross one half.

    Parameters
    ----------
    curve : Curve
        From `kaplan_meier`; clustered where that was.

    Returns
    -------
    Estimate
        In days. Where the curve stays above one half there is no value and the note says "not reached". A note also
        says where fewer than ten vertebrae were still at risk when the curve fell to one half, and where fewer than
        twenty patients had the event.

    Notes
    -----
    In R: ``quantile(survfit(Surv(days, event) ~ 1, conf.type = "log-log"), 0.5)``. R's default band is
    another (``conf.type = "log"``), so its printed limits differ. Where both limits are the median itself R prints
    them; here there is no interval if so few vertebrae were at risk, as one step then carries the band past one half.

    References
    ----------
    .. [1] Brookmeyer R, Crowley J. A confidence interval for the median survival time. Biometrics
       1982;38:29-41.

    Examples
    --------
    >>> median_time(kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1])).estimate
    2.5
    >>> median_time(kaplan_meier([1, 2, 3, 4], [1, 0, 0, 0])).note
    'not reached: fewer than half had the event by the end of follow-up'
    """
    if not curve.n_vertebrae:
        return not_estimable(
            "median time",
            "no vertebrae at risk",
            unit="days",
            conf_level=curve.conf_level,
            method=curve.method,
            n_patients=curve.n_patients,
            n_vertebrae=0,
            n_events=0,
        )
    median = _inverted(curve)
    if not median.is_estimable:
        return median
    at_risk = int(curve.at_risk[np.argmax(curve.survival <= 0.5 + TOLERANCE)])
    if at_risk >= FEW_AT_RISK:
        return median
    note = f"only {at_risk} {'vertebra was' if at_risk == 1 else 'vertebrae were'} still at risk by then"
    if median.conf_low is not None and median.conf_low == median.conf_high:
        note = joined(note, f"no interval: {ON_ONE_DAY}")
        return replace(median, conf_low=None, conf_high=None, note=note)
    return replace(median, note=joined(note, median.note))


def median_among_events(days, event, patient=None, *, conf_level: float = 0.95) -> Estimate:
    """The median time among the vertebrae that had the event; the others are left out.

    This conditions on the outcome: it says how soon fractures came among those that came, not how soon half
    of the vertebrae would fracture. It is here to stand beside published medians of that kind.

    Parameters
    ----------
    days : array, one per vertebra
    event : array of bool, one per vertebra
    patient : array of labels, optional
        None gives the naive interval.

    Returns
    -------
    Estimate
        In days, with the counts of the vertebrae that had the event and of their patients.

    Notes
    -----
    In R: ``quantile(survfit(Surv(days, event) ~ 1, subset = event == 1, conf.type = "log-log", cluster = patient),
    0.5)``.

    Examples
    --------
    >>> median_among_events([10, 20, 60, 700], [1, 1, 1, 0]).estimate
    20.0
    """
    days, event = durations(days), flags(event, "event")
    same_length(days=days, event=event, patient=patient)
    whose = None if patient is None else label_codes(patient, "patient")[0][event]
    curve = kaplan_meier(days[event], event[event], whose, conf_level=conf_level)
    if not curve.n_vertebrae:
        return not_estimable(
            "median time among events",
            "no events",
            unit="days",
            conf_level=conf_level,
            method=curve.method,
            n_patients=curve.n_patients,
            n_vertebrae=0,
            n_events=0,
        )
    # All have the event, so that half of them are still at risk at their median, however few they are.
    among = _inverted(curve)
    method = among.method + "; only vertebrae with the event (conditions on the outcome)"
    return replace(among, measure="median time among events", method=method)


def _inverted(curve: Curve) -> Estimate:
    """Where a curve and its band pass one half."""
    value, low, high = (_crossing(curve.time, band) for band in (curve.survival, curve.conf_low, curve.conf_high))
    note = ""
    if value is None:
        note = "not reached: fewer than half had the event by the end of follow-up"
    elif low is None and high is None:
        note = NO_INTERVAL
    elif high is None:
        note = "upper limit not reached"
    if low is not None or high is not None:
        note = joined(note, ON_ONE_DAY if low == high else "", curve.few_patients())
    return Estimate(
        "median time",
        value,
        low,
        high,
        curve.conf_level,
        None,
        curve.method + ", band inverted at one half",
        "days",
        curve.n_patients,
        curve.n_vertebrae,
        curve.n_events,
        note=note,
    )


def _crossing(time: np.ndarray, band: np.ndarray) -> float | None:
    """Where a falling band passes one half; None where it does not."""
    # Beyond its end a band is unknown (nan), which compares as false.
    at_or_below = np.flatnonzero(band <= 0.5 + TOLERANCE)
    if not len(at_or_below):
        return None
    first = at_or_below[0]
    if abs(band[first] - 0.5) > TOLERANCE:
        return float(time[first])
    below = np.flatnonzero(band < 0.5 - TOLERANCE)
    # As R: a curve that ends at one half is taken to the end of follow-up.
    last = below[0] if len(below) else np.flatnonzero(~np.isnan(band))[-1]
    return float(time[first] + time[last]) / 2
