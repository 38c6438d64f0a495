"""Timing of one side of a line, and the check that both sides gave the same answer."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

FEWEST_RUNS = 5
# A first run warms up and does not count, but in one this long the warming up is lost.
LONG_RUN_SECONDS = 5.0
# A run of a thousandth of a second is told from what disturbs it only when there are many (as in peers.R).
ENOUGH_SECONDS, MOST_RUNS = 0.1, 200


class NotInstalledError(Exception):
    """The other side is not on this machine."""


class PeerError(Exception):
    """The other side failed, or gave another answer."""


@dataclass(frozen=True)
class Work:
    """What is timed, and how its result is told as numbers to compare (which is not timed)."""

    run: Callable[[], object]
    numbers: Callable[[object], Sequence[float]] = lambda result: ()


@dataclass(frozen=True, eq=False)
class Measured:
    """Median seconds, and the answer as numbers."""

    seconds: float
    answer: np.ndarray


def measure(work: Work, runs: int = FEWEST_RUNS) -> Measured:
    """The median wall time of `runs` runs, or more short ones; the one before counts only if it took over 5 seconds."""
    result, first = _timed(work.run)
    answer = np.asarray(work.numbers(result), dtype=float)
    del result
    times = [first] if first > LONG_RUN_SECONDS else []
    # What is there by now is not searched for garbage again: that would empty the processor's caches before each run.
    gc.freeze()
    while len(times) < runs or (sum(times) < ENOUGH_SECONDS and len(times) < MOST_RUNS):
        times.append(_timed(work.run)[1])
    gc.unfreeze()
    return Measured(median(times), answer)


def check_agreement(ours: Measured, theirs: Measured, precision: float | Sequence[float]) -> None:
    """Raise PeerError unless the answers agree within a relative precision (one for all numbers, or one for each)."""
    if ours.answer.shape != theirs.answer.shape:
        raise PeerError(f"the answer has {len(theirs.answer)} numbers, ours {len(ours.answer)}")
    # Written so that a number missing on either side is a disagreement.
    agree = np.abs(theirs.answer - ours.answer) <= np.asarray(precision) * np.abs(ours.answer)
    if not agree.all():
        raise PeerError(f"the answer is {theirs.answer[~agree]}, ours {ours.answer[~agree]}")


def _timed(run: Callable[[], object]) -> tuple[object, float]:
    gc.collect()
    start = time.perf_counter()
    result = run()
    return result, time.perf_counter() - start
