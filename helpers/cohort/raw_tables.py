"""Synthetic histories as the four raw tables a clinic would send: every cell is text, every date ISO.

Each column is a Categorical: its distinct texts are written once, and a cell is the number of its text.
"""

import numpy as np
import pandas as pd

from helpers.cohort.latent import NEVER, Latent
from helpers.cohort.spine import SLOTS, level_names, pack

FIRST_DAY = np.datetime64("2012-01-01")
_BEFORE_CEMENT, _BEFORE_OLD = (5, 60), (5, 1500)
_STATUS = ("prevalent", "new", "refracture", "progression")
_CONFIRMED_BY = {"radiograph": 0.5, "ct": 0.15, "mri": 0.35}
_NEW_CONFIRMED_BY = {"mri": 0.78, "bone_scan": 0.22}


def raw_tables(latent: Latent, *, seed: int) -> dict[str, pd.DataFrame]:
    """Patients, procedures, fractures and imaging of a synthetic cohort, without any error in them.

    The patients' identifiers are categories in the order of the patients, dates categories in the order of time
    with "" before all of them; both are the same in all tables. Rows are in the order of patient and date.
    """
    rng = np.random.default_rng([seed, 1])
    calendar = _Calendar(latent)
    ids = pd.CategoricalDtype(patient_ids(len(latent.thoracic)))
    return {
        "patients": _patients(latent, ids, calendar, rng),
        "procedures": _procedures(latent, ids, calendar, rng),
        "fractures": _fractures(latent, ids, calendar, rng),
        "imaging": _imaging(latent, ids, calendar),
    }


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its Categorical columns as columns of Python texts."""
    return table.assign(**{
        name: column.cat.categories.to_numpy(dtype=object)[column.cat.codes]
        for name, column in table.items()
        if isinstance(column.dtype, pd.CategoricalDtype)
    })  # fmt: skip


def patient_ids(patients: int) -> list[str]:
    """P00001, P00002, ... in as many digits as it takes, at least five."""
    pattern = f"P%0{max(5, len(str(patients)))}d"
    return [pattern % number for number in range(1, patients + 1)]


class _Calendar:
    """Days since a patient's day 0 as ISO dates, from the earliest old fracture to the end of follow-up."""

    def __init__(self, latent: Latent):
        self._entry = latent.entry
        self._earliest = -_BEFORE_OLD[1]
        last = np.where(latent.death == NEVER, latent.last_contact, latent.death)
        days = FIRST_DAY + np.arange(self._earliest, (latent.entry + last).max(initial=0) + 1)
        self._dtype = pd.CategoricalDtype(["", *np.datetime_as_string(days).tolist()], ordered=True)

    def __call__(self, patient, day) -> pd.Categorical:
        """Dates of `day` of the patients with these places; "" where it never came."""
        came = day != NEVER
        codes = np.where(came, self._entry[patient] + np.where(came, day, 0) - self._earliest + 1, 0)
        return pd.Categorical.from_codes(codes, dtype=self._dtype)


def _patients(latent, ids, calendar, rng):
    n = len(ids.categories)
    everyone = np.arange(n)
    # The frailer, the lower the density and the likelier steroids: assumed, and without any part in the hazard.
    frail = np.log(latent.frailty + 0.05) + 2
    density = (-2.4 - 0.25 * frail + rng.normal(0, 0.9, n)).clip(-6, 2)
    steroids = rng.random(n) < 1 / (1 + np.exp(1.9 - 0.3 * frail))
    density_missing, steroids_missing = rng.random(n) < 0.25, rng.random(n) < 0.05
    return pd.DataFrame({
        "patient_id": _chosen(ids, everyone),
        "sex": _chosen(("M", "F"), rng.random(n) < 0.7),
        "age_years": _numbers(rng.normal(74, 9.5, n).clip(45, 99), 0),
        "last_imaging_date": calendar(everyone, latent.last_imaging),
        "last_contact_date": calendar(everyone, latent.last_contact),
        "death_date": calendar(everyone, latent.death),
        "thoracic_vertebrae": _numbers(latent.thoracic, 0),
        "lumbar_vertebrae": _numbers(latent.lumbar, 0),
        "bone_density_t_score": _numbers(density, 1, missing=density_missing),
        "steroid_use": _chosen(("no", "yes", ""), np.where(steroids_missing, 2, steroids)),
    })  # fmt: skip


def _procedures(latent, ids, calendar, rng):
    n = len(ids.categories)
    later_patient, later = np.nonzero(latent.later_day != NEVER)
    patient = np.concatenate([np.arange(n), later_patient])
    day = np.concatenate([np.zeros(n, dtype=np.int32), latent.later_day[later_patient, later]])
    levels = np.concatenate([pack(latent.cemented), pack(latent.later_cemented[later_patient, later])])
    order = np.lexsort((day, patient))
    patient, day = patient[order], day[order]
    masks, codes = np.unique(levels[order], return_inverse=True)
    names = [level_names(mask) for mask in masks]
    n_levels = np.array([len(levels) for levels in names], dtype=np.int64)
    cement = (n_levels[codes] * rng.normal(3.2, 0.8, len(patient)).clip(1, 6)).clip(1, 39)
    return pd.DataFrame({
        "patient_id": _chosen(ids, patient),
        "procedure_date": calendar(patient, day),
        "levels": _chosen(["; ".join(levels) for levels in names], codes),
        "kind": _drawn({"vertebroplasty": 0.9, "kyphoplasty": 0.1}, len(patient), rng),
        "cement_ml": _numbers(cement, 1),
        "disc_leak": _drawn({"no": 0.78, "yes": 0.18, "": 0.04}, len(patient), rng),
    })  # fmt: skip


def _fractures(latent, ids, calendar, rng):
    old_patient, old_slot = np.nonzero(latent.prevalent)
    was_cemented = latent.cemented[old_patient, old_slot]
    ago = np.where(
        was_cemented, rng.integers(*_BEFORE_CEMENT, len(old_patient)), rng.integers(*_BEFORE_OLD, len(old_patient))
    )
    patient, slot = np.nonzero(latent.diagnosis != NEVER)
    status = np.where(latent.cemented[patient, slot], _STATUS.index("refracture"), _STATUS.index("progression"))
    status = np.where(latent.prevalent[patient, slot], status, _STATUS.index("new"))
    status = np.concatenate([np.full(len(old_patient), _STATUS.index("prevalent")), status])
    day = np.concatenate([-ago, latent.diagnosis[patient, slot]])
    patient, slot = np.concatenate([old_patient, patient]), np.concatenate([old_slot, slot])
    order = np.argsort((patient << 40) + ((day + _BEFORE_OLD[1]) << 5) + slot)
    patient, slot, day, status = patient[order], slot[order], day[order], status[order]
    old_imaging = _drawn(_CONFIRMED_BY, len(order), rng)
    new_imaging = _drawn(_NEW_CONFIRMED_BY, len(order), rng).set_categories([*_CONFIRMED_BY, "bone_scan"])
    imaging = np.where(status == _STATUS.index("prevalent"), old_imaging.codes, new_imaging.codes)
    return pd.DataFrame({
        "patient_id": _chosen(ids, patient),
        "level": _chosen(SLOTS, slot),
        "diagnosis_date": calendar(patient, day),
        "status": _chosen(_STATUS, status),
        "confirmed_by": _chosen(new_imaging.dtype, imaging),
        "grade": _drawn({"1": 0.35, "2": 0.4, "3": 0.2, "": 0.05}, len(order), rng),
    })  # fmt: skip


def _imaging(latent, ids, calendar):
    """The check on day 0, the visits that took place, and every imaging that found a fracture."""
    days = [np.zeros((len(ids.categories), 1), dtype=np.int32), latent.visits, latent.diagnosis]
    patients, came = zip(*((np.nonzero(day != NEVER)[0], day[day != NEVER]) for day in days), strict=True)
    # Patient and day as one number, sorted; the same day counts once.
    taken = np.sort((np.concatenate(patients) << 32) + np.concatenate(came))
    taken = taken[np.diff(taken, prepend=-1) != 0]
    patient, day = taken >> 32, taken & 0xFFFFFFFF
    return pd.DataFrame({"patient_id": _chosen(ids, patient), "imaging_date": calendar(patient, day)})


def _numbers(values, decimals, *, missing=None):
    """Numbers as text, "" where `missing`; each distinct one written once."""
    scaled = np.rint(np.asarray(values) * 10**decimals).astype(np.int64)
    lowest = scaled.min(initial=0)
    distinct = np.flatnonzero(np.bincount(scaled - lowest)) + lowest
    codes = np.searchsorted(distinct, scaled)
    texts = [f"{value / 10**decimals:.{decimals}f}" for value in distinct]
    return _chosen(texts, codes) if missing is None else _chosen([*texts, ""], np.where(missing, len(texts), codes))


def _drawn(shares: dict[str, float], size: int, rng) -> pd.Categorical:
    codes = np.searchsorted(np.cumsum(list(shares.values())), rng.random(size), side="right")
    return _chosen(list(shares), np.minimum(codes, len(shares) - 1))


def _chosen(texts, codes) -> pd.Categorical:
    """The texts with these places; `texts` may be the dtype of a Categorical."""
    dtype = texts if isinstance(texts, pd.CategoricalDtype) else pd.CategoricalDtype(list(texts))
    return pd.Categorical.from_codes(np.asarray(codes, dtype=np.int64), dtype=dtype)
