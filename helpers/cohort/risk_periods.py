"""One row per vertebra and period: follow-up cut where a later vertebroplasty brings new cement."""

import numpy as np
import pandas as pd

from helpers.cohort.at_risk import CENSORED, FollowUp, follow_up
from helpers.cohort.clean import CleanCohort
from helpers.cohort.near_cement import nearest_cement, new_cement
from helpers.cohort.risk_table import (
    cement_of_day_0,
    check_options,
    in_words,
    near_columns,
    patient_column,
    place_columns,
)
from helpers.cohort.slices import patients_between, slice_bounds
from helpers.threads import at_once

PERIOD_COLUMNS = (
    "patient", "level", "region", "period", "start_days", "stop_days",
    "distance", "direction", "is_adjacent", "is_sandwich", "outcome",
)  # fmt: skip


def build_risk_periods(
    cohort: CleanCohort,
    *,
    levels_at_risk: str = "T1-L5",
    adjacent_within: int = 1,
    prevalent_fractures: str = "exclude",
    death_follow_up: str = "death",
) -> pd.DataFrame:
    """Make the table of periods, in which distance from cement changes on the day it changed.

    Every vertebra is followed as with `later_vertebroplasty="ignore"`: past later vertebroplasties, until it is
    cemented itself. Its follow-up is cut at each day between on which a vertebra of the patient is first cemented.
    Cement counts from after its day: what is found on that day still belongs to the period before.

    Parameters
    ----------
    levels_at_risk, adjacent_within, prevalent_fractures, death_follow_up
        As for `risk_table.build_risk_table`.

    Returns
    -------
    DataFrame
        One row per vertebra and period, patient by patient from cranial to caudal. The vertebra is at risk on the
        days t with start_days < t <= stop_days; the first period starts on day 0 and holds that day too. Only a
        vertebra's last period ends with its outcome, those before are censored.
    """
    options = {
        "prevalent_fractures": prevalent_fractures,
        "later_vertebroplasty": "ignore",
        "death_follow_up": death_follow_up,
    }
    slots = check_options(levels_at_risk, adjacent_within, options)

    def cut(bounds: tuple[int, int]) -> tuple[np.ndarray, dict]:
        return _periods(follow_up(patients_between(cohort, *bounds), slots, **options), adjacent_within)

    numbers, slices = zip(*at_once(cut, slice_bounds(cohort)), strict=True)
    columns = {"patient": patient_column(cohort, np.concatenate(numbers))}
    columns |= in_words({name: np.concatenate([own.pop(name) for own in slices]) for name in list(slices[0])})
    return pd.DataFrame({name: columns[name] for name in PERIOD_COLUMNS}, copy=False)


def _periods(followed: FollowUp, adjacent_within: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """How many rows each of some patients has, and the columns of these; categories as places among them."""
    spines, at_risk = followed.spines, followed.at_risk
    new = new_cement(spines)
    row, number = new.before_the_end(at_risk, followed.days)
    times = np.ones(len(followed.days), dtype=np.int64)
    times[row] += number
    whose = np.arange(len(times)).repeat(times)
    slot, distance, direction, stop, outcome = (
        column.take(whose) for column in (at_risk.slot, *cement_of_day_0(followed), followed.days, followed.outcome)
    )
    start, period = np.zeros_like(stop), np.ones(len(stop), dtype=np.int8)

    # Every period after the first begins, and the one before it ends, on a day of new cement.
    added = np.cumsum(number) - number
    nth = np.arange(number.sum()) - added.repeat(number)
    later = (row + added).repeat(number) + nth + 1
    patient = at_risk.patient[row]
    at = new.first[patient].repeat(number) + nth
    period[later] = nth + 2
    start[later] = stop[later - 1] = new.day[at]
    outcome[later - 1] = CENSORED
    near = nearest_cement(spines.levels[new.patient], new.cemented)
    pattern, slot_there = near.pattern[at], slot[later]
    distance[later], direction[later] = near.distance[pattern, slot_there], near.direction[pattern, slot_there]

    n_rows = at_risk.number + np.bincount(patient, weights=number, minlength=len(at_risk.number)).astype(np.int64)
    columns = place_columns(slot) | near_columns(distance, direction, adjacent_within)
    return n_rows, columns | {"period": period, "start_days": start, "stop_days": stop, "outcome": outcome}
