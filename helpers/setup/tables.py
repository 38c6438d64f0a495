"""Which sheet is which of our tables."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from helpers.cohort.dictionary import RAW_TABLES, Dictionary
from helpers.setup.column_words import table_fit
from helpers.setup.guesses import LIKELY, Guess, match_columns
from helpers.setup.sources import Given

_LEAST, _TIE = 0.9, 0.12
_NEEDED = {"patients": (), "procedures": ("procedure_date", "levels"), "fractures": ("level", "diagnosis_date"),
           "imaging": ("imaging_date",)}  # fmt: skip
NEVER = -1e3


@dataclass(frozen=True, eq=False)
class TableGuess:
    """Where one table is taken from.

    Attributes
    ----------
    given : Given or None
        None where no sheet seems to be it.
    candidates : tuple of Given
        Those to choose from where several seem to be.
    guesses : dict
        Our column -> its guess.
    """

    table: str
    given: Given | None
    guesses: dict[str, Guess]
    reason: str = ""
    confidence: float = 0.0
    candidates: tuple[Given, ...] = ()


def find_tables(sheets: Sequence[Given], dictionary: Dictionary) -> dict[str, TableGuess]:
    """Table -> the sheet that seems to be it, each sheet for one table at most."""
    matched = {
        (at, table): match_columns(given.looks, dictionary.table(table), known_ids=_ids(sheets, at, dictionary))
        for at, given in enumerate(sheets)
        for table in RAW_TABLES
    }
    scores = np.full((max(len(sheets), 1), len(RAW_TABLES)), NEVER)
    for (at, table), guesses in matched.items():
        scores[at, RAW_TABLES.index(table)] = _score(sheets[at], table, guesses)
    rows, places = linear_sum_assignment(np.maximum(scores, _LEAST - 0.01), maximize=True)
    chosen = {RAW_TABLES[place]: at for at, place in zip(rows, places, strict=True) if scores[at, place] >= _LEAST}
    found = {}
    for place, table in enumerate(RAW_TABLES):
        if table not in chosen:
            found[table] = TableGuess(table, None, {}, "no sheet fits")
            continue
        at = chosen[table]
        rivals = [
            other for other in range(len(sheets))
            if other not in chosen.values() and scores[other, place] >= scores[at, place] - _TIE
        ]  # fmt: skip
        candidates = tuple(sheets[one] for one in (at, *rivals)) if rivals else ()
        found[table] = _told(table, sheets[at], matched[at, table], scores[at], place, candidates)
    return found


def _score(given: Given, table: str, guesses: dict[str, Guess]) -> float:
    """How well a sheet fits a table: required columns, the share of its columns that are known there, its name."""
    needed = [guesses["patient_id"], *(guesses[name] for name in _NEEDED[table])]
    if not given.looks or not all(guess.is_there for guess in needed):
        return NEVER
    others = [guess for guess in guesses.values() if guess.is_there and guess.confidence >= LIKELY]
    hints = table_fit(given.title)
    score = float(np.mean([guess.confidence for guess in needed]))
    score += 0.5 * len(others) / max(len(given.looks), 1) + 0.04 * len(others)
    score += 0.5 * hints[table] - 0.25 * (any(hints.values()) and not hints[table])
    if table == "patients":
        score -= 0.4 * (not _is_one_each(guesses)) + 0.3 * (len(others) < 2)
    return score


def _is_one_each(guesses: dict[str, Guess]) -> bool:
    look = guesses["patient_id"].look
    return look is not None and look.is_unique


def _told(table, given: Given, guesses, scores, place: int, candidates) -> TableGuess:
    n_known = sum(guess.is_there and guess.confidence >= LIKELY for guess in guesses.values())
    reason = f"{n_known} of its {len(given.looks)} columns are those of {table}"
    if table_fit(given.title)[table]:
        reason = f'its name is "{given.title}", and {reason}'
    margin = scores[place] - np.delete(scores, place).max(initial=NEVER)
    confidence = 0.97 if margin >= 0.3 else 0.8 if margin >= 0.1 else 0.6
    if candidates:
        return TableGuess(table, None, {}, f"{len(candidates)} sheets fit alike", 0.6, candidates)
    return TableGuess(table, given, guesses, reason, confidence)


def _ids(sheets: Sequence[Given], at: int, dictionary: Dictionary) -> frozenset[str]:
    """The identifiers of the other sheets, by the columns whose name says so."""
    column = dictionary.column("patients", "patient_id")
    found: set[str] = set()
    for other, given in enumerate(sheets):
        if other != at:
            guess = match_columns(given.looks, [column])["patient_id"]
            found |= set(guess.look.texts) if guess.header and guess.look is not None else set()
    return frozenset(found)
