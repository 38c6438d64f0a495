"""One sheet with one row per event: a column says what happened, others when and where."""

from dataclasses import dataclass, replace

import numpy as np

from helpers.cohort.dictionary import Column, Dictionary
from helpers.setup.guesses import LIKELY, NONE, Guess, fit, match_columns
from helpers.setup.looks import Look, at_rows
from helpers.setup.sources import Given
from helpers.setup.wide import CONSTANTS, GroupGuess, said_in
from helpers.setup.words import ideas

_MOST_KINDS = 40
_LEAST_SAID = 0.6
# An idea in the text of an event -> what it is an event of; the first that fits counts.
_KINDS = (
    ({"last", "imaging"}, "patients.last_imaging_date"), ({"last", "contact"}, "patients.last_contact_date"),
    ({"last", "control"}, "patients.last_contact_date"), ({"death"}, "patients.death_date"),
    ({"fracture"}, "fractures"), ({"cement"}, "procedures"), ({"procedure"}, "procedures"), ({"imaging"}, "imaging"),
    ({"control"}, "imaging"), ({"contact"}, "patients.last_contact_date"),
)  # fmt: skip
_COLUMNS = {
    "procedures": ("procedure_date", "levels"), "fractures": ("diagnosis_date", "level"), "imaging": ("imaging_date",),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class EventsGuess:
    """What a sheet of events holds.

    Attributes
    ----------
    kinds : dict
        Table, or date of the patient -> the texts of the event column that mean it.
    unknown : tuple of str
        Texts of that column that mean nothing known.
    statuses : dict
        Text of the event column -> status of the fracture, where the events say it.
    """

    given: Given
    event: Look
    kinds: dict[str, list[str]]
    unknown: tuple[str, ...]
    patients: dict[str, Guess]
    groups: tuple[GroupGuess, ...]
    statuses: dict[str, str]


def find_events(given: Given, dictionary: Dictionary) -> EventsGuess | None:
    """Read a sheet as one row per event; None where no column says what happened."""
    found = [(look, kinds) for look in given.looks if (kinds := kinds_of(look)) is not None]
    if not found:
        return None
    event, (kinds, unknown) = max(found, key=lambda pair: len(pair[1][0]))
    looks = [look for look in given.looks if look is not event]
    own = dictionary.table("patients")
    patients = match_columns(looks, [column for column in own if column.type != "date"])
    ids = patients["patient_id"].header
    others = [look for look in looks if look.name != ids]
    when = _when(others, dictionary)
    for column in own:
        key = f"patients.{column.name}"
        if column.type == "date":
            by_event = key in kinds
            patients[column.name] = _of_event(when, others, column) if by_event else Guess(column, "", 0.0, NONE)
    taken = {guess.header for guess in patients.values() if guess.column.type != "date"}
    groups, statuses = [], {}
    for table in _COLUMNS:
        if table not in kinds:
            continue
        is_own = np.isin(event.cells, np.flatnonzero(event.texts.isin(kinds[table])))
        left = [at_rows(look, is_own) for look in others if look.name not in taken]
        guesses, constants = _group(table, left, when, dictionary), {}
        # How dates are written is seen from all of the column, whatever the event.
        whole = {look.name: look for look in others}
        guesses |= {
            name: replace(guess, look=whole.get(guess.header, guess.look))
            for name, guess in guesses.items()
            if guess.column.type == "date"
        }
        if table == "fractures" and "status" not in guesses:
            statuses, constants = _statuses(kinds[table])
            if statuses:
                column = dictionary.column(table, "status")
                guesses["status"] = Guess(column, event.name, 0.85, "the events say which fractures are old or new")
        groups.append(GroupGuess(table, table, guesses, constants))
    return EventsGuess(given, event, kinds, tuple(unknown), patients, tuple(groups), statuses)


def _statuses(texts: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The status that each event says; where all say the same, a constant instead."""
    said = {text: said_in(text) for text in texts}
    found = set(said.values())
    if found == {""}:
        return {}, {}
    if len(found) == 1:
        return {}, {"status": CONSTANTS[found.pop()]}
    return {text: CONSTANTS.get(own, "") for text, own in said.items()}, {}


def kinds_of(look: Look) -> tuple[dict[str, list[str]], list[str]] | None:
    """What the texts of a column are events of, and those that are of nothing; None for a column of another sort."""
    if look.is_dated or not 2 <= len(look.texts) <= _MOST_KINDS or look.is_unique:
        return None
    kinds: dict[str, list[str]] = {}
    unknown, n_known = [], 0
    for text, count in zip(look.texts, look.counts, strict=True):
        found = ideas(text)[0]
        kind = next((kind for wanted, kind in _KINDS if wanted <= found), "")
        if kind:
            kinds.setdefault(kind, []).append(text)
            n_known += count
        else:
            unknown.append(text)
    is_told = "procedures" in kinds and "fractures" in kinds
    return (kinds, unknown) if is_told and n_known >= _LEAST_SAID * look.n_filled else None


def _when(looks: list[Look], dictionary: Dictionary) -> tuple[str, ...]:
    """The columns that may say when: the fullest of dates; several where they are filled alike."""
    column = dictionary.column("imaging", "imaging_date")
    named = {look.name: fit(look, column) for look in looks}
    dates = [look for look in looks if look.holds_days(column) and look.taken(column)[0] >= 0.5 * look.n_filled > 0]
    dates = [look for look in dates if not ideas(look.name)[0] & {"birth", "admission"}]
    if not dates:
        return ()
    most = max(look.n_filled for look in dates)
    full = [look for look in dates if look.n_filled >= 0.9 * most]
    best = [look for look in full if named[look.name].confidence >= LIKELY]
    return tuple(look.name for look in best or full)


def _of_event(when: tuple[str, ...], looks: list[Look], column: Column) -> Guess:
    if len(when) == 1:
        look = next(look for look in looks if look.name == when[0])
        return Guess(column, when[0], 0.9, "the date of the event that says so", look=look)
    return Guess(column, "", 0.5, "several columns of dates", when or ("",))


def _group(table: str, looks: list[Look], when: tuple[str, ...], dictionary: Dictionary) -> dict[str, Guess]:
    """The columns of one table among the rows of its events."""
    date_name, *rest = _COLUMNS[table]
    guesses = {date_name: _date(dictionary.column(table, date_name), looks, when)}
    others = [look for look in looks if look.name not in when]
    columns = [
        replace(column, type="levels") if column.type == "level" else column
        for column in dictionary.table(table)
        if column.type not in ("id", "date")
    ]
    matched = match_columns(others, columns)
    for name in rest:
        guess = matched[name]
        if not guess.is_there:
            guess = Guess(guess.column, "", 0.0, "no column of levels", ("",))
        elif guess.candidates and len(guess.candidates) == 1 and guess.look is not None and _only_levels(guess, others):
            # The one column of levels among the rows of such an event can be nothing else.
            guess = replace(guess, header=guess.candidates[0], candidates=(), confidence=0.8)
        guesses[name] = guess
    return guesses | {name: guess for name, guess in matched.items() if name not in guesses and guess.header}


def _only_levels(guess: Guess, looks: list[Look]) -> bool:
    n_taken, n_given = guess.look.taken(guess.column)
    rivals = [look for look in looks if look.n_filled and look.taken(guess.column)[0] >= 0.5 * look.n_filled]
    return n_given > 0 and n_taken >= 0.9 * n_given and len(rivals) == 1


def _date(column: Column, looks: list[Look], when: tuple[str, ...]) -> Guess:
    if len(when) != 1:
        reason = f"{len(when)} columns of dates fit alike" if when else "no column of dates"
        return Guess(column, "", 0.5, reason, when or ("",))
    look = next(look for look in looks if look.name == when[0])
    n_taken, n_given = look.taken(column)
    share = n_taken / n_given if n_given else 0.0
    reason = f"the one column of dates; {n_taken:,} of {n_given:,} cells of these events are dates"
    return Guess(column, look.name, 0.95 * share, reason, look=look)
