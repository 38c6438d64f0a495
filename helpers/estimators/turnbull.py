"""Turnbull's curve: how probable a fracture is by time, when images only bracket it."""

from dataclasses import dataclass

import numpy as np

from helpers.estimators.alike import Alike
from helpers.estimators.arguments import durations, label_codes, same_length
from helpers.estimators.brackets import checked_brackets
from helpers.estimators.distinct import counted, distinct, n_distinct, runs
from helpers.estimators.estimate import Estimate, check_conf_level, not_estimable
from helpers.estimators.intervals import joined
from helpers.estimators.turnbull_masses import NO_MASS, maximise
from helpers.parted import added_up, in_parts

NO_INTERVAL = "no interval: the usual theory does not hold for this curve (the Weibull hazard ratio has one)"


@dataclass(frozen=True, eq=False, repr=False)
class TurnbullCurve:
    """Where the probability lies, as far as brackets can tell.

    Attributes
    ----------
    after, through : array (intervals,)
        The innermost intervals (after, through] that hold probability, in order; after == through is one day
        exactly, and through is infinite for what lies beyond the last clean image.
    mass : array (intervals,)
        The probability of each; they add up to 1. How it lies inside an interval is not determined.
    n_vertebrae, n_events : int
        Vertebrae, and those ever seen fractured.
    n_patients : int or None
        None where no patients were given.
    """

    after: np.ndarray
    through: np.ndarray
    mass: np.ndarray
    n_vertebrae: int
    n_events: int
    n_patients: int | None = None

    def __repr__(self) -> str:
        end = f"to {self.through[-1]:g}" if np.isfinite(self.through[-1]) else "on"
        return (
            f"TurnbullCurve({self.n_vertebrae:,} vertebrae, {self.n_events:,} events, "
            f"{len(self.mass):,} intervals from day {self.after[0]:g} {end})"
        )

    def incidence_at(self, times) -> tuple[np.ndarray, np.ndarray]:
        """The least and the most probability of a fracture by chosen times: they differ inside an interval."""
        times = durations(np.atleast_1d(times), "times")
        total = np.r_[0.0, np.minimum(np.cumsum(self.mass), 1)]
        begun = np.searchsorted(self.after, times, "left")
        ended = np.searchsorted(self.through, times, "right")
        return total[ended], total[np.maximum(begun, ended)]


def turnbull(left, right, patient=None) -> TurnbullCurve:
    """The nonparametric maximum likelihood estimate of the time to a fracture known only to lie in (left, right].

    It maximises sum of log L_i, L_i the probability of the i-th bracket. Only innermost intervals, from a left end
    to the next right end with no other end between, can hold probability [1]_. Every round takes one step of
    Turnbull's self-consistency, p_j <- p_j g_j with g_j the mean over vertebrae of [j in bracket i] / L_i, and one
    of Newton's method on the masses above zero [3]_. It ends when g_j = 1 wherever there is mass and g_j <= 1
    elsewhere, to 1e-9: the conditions under which no other curve is more likely [2]_.

    Parameters
    ----------
    left, right : array, one per vertebra
        Last clean image and first positive one; right is infinite for a vertebra never seen fractured, left == right
        is a time known exactly. Whole days known to the day are (d - 1, d], or d and d.
    patient : array of labels, optional
        For the count of patients only.

    Returns
    -------
    TurnbullCurve
        Without vertebrae, all mass in (0, infinity]: nothing is known.

    Notes
    -----
    In R: ``survival::survfit(Surv(left, right, type = "interval2") ~ 1)``, which stops earlier. This is not lifelines'
    ``npmle`` because that takes brackets as closed, so that (0, 5] and (5, 10] share day 5 and a fracture in each is
    one on day 5, and because it needs some 20 s for 6,500 vertebrae in 500 brackets where this needs 0.02 s.

    References
    ----------
    .. [1] Turnbull BW. The empirical distribution function with arbitrarily grouped, censored and truncated data. J R
       Stat Soc B 1976;38:290-295.
    .. [2] Gentleman R, Geyer CJ. Maximum likelihood for interval censored data: consistency and computation.
       Biometrika 1994;81:618-623.
    .. [3] Wang Y. On fast computation of the non-parametric maximum likelihood estimate of a mixing distribution. J R
       Stat Soc B 2007;69:185-198.

    Examples
    --------
    Fractures in (0, 5] and (5, 10], one somewhere in (0, 10], and a vertebra clean through day 10:

    >>> curve = turnbull([0, 5, 0, 10], [5, 10, 10, np.inf])
    >>> curve.after.tolist(), curve.through.tolist(), curve.mass.round(4).tolist()
    ([0.0, 5.0, 10.0], [5.0, 10.0, inf], [0.375, 0.375, 0.25])
    >>> low, high = curve.incidence_at([5, 7])
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.375, 0.375], [0.375, 0.75])
    """
    same_length(left=left, right=right, patient=patient)
    n_patients = None if patient is None else added_up(n_distinct, label_codes(patient, "patient")[0])
    left, right, alike = _alike(left, right)
    n_vertebrae = int(alike.sum())
    if not n_vertebrae:
        return TurnbullCurve(np.zeros(1), np.full(1, np.inf), np.ones(1), 0, 0, n_patients)
    times, after, through = distinct(left, right)
    brackets, count = counted(after * np.int64(len(times)) + through, alike)
    after, through = np.divmod(brackets, len(times))
    # At one time an exact bracket opens, then brackets close, then (left, ...] open: three places in one order.
    opens, closes = 3 * after + np.where(after == through, 0, 2), 3 * through + 1
    ends = np.flatnonzero(np.bincount(np.concatenate([opens, closes])))
    is_innermost = (ends[:-1] % 3 != 1) & (ends[1:] % 3 == 1)
    inner_opens, inner_closes = ends[:-1][is_innermost], ends[1:][is_innermost]
    first = np.searchsorted(inner_opens, opens, "left")
    beyond = np.searchsorted(inner_closes, closes, "right")
    size = len(inner_opens) + 1
    held, total = counted(first * size + beyond, count)
    mass = maximise(held // size, held % size, total / n_vertebrae, size - 1)
    kept = mass > NO_MASS
    return TurnbullCurve(
        times[inner_opens[kept] // 3],
        times[inner_closes[kept] // 3],
        mass[kept] / mass[kept].sum(),
        n_vertebrae,
        int(count[np.isfinite(times[through])].sum()),
        n_patients,
    )


def _alike(left, right) -> tuple[np.ndarray, ...]:
    """Brackets, and how many are alike; of parts all that differ are brought together, at most one for two days."""
    checked = checked_brackets(left, right)
    if in_parts(checked):
        together = added_up(Alike.of, checked[0], checked[1])
        return *together.columns, together.count
    start, alike = runs(*checked)
    return *(ends[start] for ends in checked), alike


def interval_censored_risk(left, right, patient=None, *, horizon_days: float, conf_level: float = 0.95) -> Estimate:
    """The probability of a fracture by a horizon, when images only bracket it (from Turnbull's curve).

    The mass of an innermost interval that straddles the horizon is shared out in proportion to time; the note tells
    the bounds that do not rest on this. There is no interval around it.

    Parameters
    ----------
    left, right : array, one per vertebra
        As in `turnbull`.
    patient : array of labels, optional
        For the count of patients only.
    horizon_days : float
        Not beyond the last day that a vertebra was known clean, unless all have fractured.

    Returns
    -------
    Estimate
        In the unit "probability"; `n_events` are the fractures ever seen, as one may lie on either side of the horizon.

    Notes
    -----
    In R: ``summary(survfit(Surv(left, right, type = "interval2") ~ 1), times = horizon_days)``, which stops earlier and
    puts the mass of an innermost interval at its middle instead of sharing it out.

    Examples
    --------
    >>> risk = interval_censored_risk([0, 5, 0, 10], [5, 10, 10, np.inf], horizon_days=7)
    >>> round(risk.estimate, 4), risk.note.split(",")[0]
    (0.525, 'the images alone leave it between 0.375 and 0.75')
    """
    check_conf_level(conf_level)
    return risk_of(turnbull(left, right, patient), horizon_days=horizon_days, conf_level=conf_level)


def risk_of(curve: TurnbullCurve, *, horizon_days: float, conf_level: float = 0.95) -> Estimate:
    """The same from a curve that is there already."""
    check_conf_level(conf_level)
    measure, unit = "risk by horizon, interval-censored", "probability"
    evidence = {
        "conf_level": conf_level,
        "method": f"Turnbull's nonparametric curve by day {horizon_days:g}",
        "n_patients": curve.n_patients,
        "n_vertebrae": curve.n_vertebrae,
        "n_events": curve.n_events,
    }
    if not curve.n_vertebrae:
        return not_estimable(measure, "no vertebra is bracketed by images", unit=unit, **evidence)
    if not 0 < horizon_days < np.inf:
        return not_estimable(measure, "the horizon must lie after day 0 and be finite", unit=unit, **evidence)
    (low,), (high,) = curve.incidence_at(horizon_days)
    is_straddling = (curve.after < horizon_days) & (curve.through > horizon_days)
    bounds = f"the images alone leave it between {low:.4g} and {high:.4g}"
    if (is_straddling & np.isinf(curve.through)).any():
        why = f"no vertebra was known clean after day {curve.after[-1]:g}, before the horizon: {bounds}"
        return not_estimable(measure, why, unit=unit, **evidence)
    value, shared_out = float(low), ""
    if is_straddling.any():
        after, through = curve.after[is_straddling][0], curve.through[is_straddling][0]
        value += float((high - low) * (horizon_days - after) / (through - after))
        shared_out = f"{bounds}, and days {after:g} to {through:g} share it in proportion to time"
    note = joined(shared_out, NO_INTERVAL)
    return Estimate(measure, value, None, None, p_value=None, unit=unit, note=note, **evidence)
