"""The Cox likelihood of an exposure with covariates (Efron's ties), from counts of alike rows.

Rows with the same exposure and covariates are of a kind and have the same hazard; those of a kind at risk over the same
stretch of time are counted. An evaluation costs these counts x columns, however many rows there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from helpers.errors import WorkbookFault
from helpers.estimators.arguments import adjusted_for
from helpers.estimators.cells import Cells, tally
from helpers.estimators.cox import LONGEST_STEP, tied_events
from helpers.estimators.distinct import counted, distinct
from helpers.estimators.intervals import joined
from helpers.estimators.risk_sets import RiskSets

# Information of a standardised column per event, and the least eigenvalue of the columns' correlation at risk: below
# this nothing is left but rounding.
NO_VARIATION = 1e-12
COLLINEAR = 1e-11
# What a step may still add to the log likelihood once it has stopped rising, per thousand events.
STOPPED = 1e-9
# Beyond exp(500) times the hazard of another vertebra there are no numbers left.
WIDEST = 500.0


@dataclass(frozen=True, eq=False)
class Regression:
    """Rows counted by kind, by stretch of time at risk and by event; moments here are those with an event.

    Attributes
    ----------
    cells : Cells
        Of which kind rows are, and whose.
    columns : array (kinds, columns)
        Exposure and covariates, centred, and divided by `scale` to have variance 1 over the rows.
    place, stretch : array of int (rows,), (places,)
        Rows of the same place are at risk over the same stretch: -1 where that holds no moment.
    at_event, moment : array of int (rows with the event,)
        Which rows these are, and at which moment they have it.
    at_risk, events : sparse array (stretches, kinds), (moments, kinds)
        How many rows.
    of_event, tie_fraction : array (events,)
        The moment of each event, and which part of the events tied with it count as gone.
    """

    cells: Cells
    names: tuple[str, ...]
    columns: np.ndarray
    scale: np.ndarray
    place: np.ndarray
    stretch: np.ndarray
    at_event: np.ndarray
    moment: np.ndarray
    risk_sets: RiskSets
    at_risk: csr_array
    events: csr_array
    of_event: np.ndarray
    tie_fraction: np.ndarray

    @classmethod
    def of(cls, cells: Cells, names: Sequence[str], table: np.ndarray) -> "Regression":
        """Rows that say which row of a table of columns is theirs; a column of one value becomes zero."""
        share = tally(cells.kind, cells.count, (len(table),))
        share = share / share.sum()
        table = np.where(np.ptp(table, axis=0) > 0, table - share @ table, 0.0)
        scale = np.sqrt(share @ table**2)
        scale[scale == 0] = 1
        of_event, tie_fraction = tied_events(cells.moments)
        number = np.cumsum(cells.moments.events.any(axis=1)) - 1
        place, stretch, first, last = _stretches(cells, number)
        at_event = np.flatnonzero(cells.leaving & 1)
        moment, kind = number[cells.leaving[at_event] // 4], cells.kind[at_event]
        happened = None if cells.count is None else cells.count[at_event]
        n_kinds, n_moments = len(table), int(number[-1]) + 1
        # Rows at no risk, of stretch -1, come first.
        keys = ((stretch + 1) * n_kinds)[place] + cells.kind
        return cls(
            cells,
            tuple(names),
            table / scale,
            scale,
            place,
            stretch,
            at_event,
            moment,
            RiskSets.of(first, last, n_moments),
            _counts(keys, cells.count, (len(first) + 1, n_kinds))[1:],
            _counts(moment * n_kinds + kind, happened, (n_moments, n_kinds)),
            number[of_event],
            tie_fraction,
        )

    def only(self, kept: np.ndarray) -> "Regression":
        """The same with some of the columns."""
        names = tuple(name for name, is_kept in zip(self.names, kept, strict=True) if is_kept)
        return replace(self, names=names, columns=self.columns[:, kept], scale=self.scale[kept])

    def at(self, coefficients: np.ndarray) -> "CoxFit":
        """The likelihood at coefficients of the scaled columns."""
        return CoxFit.at(self, coefficients)

    def over_events(self, per_event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `RiskSets.over_events`."""
        return self.risk_sets.over_events(self.of_event, self.tie_fraction, per_event)


def _stretches(cells: Cells, number: np.ndarray) -> tuple[np.ndarray, ...]:
    """The place of each row, the stretch of each place, and the first and last moment of each stretch.

    `number` is the number of moments with an event up to each moment, less one.
    """
    if cells.entering is None:
        # Who is there from the start is at risk over a stretch that depends on the moment of leaving alone.
        place, first, last = cells.leaving, np.append(-1, number)[cells.moments.stratum_start] + 1, number
    else:
        place = np.arange(len(cells.leaving))
        first, last = number[cells.entering // 2] + 1, number[cells.leaving // 4]
    n, is_at_risk = int(number[-1]) + 1, first <= last
    keys, held = distinct((first * n + last)[is_at_risk])
    stretch = np.full(len(first), -1)
    stretch[is_at_risk] = held
    return (place, np.repeat(stretch, 4) if cells.entering is None else stretch, *np.divmod(keys, n))


def _counts(keys: np.ndarray, count: np.ndarray | None, shape: tuple[int, int]) -> csr_array:
    """How many stand at each place of a table laid flat."""
    keys, totals = counted(keys, count)
    row_start = np.searchsorted(keys, np.arange(shape[0] + 1) * shape[1])
    return csr_array((totals.astype(float), keys % shape[1], row_start), shape=shape)


def of_exposure(
    coefficients: np.ndarray, information: np.ndarray, scale: np.ndarray
) -> tuple[float, float, np.ndarray]:
    """The first coefficient and its variance on its own scale, and by how much each unit of the score moves it."""
    moves = np.linalg.inv(information)[0] / scale[0]
    return float(coefficients[0] / scale[0]), float(moves[0] / scale[0]), moves


@dataclass(frozen=True, eq=False)
class CoxFit:
    """Efron's partial likelihood at coefficients of the scaled columns.

    Attributes
    ----------
    risk : array (kinds,)
        The hazard of each kind, in units of the highest.
    per_event : array (events,)
        One over the sum of the risks at each event.
    mean : array (events, columns)
        The mean of the columns at risk at each event.
    expected : array (kinds,)
        How many events of each kind are expected.
    """

    model: Regression
    coefficients: np.ndarray
    risk: np.ndarray
    per_event: np.ndarray
    mean: np.ndarray
    expected: np.ndarray
    value: float

    @classmethod
    def at(cls, model: Regression, coefficients: np.ndarray) -> "CoxFit":
        """Evaluated at coefficients."""
        line = model.columns @ coefficients
        line -= line.max()
        risk = np.exp(line)
        weighted = risk[:, None] * np.column_stack([np.ones(len(risk)), model.columns])
        at_risk, tied = model.risk_sets.at_risk(model.at_risk @ weighted), model.events @ weighted
        sums = at_risk[model.of_event] - model.tie_fraction[:, None] * tied[model.of_event]
        per_event = 1 / sums[:, 0]
        hazard, gone = model.over_events(per_event)
        expected = risk * (model.at_risk.T @ hazard - model.events.T @ gone)
        value = float((model.events @ line).sum() - np.log(sums[:, 0]).sum())
        return cls(model, coefficients, risk, per_event, sums[:, 1:] * per_event[:, None], expected, value)

    @property
    def score(self) -> np.ndarray:
        """The derivative of the log likelihood."""
        return (self.model.events @ self.model.columns).sum(axis=0) - self.mean.sum(axis=0)

    @cached_property
    def information(self) -> np.ndarray:
        """Minus its second derivative."""
        columns = self.model.columns
        return (columns * self.expected[:, None]).T @ columns - self.mean.T @ self.mean

    @property
    def exposure(self) -> tuple[float, float, np.ndarray]:
        """The log hazard ratio, its naive variance, and by how much each unit of the score moves it."""
        return of_exposure(self.coefficients, self.information, self.model.scale)

    def by_patient(self, direction: np.ndarray) -> np.ndarray:
        """The score residuals along a direction, added up by patient."""
        model, value, mean = self.model, self.model.columns @ direction, self.mean @ direction
        (hazard, gone), (passed, passed_gone) = (
            model.over_events(per_event) for per_event in (self.per_event, self.per_event * mean)
        )
        # A place of stretch -1 finds the zero at the end.
        passed, hazard = (np.append(sums, 0.0)[model.stretch] for sums in (passed, hazard))
        kind, moment = model.cells.kind[model.at_event], model.moment
        at_event = value[kind] - (np.bincount(model.of_event, mean) / np.bincount(model.of_event))[moment]
        at_event += self.risk[kind] * (value[kind] * gone[moment] - passed_gone[moment])

        def residual(rows: slice) -> np.ndarray:
            kind, place = model.cells.kind[rows], model.place[rows]
            values = self.risk[kind] * (passed[place] - value[kind] * hazard[place])
            first, last = np.searchsorted(model.at_event, (rows.start, rows.stop))
            values[model.at_event[first:last] - rows.start] += at_event[first:last]
            return values

        return model.cells.added_up(residual)


def maximise(model: Regression, *, most_steps: int = 100) -> tuple[CoxFit | None, str]:
    """The likelihood at its maximum and what to note, or None and why it has none, in words.

    Newton's method on a concave likelihood, halving a step that goes down. On the way to an infinite coefficient every
    step is as long as the last while the likelihood has stopped rising.
    """
    n_events = len(model.of_event)
    here = model.at(np.zeros(len(model.names)))
    varies = np.diag(here.information) > NO_VARIATION * n_events
    notes = [
        f"{name} was left out: it is the same for all vertebrae compared"
        for name, is_kept in zip(model.names, varies, strict=True)
        if not is_kept
    ]
    if not varies.all():
        model = model.only(varies)
        here = model.at(np.zeros(len(model.names)))
    n = len(model.names) - 1
    notes.insert(0, adjusted_for(model.names[1:]))
    spread = np.sqrt(np.diag(here.information))
    correlation = here.information / np.outer(spread, spread)
    if np.linalg.eigvalsh(correlation)[0] < COLLINEAR:
        among = n > 1 and np.linalg.eigvalsh(correlation[1:, 1:])[0] < COLLINEAR
        return None, f"{'one of the covariates' if among else 'the exposure'} follows from the others (collinearity)"
    step = here.score
    for _ in range(most_steps):
        try:
            step = np.linalg.solve(here.information, here.score)
        except np.linalg.LinAlgError:
            return None, _runs_away(model.names, step)
        rise, change = float(step @ here.score), np.ptp(model.columns @ step)
        if np.ptp(model.columns @ here.coefficients) > WIDEST or (
            rise < STOPPED * max(1, n_events / 1000) and change > 0.5
        ):
            return None, _runs_away(model.names, step)
        step *= min(1.0, 2 * LONGEST_STEP / change) if change else 1.0
        there = model.at(here.coefficients + step)
        while there.value < here.value - 1e-9 * abs(here.value) and np.abs(step).max() > 1e-13:
            step = step / 2
            there = model.at(here.coefficients + step)
        here = there
        if change < 1e-7:
            # Newton's method doubles the digits with each step.
            return here, joined(*notes)
    raise WorkbookFault(f"The Cox model did not settle in {most_steps} steps.")


def _runs_away(names: tuple[str, ...], step: np.ndarray) -> str:
    moving = [name for name, size in zip(names, np.abs(step), strict=True) if size > 0.05 * np.abs(step).max()]
    whose = f"coefficient{'' if len(moving) == 1 else 's'} of {' and '.join(moving)}"
    return (
        f"the {whose} grow{'s' if len(moving) == 1 else ''} without end: the likelihood has no maximum (monotone "
        "likelihood), for example because a category has no events. Join categories, or leave the covariate out"
    )
