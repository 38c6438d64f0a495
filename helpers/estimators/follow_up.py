"""Follow-up of exposed and unexposed vertebrae, checked: what every estimator of the Cox family starts from."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from helpers.counts import counted
from helpers.errors import WorkbookError
from helpers.estimators.arguments import durations, flags, label_codes, same_length
from helpers.estimators.cells import Cells
from helpers.estimators.cells_in_parts import CellsInParts, cells_of
from helpers.estimators.cox import Likelihood, maximum
from helpers.estimators.distinct import n_distinct
from helpers.estimators.estimate import TwoByTwo
from helpers.estimators.intervals import VERY_FEW
from helpers.estimators.moments import LARGEST, Moments
from helpers.estimators.patients import Contributions
from helpers.estimators.strata import with_same_labels
from helpers.estimators.survival import checked_entry
from helpers.parted import added_up, by_part, in_parts

Window = tuple[float, float | None]


@dataclass(frozen=True, eq=False)
class Rows:
    """Checked follow-up: one row per vertebra or, with `entry`, per period of one.

    `strata`, `patients` and `vertebrae` are codes, or None where not given. Rows of another `kind` are not alike.
    """

    days: np.ndarray
    event: np.ndarray
    exposed: np.ndarray
    entry: np.ndarray | None
    strata: np.ndarray | None
    patients: np.ndarray | None
    vertebrae: np.ndarray | None
    kind: np.ndarray | None = None

    @classmethod
    def checked(
        cls, days, event, exposed, patient=None, *, stratum=None, entry=None, vertebra=None, **others
    ) -> "Rows":
        """The arguments of an estimator, checked; `others` must have the same length."""
        days, event, exposed = durations(days), flags(event, "event"), flags(exposed, "exposed")
        arrays = {"patient": patient, "stratum": stratum, "entry": entry, "vertebra": vertebra, **others}
        same_length(days=days, event=event, exposed=exposed, **arrays)
        patients = None if patient is None else label_codes(patient, "patient")[0]
        if not in_parts(stratum):
            strata = None if stratum is None else label_codes(stratum, "stratum")[0]
        elif stratum.is_like(patient):
            strata = patients
        else:
            strata = label_codes(with_same_labels(stratum), "stratum")[0]
        if in_parts(vertebra) and patient is None:
            raise WorkbookError("`vertebra` of a cohort in parts needs `patient`, whose vertebrae they are.")
        vertebrae = None if vertebra is None else _vertebra_codes(vertebra, patients)
        return cls(days, event, exposed, checked_entry(entry, days), strata, patients, vertebrae)

    @cached_property
    def cells(self) -> Cells | CellsInParts:
        """Where they stand in their table by moment."""
        return cells_of(
            patients=self.patients,
            days=self.days,
            outcome=self.event,
            group=self.exposed,
            strata=self.strata,
            entry=self.entry,
            kind=self.kind,
            shape=(2, 2),
        )

    @cached_property
    def fit(self) -> tuple[Likelihood | None, str]:
        """The Cox likelihood of the exposure at its maximum; None, and why in words, where it has none."""
        return maximum(self.moments(), self.n_seen())

    @cached_property
    def contributions(self) -> Contributions:
        """What each patient contributes to a risk ratio; vertebrae stand alone where no patients were given."""
        if self.strata is not None:
            # Counted within patients, those without an event are not there.
            return Contributions.from_rows(self.event, self.exposed, self.patients)
        return added_up(_contributions, self.cells.each if in_parts(self.days) else self.cells)

    def moments(self, window: Window | None = None) -> Moments:
        """Their table by moment; in a window (after, through) only its events count."""
        return self.cells.moments if window is None else self.cells.moments.within(*checked_window(window))

    def n_seen(self, window: Window | None = None) -> int:
        """How many rows are under observation; in a window, if one is given."""
        return len(self.days) if window is None else added_up(np.count_nonzero, self._seen_in(window))

    def evidence(
        self, model: str, *, independent: str, clustered: str, window: Window | None = None, is_clustered: bool = True
    ) -> dict:
        """Method and counts for the record; those of vertebrae as independent where `is_clustered` is false."""
        is_clustered = is_clustered and self.patients is not None
        method = f"{model}{clustered if is_clustered else independent}"
        n_patients, n_vertebrae = self.cells.n_patients if is_clustered else None, self.n_seen(window)
        kept = slice(None) if window is None else self._seen_in(window)
        if window is not None and n_patients is not None:
            n_patients = added_up(n_distinct, self.patients[kept])
        if self.vertebrae is not None:
            n_vertebrae = added_up(n_distinct, self.vertebrae[kept])
        table = behind(self.moments(window))
        return {
            "method": method if self.strata is None else f"{method}, stratified",
            "n_patients": n_patients,
            "n_vertebrae": n_vertebrae,
            "n_events": table.events_exposed + table.events_unexposed,
            "behind": table,
        }

    def _seen_in(self, window: Window) -> np.ndarray:
        return _seen_in(self.days, self.entry, *checked_window(window))


def _contributions(cells: Cells) -> Contributions:
    if cells.patients is None:
        (rest, c), (others, a) = cells.moments.leaving.sum(axis=0)
        return Contributions.from_counts(a, others + a, c, rest + c)
    without, events = cells.left_by_patient().swapaxes(0, 1)
    at_risk = without + events
    return Contributions.from_patients(events[1], at_risk[1], events[0], at_risk[0], n_patients=cells.n_patients)


def behind(moments: Moments, through: float | None = None) -> TwoByTwo:
    """Events, of a horizon those up to it, and rows of the exposed and the unexposed."""
    events = moments.events if through is None else moments.events[moments.time <= through]
    unexposed, exposed = np.einsum("mg->g", events).tolist()
    rest, near = np.einsum("mgo->g", moments.leaving).tolist()
    return TwoByTwo(exposed, near, unexposed, rest)


@by_part
def _seen_in(days: np.ndarray, entry: np.ndarray | None, after: float, through: float | None) -> np.ndarray:
    kept = days > after if after > 0 else np.ones(len(days), dtype=bool)
    if entry is not None and through is not None:
        kept &= entry < through
    return kept


@by_part
def _vertebra_codes(vertebra, patients: np.ndarray | None) -> np.ndarray:
    """Vertebrae numbered; patients may have vertebrae of the same name."""
    vertebrae, n_labels = label_codes(vertebra, "vertebra")
    if patients is None:
        return vertebrae
    highest = (int(patients.max(initial=0)) + 1) * n_labels
    return patients.astype(np.int32 if highest < LARGEST else np.int64) * n_labels + vertebrae


def checked_window(window: Window) -> Window:
    """A window of follow-up that can be one."""
    after, through = window
    if not (math.isfinite(after) and after >= 0 and (through is None or through > after)):
        raise WorkbookError(
            f"`window` must be (after, through) with 0 <= after < through, but got {(after, through)}. "
            "Pass (0, 90), or (365, None) for everything later."
        )
    return window


def bounded_by_patients(sums: np.ndarray) -> str:
    """What to bear in mind of a clustered test of few patients: (sum of U_g)^2 is at most G times sum of U_g^2."""
    n_patients = np.count_nonzero(sums)
    patients = counted(n_patients, "patient")
    few = f"with {patients} chi-square cannot exceed {n_patients}: the test can hardly tell anything"
    return few if n_patients < VERY_FEW else ""
