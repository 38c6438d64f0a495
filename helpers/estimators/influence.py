"""Clustered variance of a curve at every time, without a patients x times matrix.

The influence of patient g on a curve is U_g(t) = sum_j V_gj f_j(t): a few coefficients V_g that change only
at the patient's own times, and functions f_j common to all. So the sum over patients of U_g(t)^2 needs only
the sums of V_gj V_gk, and those change only where one of the patient's vertebrae leaves.
"""

import numpy as np

from helpers.estimators.distinct import runs


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
    state, start, when = jumps[:, order], start[:, patients[order[first]]], when[order] + 1
    # Each patient's running sum starts by taking off the one before: terms stay small, and so does rounding.
    total = np.add.reduceat(state, first, axis=1) + start if len(first) else start
    state[:, first] += start
    state[:, first[1:]] -= total[:, :-1]
    np.cumsum(state, axis=1, out=state)
    before = np.empty_like(state)
    before[:, 1:] = state[:, :-1]
    before[:, first] = start
    sums = np.zeros((n_times + 1, len(state), len(state)))
    for j in range(len(state)):
        for k in range(j, len(state)):
            change = np.bincount(when, state[j] * state[k] - before[j] * before[k], minlength=n_times + 1)
            change[0] += start[j] @ start[k]
            sums[:, j, k] = sums[:, k, j] = np.cumsum(change)
    return sums[1:]


def clustered_variance(sums: np.ndarray, functions: np.ndarray) -> np.ndarray:
    """The sum over patients of U_g(t)^2 at every time; `functions` is (times, j)."""
    return np.maximum(np.einsum("tj,tjk,tk->t", functions, sums, functions), 0.0)
