"""Patients as clusters: what each contributes, collapsed, added up and turned into a variance.

Everything a relative risk needs of a patient is four numbers. A million patients have about a hundred
distinct ones, so they are kept as distinct rows with the number of patients behind each; two parts of a
cohort add up, as long as no patient is in both.
"""

from dataclasses import dataclass

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.arguments import durations, flags, labels, same_length
from helpers.estimators.estimate import TwoByTwo


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
        event, exposed = flags(event, "event"), flags(exposed, "exposed")
        n = same_length(event=event, exposed=exposed, patient=patient, time=time)
        codes, n_patients = (np.arange(n), n) if patient is None else labels(patient, "patient")
        if patient is None and time is None:
            kind = np.bincount(2 * exposed + event, minlength=4)
            rows = np.array([[0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 0, 0], [1, 1, 0, 0]])
            return collapse(rows, kind)
        columns = []
        for group in (exposed, ~exposed):
            columns.append(np.bincount(codes[group & event], minlength=n_patients))
            if time is None:
                columns.append(np.bincount(codes[group], minlength=n_patients))
            else:
                columns.append(np.bincount(codes[group], durations(time, "time")[group], minlength=n_patients))
        return collapse(np.column_stack(columns), np.ones(n_patients, dtype=np.int64))

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


def collapse(counts: np.ndarray, multiplicity: np.ndarray) -> Contributions:
    """Rows with the number of patients behind them, every row once and in order."""
    kept = multiplicity > 0
    counts, multiplicity = counts[kept], multiplicity[kept]
    if not len(counts):
        return Contributions(np.zeros((0, 4), dtype=np.int64), np.zeros(0, dtype=np.int64))
    key = _packed(counts)
    if key is None:
        distinct, which = np.unique(counts, axis=0, return_inverse=True)
    else:
        _, first, which = np.unique(key, return_index=True, return_inverse=True)
        distinct = counts[first]
    patients = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(patients, which.ravel(), multiplicity)
    return Contributions(distinct, patients)


def _packed(counts: np.ndarray) -> np.ndarray | None:
    """Each row as one integer in the rows' own order (integers sort many times faster), where they fit."""
    if counts.dtype.kind != "i":
        return None
    bases = [int(base) + 1 for base in counts.max(axis=0)]
    if np.prod([float(base) for base in bases]) > 2.0**62:
        return None
    key = np.zeros(len(counts), dtype=np.int64)
    for base, column in zip(bases, counts.T, strict=True):
        key = key * base + column
    return key


def patient_sums(values: np.ndarray, codes: np.ndarray | None, n_patients: int) -> np.ndarray:
    """Values added up by patient; without patients, as they are."""
    return values if codes is None else np.bincount(codes, values, minlength=n_patients)
