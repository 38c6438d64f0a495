"""The days on which a fracture can have been found, where its date has no day."""

from typing import NamedTuple

import numpy as np

from helpers.cohort.at_risk import FollowUp
from helpers.cohort.clean import CleanCohort
from helpers.cohort.dates import NEVER, day_numbers
from helpers.cohort.spine import N_SLOTS
from helpers.cohort.spine_arrays import VertebraDays, patient_codes, since_index

FIRST, LAST = "diagnosis_date_first", "diagnosis_date_last"
EVENTS = ("new", "progression")


class FoundOn(NamedTuple):
    """The first and the last day on which the fracture of each vertebra can have been found."""

    first: VertebraDays
    last: VertebraDays


def has_partial_dates(cohort: CleanCohort) -> bool:
    """Whether fractures, images or the last imaging may have dates without a day."""
    columns = {LAST: cohort.fractures, "imaging_date_last": cohort.imaging, "last_imaging_date_last": cohort.patients}
    return any(name in frame for name, frame in columns.items())


def has_partial_fractures(cohort: CleanCohort) -> bool:
    """Whether fractures may have dates without a day."""
    return LAST in cohort.fractures


def found_on(cohort: CleanCohort, followed: FollowUp) -> FoundOn:
    """The fractures that can end follow-up, each with the days of the rows that it was taken from."""
    event = followed.event
    if not has_partial_fractures(cohort):
        return FoundOn(event, event)
    fractures, index = cohort.fractures, followed.spines.index
    person = patient_codes(fractures)
    vertebra = person.astype(np.int64) * N_SLOTS + fractures["level"].cat.codes.to_numpy()
    used, first, last = (
        since_index(day_numbers(fractures[name]), index[person], absent=NEVER)
        for name in ("diagnosis_date", FIRST, LAST)
    )
    row = np.flatnonzero(fractures["status"].isin(EVENTS).to_numpy() & (first < last))
    place = np.searchsorted(event.vertebra, vertebra[row])
    is_event = np.append(event.vertebra, -1)[place] == vertebra[row]
    is_event &= np.append(event.day, NEVER)[place] == used[row]
    place, row = place[is_event], row[is_event]
    lowest, highest = event.day.copy(), event.day.copy()
    np.minimum.at(lowest, place, first[row])
    np.maximum.at(highest, place, last[row])
    return FoundOn(VertebraDays(event.vertebra, lowest), VertebraDays(event.vertebra, highest))
