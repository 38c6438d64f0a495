"""One row per vertebra and period: follow-up cut where a later vertebroplasty brings new cement."""

import numpy as np
import pandas as pd

from helpers.cohort.at_risk import CENSORED, follow_up
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

# Rows at a time.
BLOCK = 2**16
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
    followed = follow_up(cohort, check_options(levels_at_risk, adjacent_within, options), **options)
    spines, at_risk = followed.spines, followed.at_risk
    new = new_cement(spines)
    row, number = new.before_the_end(at_risk, followed.days)
    patient, place = patient_column(cohort, at_risk.number), place_columns(at_risk.slot)
    codes, level, region, distance, direction, stop, outcome = _repeated(
        row, number, patient.codes, *place.values(), *cement_of_day_0(followed), followed.days, followed.outcome
    )
    columns = {"patient": pd.Categorical.from_codes(codes, dtype=patient.dtype), "level": level, "region": region}
    start, period = np.zeros_like(stop), np.ones(len(stop), dtype=np.int8)

    # Every period after the first begins, and the one before it ends, on a day of new cement.
    added = np.cumsum(number) - number
    nth = np.arange(number.sum()) - added.repeat(number)
    later = (row + added).repeat(number) + nth + 1
    at = new.first[at_risk.patient[row]].repeat(number) + nth
    period[later] = nth + 2
    start[later] = stop[later - 1] = new.day[at]
    outcome[later - 1] = CENSORED
    near = nearest_cement(spines.levels[new.patient], new.cemented)
    pattern, slot = near.pattern[at], at_risk.slot[row].repeat(number)
    distance[later], direction[later] = near.distance[pattern, slot], near.direction[pattern, slot]

    columns |= near_columns(distance, direction, adjacent_within)
    columns |= {"period": period, "start_days": start, "stop_days": stop, "outcome": outcome}
    columns = in_words(columns)
    return pd.DataFrame({name: columns[name] for name in PERIOD_COLUMNS}, copy=False)


def _repeated(row: np.ndarray, number: np.ndarray, *columns: np.ndarray) -> list[np.ndarray]:
    """Columns in which these rows, in order, stand so many times more; all others stand once."""
    n, end = len(columns[0]), 0
    repeated = [np.empty(n + int(number.sum()), dtype=column.dtype) for column in columns]
    # In blocks, so that the place of each row is never as long as the table.
    for first in range(0, n, BLOCK):
        low, high = np.searchsorted(row, (first, first + BLOCK))
        times = np.ones(min(BLOCK, n - first), dtype=np.int64)
        times[row[low:high] - first] += number[low:high]
        whose = np.arange(first, first + len(times)).repeat(times)
        start, end = end, end + len(whose)
        for own, column in zip(repeated, columns, strict=True):
            own[start:end] = column.take(whose)
    return repeated
