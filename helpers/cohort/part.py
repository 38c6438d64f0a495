"""One part of a raw cohort through every rule in its order; a part has all rows of each of its patients."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers.cohort import fracture_rules, partial_dates, patient_rules, row_rules
from helpers.cohort.cells import as_texts, holds_dates
from helpers.cohort.corrections import by_hand
from helpers.cohort.date_formats import DEFAULT_FORMAT, Writing, is_partial, resolve_formats
from helpers.cohort.dates import ABSENT
from helpers.cohort.dictionary import RAW_TABLES, Column, Dictionary
from helpers.cohort.events import EVENT, EVENTS
from helpers.cohort.keys import Identifiers, number_persons, read_identifiers
from helpers.cohort.ledger import Table
from helpers.cohort.level_rules import canonical_levels, read_levels, single_levels
from helpers.cohort.origins import origin_of
from helpers.cohort.own_codes import with_codes
from helpers.cohort.readers import check_raw
from helpers.cohort.spine import TWO_LEVEL_RANGES
from helpers.cohort.unreadable import Unreadable, unreadable
from helpers.cohort.value_rules import may_be_empty, read_column
from helpers.errors import Problems

USUAL_SPINE = {"thoracic_vertebrae": 12, "lumbar_vertebrae": 5}


@dataclass(frozen=True)
class CleanPart:
    """A part of a cohort after every rule, before its patients have keys.

    Attributes
    ----------
    tables : dict of str to Table
        The rows kept and set aside, with all that was found.
    patient_ids : ndarray of str
        The identifiers of the patients kept, in the order of the file.
    unreadable : list of Unreadable
        For `unreadable.check_columns`, together with those of the other parts.
    has_imaging : bool
        Whether there is an imaging table.
    unassigned : list of Table
        Rows of the file that are no row of a table, all of them set aside.
    """

    tables: dict[str, Table]
    patient_ids: np.ndarray
    unreadable: list[Unreadable]
    has_imaging: bool
    unassigned: list[Table] = field(default_factory=list)


def clean_part(
    raw: dict,
    dictionary: Dictionary,
    *,
    date_formats: dict | None = None,
    pivot_year: int | None = None,
    codes: dict | None = None,
    two_level_range: str = "refuse",
    day_zero_fractures: str = "prevalent",
) -> CleanPart:
    """Apply every rule to a part of a cohort; the parameters are those of `clean.clean_cohort`.

    Raises
    ------
    Problems
        If the tables or the parameters cannot be used.
    """
    formats, problems = resolve_formats(date_formats, dictionary, pivot_year)
    dictionary, wrong_codes = with_codes(dictionary, codes)
    problems += wrong_codes
    problems += _option("two_level_range", two_level_range, TWO_LEVEL_RANGES)
    problems += _option("day_zero_fractures", day_zero_fractures, fracture_rules.DAY_ZERO_FRACTURES)
    try:
        check_raw(raw, dictionary)
    except Problems as error:
        problems += error.problems
    if problems:
        raise Problems("The cohort cannot be cleaned yet:", problems)

    # Dates that have a type of their own need no format.
    typed = [key for key in formats if key[0] in raw and key[1] in raw[key[0]] and holds_dates(raw[key[0]][key[1]])]
    formats = formats | {key: _as_typed(formats[key]) for key in typed}
    tables = {name: _table(name, raw.get(name), dictionary) for name in RAW_TABLES}
    tables["patients"].apply(*row_rules.differing_cells(tables["patients"]))
    for name in RAW_TABLES:
        if name in raw:
            tables[name].apply(*by_hand(tables[name], raw[name]))
    ids = number_persons(tables)
    _read_values(tables, ids, dictionary, formats)
    counts = unreadable(tables, dictionary, formats)
    _apply_rules(tables, len(ids.of_person), two_level_range, day_zero_fractures)
    patients = tables["patients"]
    unassigned = [_unassigned(raw[EVENTS])] if EVENTS in raw else []
    return CleanPart(tables, ids.of_person[patients.person[patients.kept]], counts, "imaging" in raw, unassigned)


def _as_typed(written: Writing) -> Writing:
    """Dates with a type, as texts; parts in which they have none may hold dates without a day."""
    return Writing((DEFAULT_FORMAT, *filter(is_partial, written.formats)), written.pivot_year)


def _table(name: str, frame: pd.DataFrame | None, dictionary: Dictionary) -> Table:
    columns = [column.name for column in dictionary.table(name)]
    if frame is None:
        frame = pd.DataFrame({column: pd.Series(dtype=object) for column in [*columns, "row"]})
    text = {column: as_texts(frame[column]) for column in columns if column in frame}
    return Table(name, text, frame["row"].to_numpy(dtype=np.int32), origin=origin_of(frame))


def _unassigned(frame: pd.DataFrame) -> Table:
    """The rows of a file of events that became no row of a table."""
    text = {column: as_texts(frame[column]) for column in frame.columns.drop("row")}
    table = Table(EVENTS, text, frame["row"].to_numpy(dtype=np.int32), origin=origin_of(frame))
    table.apply(*by_hand(table, frame), row_rules.unknown_event(table, EVENT))
    return table


def _read_values(tables: dict, ids: Identifiers, dictionary: Dictionary, formats: dict) -> None:
    for table in tables.values():
        table.apply(row_rules.duplicate_row(table))
    patients = tables["patients"]
    patients.apply(row_rules.row_from_another_table(patients, formats.values()))
    open_rows = {name: table.kept.copy() for name, table in tables.items()}
    read_identifiers(tables, ids, dictionary, open_rows)
    for name, table in tables.items():
        for column in dictionary.table(name):
            if column.type == "id":
                continue
            if column.name in table.text:
                written, excused = formats.get((name, column.name)), may_be_empty(table, column, dictionary)
                read_column(table, column, written, open_rows[name], excused)
            else:
                table.clean[column.name] = _absent(column, len(table.row))
    for column, usual in USUAL_SPINE.items():
        patients.clean[column] = patients.clean[column].fillna(usual).to_numpy(dtype=np.int8)


def _absent(column: Column, n_rows: int):
    if column.type == "date":
        return np.full(n_rows, ABSENT)
    if column.type == "code":
        return pd.Categorical.from_codes(np.full(n_rows, -1, dtype=np.int8), categories=list(column.code_labels))
    dtype = {"number": float, "integer": "Int8", "yes_no": "boolean"}
    return pd.array([None] * n_rows, dtype=dtype[column.type])


def _apply_rules(tables: dict, n_persons: int, two_level_range: str, day_zero_fractures: str) -> None:
    patients, procedures, fractures, imaging = (tables[name] for name in RAW_TABLES)
    patients.apply(row_rules.duplicate_patient(patients))
    procedures.apply(partial_dates.procedure_without_day(procedures))
    _drop_unknown(patients, (procedures, fractures, imaging), n_persons)

    spine = [_by_person(patients, column, n_persons) for column in USUAL_SPINE]
    masks = {}
    for table, column in ((procedures, "levels"), (fractures, "level")):
        own = [counts[table.person] for counts in spine]
        masks[table.name] = read_levels(table, column, *own, two_level_range=two_level_range)
    fractures.clean["level"] = single_levels(masks["fractures"])

    days = patient_rules.patient_days(patients, procedures, n_persons)
    patients.apply(patient_rules.death_before_procedure(patients, days))
    patients.apply(patient_rules.follow_up_before_procedure(patients, days))
    _drop_unknown(patients, (procedures, fractures, imaging), n_persons)
    first_cement = fracture_rules.first_cementing(procedures, masks["procedures"], n_persons)
    _check_fractures(fractures, patients, procedures, days, first_cement, n_persons, day_zero_fractures)
    days = partial_dates.settle_deaths(patients, (procedures, fractures, imaging), days)
    patients.apply(*patient_rules.follow_up_after_death(patients, days))
    patients.apply(*patient_rules.follow_up_before_fracture(patients, fractures, n_persons))
    for table in tables.values():
        table.apply(*partial_dates.partial_dates(table))

    procedures.clean["levels"] = canonical_levels(masks["procedures"])
    procedures.clean["level_mask"] = masks["procedures"]
    patients.clean["procedure_set_aside"] = _has_procedure_set_aside(patients, procedures, n_persons)


def _by_person(patients: Table, column: str, n_persons: int) -> np.ndarray:
    values = np.full(n_persons, USUAL_SPINE[column], dtype=np.int8)
    values[patients.person[patients.kept]] = patients.clean[column][patients.kept]
    return values


def _has_procedure_set_aside(patients: Table, procedures: Table, n_persons: int) -> np.ndarray:
    """Patients with a procedure that could not be read: their day 0 or their cement is not known."""
    is_lost = ~procedures.kept
    for finding in procedures.findings:
        if finding.rule == "duplicate_row":
            is_lost[finding.at] = False
    lost = np.zeros(n_persons + 1, dtype=bool)
    lost[procedures.person[is_lost]] = True
    return lost[patients.person] & (patients.person >= 0)


def _drop_unknown(patients: Table, others, n_persons: int) -> None:
    for table in others:
        table.apply(row_rules.unknown_patient(table, patients, n_persons))


def _check_fractures(
    fractures: Table, patients: Table, procedures: Table, days, first_cement, n_persons: int, day_zero_fractures: str
) -> None:
    rules = fracture_rules
    fractures.apply(rules.fracture_after_death(fractures, days))
    fractures.apply(rules.old_fracture_without_date(fractures))
    partial_dates.narrow_by_record(fractures, patients, days)
    open_day_0 = partial_dates.fracture_around_day_0(fractures, days, day_zero_fractures=day_zero_fractures)
    fractures.apply(open_day_0)
    fractures.clean["entered_as_new"] = rules.entered_as_new(fractures, days)
    rules.fill_status(fractures, days, day_zero_fractures=day_zero_fractures)
    partial_dates.settle_fractures(fractures, days, first_cement, day_zero_fractures=day_zero_fractures)
    fractures.apply(rules.new_fracture_before_procedure(fractures, days))
    if day_zero_fractures == "prevalent":
        fractures.apply(rules.fracture_on_day_0(fractures, days))
    fractures.apply(rules.status_contradicts_record(fractures, procedures, first_cement, days))
    fractures.apply(rules.treated_level_entered_as_new(fractures, first_cement, days))
    fractures.apply(rules.prevalent_level_entered_as_new(fractures, n_persons))
    fractures.apply(rules.duplicate_fracture(fractures))


def _option(name: str, value, allowed) -> list[str]:
    if value in allowed:
        return []
    return [f'`{name}` must be {" or ".join(allowed)}, but got "{value}".']
