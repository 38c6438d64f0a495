"""The vertebrae of a specification as arrays: who is at risk, for how long, and next to cement or not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from helpers.cohort.at_risk import FRACTURE, follow_up
from helpers.cohort.clean import CleanCohort
from helpers.cohort.contrasts import observed_periods
from helpers.cohort.dates import NEVER
from helpers.cohort.risk_periods import build_risk_periods
from helpers.cohort.risk_table import cement_of_day_0, late_cement, near_columns
from helpers.cohort.spine_arrays import Spines
from helpers.estimators.estimate import Estimate
from helpers.estimators.follow_up import Rows
from helpers.estimators.hazard_ratio import hazard_ratio_of
from helpers.estimators.mantel_haenszel import mantel_haenszel, within_patient_risk_ratio_of
from helpers.estimators.patients import Contributions
from helpers.estimators.relative_risk import rate_ratio_of, risk_ratio_of
from helpers.robustness.choices import ALL, TIME_UPDATED
from helpers.robustness.grid import Specification, levels_of


@dataclass(frozen=True, eq=False)
class Vertebrae:
    """One entry per vertebra at risk, patient by patient; with `start` one per period of it, from after that day.

    `patient` and `slot` say which it is, `distance` and `is_sandwich` how it lies to cement, `days` when its follow-up
    ended, and `event` whether with a new fracture.
    """

    patient: np.ndarray
    slot: np.ndarray
    distance: np.ndarray
    is_sandwich: np.ndarray
    days: np.ndarray
    event: np.ndarray
    start: np.ndarray | None = None

    def rows(self, kept: np.ndarray) -> "Vertebrae":
        """Some of them."""
        columns = {name: None if values is None else values[kept] for name, values in vars(self).items()}
        return Vertebrae(**columns)

    def chosen(self, specification: Specification) -> "Vertebrae":
        """Those that count when sandwich vertebrae, or all fractures but the first of a patient, are left out."""
        own = self.rows(~self.is_sandwich) if specification["sandwich_vertebrae"] == "out" else self
        return own.to_first_fracture() if specification["fractures_counted"] == "first" else own

    def to_first_fracture(self) -> "Vertebrae":
        """Followed to the day of the patient's first fracture, as `first_fracture.first_fracture_only` does it."""
        first = np.full(int(self.patient.max(initial=-1)) + 1, NEVER)
        np.minimum.at(first, self.patient[self.event], self.days[self.event])
        return self._to(first[self.patient])

    def to_horizon(self, horizon: str) -> "Vertebrae":
        """Followed to a day: what is found later does not count."""
        return self if horizon == ALL else self._to(np.int32(horizon))

    def _to(self, end: np.ndarray | np.int32) -> "Vertebrae":
        cut = replace(self, days=np.minimum(self.days, end), event=self.event & (self.days <= end))
        return cut if self.start is None else cut.rows(cut.days > cut.start)


def vertebrae_at_risk(cohort: CleanCohort, specification: Specification, *, spines: Spines | None = None) -> Vertebrae:
    """The vertebrae at risk by levels, region, prevalent fractures, later vertebroplasties and end of follow-up.

    `spines` are those of the cohort, where it was laid out before.
    """
    slots = levels_of(specification)
    options = {name: specification[name] for name in ("prevalent_fractures", "death_follow_up")}
    later = specification["later_vertebroplasty"]
    if later == TIME_UPDATED:
        periods = observed_periods(
            build_risk_periods(cohort, levels_at_risk=specification["levels_at_risk"], **options)
        )
        names = periods["patient"].cat
        patient = cohort.patients["patient"].cat.categories.get_indexer(names.categories)[names.codes]
        each = Vertebrae(
            patient,
            periods["level"].cat.codes.to_numpy(),
            *(periods[name].to_numpy() for name in ("distance", "is_sandwich", "stop_days")),
            (periods["outcome"] == "fracture").to_numpy(),
            periods["start_days"].to_numpy(),
        )
        return each.rows(slots[each.slot])
    followed = follow_up(cohort, slots, later_vertebroplasty=later, spines=spines, **options)
    near = late_cement(followed) if later == "reclassify" else cement_of_day_0(followed)
    is_sandwich = near_columns(*near, 1)["is_sandwich"]
    at_risk = followed.at_risk
    return Vertebrae(at_risk.patient, at_risk.slot, near[0], is_sandwich, followed.days, followed.outcome == FRACTURE)


@dataclass(frozen=True, eq=False)
class Compared:
    """Vertebrae of which those up to a distance are next to cement: every estimator starts from these."""

    vertebrae: Vertebrae
    adjacent_within: int
    conf_level: float

    def estimate(self, estimator: str) -> Estimate:
        """The ratio by one estimator."""
        return _ESTIMATORS[estimator](self)

    def hazard_ratio(self, horizon: str) -> Estimate:
        """The ratio of hazards up to a horizon, from the counts of all of follow-up."""
        window = None if horizon == ALL else (0, float(horizon))
        return hazard_ratio_of(self._followed, window=window, conf_level=self.conf_level)

    @cached_property
    def exposed(self) -> np.ndarray:
        """Which are next to cement."""
        return self.vertebrae.distance <= self.adjacent_within

    @cached_property
    def _contributions(self) -> Contributions:
        return Contributions.from_rows(self.vertebrae.event, self.exposed, self.vertebrae.patient)

    @cached_property
    def _followed(self) -> Rows:
        own = self.vertebrae
        periods = {} if own.start is None else {"entry": own.start, "vertebra": own.slot}
        return Rows.checked(own.days, own.event, self.exposed, own.patient, **periods)

    def _crude(self) -> Estimate:
        return risk_ratio_of(self._contributions, conf_level=self.conf_level)

    def _within_patient(self) -> Estimate:
        return within_patient_risk_ratio_of(self._contributions, conf_level=self.conf_level)

    def _by_level(self) -> Estimate:
        own = self.vertebrae
        return mantel_haenszel(own.event, self.exposed, own.patient, stratum=own.slot, conf_level=self.conf_level)

    def _rate(self) -> Estimate:
        own = self.vertebrae
        time = own.days if own.start is None else own.days - own.start
        contributions = Contributions.from_rows(own.event, self.exposed, own.patient, time=time)
        is_new = np.append(True, (np.diff(own.patient) != 0) | (np.diff(own.slot) != 0))[: len(own.patient)]
        return rate_ratio_of(contributions, n_vertebrae=int(is_new.sum()), conf_level=self.conf_level)


_ESTIMATORS: Mapping = {
    "crude": Compared._crude,
    "by_level": Compared._by_level,
    "within_patient": Compared._within_patient,
    "rate": Compared._rate,
}
