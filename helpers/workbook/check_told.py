"""What a check found, as a page for the study's own people and as lines for a terminal."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from helpers.cohort.ledger import ACTIONS, RULES
from helpers.counts import count_text, counted
from helpers.report.check_page import RuleFound, SourceRead, check_page, verdict
from helpers.workbook.checked import Checked
from helpers.workbook.found import DONE, MOST_SHOWN, Found, counts_by_rule
from helpers.workbook.mending import AS_MEANT, RowsToMend
from helpers.workbook.sources import Source
from helpers.workbook.study import Study

PAGE, MEND, REST = "check.html", "rows_to_mend.xlsx", "rows_to_mend_rest_{}.csv"
MOST_NAMED = 3


@dataclass(frozen=True)
class Check:
    """All that a check found.

    Attributes
    ----------
    values : dict
        The study's parameters.
    checked : Checked
        What stops the study, or its clean tables.
    sources : list of Source
    found : list of Found
    to_mend : list of RowsToMend
    """

    study: Study
    values: dict
    checked: Checked
    sources: Sequence[Source] = ()
    found: Sequence[Found] = ()
    to_mend: Sequence[RowsToMend] = ()
    lacking: Sequence[tuple[str, str]] = field(default=())

    @property
    def verdict(self) -> str:
        """One sentence: can it be run?"""
        cohort, n_problems = self.checked.cohort, len(self.checked.problems)
        if cohort is None:
            return verdict(0, 0, 0, n_problems)
        ledger = cohort.ledger
        is_emptied = (ledger["action"] == ACTIONS[0]) & (ledger["after"] == "") & ~ledger["rule"].isin(AS_MEANT)
        return verdict(*map(int, cohort.rows[["read", "quarantined"]].sum()), int(is_emptied.sum()), n_problems)


def page_of(check: Check) -> str:
    cohort = check.checked.cohort
    return check_page(
        study_name=str(check.values.get("study_name") or check.study.name),
        is_synthetic=check.values.get("is_synthetic") is True,
        verdict=check.verdict,
        heading=check.checked.heading,
        problems=check.checked.problems,
        mending=_mending_sentences(check.to_mend),
        sources=[_source_read(source) for source in check.sources if source.sheet],
        rows=None if cohort is None else cohort.rows,
        counts=counts_by_rule(check.found),
        notes=check.checked.notes,
        lacking=check.lacking,
        found=[_rule_found(own) for own in check.found],
    )


def _mending_sentences(to_mend: Sequence[RowsToMend]) -> list[str]:
    if not to_mend:
        return []
    n_first, n_rest = (sum(map(len, of)) for of in ((own.sheet.rows for own in to_mend), (own.rest for own in to_mend)))
    sentences = [
        f"The file {MEND} beside this page holds {counted(n_first, 'row')} that something is wrong with. Correct the "
        "cells there, save it beside your study file, and name it in the study file: "
        f'`corrections_file: "{MEND}"`. Then check again. Or correct your own files, and check again.'
    ]
    if n_rest:
        sentences.append(
            f"{counted(n_rest, 'further row is', 'further rows are')} in {REST.format('*')}; when the first are "
            f"mended, {'it moves' if n_rest == 1 else 'they move'} up."
        )
    return sentences


def _source_read(source: Source) -> SourceRead:
    sheet = source.sheet
    return SourceRead(
        sheet.source,
        ", ".join(source.tables),
        counted(len(sheet.row), "row"),
        names_together(source.used),
        names_together(source.unused),
    )


def _rule_found(own: Found) -> RuleFound:
    rest = ""
    if len(own.lines) == MOST_SHOWN < own.n_rows:
        rest = f"These are the first {MOST_SHOWN} of {count_text(own.n_rows)} rows."
    rows = counted(own.n_rows, "row")
    done = f"cells in {rows} count as empty" if own.action == DONE["emptied"] else f"{rows} {own.action}"
    title = f"{own.rule.replace('_', ' ').capitalize()}: {done}"
    return RuleFound(title, f"{own.source} ({own.table})", RULES[own.rule], own.lines, rest)


def summary(check: Check, place: str) -> str:
    """What was found, for a terminal: rows and columns, but nothing that stands in a cell."""
    cohort = check.checked.cohort
    lines = [f"Check of {check.study.path.name}", "", "Read:"]
    read = {} if cohort is None else {row.table: row for row in cohort.rows.itertuples()}
    for source in check.sources:
        if source.sheet is None:
            lines.append(f"  {source.name}: " + ("in parts" if read else "cannot be read"))
            continue
        lines.append(f"  {source.sheet.source} ({', '.join(source.tables)}): {counted(len(source.sheet.row), 'row')}")
        lines.append(f"    columns used: {names_together(source.used) or 'none'}")
        if source.unused:
            lines.append(f"    not used: {names_together(source.unused)}")
    lines += [f"  {note}" for note in check.checked.notes]
    if check.lacking:
        lines += ["", "Not there, and what is done without:", *(f"  {what}: {told}" for what, told in check.lacking)]
    lines += _found_lines(check.found)
    lines += ["", check.verdict, "", f"All of it: {place}/{PAGE}"]
    if check.to_mend:
        lines.append(f"To mend:   {place}/{MEND}")
        lines.append(
            f'Correct cells there, save it beside {check.study.path.name}, add the line corrections_file: "{MEND}"'
        )
        lines.append(f"to {check.study.path.name}, and check again. What you leave as it is stays set aside, or empty.")
    return "\n".join([*lines, f"{place} holds identifiers and dates: never share it."])


def names_together(names: Sequence[str]) -> str:
    """The names of columns in a line, those that differ in a number only as one.

    >>> names_together(["Nr", "OP 1 am", "OP 1 Wo", "OP 2 am", "OP 2 Wo", "OP 3 am", "L4"])
    'Nr, OP 1 to 3 am, OP 1, 2 Wo, L4'
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for name in names:
        before, number, after = re.fullmatch(r"(.*?)([1-9][0-9]{0,2})?(\D*)", name, re.DOTALL).groups()
        groups.setdefault((before, after) if number else (name,), []).append(int(number or 0))
    told = []
    for key, numbers in groups.items():
        is_run = len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1))
        shown = f"{numbers[0]} to {numbers[-1]}" if is_run else ", ".join(map(str, numbers))
        told.append(shown.join(key) if len(key) > 1 else key[0])
    return ", ".join(told)


def _found_lines(found: Sequence[Found]) -> list[str]:
    """One line for each rule under what was done: how many rows, where, and the first of them."""
    is_one_file = len({own.source for own in found}) == 1
    where = [own.table if is_one_file else own.source for own in found]
    lines, rules = [], max((len(own.rule) for own in found), default=0)
    widest = max(map(len, where), default=0)
    for place, own in enumerate(found):
        if not place or own.action != found[place - 1].action:
            lines += ["", f"{own.action.capitalize()}:"]
        first = own.lines.head(MOST_NAMED)
        rows, columns = (list(dict.fromkeys(first[name].astype(str))) for name in ("row", "column"))
        named = f"row{'s' * (len(rows) > 1)} {', '.join(rows)}{', ...' * (own.n_rows > len(rows))}"
        column = f" ({'; '.join(filter(None, columns))})" if any(columns) else ""
        rule = own.rule.replace("_", " ")
        lines.append(f"{count_text(own.n_rows):>9}  {rule:<{rules}}  {where[place]:<{widest}}  {named}{column}")
    return lines
