"""Patients as clusters: what each contributes, collapsed, added up and turned into a variance.

Everything a relative risk needs of a patient is four numbers. A million patients have about a hundred
distinct ones, so they are kept as distinct rows with the number of patients behind each; two parts of a
cohort add up, as long as no patient is in both.
"""

from dataclasses import dataclass

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.arguments import durations, flags, label_codes, same_length
from helpers.estimators.estimate import TwoByTwo
from helpers.estimators.kinds import SPREAD, Kinds
from helpers.parted import added_up, in_parts

# The largest number a row of counts may be packed into; so many packed numbers are counted rather than sorted.
LARGEST_KEY, FEW = 2**62, 2**10


@dataclass(frozen=True, eq=False)
class Contributions:
    """What patients contribute, collapsed.

    Attributes
    ----------
    counts : array (distinct, 4)
        Events and number at risk among the exposed, events and number at risk among the unexposed, of one
        patient; for rates, time at risk takes the place of the number at risk. Sorted, no row twice.
    multiplicity : array (distinct,)
        How many patients contribute that row.
    """

    counts: np.ndarray
    multiplicity: np.ndarray

    @classmethod
    def from_rows(cls, event, exposed, patient=None, *, time=None) -> "Contributions":
        """Contributions of patients from one row per vertebra; without patients every vertebra stands alone.

        Examples
        --------
        >>> event, exposed = [1, 0, 0, 1, 0, 0], [1, 1, 0, 1, 1, 0]
        >>> each = Contributions.from_rows(event, exposed, ["p", "p", "p", "q", "q", "q"])
        >>> each.counts.tolist(), each.multiplicity.tolist()
        ([[1, 2, 0, 1]], [2])
        """
        if in_parts(event):
            return added_up(cls.from_rows, event, exposed, patient, time=time)
        event, exposed = flags(event, "event"), flags(exposed, "exposed")
        n = same_length(event=event, exposed=exposed, patient=patient, time=time)
        if patient is None and time is None:
            a, n1, events = (np.count_nonzero(rows) for rows in (event & exposed, exposed, event))
            return cls.from_counts(a, n1, events - a, n - n1)
        codes, n_codes = (np.arange(n), n) if patient is None else label_codes(patient, "patient")
        counts = Kinds((exposed, event), (2, 2)).counts_by(codes, n_codes)
        at_risk = counts[:, 0] + counts[:, 1]
        size = at_risk if time is None else Kinds((exposed,), (2,)).counts_by(codes, n_codes, durations(time, "time"))
        n_patients = np.count_nonzero(at_risk.any(axis=0))
        return cls.from_patients(counts[1, 1], size[1], counts[0, 1], size[0], n_patients=n_patients)

    @classmethod
    def from_counts(cls, a: int, n1: int, c: int, n0: int) -> "Contributions":
        """Vertebrae that stand alone, from the four counts of their two-by-two table."""
        rows = np.array([[0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 0, 0], [1, 1, 0, 0]])
        return collapse(rows, np.array([n0 - c, c, n1 - a, a]))

    @classmethod
    def from_patients(cls, a, n1, c, n0, *, n_patients: int | None = None) -> "Contributions":
        """Patients from their four counts, one entry each.

        Entries for labels that nobody has are all zeros; `n_patients` without them is by default the number of entries
        with vertebrae at risk.
        """
        each = _collapsed([a, n1, c, n0])
        n_absent = len(a) - (np.count_nonzero(n1 + n0) if n_patients is None else n_patients)
        if not n_absent:
            return each
        return collapse(each.counts, each.multiplicity - n_absent * ~each.counts.any(axis=1))

    def __add__(self, other: "Contributions") -> "Contributions":
        """Two parts of a cohort as one; no patient may be in both."""
        return collapse(
            np.concatenate([self.counts, other.counts]),
            np.concatenate([self.multiplicity, other.multiplicity]),
        )

    @property
    def n_patients(self) -> int:
        """Number of patients (of vertebrae, where no patients were given)."""
        return int(self.multiplicity.sum())

    @property
    def totals(self) -> np.ndarray:
        """The four column sums over patients."""
        return self.multiplicity @ self.counts

    @property
    def table(self) -> TwoByTwo:
        """The two-by-two table they add up to."""
        return TwoByTwo(*(int(total) for total in self.totals))

    def influence(self, weight_exposed: float, weight_unexposed: float) -> np.ndarray:
        """How far each distinct contribution moves an estimate.

        u_g = w1 (a_g - p1 n1_g) - w0 (c_g - p0 n0_g), with p1 = a/n1 and p0 = c/n0. The weights choose the
        measure: 1/a and 1/c for the log risk ratio or log rate ratio, 1/n1 and 1/n0 for the difference.
        """
        events_exposed, at_risk_exposed, events_unexposed, at_risk_unexposed = self.totals
        a, n1, c, n0 = self.counts.T
        residual_exposed = a - n1 * (events_exposed / at_risk_exposed)
        residual_unexposed = c - n0 * (events_unexposed / at_risk_unexposed)
        return weight_exposed * residual_exposed - weight_unexposed * residual_unexposed

    def of_groups(self, weight_exposed: float, weight_unexposed: float) -> tuple[np.ndarray, np.ndarray]:
        """The two parts of `influence`, which is their sum: by the exposed and by the unexposed vertebrae."""
        return self.influence(weight_exposed, 0), self.influence(0, weight_unexposed)

    def variance(self, weight_exposed: float, weight_unexposed: float) -> float:
        """The sandwich variance with patients as clusters: the sum of u_g squared [1]_, [2]_.

        The same as ``sandwich::vcovCL(fit, cluster = patient, type = "HC0", cadjust = FALSE)`` in R.

        References
        ----------
        .. [1] Liang K-Y, Zeger SL. Longitudinal data analysis using generalized linear models. Biometrika
           1986;73:13-22.
        .. [2] White H. A heteroskedasticity-consistent covariance matrix estimator. Econometrica
           1980;48:817-838.
        """
        return float(self.multiplicity @ self.influence(weight_exposed, weight_unexposed) ** 2)

    def log_risk_ratio_variance(self) -> float:
        """The clustered variance of the log risk ratio; both groups need an event."""
        events_exposed, _, events_unexposed, _ = self.totals
        if not (events_exposed and events_unexposed):
            raise WorkbookError(
                "The variance of a log risk ratio needs an event in both groups, but one has none. "
                "Use `score_interval` instead."
            )
        return self.variance(1 / events_exposed, 1 / events_unexposed)


def collapse(counts: np.ndarray, multiplicity: np.ndarray | None = None) -> Contributions:
    """Rows with the number of patients behind them (None: one each), every row once and in order."""
    if multiplicity is not None:
        counts, multiplicity = counts[multiplicity > 0], multiplicity[multiplicity > 0]
    return _collapsed(list(counts.T), multiplicity)


def _collapsed(columns: list[np.ndarray], multiplicity: np.ndarray | None = None) -> Contributions:
    n = len(columns[0])
    if not n:
        return Contributions(np.zeros((0, 4), dtype=np.int64), np.zeros(0, dtype=np.int64))
    codes, values = zip(*map(_in_order, columns), strict=True)
    kinds = Kinds(codes, tuple(map(len, values)))
    if kinds.n_kinds > LARGEST_KEY:
        counts, which = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
        return Contributions(counts, np.bincount(which.ravel(), multiplicity).astype(np.int64))
    # One whole number for each row, in the rows' own order.
    key = kinds.of_rows().astype(np.int64)
    if kinds.n_kinds <= SPREAD * n + FEW:
        patients = np.bincount(key, multiplicity)
        distinct = np.flatnonzero(patients)
        patients = patients[distinct]
    elif multiplicity is None:
        distinct, patients = np.unique(key, return_counts=True)
    else:
        distinct, which = np.unique(key, return_inverse=True)
        patients = np.bincount(which, multiplicity)
    places = np.unravel_index(distinct, kinds.sizes)
    counts = np.column_stack([of_column[place] for of_column, place in zip(values, places, strict=True)])
    return Contributions(counts, patients.astype(np.int64))


def _in_order(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers as codes into their values, in order; small whole ones are their own."""
    if column.dtype.kind == "i" and (largest := int(column.max())) < SPREAD * len(column) + FEW:
        return column, np.arange(largest + 1)
    values, codes = np.unique(column, return_inverse=True)
    return codes, values
