"""One row per vertebra at risk: how far from cement, how long followed, and how that ended."""

from dataclasses import dataclass

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


@dataclass(frozen=True, eq=False)
class FollowUp:
    """Which vertebrae are at risk, and how each is followed: arrays of patients x 19 slots.

    `exclusions` has by rule the vertebrae it excludes; `days` is each vertebra's last day since the patient's
    first vertebroplasty, and `outcome` how it ended, a place in `OUTCOMES`.
    """

    spines: Spines
    exclusions: dict[str, np.ndarray]
    at_risk: np.ndarray
    days: np.ndarray
    outcome: np.ndarray


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
    options = {
        "prevalent_fractures": prevalent_fractures,
        "later_vertebroplasty": later_vertebroplasty,
        "death_follow_up": death_follow_up,
    }
    followed = follow_up(cohort, check_options(levels_at_risk, adjacent_within, options), **options)
    spines, days, at_risk = followed.spines, followed.days, followed.at_risk
    # Cement placed on a vertebra's own last day comes too late to count for it.
    until = np.maximum(days - 1, 0) if later_vertebroplasty == "reclassify" else np.zeros_like(days)
    above, below = nearest_cement(spines.place, spines.first_cement, until)
    patient, slot = np.nonzero(at_risk)
    table = place_columns(cohort, patient, slot, above[at_risk], below[at_risk], adjacent_within)
    table["days"] = days[at_risk]
    table["outcome"] = category(followed.outcome[at_risk], OUTCOMES)
    table["last_clean_days"] = last_clean_days(cohort, spines, patient, table)
    flow = flow_table(cohort.rows, spines.place >= 0, followed.exclusions, table, levels_at_risk)
    return table, flow


def follow_up(
    cohort: CleanCohort,
    at_risk_slots: np.ndarray,
    *,
    prevalent_fractures: str,
    later_vertebroplasty: str,
    death_follow_up: str,
) -> FollowUp:
    """Say which vertebrae are at risk and how each is followed; the choices are those of `build_risk_table`."""
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
    return FollowUp(spines, exclusions, at_risk, *_ends(spines, event, later_vertebroplasty, death_follow_up))


def nearest_cement(place: np.ndarray, first_cement: np.ndarray, until) -> tuple[np.ndarray, np.ndarray]:
    """Levels to the nearest cement above and below each vertebra (int8, rows x 19); 127 where none is.

    Parameters
    ----------
    place, first_cement : ndarray, rows x 19
        As in `Spines`.
    until : ndarray, rows x 19 or rows x 1
        The last day whose cement counts for the vertebra.
    """
    above, below = (np.full(place.shape, FAR) for _ in range(2))
    for slot in range(N_SLOTS):
        apart = np.where(first_cement[:, [slot]] <= until, np.abs(place - place[:, [slot]]), FAR)
        np.minimum(above[:, slot + 1 :], apart[:, slot + 1 :], out=above[:, slot + 1 :])
        np.minimum(below[:, :slot], apart[:, :slot], out=below[:, :slot])
    return above, below


def place_columns(cohort: CleanCohort, patient, slot, above, below, adjacent_within: int) -> pd.DataFrame:
    """What each row says about where its vertebra lies, from patient and slot and the nearest cement either side."""
    used, codes = np.unique(patient, return_inverse=True)
    distance = np.minimum(above, below)
    return pd.DataFrame(
        {
            "patient": category(codes, cohort.patients["patient"].cat.categories[used]),
            "level": pd.Categorical.from_codes(slot, categories=list(SLOTS), ordered=True),
            "region": category(_REGION_CODES[slot], REGIONS),
            "distance": distance.astype(np.int8),
            "direction": category(np.select([below < above, above < below], [0, 1], 2), DIRECTIONS),
            "is_adjacent": distance <= adjacent_within,
            "is_sandwich": (above == 1) & (below == 1),
        }
    )


def last_clean_days(cohort: CleanCohort, spines: Spines, patient, table: pd.DataFrame):
    """Day of the last image before the fracture, or up to the end; 0 without one after day 0.

    The date of last imaging is an image like those of the imaging table. On the day of death it is none: cleaning
    moves dates from after death to that day. All are missing where there is no imaging table.
    """
    if not cohort.has_imaging:
        return pd.array(np.zeros(len(table), dtype=np.int32), dtype="Int32").take(
            np.full(len(table), -1), allow_fill=True
        )
    person = patient_codes(cohort.imaging)
    since = since_index(day_numbers(cohort.imaging["imaging_date"]), spines.index[person], absent=ABSENT)
    last = since_index(day_numbers(cohort.patients["last_imaging_date"]), spines.index, absent=ABSENT)
    person = np.concatenate([person, np.arange(len(last))])
    since = np.concatenate([since, np.where(last < spines.death, last, ABSENT)])
    is_after = (since >= 0) & (since < NEVER)
    seen = np.sort(person[is_after].astype(np.int64) << 32 | since[is_after])
    latest = table["days"].to_numpy().astype(np.int64) - (table["outcome"] == "fracture").to_numpy()
    start = patient.astype(np.int64) << 32
    place = np.searchsorted(seen, start + latest, side="right") - 1
    found = seen[np.maximum(place, 0)] if len(seen) else np.zeros(len(table), dtype=np.int64)
    is_own = (place >= 0) & (found >= start)
    return pd.array(np.where(is_own, found - start, 0).astype(np.int32), dtype="Int32")


def category(codes, categories) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, categories=list(categories))


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


def check_options(levels_at_risk, adjacent_within, options: dict) -> np.ndarray:
    """The slots that can be at risk (bool, 19); everything wrong with the choices is told at once."""
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
