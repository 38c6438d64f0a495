"""What truly happens to the patients of a synthetic cohort, as arrays of patients x 19 slots in days since day 0."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from helpers.cohort.spine import N_SLOTS, level_range, position, present
from helpers.cohort.truth import DEATH_MONTHS, DEATH_SURVIVAL, Truth

NEVER = np.int32(2**31 - 1)
LATER_PROCEDURES = 2
BLOCK = 50_000  # patients drawn at once: bounds memory, and is part of what a seed means
WORKERS = min(4, os.cpu_count() or 1)  # NumPy draws and computes without Python's lock, so threads are enough
_YEAR = 365.25


@dataclass(frozen=True)
class Latent:
    """One row for each patient. Days are int32 since the first vertebroplasty; NEVER where something never happens."""

    thoracic: np.ndarray  # number of thoracic vertebrae
    lumbar: np.ndarray
    frailty: np.ndarray
    entry: np.ndarray  # day of the first vertebroplasty since accrual began
    prevalent: np.ndarray  # bool, patients x slots: fractured before day 0
    cemented: np.ndarray  # bool, patients x slots: cemented on day 0, all of them prevalent
    diagnosis: np.ndarray  # patients x slots: first imaging that shows a fracture after day 0
    visits: np.ndarray  # patients x visits: scheduled imaging that took place
    later_day: np.ndarray  # patients x LATER_PROCEDURES
    later_cemented: np.ndarray  # bool, patients x LATER_PROCEDURES x slots
    death: np.ndarray
    last_contact: np.ndarray

    @property
    def last_imaging(self) -> np.ndarray:
        """Last day with imaging; day 0 (the check after the procedure) at the least."""
        latest = [np.where(days == NEVER, 0, days).max(axis=1, initial=0) for days in (self.diagnosis, self.visits)]
        return np.maximum(*latest).astype(np.int32)

    @property
    def is_new(self) -> np.ndarray:
        """New fractures: found after day 0 in a vertebra that was whole on day 0."""
        return (self.diagnosis != NEVER) & ~self.prevalent


def draw(patients: int, *, seed: int, truth: Truth) -> Latent:
    """Draw the histories of `patients` patients; the same seed gives the same histories."""
    sizes = [min(BLOCK, patients - start) for start in range(0, patients, BLOCK)] or [0]
    streams = np.random.SeedSequence(seed).spawn(len(sizes))
    with ThreadPoolExecutor(WORKERS) as pool:
        blocks = list(pool.map(partial(_draw_block, truth=truth), sizes, map(np.random.default_rng, streams)))
    return Latent(**{f.name: np.concatenate([getattr(block, f.name) for block in blocks]) for f in fields(Latent)})


def draw_without_cement(people: int, *, share: float, seed: int, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    """Old fractures of people of whom only `share` has any between T4 and L4, under the same frailty and regions.

    The counterpart of a population survey: nobody has an index fracture, nobody is cemented.

    Returns
    -------
    prevalent : ndarray of bool, people x 19
    place : ndarray of int, people x 19
        Place of each slot in the person's own spine, -1 where absent.
    """
    rng = np.random.default_rng(seed)
    thoracic, lumbar = _anatomy(people, rng, truth)
    has_slot = present(thoracic, lumbar)
    rate = np.array(truth.level_weights) * has_slot * _regional_factor(has_slot, rng, truth)
    rate *= _frailty(people, rng, truth)[:, None]
    due = rate / rng.exponential(size=rate.shape)
    scale = np.quantile(np.where(level_range("T4-L4"), due, 0).max(axis=1), 1 - share)
    return due > scale, position(thoracic, lumbar)


def _draw_block(patients, rng, truth):
    thoracic, lumbar = _anatomy(patients, rng, truth)
    has_slot = present(thoracic, lumbar)
    frailty = _frailty(patients, rng, truth)
    weights = np.array(truth.level_weights) * has_slot
    relative_rate = weights * _regional_factor(has_slot, rng, truth)
    prevalent, cemented = _before_day_0(relative_rate, frailty, position(thoracic, lumbar), rng, truth)
    entry = rng.integers(0, int(truth.accrual_years * _YEAR) + 1, patients)
    death, last_contact = _end_of_follow_up(entry, rng, truth)
    visits = _visits(last_contact, rng, truth)

    rate = relative_rate * frailty[:, None] * truth.fractures_per_vertebra_year / _YEAR
    rate *= np.where(prevalent, truth.repeat_hazard_ratio, 1.0)
    start = np.zeros((patients, 1))
    adjacent = next_to(cemented, has_slot) & ~cemented
    onset = _onset(rate, start, adjacent, last_contact, rng, truth)
    painful = rng.random(onset.shape) < truth.symptomatic
    delay = rng.exponential(truth.diagnosis_delay_days, onset.shape)
    diagnosis = _found(onset, painful, delay, visits, last_contact)

    later_day = np.full((patients, LATER_PROCEDURES), NEVER, dtype=np.int32)
    later_cemented = np.zeros((patients, LATER_PROCEDURES, N_SLOTS), dtype=bool)
    previous = np.zeros(patients, dtype=np.int32)
    for procedure in range(LATER_PROCEDURES):
        day, levels = _later_procedure(diagnosis, painful & ~prevalent, previous, last_contact, rng, truth)
        later_day[:, procedure], later_cemented[:, procedure] = day, levels
        # The fracture process has no memory, so whatever has not happened by then is drawn again under the new hazard.
        rows = np.flatnonzero(day != NEVER)
        since = day[rows, None].astype(float)
        again = next_to(levels[rows], has_slot[rows]) & (onset[rows] > since)
        redrawn = since + _onset(rate[rows] * again, since, again, last_contact[rows], rng, truth)
        onset[rows] = np.where(again, redrawn, onset[rows])
        diagnosis[rows] = _found(onset[rows], painful[rows], delay[rows], visits[rows], last_contact[rows])
        previous = day
    return Latent(
        thoracic, lumbar, frailty, entry, prevalent, cemented, diagnosis, visits,
        later_day, later_cemented, death, last_contact,
    )  # fmt: skip


def next_to(marked: np.ndarray, has_slot: np.ndarray) -> np.ndarray:
    """Vertebrae whose upper or lower neighbour in the patient's own spine is marked."""
    touching = np.zeros_like(marked)
    for slots in (range(N_SLOTS), range(N_SLOTS - 1, -1, -1)):
        previous = np.zeros(len(marked), dtype=bool)
        for slot in slots:
            here = has_slot[:, slot]
            touching[:, slot] |= previous & here
            previous = np.where(here, marked[:, slot], previous)
    return touching


def _anatomy(patients, rng, truth):
    draw_thoracic, draw_lumbar = rng.random(patients), rng.random(patients)
    thoracic = 12 - (draw_thoracic < truth.eleven_thoracic) + (draw_thoracic > 1 - truth.thirteen_thoracic)
    return thoracic, 5 + (draw_lumbar < truth.six_lumbar)


def _frailty(patients, rng, truth):
    if truth.frailty_variance == 0:
        return np.ones(patients)
    return rng.gamma(1 / truth.frailty_variance, truth.frailty_variance, patients)


def _regional_factor(has_slot, rng, truth):
    """Log-normal with mean 1, correlated along the spine: what makes neighbours alike without any cement."""
    noise = rng.standard_normal(has_slot.shape)
    correlation, spread = truth.neighbour_correlation, truth.neighbour_clustering
    previous = noise[:, 0].copy()
    for slot in range(1, N_SLOTS):
        fresh = correlation * previous + np.sqrt(1 - correlation**2) * noise[:, slot]
        previous = np.where(has_slot[:, slot], fresh, previous)
        noise[:, slot] = previous
    return np.exp(spread * noise - spread**2 / 2)


def _before_day_0(relative_rate, frailty, place, rng, truth):
    """Old fractures, one of them the painful index fracture, and which of them are cemented on day 0."""
    with np.errstate(divide="ignore"):
        index = np.argmax(np.log(relative_rate) + rng.gumbel(size=relative_rate.shape), axis=1)
    chosen = np.zeros(relative_rate.shape, dtype=bool)
    chosen[np.arange(len(chosen)), index] = True
    chance = -np.expm1(-truth.prevalent_rate * frailty[:, None] * relative_rate)
    prevalent = chosen | (rng.random(chance.shape) < chance)
    index_place = np.take_along_axis(place, index[:, None], axis=1)
    cement_chance = np.where(np.abs(place - index_place) <= 2, truth.cemented_near, truth.cemented_far)
    return prevalent, chosen | (prevalent & (rng.random(chance.shape) < cement_chance))


def _end_of_follow_up(entry, rng, truth):
    """Day of death where known, and the last day the patient was in contact."""
    days = np.array(DEATH_MONTHS) * _YEAR / 12
    hazard = -np.log(DEATH_SURVIVAL)
    late_slope = (hazard[-1] - hazard[-2]) / (days[-1] - days[-2])
    days, hazard = np.append(days, days[-1] + 36_500), np.append(hazard, hazard[-1] + late_slope * 36_500)
    scale = max(truth.death_hazard_ratio, 1e-12)
    death = np.ceil(np.interp(rng.exponential(size=len(entry)) / scale, hazard, days))
    closing = np.floor((truth.accrual_years + truth.closing_years) * _YEAR) - entry
    drop_out = np.floor(rng.exponential(size=len(entry)) / max(truth.drop_out_per_year, 1e-12) * _YEAR)
    last_contact = np.minimum.reduce([death, closing, drop_out]).astype(np.int32)
    return np.where(death <= closing, death, NEVER).astype(np.int32), last_contact


def _visits(last_contact, rng, truth):
    planned = np.array(truth.visit_days, dtype=float)
    day = np.rint(planned * (1 + 0.1 * rng.standard_normal((len(last_contact), len(planned))).clip(-2, 2))).clip(1)
    took_place = (rng.random(day.shape) < truth.attendance) & (day <= last_contact[:, None])
    return np.where(took_place, day, NEVER).astype(np.int32)


def cumulative_hazard(days, start, is_adjacent, truth: Truth) -> np.ndarray:
    """Hazard of a vertebra of rate 1 added up over `days` from day `start`, when cement came next door."""

    def decayed(rate):
        return -np.expm1(-rate * days) / rate if rate else days

    decay = 0.0 if truth.adjacent_half_life_days is None else np.log(2) / truth.adjacent_half_life_days
    early_rate, early = 1 / truth.early_days, truth.early_excess * np.exp(-start / truth.early_days)
    natural = days + early * decayed(early_rate)
    by_cement = (truth.adjacent_hazard_ratio - 1) * (decayed(decay) + early * decayed(decay + early_rate))
    return natural + np.where(is_adjacent, by_cement, 0.0)


def _onset(rate, start, is_adjacent, last_contact, rng, truth):
    """Days from `start` to the fracture, found by bisection; infinite when not before the last contact."""
    threshold = rng.exponential(size=rate.shape)
    left = np.maximum(last_contact[:, None] - start, 0.0)
    happens = rate * cumulative_hazard(left, start, is_adjacent, truth) > threshold
    patient = np.nonzero(happens)[0]
    low, high, begin = np.zeros(len(patient)), left[patient, 0], start[patient, 0]
    target, adjacent = threshold[happens] / rate[happens], is_adjacent[happens]
    for _ in range(24):  # 24 halvings of a few thousand days: below a minute
        middle = (low + high) / 2
        before = cumulative_hazard(middle, begin, adjacent, truth) < target
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    onset = np.full(rate.shape, np.inf)
    onset[happens] = high
    return onset


def _found(onset, painful, delay, visits, last_contact):
    """Day of the first imaging after each onset: a scheduled visit, or one because this or another fracture hurt."""
    found = np.full(onset.shape, NEVER)
    fractured = np.isfinite(onset)
    hurts = fractured & painful
    own_imaging = np.full(onset.shape, np.inf)
    own_imaging[hurts] = np.ceil(onset[hurts] + delay[hurts]).clip(1)
    patient = np.nonzero(fractured)[0]
    own_imaging, visits = own_imaging[patient], visits[patient]
    own_imaging[own_imaging > last_contact[patient, None]] = np.inf
    imaging = np.concatenate([own_imaging, np.where(visits == NEVER, np.inf, visits)], axis=1)
    day = np.where(imaging >= onset[fractured][:, None], imaging, np.inf).min(axis=1, initial=np.inf)
    found[fractured] = np.where(np.isfinite(day), day, NEVER)
    return found


def _later_procedure(diagnosis, may_be_cemented, previous, last_contact, rng, truth):
    """The next vertebroplasty: of painful new fractures found together, some days after they were found."""
    waits = may_be_cemented & (diagnosis > previous[:, None]) & (diagnosis != NEVER)
    rows = np.flatnonzero(waits.any(axis=1))
    waiting = np.where(waits[rows], diagnosis[rows], NEVER)
    first = np.full(len(diagnosis), NEVER)
    first[rows] = waiting.min(axis=1, initial=NEVER)
    day = first + np.ceil(rng.exponential(truth.later_delay_days, len(first)).clip(0.01))
    takes_place = (first != NEVER) & (rng.random(len(first)) < truth.later_vertebroplasty) & (day <= last_contact)
    levels = np.zeros_like(waits)
    levels[rows] = (waiting == first[rows, None]) & takes_place[rows, None]
    return np.where(takes_place, day, NEVER).astype(np.int32), levels
