"""Where cement could have lain instead: its place dealt anew within each patient, in two ways."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from helpers.cohort.near_cement import nearest_cement
from helpers.cohort.spine import N_SLOTS, pack, unpack
from helpers.cohort.spine_arrays import Spines, count_levels

AMONG_WHOLE = "any whole vertebra"
AMONG_FRACTURED = "any fractured vertebra"
NULLS = (AMONG_WHOLE, AMONG_FRACTURED)
_LAST = 2.0  # beyond every random number


@dataclass(frozen=True, eq=False)
class Places:
    """How each vertebra lies to cement: distance and whether it is a sandwich, ways x patients x 19."""

    distance: np.ndarray
    is_sandwich: np.ndarray

    def adjacent(self, within: int) -> np.ndarray:
        """The levels up to so far from cement, packed: ways x patients."""
        return pack(self.distance <= within)

    @cached_property
    def sandwich(self) -> np.ndarray:
        """The levels between two cemented ones, packed."""
        return pack(self.is_sandwich)


def as_it_was(spines: Spines) -> Places:
    """One way: where the cement of day 0 lies."""
    return _places(spines.levels, spines.cemented[None])


def dealt(spines: Spines, null: str, number: int, random: np.random.Generator) -> Places:
    """So many ways to deal the cement of day 0 anew.

    Among "any whole vertebra": how a vertebra lies to cement (distance, sandwich) is exchanged at random between those
    of the patient's vertebrae that were neither cemented nor fractured on day 0. The fractures stay where they are, and
    every patient keeps the number of vertebrae at each distance.

    Among "any fractured vertebra": the patient's cement is put into as many of the vertebrae that were fractured or
    cemented on day 0, each set of that size being as likely, and every distance is measured anew. No vertebra enters
    or leaves the vertebrae at risk, which are those that were whole.
    """
    if null == AMONG_WHOLE:
        return _exchanged(spines, number, random)
    return _places(spines.levels, among_fractured(spines, number, random))


def can_differ(spines: Spines, null: str) -> np.ndarray:
    """The patients in whom cement dealt anew may lie otherwise than it did; of the others every way is the same."""
    if null == AMONG_WHOLE:
        distance = as_it_was(spines).distance[0]
        is_whole = unpack(spines.levels & ~(spines.cemented | spines.prevalent))
        lowest, highest = (
            extreme(np.where(is_whole, distance, no_distance), axis=1)
            for extreme, no_distance in ((np.min, 127), (np.max, 0))
        )
        return lowest < highest
    candidates = spines.levels & (spines.cemented | spines.prevalent)
    return count_levels(candidates) > count_levels(spines.cemented & spines.levels)


def among_fractured(spines: Spines, number: int, random: np.random.Generator) -> np.ndarray:
    """Each patient's cement in as many of the vertebrae fractured or cemented on day 0, packed: ways x patients."""
    candidates = unpack(spines.levels & (spines.cemented | spines.prevalent))
    keys = np.where(candidates, random.random((number, *candidates.shape)), _LAST)
    rank = keys.argsort(axis=-1, kind="stable").argsort(axis=-1, kind="stable")
    return pack(rank < count_levels(spines.cemented & spines.levels)[:, None])


def _exchanged(spines: Spines, number: int, random: np.random.Generator) -> Places:
    was = as_it_was(spines)
    is_whole = unpack(spines.levels & ~(spines.cemented | spines.prevalent))
    source = np.where(is_whole, random.random((number, *is_whole.shape)), _LAST).argsort(axis=-1, kind="stable")
    target = np.broadcast_to((~is_whole).argsort(axis=-1, kind="stable"), source.shape)
    places = []
    for values in (was.distance, was.is_sandwich):
        moved = np.empty(source.shape, dtype=values.dtype)
        own = np.broadcast_to(values, source.shape)
        np.put_along_axis(moved, target, np.take_along_axis(own, source, axis=-1), axis=-1)
        places.append(moved)
    return Places(*places)


def _places(levels: np.ndarray, cemented: np.ndarray) -> Places:
    """Of cement as packed levels, ways x patients."""
    near = nearest_cement(np.tile(levels, len(cemented)), cemented.ravel())
    distance, direction = near.distance[near.pattern], near.direction[near.pattern]
    is_sandwich = (distance == 1) & (direction == 2)
    return Places(*(values.reshape(len(cemented), len(levels), N_SLOTS) for values in (distance, is_sandwich)))
