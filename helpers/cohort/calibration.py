"""The simulator's margins beside the published ones: `python -m helpers.cohort.calibration` prints and stores them."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.cohort.latent import NEVER, Latent, draw
from helpers.cohort.spine import N_SLOTS, level_range, position, present
from helpers.cohort.truth import Truth
from helpers.errors import WorkbookError

PUBLISHED = {
    "patients": 432,
    "patients with new fractures": 86,
    "new fractures": 186,
    "new fractures, adjacent": 77,
    "risk ratio, adjacent to nonadjacent": 4.62,
    "median days to fracture, adjacent, among fractured": 55,
    "median days to fracture, nonadjacent, among fractured": 127,
}
CONTEXT = {
    "vertebrae at risk, nonadjacent for each adjacent": (186 - 77) / 77 * 4.62,
    "cemented levels, patients with new fractures": 137 / 86,
    "old fractures, patients with new fractures": 313 / 86,
    "old fracture next to an old one, against further away (NHANES)": 3.06,
    "dead at 1 year, share": 0.19,
}
TOLERANCE = 0.10
RESULT_FILE = Path(__file__).parents[2] / "data" / "reference" / "simulator_calibration.csv"
COMMAND = "python -m helpers.cohort.calibration"


def margins(latent: Latent) -> dict[str, float]:
    """The published figures as the workbook's defaults compute them, straight from the arrays.

    T1 to L5 at risk, adjacent means next to a level cemented on day 0, old fractures excluded, followed to death, else
    to the last imaging, and to the day of a later vertebroplasty at most.
    """
    place = position(latent.thoracic, latent.lumbar)
    at_risk = present(latent.thoracic, latent.lumbar) & level_range("T1-L5") & ~latent.prevalent
    is_adjacent = at_risk & (_distance(latent.cemented, place) == 1)
    end = np.where(latent.death != NEVER, latent.death, latent.last_imaging)
    end = np.minimum(end, latent.later_day[:, 0])
    fractured = at_risk & (latent.diagnosis <= end[:, None])
    n_adjacent, n_other = (fractured & is_adjacent).sum(), (fractured & ~is_adjacent).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (n_adjacent / is_adjacent.sum()) / (n_other / (at_risk & ~is_adjacent).sum())
        context = _context(latent, fractured.any(axis=1), at_risk, is_adjacent)
    values = [len(place), fractured.any(axis=1).sum(), fractured.sum(), n_adjacent, ratio]
    values += [_median(latent.diagnosis[fractured & group]) for group in (is_adjacent, ~is_adjacent)]
    return {name: float(value) for name, value in zip(PUBLISHED, values, strict=True)} | context


def _distance(cemented, place):
    """Levels from each vertebra to the nearest cemented one (patients x slots)."""
    distance = np.full(place.shape, N_SLOTS, dtype=np.int8)
    for slot in range(N_SLOTS):
        from_slot = np.where(cemented[:, [slot]], np.abs(place - place[:, [slot]]), N_SLOTS)
        distance = np.minimum(distance, from_slot)
    return distance


def _median(days):
    return np.median(days) if days.size else np.nan


def _context(latent, has_new, at_risk, is_adjacent):
    known = latent.prevalent[:, 3:17] & True
    place = position(latent.thoracic, latent.lumbar)[:, 3:17]
    assessed = (place >= 0) & (np.arange(3, 17) < 17)
    seen = np.zeros((2, 2))
    for step in range(1, place.shape[1]):
        near, far = known[:, :-step], known[:, step:]
        both_assessed = assessed[:, :-step] & assessed[:, step:]
        is_next = (place[:, step:] - place[:, :-step]) == 1
        for group, chosen in enumerate((is_next, ~is_next)):
            pairs = both_assessed & chosen
            seen[group] += 2 * (near & far & pairs).sum(), ((near & pairs).sum() + (far & pairs).sum())
    clustering = (seen[0, 0] / seen[0, 1]) / (seen[1, 0] / seen[1, 1])
    values = [(at_risk & ~is_adjacent).sum() / is_adjacent.sum()]
    values += [levels[has_new].sum() / has_new.sum() for levels in (latent.cemented, latent.prevalent)]
    values += [clustering, np.nan]
    return {name: float(value) for name, value in zip(CONTEXT, values, strict=True)}
