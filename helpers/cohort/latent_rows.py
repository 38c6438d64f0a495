"""The risk table of a synthetic cohort straight from its truth, as cleaning and laying out would give it."""

from dataclasses import dataclass

import numpy as np

from helpers.cohort.latent import NEVER, Latent, next_to
from helpers.cohort.spine import level_range, present


@dataclass(frozen=True)
class LatentRows:
    """One entry for each vertebra at risk, patient by patient from cranial to caudal, under the workbook's defaults.

    `outcome` is 0 censored, 1 new fracture, 2 death; `level` the slot on the spine.
    """

    patient: np.ndarray
    level: np.ndarray
    is_adjacent: np.ndarray
    days: np.ndarray
    outcome: np.ndarray

    @property
    def fractured(self) -> np.ndarray:
        """Whether the vertebra had a new fracture."""
        return self.outcome == 1


def latent_rows(latent: Latent) -> LatentRows:
    """T1 to L5 at risk, old fractures excluded, followed to death, else to the last imaging, and to the day of a later
    vertebroplasty at most; adjacent means next to a level cemented on day 0."""
    has_slot = present(latent.thoracic, latent.lumbar)
    at_risk = has_slot & level_range("T1-L5") & ~latent.prevalent
    is_adjacent = next_to(latent.cemented, has_slot)
    end = np.where(latent.death != NEVER, latent.death, latent.last_imaging)
    end = np.minimum(end, latent.later_day[:, 0])[:, None]
    fractured = latent.diagnosis <= end
    days = np.where(fractured, latent.diagnosis, end)
    outcome = np.where(fractured, 1, np.where(latent.death[:, None] <= end, 2, 0))
    patient, level = np.nonzero(at_risk)
    return LatentRows(patient, level, is_adjacent[at_risk], days[at_risk], outcome[at_risk].astype(np.int8))
