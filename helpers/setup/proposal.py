"""What is proposed for a study: the layout, the files, the columns, and what was not found."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from helpers.cohort.dictionary import OPTIONAL_TABLES, RAW_TABLES, Dictionary
from helpers.counts import counted
from helpers.errors import Problems
from helpers.intake.identifiers import alike_texts
from helpers.setup.codes import CodeGuess, find_codes
from helpers.setup.events import EventsGuess, find_events
from helpers.setup.formats import FormatGuess, find_formats
from helpers.setup.guesses import Guess
from helpers.setup.looks import LONGEST_CODE
from helpers.setup.numbered import names_vertebra, patterns
from helpers.setup.sources import Given
from helpers.setup.tables import TableGuess, find_tables
from helpers.setup.wide import GroupGuess, WideGuess, find_wide
from helpers.setup.words import ideas

_REQUIRED = tuple(table for table in RAW_TABLES if table not in OPTIONAL_TABLES)


@dataclass(frozen=True, eq=False)
class Proposal:
    """A study as it was found.

    Attributes
    ----------
    layout : str
        tables, wide or events.
    tables : dict
        Table -> the sheet it is taken from, in the layout `tables`.
    whole : Given or None
        The one sheet of the other layouts.
    sections : tuple of GroupGuess
        The columns of each table, or further group of one, in order.
    sheets : tuple of Given
        All that have rows.
    events : EventsGuess or None
        In the layout `events`: its column and kinds of events.
    notes : list of str
        What else is to be known.
    """

    layout: str
    tables: dict[str, TableGuess]
    whole: Given | None
    sections: tuple[GroupGuess, ...]
    formats: dict[str, FormatGuess]
    codes: dict[str, CodeGuess]
    sheets: tuple[Given, ...] = ()
    events: EventsGuess | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def missing(self) -> set[tuple[str, str]]:
        """Columns of ours (table, name) that no section has, of the tables that are there."""
        there = {
            (section.table, name)
            for section in self.sections
            for name, guess in section.guesses.items()
            if guess.is_there
        }
        there |= {(section.table, name) for section in self.sections for name in section.constants}
        known = {
            (guess.column.table, guess.column.name) for section in self.sections for guess in section.guesses.values()
        }
        return known - there

    @property
    def has_imaging(self) -> bool:
        """True where there is a table of images, or may be one."""
        own = self.tables.get("imaging")
        return any(section.table == "imaging" for section in self.sections) or bool(own and own.candidates)


def propose(sheets: Sequence[Given], dictionary: Dictionary) -> Proposal:
    """Find out what the sheets are.

    Raises
    ------
    Problems
        Where there is nothing to read.
    """
    filled = [given for given in sheets if given.looks and given.n_rows]
    if not filled:
        names = ", ".join(given.name for given in sheets) or "the files"
        raise Problems(
            "No study file can be proposed yet:", [f"No rows stand in {names}. Give files with patients in."]
        )
    tables = find_tables(filled, dictionary)
    if all(tables[table].given or tables[table].candidates for table in _REQUIRED):
        return _of_tables(tables, filled, dictionary)
    wide = [find_wide(given, dictionary) for given in filled]
    events = [guess for given in filled if (guess := find_events(given, dictionary)) is not None]
    events = [guess for guess in events if guess.patients["patient_id"].is_there and _has_dates(guess)]
    wide = [guess for guess in wide if guess.patients["patient_id"].is_there and not guess.lacks]
    best_wide = max(wide, key=lambda guess: (guess.is_one_each, len(guess.groups)), default=None)
    best_events = max(events, key=lambda guess: len(guess.kinds), default=None)
    if best_events and not (best_wide and best_wide.is_one_each):
        return _of_events(best_events, filled, dictionary)
    if best_wide and best_wide.is_one_each:
        return _of_wide(best_wide, filled, dictionary)
    return _of_tables(_shared(tables, filled, dictionary), filled, dictionary)


def _has_dates(guess: EventsGuess) -> bool:
    return any(own.header and own.column.type == "date" for group in guess.groups for own in group.guesses.values())


def _of_tables(tables: dict[str, TableGuess], sheets: Sequence[Given], dictionary: Dictionary) -> Proposal:
    sections = tuple(GroupGuess(table, table, own.guesses, {}) for table, own in tables.items() if own.given)
    notes = _notes([own.given for own in tables.values() if own.given], sections, sheets)
    used = {own.given.name for own in tables.values() if own.given}
    used |= {given.name for own in tables.values() for given in own.candidates}
    notes += _unused(sheets, used)
    return _with_details("tables", tables, None, sections, notes, sheets)


def _of_wide(guess: WideGuess, sheets: Sequence[Given], dictionary: Dictionary) -> Proposal:
    sections = (GroupGuess("patients", "patients", guess.patients, {}), *guess.groups)
    notes = _notes([guess.given], sections, sheets) + _unused(sheets, {guess.given.name})
    return _with_details("wide", {}, guess.given, sections, notes, sheets)


def _of_events(guess: EventsGuess, sheets: Sequence[Given], dictionary: Dictionary) -> Proposal:
    sections = (GroupGuess("patients", "patients", guess.patients, {}), *guess.groups)
    notes = _notes([guess.given], sections, sheets, besides=(guess.event.name,))
    notes += _unused(sheets, {guess.given.name})
    if guess.unknown:
        shown = ", ".join(f'"{text[:LONGEST_CODE]}"' for text in guess.unknown[:5]) + " ..." * (len(guess.unknown) > 5)
        notes.append(f"Events that mean nothing known, and are set aside unless `event_names` names them: {shown}.")
    proposal = _with_details("events", {}, guess.given, sections, notes, sheets, guess)
    if guess.statuses:
        proposal.codes["fractures.status"] = CodeGuess((), ("new", "prevalent"), 0, 0, guess.statuses)
    return proposal


def _with_details(layout, tables, whole, sections, notes, sheets, events=None) -> Proposal:
    guesses = [section.guesses for section in sections]
    return Proposal(
        layout, tables, whole, sections, find_formats(guesses), find_codes(guesses), tuple(sheets), events, notes
    )


def _shared(tables: dict[str, TableGuess], sheets: Sequence[Given], dictionary: Dictionary) -> dict[str, TableGuess]:
    """A table that has no sheet of its own, in one with a row per patient that has its columns beside others."""
    wide = [guess for given in sheets if (guess := find_wide(given, dictionary)).is_one_each]
    found = dict(tables)
    for table in _REQUIRED:
        if tables[table].given or tables[table].candidates:
            continue
        for guess in wide:
            group = next((own for own in guess.groups if own.table == table and _is_single(own)), None)
            ids = guess.patients["patient_id"]
            if table == "patients" or group is None or not ids.header:
                continue
            column = dictionary.column(table, "patient_id")
            own = Guess(column, ids.header, ids.confidence, ids.reason, look=ids.look)
            reason = f'its columns stand in "{guess.given.title}", beside others'
            found[table] = TableGuess(table, guess.given, {"patient_id": own} | group.guesses, reason, 0.8)
            break
    return found


def _is_single(group: GroupGuess) -> bool:
    return not any("{n}" in guess.header for guess in group.guesses.values())


def _notes(used: Sequence[Given], sections, sheets: Sequence[Given], besides: Sequence[str] = ()) -> list[str]:
    """What is to be told of the sheets that are used."""
    notes = [note for given in dict.fromkeys(used) for note in given.notes]
    for given in dict.fromkeys(used):
        if given.is_cut:
            notes.append(f"Only the first {given.n_rows:,} rows of {given.source} were looked at; all of them are run.")
        vertebrae = [look.name for look in given.looks if names_vertebra(look.name)]
        if len(vertebrae) > 2:
            notes.append(
                f"{given.source} has columns called like vertebrae ({', '.join(vertebrae[:3])} ...). One column for "
                "each vertebra is no layout that can be read: write the levels into one cell, like T12; L1."
            )
        if any("date" in (found := ideas(look.name)[0]) and "birth" in found for look in given.looks) and not any(
            "age_years" in section.guesses and section.guesses["age_years"].is_there for section in sections
        ):
            notes.append(
                f"{given.source} has dates of birth, but ages are not computed from them: add a column of ages."
            )
    names = {guess.header.lower() for section in sections for guess in section.guesses.values()}
    names |= {name.lower() for section in sections for guess in section.guesses.values() for name in guess.candidates}
    for given in dict.fromkeys(used):
        left = [look.name for look in given.looks if not _is_used(look.name, {*names, *map(str.lower, besides)})]
        if left:
            more = f" and {len(left) - 12} more" if len(left) > 12 else ""
            shown = ", ".join(f'"{name}"' for name in left[:12])
            notes.append(f"Columns of {given.source} that are not used: {shown}{more}.")
    notes += _ids_alike(sections, is_cut=any(given.is_cut for given in used))
    return list(dict.fromkeys(notes))


def _is_used(name: str, names: set[str]) -> bool:
    return name.lower() in names or any(pattern.lower() in names for pattern, _ in patterns(name))


def _unused(sheets: Sequence[Given], used: set[str]) -> list[str]:
    left = [given.name for given in sheets if given.name not in used]
    return [f"Not used, since they seem to be none of the study's tables: {', '.join(left)}."] if left else []


def _ids_alike(sections, *, is_cut: bool) -> list[str]:
    """Identifiers that may be one patient's, or meet none; they are counted, not shown."""
    looks = {
        section.table: ids.look
        for section in sections
        if (ids := section.guesses.get("patient_id")) is not None and ids.look is not None
    }
    texts = set().union(*(look.texts for look in looks.values()))
    notes = []
    if n := len(alike_texts(sorted(texts))):
        notes.append(
            f"{counted(n, 'identifier of patients is', 'identifiers of patients are')} written in several ways that "
            "differ only in capitals or blanks. They count as different patients: write them alike if they are the "
            "same."
        )
    if n := len(texts) - len({text.lstrip("0") for text in texts}):
        notes.append(
            f"{counted(n, 'identifier of patients differs', 'identifiers of patients differ')} from others in leading "
            "zeros only, as 007 and 7 do. They count as different patients: a spreadsheet may have taken zeros off. "
            "Write them alike if they are the same."
        )
    known = set(looks["patients"].texts) if "patients" in looks else set()
    for table, look in looks.items():
        strange = len(set(look.texts) - known)
        if known and strange and not is_cut:
            which = f"{strange:,} of {counted(len(look.texts), 'identifier')} of {table}"
            notes.append(f"{which} {'is' if strange == 1 else 'are'} not among those of patients.")
    return notes
