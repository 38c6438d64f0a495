"""Curves of several groups as one table, for figures and files."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.estimators.cumulative_incidence import IncidenceCurve
from helpers.estimators.estimate import Estimate, not_estimable
from helpers.estimators.intervals import NO_INTERVAL
from helpers.estimators.survival import NO_VARIATION, Curve, Steps
from helpers.estimators.turnbull import TurnbullCurve, risk_of


def curve_table(curves: Mapping[str, Steps], *, curve: str) -> pd.DataFrame:
    """Every step of every curve.

    Parameters
    ----------
    curves : mapping of str to Curve or IncidenceCurve
        By group, in the order they are shown.
    curve : str
        What the curves are, e.g. "cumulative incidence".

    Returns
    -------
    DataFrame
        curve, group, time, at_risk, events, competing, censored, estimate, conf_low, conf_high; starts at day
        0. Limits that do not exist (before the first event) are missing.
    """
    parts = [_steps(steps).assign(curve=curve, group=group) for group, steps in curves.items()]
    columns = ["curve", "group", "time", "at_risk", "events", "competing", "censored"]
    return pd.concat(parts, ignore_index=True)[[*columns, "estimate", "conf_low", "conf_high"]]


def incidence_at(curves: Mapping[str, IncidenceCurve], day: float) -> dict[str, Estimate]:
    """The cumulative incidence of each group on one day, with the interval of its curve.

    Parameters
    ----------
    curves : mapping of str to IncidenceCurve
    day : float
        Within follow-up; beyond the last day seen in a group there is no value.

    Returns
    -------
    dict of str to Estimate
        In the unit "probability"; a note says where few patients had the event by then.

    Notes
    -----
    In R: ``summary(survfit(Surv(days, factor(outcome)) ~ group, id = row, influence = TRUE), times = day)``; for the
    clustered error the influence values are added up by patient (``rowsum``), because ``cluster`` is ignored there.
    """
    return {group: _height_on(curve, day, "cumulative incidence") for group, curve in curves.items()}


def survival_at(curves: Mapping[str, Curve], days: Sequence[float]) -> dict[str, Estimate]:
    """The probability of no fracture so far on chosen days, with the interval of the curve it is read from.

    A naive and a clustered curve of the same vertebrae put Greenwood's interval and that of patients as clusters side
    by side.

    Parameters
    ----------
    curves : mapping of str to Curve
        By group, or by what the interval takes to be independent.
    days : sequence of float
        Within follow-up; beyond the last day seen in a curve there is no value.

    Returns
    -------
    dict of str to Estimate
        By curve and day in words: "next to cement, day 90". In the unit "probability"; a note says where few patients
        had the event by then.

    Notes
    -----
    In R: ``summary(survfit(Surv(days, event) ~ 1, conf.type = "log-log", cluster = patient), times = days)``.

    Examples
    --------
    >>> from helpers.estimators.survival import kaplan_meier
    >>> (free,) = survival_at({"all": kaplan_meier([10, 20, 30, 40], [1, 0, 1, 0])}, [30]).values()
    >>> free.estimate, round(free.conf_low, 3), round(free.conf_high, 3)
    (0.375, 0.011, 0.808)
    """
    return {
        f"{name}, day {day:g}": _height_on(curve, day, "probability free of fracture")
        for name, curve in curves.items()
        for day in days
    }


def bracketed_at(curves: Mapping[str, TurnbullCurve], day: float, *, conf_level: float = 0.95) -> dict[str, Estimate]:
    """The probability of a fracture by a day, from the interval-censored curve of each group; there is no interval.

    Parameters
    ----------
    curves : mapping of str to TurnbullCurve
    day : float
    conf_level : float
        For the record.

    Returns
    -------
    dict of str to Estimate
        See `helpers.estimators.turnbull.interval_censored_risk`.
    """
    return {group: risk_of(curve, horizon_days=day, conf_level=conf_level) for group, curve in curves.items()}


def counts_table(curves: Mapping[str, Steps], times) -> pd.DataFrame:
    """At risk just before, and events, deaths and censored up to and including, each of the chosen days."""
    parts = []
    for group, steps in curves.items():
        counts = steps.counts_at(times)
        parts.append(
            pd.DataFrame(
                {
                    "group": group,
                    "time": counts.time,
                    "at_risk": counts.at_risk,
                    "events": counts.events,
                    "deaths": counts.competing,
                    "censored": counts.censored,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def censoring_times(curves: Mapping[str, Steps]) -> pd.DataFrame:
    """The distinct days with a censored vertebra, by group."""
    parts = [pd.DataFrame({"group": group, "time": steps.time[steps.censored > 0]}) for group, steps in curves.items()]
    return pd.concat(parts, ignore_index=True)


def event_times(curves: Mapping[str, Steps]) -> pd.DataFrame:
    """How many events (n) there were on each day that had one, by group: group, days, n."""
    parts = [
        pd.DataFrame({"group": group, "days": steps.time, "n": steps.events})[steps.events > 0]
        for group, steps in curves.items()
    ]
    return pd.concat(parts, ignore_index=True)


def bracket_table(curves: Mapping[str, TurnbullCurve]) -> pd.DataFrame:
    """The innermost intervals of interval-censored curves: group, after, through, low, high.

    `low` is the share with an event by `after`, `high` the share by `through`; in between it is not determined.
    """
    parts = []
    for group, curve in curves.items():
        total = np.r_[0.0, np.cumsum(curve.mass)]
        bounds = {"after": curve.after, "through": curve.through, "low": total[:-1], "high": total[1:]}
        parts.append(pd.DataFrame({"group": group} | bounds))
    return pd.concat(parts, ignore_index=True)


def _height_on(curve: Steps, day: float, measure: str) -> Estimate:
    n_events = int(curve.events[curve.time <= day].sum())
    evidence = {
        "unit": "probability",
        "conf_level": curve.conf_level,
        "method": f"{curve.method}, at day {day:g}",
        "n_patients": curve.n_patients,
        "n_vertebrae": curve.n_vertebrae,
        "n_events": n_events,
    }
    last = float(curve.time[-1]) if len(curve.time) else 0.0
    if not len(curve.time) or day > last:
        return not_estimable(measure, f"nobody was followed beyond day {last:g}", **evidence)
    height = float(curve.value_at(day)[0])
    # Before the first time seen there is no band either.
    at = int(np.searchsorted(curve.time, day, side="right")) - 1
    low, high, error = (float(band[at]) for band in (curve.conf_low, curve.conf_high, curve.std_error))
    if at >= 0 and np.isfinite([low, high, error]).all():
        return Estimate(
            measure, height, low, high, p_value=None, std_error=error, note=curve.few_patients(day), **evidence
        )
    is_certain = height * (1 - height) <= NO_VARIATION
    why = "no event so far" if not n_events else "nothing but events so far" if is_certain else NO_INTERVAL
    return Estimate(measure, height, None, None, p_value=None, note=why, **evidence)


def _steps(steps: Steps) -> pd.DataFrame:
    start = {"time": 0.0, "at_risk": steps.n_vertebrae, "events": 0, "competing": 0, "censored": 0}
    names = ("time", "at_risk", "events", "competing", "censored", "conf_low", "conf_high")
    frame = pd.DataFrame({name: getattr(steps, name) for name in names} | {"estimate": steps.value_at(steps.time)})
    if len(steps.time) and steps.time[0] == 0:
        return frame
    height = steps.value_at([0.0])[0]
    first = pd.DataFrame([start | {"estimate": height, "conf_low": np.nan, "conf_high": np.nan}])
    return pd.concat([first, frame], ignore_index=True) if len(frame) else first
