"""How the dates of a column seem to be written: which formats fit its texts, and what they leave open."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from helpers.cohort.date_formats import EXCEL, conflict, example, is_partial, needs_pivot, plausible_days

_ORDERS = ("d{0}m{0}Y", "Y{0}m{0}d", "m{0}d{0}Y", "d{0}m{0}y", "m{0}d{0}y", "y{0}m{0}d", "m{0}Y", "Y{0}m", "m{0}y")
_COMPACT = ("Ymd", "Y")
_NAMED = (
    *("d b Y", "d-b-Y", "d. b Y", "d B Y", "d. B Y", "b d, Y", "B d, Y", "d b y", "d-b-y", "d. b y"),
    *("b Y", "B Y", "b-Y", "b y", "b-y"),
)
_TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S")
SHOWN_ROWS = 5
LEAST_FITTING = 0.5


def _as_format(letters: str) -> str:
    return re.sub("([dmYybB])", r"%\1", letters)


FORMATS = (
    *(
        _as_format(order.format(sign)) + time
        for sign in ".-/"
        for order in _ORDERS
        for time in (_TIMES if "d" in order else ("",))
    ),
    *map(_as_format, (*_COMPACT, *_NAMED)),
    EXCEL,
)


@dataclass(frozen=True)
class DateGuess:
    """What the texts of a column say about how its dates are written.

    Attributes
    ----------
    format : str or None
        For `date_formats`: one format, or several joined by "|"; None where the texts leave it open or most fit none.
    candidates : tuple of str
        What `format` may be; more than one where the texts leave it open, as 03.04.2005 leaves day and month.
    n_values, n_fitting : int
        Cells that are not empty, and those that `format` (or else the first candidate) fits.
    n_ambiguous : int
        Cells that other formats would take for another day, like 03/04/2005; with a `format` the others decide them.
    needs_pivot : bool
        Whether `format`, or a candidate, has years of two digits, for which `pivot_year` must be set.
    n_two_digit_years, n_excel, n_partial : int
        Cells with a year of two digits; numbers as a spreadsheet keeps days; dates without a day (or month).
    rows : dict of str to tuple of int
        The first rows of each: "ambiguous", "two_digit_years", "excel", "partial", "not_fitting".
    """

    format: str | None
    candidates: tuple[str, ...]
    n_values: int
    n_fitting: int
    n_ambiguous: int = 0
    needs_pivot: bool = False
    n_two_digit_years: int = 0
    n_excel: int = 0
    n_partial: int = 0
    rows: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def ambiguous_rows(self) -> tuple[int, ...]:
        """The first rows that formats take for different days."""
        return self.rows["ambiguous"]


def guess_date_format(
    texts: Sequence[str], rows: Sequence[int], *, missing_codes: Iterable[str] = frozenset()
) -> DateGuess:
    """Guess how the dates of a column are written.

    Parameters
    ----------
    texts : sequence of str
        The cells of a column as they stand.
    rows : sequence of int
        The row each has in the file.
    missing_codes : set of str
        Words for a missing value, in small letters (`Column.missing_codes`); such cells count as empty.
    """
    where: dict[str, list[int]] = {}
    for text, row in zip(texts, rows, strict=True):
        text = text.strip()
        if text and text.lower() not in missing_codes:
            where.setdefault(text, []).append(row)
    fits = _fitting(where)

    number = {one: sum(len(where[text]) for text, own in fits.items() if one in own) for one in FORMATS}
    joined = _fitting_most([_joined(first, fits, where) for first in _likeliest(number, fits)], fits, where)
    chosen = joined[0] if joined else ()
    # The first format that fits a cell is the one it is read by.
    taken = {text: next((one for one in chosen if one in own), None) for text, own in fits.items()}
    fitting = {text: one for text, one in taken.items() if one}
    kinds = {
        "ambiguous": [text for text in fitting if len({days for one, days in fits[text].items() if _full(one)}) > 1],
        "two_digit_years": [text for text, one in fitting.items() if needs_pivot(one)],
        "excel": [text for text, one in fitting.items() if one == EXCEL],
        "partial": [text for text, one in fitting.items() if is_partial(one)],
        "not_fitting": [text for text, one in taken.items() if not one],
    }
    n_cells = {kind: sum(len(where[text]) for text in found) for kind, found in kinds.items()}
    n_values = sum(map(len, where.values()))
    n_fitting = n_values - n_cells["not_fitting"]
    is_most = n_values > 0 and n_fitting >= LEAST_FITTING * n_values
    return DateGuess(
        format="|".join(chosen) if is_most and len(joined) == 1 else None,
        candidates=tuple(map("|".join, joined)) if is_most else (),
        n_values=n_values,
        n_fitting=n_fitting,
        n_ambiguous=n_cells["ambiguous"],
        needs_pivot=is_most and any(needs_pivot(one) for own in joined for one in own),
        n_two_digit_years=n_cells["two_digit_years"],
        n_excel=n_cells["excel"],
        n_partial=n_cells["partial"],
        rows={kind: _first(found, where) for kind, found in kinds.items()},
    )


def _likeliest(number: dict[str, int], fits: dict) -> list[str]:
    """The format that fits the most cells, and those that fit as many but take some for another day."""
    best = _best(number)
    if best is None:
        return []
    equal = [one for one in FORMATS if number[one] == number[best] and _full(one) == _full(best)]
    return [best, *(one for one in equal if one != best and _differ(one, best, fits))]


def _best(number: dict[str, int]) -> str | None:
    """A whole date comes before a partial one, and a year of four digits before one of two."""
    found = [one for one in FORMATS if number.get(one)]
    return max(found, key=lambda one: (number[one], _full(one), not needs_pivot(one)), default=None)


def _joined(first: str, fits: dict, where: dict) -> tuple[str, ...]:
    """A format and further ones for the cells it does not fit, none of which contradicts another."""
    chosen = [first]
    while left := [text for text, own in fits.items() if not own.keys() & set(chosen)]:
        number = Counter()
        for text in left:
            number.update(dict.fromkeys(fits[text], len(where[text])))
        best = _best({one: n for one, n in number.items() if not _contradicts(one, chosen)})
        if best is None:
            break
        chosen.append(best)
    return tuple(chosen)


def _fitting_most(joined: list[tuple[str, ...]], fits: dict, where: dict) -> list[tuple[str, ...]]:
    number = [sum(len(where[text]) for text, days in fits.items() if days.keys() & set(own)) for own in joined]
    return [own for own, n in zip(joined, number, strict=True) if n == max(number)]


def _contradicts(one: str, chosen: Sequence[str]) -> bool:
    """Whether a format gives a text another day than one of these, or has days and months the other way round."""
    is_day_first = _is_day_first(one)
    return any({is_day_first, _is_day_first(other)} == {True, False} or conflict(one, other) for other in chosen)


def _is_day_first(date_format: str) -> bool | None:
    """None where nobody could take a day for a month."""
    places = [date_format.find(part) for part in ("%d", "%m")]
    return None if min(places) < 0 or date_format.startswith("%Y") else places[0] < places[1]


def _differ(one: str, other: str, fits: dict) -> bool:
    """Whether some text is another day by one format than by the other."""
    return any(one in own and other in own and own[one] != own[other] for own in fits.values())


def _full(date_format: str) -> bool:
    return not is_partial(date_format)


def _fitting(texts: Iterable[str]) -> dict[str, dict]:
    """For each text the formats that fit it, and the days it is by each."""
    fits: dict[str, dict] = {text: {} for text in texts}
    by_signs: dict[str, list[str]] = {}
    for text in fits:
        by_signs.setdefault(_signs(text), []).append(text)
    for signs, alike in by_signs.items():
        # Format by format, as Python keeps but a few of them at hand.
        for one in _formats_by_signs().get(signs, ()):
            for text in alike:
                if days := plausible_days(text, one):
                    fits[text][one] = days
    return fits


@cache
def _formats_by_signs() -> dict[str, tuple[str, ...]]:
    """The formats by the signs between their digits and letters, so that few are tried on a text."""
    found: dict[str, tuple[str, ...]] = {}
    for one in FORMATS:
        for signs in {_signs(example(one)), *((".", ",") if one == EXCEL else ())}:
            found[signs] = (*found.get(signs, ()), one)
    return found


def _signs(text: str) -> str:
    return re.sub(r"\w", "", text)


def _first(found: Sequence[str], where: dict) -> tuple[int, ...]:
    return tuple(sorted(row for text in found for row in where[text])[:SHOWN_ROWS])
