"""The Cox likelihood of an exposure with covariates (Efron's ties), from rows sorted by the moment at which they leave.

One evaluation costs rows x columns for the sums over risk sets, and one product of matrices for the information.
"""

from dataclasses import dataclass, replace

import numpy as np

from helpers.errors import WorkbookFault
from helpers.estimators.arguments import adjusted_for
from helpers.estimators.cox import LONGEST_STEP, Moments
from helpers.estimators.follow_up import Rows
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
    """Exposure and covariates of rows in the order in which they leave.

    Attributes
    ----------
    moments : Moments
    risk_sets : RiskSets
    order : array of int (rows,)
        Where each of the sorted rows stands among those given.
    columns : array (rows, columns)
        Centred, and divided by `scale` to have variance 1. The first is the exposure.
    event : array of bool (rows,)
    stratum_start : array of int (strata,)
        The first row of each stratum.
    """

    moments: Moments
    risk_sets: RiskSets
    order: np.ndarray
    names: tuple[str, ...]
    columns: np.ndarray
    scale: np.ndarray
    event: np.ndarray
    stratum_start: np.ndarray

    @classmethod
    def of(cls, rows: Rows, moments: Moments, columns: dict[str, np.ndarray]) -> "Regression":
        """Checked rows and columns, sorted; a column that is the same everywhere becomes zero."""
        last = moments.of_row
        first = moments.stratum_start[last] if moments.from_row is None else moments.from_row
        order = np.lexsort((first, last)) if moments.from_row is not None else np.argsort(last, kind="stable")
        first, last = first[order], last[order]
        table = np.column_stack([np.where(np.ptp(x) > 0, x - x.mean(), 0.0)[order] for x in columns.values()])
        scale = np.sqrt((table**2).mean(axis=0))
        scale[scale == 0] = 1
        return cls(
            replace(moments, of_row=last, from_row=first),
            RiskSets.of(first, last, len(moments.stratum)),
            order,
            tuple(columns),
            table / scale,
            scale,
            rows.event[order],
            np.flatnonzero(np.diff(moments.stratum[last], prepend=-1)),
        )

    def only(self, kept: np.ndarray) -> "Regression":
        """The same with some of the columns."""
        names = tuple(name for name, is_kept in zip(self.names, kept, strict=True) if is_kept)
        return replace(self, names=names, columns=self.columns[:, kept], scale=self.scale[kept])

    def over_time(self, per_event: np.ndarray, of_event: np.ndarray, tie_fraction: np.ndarray) -> np.ndarray:
        """Sums over the events at which each row is at risk, less its own share of ties."""
        at_moment, gone = (
            np.bincount(of_event, values, minlength=len(self.moments.stratum))
            for values in (per_event, per_event * tie_fraction)
        )
        return self.risk_sets.over_time(at_moment) - self.event * gone[self.moments.of_row]


@dataclass(frozen=True, eq=False)
class CoxFit:
    """Efron's partial likelihood at coefficients of the scaled columns.

    Attributes
    ----------
    risk : array (rows,)
        The hazard of each row, in units of the highest in its stratum.
    per_event : array (events,)
        One over the sum of the risks at each event.
    mean : array (events, columns)
        The mean of the columns at risk at each event.
    martingale : array (rows,)
        Events minus those expected.
    """

    model: Regression
    coefficients: np.ndarray
    risk: np.ndarray
    per_event: np.ndarray
    mean: np.ndarray
    martingale: np.ndarray
    value: float

    @classmethod
    def at(cls, model: Regression, coefficients: np.ndarray) -> "CoxFit":
        """Evaluated at coefficients."""
        line, start = model.columns @ coefficients, model.stratum_start
        line -= np.repeat(np.maximum.reduceat(line, start), np.diff(start, append=len(line)))
        risk = np.exp(line)
        of_event, tie_fraction = model.moments.tied_events
        weighted = risk[:, None] * np.column_stack([np.ones(len(risk)), model.columns])
        run = np.flatnonzero(np.diff(of_event, prepend=-1))
        tied = np.repeat(np.add.reduceat(weighted[model.event], run), np.diff(run, append=len(of_event)), axis=0)
        sums = model.risk_sets.at_risk(weighted)[of_event] - tie_fraction[:, None] * tied
        per_event = 1 / sums[:, 0]
        expected = risk * model.over_time(per_event, of_event, tie_fraction)
        value = float(line[model.event].sum() - np.log(sums[:, 0]).sum())
        mean = sums[:, 1:] * per_event[:, None]
        return cls(model, coefficients, risk, per_event, mean, model.event - expected, value)

    @property
    def score(self) -> np.ndarray:
        """The derivative of the log likelihood."""
        return self.model.columns[self.model.event].sum(axis=0) - self.mean.sum(axis=0)

    @property
    def information(self) -> np.ndarray:
        """Minus its second derivative."""
        expected = self.model.event - self.martingale
        return (self.model.columns * expected[:, None]).T @ self.model.columns - self.mean.T @ self.mean

    @property
    def exposure(self) -> tuple[float, float, np.ndarray]:
        """The log hazard ratio, its naive variance, and by how much each unit of the score moves it."""
        scale = self.model.scale[0]
        moves = np.linalg.inv(self.information)[0] / scale
        return float(self.coefficients[0] / scale), float(moves[0] / scale), moves

    def residual_of_rows(self, direction: np.ndarray) -> np.ndarray:
        """The score residual of every row, as given, along a direction."""
        of_event, tie_fraction = self.model.moments.tied_events
        value, mean, of_row = self.model.columns @ direction, self.mean @ direction, self.model.moments.of_row
        tied_mean = np.bincount(of_event, mean, minlength=len(self.model.moments.stratum))
        tied_mean /= np.maximum(self.model.moments.events.sum(axis=1), 1)
        passed = self.risk * self.model.over_time(self.per_event * mean, of_event, tie_fraction)
        residual = np.empty(len(value))
        residual[self.model.order] = value * self.martingale - self.model.event * tied_mean[of_row] + passed
        return residual


def maximise(model: Regression, *, most_steps: int = 100) -> tuple[CoxFit | None, str]:
    """The likelihood at its maximum and what to note, or None and why it has none, in words.

    Newton's method on a concave likelihood, halving a step that goes down. On the way to an infinite coefficient every
    step is as long as the last while the likelihood has stopped rising.
    """
    n_events = int(model.event.sum())
    information = np.diag(CoxFit.at(model, np.zeros(len(model.names))).information)
    varies = information > NO_VARIATION * n_events
    notes = [
        f"{name} was left out: it is the same for all vertebrae compared"
        for name, is_kept in zip(model.names, varies, strict=True)
        if not is_kept
    ]
    model = model.only(varies)
    n = len(model.names) - 1
    notes.insert(0, adjusted_for(model.names[1:]))
    here = CoxFit.at(model, np.zeros(n + 1))
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
        there = CoxFit.at(model, here.coefficients + step)
        while there.value < here.value - 1e-9 * abs(here.value) and np.abs(step).max() > 1e-13:
            step = step / 2
            there = CoxFit.at(model, here.coefficients + step)
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
