"""The text of a proposed study file: every guess with its reason beside it, "?" where the reader must decide."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from helpers.cohort.date_formats import EXCEL, UNDECIDED, example
from helpers.cohort.dictionary import RAW_TABLES
from helpers.setup.guesses import MAY_BE, Guess, word
from helpers.setup.proposal import Proposal
from helpers.setup.sources import Given
from helpers.setup.without import told_without

_COMMENT_AT = 58


@dataclass
class _Lines:
    lines: list[str] = field(default_factory=list)

    def add(self, text: str = "", comment: str = "") -> None:
        comment = " ".join(comment.split())
        if text and comment:
            text = f"{text:<{_COMMENT_AT}}  # {comment}"
        elif comment:
            text = f"# {comment}"
        self.lines.append(text)


def study_text(proposal: Proposal, name: str, path_of: Callable[[Given], str]) -> str:
    """The study file.

    Parameters
    ----------
    path_of : callable
        The file of a sheet as the study file names it.
    """
    out = _Lines()
    out.add(comment='Proposed by `workbook init`. Read every line; replace each "?" by one of the choices beside it.')
    out.add()
    out.add(f"study_name: {quoted(name)}")
    out.add("is_synthetic: false", "real patients; true where they are made up")
    out.add()
    _files(out, proposal, path_of)
    _columns(out, proposal)
    _formats(out, proposal)
    _codes(out, proposal)
    without = told_without(proposal.missing, has_imaging=proposal.has_imaging)
    if without:
        out.add(comment="Not found, and what is done without:")
        for what, told in without:
            out.add(comment=f"  {what}: {told}")
        out.add()
    if proposal.notes:
        out.add(comment="To be known:")
        for note in proposal.notes:
            out.add(comment=f"  {note}")
        out.add()
    out.add(comment="What is studied, and how: `workbook parameters` shows every choice with its default.")
    return "\n".join(out.lines) + "\n"


def quoted(text: str) -> str:
    """A text as YAML, whatever is in it.

    >>> quoted('Neue "Höhe" #1')
    '"Neue \\\\"Höhe\\\\" #1"'
    """
    written = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in written)


def choices(candidates) -> str:
    """The choices beside a "?"."""
    named = [quoted(name) for name in candidates if name]
    return f"one of {', '.join(named)}" if len(named) > 1 else f"{named[0]}?" if named else "name the column"


def _files(out: _Lines, proposal: Proposal, path_of) -> None:
    if proposal.whole is not None:
        what = {"wide": "one row per patient", "events": "one row per event"}[proposal.layout]
        out.add(f"layout: {proposal.layout}", f"tables, wide or events; this looks like {what}")
        out.add(f"cohort_file: {quoted(path_of(proposal.whole))}", proposal.whole.source)
        if proposal.events is not None:
            _events(out, proposal)
        out.add()
        return
    for table in RAW_TABLES:
        guess = proposal.tables[table]
        if guess.candidates:
            out.add(f'{table}_file: "{UNDECIDED}"', choices([path_of(given) for given in guess.candidates]))
        elif guess.given is not None:
            out.add(f"{table}_file: {quoted(path_of(guess.given))}", f"{_word(guess.confidence)}: {guess.reason}")
        elif table == "imaging":
            out.add('imaging_file: ""', "none was found; name the file if there is one")
        else:
            named = choices([path_of(given) for given in proposal.sheets[:6]])
            out.add(f'{table}_file: "{UNDECIDED}"', f"no sheet seems to hold the {table}; name it: {named}")
    out.add()


def _events(out: _Lines, proposal: Proposal) -> None:
    events = proposal.events
    out.add(f"event_column: {quoted(events.event.name)}", "says what happened")
    out.add("event_names:")
    for kind, texts in events.kinds.items():
        out.add(f"  {key(kind)}: {quoted('; '.join(texts))}")


def _columns(out: _Lines, proposal: Proposal) -> None:
    if not proposal.sections:
        return
    out.add("column_names:", "ours: the file's; {n} is 1, 2, 3 ...; a text after = stands in all rows")
    for section in proposal.sections:
        out.add(f"  {key(section.title)}:")
        for name, guess in section.guesses.items():
            if name == "patient_id" and section.table != "patients" and proposal.layout != "tables":
                continue
            _column(out, name, guess)
        for name, text in section.constants.items():
            out.add(f"    {name}: {quoted('=' + text)}", "by the names of the columns")
        if not any(_is_line(guess) for guess in section.guesses.values()) and not section.constants:
            out.lines[-1] += " {}"
    out.add()


def _is_line(guess: Guess) -> bool:
    return bool(guess.header) or not guess.is_decided


def _column(out: _Lines, name: str, guess: Guess) -> None:
    if not guess.is_decided:
        optional = "" if guess.column.required else "; delete the line if there is none"
        out.add(f'    {name}: "{UNDECIDED}"', f"{choices(guess.candidates)}{optional} ({guess.reason})")
    elif guess.header:
        out.add(f"    {name}: {quoted(guess.header)}", f"{_word(guess.confidence)}: {guess.reason}")
    elif MAY_BE in guess.reason:
        out.add(comment=f"   {name}: {guess.reason}")


def _word(confidence: float) -> str:
    return f"{word(confidence)} ({confidence:.2f})"


def _formats(out: _Lines, proposal: Proposal) -> None:
    formats = proposal.formats
    if not formats:
        return
    decided = [guess.format for guess in formats.values() if guess.format]
    cells = {one: sum(guess.n_cells for guess in formats.values() if guess.format == one) for one in decided}
    default = max(cells, key=cells.get, default="")
    out.add("date_formats:", "how dates are written; the examples are all of 27 January 2006")
    if default:
        out.add(f"  default: {quoted(default)}", f"like {_examples(default)}")
    for name, guess in formats.items():
        if not guess.format:
            shown = ", ".join(f"{quoted(one)} (like {_examples(one)})" for one in guess.candidates)
            out.add(f'  {name}: "{UNDECIDED}"', f"one of {shown}: {guess.told}")
        elif guess.format != default:
            out.add(f"  {name}: {quoted(guess.format)}", f"like {_examples(guess.format)}")
        if guess.format and guess.told:
            out.add(comment=f"  {name}: {guess.told}")
    if any(guess.needs_pivot for guess in formats.values()):
        out.add(
            f'pivot_year: "{UNDECIDED}"',
            "years have two digits: 1930 takes 30 to 99 for 1930 to 1999 and 00 to 29 for 2000 to 2029",
        )
    out.add()


def _examples(joined: str) -> str:
    return " or ".join(
        f"{example(one)} (a spreadsheet's number)" if one == EXCEL else example(one) for one in joined.split("|")
    )


def _codes(out: _Lines, proposal: Proposal) -> None:
    asked = {name: guess for name, guess in proposal.codes.items() if guess.texts or guess.meanings}
    if asked:
        out.add("codes:", 'what the codes of the files mean; "" for missing')
        for name, guess in asked.items():
            unknown = guess.told if guess.texts else ""
            out.add(f"  {name}:", unknown)
            for text, meaning in guess.meanings.items():
                out.add(f"    {quoted(text)}: {quoted(meaning)}", "likely (0.85): by its words")
            for text in guess.texts:
                out.add(f'    {quoted(text)}: "{UNDECIDED}"', f'one of {", ".join(guess.choices)}, or "" for missing')
        out.add()
    for name, guess in proposal.codes.items():
        if not guess.texts and not guess.meanings:
            out.add(comment=f"{name}: {guess.told}; such cells count as empty")


def key(text: str) -> str:
    """A key of YAML, in quotes only where it takes them."""
    return text if all(sign.isalnum() or sign in "._ ()" for sign in text) and text.isascii() else quoted(text)
