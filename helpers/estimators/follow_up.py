"""Follow-up of exposed and unexposed vertebrae, checked: what every estimator of the Cox family starts from."""

import math
from dataclasses import dataclass

import numpy as np

from helpers.errors import WorkbookError
from helpers.estimators.arguments import durations, flags, labels, same_length
from helpers.estimators.cox import Moments
from helpers.estimators.patients import patient_sums
from helpers.estimators.survival import checked_entry


@dataclass(frozen=True, eq=False)
class Rows:
    """Checked follow-up: one row per vertebra or, with `entry`, per period of one.

    `strata`, `patients` and `vertebrae` are codes, or None where not given; `n_codes` is the number of patient codes.
    """

    days: np.ndarray
    event: np.ndarray
    exposed: np.ndarray
    entry: np.ndarray | None
    strata: np.ndarray | None
    patients: np.ndarray | None
    n_codes: int
    vertebrae: np.ndarray | None

    @classmethod
    def checked(
        cls, days, event, exposed, patient=None, *, stratum=None, entry=None, vertebra=None, **others
    ) -> "Rows":
        """The arguments of an estimator, checked; `others` must have the same length."""
        days, event, exposed = durations(days), flags(event, "event"), flags(exposed, "exposed")
        arrays = {"patient": patient, "stratum": stratum, "entry": entry, "vertebra": vertebra, **others}
        same_length(days=days, event=event, exposed=exposed, **arrays)
        patients, n_codes = (None, 0) if patient is None else labels(patient, "patient")
        strata = None if stratum is None else labels(stratum, "stratum")[0]
        vertebrae = None
        if vertebra is not None:
            vertebrae, n_labels = labels(vertebra, "vertebra")
            if patients is not None:
                # Patients may have vertebrae of the same name.
                vertebrae = patients.astype(np.int64) * n_labels + vertebrae
        return cls(days, event, exposed, checked_entry(entry, days), strata, patients, n_codes, vertebrae)

    def within(self, after: float, through: float | None) -> "Rows":
        """The same follow-up seen only after one day and through another (None: to the end)."""
        if not (math.isfinite(after) and after >= 0 and (through is None or through > after)):
            raise WorkbookError(
                f"`window` must be (after, through) with 0 <= after < through, but got {(after, through)}. "
                "Pass (0, 90), or (365, None) for everything later."
            )
        kept = self.days > after if after > 0 else np.ones(len(self.days), dtype=bool)
        if self.entry is not None and through is not None:
            kept &= self.entry < through
        days, event, exposed = self.days[kept], self.event[kept], self.exposed[kept]
        if through is not None:
            days, event = np.minimum(days, through), event & (days <= through)
        entry, strata, patients, vertebrae = (
            None if array is None else array[kept] for array in (self.entry, self.strata, self.patients, self.vertebrae)
        )
        entry = None if entry is None else np.maximum(entry, after)
        return Rows(days, event, exposed, entry, strata, patients, self.n_codes, vertebrae)

    @property
    def moments(self) -> Moments:
        """Their table by moment."""
        return Moments.of(self.days, self.event, self.exposed, self.strata, self.entry)

    def evidence(self, model: str, *, independent: str, clustered: str) -> dict:
        """Method and counts for the record."""
        method = f"{model}{independent if self.patients is None else clustered}"
        return {
            "method": method if self.strata is None else f"{method}, stratified",
            "n_patients": None if self.patients is None else int((np.bincount(self.patients) > 0).sum()),
            "n_vertebrae": len(self.days) if self.vertebrae is None else labels(self.vertebrae, "vertebra")[1],
            "n_events": int(self.event.sum()),
        }

    def by_patient(self, values: np.ndarray) -> np.ndarray:
        """Values of rows added up by patient."""
        return patient_sums(values, self.patients, self.n_codes)
