"""Synthetic histories as the four raw tables a clinic would send: every cell is text, every date ISO."""

import numpy as np
import pandas as pd

from helpers.cohort.latent import NEVER, Latent
from helpers.cohort.spine import SLOTS, level_names, pack

FIRST_DAY = np.datetime64("2012-01-01")
_BEFORE_CEMENT, _BEFORE_OLD = (5, 60), (5, 1500)


def raw_tables(latent: Latent, *, seed: int) -> dict[str, pd.DataFrame]:
    """Patients, procedures, fractures and imaging of a synthetic cohort, without any error in them."""
    rng = np.random.default_rng([seed, 1])
    calendar = _Calendar(latent)
    ids = patient_ids(len(latent.thoracic))
    return {
        "patients": _patients(latent, ids, calendar, rng),
        "procedures": _procedures(latent, ids, calendar, rng),
        "fractures": _fractures(latent, ids, calendar, rng),
        "imaging": _imaging(latent, ids, calendar),
    }


def patient_ids(patients: int) -> np.ndarray:
    """P00001, P00002, ... in as many digits as it takes, at least five."""
    numbers = pd.Series(np.arange(1, patients + 1), dtype=object).astype(str)
    return ("P" + numbers.str.zfill(max(5, len(str(patients))))).to_numpy(dtype=object)


class _Calendar:
    """Days since a patient's day 0 as ISO dates; each distinct date is written once."""

    def __init__(self, latent: Latent):
        self._entry = latent.entry
        self._earliest = -_BEFORE_OLD[1]
        longest = int(latent.entry.max(initial=0)) + 40_000
        days = FIRST_DAY + np.arange(self._earliest, longest)
        self._texts = np.datetime_as_string(days).astype(object)

    def __call__(self, patient, day):
        """Dates of `day` of the patients with these places; "" where it never came."""
        came = np.asarray(day) != NEVER
        place = np.where(came, self._entry[patient] + np.where(came, day, 0) - self._earliest, 0)
        return np.where(came, self._texts[place], "")


def _patients(latent, ids, calendar, rng):
    everyone = np.arange(len(ids))
    # The frailer, the lower the density and the likelier steroids: assumed, and without any part in the hazard.
    frail = np.log(latent.frailty + 0.05) + 2
    density = (-2.4 - 0.25 * frail + rng.normal(0, 0.9, len(ids))).clip(-6, 2)
    steroids = rng.random(len(ids)) < 1 / (1 + np.exp(1.9 - 0.3 * frail))
    density_missing, steroids_missing = rng.random(len(ids)) < 0.25, rng.random(len(ids)) < 0.05
    return pd.DataFrame({
        "patient_id": ids,
        "sex": np.where(rng.random(len(ids)) < 0.7, "F", "M").astype(object),
        "age_years": _numbers(rng.normal(74, 9.5, len(ids)).clip(45, 99), 0),
        "last_imaging_date": calendar(everyone, latent.last_imaging),
        "last_contact_date": calendar(everyone, latent.last_contact),
        "death_date": calendar(everyone, latent.death),
        "thoracic_vertebrae": _numbers(latent.thoracic, 0),
        "lumbar_vertebrae": _numbers(latent.lumbar, 0),
        "bone_density_t_score": np.where(density_missing, "", _numbers(density, 1)),
        "steroid_use": np.where(steroids_missing, "", np.where(steroids, "yes", "no")).astype(object),
    })  # fmt: skip


def _procedures(latent, ids, calendar, rng):
    later_patient, later = np.nonzero(latent.later_day != NEVER)
    patient = np.concatenate([np.arange(len(ids)), later_patient])
    day = np.concatenate([np.zeros(len(ids), dtype=np.int32), latent.later_day[later_patient, later]])
    levels = np.concatenate([latent.cemented, latent.later_cemented[later_patient, later]])
    order = np.lexsort((day, patient))
    patient, day, levels = patient[order], day[order], levels[order]
    masks, codes = np.unique(pack(levels), return_inverse=True)
    cement = (levels.sum(axis=1) * rng.normal(3.2, 0.8, len(patient)).clip(1, 6)).clip(1, 39)
    return pd.DataFrame({
        "patient_id": ids[patient],
        "procedure_date": calendar(patient, day),
        "levels": np.array(["; ".join(level_names(mask)) for mask in masks], dtype=object)[codes],
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
    status = np.where(latent.cemented[patient, slot], "refracture", "progression")
    status = np.where(latent.prevalent[patient, slot], status, "new")
    status = np.concatenate([np.full(len(old_patient), "prevalent"), status]).astype(object)
    day = np.concatenate([-ago, latent.diagnosis[patient, slot]])
    patient, slot = np.concatenate([old_patient, patient]), np.concatenate([old_slot, slot])
    order = np.lexsort((slot, day, patient))
    patient, slot, day, status = patient[order], slot[order], day[order], status[order]
    old_imaging = _drawn({"radiograph": 0.5, "ct": 0.15, "mri": 0.35}, len(order), rng)
    new_imaging = _drawn({"mri": 0.78, "bone_scan": 0.22}, len(order), rng)
    return pd.DataFrame({
        "patient_id": ids[patient],
        "level": np.array(SLOTS, dtype=object)[slot],
        "diagnosis_date": calendar(patient, day),
        "status": status,
        "confirmed_by": np.where(status == "prevalent", old_imaging, new_imaging),
        "grade": _drawn({"1": 0.35, "2": 0.4, "3": 0.2, "": 0.05}, len(order), rng),
    })  # fmt: skip


def _imaging(latent, ids, calendar):
    """The check on day 0, the visits that took place, and every imaging that found a fracture."""
    days = np.concatenate([np.zeros((len(ids), 1), dtype=np.int32), latent.visits, latent.diagnosis], axis=1)
    days.sort(axis=1)
    is_first = np.concatenate([np.ones((len(ids), 1), dtype=bool), days[:, 1:] != days[:, :-1]], axis=1)
    patient, place = np.nonzero(is_first & (days != NEVER))
    return pd.DataFrame({"patient_id": ids[patient], "imaging_date": calendar(patient, days[patient, place])})


def _numbers(values, decimals):
    """Numbers as text, each distinct one written once."""
    scaled, codes = np.unique(np.rint(np.asarray(values) * 10**decimals).astype(np.int64), return_inverse=True)
    return np.array([f"{value / 10**decimals:.{decimals}f}" for value in scaled], dtype=object)[codes]


def _drawn(shares: dict[str, float], size: int, rng) -> np.ndarray:
    codes = np.searchsorted(np.cumsum(list(shares.values())), rng.random(size), side="right")
    return np.array(list(shares), dtype=object)[np.minimum(codes, len(shares) - 1)]
