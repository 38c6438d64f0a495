"""Kaplan-Meier curves with patients as clusters, and the counts that stand under them."""

from dataclasses import dataclass

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.arguments import durations, flags, label_codes, same_length
from helpers.estimators.cells_in_parts import cells_of, first_events_of, sums_of
from helpers.estimators.estimate import check_conf_level
from helpers.estimators.intervals import FEW_PATIENTS, VERY_FEW, VERY_FEW_PATIENTS, critical_value
from helpers.estimators.moments import Moments
from helpers.estimators.processes import Processes, incidence_variance
from helpers.parted import by_part, gathered

# Less than one vertebra in a million million; sums of steps reach 0 and 1 up to rounding.
NO_VARIATION = 1e-12
# On the logit scale no standard error is smaller than this below a million million events.
NO_ERROR = 1e-6
# Patients with the event below which `make calibrate` finds intervals with the normal quantile too short.
FEW_WITH_EVENT = 20


@dataclass(frozen=True, eq=False)
class Counts:
    """The table under a figure, at chosen times.

    `at_risk` is R's n.risk: the vertebrae whose time is `time` or later (and that have entered before).
    `events`, `competing` and `censored` are cumulative, up to and including `time`.
    """

    time: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    competing: np.ndarray
    censored: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Steps:
    """What every curve holds at each distinct time: how many were at risk, had the event, or left.

    `patients_with_event` is how many patients had an event at that time or before; None where no patients were given.
    """

    time: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    competing: np.ndarray
    censored: np.ndarray
    std_error: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    conf_level: float
    method: str
    n_patients: int | None
    n_vertebrae: int
    n_events: int
    entry: np.ndarray | None
    patients_with_event: np.ndarray | None

    # Which field holds the curve, and where it starts.
    _curve = ""
    _start = 0.0

    def __repr__(self) -> str:
        end = f" to day {self.time[-1]:g}" if len(self.time) else ""
        return (
            f"{type(self).__name__}({self.n_vertebrae:,} vertebrae, {self.n_events:,} events, "
            f"{len(self.time):,} times{end})"
        )

    def counts_at(self, times) -> Counts:
        """The counts at chosen times (in R, ``summary(fit, times = times)``, events summed up)."""
        times = durations(np.atleast_1d(times), "times")
        through, before = (np.searchsorted(self.time, times, side) for side in ("right", "left"))
        totals = {name: np.r_[0, np.cumsum(getattr(self, name))] for name in ("events", "competing", "censored")}
        entered = self.n_vertebrae
        if self.entry is not None:
            # Who enters at 0 is under observation at 0, as in a plain curve.
            entered = np.searchsorted(self.entry, times, "left") + (times == 0) * (self.entry == 0).sum()
        left = sum(total[before] for total in totals.values())
        return Counts(times, entered - left, *(total[through] for total in totals.values()))

    def value_at(self, times) -> np.ndarray:
        """The height of the curve at chosen times."""
        times = durations(np.atleast_1d(times), "times")
        heights = np.r_[self._start, getattr(self, self._curve)]
        return heights[np.searchsorted(self.time, times, "right")]

    def few_patients(self, through: float = np.inf) -> str:
        """What to bear in mind of an interval where few patients had the event by a day; empty where enough had."""
        if self.patients_with_event is None:
            return ""
        n_patients = np.r_[0, self.patients_with_event][np.searchsorted(self.time, through, "right")]
        return VERY_FEW_PATIENTS if n_patients < VERY_FEW else FEW_PATIENTS if n_patients < FEW_WITH_EVENT else ""


@dataclass(frozen=True, eq=False, repr=False)
class Curve(Steps):
    """A Kaplan-Meier curve: one entry per distinct time, those with censoring only included (as R's survfit).

    Attributes
    ----------
    time, at_risk, events, competing, censored : array (times,)
        Counts at that time; `at_risk` just before it. `competing` is zero here.
    survival : array (times,)
        Probability of no event through that time.
    std_error, conf_low, conf_high : array (times,)
        On the scale of the probability. Not a number where survival is 0, the limits also where it is still
        1 or where the patients leave no variance (one patient, or all alike).
    """

    survival: np.ndarray

    _curve = "survival"
    _start = 1.0


def kaplan_meier(days, event, patient=None, *, conf_level: float = 0.95, entry=None) -> Curve:
    """The probability of having had no event, by time.

    S(t) = product over times s <= t of (1 - d_s / n_s). Without patients the variance is Greenwood's, S^2 sum
    d / (n (n - d)). With patients it is the sum over patients of their influence on S(t), squared (the
    infinitesimal jackknife), which is Greenwood's when every vertebra has a patient of its own. The interval
    is S^exp(+-z se / (S log S)) (log-log).

    Parameters
    ----------
    days : array, one per vertebra
        Time to the event or to the end of follow-up; zero is allowed.
    event : array of bool, one per vertebra
    patient : array of labels, optional
        None gives the naive interval.
    entry : array, optional
        Days after which the vertebra is under observation (at risk at t when entry < t <= days).

    Returns
    -------
    Curve

    Notes
    -----
    In R: ``survfit(Surv(days, event) ~ 1, conf.type = "log-log", cluster = patient)``. This is not lifelines'
    fitter because that has no clustered variance and its counts at risk are not R's; the tests hold the two
    together.

    References
    ----------
    .. [1] Kaplan EL, Meier P. Nonparametric estimation from incomplete observations. J Am Stat Assoc
       1958;53:457-481.
    .. [2] Therneau TM, Grambsch PM. Modeling Survival Data, 2000, chapters 2 and 7.

    Examples
    --------
    >>> curve = kaplan_meier([1, 2, 2, 3, 5], [1, 1, 0, 1, 1])
    >>> curve.survival.round(3).tolist(), curve.at_risk.tolist()
    ([0.8, 0.6, 0.3, 0.0], [5, 4, 2, 1])
    >>> curve.counts_at([0, 2, 4]).at_risk.tolist()
    [5, 4, 1]
    """
    days, event = durations(days), flags(event, "event")
    same_length(days=days, event=event, patient=patient, entry=entry)
    check_conf_level(conf_level)
    entry = checked_entry(entry, days)
    codes = None if patient is None else label_codes(patient, "patient")[0]
    cells = cells_of(patients=codes, days=days, outcome=event, entry=entry, shape=(1, 2))
    sums = None if codes is None else sums_of(cells)
    entry = None if entry is None else np.sort(gathered(entry))
    told = {"n_patients": cells.n_patients, "first_events": first_events_of(cells)}
    return curve_of(cells.moments, sums, conf_level=conf_level, entry=entry, **told)


def curve_of(
    moments: Moments,
    sums: np.ndarray | None = None,
    *,
    n_patients: int | None = None,
    conf_level: float = 0.95,
    entry: np.ndarray | None = None,
    first_events: np.ndarray | None = None,
) -> Curve:
    """The curve of a cohort whose `Moments` and `coefficient_sums` (None: naive) have been added up from its parts.

    `first_events` is how many patients have their first event at each moment.
    """
    process = Processes.of(moments)
    survival = process.survival
    if sums is None:
        method = "Kaplan-Meier, log-log interval (Greenwood), vertebrae treated as independent"
        with np.errstate(divide="ignore", invalid="ignore"):
            at_risk, d = process.at_risk, process.events
            variance = survival**2 * np.cumsum(np.where(d > 0, d / (at_risk * (at_risk - d)), 0.0))
    else:
        method = "Kaplan-Meier, log-log interval with patients as clusters (infinitesimal jackknife)"
        # One minus the curve is the cumulative incidence when nothing competes.
        variance = incidence_variance(process, sums)
    std_error = np.where(survival > 0, np.sqrt(variance), np.nan)
    low, high = log_log_limits(survival, std_error, conf_level)
    return Curve(
        process.time,
        process.at_risk,
        process.events,
        process.competing,
        process.censored,
        std_error,
        low,
        high,
        conf_level,
        method,
        n_patients,
        int(moments.leaving.sum()),
        int(process.events.sum()),
        entry,
        patients_with_event(process, first_events),
        survival,
    )


def patients_with_event(process: Processes, first_events: np.ndarray | None) -> np.ndarray | None:
    """How many patients had an event at each time or before, from those who have their first at each moment."""
    return None if first_events is None else np.cumsum(first_events)[process.moment]


def log_log_limits(probability: np.ndarray, std_error: np.ndarray, conf_level: float) -> tuple[np.ndarray, np.ndarray]:
    """Limits p^exp(+-z se / (p log p)); not a number where p is 0 or 1, as in R, or where nothing varies."""
    variation = probability * (1 - probability)
    # A clustered error this small is rounding left over from an exact zero: one patient, or all alike.
    has_interval = (variation > NO_VARIATION) & (std_error > NO_ERROR * variation)
    inside = np.where(has_interval, probability, np.nan)
    half = critical_value(conf_level) * std_error / (inside * np.log(inside))
    return inside ** np.exp(-half), inside ** np.exp(half)


def checked_entry(entry, days: np.ndarray) -> np.ndarray | None:
    """Entry times, each before the vertebra's own end."""
    return None if entry is None else _before_the_end(entry, days)


@by_part
def _before_the_end(entry, days: np.ndarray) -> np.ndarray:
    entry = durations(entry, "entry")
    n_bad = int((entry >= days).sum())
    if n_bad:
        raise WorkbookError(
            f"`entry` must come before `days`, but does not for {n_bad} of {len(days)} vertebrae. "
            "Leave out vertebrae that were never under observation."
        )
    return entry
