"""What cleaning did: one line per change and per row set aside, with the reason in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers.cohort.cells import texts_of, told
from helpers.cohort.dates import Span
from helpers.cohort.origins import WHOLE_ROW, Origin

LEDGER_COLUMNS = (
    "table", "row", "entry", "patient_id", "column", "file_column", "before", "after", "rule", "why", "decided_by",
    "action",
)  # fmt: skip
QUARANTINE_COLUMNS = ("table", "row", "entry", "file_column", "rules", "why", "original")
NUMBERS = ("row", "entry")
ACTIONS = ("changed", "quarantined")
DECIDED_BY = ("default", "parameter", "correction")

RULES = {
    "corrected_by_hand": "The cell was corrected by hand; what stands in the file was not taken.",
    "missing_code": "The cell holds a code for a missing value; it counts as empty.",
    "space_around_id": "Blanks around a patient identifier were taken off.",
    "value_not_a_number": "The cell should hold a number and does not.",
    "out_of_range": "The number lies outside the range in the data dictionary.",
    "unknown_code": "The cell holds a code the data dictionary does not list.",
    "unit_written_out": "A unit written after the number was taken off; ml and cc are the same.",
    "decimal_comma": "A decimal comma was read as a decimal point.",
    "date_not_in_format": "The date does not follow the format given for its column.",
    "day_and_month_swapped": "The date is only possible with day and month exchanged; it was not guessed.",
    "two_digit_year": "The year has two digits; the century was not guessed.",
    "partial_date": "The date has no day, or no month; a day among those it can be was taken for it.",
    "procedure_without_day": "The day of a vertebroplasty is not given, so days cannot be counted from it.",
    "fracture_around_day_0": "A date without a day may lie before or after day 0, and the status does not say which.",
    "old_fracture_without_date": "A fracture called prevalent has no date; it counts as there before day 0.",
    "implausible_date": "The date lies before 1980 or after 2100.",
    "missing_required": "A cell the study cannot do without is empty.",
    "level_not_recognised": "The text does not name a vertebra that can be studied.",
    "ambiguous_levels": "Two neighbouring levels joined by a sign may mean the vertebrae or their disc.",
    "level_not_in_this_spine": "The patient's spine does not have that vertebra.",
    "duplicate_row": "The same row is there already.",
    "unknown_patient": "The patient is not among the patients, or the patient's row was set aside.",
    "unknown_event": "The row's event is none of those that `event_names` names.",
    "differing_cells": "Rows of the patient hold different values; none was chosen, so the cell counts as empty.",
    "row_from_another_table": "The row looks as if it belongs to another table.",
    "duplicate_patient": "The patient has another row with later follow-up, which was kept.",
    "follow_up_before_fracture": "Follow-up ended before a fracture of the patient; it was set to that day.",
    "follow_up_after_death": "Follow-up went on after death; it was set to the date of death.",
    "death_before_procedure": "The patient died before the first vertebroplasty.",
    "follow_up_before_procedure": "The patient's follow-up ended before the first vertebroplasty.",
    "new_fracture_before_procedure": "A fracture called new is dated before the first vertebroplasty.",
    "fracture_on_day_0": "A fracture called new is dated on the day of the first vertebroplasty.",
    "fracture_after_death": "The fracture is dated after the patient's death.",
    "treated_level_entered_as_new": "A fracture called new is of a level already cemented: a refracture.",
    "prevalent_level_entered_as_new": "A fracture called new is of a level fractured before: a progression.",
    "status_contradicts_record": "The status says what the other records of the vertebra rule out.",
    "duplicate_fracture": "The same vertebra is entered again as newly fractured; the earliest was kept.",
}


@dataclass(frozen=True)
class Finding:
    """What one rule found in one table.

    Attributes
    ----------
    rule : str
        A key of `RULES`.
    at : ndarray of int
        Places of the rows concerned, in the order of the file.
    why : str or array of str
        In plain words: the value, the rule and the next step.
    is_quarantine : bool
        Sets the rows aside; otherwise a cell is changed.
    column : str
        The column concerned, "" for the whole row.
    before, after : str or array of str
        The cell's text; `after` is "" where it is now empty.
    values : array or scalar
        What `column` holds now; None where the reader of the column has already seen to it.
    decided_by : {"default", "parameter", "correction"}
    """

    rule: str
    at: np.ndarray
    why: object
    is_quarantine: bool = False
    column: str = ""
    before: object = ""
    after: object = ""
    values: object = None
    decided_by: str = "default"


@dataclass
class Table:
    """A raw table at work: its text, what was read from it, and which rows are still kept.

    `text` has each column as it stands, `clean` what was read from it; dates are days since 1970 there. `spans` has
    the columns whose dates may have no day: the first and last one each can be, while `clean` has the one used.
    `person` numbers the patient identifiers of all tables from 0; -1 where there is none. `origin` leads from rows
    and columns to those of the file.
    """

    name: str
    text: dict[str, pd.Categorical]
    row: np.ndarray
    clean: dict = field(default_factory=dict)
    kept: np.ndarray = None
    person: np.ndarray = None
    findings: list = field(default_factory=list)
    spans: dict[str, Span] = field(default_factory=dict)
    origin: Origin = field(default_factory=Origin)

    def __post_init__(self):
        if self.kept is None:
            self.kept = np.ones(len(self.row), dtype=bool)

    def apply(self, *findings: Finding) -> None:
        """Do what the findings say and remember them."""
        for finding in findings:
            if not len(finding.at):
                continue
            if finding.is_quarantine:
                self.kept[finding.at] = False
            elif finding.values is not None:
                self.clean[finding.column][finding.at] = finding.values
                for days in self.spans.get(finding.column, ()):
                    days[finding.at] = finding.values
            self.findings.append(finding)

    def first(self, date: str) -> np.ndarray:
        """The first day each date of a column can be."""
        return self.spans[date].first if date in self.spans else self.clean[date]

    def last(self, date: str) -> np.ndarray:
        """The last day each date of a column can be."""
        return self.spans[date].last if date in self.spans else self.clean[date]

    def cell(self, column: str, at: np.ndarray) -> np.ndarray:
        """The original text of a column at these rows."""
        if column not in self.text:
            return np.full(len(at), "", dtype=object)
        return texts_of(self.text[column], at)


def ledger_frame(tables) -> pd.DataFrame:
    """All findings of all tables, one line each, in the order of the tables and rows."""
    pieces = [_lines(table) for table in tables if table.findings]
    if not pieces:
        return _empty(LEDGER_COLUMNS)
    return pd.DataFrame({name: np.concatenate([piece[name] for piece in pieces]) for name in LEDGER_COLUMNS})


def quarantine_frame(tables) -> pd.DataFrame:
    """One line per row set aside: every reason, and the row as it was."""
    return pd.concat([_set_aside(table) for table in tables], ignore_index=True)


def describe(ledger: pd.DataFrame) -> pd.DataFrame:
    """Counts by rule, worst first: rows set aside, then cells emptied, then cells changed; then by number.

    Returns
    -------
    DataFrame
        table, rule, action, rows, first_rows (the first rows in the file), example (one reason).
    """
    columns = ["table", "rule", "action", "rows", "first_rows", "example"]
    if ledger.empty:
        return pd.DataFrame({name: pd.Series(dtype="int64" if name == "rows" else object) for name in columns})
    is_emptied = (ledger["action"] == ACTIONS[0]) & (ledger["after"].astype(str) == "")
    ledger = ledger.assign(action=ledger["action"].astype(object).mask(is_emptied, "emptied"))
    group = ledger.groupby(["table", "rule", "action"], observed=True, sort=False).ngroup().to_numpy()
    distinct = pd.DataFrame({"group": group} | {name: ledger[name].to_numpy() for name in NUMBERS}).drop_duplicates()
    first = distinct.drop_duplicates(["group", "row"])
    first = first[first.groupby("group").cumcount() < 3]
    first_rows = first["row"].astype(str).groupby(first["group"]).agg(", ".join)
    counts = ledger.iloc[np.unique(group, return_index=True)[1]].rename(columns={"why": "example"})
    counts = counts.assign(rows=np.bincount(distinct["group"]), first_rows=first_rows.to_numpy(dtype=object))
    return _worst_first(counts)[columns]


def add_descriptions(descriptions: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """What `describe` says of a ledger, from what it says of its parts."""
    lines = pd.concat(descriptions, ignore_index=True)
    if lines.empty:
        return descriptions[0]
    lines["first"] = [[int(row) for row in rows.split(", ")] for rows in lines["first_rows"]]
    groups = lines.sort_values("first", kind="stable").groupby(["table", "rule", "action"], sort=False)
    counts = groups.agg({"rows": "sum", "first": "sum", "example": "first"}).reset_index()
    counts["first_rows"] = [", ".join(map(str, sorted(rows)[:3])) for rows in counts["first"]]
    return _worst_first(counts)[list(descriptions[0])]


def count_changes(ledger: pd.DataFrame) -> int:
    """How many cells were changed."""
    return int((ledger["action"] == ACTIONS[0]).sum())


def _worst_first(counts: pd.DataFrame) -> pd.DataFrame:
    order = ["action", "rows", "table", "rule"]
    return counts.sort_values(order, ascending=[False, False, True, True]).reset_index(drop=True)


def _lines(table: Table) -> dict[str, np.ndarray]:
    """The ledger's columns for one table, in the order of its rows and, within a row, of its findings."""
    at = np.concatenate([finding.at for finding in table.findings])
    row = np.concatenate([table.origin.rows(own.column, own.at, table.row) for own in table.findings])
    order = np.argsort(row, kind="stable")
    at, row = at[order], row[order]

    def column(value_of) -> np.ndarray:
        return np.concatenate([_filled(value_of(finding), len(finding.at)) for finding in table.findings])[order]

    return {
        "table": _filled(table.name, len(at)),
        "row": row,
        "entry": table.origin.entries(at),
        "patient_id": told(table.text["patient_id"][at], str.strip),
        "column": column(lambda finding: finding.column),
        "file_column": column(lambda finding: table.origin.file_column(finding.column, finding.at)),
        "before": column(lambda finding: finding.before),
        "after": column(lambda finding: finding.after),
        "rule": column(lambda finding: finding.rule),
        "why": column(lambda finding: finding.why),
        "decided_by": column(lambda finding: finding.decided_by),
        "action": column(lambda finding: ACTIONS[finding.is_quarantine]),
    }


def _empty(columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=object) for name in columns}).astype(dict.fromkeys(NUMBERS, np.int32))


def _filled(value, length: int) -> np.ndarray:
    return np.full(length, value, dtype=object) if isinstance(value, str) else value


def _set_aside(table: Table) -> pd.DataFrame:
    findings = [finding for finding in table.findings if finding.is_quarantine]
    if not findings:
        return _empty(QUARANTINE_COLUMNS)
    at = np.concatenate([finding.at for finding in findings])
    order = np.lexsort((at, table.row[at]))
    at, row = at[order], table.row[at][order]
    rule = np.concatenate([_filled(finding.rule, len(finding.at)) for finding in findings])[order]
    why = np.concatenate([_filled(finding.why, len(finding.at)) for finding in findings])[order]
    is_first = np.r_[True, at[1:] != at[:-1]]
    line = np.cumsum(is_first) - 1
    again = ~(pd.DataFrame({"line": line, "rule": rule}).duplicated().to_numpy())
    return pd.DataFrame(
        {
            "table": _filled(table.name, line[-1] + 1),
            "row": row[is_first],
            "entry": table.origin.entries(at[is_first]),
            "file_column": table.origin.file_column(WHOLE_ROW, at[is_first]),
            "rules": joined(line[again], rule[again], "; "),
            "why": joined(line, why, " "),
            "original": _original(table, at[is_first]),
        }
    )


def joined(line: np.ndarray, texts: np.ndarray, between: str) -> np.ndarray:
    """The texts of each line (numbers from 0 up, in order) joined."""
    start = np.flatnonzero(np.r_[True, line[1:] != line[:-1]])
    place = np.arange(len(line)) - start[line]
    joined = texts[start]
    for nth in range(1, place.max() + 1):
        which = place == nth
        joined[line[which]] += between + texts[which]
    return joined


def _original(table: Table, at: np.ndarray) -> np.ndarray:
    """Each row as it stands in the file: "patient_id: A; sex: F"."""
    original = np.full(len(at), "", dtype=object)
    for place, (column, cells) in enumerate(table.text.items()):
        original += ("; " if place else "") + table.origin.heading(column, at) + ": "
        original += texts_of(cells, at)
    return original
