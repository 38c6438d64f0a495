"""A cohort all of whose data stand in one table: opened, read, and laid out as our tables."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from helpers.cohort.column_groups import Group, find_groups
from helpers.cohort.corrections import EVENT, source_name
from helpers.cohort.dictionary import Dictionary
from helpers.cohort.events import find_events, lay_out_events
from helpers.cohort.layouts import lay_out_wide
from helpers.cohort.origins import FILE_COLUMNS
from helpers.cohort.source_sheets import read_source
from helpers.intake.mending_file import MendedSheet
from helpers.intake.names import called, is_url, split_name
from helpers.intake.sheet import open_table
from helpers.intake.table import cannot_be_read


def read_one_table(
    cohort_file: str,
    dictionary: Dictionary,
    *,
    folder=".",
    layout: str,
    column_names: Mapping | None = None,
    event_column: str = "",
    event_names: Mapping | None = None,
    date_formats: Mapping | None = None,
    corrections: MendedSheet | None = None,
) -> dict[str, pd.DataFrame]:
    """The raw tables of `readers.read_cohort` from one table; everything that stops it is told at once.

    Raises
    ------
    Problems
        With what is wrong in the study file's lines about it and in the table.
    """
    path, _ = split_name(cohort_file, folder)
    if not is_url(path) and not path.is_file():
        what = "is a folder" if path.is_dir() else f'is not in the folder "{path.parent}"'
        raise cannot_be_read(called(path), [f'The file "{path.name}" {what}. Name one file or sheet with all columns.'])
    opened = open_table(cohort_file, folder=folder)
    column_names = column_names or {}
    if wrong := [f'`column_names` of {title} is "{own}". Write pairs: {{our column: "the file\'s column"}}.'
                 for title, own in column_names.items() if not isinstance(own, Mapping)]:  # fmt: skip
        raise cannot_be_read(opened.source, wrong)
    if layout == "wide":
        plan = find_groups(opened.header, opened.source, dictionary, column_names)
        wanted, groups = plan.names(), [plan.patients, *plan.others]
    else:
        names = event_names or {}
        plan = find_events(opened.header, opened.source, dictionary, column_names, event_column, names)
        wanted, groups = plan.wanted(), [plan.patients, *plan.others.values()]
    if plan.problems:
        above = opened.notes if opened.header_row > 1 else []  # the header may have been looked for in the wrong row
        raise cannot_be_read(opened.source, [*plan.problems, *above])
    dated = {name: _holds_only_dates(name, groups, dictionary) for name in wanted}
    sheet = read_source(opened, dated, source_name(cohort_file), corrections)
    lay_out = lay_out_wide if layout == "wide" else lay_out_events
    tables, notes = lay_out(sheet, plan, dictionary, date_formats)
    tables["patients"].attrs["notes"] = [*sheet.notes, *notes]
    if sheet.corrected:
        by_event = [name.removeprefix("patients.") for name in event_names or {} if name.startswith("patients.")]
        corrected = replace(sheet.corrected, event_column=event_column, by_event=tuple(by_event))
        for table, frame in tables.items():
            frame.attrs["corrected"] = corrected
            if event_column and table != "patients":
                frame.attrs[FILE_COLUMNS] = {**frame.attrs.get(FILE_COLUMNS, {}), EVENT: [event_column]}
    return tables


def _holds_only_dates(name: str, groups: list[Group], dictionary: Dictionary) -> bool:
    """Whether all that we take a column of the file for are dates."""
    types = [
        dictionary.column(group.table, ours).type
        for group in groups
        for ours, theirs in group.columns.items()
        if theirs == name
    ]
    return bool(types) and set(types) == {"date"}
