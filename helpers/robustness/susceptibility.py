"""How easily each vertebra breaks: the person's part, the level's, and a part that neighbours have in common.

The hazard of a vertebra is ``scale * weight(level) * frailty(person) * exp(spread * z - spread**2 / 2)``: a gamma
frailty with mean 1, and a normal ``z`` along the spine, whose neighbours have the correlation `correlation`. Frailty
and ``z`` take values on fixed grids, so that probabilities are sums, worked out exactly along the spine (a hidden
Markov chain), and no random number is needed but to draw from it.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.special import gammainc

from helpers.cohort.spine import N_SLOTS

FRAILTY_CELLS = 24
Z = np.linspace(-3.25, 3.25, 27)


@dataclass(frozen=True, eq=False)
class Susceptibility:
    """The parameters of the model; `weights` are those of the 19 slots of the spine.

    A vertebra is found fractured, on the one day on which people are surveyed, with probability ``1 - exp(-hazard)``.
    """

    scale: float
    frailty_variance: float
    spread: float
    correlation: float
    weights: np.ndarray

    @cached_property
    def frailty(self) -> tuple[np.ndarray, np.ndarray]:
        """Values of the frailty and their probabilities: cells of the gamma distribution, each at its own mean."""
        shape, inner = 1 / self.frailty_variance, np.geomspace(1e-4, 60 * self.frailty_variance**0.5, FRAILTY_CELLS)
        edges = np.concatenate([[0], inner / self.frailty_variance, [np.inf]])
        probability, total = np.diff(gammainc(shape, edges)), np.diff(gammainc(shape + 1, edges))
        is_there = probability > 1e-14
        probability, total = probability[is_there], total[is_there]
        return total / probability, probability / probability.sum()

    @cached_property
    def chain(self) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities of z at the top of the spine, and from each vertebra to the one below it."""
        start = np.exp(-(Z**2) / 2)
        step = np.exp(-((Z - self.correlation * Z[:, None]) ** 2) / (2 * (1 - self.correlation**2)))
        step /= step.sum(axis=1, keepdims=True)
        return start / start.sum(), step

    @cached_property
    def hazards(self) -> np.ndarray:
        """Hazard by slot, frailty and z: 19 x frailties x Z."""
        along = np.exp(self.spread * Z - self.spread**2 / 2)
        return self.scale * self.weights[:, None, None] * self.frailty[0][:, None] * along

    def filtered(self, has_slot: np.ndarray, fractured: np.ndarray, assessed: np.ndarray) -> np.ndarray:
        """Probability of z at each slot, for each frailty, together with what was seen from the top down to it.

        Arguments are bool, people x 19; the result is people x frailties x 19 x Z.
        """
        start, step = self.chain
        unbroken = np.exp(-self.hazards)
        now = np.broadcast_to(start, (len(has_slot), len(self.frailty[0]), len(Z)))
        found = np.empty((*now.shape[:2], N_SLOTS, len(Z)))
        for slot in range(N_SLOTS):
            here = has_slot[:, slot, None, None]
            if slot:
                now = np.where(here, now @ step, now)
            seen = np.where(fractured[:, slot, None, None], 1 - unbroken[slot], unbroken[slot])
            now = np.where(here & assessed[:, slot, None, None], now * seen, now)
            found[:, :, slot] = now
        return found

    def likelihood(self, has_slot: np.ndarray, fractured: np.ndarray, assessed: np.ndarray) -> np.ndarray:
        """Probability of what was seen of each person."""
        return self.filtered(has_slot, fractured, assessed)[:, :, -1].sum(axis=-1) @ self.frailty[1]

    def fractured_pairs(self, slots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probability that each of these slots, which follow one another, is fractured, and that two of them are."""
        (start, step), frailty = self.chain, self.frailty[1]
        broken = -np.expm1(-self.hazards[slots])
        at = start * np.ones((len(slots), 1))
        for place in range(1, len(slots)):
            at[place] = at[place - 1] @ step
        single = np.einsum("lgz,lz,g->l", broken, at, frailty)
        pairs = np.diag(single)
        for upper in range(len(slots)):
            reached = broken[upper] * at[upper]
            for lower in range(upper + 1, len(slots)):
                reached = reached @ step
                pairs[upper, lower] = pairs[lower, upper] = (reached * broken[lower]).sum(axis=1) @ frailty
        return single, pairs

    def draw(
        self, rng: np.random.Generator, has_slot: np.ndarray, fractured: np.ndarray, assessed: np.ndarray, times: int
    ) -> np.ndarray:
        """Hazards of people given what was seen of them, drawn `times` times each: people x times x 19, float32.

        z is filtered down the spine and drawn from its foot upwards, after the frailty; not where it changes nothing.
        """
        (_, step), (values, probability) = self.chain, self.frailty
        # A column for each z of the vertebra below; then those of an absent vertebra, where z stays as it was.
        below = np.hstack([step, np.eye(len(Z))]).astype(np.float32)
        found = self.filtered(has_slot, fractured, assessed)
        # Half the numbers' length is half the time; those of each person are brought near 1, as they may be tiny.
        found = (found / found.max(axis=(1, 2, 3), keepdims=True)).astype(np.float32)
        person = np.repeat(np.arange(len(found)), times)
        cell = _drawn(rng, (found[:, :, -1].sum(axis=-1) * probability).T.take(person, axis=1))
        scaled = self.scale * self.weights * values[cell][:, None] * has_slot[person]
        if not self.spread:
            return scaled.astype(np.float32).reshape(len(has_slot), times, N_SLOTS)
        # By slot and z, as many numbers side by side as there are people and frailties.
        found = np.ascontiguousarray(found.transpose(2, 3, 0, 1)).reshape(N_SLOTS, len(Z), -1)
        seen = person * len(values) + cell
        along = np.exp(self.spread * Z - self.spread**2 / 2)
        hazards = np.zeros((N_SLOTS, len(person)), dtype=np.float32)
        chance, given = np.empty((2, len(Z), len(person)), dtype=np.float32)
        np.take(found[-1], seen, axis=1, out=chance, mode="clip")  # the mode that needs no copy of what it takes
        for slot in range(N_SLOTS - 1, -1, -1):
            z = _drawn(rng, chance)
            hazards[slot] = along[z]
            if slot:
                column = np.where(has_slot[person, slot], z, z + len(Z))
                np.take(found[slot - 1], seen, axis=1, out=chance, mode="clip")
                chance *= np.take(below, column, axis=1, out=given, mode="clip")
        hazards = np.ascontiguousarray(hazards.T)
        hazards *= scaled
        return hazards.reshape(len(has_slot), times, N_SLOTS)


def _drawn(rng: np.random.Generator, chance: np.ndarray) -> np.ndarray:
    """One place in each column, with probabilities in proportion to the column; `chance` is added up in place."""
    for above, here in pairwise(chance):  # many times as fast as `cumsum`, which goes column by column
        here += above
    wanted = rng.random(chance.shape[1], dtype=np.float32) * chance[-1]
    return (chance[:-1] <= wanted).view(np.uint8).sum(axis=0, dtype=np.uint8).astype(np.intp)
