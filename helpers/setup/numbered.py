"""Numbered columns ("Fraktur 1", "Fraktur 2") as one, {n} in the place of the number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from helpers.setup.looks import Look, stacked

NUMBER = "{n}"
# "L1" to "L5" or "BWK 12" name a vertebra; the number counts nothing.
_VERTEBRA = re.compile(r"(th|t|d|l|bwk|lwk|bw|lw)[ ._-]*\{n\}", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Numbered:
    """A column, or several that differ in one number only."""

    look: Look
    numbers: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The header, {n} in it where it stands for several."""
        return self.look.name


def find_numbered(looks: Sequence[Look]) -> list[Numbered]:
    """The columns of a sheet in their order, numbered ones together where the first of them stands.

    A name with several numbers goes with that one of them which joins the most columns.
    """
    members: dict[str, dict[int, Look]] = {}
    for look in looks:
        for pattern, number in patterns(look.name):
            members.setdefault(pattern, {}).setdefault(number, look)
    families = {pattern: own for pattern, own in members.items() if len(own) > 1}
    taken, found = {}, {}
    for pattern, own in sorted(families.items(), key=lambda pair: -len(pair[1])):
        left = {number: look for number, look in own.items() if look.name not in taken}
        if len(left) > 1:
            taken |= {look.name: pattern for look in left.values()}
            found[pattern] = left
    # "Fraktur 1 Datum" alone goes with a single "Fraktur 1".
    ordered, done = [], set()
    for look in looks:
        pattern = taken.get(look.name)
        if pattern is None:
            ordered.append(Numbered(look))
        elif pattern not in done:
            done.add(pattern)
            numbers = sorted(found[pattern])
            ordered.append(Numbered(stacked(pattern, [found[pattern][number] for number in numbers]), tuple(numbers)))
    return ordered


def patterns(name: str) -> list[tuple[str, int]]:
    """The name with {n} for each of its numbers in turn.

    >>> patterns("Fraktur 2 Datum")
    [('Fraktur {n} Datum', 2)]
    >>> patterns("L5")
    []
    """
    found = []
    for match in re.finditer(r"(?<!\d)\d{1,3}(?!\d)", name, re.ASCII):
        pattern = name[: match.start()] + NUMBER + name[match.end() :]
        if NUMBER not in name and not _VERTEBRA.fullmatch(pattern.strip()):
            found.append((pattern, int(match[0])))
    return found


def names_vertebra(name: str) -> bool:
    """True for a column that is called like a vertebra: T12, BWK 11, L1.

    >>> names_vertebra("LWK 1"), names_vertebra("Fraktur 1")
    (True, False)
    """
    return _VERTEBRA.fullmatch(re.sub(r"\d{1,2}", NUMBER, name.strip(), count=1)) is not None
