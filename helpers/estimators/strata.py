"""Vertebrae by stratum, group and event: what every stratified risk ratio starts from."""

from dataclasses import dataclass

import numpy as np

from helpers.estimators.arguments import flags, labels, same_length
from helpers.estimators.estimate import TwoByTwo
from helpers.estimators.patients import patient_sums


@dataclass(frozen=True, eq=False)
class Strata:
    """Counts by stratum, and whose each vertebra is.

    Attributes
    ----------
    a, n1, c, n0 : array of float (strata,)
        Events and number at risk among the exposed, events and number at risk among the unexposed.
    n_patients : int or None
        None where no patients were given.
    """

    a: np.ndarray
    n1: np.ndarray
    c: np.ndarray
    n0: np.ndarray
    n_patients: int | None
    _kind: tuple[np.ndarray, np.ndarray, np.ndarray]
    _patient: np.ndarray | None

    @classmethod
    def of(cls, event, exposed, stratum, patient=None) -> "Strata":
        """Count the vertebrae of each stratum."""
        event, exposed = flags(event, "event"), flags(exposed, "exposed")
        same_length(event=event, exposed=exposed, stratum=stratum, patient=patient)
        strata, n_strata = labels(stratum, "stratum")
        codes, n_patients = (None, None) if patient is None else labels(patient, "patient")
        counts = (
            np.bincount(strata[rows], minlength=n_strata).astype(float)
            for rows in (event & exposed, exposed, event & ~exposed, ~exposed)
        )
        return cls(*counts, n_patients, (strata, exposed.astype(int), event.astype(int)), codes)

    @property
    def table(self) -> TwoByTwo:
        """The two-by-two table over all strata."""
        return TwoByTwo(*(int(column.sum()) for column in (self.a, self.n1, self.c, self.n0)))

    def by_patient(self, by_kind: np.ndarray) -> np.ndarray:
        """Contributions by stratum x exposed x event, added up by patient (by vertebra without them)."""
        return patient_sums(by_kind[self._kind], self._patient, self.n_patients or 0)
