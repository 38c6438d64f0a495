"""Exposed and unexposed vertebrae followed to a horizon: what every comparison at a horizon starts from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.arguments import label_codes
from helpers.estimators.cells import Cells
from helpers.estimators.cells_in_parts import CellsInParts, cells_of
from helpers.estimators.estimate import Estimate, check_conf_level
from helpers.estimators.follow_up import behind
from helpers.estimators.intervals import NO_VARIANCE, clustered_difference, difference_estimate, sum_of_squares
from helpers.estimators.processes import Processes


@dataclass(frozen=True, eq=False)
class FollowedGroups:
    """Two groups of vertebrae, counted.

    Attributes
    ----------
    cells : Cells
        By exposure, and outcome: 0 censored, 1 the event, 2 a competing one. Without patients where none were given.
    """

    cells: Cells | CellsInParts
    horizon_days: float
    conf_level: float

    def __post_init__(self) -> None:
        horizon = self.horizon_days
        if isinstance(horizon, bool) or not isinstance(horizon, (int, float, np.number)):
            raise WorkbookError(f"`horizon_days` must be a number of days, but got {horizon}. Pass for example 90.")

    @classmethod
    def of(cls, days, outcome, exposed, patient, horizon_days: float, conf_level: float) -> "FollowedGroups":
        """The groups of checked arrays."""
        codes = None if patient is None else label_codes(patient, "patient")[0]
        cells = cells_of(patients=codes, days=days, outcome=outcome, group=exposed, shape=(2, 3))
        return cls(cells, horizon_days, check_conf_level(conf_level))

    @property
    def is_naive(self) -> bool:
        """No patients were given."""
        return self.cells.patients is None

    @property
    def basis(self) -> str:
        """What the interval rests on, in words."""
        if self.is_naive:
            return "vertebrae treated as independent (infinitesimal jackknife)"
        return "patients as clusters (infinitesimal jackknife, t quantile)"

    @property
    def why_not(self) -> str:
        """Why nothing can be said of the horizon, in words; empty where something can."""
        moments = self.cells.moments
        is_seen = moments.leaving.any(axis=2)
        if not is_seen.any(axis=0).all():
            return "one of the two groups has no vertebra at risk"
        seen = min(float(moments.time[group].max()) for group in is_seen.T)
        if 0 < self.horizon_days <= seen:
            return ""
        return f"the horizon must lie between 0 and the last time seen in both groups, {seen:g} days"

    def evidence(self, method: str) -> dict:
        """What an estimate of these groups carries."""
        moments = self.cells.moments
        return {
            "conf_level": self.conf_level,
            "method": method,
            "n_patients": self.cells.n_patients,
            "n_vertebrae": int(moments.leaving.sum()),
            "n_events": int(moments.events[moments.time <= self.horizon_days].sum()),
            "behind": behind(moments, self.horizon_days),
        }

    def each(self, of_group: Callable) -> tuple[list[float], np.ndarray]:
        """A number of each group, unexposed first, and the influence of a vertebra on that of its own group.

        `of_group` takes the processes of a group and the horizon, and gives the influence by time and outcome; here it
        is a table like `moments.leaving`.
        """
        values, influence = [], np.zeros(self.cells.moments.leaving.shape)
        for group in (0, 1):
            process = Processes.of(self.cells.moments, group)
            value, influence[process.moment, group] = of_group(process, self.horizon_days)
            values.append(value)
        return values, influence

    def difference(self, measure: str, shares: Sequence[float], influence: np.ndarray, **evidence) -> Estimate:
        """Exposed minus unexposed share, with its interval; without one where a group shows no variation."""
        by_group = [np.where(np.arange(2)[:, None] == group, influence, 0.0) for group in (1, 0)]
        difference = shares[1] - shares[0]
        if not self.is_naive:
            influences = [self.cells.by_patient(of_group) for of_group in by_group]
            return clustered_difference(measure, shares[::-1], influences, **evidence)
        influences, alike = [of_group.ravel() for of_group in by_group], self.cells.moments.leaving.ravel()
        if min(sum_of_squares(of_group, alike) for of_group in influences) > NO_VARIANCE:
            variance = sum_of_squares(influences[0] - influences[1], alike)
            return difference_estimate(measure, difference, variance, **evidence)
        return clustered_difference(measure, shares[::-1], influences, patients=alike, **evidence)
