"""Clustered variance of a curve at every time, without a patients x times matrix.

The influence of patient g on a curve is U_g(t) = sum_j V_gj f_j(t): a few coefficients V_g that change only
at the patient's own times, and functions f_j common to all. So the sum over patients of U_g(t)^2 needs only
the sums of V_gj V_gk, and those change only where one of the patient's vertebrae leaves.
"""

from itertools import pairwise

import numpy as np

from helpers.estimators.distinct import runs

BLOCK = 2**14


def product_sums(
    patients: np.ndarray, when: np.ndarray, jumps: np.ndarray, start: np.ndarray, n_times: int
) -> np.ndarray:
    """Sums over patients of V_gj V_gk at every time.

    Parameters
    ----------
    patients : array of int (jumps,)
        Whose coefficients jump; patients without a jump have no part.
    when : array of int (jumps,)
        At which time; -1 for one before the first.
    jumps : array (j, jumps)
        By how much.
    start : array (j, patients)
        The coefficients from which each patient starts.

    Returns
    -------
    array (n_times, j, j)
    """
    order = np.argsort(patients.astype(np.int64) * (n_times + 1) + when, kind="stable")
    first, _ = runs(patients[order])
    # Patients in blocks: sums of fewer terms keep more digits.
    starts = np.flatnonzero(np.diff(first // BLOCK, prepend=-1))
    changes, first = np.zeros((n_times + 1, len(jumps), len(jumps))), np.append(first, len(order))
    for low, high in pairwise([*starts, len(first) - 1]):
        rows = order[first[low] : first[high]]
        own = first[low:high] - first[low]
        changes += _product_changes(jumps[:, rows], start[:, patients[rows[own]]], own, when[rows] + 1, n_times)
    return np.cumsum(changes, axis=0)[1:]


def _product_changes(
    state: np.ndarray, start: np.ndarray, first: np.ndarray, when: np.ndarray, n_times: int
) -> np.ndarray:
    """By how much the sums of products of some patients change at each time; those of one start at `first`."""
    # Each patient's running sum starts by taking off the one before: terms stay small, and so does rounding.
    total = np.add.reduceat(state, first, axis=1) + start
    state[:, first] += start
    state[:, first[1:]] -= total[:, :-1]
    np.cumsum(state, axis=1, out=state)
    before = np.empty_like(state)
    before[:, 1:] = state[:, :-1]
    before[:, first] = start
    changes = np.zeros((n_times + 1, len(state), len(state)))
    for j in range(len(state)):
        for k in range(j, len(state)):
            change = np.bincount(when, state[j] * state[k] - before[j] * before[k], minlength=n_times + 1)
            change[0] += start[j] @ start[k]
            changes[:, j, k] = changes[:, k, j] = change
    return changes


def clustered_variance(sums: np.ndarray, functions: np.ndarray) -> np.ndarray:
    """The sum over patients of U_g(t)^2 at every time; `functions` is (times, j)."""
    return np.maximum(np.einsum("tj,tjk,tk->t", functions, sums, functions), 0.0)
