"""One sheet with one row per patient, which holds several of our tables side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from helpers.cohort.dictionary import Column, Dictionary
from helpers.setup.column_words import name_fit
from helpers.setup.guesses import LIKELY, MATTERS, NAMELESS, Guess, fit, match_columns
from helpers.setup.looks import Look
from helpers.setup.numbered import Numbered, find_numbered
from helpers.setup.sources import Given
from helpers.setup.words import ideas

CONSTANTS = {"new": "new", "old": "prevalent"}
_MAY_LACK_DATE = "old"
_MOST_NAMED = 6
_NEEDED = {"procedures": ("procedure_date", "levels"), "fractures": ("level",), "imaging": ("imaging_date",)}


@dataclass(frozen=True, eq=False)
class GroupGuess:
    """Columns of the sheet that make the rows of one table, or of a further group of it.

    Attributes
    ----------
    title : str
        The key of `column_names`: the table, and the group in brackets after it.
    constants : dict
        Our column -> its text in every row.
    """

    table: str
    title: str
    guesses: dict[str, Guess]
    constants: dict[str, str]


@dataclass(frozen=True, eq=False)
class WideGuess:
    """What a wide sheet holds; `lacks` are the tables whose columns were not found."""

    given: Given
    patients: dict[str, Guess]
    groups: tuple[GroupGuess, ...]
    lacks: tuple[str, ...]
    is_one_each: bool


def find_wide(given: Given, dictionary: Dictionary) -> WideGuess:
    """Read a sheet as one row per patient with the columns of all tables."""
    columns = find_numbered(given.looks)
    single = [one.look for one in columns if not one.numbers]
    ids = _identifiers(single, dictionary)
    others = [one for one in columns if one.name != ids.header]
    # A cell of several levels becomes several rows.
    wanted = [
        replace(column, type="levels") if column.type == "level" else column
        for table in _NEEDED
        for column in dictionary.table(table)
        if column.type != "id"
    ]
    own = [column for column in dictionary.table("patients") if column.type != "id"]
    # Each column of the sheet goes to that table whose column it fits best.
    best: dict[str, list[tuple[float, Numbered, Guess]]] = {}
    claimed = {}
    for one in others:
        guesses = [fit(one.look, column, is_table_known=False) for column in wanted]
        top = max(guesses, key=lambda guess: guess.confidence, default=None)
        patient = max((name_fit(one.name, column.name) for column in own), default=0.0) if not one.numbers else 0.0
        if (
            top is not None
            and top.confidence >= (0.01 if top.matters else 0.5)
            and name_fit(one.name, top.column.name, is_table_known=False) > patient * 0.999
        ):
            best.setdefault(top.column.table, []).append((top.confidence, one, top))
            claimed[one.name] = top
    left = [look for look in single if look.name not in claimed and look.name != ids.header]
    patients = {"patient_id": ids} | match_columns(left, own, is_table_known=True)
    patients = {name: guess for name, guess in patients.items() if not _by_content_only(guess)}
    used = {*claimed, *(name for guess in patients.values() for name in (guess.header, *guess.candidates))}
    spare = [one for one in others if one.name not in used]
    groups = [group for table in _NEEDED for group in _groups(table, best.get(table, []), dictionary, spare)]
    there = {group.table for group in groups}
    lacks = tuple(table for table in ("procedures", "fractures") if table not in there)
    is_one_each = ids.look is not None and ids.look.is_unique or not ids.header and ids.is_there
    return WideGuess(given, patients, tuple(groups), lacks, is_one_each)


def _identifiers(looks: Sequence[Look], dictionary: Dictionary) -> Guess:
    """The column of identifiers; where no name says so, those columns in which every row has a text of its own."""
    column = dictionary.column("patients", "patient_id")
    guess = match_columns(looks, [column])["patient_id"]
    if guess.is_there:
        return guess
    own = [
        look.name
        for look in looks
        if look.is_unique and look.n_filled == len(look.cells) and not look.may_be_levels and not look.is_dated
    ]
    others = [one.name for one in dictionary.table("patients")]
    own = [
        look.name
        for look in looks
        if look.name in own
        and not look.dates(column).n_fitting
        and max(name_fit(look.name, other) for other in others) < LIKELY
    ]
    reason = "no name says so, but every row has a text of its own"
    return Guess(column, "", 0.4, reason, tuple(own[:6])) if own else guess


def _by_content_only(guess: Guess) -> bool:
    return guess.column.type != "id" and guess.reason.startswith(NAMELESS)


def _groups(
    table: str, found: Sequence[tuple[float, Numbered, Guess]], dictionary: Dictionary, spare: Sequence[Numbered] = ()
) -> list[GroupGuess]:
    """The columns of one table by what sets them apart: numbered or not, new or old."""
    keys: dict[tuple, list[tuple[float, Numbered, Guess]]] = {}
    for item in found:
        keys.setdefault((bool(item[1].numbers), said_in(item[1].name) if table == "fractures" else ""), []).append(item)
    _share_unmarked(keys)
    groups, titles = [], []
    for (is_numbered, said), items in keys.items():
        guesses = _one_each(items)
        needed = [name for name in _NEEDED[table] if name not in guesses]
        if needed and len(guesses) == 1 and not next(iter(guesses.values())).matters:
            continue
        for name in needed:
            column = dictionary.column(table, name)
            guesses[name] = _nameless(column, [one for one in spare if bool(one.numbers) == is_numbered])
        constants = {"status": CONSTANTS[said]} if said and "status" not in guesses else {}
        if table == "fractures" and "diagnosis_date" not in guesses and said != _MAY_LACK_DATE:
            column = dictionary.column(table, "diagnosis_date")
            guesses["diagnosis_date"] = _nameless(column, [one for one in spare if bool(one.numbers) == is_numbered])
        order = [column.name for column in dictionary.table(table)]
        guesses = dict(sorted(guesses.items(), key=lambda pair: order.index(pair[0])))
        groups.append(
            GroupGuess(table, _title(table, said, is_numbered, titles, is_alone=len(keys) == 1), guesses, constants)
        )
    return groups


def _nameless(column: Column, spare: Sequence[Numbered]) -> Guess:
    """The guess of a column that no name fits: the reader chooses among those whose cells may be it."""
    wanted = replace(column, type="levels") if column.type == "level" else column
    names = [one.name for one in spare if _holds(one.look, wanted)]
    reason = f"{NAMELESS}, but the cells may be it" if names else "no column fits"
    return Guess(column, "", 0.0, reason, tuple(names[:_MOST_NAMED]) or ("",))


def _holds(look: Look, column: Column) -> bool:
    n_taken, n_given = look.taken(column)
    return n_given > 0 and n_taken >= 0.5 * n_given and (column.type != "date" or look.holds_days(column))


def said_in(name: str) -> str:
    """Whether a name speaks of something new or old; "" for neither."""
    found = ideas(name)[0]
    return next((idea for idea in CONSTANTS if idea in found), "")


def _share_unmarked(keys: dict) -> None:
    """Columns that say neither new nor old go with those that do, where these lack them."""
    for is_numbered in (True, False):
        marked = [key for key in keys if key[0] == is_numbered and key[1]]
        plain = keys.get((is_numbered, ""))
        if not plain or len(marked) != 1:
            continue
        has = {guess.column.name for _, _, guess in keys[marked[0]]}
        if not any(guess.column.name in has for _, _, guess in plain):
            keys[marked[0]] += keys.pop((is_numbered, ""))


def _one_each(items) -> dict[str, Guess]:
    """The best column of the sheet for each of ours; several that fit alike are left to the reader."""
    guesses: dict[str, Guess] = {}
    for _, one, guess in sorted(items, key=lambda item: -item[0]):
        name = guess.column.name
        if name not in guesses:
            guesses[name] = _checked(guess, one)
            continue
        first = guesses[name]
        if guess.confidence >= 0.9 * first.confidence and guess.confidence >= LIKELY:
            known = first.candidates or (first.header,)
            guesses[name] = replace(
                first, header="", confidence=min(first.confidence, LIKELY - 0.01),
                candidates=(*known, one.name), reason=f"{len(known) + 1} columns fit alike",
            )  # fmt: skip
    return guesses


def _checked(guess: Guess, one: Numbered) -> Guess:
    if one.numbers:
        count = f"{len(one.numbers)} numbered columns"
        guess = replace(guess, reason=f"{guess.reason} ({count})")
    if guess.confidence >= LIKELY or guess.column.type not in MATTERS:
        return guess
    return replace(guess, header="", candidates=(one.name,))


def _title(table: str, said: str, is_numbered: bool, titles: list[str], *, is_alone: bool) -> str:
    """A name that no other group has; old fractures leave that of the table to new ones."""
    is_own = table not in titles and (is_alone or said != "old")
    title = table if is_own else f"{table} ({said or ('numbered' if is_numbered else 'single')})"
    while title in titles:
        title = f"{title[:-1]} 2)"
    titles.append(title)
    return title
