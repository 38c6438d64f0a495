"""Cohorts drawn with replacement, patient by patient, as the totals of what those drawn contribute.

Patients with the same contribution are exchangeable, so that how many come with each contribution is one multinomial
draw. Few contributions are common and many are rare: patients with rare ones are drawn one by one, which needs no
number for each.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from helpers.estimators.patients import Contributions
from helpers.threads import at_once

# So many patients are drawn one by one in the time of one binomial, and of one number out of a shuffled row.
BINOMIAL, SHUFFLED = 16, 3
# Numbers at a time that stay in the cache; contributions, or resamples, that share a stream of random numbers, so that
# what is drawn does not hang on how many threads draw it.
BLOCK, BATCH, RESAMPLES = 2**16, 16, 256
# Standard deviations by which the patients drawn independently are fewer than all of them; beyond so many no value of
# a Poisson number need be thought of.
SHORT, FARTHEST = 1.5, 9


def resampled_totals(contributions: Contributions, *, samples: int, seed: int) -> np.ndarray:
    """The four totals of each cohort drawn; an array (samples, 4).

    Poisson numbers are multinomial given their sum. So most patients of a large cohort come as independent Poisson
    numbers, one for each contribution; where these are more than all the patients the resample is dropped, and those
    by which they fall short are drawn as the multinomial number they are.

    Examples
    --------
    >>> two = Contributions(np.array([[0, 1, 0, 2], [1, 1, 0, 3]]), np.array([5, 4]))
    >>> a, n1, _, n0 = resampled_totals(two, samples=100, seed=1).T
    >>> set(n1.tolist()), bool((n0 == 18 + a).all())
    ({9.0}, True)
    """
    seeds, n = np.random.SeedSequence(seed), contributions.n_patients
    totals, n_left = np.zeros((samples, 4)), np.full(samples, n)
    if 2 * SHUFFLED * len(contributions.multiplicity) < n:
        totals, n_drawn = _most_patients(contributions, samples, seeds)
        n_left -= n_drawn
    return totals + multinomial_totals(contributions, n_left, seeds)


def _most_patients(
    contributions: Contributions, samples: int, seeds: np.random.SeedSequence
) -> tuple[np.ndarray, np.ndarray]:
    """Totals of Poisson numbers of patients, and how many patients they are: never more than there are."""
    n, totals = contributions.n_patients, np.zeros((0, 5))
    while (n_lacking := samples - len(totals)) > 0:
        # At least nine in ten are kept.
        drawn = independent_totals(contributions, 1 - SHORT / n**0.5, n_lacking + n_lacking // 8 + 16, seeds)
        totals = np.concatenate([totals, drawn[drawn[:, 4] <= n]])
    return totals[:samples, :4], totals[:samples, 4].astype(np.int64)


def independent_totals(
    contributions: Contributions, share: float, samples: int, seeds: np.random.SeedSequence
) -> np.ndarray:
    """Totals where the number of patients with each contribution is Poisson, and how many patients these are.

    The mean of each is this share of the patients who have the contribution. An array (samples, 5).
    """
    split = Split.of(contributions, part=share, cost=SHUFFLED)
    n_common = len(split.patients)
    batches = [slice(start, start + BATCH) for start in range(0, n_common, BATCH)]
    counts = np.column_stack([split.counts, np.ones(n_common)])
    of_rare, *streams = (np.random.default_rng(own) for own in seeds.spawn(len(batches) + 1))

    def totals_of_batch(batch: slice | None, rng: np.random.Generator) -> np.ndarray:
        if batch is not None:
            return poisson_numbers(split.patients[batch] * share, samples, rng).T @ counts[batch]
        n_drawn = rng.poisson(split.n_rare * share, samples)
        return np.column_stack([split.rare_totals(n_drawn, rng), n_drawn])

    # The rare ones, which take longest, first. Whole numbers below 2^53 add up exactly, in whatever order.
    return sum(at_once(totals_of_batch, [None, *batches], [of_rare, *streams]))


def poisson_numbers(means: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Poisson numbers of some means; an array (means, samples).

    Of independent numbers, how many have each value is a multinomial draw, and which ones a shuffle. That is quicker
    than number by number, unless there are more values than numbers.

    Examples
    --------
    >>> poisson_numbers(np.array([0.001, 1e6]), 3, np.random.default_rng(1)).round(-4).tolist()
    [[0.0, 0.0, 0.0], [1000000.0, 1000000.0, 1000000.0]]
    """
    reach = FARTHEST * (np.sqrt(means) + 1)
    least = np.maximum(means - reach, 0) // 1
    n_values = int((means + reach - least).max()) + 2
    if n_values > samples:
        return rng.poisson(means[:, None], (len(means), samples)).astype(float)
    values = least[:, None] + np.arange(n_values)
    # Each value's share is that of the one before times mean / value.
    shares = np.ones(values.shape)
    np.cumprod(means[:, None] / values[:, 1:], axis=1, out=shares[:, 1:])
    how_many = rng.multinomial(samples, shares / shares.sum(axis=1, keepdims=True))
    numbers = np.repeat(values.ravel(), how_many.ravel()).reshape(-1, samples)
    return rng.permuted(numbers, axis=1, out=numbers)


def multinomial_totals(contributions: Contributions, n_drawn: np.ndarray, seeds: np.random.SeedSequence) -> np.ndarray:
    """The four totals of patients drawn with replacement, so many for each resample; an array (resamples, 4).

    How many come with each of the common contributions, and how many with rare ones, is one multinomial draw.
    """
    n = contributions.n_patients
    split = Split.of(contributions, part=n_drawn.mean() / n, cost=BINOMIAL)
    shares = np.append(split.patients, split.n_rare) / n
    blocks = np.split(n_drawn, range(RESAMPLES, len(n_drawn), RESAMPLES))

    def totals_of_block(n_of_each: np.ndarray, own: np.random.SeedSequence) -> np.ndarray:
        rng = np.random.default_rng(own)
        drawn = rng.multinomial(n_of_each, shares)
        return drawn[:, :-1] @ split.counts + split.rare_totals(drawn[:, -1], rng)

    return np.concatenate(list(at_once(totals_of_block, blocks, seeds.spawn(len(blocks)))))


@dataclass(frozen=True, eq=False)
class Split:
    """Common contributions, and the patients with the rarest ones one by one.

    These are as many as a power of two, so that random bits are their places.

    Attributes
    ----------
    counts, patients : array (common, 4), (common,)
        What the common contributions are, and how many patients have each who are not among the rarest.
    rare : array of complex (2, patients)
        What the patients with the rarest contribute; as complex numbers two counts are added up at once.
    """

    counts: np.ndarray
    patients: np.ndarray
    rare: np.ndarray

    @classmethod
    def of(cls, contributions: Contributions, *, part: float, cost: float) -> "Split":
        """As is quickest where this part of the patients is drawn, and a common contribution costs so many of them."""
        order = np.argsort(contributions.multiplicity, kind="stable")
        counts, patients = contributions.counts[order].astype(float), contributions.multiplicity[order]
        through = np.cumsum(patients)
        sizes = 2 ** np.arange(min(17, int(through[-1]).bit_length()))
        n_common = len(through) - np.searchsorted(through, sizes, side="right")
        n_rare = int(sizes[np.argmin(sizes * part + cost * n_common)])
        others = patients - np.clip(n_rare - (through - patients), 0, patients)
        rare, common = np.repeat(counts, patients - others, axis=0), np.flatnonzero(others)
        return cls(counts[common], others[common], np.ascontiguousarray(rare.view(complex).T))

    @property
    def n_rare(self) -> int:
        """How many patients are drawn one by one."""
        return self.rare.shape[1]

    def rare_totals(self, n_drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The four totals of so many of the rarest patients for each resample."""
        totals = np.zeros((len(n_drawn), 4))
        for rows in _blocks(n_drawn):
            end = np.cumsum(n_drawn[rows])
            bits = rng.bit_generator.random_raw(-(-end[-1] // 4)).view(np.uint16)[: end[-1]]
            which, has_any = (bits & np.uint16(self.n_rare - 1)).astype(np.intp), np.flatnonzero(n_drawn[rows])
            start = (end - n_drawn[rows])[has_any]
            for columns, of_patient in zip((slice(2), slice(2, 4)), self.rare, strict=True):
                sums = np.add.reduceat(of_patient.take(which), start)
                totals[rows.start + has_any, columns] = sums.view(float).reshape(-1, 2)
        return totals


def _blocks(n_drawn: np.ndarray) -> Iterator[slice]:
    """Resamples of which together so many patients are drawn as stay in the cache, or one alone."""
    before = np.cumsum(n_drawn) - n_drawn
    starts = np.flatnonzero(np.diff(before // BLOCK, prepend=-1))
    return (slice(first, end) for first, end in pairwise([*starts, len(n_drawn)]))
