"""Curves of several groups as one table, for figures and files."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from helpers.estimators.cumulative_incidence import IncidenceCurve
from helpers.estimators.estimate import Estimate, not_estimable
from helpers.estimators.survival import Steps


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
        In the unit "probability".

    Notes
    -----
    In R: ``summary(survfit(Surv(days, factor(outcome)) ~ group, id = row, influence = TRUE), times = day)``; for the
    clustered error the influence values are added up by patient (``rowsum``), because ``cluster`` is ignored there.
    """
    return {group: _incidence_on(curve, day) for group, curve in curves.items()}


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


def _incidence_on(curve: IncidenceCurve, day: float) -> Estimate:
    seen = curve.time <= day
    evidence = {
        "unit": "probability",
        "conf_level": curve.conf_level,
        "method": f"{curve.method}, at day {day:g}",
        "n_patients": curve.n_patients,
        "n_vertebrae": curve.n_vertebrae,
        "n_events": int(curve.events[seen].sum()),
    }
    if not len(curve.time) or day > curve.time[-1]:
        last = f"{curve.time[-1]:g}" if len(curve.time) else "0"
        return not_estimable("cumulative incidence", f"nobody was followed beyond day {last}", **evidence)
    if not seen.any():
        return Estimate("cumulative incidence", 0.0, None, None, p_value=None, note="no event so far", **evidence)
    at = int(seen.sum()) - 1
    low, high, error = (float(band[at]) for band in (curve.conf_low, curve.conf_high, curve.std_error))
    has_band = np.isfinite([low, high, error]).all()
    return Estimate(
        "cumulative incidence",
        float(curve.incidence[at]),
        low if has_band else None,
        high if has_band else None,
        p_value=None,
        std_error=error if has_band else None,
        note="" if has_band else "no event so far" if not curve.incidence[at] else "no interval",
        **evidence,
    )


def _steps(steps: Steps) -> pd.DataFrame:
    start = {"time": 0.0, "at_risk": steps.n_vertebrae, "events": 0, "competing": 0, "censored": 0}
    names = ("time", "at_risk", "events", "competing", "censored", "conf_low", "conf_high")
    frame = pd.DataFrame({name: getattr(steps, name) for name in names} | {"estimate": steps.value_at(steps.time)})
    if len(steps.time) and steps.time[0] == 0:
        return frame
    height = steps.value_at([0.0])[0]
    first = pd.DataFrame([start | {"estimate": height, "conf_low": np.nan, "conf_high": np.nan}])
    return pd.concat([first, frame], ignore_index=True) if len(frame) else first
