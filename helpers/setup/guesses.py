"""Which column of a sheet is which of ours: by its name and by what stands in it, with the reason for each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from helpers.cohort.dictionary import Column
from helpers.setup.column_words import OWN, name_fit
from helpers.setup.looks import Look

SURE, LIKELY = 0.9, 0.7
MATTERS = ("id", "date", "level", "levels")
BY_CONTENT = 0.4
BY_IDS, UNSHARED = 0.78, 0.1
ASKED = 0.3  # a name that fits is asked about whatever stands in the column
NAMELESS, NONE, MAY_BE = "the name says nothing", "no column fits", "may be it"
_TIE = 0.07
_MOST_CANDIDATES = 6
_ARE = {
    "id": "filled", "date": "dates", "level": "levels", "levels": "levels", "code": "known codes",
    "yes_no": "yes or no", "number": "numbers in range", "integer": "whole numbers in range",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Guess:
    """Where one of our columns is taken from.

    Attributes
    ----------
    header : str
        The file's column, {n} in it for a number; "" where it is not decided, or not there.
    confidence : float
        0 to 1.
    reason : str
        Why, in words.
    candidates : tuple of str
        The columns to choose from where it is not decided.
    """

    column: Column
    header: str
    confidence: float
    reason: str
    candidates: tuple[str, ...] = ()
    look: Look | None = None

    @property
    def is_decided(self) -> bool:
        """False where the study file needs an answer."""
        return not self.candidates

    @property
    def is_there(self) -> bool:
        """True where a column was found, or may have been."""
        return bool(self.header or self.candidates)

    @property
    def word(self) -> str:
        """The confidence in a word."""
        return word(self.confidence)

    @property
    def matters(self) -> bool:
        """Dates, levels and identifiers are never run on a guess."""
        return self.column.type in MATTERS


def word(confidence: float) -> str:
    """A confidence in a word."""
    return "sure" if confidence >= SURE else "likely" if confidence >= LIKELY else "unsure"


def match_columns(
    looks: Sequence[Look],
    columns: Sequence[Column],
    *,
    known_ids: Collection[str] = (),
    is_table_known: bool = True,
) -> dict[str, Guess]:
    """Our column -> its guess, for every column of one table.

    Parameters
    ----------
    known_ids : collection of str
        Identifiers of other sheets; a column that shares most of its texts with them holds identifiers too.
    is_table_known : bool
        False in a sheet that holds several tables, where a name like "Date" says too little.
    """
    fits = {
        (column.name, at): guess
        for column in columns
        for at, look in enumerate(looks)
        if (guess := fit(look, column, known_ids, is_table_known=is_table_known)).confidence > 0
    }
    chosen: dict[str, int] = {}
    for name, at in sorted(fits, key=lambda key: -fits[key].confidence):
        if name not in chosen and at not in chosen.values():
            chosen[name] = at
    return {column.name: _decided(column, looks, fits, chosen) for column in columns}


def fit(look: Look, column: Column, known_ids: Collection[str] = (), *, is_table_known: bool = True) -> Guess:
    """How well one column of a sheet fits one of ours; a confidence of 0 where it does not."""
    by_name = name_fit(look.name, column.name, is_table_known=is_table_known)
    if not look.name:
        return Guess(column, "", 0.0, "")
    if column.type == "id":
        return _fit_of_id(look, column, by_name, known_ids)
    if by_name:
        return _fit_by_name(look, column, by_name)
    if is_table_known and _may_be(look, column):
        n_taken, n_given = look.taken(column)
        is_telling = column.type != "code" or len(look.texts) > 1 and n_taken == n_given
        if n_given and n_taken >= 0.9 * n_given and is_telling and (column.type != "date" or look.holds_days(column)):
            reason = f"{NAMELESS}, but {_content(column, n_taken, n_given)}"
            return Guess(column, look.name, BY_CONTENT * n_taken / n_given, reason, look=look)
    return Guess(column, "", 0.0, "")


def _fit_by_name(look: Look, column: Column, by_name: float) -> Guess:
    """A column whose name fits, the less surely the fewer of its cells can be read."""
    fits = _fits(by_name)
    n_taken, n_given = look.taken(column)
    if not n_given:
        return Guess(column, look.name, 0.9 * by_name, f"{fits}, but no cell has an entry", look=look)
    share = n_taken / n_given
    if share < LIKELY and column.type in ("code", "yes_no") and look.may_be_codes:
        reason = f"{fits}; {n_given - n_taken:,} of {n_given:,} cells are codes yet to be explained"
        return Guess(column, look.name, min(by_name, SURE - 0.05), reason, look=look)
    least = ASKED if by_name >= LIKELY and column.type in MATTERS else 0.0
    reason = f"{fits}, {'and' if share >= 0.9 else 'but only'} {_content(column, n_taken, n_given)}"
    return Guess(column, look.name, max(by_name * share, least), reason, look=look)


def _fit_of_id(look: Look, column: Column, by_name: float, known_ids: Collection[str]) -> Guess:
    """A column of identifiers: by its name, or because another sheet has the same."""
    if not by_name and not known_ids:
        return Guess(column, "", 0.0, "")
    own = set(look.texts)
    shared = len(own.intersection(known_ids)) / len(own) if own else 0.0
    if known_ids and shared >= 0.8:
        content = f"{shared:.0%} of its texts are identifiers of another sheet too"
        if not by_name:
            return Guess(column, look.name, BY_IDS, f"{NAMELESS}, but {content}", look=look)
        return Guess(column, look.name, by_name, f"{_fits(by_name)}, and {content}", look=look)
    if not by_name:
        return Guess(column, "", 0.0, "")
    # Numbers that no other sheet knows may be those of records.
    return _fit_by_name(look, column, by_name - UNSHARED * bool(known_ids))


def _fits(by_name: float) -> str:
    return "the name is ours" if by_name >= OWN else "the name fits" if by_name >= SURE else "the name nearly fits"


def _content(column: Column, n_taken: int, n_given: int) -> str:
    return f"{n_taken:,} of {n_given:,} cells are {_ARE[column.type]}"


def _may_be(look: Look, column: Column) -> bool:
    """Whether what stands in a column may be one of ours, whatever its name."""
    if column.type == "date":
        return look.may_be_dates
    if column.type in ("level", "levels"):
        return look.may_be_levels
    return column.type == "code" and look.may_be_codes


def _decided(column: Column, looks: Sequence[Look], fits: dict, chosen: dict[str, int]) -> Guess:
    """The guess of one column among all: decided, left to the reader, or not there."""
    own = {at: guess for (name, at), guess in fits.items() if name == column.name}
    place = chosen.get(column.name)
    if place is None:
        return _left_without(column, own, looks, fits, chosen)
    best = own[place]
    if not best.matters:
        return _of_little_weight(best)
    taken = {at for name, at in chosen.items() if name != column.name and fits[name, at].confidence >= LIKELY}
    rivals = [
        at for at, guess in own.items() if at not in {place, *taken} and guess.confidence >= best.confidence - _TIE
    ]
    if best.confidence < LIKELY:
        if not column.required and best.reason.startswith(NAMELESS):
            return Guess(column, "", 0.0, NONE)
        return _open(best, [place, *rivals], looks, best.reason)
    if looks[place].name == column.name:  # the reader of the tables takes it in any case
        return best
    if rivals:
        named = [place, *sorted(rivals, key=lambda at: -own[at].confidence)]
        return _open(best, named, looks, f"{len(named)} columns fit alike")
    if contested := _is_contested(place, fits, chosen):
        return _open(best, [place], looks, f"it may be {contested} as well")
    return best


def _left_without(column: Column, own: dict[int, Guess], looks: Sequence[Look], fits: dict, chosen) -> Guess:
    """Where another of our columns took the one that fits: both ask if it fits both alike."""
    wanted = {
        at: guess
        for at, guess in own.items()
        if guess.matters and guess.confidence >= LIKELY and _is_contested(at, fits, chosen) == column.name
    }
    if not wanted:
        return Guess(column, "", 0.0, NONE)
    at = max(wanted, key=lambda place: wanted[place].confidence)
    return _open(wanted[at], [at], looks, "the column may be another one of ours as well")


def _of_little_weight(best: Guess) -> Guess:
    """Columns that are no date, level or identifier: taken where likely, else left out and told."""
    if best.confidence >= LIKELY or best.header == best.column.name:  # which the reader takes in any case
        return best
    return replace(best, header="", confidence=0.0, reason=f'{NONE}; "{best.header}" {MAY_BE}: {best.reason}')


def _is_contested(at: int, fits: dict, chosen: dict[str, int]) -> str:
    """Another of our columns that this one fits as well and that has no other; "" for none."""
    holders = [name for name, place in chosen.items() if place == at]
    best = max(guess.confidence for (_, place), guess in fits.items() if place == at)
    others = [
        name
        for (name, place), guess in fits.items()
        if place == at and name not in holders and guess.confidence >= best - 0.03 and name not in chosen
        and guess.matters
    ]  # fmt: skip
    return others[0] if others else ""


def _open(guess: Guess, places: Sequence[int], looks: Sequence[Look], reason: str) -> Guess:
    names = tuple(looks[at].name for at in places[:_MOST_CANDIDATES])
    return replace(guess, header="", confidence=min(guess.confidence, LIKELY - 0.01), reason=reason, candidates=names)
