"""Ratios of many ways to deal cement at once: those of the usual estimators, in arrays of ways x patients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtri, stdtrit

from helpers.cohort.dates import NEVER
from helpers.cohort.runs import first_rows
from helpers.cohort.spine_arrays import count_levels
from helpers.estimators.intervals import NO_VARIANCE
from helpers.robustness.choices import ALL
from helpers.robustness.vertebrae import Vertebrae

ESTIMATORS = ("crude", "within_patient", "rate")


@dataclass(frozen=True, eq=False)
class Spans:
    """Vertebrae at risk by patient: their levels, packed, the day the last of them ends, and those that end before.

    One entry per patient with a vertebra at risk, who are at `patient` in the cohort. `singly`: the vertebrae that end
    before the last one of their patient, or with a fracture: whose each is (a place among these patients, in order),
    its level as one bit, its last day, and whether that brought a fracture.
    """

    patient: np.ndarray
    levels: np.ndarray
    end: np.ndarray
    singly: Mapping[str, np.ndarray]

    @cached_property
    def start(self) -> np.ndarray:
        """The first of each patient's vertebrae that end singly."""
        return np.flatnonzero(first_rows(self.singly["place"]))

    @cached_property
    def has_any(self) -> np.ndarray:
        """The patients that have one."""
        return self.singly["place"][self.start]

    @classmethod
    def of(cls, vertebrae: Vertebrae) -> "Spans":
        """Those of one entry per vertebra, patient by patient."""
        is_first = first_rows(vertebrae.patient)
        start, place = np.flatnonzero(is_first), np.cumsum(is_first) - 1
        bit = np.uint32(1) << vertebrae.slot.astype(np.uint32)
        end = np.maximum.reduceat(vertebrae.days, start)
        row = np.flatnonzero(vertebrae.event | (vertebrae.days < end[place]))
        singly = {"place": place[row], "bit": bit[row], "days": vertebrae.days[row], "event": vertebrae.event[row]}
        return cls(vertebrae.patient[start], np.bitwise_or.reduceat(bit, start), end, singly)


@dataclass(frozen=True, eq=False)
class DealtVertebrae:
    """Vertebrae at risk of which each way says anew which are next to cement and which are left out.

    `adjacent` and `left_out` are packed levels, ways x patients of the cohort.
    """

    spans: Spans
    adjacent: np.ndarray
    left_out: np.ndarray

    def ratios(self, estimators: Sequence[str], *, fractures_counted: str, horizon: str, conf_level: float) -> list:
        """By each estimator the log ratio of each way (NaN where it has none), and whether its interval lies above 1.

        The same as `relative_risk.risk_ratio`, `mantel_haenszel.within_patient_risk_ratio` and
        `relative_risk.rate_ratio` give, with patients as clusters; where no exposed vertebra has an event the ratio is
        0, and no interval above 1.
        """
        first = self._first if fractures_counted == "first" else None
        a, c = self._events(first, horizon)
        compute = {
            "crude": lambda: _rates((a, c), self._shares_at_risk),
            "within_patient": lambda: _shares(a * self._weights[0], c * self._weights[1]),
            "rate": lambda: _rates((a, c), _with_shares(self._time(first, horizon))),
        }
        return [_of_influence(*compute[estimator](), conf_level) for estimator in estimators]

    @cached_property
    def _groups(self) -> tuple[np.ndarray, np.ndarray]:
        """Levels at risk next to cement and further away, packed: ways x patients with any at risk."""
        at = self.spans.patient
        kept, adjacent = self.spans.levels & ~self.left_out[:, at], self.adjacent[:, at]
        return kept & adjacent, kept & ~adjacent

    @cached_property
    def _singly(self) -> tuple[np.ndarray, np.ndarray]:
        """Which of the vertebrae that end singly are next to cement, and which further away: ways x vertebrae."""
        singly = self.spans.singly
        return tuple((group[:, singly["place"]] & singly["bit"]) > 0 for group in self._groups)

    @cached_property
    def _at_risk(self) -> tuple[np.ndarray, np.ndarray]:
        return tuple(count_levels(group).astype(float) for group in self._groups)

    @cached_property
    def _shares_at_risk(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        return _with_shares(self._at_risk)

    @cached_property
    def _weights(self) -> tuple[np.ndarray, np.ndarray]:
        """What a patient's event counts within patients: the share of the patient's vertebrae in the other group."""
        n1, n0 = self._at_risk
        n = np.maximum(n1 + n0, 1)
        return n0 / n, n1 / n

    @cached_property
    def _first(self) -> np.ndarray:
        """The day of each patient's first fracture among the vertebrae that count, ways x patients."""
        singly = self.spans.singly
        days = np.where(singly["event"] & (self._singly[0] | self._singly[1]), singly["days"], NEVER)
        first = np.full(self._groups[0].shape, NEVER)
        if len(self.spans.start):
            first[:, self.spans.has_any] = np.minimum.reduceat(days, self.spans.start, axis=1)
        return first

    def _events(self, first: np.ndarray | None, horizon: str) -> tuple[np.ndarray, np.ndarray]:
        singly = self.spans.singly
        row = np.flatnonzero(singly["event"] & (singly["days"] <= _last_day(horizon)))
        place, groups = singly["place"][row], [group[:, row] for group in self._singly]
        if first is not None:
            counts = singly["days"][row] <= first[:, place]
            groups = [group & counts for group in groups]
        return tuple(self._by_patient(group, place) for group in groups)

    def _time(self, first: np.ndarray | None, horizon: str) -> tuple[np.ndarray, np.ndarray]:
        """Days at risk: those of vertebrae followed as long as their patient, less what others lack of it."""
        singly = self.spans.singly
        end = np.minimum(self.spans.end, _last_day(horizon))[None]
        end = end if first is None else np.minimum(end, first)
        lacking = np.maximum(end[:, singly["place"]] - singly["days"], 0)
        return tuple(
            number * end - self._by_patient(group * lacking, singly["place"])
            for number, group in zip(self._at_risk, self._singly, strict=True)
        )

    def _by_patient(self, values: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Values of vertebrae, patient by patient, added up by the place of theirs."""
        sums, start = np.zeros(self._groups[0].shape), np.flatnonzero(first_rows(place))
        if len(start):
            sums[:, place[start]] = np.add.reduceat(values, start, axis=1, dtype=float)
        return sums


def _last_day(horizon: str) -> np.int32:
    return NEVER if horizon == ALL else np.int32(horizon)


def _shares(top: np.ndarray, bottom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The log of the ratio of two sums over patients, and how far each patient moves it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        tops, bottoms = (values.sum(axis=1, keepdims=True) for values in (top, bottom))
        return np.log(tops / bottoms)[:, 0], top / tops - bottom / bottoms


def _with_shares(sizes: tuple[np.ndarray, np.ndarray]) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Of both groups the sum of the patients' sizes, and the share of each patient in it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return tuple((total, size / total) for size in sizes for total in [size.sum(axis=1, keepdims=True)])


def _rates(events, sizes) -> tuple[np.ndarray, np.ndarray]:
    """The log of the ratio of events by size, next to cement over further away, and how far each patient moves it."""
    (size1, share1), (size0, share0) = sizes
    with np.errstate(divide="ignore", invalid="ignore"):
        a, c = (group.sum(axis=1, keepdims=True) for group in events)
        influence = (events[0] / a - share1) - (events[1] / c - share0)
        return np.log(a * size0 / (c * size1))[:, 0], influence


def _of_influence(log_ratio: np.ndarray, influence: np.ndarray, conf_level: float) -> tuple[np.ndarray, np.ndarray]:
    """As `intervals.clustered_ratio` does it, for many at once."""
    is_finite = np.isfinite(log_ratio)
    squares = (influence if is_finite.all() else np.where(is_finite[:, None], influence, 0.0)) ** 2
    variance = squares.sum(axis=1)
    # A t quantile is larger than the normal one, so most ways are seen not to lie above 1 without it.
    normal = ndtri(0.5 + conf_level / 2) * np.sqrt(variance)
    is_above = is_finite & (variance > NO_VARIANCE) & (log_ratio > normal)
    way = np.flatnonzero(is_above)
    if len(way):
        squares, variance = squares[way], variance[way]
        fourth = np.einsum("ij,ij->i", squares, squares)
        n_moving = np.count_nonzero(squares > NO_VARIANCE * squares.max(axis=1, keepdims=True), axis=1)
        df = np.minimum(3 * variance**2 / fourth, np.maximum(n_moving - 1, 1.0))
        is_above[way] = log_ratio[way] > stdtrit(df, 0.5 + conf_level / 2) * np.sqrt(variance)
    # No event among the unexposed: no value.
    return np.where(log_ratio == np.inf, np.nan, log_ratio), is_above
