"""Vertebrae by stratum, group and event: what every stratified risk ratio starts from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.estimators.arguments import flags, label_codes, same_length
from helpers.estimators.kinds import Kinds, n_occurring
from helpers.parted import Parted, in_parts, mapped


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
        """Count the vertebrae of each stratum; `StrataInParts` where they are in parts."""
        if in_parts(event):
            return StrataInParts.of(event, exposed, stratum, patient)
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


@dataclass(frozen=True, eq=False)
class StrataInParts:
    """As `Strata`: the counts are added up here, whose each vertebra is stays where the parts are."""

    counts: np.ndarray
    n_patients: int | None
    _each: Parted

    @classmethod
    def of(cls, event: Parted, exposed: Parted, stratum: Parted, patient: Parted | None) -> "StrataInParts":
        """Count the vertebrae of each stratum, part by part."""
        each = mapped(Strata.of, event, exposed, with_same_labels(stratum), patient).held()
        n_patients = None if patient is None else each.attribute("n_patients").total()
        return cls(each.attribute("counts").total(), n_patients, each)

    def by_patient(self, by_kind: np.ndarray) -> np.ndarray:
        """As `Strata.by_patient`, the patients of one part after those of another."""
        return np.concatenate(self._each.map(Strata.by_patient, self._each.beside(by_kind)).each())


def with_same_labels(labels: Parted) -> Parted:
    """Labels as categories that are the same in every part."""
    each = labels.map(_categories).each()
    if all(own is not None and own.equals(each[0]) for own in each):
        return labels
    return labels.map(pd.Categorical, categories=labels.map(_occurring).total().labels)


def _categories(labels) -> pd.Index | None:
    is_categorical = isinstance(getattr(labels, "dtype", None), pd.CategoricalDtype)
    return getattr(labels, "array", labels).categories if is_categorical else None


@dataclass(frozen=True)
class _Labels:
    labels: list

    def __add__(self, other: "_Labels") -> "_Labels":
        return _Labels(list(dict.fromkeys(self.labels + other.labels)))


def _occurring(labels) -> _Labels:
    own = _categories(labels)
    return _Labels(list(pd.unique(labels) if own is None else own))


def four_counts(counts: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of each stratum: events and number at risk among the exposed, events and number at risk among the unexposed."""
    counts = counts.astype(float)
    return counts[:, 1, 1], counts[:, 1].sum(axis=1), counts[:, 0, 1], counts[:, 0].sum(axis=1)
