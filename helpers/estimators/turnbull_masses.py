"""The most likely masses of innermost intervals: self-consistency in turns with Newton's method."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu

from helpers.errors import WorkbookFault

# How near the conditions of a maximum must hold; the masses must lie ten times as still.
KUHN_TUCKER = 1e-9
# Mass below this is rounding left over from an exact zero.
NO_MASS = 1e-13
# Beyond this many unknowns a full matrix costs more memory than a sparse one.
LARGEST_FULL_MATRIX = 5000
# Self-consistency alone at first: cheap, and it spares Newton's method the masses that soon vanish.
FIRST_ROUNDS = 100


def maximise(first: np.ndarray, beyond: np.ndarray, share: np.ndarray, n: int, *, most_rounds: int = 500) -> np.ndarray:
    """The masses of n innermost intervals; bracket i holds those from first[i] to before beyond[i].

    The objective is sum share log L - sum p, whose maximum has masses that add up to 1; `share` is the part of the
    vertebrae that each bracket stands for.
    """
    mass = np.full(n, 1 / n)
    # Differences of sums that go up to 1 are exact to 1e-16, which is 1e-8 of a bracket that holds 1e-8.
    tolerance = max(KUHN_TUCKER, 8 * np.finfo(float).eps / share.min())
    for _ in range(FIRST_ROUNDS):
        mass = mass * _gradient(first, beyond, share, mass)
    for _ in range(most_rounds):
        # Self-consistency never lowers the likelihood, and leaves no bracket with less than its own share.
        mass = mass * _gradient(first, beyond, share, mass)
        before, mass = mass, _newton_step(first, beyond, share, mass)
        gradient = _gradient(first, beyond, share, mass)
        is_best = gradient.max() <= 1 + tolerance and gradient[mass > NO_MASS].min() >= 1 - tolerance
        if is_best and np.abs(mass - before).max() <= tolerance / 10:
            return mass
    raise WorkbookFault(f"Turnbull's curve did not settle in {most_rounds} rounds.")


def _reach(first, beyond, mass) -> np.ndarray:
    """The probability of each bracket."""
    total = np.r_[0.0, np.cumsum(mass)]
    return total[beyond] - total[first]


def _gradient(first, beyond, share, mass) -> np.ndarray:
    """How much the mean log likelihood gains per mass: 1 where a maximum has mass."""
    gain = share / _reach(first, beyond, mass)
    n = len(mass) + 1
    return np.cumsum(np.bincount(first, gain, n) - np.bincount(beyond, gain, n))[:-1]


def _newton_step(first, beyond, share, mass) -> np.ndarray:
    """The masses moved towards where the quadratic approximation is greatest; unmoved if nothing is gained."""

    def value(at):
        reach = _reach(first, beyond, at)
        return share @ np.log(reach) - at.sum() if reach.min() > 0 else -np.inf

    here = value(mass)
    for one_by_one, shortest in ((False, 0.1), (True, 1e-6)):
        target, length = _newton_target(first, beyond, share, mass, one_by_one=one_by_one), 1.0
        while length >= shortest:
            there = mass + length * (target - mass)
            if value(there) >= here - 1e-14 * (1 + abs(here)):
                return there
            length /= 2
    return mass


def _newton_target(first, beyond, share, mass, *, one_by_one: bool) -> np.ndarray:
    """The masses at which the quadratic approximation is greatest; those that would turn negative are held at zero.

    Held all at once that is quick, and mostly right; one by one, on the way from `mass`, it gains. In the
    cumulative probabilities between intervals the curvature is the Laplacian of a graph with an edge for every
    bracket.
    """
    reach = _reach(first, beyond, mass)
    gain, curvature = share / reach, share / reach**2
    free = np.flatnonzero((mass > 0) | (_gradient(first, beyond, share, mass) > 1))
    on_the_way = mass[free]
    while True:
        start, end = np.searchsorted(free, first), np.searchsorted(free, beyond)
        nodes = len(free) + 1
        held = mass.copy()
        held[free] = 0
        slope = gain + curvature * _reach(first, beyond, held)
        pull = np.bincount(end, slope, nodes) - np.bincount(start, slope, nodes)
        pull[-1] -= 1
        # Solved for the change, which is small at the end, so that its rounding is smaller still.
        target = mass[free] + np.diff(_solve_laplacian(start, end, curvature, pull))
        is_negative = target < 0
        if not is_negative.any():
            return np.bincount(free, target, len(mass))
        # The active-set step: what would turn negative is held at zero, and the rest is solved for again.
        kept = ~is_negative
        if one_by_one:
            length = np.full(len(free), np.inf)
            length[is_negative] = on_the_way[is_negative] / (on_the_way - target)[is_negative]
            on_the_way = np.maximum(on_the_way + length.min() * (target - on_the_way), 0)
            kept = np.arange(len(free)) != length.argmin()
        free, on_the_way = free[kept], on_the_way[kept]


def _solve_laplacian(start, end, weight, pull) -> np.ndarray:
    """The potentials at the nodes of a graph, that of the first being 0."""
    n = len(pull)
    if n == 1:
        return np.zeros(1)
    # A bracket whose masses are all held at zero joins a node to itself.
    is_edge = start < end
    start, end, weight = start[is_edge], end[is_edge], weight[is_edge]
    degree = np.bincount(start, weight, n) + np.bincount(end, weight, n)
    if n <= LARGEST_FULL_MATRIX:
        among = start > 0
        places = (end[among] - 1) * (n - 1) + start[among] - 1
        matrix = np.bincount(places, -weight[among], (n - 1) ** 2).reshape(n - 1, n - 1)
        np.fill_diagonal(matrix, degree[1:])
        # Edges lead on, so they fill one triangle, and the other is not looked at.
        factor = cho_factor(matrix.T, overwrite_a=True, check_finite=False)
        return np.r_[0.0, cho_solve(factor, pull[1:], check_finite=False)]
    nodes = np.arange(n)
    values = np.concatenate([degree, -weight, -weight])
    places = (np.concatenate([nodes, start, end]), np.concatenate([nodes, end, start]))
    return np.r_[0.0, splu(coo_matrix((values, places), (n, n)).tocsc()[1:, 1:]).solve(pull[1:])]
