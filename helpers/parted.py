"""Columns in parts: what is wanted of them is written down here, and worked out part by part where the parts are."""

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce, wraps

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

# So many results are added up at a time where the parts are, before what is left of them is brought here.
AT_A_TIME = 16


@dataclass(frozen=True, eq=False)
class Parted:
    """A column, a table or anything else with a piece for every part of a cohort; patients are never in two parts.

    Comparing, negating, joining by `&`, and taking columns or rows make another one; nothing is worked out before a
    number is asked for.

    Attributes
    ----------
    workers : object
        Where the pieces are: `each(parted)` gives their list, `held(parted)` what stands for each of them once they are
        worked out and stay there, and `sent(thing)` what stands for a thing once it is there.
    function : callable or None
        What makes a piece of the pieces of `arguments` and `options`; None where `pieces` are there.
    pieces : sequence
        Of each part what stands for its piece to the workers.
    """

    workers: object
    function: Callable | None = None
    arguments: tuple = ()
    options: dict = field(default_factory=dict)
    pieces: Sequence = ()

    def map(self, function: Callable, *arguments, **options) -> "Parted":
        """What a function makes of each piece; arguments in parts are given piece by piece, others as they are."""
        return Parted(self.workers, function, (self, *arguments), options)

    def each(self) -> list:
        """All pieces, here, in the order of the parts."""
        return self.workers.each(self)

    def held(self) -> "Parted":
        """The pieces worked out once and for all; they stay where they are for as long as this is held."""
        return self if self.function is None else self.of_pieces(self.workers.held(self))

    def of_pieces(self, pieces: Sequence) -> "Parted":
        """Other pieces at the same place, one for each part."""
        return Parted(self.workers, pieces=pieces)

    def beside(self, thing) -> "Parted":
        """One thing as the piece of every part; it is sent to where the pieces are only once."""
        return self.of_pieces([self.workers.sent(thing)] * self.n_parts)

    def total(self):
        """All pieces added up."""
        sums = self
        while sums.n_parts > AT_A_TIME:
            pieces = sums.held().pieces
            blocks = [pieces[start : start + AT_A_TIME] for start in range(0, len(pieces), AT_A_TIME)]
            sums = self.of_pieces(blocks).map(added)
        return added(sums.each())

    @property
    def n_parts(self) -> int:
        """How many parts there are."""
        if self.function is None:
            return len(self.pieces)
        return next(one for one in (*self.arguments, *self.options.values()) if isinstance(one, Parted)).n_parts

    def attribute(self, name: str) -> "Parted":
        """An attribute of each piece."""
        return self.map(getattr, name)

    def is_like(self, other) -> bool:
        """Whether the other one is made in the same way of the same pieces."""
        if self is other:
            return True
        if not isinstance(other, Parted) or self.function is None or self.function is not other.function:
            return False
        ours, theirs = ([*one.arguments, *one.options.items()] for one in (self, other))
        return len(ours) == len(theirs) and all(map(_are_alike, ours, theirs))

    def isin(self, values) -> "Parted":
        """Which entries are one of some values."""
        return self.map(_isin, values)

    def sum(self) -> int:
        """The sum of a column."""
        return self.map(_sum).total()

    def __len__(self) -> int:
        return self.map(len).total()

    def __bool__(self) -> bool:
        raise TypeError("A column in parts is neither true nor false.")

    def __iter__(self) -> Iterator:
        raise TypeError("A column in parts is not to be gone through entry by entry.")

    def __getitem__(self, key) -> "Parted":
        return self.map(operator.getitem, key)

    def __eq__(self, other) -> "Parted":
        return self.map(operator.eq, other)

    def __ne__(self, other) -> "Parted":
        return self.map(operator.ne, other)

    def __gt__(self, other) -> "Parted":
        return self.map(operator.gt, other)

    def __and__(self, other) -> "Parted":
        return self.map(operator.and_, other)

    def __invert__(self) -> "Parted":
        return self.map(operator.invert)

    __hash__ = None


@dataclass(frozen=True, eq=False)
class PartedColumns:
    """Columns in parts by name; rows are taken of all of them at once."""

    columns: dict[str, Parted]

    def keys(self):
        """The names."""
        return self.columns.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __getitem__(self, key):
        if isinstance(key, Parted):
            return PartedColumns({name: column[key] for name, column in self.columns.items()})
        return self.columns[key]


def in_parts(*columns) -> bool:
    """Whether any of these is in parts."""
    return any(isinstance(column, Parted) for column in columns)


def mapped(function: Callable, *arguments, **options) -> Parted:
    """What a function makes of the pieces of arguments of which one at least is in parts."""
    first = next(one for one in (*arguments, *options.values()) if isinstance(one, Parted))
    return Parted(first.workers, function, arguments, options)


def by_part(function: Callable) -> Callable:
    """A function that is done part by part where an argument is in parts, and then gives something in parts."""

    @wraps(function)
    def of_columns(*arguments, **options):
        if in_parts(*arguments, *options.values()):
            return mapped(of_columns, *arguments, **options)
        return function(*arguments, **options)

    return of_columns


def added_up(function: Callable, *arguments, **options):
    """What a function says of columns; where they are in parts, of each, added up."""
    if in_parts(*arguments, *options.values()):
        return mapped(function, *arguments, **options).total()
    return function(*arguments, **options)


def gathered(column):
    """A column as it is; one in parts brought here whole, as long as all of its rows."""
    if not in_parts(column):
        return column
    pieces = column.each()
    if isinstance(getattr(pieces[0], "dtype", None), pd.CategoricalDtype):
        return union_categoricals([getattr(piece, "array", piece) for piece in pieces])
    return np.concatenate(pieces)


def added(pieces: Sequence):
    """The sum of some things, two and two, so that no long sum is walked through once for each of them."""
    while len(pieces) > 1:
        odd = list(pieces[len(pieces) // 2 * 2 :])
        pieces = [reduce(operator.add, two) for two in zip(pieces[::2], pieces[1::2], strict=False)] + odd
    return pieces[0]


class Formula:
    """How pieces are made, in words that travel: of `leaves`, pieces that are there already."""

    def __init__(self, wanted: Parted):
        self.leaves: list[Parted] = []
        self._made: dict[int, object] = {}
        self._steps = self._written(wanted)

    def __getstate__(self):
        return self._steps

    def __setstate__(self, steps):
        self._steps = steps

    def worked_out(self, *pieces):
        """What is wanted, of one piece of each leaf; what is used twice is worked out once."""
        return _worked_out(self._steps, pieces, {})

    def _written(self, one):
        if not isinstance(one, Parted):
            return one
        if id(one) not in self._made:
            if one.function is None:
                self.leaves.append(one)
                self._made[id(one)] = _Leaf(len(self.leaves) - 1)
            else:
                arguments = [self._written(each) for each in one.arguments]
                options = {name: self._written(each) for name, each in one.options.items()}
                self._made[id(one)] = _Step(one.function, arguments, options)
        return self._made[id(one)]


@dataclass(frozen=True)
class _Leaf:
    place: int


@dataclass(frozen=True)
class _Step:
    function: Callable
    arguments: list
    options: dict


def _worked_out(one, pieces: tuple, known: dict):
    if isinstance(one, _Leaf):
        return pieces[one.place]
    if not isinstance(one, _Step):
        return one
    if id(one) not in known:
        arguments = [_worked_out(each, pieces, known) for each in one.arguments]
        options = {name: _worked_out(each, pieces, known) for name, each in one.options.items()}
        known[id(one)] = one.function(*arguments, **options)
    return known[id(one)]


def _are_alike(one, other) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_are_alike, one, other))
    if isinstance(one, Parted):
        return one.is_like(other)
    return one is other or isinstance(one, str | int | float) and type(one) is type(other) and one == other


def _isin(column, values):
    return column.isin(values)


def _sum(column):
    return column.sum()
