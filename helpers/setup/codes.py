"""Codes of the files that the data dictionary does not know."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from helpers.cohort.dates import are_dates
from helpers.cohort.spine import parse_many
from helpers.counts import counted
from helpers.setup.guesses import Guess
from helpers.setup.looks import LONGEST_CODE, MOST_CODES, Look, stacked

_RARE, _MANY = 0.01, 0.05


@dataclass(frozen=True)
class CodeGuess:
    """Texts of one column that are none of its codes.

    Attributes
    ----------
    texts : tuple of str
        Those to be given a meaning.
    choices : tuple of str
        What they may mean; "" stands for missing.
    meanings : dict
        Texts whose meaning their words tell.
    n_cells, n_given : int
        Cells with a text that is no code, and all that are not missing.
    """

    texts: tuple[str, ...]
    choices: tuple[str, ...]
    n_cells: int
    n_given: int
    meanings: dict[str, str] = field(default_factory=dict)

    @property
    def told(self) -> str:
        return f"no known code in {self.n_cells:,} of {counted(self.n_given, 'cell')}"


def find_codes(sections: Sequence[Mapping[str, Guess]]) -> dict[str, CodeGuess]:
    """table.column -> what is unknown there, for columns of codes that have any."""
    looks: dict[str, list[Look]] = {}
    columns = {}
    for guesses in sections:
        for guess in guesses.values():
            if guess.column.type in ("code", "yes_no") and guess.look is not None and guess.header:
                key = f"{guess.column.table}.{guess.column.name}"
                columns[key] = guess.column
                looks.setdefault(key, []).append(guess.look)
    found = {}
    for key, own in looks.items():
        look, column = stacked(own[0].name, own), columns[key]
        n_taken, n_given = look.taken(column)
        if n_taken < n_given:
            texts = _like_codes(look, look.unknown(column), n_given)
            choices = tuple(
                label if label.lower() in column.codes else code for code, label in column.code_labels.items()
            )
            found[key] = CodeGuess(texts, choices, n_given - n_taken, n_given)
    return found


def _like_codes(look: Look, unknown: list[str], n_given: int) -> tuple[str, ...]:
    """The unknown texts if they look like codes, few and short, and are no slips of the pen."""
    count = dict(zip(look.texts, look.counts, strict=True))
    if len(unknown) > MOST_CODES or any(len(text) > LONGEST_CODE or len(text.split()) > 2 for text in unknown):
        return ()
    is_many = sum(count[text] for text in unknown) >= _MANY * n_given
    texts = [text for text in unknown if is_many or count[text] >= max(2, _RARE * n_given)]
    return tuple(text for text in texts if not _is_something_else(text))


def _is_something_else(text: str) -> bool:
    """A level, a date or a whole number of several digits stands in the wrong column; it is no code."""
    is_level = parse_many([text], two_level_range="levels", thoracic=13, lumbar=6)[0][0] != 0
    is_date = are_dates(pd.Series([text]), "%Y-%m-%d").any()
    return bool(is_level or is_date or re.fullmatch(r"\d{3,}|.*\d{2,}[./-]\d{1,2}.*", text))
