"""One row per vertebra at risk: how far from cement, how long followed, and how that ended."""

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort
from helpers.cohort.dates import ABSENT, NEVER, day_numbers
from helpers.cohort.flow import flow_table
from helpers.cohort.spine import N_SLOTS, REGIONS, SLOTS, LevelError, level_range, region_of
from helpers.cohort.spine_arrays import Spines, patient_codes, since_index, spine_arrays
from helpers.errors import Problems

OPTIONS = {
    "prevalent_fractures": ("exclude", "keep"),
    "later_vertebroplasty": ("censor", "ignore", "reclassify"),
    "death_follow_up": ("death", "last_imaging"),
}
OUTCOMES = ("censored", "fracture", "death")
DIRECTIONS = ("above", "below", "between")
FAR = np.int8(127)
_REGION_CODES = np.array([REGIONS.index(region_of(slot)) for slot in SLOTS], dtype=np.int8)


def build_risk_table(
    cohort: CleanCohort,
    *,
    levels_at_risk: str = "T1-L5",
    adjacent_within: int = 1,
    prevalent_fractures: str = "exclude",
    later_vertebroplasty: str = "censor",
    death_follow_up: str = "death",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the risk table and the flow of patients and vertebrae into it.

    Parameters
    ----------
    levels_at_risk : str
        First to last level that can be at risk. T13 belongs to a range it lies in, where the patient has one.
    adjacent_within : int
        Levels up to this distance from cement count as adjacent.
    prevalent_fractures : {"exclude", "keep"}
        Vertebrae fractured before the procedure: not at risk; or at risk, with progression as the event.
    later_vertebroplasty : {"censor", "ignore", "reclassify"}
        End at the patient's next vertebroplasty (a fracture found that day still counts); or go on, ending
        only the vertebrae cemented then; or go on, and count cement placed before a vertebra's last day too.
    death_follow_up : {"death", "last_imaging"}
        Those who died are followed to their death, or to the last imaging.

    Returns
    -------
    risk_table : DataFrame
        One row per vertebra at risk, patient by patient from cranial to caudal.
    flow : DataFrame
        See `flow.flow_table`.
    """
    at_risk_slots = _check_options(
        levels_at_risk, adjacent_within,
        {"prevalent_fractures": prevalent_fractures, "later_vertebroplasty": later_vertebroplasty,
         "death_follow_up": death_follow_up},
    )  # fmt: skip
    spines = spine_arrays(cohort)
    is_prevalent = (spines.prevalent < NEVER) & (spines.prevalent <= spines.new)
    is_followed = (spines.last_seen > ABSENT) | ((spines.death < NEVER) & (death_follow_up == "death"))
    keep = prevalent_fractures == "keep"
    is_lost = cohort.patients["procedure_set_aside"].to_numpy(dtype=bool)
    exclusions = {
        "procedure_set_aside": np.broadcast_to(is_lost[:, None], spines.place.shape),
        "no_vertebroplasty": np.broadcast_to((spines.index == NEVER)[:, None], spines.place.shape),
        "no_follow_up": np.broadcast_to(~is_followed[:, None], spines.place.shape),
        "cemented": spines.first_cement == 0,
        "outside_levels": np.broadcast_to(~at_risk_slots, spines.place.shape),
        "prevalent": is_prevalent & (not keep),
    }
    at_risk = (spines.place >= 0) & ~np.logical_or.reduce(list(exclusions.values()))

    progression = np.where(keep & (spines.progression > 0), spines.progression, NEVER)
    event = np.minimum(spines.new, progression)
    days, outcome = _ends(spines, event, later_vertebroplasty, death_follow_up)
    above, below = nearest_cement(spines, days, later_vertebroplasty == "reclassify")
    patient, slot = np.nonzero(at_risk)
    distance = np.minimum(above, below)[at_risk]
    table = pd.DataFrame(
        {
            "patient": _patient_category(cohort, patient),
            "level": pd.Categorical.from_codes(slot, categories=list(SLOTS), ordered=True),
            "region": _category(_REGION_CODES[slot], REGIONS),
            "distance": distance.astype(np.int8),
            "direction": _category(np.select([below < above, above < below], [0, 1], 2)[at_risk], DIRECTIONS),
            "is_adjacent": distance <= adjacent_within,
            "is_sandwich": ((above == 1) & (below == 1))[at_risk],
            "days": days[at_risk],
            "outcome": _category(outcome[at_risk], OUTCOMES),
        }
    )
    table["last_clean_days"] = last_clean_days(cohort, spines.index, patient, table)
    flow = flow_table(cohort.rows, spines.place >= 0, exclusions, table, levels_at_risk)
    return table, flow


def nearest_cement(spines: Spines, days: np.ndarray, is_reclassified: bool) -> tuple[np.ndarray, np.ndarray]:
    """Levels to the nearest cement above and below each vertebra (int8, patients x 19); 127 where none is.

    Cement of day 0 counts; with reclassification also cement placed before the vertebra's own last day.
    """
    above, below = (np.full(spines.place.shape, FAR) for _ in range(2))
    for slot in range(N_SLOTS):
        day = spines.first_cement[:, [slot]]
        is_cement = (day == 0) | (is_reclassified & (day < days))
        apart = np.where(is_cement, np.abs(spines.place - spines.place[:, [slot]]), FAR)
        np.minimum(above[:, slot + 1 :], apart[:, slot + 1 :], out=above[:, slot + 1 :])
        np.minimum(below[:, :slot], apart[:, :slot], out=below[:, :slot])
    return above, below


def last_clean_days(cohort: CleanCohort, index, patient, table: pd.DataFrame):
    """Day of the last imaging before the fracture, or up to the end; 0 without one after day 0."""
    if not cohort.has_imaging:
        return pd.array(np.zeros(len(table), dtype=np.int32), dtype="Int32").take(
            np.full(len(table), -1), allow_fill=True
        )
    person = patient_codes(cohort.imaging)
    since = since_index(day_numbers(cohort.imaging["imaging_date"]), index[person], absent=ABSENT)
    is_after = (since >= 0) & (since < NEVER)
    seen = np.sort(person[is_after].astype(np.int64) << 32 | since[is_after])
    latest = table["days"].to_numpy().astype(np.int64) - (table["outcome"] == "fracture").to_numpy()
    start = patient.astype(np.int64) << 32
    place = np.searchsorted(seen, start + latest, side="right") - 1
    found = seen[np.maximum(place, 0)] if len(seen) else np.zeros(len(table), dtype=np.int64)
    is_own = (place >= 0) & (found >= start)
    return pd.array(np.where(is_own, found - start, 0).astype(np.int32), dtype="Int32")


def _ends(spines: Spines, event, later_vertebroplasty: str, death_follow_up: str):
    """Last day and outcome (a place in `OUTCOMES`) of every vertebra."""
    followed = np.maximum(spines.last_seen, 0)
    has_died = spines.death < NEVER
    end = np.where(has_died, spines.death, followed) if death_follow_up == "death" else followed
    if later_vertebroplasty == "censor":
        end = np.minimum(end, spines.next_procedure)
    own_cement = np.where(spines.first_cement > 0, spines.first_cement, NEVER)
    days = np.minimum(end[:, None], own_cement)
    is_event = event <= days
    is_death = ~is_event & (spines.death[:, None] <= days)
    days = np.where(is_event, np.maximum(event, 0), days).astype(np.int32)
    return days, (is_event + 2 * is_death).astype(np.int8)


def _patient_category(cohort: CleanCohort, patient: np.ndarray) -> pd.Categorical:
    used, codes = np.unique(patient, return_inverse=True)
    return pd.Categorical.from_codes(codes, categories=cohort.patients["patient"].cat.categories[used])


def _category(codes, categories) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, categories=list(categories))


def _check_options(levels_at_risk, adjacent_within, options: dict) -> np.ndarray:
    problems = [
        f'`{name}` must be {" or ".join(OPTIONS[name])}, but got "{value}".'
        for name, value in options.items()
        if value not in OPTIONS[name]
    ]
    is_count = isinstance(adjacent_within, (int, np.integer)) and not isinstance(adjacent_within, bool)
    if not is_count or not 1 <= adjacent_within <= N_SLOTS - 1:
        problems.append(f"`adjacent_within` must be a whole number of levels from 1, but got {adjacent_within!r}.")
    slots = np.zeros(N_SLOTS, dtype=bool)
    try:
        slots = level_range(levels_at_risk)
    except LevelError as error:
        problems.append(error.reason)
    if problems:
        raise Problems("The risk table cannot be made with these choices:", problems)
    return slots
