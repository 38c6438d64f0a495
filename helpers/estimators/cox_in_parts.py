"""The Cox likelihood of an exposure with covariates where rows are in parts.

Kinds of rows come together here, and so do the sums over the rows that leave at each moment; which kinds these are,
and whose, stays with the parts. An evaluation goes to the parts twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from helpers.estimators.alike import Alike
from helpers.estimators.cells import Cells
from helpers.estimators.cells_in_parts import CellsInParts
from helpers.estimators.cox import tied_events
from helpers.estimators.distinct import counted, distinct_rows
from helpers.estimators.moments import places_in
from helpers.estimators.partial_likelihood import of_exposure
from helpers.estimators.risk_sets import RiskSets
from helpers.parted import Parted, mapped


def kinds_in_parts(exposed: Parted, *columns: Parted) -> tuple[Parted, Parted]:
    """The kind of each row among those of its part, and the exposure and covariates of these."""
    each = mapped(distinct_rows, exposed, *columns).held()
    return each[0], each[1]


@dataclass(frozen=True, eq=False)
class Scale:
    """How columns are centred and scaled, and which of them are kept; one that is the same everywhere is zero."""

    mean: np.ndarray
    divisor: np.ndarray
    varies: np.ndarray
    kept: np.ndarray

    def of(self, table: np.ndarray) -> np.ndarray:
        """The columns of a table of kinds."""
        return (np.where(self.varies, table - self.mean, 0.0) / self.divisor)[:, self.kept]


@dataclass(frozen=True, eq=False)
class RegressionInParts:
    """As `partial_likelihood.Regression`, with rows in parts; all are at risk from the start.

    Attributes
    ----------
    columns : array (kinds, columns)
        Exposure and covariates of all kinds, centred and scaled.
    events : array of int (kinds,)
    of_event, tie_fraction : array (events,)
        The moment with an event of each, and which part of the events tied with it count as gone.
    number : array of int (moments,)
        The number of moments with an event up to each moment, less one.
    """

    names: tuple[str, ...]
    columns: np.ndarray
    scaling: Scale
    events: np.ndarray
    of_event: np.ndarray
    tie_fraction: np.ndarray
    number: np.ndarray
    risk_sets: RiskSets
    each: Parted

    @classmethod
    def of(cls, cells: CellsInParts, names: Sequence[str], table: Parted) -> "RegressionInParts":
        """Rows that say which row of the table of their part is theirs."""
        moments = cells.moments
        number = np.cumsum(moments.events.any(axis=1)) - 1
        each = cells.each.map(PartOfRegression.of, cells.each.beside((moments.stratum, moments.time, number)), table)
        each = each.held()
        together = each.attribute("kinds").total()
        whole, (n_rows, events) = np.column_stack(together.columns), together.count.T
        share, varies = n_rows / n_rows.sum(), np.ptp(whole, axis=0) > 0
        mean = share @ whole
        divisor = np.sqrt(share @ np.where(varies, whole - mean, 0.0) ** 2)
        divisor[divisor == 0] = 1
        scaling = Scale(mean, divisor, varies, np.arange(len(names)))
        of_event, tie_fraction = tied_events(moments)
        first = np.append(-1, number)[moments.stratum_start] + 1
        risk_sets = RiskSets.of(first, number, int(number[-1]) + 1)
        columns = scaling.of(whole)
        return cls(tuple(names), columns, scaling, events, number[of_event], tie_fraction, number, risk_sets, each)

    @property
    def scale(self) -> np.ndarray:
        """What each column was divided by."""
        return self.scaling.divisor[self.scaling.kept]

    @property
    def n_with_event(self) -> int:
        """How many moments have an event."""
        return int(self.number[-1]) + 1

    def only(self, kept: np.ndarray) -> "RegressionInParts":
        """The same with some of the columns."""
        names = tuple(name for name, is_kept in zip(self.names, kept, strict=True) if is_kept)
        scaling = replace(self.scaling, kept=self.scaling.kept[kept])
        return replace(self, names=names, columns=self.columns[:, kept], scaling=scaling)

    def at(self, coefficients: np.ndarray) -> "CoxFitInParts":
        """The likelihood at coefficients of the scaled columns."""
        line = self.columns @ coefficients
        highest, n_moments = line.max(), len(self.number)
        sums = self.asked(PartOfRegression.sums, coefficients, highest, n_moments, self.n_with_event).total()
        leaving, tied = np.split(sums, [n_moments])
        sums = self.risk_sets.at_risk(leaving)[self.of_event] - self.tie_fraction[:, None] * tied[self.of_event]
        per_event = 1 / sums[:, 0]
        value = float(self.events @ (line - highest) - np.log(sums[:, 0]).sum())
        return CoxFitInParts(self, coefficients, highest, per_event, sums[:, 1:] * per_event[:, None], value)

    def asked(self, what, *arguments) -> Parted:
        """What the parts say."""
        return self.each.map(what, self.each.beside((self.scaling, *arguments)))

    def over_events(self, per_event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `RiskSets.over_events`; a stretch goes until a moment."""
        return self.risk_sets.over_events(self.of_event, self.tie_fraction, per_event)


@dataclass(frozen=True, eq=False)
class PartOfRegression:
    """What a part keeps: its cells and table of kinds, and its rows counted by moment and kind.

    Attributes
    ----------
    kinds : Alike
        Its kinds, with their rows and their events.
    at, number : array of int (own moments,)
        Which moment of the whole cohort each is, and the number of moments with an event up to there, less one.
    moment, kind, n_rows, events : array of int
    """

    cells: Cells
    table: np.ndarray
    kinds: Alike
    at: np.ndarray
    number: np.ndarray
    moment: np.ndarray
    kind: np.ndarray
    n_rows: np.ndarray
    events: np.ndarray

    @classmethod
    def of(cls, cells: Cells, whole: tuple, table: np.ndarray) -> "PartOfRegression":
        """Count the rows of a part."""
        stratum, time, number = whole
        at = places_in(stratum, time, cells.moments)
        n_kinds, count = max(len(table), 1), cells.count
        keys, n_rows = counted((cells.leaving // 4) * np.int64(n_kinds) + cells.kind, count)
        has_event = np.flatnonzero(cells.leaving & 1)
        happened = None if count is None else count[has_event]
        event_keys, n_events = counted((cells.leaving // 4 * np.int64(n_kinds) + cells.kind)[has_event], happened)
        events = np.zeros(len(keys))
        events[np.searchsorted(keys, event_keys)] = n_events
        moment, kind = np.divmod(keys, n_kinds)
        of_kind = [np.bincount(kind, each, minlength=len(table)).astype(np.int64) for each in (n_rows, events)]
        kinds = Alike.of(*table.T, count=np.column_stack(of_kind))
        return cls(cells, table, kinds, at, number[at], moment, kind, n_rows, events)

    def sums(self, asked: tuple) -> np.ndarray:
        """Risks and columns times risks, over the rows that leave at each moment; below, over those with the event."""
        scaling, coefficients, highest, n_moments, n_with_event = asked
        columns = scaling.of(self.table)
        weighted = np.column_stack([np.ones(len(columns)), columns]) * np.exp(columns @ coefficients - highest)[:, None]
        at, is_event = self.at[self.moment], np.flatnonzero(self.events)
        leaving = _by(at, self.n_rows[:, None] * weighted[self.kind], n_moments)
        tied = weighted[self.kind[is_event]] * self.events[is_event, None]
        return np.concatenate([leaving, _by(self.number[self.moment[is_event]], tied, n_with_event)])

    def information(self, asked: tuple) -> np.ndarray:
        """The products of columns over the events that are expected of the rows."""
        scaling, coefficients, highest, hazard, gone = asked
        columns = scaling.of(self.table)
        per_row = self.n_rows * hazard[self.at[self.moment]] - self.events * gone[self.number[self.moment]]
        expected = np.bincount(self.kind, per_row, minlength=len(columns)) * np.exp(columns @ coefficients - highest)
        return (columns * expected[:, None]).T @ columns

    def by_patient(self, asked: tuple) -> np.ndarray:
        """The score residuals along a direction, added up by patient."""
        scaling, coefficients, highest, direction, (hazard, gone), (passed, passed_gone), mean = asked
        columns, cells = scaling.of(self.table), self.cells
        risk, value = np.exp(columns @ coefficients - highest), columns @ direction
        hazard, passed = hazard[self.at], passed[self.at]

        def residual(rows: slice) -> np.ndarray:
            kind, leaving = cells.kind[rows], cells.leaving[rows]
            moment = leaving // 4
            values = risk[kind] * (passed[moment] - value[kind] * hazard[moment])
            happened = np.flatnonzero(leaving & 1)
            kind, at = kind[happened], self.number[moment[happened]]
            values[happened] += value[kind] - mean[at] + risk[kind] * (value[kind] * gone[at] - passed_gone[at])
            return values

        return cells.added_up(residual)


def _by(place: np.ndarray, values: np.ndarray, n: int) -> np.ndarray:
    return np.column_stack([np.bincount(place, column, minlength=n) for column in values.T])


@dataclass(frozen=True, eq=False)
class CoxFitInParts:
    """As `partial_likelihood.CoxFit`; hazards are in units of that of the kind whose line is `highest`."""

    model: RegressionInParts
    coefficients: np.ndarray
    highest: float
    per_event: np.ndarray
    mean: np.ndarray
    value: float

    @property
    def score(self) -> np.ndarray:
        """The derivative of the log likelihood."""
        return self.model.events @ self.model.columns - self.mean.sum(axis=0)

    @cached_property
    def information(self) -> np.ndarray:
        """Minus its second derivative."""
        over = self.model.over_events(self.per_event)
        asked = self.model.asked(PartOfRegression.information, self.coefficients, self.highest, *over)
        return asked.total() - self.mean.T @ self.mean

    @property
    def exposure(self) -> tuple[float, float, np.ndarray]:
        """The log hazard ratio, its naive variance, and by how much each unit of the score moves it."""
        return of_exposure(self.coefficients, self.information, self.model.scale)

    def by_patient(self, direction: np.ndarray) -> np.ndarray:
        """The score residuals along a direction, added up by patient; those of one part after those of another."""
        model, mean = self.model, self.mean @ direction
        over = [model.over_events(per_event) for per_event in (self.per_event, self.per_event * mean)]
        at_moment = np.bincount(model.of_event, mean) / np.bincount(model.of_event)
        asked = (self.coefficients, self.highest, direction, *over, at_moment)
        return np.concatenate(model.asked(PartOfRegression.by_patient, *asked).each())
