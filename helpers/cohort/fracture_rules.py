"""Rules for fractures: before the procedure, on day 0, after death, of a cemented or fractured level."""

import numpy as np
import pandas as pd

from helpers.cohort.cells import texts_of, told
from helpers.cohort.dates import ABSENT, NEVER, written
from helpers.cohort.ledger import Finding, Table
from helpers.cohort.patient_rules import Days
from helpers.cohort.row_rules import is_repeated
from helpers.cohort.spine import N_SLOTS

DAY_ZERO_FRACTURES = ("prevalent", "new")


def fracture_after_death(fractures: Table, days: Days) -> Finding:
    """Dated after the patient's death."""
    at, day, person = _kept(fractures)
    late = day > days.death[person]
    why = told(
        days.death[person[late]],
        lambda day: f"The fracture is dated after the patient's death on {written(day)}. Correct one of the dates.",
    )
    return _set_aside("fracture_after_death", fractures, at[late], why)


def old_fracture_without_date(fractures: Table) -> Finding:
    """Called prevalent and without a date: it was there before the first procedure."""
    at, day, _ = _kept(fractures)
    why = "The fracture is called prevalent and has no date; it counts as there before the first vertebroplasty. "
    return _restated(
        "old_fracture_without_date", fractures, at[day == ABSENT], why + "Nothing to do if so.", "prevalent"
    )


def fill_status(fractures: Table, days: Days, *, day_zero_fractures: str) -> None:
    """Give fractures without a status the one their date says: before day 0 prevalent, later new.

    This is the documented meaning of an empty cell, so it leaves no line in the ledger.
    """
    at, day, person = _kept(fractures)
    index = days.index[person]
    status = fractures.clean["status"]
    blank = status.isna()[at] & (index < NEVER)
    is_new = (day > index) | ((day == index) & (day_zero_fractures == "new"))
    status[at[blank & is_new]] = "new"
    status[at[blank & ~is_new]] = "prevalent"


def entered_as_new(fractures: Table, days: Days) -> np.ndarray:
    """Rows that the file calls new, or leaves open, from day 0 on (bool): what they become hangs on day 0."""
    at, day, person = _kept(fractures)
    status = fractures.clean["status"]
    is_open = (status.isna() | (status == "new"))[at]
    is_entered = np.zeros(len(status), dtype=bool)
    is_entered[at] = is_open & (day >= days.index[person])
    return is_entered


def new_fracture_before_procedure(fractures: Table, days: Days) -> Finding:
    """Called new, but dated before the first procedure."""
    at, day, person = _new(fractures)
    early = (day < days.index[person]) & (days.index[person] < NEVER)
    why = told(
        days.index[person[early]],
        lambda day: (
            f"The fracture is called new, but the first vertebroplasty was later, on {written(day)}. "
            "Correct the date, or call it prevalent."
        ),
    )
    return _set_aside("new_fracture_before_procedure", fractures, at[early], why)


def fracture_on_day_0(fractures: Table, days: Days) -> Finding:
    """Called new and dated on day 0: prevalent, as `day_zero_fractures` says."""
    at, day, person = _new(fractures)
    why = (
        "The fracture is called new, but was found on the day of the first vertebroplasty; "
        "`day_zero_fractures: prevalent` counts it as there before."
    )
    return _restated("fracture_on_day_0", fractures, at[day == days.index[person]], why, "prevalent", "parameter")


def treated_level_entered_as_new(fractures: Table, first_cement: np.ndarray, days: Days) -> Finding:
    """Called new, but the level was cemented on an earlier day, or on day 0.

    A fracture found and cemented on the same later day is a new fracture.
    """
    at, day, person = _new(fractures)
    cemented = first_cement[person, _slot(fractures, at)]
    is_treated = (cemented < day) | ((cemented == day) & (day == days.index[person]))
    why = told(
        cemented[is_treated],
        lambda day: (
            f"The level was cemented on {written(day)}, so this is a fracture of a cemented vertebra; "
            "it is kept as a refracture. Nothing to do if so."
        ),
    )
    return _restated("treated_level_entered_as_new", fractures, at[is_treated], why, "refracture")


def prevalent_level_entered_as_new(fractures: Table, n_persons: int) -> Finding:
    """Called new, but the same vertebra has a prevalent fracture on or before that day."""
    prevalent = first_days(fractures, ("prevalent",), n_persons)
    at, day, person = _new(fractures)
    before = prevalent[person, _slot(fractures, at)]
    is_old = before <= day
    why = told(
        before[is_old],
        lambda day: (
            f"The vertebra had a prevalent fracture {_on(day)}, so this is kept as its progression. "
            "Nothing to do if so."
        ),
    )
    return _restated("prevalent_level_entered_as_new", fractures, at[is_old], why, "progression")


def status_contradicts_record(fractures: Table, procedures: Table, first_cement: np.ndarray, days: Days) -> Finding:
    """Called prevalent after day 0, refracture of a level never cemented, or progression of one never fractured.

    Nothing is held against a row whose proof may stand in a row that was set aside.
    """
    n_persons = len(first_cement)
    earlier = first_days(fractures, ("prevalent", "new"), n_persons, fractures.first("diagnosis_date"))
    at, day, person = _kept(fractures)
    last = fractures.last("diagnosis_date")[at]
    status = fractures.clean["status"]
    slot = _slot(fractures, at)
    no_cement = (first_cement[person, slot] > last) & ~_has_row_set_aside(procedures, n_persons)[person]
    no_fracture = (earlier[person, slot] > last) & ~_has_row_set_aside(fractures, n_persons)[person]
    rules = {
        "prevalent": (day > days.index[person], "it is dated after the first vertebroplasty"),
        "refracture": (no_cement, "the level was not cemented by then"),
        "progression": (no_fracture, "the level has no earlier fracture"),
    }
    why = np.full(len(at), None, dtype=object)
    for name, (is_wrong, reason) in rules.items():
        reason = f"The fracture is called {name}, but {reason}. Correct the status or the date."
        why[(status == name)[at] & is_wrong] = reason
    is_wrong = pd.notna(why)
    at, why = at[is_wrong], why[is_wrong]
    return Finding("status_contradicts_record", at, why, True, "status", fractures.cell("status", at))


def _has_row_set_aside(table: Table, n_persons: int) -> np.ndarray:
    has_lost = np.zeros(n_persons + 1, dtype=bool)  # the last place is for rows of nobody
    has_lost[table.person[~table.kept]] = True
    return has_lost[:-1]


def duplicate_fracture(fractures: Table) -> Finding:
    """The same vertebra newly fractured again; the earliest entry stays."""
    at, day, person = _new(fractures)
    vertebra = _vertebra(fractures, at, person)
    several = is_repeated(vertebra)
    at, day, vertebra = at[several], day[several], vertebra[several]
    order = np.lexsort((at, day, vertebra))
    is_again = np.r_[False, vertebra[order][1:] == vertebra[order][:-1]][: len(at)]
    why = "The same vertebra is entered as newly fractured on an earlier day or row, which was kept. "
    return _set_aside("duplicate_fracture", fractures, np.sort(at[order][is_again]), why + "Check which is right.")


def first_days(fractures: Table, statuses: tuple[str, ...], n_persons: int, days=None) -> np.ndarray:
    """First day of each vertebra's fracture of these statuses (persons x 19); `NEVER` where there is none.

    `days` are those of all rows, the days used unless others are given.
    """
    first = np.full((n_persons, N_SLOTS), NEVER)
    at, day, person = _kept(fractures)
    day = day if days is None else days[at]
    where = fractures.clean["status"].isin(statuses)[at]
    np.minimum.at(first.reshape(-1), _vertebra(fractures, at[where], person[where]), day[where])
    return first


def first_cementing(procedures: Table, masks: np.ndarray, n_persons: int) -> np.ndarray:
    """First day each vertebra was cemented (persons x 19); `NEVER` where it was not."""
    first = np.full((n_persons, N_SLOTS), NEVER)
    at, day, person = _kept(procedures, "procedure_date")
    for slot in range(N_SLOTS):
        where = (masks[at] >> np.uint32(slot) & np.uint32(1)).astype(bool)
        np.minimum.at(first[:, slot], person[where], day[where])
    return first


def _kept(table: Table, date: str = "diagnosis_date"):
    at = np.flatnonzero(table.kept)
    return at, table.clean[date][at], table.person[at]


def _new(fractures: Table):
    at, day, person = _kept(fractures)
    is_new = (fractures.clean["status"] == "new")[at]
    return at[is_new], day[is_new], person[is_new]


def _vertebra(fractures: Table, at: np.ndarray, person: np.ndarray) -> np.ndarray:
    return person.astype(np.int64) * N_SLOTS + _slot(fractures, at)


def _slot(fractures: Table, at: np.ndarray) -> np.ndarray:
    return fractures.clean["level"].codes[at].astype(np.int64)


def _on(day: int) -> str:
    return "without a date, from before the first vertebroplasty" if day == ABSENT else f"on {written(day)}"


def _set_aside(rule, fractures, at, why) -> Finding:
    return Finding(rule, at, why, True, "diagnosis_date", fractures.cell("diagnosis_date", at))


def _restated(rule, fractures, at, why, status, decided_by="default") -> Finding:
    before = texts_of(fractures.clean["status"], at)
    return Finding(rule, at, why, False, "status", before, status, status, decided_by)
