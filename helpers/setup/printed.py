"""What is shown of a proposal on the terminal: no cell of the files, but the names of their columns."""

from collections.abc import Sequence

from helpers.counts import counted
from helpers.setup.guesses import MAY_BE
from helpers.setup.proposal import Proposal
from helpers.setup.sources import Given
from helpers.setup.study_text import choices
from helpers.setup.without import told_without

_LAYOUTS = {
    "tables": "a sheet or file for each table",
    "wide": "one row per patient (layout wide)",
    "events": "one row per event (layout events)",
}


def printed(proposal: Proposal, sheets: Sequence[Given]) -> str:
    """What was found, what is guessed and how surely, what is missing."""
    blocks = [_looked_at(sheets), f"It looks like {_LAYOUTS[proposal.layout]}."]
    blocks += ["\n".join(_tables(proposal))] if proposal.layout == "tables" else []
    blocks.append(_as_table(("OURS", "THE FILE'S", "GUESS", "WHY"), _rows(proposal)))
    if without := told_without(proposal.missing, has_imaging=proposal.has_imaging):
        blocks.append(
            "\n".join(["Not found, and what is done without:", *(f"  {what}: {told}" for what, told in without)])
        )
    if proposal.notes:
        blocks.append("\n".join(["To be known:", *(f"  {note}" for note in proposal.notes)]))
    return "\n\n".join(block for block in blocks if block)


def _looked_at(sheets: Sequence[Given]) -> str:
    lines = [
        f"  {given.name}: {counted(given.n_rows, 'first row' if given.is_cut else 'row')}, "
        f"{counted(len(given.looks), 'column')}"
        for given in sheets
    ]
    return "\n".join(["Looked at:", *lines])


def _tables(proposal: Proposal) -> list[str]:
    lines = []
    for table, guess in proposal.tables.items():
        if guess.candidates:
            lines.append(f"  {table}: ? - {' or '.join(given.name for given in guess.candidates)}")
        elif guess.given is not None:
            lines.append(f"  {table}: {guess.given.name} - {guess.reason}")
        else:
            lines.append(f"  {table}: not found")
    return lines


def _rows(proposal: Proposal) -> list[tuple[str, str, str, str]]:
    rows = []
    for section in proposal.sections:
        for name, guess in section.guesses.items():
            if name == "patient_id" and section.table != "patients" and proposal.layout != "tables":
                continue
            if not guess.is_decided:
                rows.append((f"{section.title}.{name}", "?", "decide", f"{choices(guess.candidates)} ({guess.reason})"))
            elif guess.header:
                rows.append(
                    (f"{section.title}.{name}", guess.header, f"{guess.word} {guess.confidence:.2f}", guess.reason)
                )
            elif MAY_BE in guess.reason:
                rows.append((f"{section.title}.{name}", "", "left out", guess.reason))
        rows += [(f"{section.title}.{name}", f"={text}", "likely 0.80", "by the names of the columns")
                 for name, text in section.constants.items()]  # fmt: skip
    for name, guess in proposal.formats.items():
        if guess.format:
            rows.append((f"dates of {name}", guess.format, "sure 0.95" if not guess.told else "likely 0.80",
                         guess.told or f"{counted(guess.n_cells, 'date is', 'dates are')} written so"))  # fmt: skip
        else:
            rows.append((f"dates of {name}", "?", "decide", f"{' or '.join(guess.candidates)}: {guess.told}"))
    for name, guess in proposal.codes.items():
        for text, meaning in guess.meanings.items():
            rows.append((f"codes of {name}", text, "likely 0.85", f'means "{meaning}", by its words'))
        if guess.meanings:
            continue
        if guess.texts:
            rows.append((f"codes of {name}", "?", "decide", guess.told))
        else:
            rows.append((f"codes of {name}", "", "told", f"{guess.told}; such cells count as empty"))
    return rows


def _as_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    widths = [min(max(len(_plain(row[at])) for row in (head, *rows)), 48) for at in range(3)]
    lines = [
        "  ".join([*(f"{_plain(cell):<{width}}" for cell, width in zip(row[:3], widths, strict=True)), _plain(row[3])])
        for row in (head, *rows)
    ]
    return "\n".join(line.rstrip() for line in lines)


def _plain(text: str) -> str:
    """Without line breaks, and signs that a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
