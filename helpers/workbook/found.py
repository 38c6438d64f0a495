"""What cleaning found in a study's files, rule by rule, in the files' own words: worst first."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.cohort.clean import CleanCohort
from helpers.cohort.column_groups import table_of
from helpers.cohort.ledger import ACTIONS, describe
from helpers.intake.cell_texts import as_texts, without_gaps
from helpers.intake.mending_file import plain
from helpers.setup.without import told_without
from helpers.workbook.sources import Source

MOST_SHOWN = 200
_LONGEST = 60
DONE = {ACTIONS[1]: "set aside", "emptied": "counts as empty", ACTIONS[0]: "changed"}
# The columns that a rule for whole rows looks at.
CONCERNS = {
    "unknown_patient": ("patient_id",),
    "duplicate_patient": ("patient_id",),
    "row_from_another_table": ("sex", "age_years"),
    "level_not_recognised": ("level", "levels"),
    "ambiguous_levels": ("level", "levels"),
    "level_not_in_this_spine": ("level", "levels", "thoracic_vertebrae", "lumbar_vertebrae"),
    "death_before_procedure": ("death_date",),
    "follow_up_before_procedure": ("last_imaging_date", "last_contact_date"),
    "new_fracture_before_procedure": ("diagnosis_date", "status"),
    "fracture_on_day_0": ("diagnosis_date", "status"),
    "fracture_after_death": ("diagnosis_date",),
    "status_contradicts_record": ("status", "diagnosis_date"),
    "duplicate_fracture": ("level", "diagnosis_date"),
}


@dataclass(frozen=True)
class Found:
    """What one rule found in one table: how many rows, and the first of them.

    `lines` has row, column (as the file calls it), value, why (with the next step) and now (the value afterwards).
    """

    table: str
    source: str
    rule: str
    action: str
    n_rows: int
    lines: pd.DataFrame


def concerned(rule: str, table: str, column: str, file_column: str, source: Source) -> tuple[str, ...]:
    """The columns of the file that a finding is about; `file_column` is what the ledger says of it."""
    header = source.sheet.header if source.sheet else ()
    named = (file_column,) if file_column in header else file_column.split(", ")
    if found := tuple(name for name in named if name and name in header):
        return found
    ours = (column,) if column else CONCERNS.get(rule, ())
    return tuple(name for own in ours for name in source.columns.get((table, own), ()))


def in_their_words(lines: pd.DataFrame, source: Source) -> pd.Series:
    """The reasons of lines of a ledger, with the file's names of columns where those differ from ours."""
    why = lines["why"].astype(object)
    for (table, column, theirs), place in lines.groupby(["table", "column", "file_column"], sort=False).indices.items():
        names = {own: name[0] for (of, own), name in source.columns.items() if of == table and len(name) == 1}
        names |= {column: theirs} if column and source.sheet and theirs in source.sheet.header else {}
        names = {own: f'"{name}"' for own, name in names.items() if own != name}
        if not names:
            continue
        # A name of one word is a column's only where it says so: "level" is a word as well.
        alone = "|".join(re.escape(own) for own in names if "_" in own) or "(?!)"
        every = "|".join(map(re.escape, names))
        pattern = rf'\b(?:{alone})\b|(?<=" in )(?:{every})\b|^(?:{every})(?= is empty\b)'
        told = why.iloc[place].str.replace(pattern, lambda match, names=names: names[match[0]], regex=True)
        why.iloc[place] = told.to_numpy(dtype=object)
    return why


def found_by_rule(cohort: CleanCohort, sources: Sequence[Source]) -> list[Found]:
    """What every rule found, rows set aside first, then by number."""
    ledger, of_table = cohort.ledger, {table: source for source in sources for table in source.tables}
    if ledger.empty:
        return []
    is_emptied = (ledger["action"] == ACTIONS[0]) & (ledger["after"] == "")
    action = ledger["action"].astype(object).mask(is_emptied, "emptied")
    places = ledger.assign(action=action).groupby(["table", "rule", "action"], sort=False).indices
    found = []
    for line in describe(ledger).itertuples():
        own = ledger.iloc[places[line.table, line.rule, line.action][:MOST_SHOWN]]
        source = of_table[line.table]
        name = source.sheet.source if source.sheet else source.name
        lines = _lines(own, line, source)
        found.append(Found(line.table, name, line.rule, DONE[line.action], int(line.rows), lines))
    return found


def _lines(own: pd.DataFrame, line, source: Source) -> pd.DataFrame:
    names = list(zip(own["column"], own["file_column"], strict=True))
    columns = {name: concerned(line.rule, line.table, *name, source) for name in dict.fromkeys(names)}
    before = own["before"].to_numpy(dtype=object)
    if not any(own["column"]):
        before = before.copy()
        for name, theirs in columns.items():
            at = np.array([place for place, own_name in enumerate(names) if own_name == name])
            before[at] = _beside(source, own["row"].to_numpy()[at], theirs)
    return pd.DataFrame(
        {
            "row": own["row"].to_numpy(),
            "column": ["; ".join(columns[name]) or name[0] for name in names],
            "value": [_short(text) for text in before],
            "why": in_their_words(own, source).to_numpy(dtype=object),
            "now": [_short(text) for text in own["after"]],
        }
    )


def _beside(source: Source, row: np.ndarray, names: Sequence[str]) -> list[str]:
    """What stands in these columns of the rows."""
    if source.sheet is None or not names:
        return [""] * len(row)
    at = pd.Index(source.sheet.row).get_indexer(row)
    columns = [source.sheet.columns[source.sheet.header.index(name)] for name in names]
    texts = [as_texts(without_gaps(column.take(pa.array(np.maximum(at, 0))))).to_pylist() for column in columns]
    return ["; ".join(cells) if place >= 0 else "" for place, cells in zip(at, zip(*texts, strict=True), strict=True)]


def _short(text: str) -> str:
    text = plain(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "\u2026"


def counts_by_rule(found: Sequence[Found]) -> pd.DataFrame:
    """The number of rows by rule, for a table."""
    return pd.DataFrame(
        [(own.source, own.rule.replace("_", " "), own.action, own.n_rows, _first(own)) for own in found],
        columns=["source", "rule", "action", "rows", "first_rows"],
    )


def _first(found: Found) -> str:
    return ", ".join(map(str, dict.fromkeys(found.lines["row"].head(3))))


def missing_columns(sources: Sequence[Source], values: Mapping, dictionary) -> list[tuple[str, str]]:
    """(what the files lack, what is done without it), for their optional columns and tables."""
    named = (values.get("column_names") or {}).items()
    given = {(table_of(title)[0], name) for title, own in named if isinstance(own, Mapping) for name in own}
    missing = {
        (table, column.name)
        for source in sources
        for table in source.tables
        for column in (dictionary.table(table) if source.sheet else ())
        if not column.required and (table, column.name) not in {*source.columns, *given}
    }
    return told_without(missing, has_imaging=any("imaging" in source.tables for source in sources))
