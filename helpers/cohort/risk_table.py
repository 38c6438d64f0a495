"""One row per vertebra at risk: how far from cement, how long followed, and how that ended."""

from functools import partial
from operator import call

import numpy as np
import pandas as pd

from helpers.cohort.at_risk import OUTCOMES, FollowUp, follow_up
from helpers.cohort.clean import CleanCohort
from helpers.cohort.flow import FlowCounts, count_flow, flow_table
from helpers.cohort.found_on import has_partial_fractures
from helpers.cohort.last_clean import last_clean_days, latest_days
from helpers.cohort.near_cement import DIRECTIONS, nearest_cement, new_cement
from helpers.cohort.slices import patients_between, slice_bounds
from helpers.cohort.spine import N_SLOTS, REGIONS, SLOTS, LevelError, level_range, region_of
from helpers.errors import Problems
from helpers.threads import at_once

OPTIONS = {
    "prevalent_fractures": ("exclude", "keep"),
    "later_vertebroplasty": ("censor", "ignore", "reclassify"),
    "death_follow_up": ("death", "last_imaging"),
}
CATEGORIES = {
    "level": pd.CategoricalDtype(list(SLOTS), ordered=True),
    "region": pd.CategoricalDtype(list(REGIONS)),
    "direction": pd.CategoricalDtype(list(DIRECTIONS)),
    "outcome": pd.CategoricalDtype(list(OUTCOMES)),
}
# The columns after that of patients; categories as places among them.
COLUMNS = {
    "level": np.int8,
    "region": np.int8,
    "distance": np.int8,
    "direction": np.int8,
    "is_adjacent": bool,
    "is_sandwich": bool,
    "days": np.int32,
    "outcome": np.int8,
    "last_clean_days": np.int32,
    "latest_days": np.int32,
}
# The first slot of each region below the first.
_FIRST_OF_REGION = [next(place for place, slot in enumerate(SLOTS) if region_of(slot) == name) for name in REGIONS[1:]]


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
        One row per vertebra at risk, patient by patient from cranial to caudal. `latest_days` is there where dates of
        fractures may have no day.
    flow : DataFrame
        See `flow.flow_table`.
    """
    options = {
        "prevalent_fractures": prevalent_fractures,
        "later_vertebroplasty": later_vertebroplasty,
        "death_follow_up": death_follow_up,
    }
    slots = check_options(levels_at_risk, adjacent_within, options)

    def follow(bounds: tuple[int, int]) -> tuple[CleanCohort, FollowUp]:
        part = patients_between(cohort, *bounds)
        return part, follow_up(part, slots, **options)

    slices = dict(enumerate(at_once(follow, slice_bounds(cohort))))
    number = np.concatenate([own.at_risk.number for _, own in slices.values()])
    end = np.cumsum([own.at_risk.before[-1] for _, own in slices.values()])
    rules = list(slices[0][1].exclusions)
    columns = {name: np.empty(end[-1], dtype=dtype) for name, dtype in COLUMNS.items()}
    if not has_partial_fractures(cohort):
        del columns["latest_days"]
    cement = late_cement if later_vertebroplasty == "reclassify" else cement_of_day_0

    def fill(place: int) -> FlowCounts:
        # What a slice holds is let go with it, so that memory is that of the table and few slices.
        part, own = slices.pop(place)
        found = place_columns(own.at_risk.slot) | near_columns(*cement(own), adjacent_within)
        found |= {"days": own.days, "outcome": own.outcome, "last_clean_days": last_clean_days(part, own)}
        if "latest_days" in columns:
            found["latest_days"] = latest_days(part, own)
        for name, values in found.items():
            columns[name][end[place] - len(values) : end[place]] = values
        return count_flow(own.spines.levels, own.exclusions, found["is_adjacent"], own.outcome)

    work = [partial(patient_column, cohort, number), *(partial(fill, place) for place in range(len(slices)))]
    patient, *counts = at_once(call, work)
    flow = flow_table(cohort.rows, rules, counts, levels_at_risk)
    is_unknown = np.full(end[-1], not cohort.has_imaging)
    columns["last_clean_days"] = pd.arrays.IntegerArray(columns["last_clean_days"], is_unknown)
    return pd.DataFrame({"patient": patient} | in_words(columns), copy=False), flow


def cement_of_day_0(followed: FollowUp) -> tuple[np.ndarray, np.ndarray]:
    """Distance and direction of each row's nearest cement, that of day 0."""
    spines, at_risk = followed.spines, followed.at_risk
    near = nearest_cement(spines.levels, spines.cemented)
    distance, direction = at_risk.look_up(near.pattern, near.distance, near.direction)
    return distance, direction


def patient_column(cohort: CleanCohort, number: np.ndarray) -> pd.Categorical:
    """Whose each row is, from how many rows each patient has; only patients with a row are categories."""
    patients, has_row = cohort.patients["patient"].array, number > 0
    if not has_row.all():
        patients, number = patients[has_row].remove_unused_categories(), number[has_row]
    # Repeated and not made anew from codes, for which pandas would check a million names.
    return patients.repeat(number)


def place_columns(slot: np.ndarray) -> dict[str, np.ndarray]:
    """Where each row's vertebra lies, as places among the categories."""
    region = np.zeros_like(slot)
    for first in _FIRST_OF_REGION:
        region += slot >= first
    return {"level": slot, "region": region}


def near_columns(distance: np.ndarray, direction: np.ndarray, adjacent_within: int) -> dict[str, np.ndarray]:
    """What the nearest cement makes of each row: a sandwich has it one level away on both sides."""
    return {
        "distance": distance,
        "direction": direction,
        "is_adjacent": distance <= adjacent_within,
        "is_sandwich": (distance == 1) & (direction == DIRECTIONS.index("between")),
    }


def in_words(columns: dict) -> dict:
    """Columns whose places among categories have become the categories."""
    words = {
        name: pd.Categorical.from_codes(columns[name], dtype=dtype, validate=False)
        for name, dtype in CATEGORIES.items()
    }
    return columns | words


def late_cement(followed: FollowUp) -> tuple[np.ndarray, np.ndarray]:
    """The same of all cement placed before the row's last day; on that day itself it comes too late to count."""
    spines, at_risk = followed.spines, followed.at_risk
    distance, direction = cement_of_day_0(followed)
    new = new_cement(spines)
    row, number = new.before_the_end(at_risk, followed.days)
    near = nearest_cement(spines.levels[new.patient], new.cemented)
    pattern, slot = near.pattern[new.first[at_risk.patient[row]] + number - 1], at_risk.slot[row]
    distance[row], direction[row] = near.distance[pattern, slot], near.direction[pattern, slot]
    return distance, direction


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
