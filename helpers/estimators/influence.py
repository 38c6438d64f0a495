"""Clustered variance of a curve at every time, without a patients x times matrix.

The influence of patient g on a curve is U_g(t) = sum_j V_gj f_j(t): a few coefficients V_g that change only
at the patient's own times, and functions f_j common to all. So the sum over patients of U_g(t)^2 needs only
the sums of V_gj V_gk, and those change only where one of the patient's vertebrae leaves.
"""

import numpy as np


def product_sums(
    codes: np.ndarray, when: np.ndarray, jumps: np.ndarray, n_times: int, *, weight: np.ndarray | None = None
) -> np.ndarray:
    """Sums over patients of V_gj V_gk at every time.

    Parameters
    ----------
    codes : array of int (jumps,)
        Whose coefficients jump.
    when : array of int (jumps,)
        At which time; -1 for the state everybody starts from.
    jumps : array (jumps, j)
        By how much.
    weight : array (jumps,), optional
        How many patients are alike, when one stands for several.

    Returns
    -------
    array (n_times, j, j)
    """
    order = np.lexsort((when, codes))
    codes, when, jumps = codes[order], when[order], jumps[order]
    n, width = jumps.shape
    sums = np.zeros((n_times + 1, width, width))
    is_first = np.r_[True, codes[1:] != codes[:-1]]
    starts = np.flatnonzero(is_first)
    # Each patient's running sum starts by taking off the one before: terms stay small, and so does rounding.
    steps = jumps.copy()
    steps[starts[1:]] -= np.add.reduceat(jumps, starts)[:-1]
    state = np.cumsum(steps, axis=0)
    before = np.vstack([np.zeros((1, width)), state[:-1]])
    before[is_first] = 0
    for j in range(width):
        for k in range(j, width):
            change = state[:, j] * state[:, k] - before[:, j] * before[:, k]
            if weight is not None:
                change *= weight[order]
            sums[:, j, k] = sums[:, k, j] = np.cumsum(np.bincount(when + 1, change, minlength=n_times + 1))
    return sums[1:]


def clustered_variance(sums: np.ndarray, functions: np.ndarray) -> np.ndarray:
    """The sum over patients of U_g(t)^2 at every time; `functions` is (times, j)."""
    return np.maximum(np.einsum("tj,tjk,tk->t", functions, sums, functions), 0.0)
