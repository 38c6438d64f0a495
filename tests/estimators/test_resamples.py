"""Cohorts drawn with replacement: however they are drawn, how many patients come of each kind is multinomial."""

import numpy as np
import pytest
from scipy import stats

from helpers.estimators import resamples
from helpers.estimators.patients import Contributions
from helpers.estimators.resamples import (
    Split,
    independent_totals,
    multinomial_totals,
    poisson_numbers,
    resampled_totals,
)

SAMPLES = 20_000
# Patients of up to four kinds, and how the totals are made: most as Poisson numbers, or all as one multinomial.
COHORTS = {
    "common and rare": ([60, 1, 934, 5], True),
    "one kind": ([0, 500, 0, 0], True),
    "two common kinds": ([4000, 6000, 0, 0], True),
    "more values than resamples": ([10**9, 3 * 10**9, 5, 10**8], True),
    "few patients": ([7, 1, 4, 2], False),
    "all distinct": ([1, 1, 1, 1], False),
    "one patient": ([0, 0, 1, 0], False),
}


def kinds(patients):
    """Each kind of patient has a count of its own, so that the totals are how often each kind was drawn."""
    patients = np.array(patients)
    return Contributions(np.eye(4, dtype=np.int64)[patients > 0], patients[patients > 0])


def is_mostly_poisson(contributions):
    return 2 * resamples.POISSON * len(contributions.multiplicity) < contributions.n_patients


@pytest.mark.parametrize("name", COHORTS)
def test_numbers_of_each_kind_are_multinomial(name):
    patients, as_poisson = COHORTS[name]
    contributions = kinds(patients)
    assert is_mostly_poisson(contributions) is as_poisson
    drawn = resampled_totals(contributions, samples=SAMPLES, seed=11)
    n, p = sum(patients), np.array(patients) / sum(patients)
    assert drawn.shape == (SAMPLES, 4)
    assert (drawn >= 0).all()
    assert (drawn == np.round(drawn)).all()
    assert (drawn.sum(axis=1) == n).all()
    assert not drawn[:, p == 0].any()
    covariance = n * (np.diag(p) - np.outer(p, p))
    error = np.sqrt(np.diag(covariance))
    assert (np.abs(drawn.mean(axis=0) - n * p) <= 4 * error / SAMPLES**0.5).all()
    assert (np.abs(np.cov(drawn.T) - covariance) <= 0.05 * np.outer(error, error)).all()


@pytest.mark.parametrize("name", COHORTS)
def test_each_number_has_its_binomial_distribution(name):
    patients, _ = COHORTS[name]
    n, drawn = sum(patients), resampled_totals(kinds(patients), samples=SAMPLES, seed=12)
    for of_kind, column in zip(patients, drawn.T, strict=True):
        binomial = stats.binom(n, of_kind / n)
        # Up to twenty classes that are as likely as one another, as far as whole numbers can be.
        edges = np.unique(binomial.ppf(np.arange(1, 20) / 20))
        expected = np.diff(binomial.cdf(edges), prepend=0, append=1) * SAMPLES
        seen = np.bincount(np.searchsorted(edges, column), minlength=len(expected))
        is_likely = expected > 5
        assert seen[expected < 1e-9].sum() == 0
        if is_likely.sum() > 1:
            together = [np.append(of[is_likely], of[~is_likely].sum()) for of in (seen, expected)]
            statistic = sum((o - e) ** 2 / e for o, e in zip(*together, strict=True) if e > 5)
            assert stats.chi2.sf(statistic, is_likely.sum() - 1) > 1e-4


@pytest.mark.parametrize(("n_kinds", "n"), [(1, 40), (60, 432), (150, 10_000), (60, 60)])
def test_totals_have_the_distribution_of_those_of_a_multinomial(n_kinds, n):
    rng = np.random.default_rng(n)
    counts = np.unique(rng.integers(0, 9, (4 * n_kinds, 4)), axis=0)[:n_kinds]
    weights = 1 / np.arange(1, n_kinds + 1) ** 1.5
    patients = 1 + rng.multinomial(n - n_kinds, weights / weights.sum())
    cohort = Contributions(counts, patients)
    drawn = resampled_totals(cohort, samples=SAMPLES, seed=3)
    plain = rng.multinomial(n, patients / n, size=SAMPLES) @ counts
    for ours, theirs in zip(drawn.T, plain.T, strict=True):
        assert stats.ks_2samp(ours, theirs).pvalue > 1e-4
    # Of the joint distribution: sums and differences of the totals, in directions of chance.
    for direction in rng.normal(size=(4, 4)):
        assert stats.ks_2samp(drawn @ direction, plain @ direction).pvalue > 1e-4


def test_those_left_over_are_drawn_for_each_resample():
    n_drawn = np.array([0, 1, 50, 0, 3])
    drawn = multinomial_totals(kinds([5, 3, 900, 92]), n_drawn, np.random.default_rng(1))
    assert drawn.sum(axis=1).tolist() == n_drawn.tolist()


def test_independent_totals_know_how_many_patients_they_are():
    drawn = independent_totals(kinds([5, 3, 9000, 920]), 0.9, SAMPLES, np.random.default_rng(2))
    assert (drawn[:, :4].sum(axis=1) == drawn[:, 4]).all()
    means = 0.9 * np.array([5, 3, 9000, 920])
    assert (np.abs(drawn[:, :4].mean(axis=0) - means) < 4 * np.sqrt(means / SAMPLES)).all()
    assert (np.abs(np.corrcoef(drawn[:, :4].T) - np.eye(4)) < 4 / SAMPLES**0.5).all()


@pytest.mark.parametrize("mean", [0.01, 0.9, 7.3, 250.0, 90_000.0])
def test_poisson_numbers(mean):
    numbers = poisson_numbers(np.array([mean, mean * 1.1]), SAMPLES, np.random.default_rng(4))
    assert numbers.shape == (2, SAMPLES)
    assert abs(np.corrcoef(numbers)[0, 1]) < 4 / SAMPLES**0.5
    for own, of_row in zip((mean, mean * 1.1), numbers, strict=True):
        poisson = stats.poisson(own)
        edges = np.unique(poisson.ppf(np.arange(1, 10) / 10))
        expected = np.diff(poisson.cdf(edges), prepend=0, append=1) * SAMPLES
        seen = np.bincount(np.searchsorted(edges, of_row), minlength=len(expected))
        assert stats.chi2.sf(((seen - expected) ** 2 / expected).sum(), len(expected) - 1) > 1e-4
        # Far out, where a value has no slot of its own.
        beyond = poisson.ppf(0.9999)
        assert (
            abs((of_row > beyond).sum() - SAMPLES * poisson.sf(beyond)) < 5 * np.sqrt(SAMPLES * poisson.sf(beyond)) + 1
        )
    # Neither sorted nor alike from one place to the next.
    assert abs(np.corrcoef(numbers[0, :-1], numbers[0, 1:])[0, 1]) < 4 / SAMPLES**0.5


def test_the_rarest_patients_are_split_off():
    split = Split.of(kinds([60, 1, 934, 5]), part=1.0, cost=40)
    assert split.n_rare == 8
    # The commonest first.
    assert split.patients.tolist() == [934, 58]
    assert split.counts.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    rare = split.of_rare[:, split.rare].T.copy().view(float)
    assert rare.sum(axis=0).tolist() == [2, 1, 0, 5]


@pytest.mark.parametrize("patients", [[9_000, 21_000, 34_000, 4_000], [90_000, 150_000, 40_000, 20_000]])
def test_rare_patients_may_be_more_than_16_random_bits_tell_apart(patients):
    cohort, n_drawn = kinds(patients), np.full(SAMPLES, 5)
    n_rare = Split.of(cohort, part=5 / sum(patients), cost=resamples.BINOMIAL).n_rare
    assert (n_rare > 2**16) is (sum(patients) > 2**17)
    drawn = multinomial_totals(cohort, n_drawn, np.random.default_rng(7))
    share = np.array(patients) / sum(patients)
    assert (np.abs(drawn.mean(axis=0) - 5 * share) < 4 * np.sqrt(5 * share * (1 - share) / SAMPLES)).all()
    for p, own in zip(share, drawn.T, strict=True):
        expected = stats.binom(5, p).pmf(np.arange(6)) * SAMPLES
        seen, common = np.bincount(own.astype(int), minlength=6), expected > 5
        statistic = ((seen - expected) ** 2 / expected)[common].sum()
        assert stats.chi2.sf(statistic, common.sum() - 1) > 1e-4


@pytest.mark.parametrize("patients", [[7, 1, 4, 2], [600, 20, 9340, 5]])
def test_the_seed_tells_what_is_drawn(patients):
    drawn = resampled_totals(kinds(patients), samples=700, seed=5)
    assert np.array_equal(drawn, resampled_totals(kinds(patients), samples=700, seed=5))
    assert not np.array_equal(drawn, resampled_totals(kinds(patients), samples=700, seed=6))


def test_parts_added_up_are_drawn_as_the_whole():
    one, other = kinds([600, 20, 9340, 5]), kinds([600, 20, 9340, 5])
    together = one + other
    assert np.array_equal(
        resampled_totals(together, samples=300, seed=5),
        resampled_totals(Contributions(one.counts, 2 * one.multiplicity), samples=300, seed=5),
    )
