"""Small numbers: counts given so roughly that those below a limit cannot be computed back from all others.

A count below the limit k is shown as `<k`, and 0 is one of these: that nobody fractured also tells of somebody. Any
other count is shown as `~` and the middle of its box, where boxes are k wide: with 8, `~76` stands for 72 to 79. The
difference of two such counts, or what a total leaves for one hidden part, can still be anything from 1 to k - 1. Where
several hidden parts of a shown total could be told more closely, further counts are not shown at all (`–`).
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np

WITHHELD = "–"
NOT_SHOWN = "not shown"  # so begins the note of an estimate that small numbers hide
Sum = tuple[Hashable, Sequence[Hashable]]


class Coarse(int):
    """A count as it may be shown: the number is the middle of its box (0 where hidden), `text` how it is written."""

    text: str

    def __new__(cls, value: int, text: str):
        count = super().__new__(cls, value)
        count.text = text
        return count

    def __getnewargs__(self):
        return int(self), self.text


def hides(suppress_below: int) -> bool:
    """Whether this limit hides anything: 0 and 1 do not."""
    return suppress_below > 1


def coarse(count: int, suppress_below: int) -> int:
    """A count as it may be shown; as it is where nothing is hidden.

    Examples
    --------
    >>> [coarse(count, 8).text for count in (0, 7, 8, 74, 75, 6512)]
    ['<8', '<8', '~12', '~76', '~76', '~6,516']
    """
    if not hides(suppress_below):
        return count
    if count < suppress_below:
        return Coarse(0, f"<{suppress_below}")
    middle = int(count) // suppress_below * suppress_below + suppress_below // 2
    return Coarse(middle, f"~{middle:,}")


def withheld() -> Coarse:
    """A count that is not shown at all."""
    return Coarse(0, WITHHELD)


def is_withheld(value: object) -> bool:
    """Whether this is a count that is not shown at all."""
    return isinstance(value, Coarse) and value.text == WITHHELD


def hold_back(
    counts: Mapping[Hashable, int],
    sums: Iterable[Sum],
    suppress_below: int,
    *,
    unseen: Iterable[Hashable] = (),
    elsewhere: Iterable[Hashable] = (),
) -> dict[Hashable, int]:
    """Counts that add up as they may be shown together: no hidden one can be told from the others.

    Of a count below the limit k at least k - 1 values must remain possible, given all that is shown and the sums. As
    long as one has fewer, that count beside it is not shown whose absence helps most, the smallest first.

    Parameters
    ----------
    counts : mapping
        By any key.
    sums : iterable of (key, keys)
        A total and the parts that make it up.
    unseen : iterable of keys
        Counts that are shown nowhere, but are known to be none below 0; they do not come back.
    elsewhere : iterable of keys
        Counts that are shown elsewhere already, as `coarse` gives them; they do not come back either.

    Examples
    --------
    Two parts of a total of 14 would each be 1 or more; three of 21 would be 2 or more, so the total is not shown.

    >>> parts = {"a": 7, "b": 7, "c": 7}
    >>> shown = hold_back(parts | {"all": 21}, [("all", ["a", "b", "c"])], 8)
    >>> [count.text for count in shown.values()]
    ['<8', '<8', '<8', '–']
    """
    if not hides(suppress_below):
        return dict(counts)
    sums, unseen, elsewhere = [(total, list(parts)) for total, parts in sums], set(unseen), set(elsewhere)
    out = set(unseen)
    hidden = [key for key, count in counts.items() if count < suppress_below and key not in unseen]
    while told := _told(hidden, counts, sums, suppress_below, out):
        beside = {key for total, parts in sums for key in (total, *parts) if told & {total, *parts}}
        choices = [key for key in counts if key in beside and key not in out | elsewhere]
        if not choices:
            break
        out.add(min(choices, key=lambda key: _what_is_left(key, told, counts, sums, suppress_below, out)))
    return {
        key: withheld() if key in out else coarse(count, suppress_below)
        for key, count in counts.items()
        if key not in unseen | elsewhere
    }


def _what_is_left(key, told, counts, sums, suppress_below: int, out: set) -> tuple:
    still = _told(sorted(told, key=str), counts, sums, suppress_below, out | {key})
    # A hidden count that is withheld besides would still be told by its place.
    return len(still), counts[key] < suppress_below, counts[key]


def _told(hidden: Sequence, counts: Mapping, sums: Sequence[Sum], suppress_below: int, out: set) -> set:
    """Those of the hidden counts of which fewer than k - 1 values are possible."""
    if not sums:
        return set()
    boxes = {key: box(None if key in out else coarse(counts[key], suppress_below), suppress_below) for key in counts}
    ranges = possible(boxes, sums, hidden)
    return {key for key, (low, high) in ranges.items() if high - low + 1 < suppress_below - 1}


def box(count: Coarse | None, suppress_below: int) -> tuple[float, float]:
    """The smallest and the largest number that may stand behind what is shown; None for nothing."""
    if count is None or is_withheld(count):
        return 0, np.inf
    low = int(count) // suppress_below * suppress_below
    return low, low + suppress_below - 1


def possible(
    boxes: Mapping[Hashable, tuple[float, float]], sums: Sequence[Sum], wanted: Iterable[Hashable]
) -> dict[Hashable, tuple[float, float]]:
    """The range of whole numbers that each of the wanted counts can have, given the boxes of all and the sums."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # costs a second's import, for small numbers only

    keys = list(boxes)
    place = {key: number for number, key in enumerate(keys)}
    matrix = np.zeros((len(sums), len(keys)))
    for row, (total, parts) in zip(matrix, sums, strict=True):
        np.add.at(row, [place[part] for part in parts], 1)
        row[place[total]] -= 1
    bounds = Bounds(*np.array([boxes[key] for key in keys], dtype=float).T)
    system = {"constraints": LinearConstraint(matrix, 0, 0), "bounds": bounds, "integrality": np.ones(len(keys))}
    ranges = {}
    for key in wanted:
        ends = []
        for sign in (1, -1):
            cost = np.zeros(len(keys))
            cost[place[key]] = sign
            solved = milp(cost, **system)
            # Status 3: no limit on that side.
            ends.append(round(sign * solved.fun) if solved.fun is not None else sign * -np.inf)
        ranges[key] = (ends[0], ends[1])
    return ranges
