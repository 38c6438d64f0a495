"""Exposed and unexposed vertebrae followed to a horizon: what every comparison at a horizon starts from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.arguments import labels
from helpers.estimators.estimate import Estimate, check_conf_level
from helpers.estimators.intervals import NO_VARIANCE, clustered_difference, difference_estimate, sum_of_squares
from helpers.estimators.patients import patient_sums
from helpers.estimators.processes import distinct_times


@dataclass(frozen=True, eq=False)
class FollowedGroups:
    """Two groups of vertebrae, from checked arrays.

    Attributes
    ----------
    outcome : array of int (vertebrae,)
        0 censored, 1 the event, 2 a competing one.
    codes : array of int (vertebrae,) or None
        Whose each vertebra is; None where no patients were given, as is `n_patients`.
    """

    days: np.ndarray
    outcome: np.ndarray
    exposed: np.ndarray
    codes: np.ndarray | None
    n_patients: int | None
    horizon_days: float
    conf_level: float

    @classmethod
    def of(cls, days, outcome, exposed, patient, horizon_days: float, conf_level: float) -> "FollowedGroups":
        """The groups, with patients as codes."""
        if isinstance(horizon_days, bool) or not isinstance(horizon_days, (int, float, np.number)):
            raise WorkbookError(
                f"`horizon_days` must be a number of days, but got {horizon_days}. Pass for example 90."
            )
        codes, n_patients = (None, None) if patient is None else labels(patient, "patient")
        return cls(days, outcome, exposed, codes, n_patients, horizon_days, check_conf_level(conf_level))

    @property
    def basis(self) -> str:
        """What the interval rests on, in words."""
        if self.codes is None:
            return "vertebrae treated as independent (infinitesimal jackknife)"
        return "patients as clusters (infinitesimal jackknife, t quantile)"

    @property
    def why_not(self) -> str:
        """Why nothing can be said of the horizon, in words; empty where something can."""
        if self.exposed.all() or not self.exposed.any():
            return "one of the two groups has no vertebra at risk"
        seen = min(float(self.days[group].max()) for group in (self.exposed, ~self.exposed))
        if 0 < self.horizon_days <= seen:
            return ""
        return f"the horizon must lie between 0 and the last time seen in both groups, {seen:g} days"

    def evidence(self, method: str) -> dict:
        """What an estimate of these groups carries."""
        return {
            "conf_level": self.conf_level,
            "method": method,
            "n_patients": self.n_patients,
            "n_vertebrae": len(self.days),
            "n_events": int(((self.outcome == 1) & (self.days <= self.horizon_days)).sum()),
        }

    def each(self, of_group: Callable) -> tuple[list[float], np.ndarray]:
        """A number of each group, exposed first, and every vertebra's influence on that of its own group.

        `of_group` takes the distinct times, which of them each vertebra has, the outcomes, and the horizon.
        """
        values, influence = [], np.zeros(len(self.days))
        for group in (self.exposed, ~self.exposed):
            value, influence[group] = of_group(
                *distinct_times(self.days[group]), self.outcome[group], self.horizon_days
            )
            values.append(value)
        return values, influence

    def by_patient(self, influence: np.ndarray) -> np.ndarray:
        """The influence of vertebrae added up by patient."""
        return patient_sums(influence, self.codes, self.n_patients or 0)

    def difference(self, measure: str, shares: Sequence[float], influence: np.ndarray, **evidence) -> Estimate:
        """Exposed minus unexposed share, with its interval; without one where a group shows no variation."""
        of_group = [self.by_patient(np.where(group, influence, 0.0)) for group in (self.exposed, ~self.exposed)]
        if self.codes is None and min(map(sum_of_squares, of_group)) > NO_VARIANCE:
            variance = sum_of_squares(of_group[0] - of_group[1])
            return difference_estimate(measure, shares[0] - shares[1], variance, **evidence)
        return clustered_difference(measure, shares, of_group, **evidence)
