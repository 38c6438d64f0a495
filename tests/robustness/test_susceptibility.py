"""The model of susceptibility: its probabilities add up, agree with people drawn otherwise, and condition rightly."""

from itertools import product

import numpy as np
import pytest

from helpers.cohort import latent
from helpers.cohort.calibration import natural_ratio
from helpers.cohort.nhanes import LEVELS
from helpers.cohort.spine import N_SLOTS, SLOT_INDEX, SLOTS, level_range, position, present
from helpers.cohort.truth import LEVEL_WEIGHTS, Truth
from helpers.robustness.survey_fit import neighbour_ratio
from helpers.robustness.susceptibility import Susceptibility

WEIGHTS = np.array([LEVEL_WEIGHTS[slot] for slot in SLOTS])
MODEL = Susceptibility(scale=0.3, frailty_variance=2.0, spread=1.5, correlation=0.6, weights=WEIGHTS)
SURVEYED = np.array([SLOT_INDEX[level] for level in LEVELS])


def slots(*names):
    """One person's flags of these levels."""
    return np.isin(SLOTS, names)[None]


def test_all_patterns_of_a_short_spine_add_up_to_the_probabilities_of_vertebrae_and_pairs():
    levels = ["T11", "T12", "L1", "L2"]
    own = np.array([SLOT_INDEX[level] for level in ("T11", "T12", "L1", "L2")])
    flags = np.array(list(product([False, True], repeat=4)))
    fractured = np.zeros((16, N_SLOTS), dtype=bool)
    fractured[:, own] = flags
    has_slot = np.repeat(slots(*levels), 16, axis=0)
    probability = MODEL.likelihood(has_slot, fractured, has_slot)
    assert probability.sum() == pytest.approx(1, abs=1e-12)
    # T13, which lies between T12 and L1, is not there.
    single, pairs = MODEL.fractured_pairs(own)
    # The chain starts at the top of the spine, or at T11 with the same distribution; that of its grid is nearly so.
    np.testing.assert_allclose(probability @ flags, single, rtol=2e-3)
    np.testing.assert_allclose(np.einsum("p,pi,pj->ij", probability, flags, flags), pairs, rtol=2e-3)


def test_what_was_not_assessed_is_left_open():
    has_slot = present([12], [5])
    nothing = np.zeros((1, N_SLOTS), dtype=bool)
    one = slots("L1")
    whole, broken = (MODEL.likelihood(has_slot, fractured, one)[0] for fractured in (nothing, one))
    assert MODEL.likelihood(has_slot, nothing, nothing)[0] == pytest.approx(1, abs=1e-12)
    assert whole + broken == pytest.approx(1, abs=1e-12)
    assert broken == pytest.approx(MODEL.fractured_pairs(np.array([SLOT_INDEX["L1"]]))[0][0], rel=2e-3)


def test_a_vertebra_that_is_not_there_is_stepped_over():
    alike = Susceptibility(0.3, 2.0, 1.5, 0.6, np.ones(N_SLOTS))
    near, far = (present([count], [5]) for count in (11, 12))
    seen = slots("T11", "L1")
    both = [alike.likelihood(spine, seen, seen)[0] for spine in (near, far)]
    neighbours = alike.likelihood(far, slots("T12", "L1"), slots("T12", "L1"))[0]
    assert both[0] == pytest.approx(neighbours, rel=2e-3)
    assert both[0] > 1.05 * both[1]


def test_the_grids_agree_with_the_simulator_of_cohorts_which_has_none():
    """The same model drawn by the code behind the example cohort, with continuous frailty and regions."""
    truth = Truth(
        frailty_variance=2.0, neighbour_clustering=1.5, neighbour_correlation=0.6,
        eleven_thoracic=0, thirteen_thoracic=0, six_lumbar=0,
    )  # fmt: skip
    rng, found = np.random.default_rng(1), []
    has_slot = present(*np.repeat([[12], [5]], 30_000, axis=1))
    for _ in range(10):
        hazards = 0.01 * WEIGHTS * latent._regional_factor(has_slot, rng, truth)
        hazards *= latent._frailty(len(has_slot), rng, truth)[:, None]
        prevalent = (rng.random(hazards.shape) < -np.expm1(-hazards)) & has_slot
        shares = [prevalent[:, SURVEYED].any(axis=1).mean(), prevalent[:, SURVEYED].mean()]
        found.append([natural_ratio(prevalent, position(*np.repeat([[12], [5]], 30_000, axis=1))), *shares])
    average, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    model = Susceptibility(0.01, 2.0, 1.5, 0.6, WEIGHTS)
    seen = level_range("T4-L4")[None] & present([12], [5])
    nobody = model.likelihood(present([12], [5]), np.zeros_like(seen), seen)[0]
    single, _ = model.fractured_pairs(SURVEYED)
    exact = [neighbour_ratio(model, np.zeros((1, len(LEVELS)))), 1 - nobody, single.mean()]
    assert (error / average < [0.03, 0.01, 0.01]).all()
    np.testing.assert_allclose(average, exact, atol=0, rtol=0.01 + 3 * (error / average).max())


def test_people_drawn_given_their_fractures_are_like_those_who_had_them():
    """Draw people, then others given what the first ones showed: on average the same, in whom fractured and whole."""
    rng = np.random.default_rng(2)
    spine, nothing = present([12], [5]), np.zeros((1, N_SLOTS), dtype=bool)
    truly = MODEL.draw(rng, spine, nothing, nothing, 4_000)[0]
    fractured = rng.random(truly.shape) < -np.expm1(-truly)
    chosen = fractured.sum(axis=1) == 1
    truly, fractured = truly[chosen], fractured[chosen]
    has_slot = np.repeat(spine, len(truly), axis=0)
    again = MODEL.draw(rng, has_slot, fractured, has_slot, 20)
    for hazards in (truly, again):
        np.expm1(-hazards, out=hazards)
    next_to = latent.next_to(fractured, has_slot)
    for group in (fractured, next_to & ~fractured, ~next_to & ~fractured & has_slot):
        of_truth = np.where(group, truly, 0).sum(axis=1) / group.sum(axis=1).clip(min=1)
        of_draws = np.where(group[:, None], again, 0).sum(axis=2).mean(axis=1) / group.sum(axis=1).clip(min=1)
        difference = of_truth - of_draws
        error = difference.std(ddof=1) / np.sqrt(len(difference))
        assert error < 0.05 * abs(of_truth.mean())
        assert abs(difference.mean()) < 4 * error


def test_draws_are_the_same_by_seed_and_nothing_where_no_vertebra_is():
    has_slot = present([11, 12], [5, 6])
    one, same, other = (
        MODEL.draw(np.random.default_rng(seed), has_slot, slots("L1") & has_slot, has_slot, 5) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert ((one > 0) == has_slot[:, None]).all()


def test_without_clustering_vertebrae_of_a_person_differ_by_their_level_alone():
    plain, least = (Susceptibility(0.3, 2.0, spread, 0.6, WEIGHTS) for spread in (0.0, 1e-12))
    has_slot = np.repeat(present([12], [5]), 3, axis=0)
    drawn, nearly = (
        model.draw(np.random.default_rng(5), has_slot, slots("L1") & has_slot, has_slot, 200)
        for model in (plain, least)
    )
    of_person = drawn[..., has_slot[0]] / WEIGHTS[has_slot[0]] / 0.3
    np.testing.assert_allclose(of_person, np.broadcast_to(of_person[..., :1], of_person.shape), rtol=1e-6)
    assert not drawn[..., ~has_slot[0]].any()
    assert len(np.unique(of_person[..., 0].round(4))) > 5
    np.testing.assert_allclose(drawn, nearly, rtol=1e-6)
