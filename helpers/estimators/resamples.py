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

# So many patients are drawn one by one in the time of one binomial, and of one Poisson number.
BINOMIAL, POISSON = 16, 2
# At most so many are, less one bit; and the slots of a table of Poisson numbers, a power of two as well.
MOST_BITS, SLOTS = 19, 2**12
# Patients, contributions and resamples at a time, whose numbers stay in the cache.
BLOCK, BATCH, RESAMPLES = 2**16, 32, 256
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
    rng, n = np.random.default_rng(seed), contributions.n_patients
    totals, n_left = np.zeros((samples, 4)), np.full(samples, n)
    if 2 * POISSON * len(contributions.multiplicity) < n:
        totals, n_drawn = _most_patients(contributions, samples, rng)
        n_left -= n_drawn
    return totals + multinomial_totals(contributions, n_left, rng)


def _most_patients(
    contributions: Contributions, samples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Totals of Poisson numbers of patients, and how many patients they are: never more than there are."""
    n, totals = contributions.n_patients, np.zeros((0, 5))
    while (n_lacking := samples - len(totals)) > 0:
        # At least nine in ten are kept.
        drawn = independent_totals(contributions, 1 - SHORT / n**0.5, n_lacking + n_lacking // 8 + 16, rng)
        totals = np.concatenate([totals, drawn[drawn[:, 4] <= n]])
    return totals[:samples, :4], totals[:samples, 4].astype(np.int64)


def independent_totals(
    contributions: Contributions, share: float, samples: int, rng: np.random.Generator
) -> np.ndarray:
    """Totals where the number of patients with each contribution is Poisson, and how many patients these are.

    The mean of each is this share of the patients who have the contribution. An array (samples, 5).
    """
    split = Split.of(contributions, part=share, cost=POISSON)
    n_rare = rng.poisson(split.n_rare * share, samples)
    totals = np.column_stack([split.rare_totals(n_rare, rng), n_rare])
    counts = np.column_stack([split.counts, np.ones(len(split.counts))])
    for start in range(0, len(counts), BATCH):
        batch = slice(start, start + BATCH)
        totals += poisson_numbers(split.patients[batch] * share, samples, rng).T @ counts[batch]
    return totals


def poisson_numbers(means: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Poisson numbers of some means; an array (means, samples).

    A table of slots holds each value in as many of them as go into its probability; random bits are places in it. The
    slots left over stand for what is left of the probabilities: where one is hit, the number is drawn from that. This
    is quicker than number by number, unless there are more values than slots.

    Examples
    --------
    >>> poisson_numbers(np.array([0.001, 1e6]), 3, np.random.default_rng(1)).round(-4).tolist()
    [[0.0, 0.0, 0.0], [1000000.0, 1000000.0, 1000000.0]]
    """
    different, which = np.unique(means, return_inverse=True)
    reach = FARTHEST * (np.sqrt(different) + 1)
    least = np.maximum(different - reach, 0) // 1
    n_values = int((different + reach - least).max()) + 2
    if n_values > SLOTS:
        return rng.poisson(means[:, None], (len(means), samples)).astype(float)
    values = least[:, None] + np.arange(n_values)
    # Each value's share is that of the one before times mean / value.
    shares = np.ones(values.shape)
    np.cumprod(different[:, None] / values[:, 1:], axis=1, out=shares[:, 1:])
    shares *= SLOTS / shares.sum(axis=1, keepdims=True)
    slots = shares.astype(np.int64)
    left_over = SLOTS - slots.sum(axis=1, keepdims=True)
    table = np.repeat(np.append(values, -np.ones(left_over.shape), axis=1), np.append(slots, left_over, axis=1).ravel())
    bits = _random_bits(len(means) * samples, np.uint16, rng).reshape(-1, samples) & np.uint16(SLOTS - 1)
    numbers = table.take(bits + SLOTS * which[:, None]).ravel()
    hit = np.flatnonzero(numbers < 0)
    of_mean = which[hit // samples]
    numbers[hit] = values[of_mean, _drawn(shares - slots, of_mean, rng)]
    return numbers.reshape(-1, samples)


def _drawn(weights: np.ndarray, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Columns drawn by the weights of rows, one for each of the rows named."""
    through = np.cumsum(weights, axis=1)
    through /= np.maximum(through[:, -1:], np.finfo(float).tiny)
    # Row after row as one scale, on which each takes a length of one.
    through += np.arange(len(weights))[:, None]
    place = np.searchsorted(through.ravel(), row + rng.random(len(row)), side="right")
    return np.minimum(place - row * weights.shape[1], weights.shape[1] - 1)


def multinomial_totals(contributions: Contributions, n_drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The four totals of patients drawn with replacement, so many for each resample; an array (resamples, 4).

    How many come with each of the common contributions, and how many with rare ones, is one multinomial draw.
    """
    n = contributions.n_patients
    split = Split.of(contributions, part=n_drawn.mean() / n, cost=BINOMIAL)
    shares = np.append(split.n_rare, split.patients) / n
    totals = []
    for n_of_each in np.split(n_drawn, range(RESAMPLES, len(n_drawn), RESAMPLES)):
        n_rare, *_ = drawn = rng.multinomial(n_of_each, shares).T
        totals.append(drawn[1:].T @ split.counts + split.rare_totals(n_rare, rng))
    return np.concatenate(totals)


@dataclass(frozen=True, eq=False)
class Split:
    """Common contributions, and the patients with the rarest ones one by one.

    These are as many as a power of two, so that random bits are their places.

    Attributes
    ----------
    counts, patients : array (common, 4), (common,)
        What the common contributions are, and how many patients have each who are not among the rarest.
    rare : array of int (patients,)
        Which contribution each of the patients with the rarest ones has.
    of_rare : array of complex (2, distinct)
        What the contributions are; as complex numbers two counts are added up at once.
    """

    counts: np.ndarray
    patients: np.ndarray
    rare: np.ndarray
    of_rare: np.ndarray

    @classmethod
    def of(cls, contributions: Contributions, *, part: float, cost: float) -> "Split":
        """As is quickest where this part of the patients is drawn, and a common contribution costs so many of them."""
        order = np.argsort(contributions.multiplicity, kind="stable")
        counts, patients = contributions.counts[order].astype(float), contributions.multiplicity[order]
        through = np.cumsum(patients)
        sizes = 2 ** np.arange(min(MOST_BITS, int(through[-1]).bit_length()))
        n_common = len(through) - np.searchsorted(through, sizes, side="right")
        n_rare = int(sizes[np.argmin(sizes * part + cost * n_common)])
        rare = np.clip(n_rare - (through - patients), 0, patients)
        # The commonest first: a multinomial draw ends where nobody is left.
        common = np.flatnonzero(rare < patients)[::-1]
        which = np.repeat(np.arange(len(rare), dtype=np.uint16 if len(rare) <= 2**16 else np.intp), rare)
        return cls(counts[common], (patients - rare)[common], which, np.ascontiguousarray(counts.view(complex).T))

    @property
    def n_rare(self) -> int:
        """How many patients are drawn one by one."""
        return len(self.rare)

    def rare_totals(self, n_drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The four totals of so many of the rarest patients for each resample."""
        totals, width = np.zeros((len(n_drawn), 4)), np.uint16 if self.n_rare <= 2**16 else np.uint32
        for rows in _blocks(n_drawn):
            end, has_any = np.cumsum(n_drawn[rows]), np.flatnonzero(n_drawn[rows])
            which = self.rare.take(_random_bits(end[-1], width, rng) & width(self.n_rare - 1))
            start = (end - n_drawn[rows])[has_any]
            for columns, of_contribution in zip((slice(2), slice(2, 4)), self.of_rare, strict=True):
                sums = np.add.reduceat(of_contribution.take(which), start)
                totals[rows.start + has_any, columns] = sums.view(float).reshape(-1, 2)
        return totals


def _random_bits(n: int, width: type, rng: np.random.Generator) -> np.ndarray:
    """So many whole numbers of 16 or 32 random bits."""
    words = rng.bit_generator.random_raw(-(-n * np.dtype(width).itemsize // 8))
    return words.view(width)[:n]


def _blocks(n_drawn: np.ndarray) -> Iterator[slice]:
    """Resamples of which together so many patients are drawn as stay in the cache, or one alone."""
    before = np.cumsum(n_drawn) - n_drawn
    starts = np.flatnonzero(np.diff(before // BLOCK, prepend=-1))
    return (slice(first, end) for first, end in pairwise([*starts, len(n_drawn)]))
