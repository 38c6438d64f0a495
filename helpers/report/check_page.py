"""The page of a check: what was read from a study's files, what is wrong in them, row by row. It is private."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import markupsafe
import pandas as pd

from helpers.counts import count_text, counted
from helpers.errors import Problems
from helpers.report.display import table
from helpers.report.html import render
from helpers.report.labels import CHECK_COUNTS, CHECK_LINES, ROWS
from helpers.report.offline import active_content, outside_addresses

FIRST = 20


@dataclass(frozen=True)
class SourceRead:
    """One file or sheet as the page tells of it: its name, tables, rows, and the columns used and not used."""

    name: str
    tables: str
    rows: str
    used: str
    unused: str


@dataclass(frozen=True)
class RuleFound:
    """What one rule found in one file: a title, where, what the rule means, its lines, and where the rest is."""

    title: str
    where: str
    meaning: str
    lines: pd.DataFrame
    rest: str = ""

    @property
    def first(self) -> str:
        """The first lines as a table."""
        return _lines(self.lines.head(FIRST))

    @property
    def n_more(self) -> str:
        """How many of the lines are folded away."""
        return count_text(len(self.lines) - FIRST)

    @property
    def more(self) -> str:
        """The lines folded away."""
        return _lines(self.lines.iloc[FIRST:]) if len(self.lines) > FIRST else ""


def check_page(
    *,
    study_name: str,
    is_synthetic: bool,
    verdict: str,
    heading: str = "",
    problems: Sequence[str] = (),
    mending: Sequence[str] = (),
    sources: Sequence[SourceRead] = (),
    rows: pd.DataFrame | None = None,
    counts: pd.DataFrame | None = None,
    notes: Sequence[str] = (),
    lacking: Sequence[tuple[str, str]] = (),
    found: Sequence[RuleFound] = (),
) -> str:
    """The page, which opens offline.

    Raises
    ------
    Problems
        If it would hold an outside address or a script.
    """
    page = render(
        "check.html",
        title=f"{study_name} \u2013 check of the files",
        study_name=study_name,
        is_synthetic=is_synthetic,
        verdict=verdict,
        heading=heading,
        problems=list(map(_with_code, problems)),
        mending=list(map(_with_code, mending)),
        sources=sources,
        rows="" if rows is None else table(rows, labels=ROWS)._repr_html_(),
        counts="" if counts is None or counts.empty else table(counts, labels=CHECK_COUNTS)._repr_html_(),
        notes=notes,
        lacking=lacking,
        found=found,
    )
    if wrong := outside_addresses(page) + active_content(page):
        raise Problems("The page of the check must open offline, but holds:", [text[:80] for text in wrong])
    return page


def verdict(read: int, set_aside: int, emptied: int, n_problems: int) -> str:
    """In one sentence: whether the study can be run, and what is lost on the way."""
    if n_problems:
        return f"The study cannot be run yet: {counted(n_problems, 'thing')} to mend first."
    lost = [f"{count_text(set_aside)} of {counted(read, 'row')} {'is' if set_aside == 1 else 'are'} set aside"]
    if emptied:
        lost.append(f"{counted(emptied, 'cell')} that cannot be read {'counts' if emptied == 1 else 'count'} as empty")
    if not set_aside and not emptied:
        return f"The study can be run; nothing is set aside of its {counted(read, 'row')}."
    return f"The study can be run; {', and '.join(lost)}."


def _with_code(sentence: str) -> markupsafe.Markup:
    """A sentence in which `what is to be typed` looks like that."""
    return markupsafe.Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(markupsafe.escape(sentence))))


def _lines(lines: pd.DataFrame) -> str:
    labels = {name: label for name, label in CHECK_LINES.items() if name in ("row", "why") or lines[name].ne("").any()}
    return table(lines.assign(row=lines["row"].astype(str)), labels=labels)._repr_html_()
