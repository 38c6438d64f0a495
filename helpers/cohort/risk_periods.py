"""One row per vertebra and period: follow-up cut where a later vertebroplasty brings new cement."""

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort
from helpers.cohort.dates import NEVER
from helpers.cohort.risk_table import OUTCOMES, category, check_options, follow_up, nearest_cement, place_columns
from helpers.cohort.spine import N_SLOTS

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
    spines = followed.spines
    # Laid out as periods x 19 slots: period after period of one patient, then the next patient.
    patient, start, stop = _patient_periods(spines.first_cement, followed.at_risk.any(axis=1))
    days, start, stop = followed.days[patient], start[:, None], stop[:, None]
    has_row = followed.at_risk[patient] & ((start < days) | (start == 0))
    above, below = nearest_cement(spines.place[patient], spines.first_cement[patient], start)
    stop = np.minimum(days, stop)
    outcome = np.where(stop == days, followed.outcome[patient], np.int8(0))
    number = np.arange(len(patient)) - np.searchsorted(patient, patient) + 1

    row, slot = np.nonzero(has_row)
    order = np.argsort(patient[row] * N_SLOTS + slot, kind="stable")
    row, slot = row[order], slot[order]
    table = place_columns(cohort, patient[row], slot, above[row, slot], below[row, slot], adjacent_within)
    table["period"] = number[row].astype(np.int8)
    table["start_days"] = start[row, 0]
    table["stop_days"] = stop[row, slot]
    table["outcome"] = category(outcome[row, slot], OUTCOMES)
    return table[list(PERIOD_COLUMNS)]


def _patient_periods(first_cement: np.ndarray, is_asked: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Patient, first and last day (int32) of every period between days of new cement; the last one is open."""
    everyone = np.flatnonzero(is_asked)
    is_later = is_asked[:, None] & (first_cement > 0) & (first_cement < NEVER)
    later = np.nonzero(is_later)[0] << 32 | first_cement[is_later]
    periods = np.unique(np.concatenate([everyone << 32, later]))
    patient, start = periods >> 32, (periods & 0xFFFFFFFF).astype(np.int32)
    stop = np.full(len(patient), NEVER)
    goes_on = np.flatnonzero(patient[1:] == patient[:-1])
    stop[goes_on] = start[goes_on + 1]
    return patient, start, stop
