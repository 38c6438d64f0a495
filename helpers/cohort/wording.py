"""Sentences on names that are not there."""

import difflib
from collections.abc import Iterable, Sequence

MOST_NAMES = 60


def not_known(what: str, name: str, known: Sequence[str]) -> str:
    """A name of ours that does not exist, with the nearest one or all there are."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f' Did you mean "{near[0]}"?' if near else f" Known are {', '.join(known)}."
    return f'"{name}" is not a known {what}.{hint}'


def there(header: Sequence[str], source: str, wanted: str) -> str:
    """What columns a source has instead."""
    near = difflib.get_close_matches(wanted, header, n=2, cutoff=0.5)
    hint = f" Nearest: {', '.join(near)}." if near else ""
    return f"{source} has only: {listed((name for name in header if name), MOST_NAMES)}.{hint}"


def listed(things: Iterable, most: int = 5) -> str:
    """The first few, and how many more there are.

    >>> listed([3, 5, 8, 9], most=3)
    '3, 5, 8 and 1 more'
    """
    things = [str(thing) for thing in things]
    return ", ".join(things[:most]) + (f" and {len(things) - most} more" if len(things) > most else "")
