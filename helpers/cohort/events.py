"""A sheet with one row per event: which events make rows of which table, and the tables made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers.cohort.cells import as_texts, factorized, holds_dates, recoded, stripped
from helpers.cohort.column_groups import (
    ID,
    PATIENTS,
    Group,
    missing_columns,
    own_group,
    repeated,
    table_of,
    wrong_names,
)
from helpers.cohort.corrections import EVENT
from helpers.cohort.dictionary import OPTIONAL_TABLES, RAW_TABLES, Dictionary
from helpers.cohort.layouts import Cells, as_written, frame_of, one_level_each, spine_counts
from helpers.cohort.origins import FILE_COLUMNS, cell_row, elsewhere
from helpers.cohort.source_sheets import SourceSheet
from helpers.cohort.wording import listed, not_known, there
from helpers.counts import counted
from helpers.intake.table import cannot_be_read

EVENTS = "events"


@dataclass
class EventPlan:
    """Which columns and events make what.

    Attributes
    ----------
    event_column : str
        The file's column that says what a row is about.
    names : dict of str to frozenset
        Table, or patients.COLUMN -> the events in small letters.
    patients : Group
    others : dict of str to Group
        By table.
    problems : list of str
    """

    event_column: str
    names: dict[str, frozenset[str]]
    patients: Group
    others: dict[str, Group] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def wanted(self) -> list[str]:
        """The file's columns that are wanted, each once."""
        groups = [self.patients, *self.others.values()]
        columns = [theirs for group in groups for theirs in group.columns.values()]
        return list(dict.fromkeys([*columns, self.event_column]))


def find_events(
    header: Sequence[str],
    source: str,
    dictionary: Dictionary,
    column_names: Mapping,
    event_column: str,
    event_names: Mapping,
) -> EventPlan:
    """The plan of a table with one row per event; everything wrong is gathered."""
    names = {target: _split(text) for target, text in event_names.items()}
    mapping = column_names.get(PATIENTS, {})
    patients = own_group(header, source, dictionary, PATIENTS, mapping)
    plan = EventPlan(event_column, names, patients)
    problems = plan.problems
    for title, own in column_names.items():
        problems += wrong_names(title, own, dictionary, is_wide=False)
        if table_of(title)[1]:
            problems.append(f'"{title}" in `column_names`: further groups are for `layout: wide`.')
    problems += missing_columns(header, source, dictionary, PATIENTS, mapping, patients)
    if not event_column:
        problems.append("`event_column` is not set. Name the column that says what a row is about.")
    elif event_column not in header:
        problems.append(f'`event_column` is "{event_column}", but {there(header, source, event_column)}')
    problems += _wrong_events(event_names, names, dictionary, patients)
    for table in RAW_TABLES[1:]:
        if table not in event_names:
            if table not in OPTIONAL_TABLES:
                problems.append(f"`event_names` does not say which events are {table}. Name them.")
            continue
        own = column_names.get(table, {})
        group = own_group(header, source, dictionary, table, own, patient=patients.columns[ID])
        if own.get(ID, patients.columns[ID]) != patients.columns[ID]:
            problems.append(f"`column_names` gives {table} another {ID} than patients. Leave it out there.")
        problems += missing_columns(header, source, dictionary, table, own, group)
        plan.others[table] = group
    problems += repeated(header, source, plan.wanted())
    plan.problems = list(dict.fromkeys(problems))
    return plan


def lay_out_events(
    sheet: SourceSheet, plan: EventPlan, dictionary: Dictionary, date_formats: Mapping | None = None
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The raw tables of a sheet with one row per event, and what is to be told of it.

    `patients` has a row for each identifier, at its first row in the file; each of its cells is the first one filled
    in any of the patient's rows, or in those of the column's own events. What differs from it in another row is in
    a column of its own (`origins.elsewhere`), and the row where a cell stands in another (`origins.cell_row`).
    Rows that are no entry of a table, because nobody named their event, are the table `events`.
    """
    cells = Cells(sheet)
    events = as_texts(pd.Series(cells.of(plan.event_column)))
    texts = np.array([text.lower() for text in stripped(events.categories)], dtype=object)

    def happened(target: str) -> np.ndarray:
        return np.array([text in plan.names[target] for text in texts], dtype=bool)[events.codes]

    ids = as_texts(pd.Series(cells.of(plan.patients.columns[ID])))
    of_text, distinct = factorized(stripped(ids.categories))
    of_text = np.where(np.asarray(distinct == "")[of_text], -1, of_text) if len(distinct) else of_text
    person = np.append(of_text, -1)[ids.codes]
    everyone = _patients(cells, plan, person, happened, dictionary, date_formats)
    place = np.full(len(distinct) + 1, -1, dtype=np.int64)
    place[_first(person)[0]] = np.arange(len(everyone))
    spines = [np.append(count, usual) for count, usual in zip(spine_counts(everyone), (12, 5), strict=True)]
    notes = _not_there(plan, texts, cells.source)
    tables, is_entry = {PATIENTS: everyone}, np.zeros(len(cells), dtype=bool)
    for table, group in plan.others.items():
        at = np.flatnonzero(happened(table))
        is_entry[at] = True
        frame = frame_of(cells, [group], at, dictionary, date_formats)
        tables[table] = one_level_each(frame, table, dictionary, [own[place[person[at]]] for own in spines])
        if more := len(tables[table]) - len(frame):
            notes.append(f"Cells of {table} that name several levels gave a row for each level: {more:,} more.")
    for target in plan.names:
        if target not in plan.others:
            is_entry |= happened(target)
    is_lost = ~is_entry & ((texts != "")[events.codes] | (person < 0) | _says_more(cells, plan))
    counts = ", ".join(f"{len(frame):,} of {table}" for table, frame in tables.items())
    notes.append(f"{counted(len(cells), 'row')} of {cells.source} gave these rows: {counts}.")
    if is_lost.any():
        lost = np.flatnonzero(is_lost)
        tables[EVENTS] = _unassigned(cells, plan, lost, ids, events)
        notes.append(
            f"{counted(len(lost), 'row')} of {cells.source} of no event that `event_names` names (in row "
            f"{listed(cells.row[lost])}) became no row of a table and were set aside. Name the events, or correct them."
        )
    return tables, notes


def _patients(cells: Cells, plan: EventPlan, person, happened, dictionary: Dictionary, date_formats) -> pd.DataFrame:
    who, first = _first(person)
    group = plan.patients
    only_ids = Group(PATIENTS, {ID: group.columns[ID]}, group.constants)
    frame = frame_of(cells, [only_ids], first, dictionary, date_formats)
    place = np.full(person.max(initial=-1) + 2, -1, dtype=np.int64)
    place[who] = np.arange(len(who))
    attrs = frame.attrs
    for name, theirs in group.columns.items():
        if name == ID:
            continue
        is_given = cells.tells(theirs) & (person >= 0)
        if (target := f"{PATIENTS}.{name}") in plan.names:
            is_given &= happened(target)
        column, own = dictionary.column(PATIENTS, name), cells.of(theirs)
        at = np.flatnonzero(is_given)
        one, nth = _first(person[at])
        codes, row = np.full(len(who), -1, dtype=np.int32), cells.row[first].copy()
        codes[place[one]], row[place[one]] = own.codes[at[nth]], cells.row[at[nth]]
        frame[name] = pd.Categorical.from_codes(codes, dtype=own.dtype)
        frame[cell_row(name)] = row
        if holds_dates(pd.Series(own)):
            same, texts = own.codes, np.asarray(as_written(own, column, date_formats).astype(object))
        else:
            folded = recoded(own, np.array([text.lower() for text in stripped(own.categories)], dtype=object))
            same, texts = folded.codes, np.asarray(own, dtype=object)
        other = at[same[at] != same[_row_of(at[nth], place[one], place[person[at]], len(who))]]
        if len(other):
            which, nth_other = _first(person[other])
            beside, where = np.full(len(who), "", dtype=object), other[nth_other]
            beside[place[which]] = '"' + texts[where] + '" in row ' + cells.row[where].astype(str).astype(object)
            frame[elsewhere(name)] = pd.Categorical(beside)
    frame.attrs = attrs
    names = {name: [group.file_column(name)] for name in group.columns}
    frame.attrs[FILE_COLUMNS] = {name: own for name, own in names.items() if any(own)}
    return frame


def _row_of(first: np.ndarray, place: np.ndarray, wanted: np.ndarray, n: int) -> np.ndarray:
    """Of each wanted person the row that comes first."""
    of = np.zeros(n, dtype=np.int64)
    of[place] = first
    return of[wanted]


def _first(person: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each person once (none for -1), in the order of their first rows, and these rows."""
    who, first = np.unique(person, return_index=True)
    who, first = who[who >= 0], first[who >= 0]
    order = np.argsort(first)
    return who[order], first[order]


def _says_more(cells: Cells, plan: EventPlan) -> np.ndarray:
    """Rows with anything in a column that is not one of the patients'."""
    of_patients = {theirs for name, theirs in plan.patients.columns.items() if f"{PATIENTS}.{name}" not in plan.names}
    says = np.zeros(len(cells), dtype=bool)
    for theirs in plan.wanted():
        if theirs not in of_patients and theirs != plan.event_column:
            says |= cells.tells(theirs)
    return says


def _unassigned(cells: Cells, plan: EventPlan, at: np.ndarray, ids, events) -> pd.DataFrame:
    """Rows that are of no table: their patient and event, and under the file's names what else is wanted there."""
    columns = {ID: ids[at], EVENT: events[at]}
    for theirs in plan.wanted():
        if theirs not in (plan.patients.columns[ID], plan.event_column, ID, EVENT, "row"):
            columns[theirs] = as_texts(pd.Series(cells.of(theirs)[at]))
    frame = pd.DataFrame(columns)
    frame["row"] = cells.row[at]
    frame.attrs[FILE_COLUMNS] = {ID: [plan.patients.file_column(ID)], EVENT: [plan.event_column]}
    return frame


def _not_there(plan: EventPlan, texts: np.ndarray, source: str) -> list[str]:
    """Events of `event_names` that no row has; without any row of procedures there is no study."""
    there_are = set(texts)
    absent = [
        f'"{name}" ({target})'
        for target, names in plan.names.items()
        for name in sorted(names)
        if name not in there_are
    ]
    if not plan.names["procedures"] & there_are:
        raise cannot_be_read(
            source,
            [
                f'No row of "{plan.event_column}" is one of the events that `event_names` gives procedures. '
                f"There stand: {listed(dict.fromkeys(text for text in texts if text), 12) or 'no events'}."
            ],
        )
    return [f"No row has these events of `event_names`: {listed(absent, 12)}."] if absent else []


def _split(text: str) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in text.split(";") if name.strip())


def _wrong_events(event_names: Mapping, names: Mapping, dictionary: Dictionary, patients: Group) -> list[str]:
    problems = []
    targets = [*RAW_TABLES[1:], *(f"{PATIENTS}.{column.name}" for column in dictionary.table(PATIENTS)[1:])]
    for target, text in event_names.items():
        if target not in targets:
            problems.append(not_known("table or column of patients in `event_names`", target, targets))
            continue
        if not names[target]:
            problems.append(f'`event_names` gives {target} the text "{text}". Write its events, with ; between.')
        column = target.removeprefix(f"{PATIENTS}.")
        if column != target and column not in patients.columns:
            problems.append(
                f"`event_names` has {target}, but `column_names` does not say in which column its value stands. "
                f'Write patients: {{{column}: "..."}} there.'
            )
    return problems
