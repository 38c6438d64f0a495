"""How the dates of the study are written: one format for most columns, others for single ones."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from helpers.cohort.date_formats import needs_pivot, plausible_days
from helpers.cohort.date_guesses import FORMATS, SHOWN_ROWS
from helpers.cohort.dictionary import Column
from helpers.counts import counted
from helpers.setup.guesses import Guess
from helpers.setup.looks import Look, stacked

_ISO, _DOTTED = "%Y-%m-%d", "%d.%m.%Y"
RARE = 0.05  # of the cells: a way of writing that is rarer may be a slip, and is told instead of taken
POINTS = "every day could be a month, but with points between them the day comes first"


@dataclass(frozen=True)
class FormatGuess:
    """How the dates of one column are written.

    Attributes
    ----------
    format : str
        For `date_formats`; "" where it is not decided.
    candidates : tuple of str
        Those to choose from.
    told : str
        What is to be known of it, without any cell of the file.
    """

    format: str
    candidates: tuple[str, ...]
    n_cells: int
    told: str = ""

    @property
    def needs_pivot(self) -> bool:
        """True where years have two digits."""
        return any(
            needs_pivot(one) for joined in (self.format, *self.candidates) if joined for one in joined.split("|")
        )


def find_formats(sections: Sequence[Mapping[str, Guess]]) -> dict[str, FormatGuess]:
    """table.column -> how its dates are written, for the columns that hold texts."""
    looks: dict[str, list[Look]] = {}
    columns: dict[str, Column] = {}
    for guesses in sections:
        for guess in guesses.values():
            if guess.column.type == "date" and guess.look is not None and guess.is_there:
                key = f"{guess.column.table}.{guess.column.name}"
                columns[key] = guess.column
                looks.setdefault(key, []).append(guess.look)
    found = {key: format_of(stacked(key, own), columns[key]) for key, own in looks.items()}
    return _with_typed({key: guess for key, guess in found.items() if guess is not None})


def _with_typed(found: dict[str, FormatGuess]) -> dict[str, FormatGuess]:
    """Columns whose days are a spreadsheet's own dates besides take those that are typed as elsewhere in the study."""
    if not any(_DOTTED in guess.format.split("|") for guess in found.values()):
        return found
    return {
        key: replace(guess, format=guess.format.replace(_ISO, f"{_ISO}|{_DOTTED}"))
        if _ISO in (own := guess.format.split("|")) and _DOTTED not in own
        else guess
        for key, guess in found.items()
    }


def format_of(look: Look, column: Column) -> FormatGuess | None:
    """How the dates of one column are written; None where the source itself knows them as dates, or has none."""
    look = look.undated
    if look.is_dated or not look.n_filled:
        return None
    guess = look.dates(column)
    if not guess.candidates:
        return None
    kept = list(dict.fromkeys(_frequent(joined, look) for joined in guess.candidates))
    if len(kept) > 1 and len(by_points := [one for one in kept if not _is_month_first_with_points(one)]) == 1:
        return FormatGuess(by_points[0], (), guess.n_fitting, POINTS)
    if len(kept) == 1:
        return FormatGuess(kept[0], (), guess.n_fitting, _unread(kept[0], look))
    cells = counted(guess.n_ambiguous, "cell")
    told = f"{cells} can be read in several ways, for example in {_rows(dict.fromkeys(guess.ambiguous_rows))}"
    return FormatGuess("", tuple(kept), guess.n_fitting, told)


def _is_month_first_with_points(joined: str) -> bool:
    """Nobody writes 01.27.2006: where points stand between, the day comes first."""
    return any(one.startswith("%m.%d.") for one in joined.split("|"))


def _frequent(joined: str, look: Look) -> str:
    """The formats of a joined one that read more than a few cells."""
    formats = joined.split("|")
    counts = dict.fromkeys(formats, 0)
    texts, weights = look.some
    for text, weight in zip(texts, weights, strict=True):
        first = next((one for one in formats if plausible_days(text, one)), None)
        if first:
            counts[first] += int(weight)
    total = max(sum(counts.values()), 1)
    return "|".join(one for at, one in enumerate(formats) if at == 0 or counts[one] > RARE * total)


def _unread(joined: str, look: Look) -> str:
    """How many dates are written otherwise, and in which rows."""
    texts, formats = look.some[0], joined.split("|")
    others = {
        text
        for text in texts
        if not any(plausible_days(text, one) for one in formats) and any(plausible_days(text, one) for one in FORMATS)
    }
    if not others:
        return ""
    at = np.flatnonzero(np.isin(look.cells, np.flatnonzero(look.texts.isin(others))))
    rows = _rows(sorted(set(look.row[at].tolist()))[:SHOWN_ROWS])
    cells = counted(len(at), "cell is", "cells are")
    return f"{cells} written otherwise and would count as empty or set the row aside, as in {rows}"


def _rows(numbers: Collection[int]) -> str:
    return f"row{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
