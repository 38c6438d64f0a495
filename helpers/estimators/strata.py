"""Vertebrae by stratum, group and event: what every stratified risk ratio starts from."""

from dataclasses import dataclass

import numpy as np

from helpers.estimators.arguments import flags, label_codes, same_length
from helpers.estimators.kinds import Kinds, n_occurring


@dataclass(frozen=True, eq=False)
class Strata:
    """Vertebrae counted by stratum, exposure and event, and whose each is.

    Attributes
    ----------
    counts : array of int (strata, 2, 2)
        By label of the stratum, exposed and event; zeros for a label that no vertebra has. Those of the parts of a
        cohort add up where the labels are the same categories.
    """

    counts: np.ndarray
    _kinds: Kinds
    _patients: tuple[np.ndarray, int] | None

    @classmethod
    def of(cls, event, exposed, stratum, patient=None) -> "Strata":
        """Count the vertebrae of each stratum."""
        event, exposed = flags(event, "event"), flags(exposed, "exposed")
        same_length(event=event, exposed=exposed, stratum=stratum, patient=patient)
        strata, n_strata = label_codes(stratum, "stratum")
        patients = None if patient is None else label_codes(patient, "patient")
        kinds = Kinds((strata, exposed, event), (n_strata, 2, 2))
        return cls(kinds.counts(), kinds, patients)

    @property
    def n_patients(self) -> int | None:
        """None where no patients were given."""
        return None if self._patients is None else n_occurring(*self._patients)

    def by_patient(self, by_kind: np.ndarray) -> np.ndarray:
        """Contributions by stratum x exposed x event, added up by patient."""
        return self._kinds.sums_by(*self._patients, by_kind)


def four_counts(counts: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of each stratum: events and number at risk among the exposed, events and number at risk among the unexposed."""
    counts = counts.astype(float)
    return counts[:, 1, 1], counts[:, 1].sum(axis=1), counts[:, 0, 1], counts[:, 0].sum(axis=1)
