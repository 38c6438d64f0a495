"""Estimates as small numbers allow them to be shown: rounded, or not at all."""

import math
from collections.abc import Mapping
from dataclasses import astuple, replace
from functools import wraps
from types import FunctionType, ModuleType

import numpy as np
import pandas as pd

from helpers.disclosure import NOT_SHOWN, Coarse, coarse, hides, withheld
from helpers.estimators.estimate import Estimate, TwoByTwo
from helpers.estimators.intervals import FEW_PATIENTS, VERY_FEW_PATIENTS, joined, ratio_estimate
from helpers.estimators.relative_risk import KATZ
from helpers.parted import added_up

DIGITS = 2
FROM_BOXES = "interval and p-value calculated from the counts as shown"
# What they give adds up, or lies within one another: it is shown whole or not at all.
TOGETHER = (
    "bracketed_at",
    "by_group",
    "by_horizon",
    "hazard_ratios_by_window",
    "incidence_at",
    "risk_ratios",
    "survival_at",
)
SHARES = ("probability", "probability difference")
_FUZZ = 1e-6  # of a count that is a share times its denominator
_LIMITS = ("estimate", "conf_low", "conf_high")


def as_shown(given, suppress_below: int, *, whole: int | None = None, together: bool = False):
    """An estimate, or a mapping of estimates, as it may be shown; anything else, or with a limit of 0, as it is.

    An estimate is not shown where fewer than `suppress_below` patients, vertebrae, events or (of a risk) vertebrae
    without one stand behind it or behind one of its groups. Of all others counts are rounded to boxes
    (`helpers.disclosure`), shares to the vertebrae of a box, everything else to two digits, and notes lose what they
    count. The interval of a risk ratio that ignores patients is a formula of its four counts, which it would tell
    exactly: it is calculated from the counts as they are shown. Showing what is already as it may be shown changes
    nothing.

    Parameters
    ----------
    whole : int, optional
        How many vertebrae are at risk in all. An estimate of some of them shows no counts: a patient has so many
        vertebrae that two counts of them, rounded or not, tell how many patients lie in between.
    together : bool
        The estimates of a mapping add up: where one is not shown, none is.
    """
    if not hides(suppress_below):
        return given
    if isinstance(given, Estimate):
        return _shown(given, suppress_below, whole)
    if not isinstance(given, Mapping) or not all(isinstance(estimate, Estimate) for estimate in given.values()):
        return given
    if together and any(_is_hidden(estimate, suppress_below) for estimate in given.values()):
        why = f"{NOT_SHOWN}: fewer than {suppress_below} behind one of these rows, which add up"
        return {name: _hidden(estimate, why) for name, estimate in given.items()}
    return {name: _shown(estimate, suppress_below, whole) for name, estimate in given.items()}


def part_as_shown(estimate: Estimate, suppress_below: int, *, event, of_all, exposed) -> Estimate:
    """An estimate of some of the events, beside one of all: not shown where the difference is a small number.

    Both estimates with their boxes tell their counts more closely than the boxes alone, and so how many events lie
    between them. That number is of interest by itself: fractures after a patient's first one.

    Parameters
    ----------
    event, of_all, exposed : arrays of bool, one per vertebra
        The events of this estimate, all events, and the groups.
    """
    if not hides(suppress_below) or (added_up(_between, event, of_all, exposed) >= suppress_below).all():
        return estimate
    return _hidden(estimate, f"{NOT_SHOWN}: fewer than {suppress_below} between it and the ratio of all fractures")


def _between(event, of_all, exposed) -> np.ndarray:
    """Events left out among exposed and among unexposed vertebrae."""
    left_out, exposed = np.asarray(of_all, dtype=bool) & ~np.asarray(event, dtype=bool), np.asarray(exposed, dtype=bool)
    return np.array([np.count_nonzero(left_out & group) for group in (exposed, ~exposed)])


def guarded(module: ModuleType, suppress_below: int, *, whole: int):
    """A module of estimators whose estimates come out as they may be shown; the module itself with a limit of 0."""
    return _Guarded(module, suppress_below, whole) if hides(suppress_below) else module


def curves_as_shown(curves: pd.DataFrame, counts: pd.DataFrame, suppress_below: int, *, start: float) -> tuple:
    """Curves, and the counts under them, as they may be shown; both as they are with a limit of 0.

    A curve is given on the days of the counts alone, each share as the middle of its box of vertebrae, without bands,
    and as long as enough are at risk; of the counts only those at risk.

    Parameters
    ----------
    curves : DataFrame
        As `curve_table.curve_table` gives them.
    counts : DataFrame
        As `curve_table.counts_table` gives them.
    start : float
        Where the curves begin, 0 or 1.
    """
    if not hides(suppress_below):
        return curves, counts
    rows = []
    for group, days in counts.groupby("group", sort=False, observed=True):
        of_group = curves[curves["group"] == group].sort_values("time", kind="stable")
        size = int(days["at_risk"].max())
        for day in days.loc[days["at_risk"] >= suppress_below, "time"]:
            moved = abs(float(of_group.loc[of_group["time"] <= day, "estimate"].iloc[-1]) - start)
            middle = _share(moved, size, suppress_below) if day else 0.0
            rows.append((group, day, abs(start - middle), math.nan, math.nan))
    shown = pd.DataFrame(rows, columns=["group", "time", "estimate", "conf_low", "conf_high"])
    at_risk = pd.Series([coarse(int(n), suppress_below) for n in counts["at_risk"]], counts.index, dtype=object)
    return shown, counts[["group", "time"]].assign(at_risk=at_risk)


class _Guarded:
    def __init__(self, module: ModuleType, suppress_below: int, whole: int):
        self._module, self._suppress_below, self._whole = module, suppress_below, whole
        self._shown: dict[FunctionType, FunctionType] = {}
        self._exact: dict[FunctionType, FunctionType] = {}

    def __getattr__(self, name: str):
        found = getattr(self._module, name)
        if not isinstance(found, FunctionType):
            return found
        if found not in self._shown:
            self._shown[found] = self._guard(found)
            self._exact[self._shown[found]] = found
        return self._shown[found]

    def _guard(self, function: FunctionType) -> FunctionType:
        together = function.__name__ in TOGETHER
        # The counts of a table that was saved are rounded already.
        whole = None if function.__name__ == "from_frame" else self._whole

        @wraps(function)
        def shown(*arguments, **options):
            # An estimator handed to another function works on exact numbers; what comes out is rounded once.
            exact = (self._exact.get(one, one) if isinstance(one, FunctionType) else one for one in arguments)
            return as_shown(function(*exact, **options), self._suppress_below, whole=whole, together=together)

        return shown


def _is_hidden(estimate: Estimate, suppress_below: int) -> bool:
    if estimate.note.startswith(NOT_SHOWN):
        return True
    if isinstance(estimate.n_vertebrae, Coarse):
        return False
    numbers = [estimate.n_patients, estimate.n_vertebrae, estimate.n_events]
    for table in filter(None, (estimate.counts, estimate.behind)):
        numbers += astuple(table)
    if estimate.counts is not None:
        numbers += [estimate.counts.at_risk_exposed - estimate.counts.events_exposed]
        numbers += [estimate.counts.at_risk_unexposed - estimate.counts.events_unexposed]
    elif estimate.unit == "probability" and estimate.n_vertebrae is not None:
        numbers.append(estimate.n_vertebrae - estimate.n_events)
    return any(number is not None and number < suppress_below for number in numbers)


def _hidden(estimate: Estimate, why: str) -> Estimate:
    nothing = dict.fromkeys((*_LIMITS, "p_value", "std_error", "counts", "behind"))
    counts = {"n_vertebrae": withheld(), "n_events": withheld()}
    n_patients = None if estimate.n_patients is None else withheld()
    return replace(estimate, **nothing, **counts, n_patients=n_patients, note=why)


def _shown(estimate: Estimate, suppress_below: int, whole: int | None) -> Estimate:
    if _is_hidden(estimate, suppress_below):
        note = estimate.note if estimate.note.startswith(NOT_SHOWN) else ""
        return _hidden(estimate, note or f"{NOT_SHOWN}: fewer than {suppress_below} behind it or one of its groups")
    if isinstance(estimate.n_vertebrae, Coarse):
        return estimate
    is_whole = whole is None or estimate.n_vertebrae == whole

    def rough(count: int | None) -> int:
        return coarse(count, suppress_below) if is_whole and count is not None else withheld()

    limits = {name: _rounded(getattr(estimate, name), estimate, suppress_below) for name in _LIMITS}
    counts = TwoByTwo(*map(rough, astuple(estimate.counts))) if estimate.counts and is_whole else None
    shown = replace(
        estimate,
        **limits,
        n_patients=None if estimate.n_patients is None else rough(estimate.n_patients),
        n_vertebrae=rough(estimate.n_vertebrae),
        n_events=rough(estimate.n_events),
        p_value=_two_digits(estimate.p_value),
        std_error=_two_digits(estimate.std_error),
        counts=counts,
        behind=None,
        note=_without_counts(estimate),
    )
    return _katz_of_boxes(shown) if estimate.method == KATZ else shown


def _katz_of_boxes(shown: Estimate) -> Estimate:
    """The ratio with the interval that its counts as shown would have; none where they are not shown."""
    if shown.counts is None or not shown.estimate:
        return replace(shown, conf_low=None, conf_high=None, p_value=None, std_error=None)
    a, n1, c, n0 = map(int, astuple(shown.counts))
    evidence = {
        name: getattr(shown, name) for name in ("conf_level", "method", "n_patients", "n_vertebrae", "n_events")
    }
    of_boxes = ratio_estimate(
        shown.measure, math.log(shown.estimate), 1 / a - 1 / n1 + 1 / c - 1 / n0, counts=shown.counts, **evidence
    )
    rounded = {name: _two_digits(getattr(of_boxes, name)) for name in ("conf_low", "conf_high", "p_value", "std_error")}
    note = shown.note if FROM_BOXES in shown.note else joined(shown.note, FROM_BOXES)
    return replace(shown, **rounded, note=note)


def _rounded(value: float | None, estimate: Estimate, suppress_below: int) -> float | None:
    """Of a share the middle of its box of vertebrae, so that it tells no more than the counts do."""
    if value is None or estimate.unit not in SHARES:
        return _two_digits(value)
    if estimate.n_vertebrae is None:
        return value
    if estimate.unit == "probability":
        return _share(value, estimate.n_vertebrae, suppress_below)
    table = estimate.counts or estimate.behind
    size = min(table.at_risk_exposed, table.at_risk_unexposed) if table else estimate.n_vertebrae
    step = suppress_below / coarse(size, suppress_below)
    return max(-1.0, min(round(value / step) * step, 1.0))


def _share(value: float, size: int, suppress_below: int) -> float:
    """The middle of the box of so many vertebrae, over the middle of the box of all of them."""
    boxes = (value * size + _FUZZ) // suppress_below
    return min((boxes * suppress_below + suppress_below // 2) / coarse(size, suppress_below), 1.0)


def _two_digits(value: float | None) -> float | None:
    if value is None or value == 0:
        return value
    return round(value, DIGITS - 1 - math.floor(math.log10(abs(value))))


def _without_counts(estimate: Estimate) -> str:
    """The note without what it counts."""
    parts = [FEW_PATIENTS if part == VERY_FEW_PATIENTS else part for part in estimate.note.split("; ")]
    kept = [part for part in parts if part.startswith("adjusted for") or not any(map(str.isdigit, part))]
    note = "; ".join(filter(None, dict.fromkeys(kept)))
    return note or ("" if estimate.is_estimable else "not estimable")
