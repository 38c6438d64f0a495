"""What a cohort's patients bring to a cohort in which cement does nothing: spines, old fractures, cement, follow-up."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.cohort.spine import N_SLOTS, SLOT_INDEX, SLOTS, present

MOST_PATIENTS = 2_000


@dataclass(frozen=True, eq=False)
class Design:
    """One row for each patient, 19 slots.

    Attributes
    ----------
    has_slot, fractured, assessed : ndarray of bool
        The vertebrae a patient has, those fractured (or cemented) by day 0, and those of which that is known.
    at_risk, is_adjacent : ndarray of bool
        As in the risk table.
    follow_up : ndarray of int
        Days for which each vertebra at risk is followed unless it fractures.
    event_days : ndarray of int
        The days of the new fractures, in order.
    patients_fractured : int
        How many patients had them.
    n_patients : int
        How many the cohort has at risk; where they are more than here, those here were drawn from them.
    """

    has_slot: np.ndarray
    fractured: np.ndarray
    assessed: np.ndarray
    at_risk: np.ndarray
    is_adjacent: np.ndarray
    follow_up: np.ndarray
    event_days: np.ndarray
    patients_fractured: int
    n_patients: int


def design_of(
    risk_table: pd.DataFrame,
    patients: pd.DataFrame,
    fractures: pd.DataFrame,
    *,
    seed: int,
    most_patients: int = MOST_PATIENTS,
) -> Design:
    """The design of a cohort, from its risk table and its clean tables of patients and fractures.

    A vertebra within the levels at risk that is not at risk was cemented or fractured before; outside these levels only
    old fractures are known. One that fractured anew is followed, in the simulated cohorts, as long as its patient was.
    Of more than `most_patients` patients so many are drawn at random.
    """
    names, codes = risk_table["patient"].cat.categories, risk_table["patient"].cat.codes.to_numpy()
    chosen = np.arange(len(names))
    if len(names) > most_patients:
        chosen = np.sort(np.random.default_rng(seed).choice(len(names), most_patients, replace=False))
        place = np.full(len(names), -1)
        place[chosen] = np.arange(most_patients)
        rows = risk_table[place[codes] >= 0]
        patient = place[rows["patient"].cat.codes.to_numpy()]
    else:
        rows, patient = risk_table, codes
    slot = rows["level"].cat.codes.to_numpy()
    has_slot = _spines(patients, names[chosen])
    at_risk, is_adjacent = np.zeros_like(has_slot), np.zeros_like(has_slot)
    at_risk[patient, slot], is_adjacent[patient, slot] = True, rows["is_adjacent"]
    followed, is_new = rows["days"].to_numpy(), (rows["outcome"] == "fracture").to_numpy()
    last = np.zeros(len(chosen), dtype=followed.dtype)
    np.maximum.at(last, patient, followed)
    follow_up = np.zeros(has_slot.shape, dtype=np.int32)
    follow_up[patient, slot] = np.where(is_new, last[patient], followed)
    assessed, old = has_slot & _levels_at_risk(risk_table), _old_fractures(fractures, names[chosen])
    fractured = (assessed & ~at_risk) | (old & has_slot)
    new = (np.sort(followed[is_new]), len(np.unique(patient[is_new])))
    return Design(has_slot, fractured, assessed | fractured, at_risk, is_adjacent, follow_up, *new, len(names))


def _levels_at_risk(risk_table: pd.DataFrame) -> np.ndarray:
    """The slots from the first to the last at risk in anybody (bool, 19)."""
    slots = np.flatnonzero(np.bincount(risk_table["level"].cat.codes, minlength=N_SLOTS))
    first, last = (slots[0], slots[-1]) if len(slots) else (0, -1)
    return (np.arange(N_SLOTS) >= first) & (np.arange(N_SLOTS) <= last)


def _spines(patients: pd.DataFrame, names: pd.Index) -> np.ndarray:
    rows = pd.Index(patients["patient"].astype(patients["patient"].cat.categories.dtype)).get_indexer(names)
    counts = (patients[name].to_numpy(dtype=int)[rows] for name in ("thoracic_vertebrae", "lumbar_vertebrae"))
    return present(*counts)


def _old_fractures(fractures: pd.DataFrame, names: pd.Index) -> np.ndarray:
    """Which vertebrae are listed as fractured before (bool, names x 19)."""
    old = fractures[fractures["status"] == "prevalent"]
    place = names.get_indexer(old["patient"].cat.categories)[old["patient"].cat.codes]
    slot = np.array([SLOT_INDEX[name] for name in old["level"].cat.categories])[old["level"].cat.codes]
    listed = np.zeros((len(names), len(SLOTS)), dtype=bool)
    listed[place[place >= 0], slot[place >= 0]] = True
    return listed
