"""What cleaning did: one line per change and per row set aside, with the reason in plain words."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

LEDGER_COLUMNS = (
    "table", "row", "patient_id", "column", "before", "after", "rule", "why", "decided_by", "action",
)  # fmt: skip
QUARANTINE_COLUMNS = ("table", "row", "rules", "why", "original")
ACTIONS = ("changed", "quarantined")
DECIDED_BY = ("default", "parameter")

RULES = {
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
    "implausible_date": "The date lies before 1980 or after 2100.",
    "missing_required": "A cell the study cannot do without is empty.",
    "level_not_recognised": "The text does not name a vertebra that can be studied.",
    "ambiguous_levels": "Two neighbouring levels joined by a sign may mean the vertebrae or their disc.",
    "level_not_in_this_spine": "The patient's spine does not have that vertebra.",
    "duplicate_row": "The same row is there already.",
    "unknown_patient": "The patient is not among the patients, or the patient's row was set aside.",
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
    decided_by : {"default", "parameter"}
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

    `person` numbers the patient identifiers of all tables from 0; -1 where there is none.
    """

    name: str
    text: pd.DataFrame
    row: np.ndarray
    clean: pd.DataFrame = field(default_factory=pd.DataFrame)
    kept: np.ndarray = None
    person: np.ndarray = None
    findings: list = field(default_factory=list)

    def __post_init__(self):
        if self.kept is None:
            self.kept = np.ones(len(self.text), dtype=bool)

    def apply(self, *findings: Finding) -> None:
        """Do what the findings say and remember them."""
        for finding in findings:
            if not len(finding.at):
                continue
            if finding.is_quarantine:
                self.kept[finding.at] = False
            elif finding.values is not None:
                self.clean.loc[finding.at, finding.column] = finding.values
            self.findings.append(finding)

    def cell(self, column: str, at: np.ndarray) -> np.ndarray:
        """The original text of a column at these rows."""
        if column not in self.text:
            return np.full(len(at), "", dtype=object)
        return self.text[column].to_numpy(dtype=object)[at]


def ledger_frame(tables) -> pd.DataFrame:
    """All findings of all tables, one line each, in the order of the tables and rows."""
    pieces = [_lines(table, finding) for table in tables for finding in table.findings]
    if not pieces:
        return pd.DataFrame({column: pd.Series(dtype=object) for column in LEDGER_COLUMNS}).astype({"row": np.int32})
    order = {table.name: place for place, table in enumerate(tables)}
    frame = pd.concat(pieces, ignore_index=True)
    place = frame["table"].map(order)
    frame = frame.iloc[np.lexsort((np.arange(len(frame)), frame["row"], place))]
    return frame.reset_index(drop=True)


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
    groups = ledger.groupby(["table", "rule", "action"], observed=True, sort=False)
    counts = groups.agg(rows=("row", "nunique"), example=("why", "first")).reset_index()
    distinct = ledger.drop_duplicates(["table", "rule", "action", "row"])
    first = distinct[distinct.groupby(["table", "rule", "action"], observed=True).cumcount() < 3]
    first = first.assign(first_rows=first["row"].astype(str)).groupby(["table", "rule", "action"], observed=True)
    counts = counts.merge(first["first_rows"].agg(", ".join).reset_index(), on=["table", "rule", "action"])
    counts = counts.sort_values(["action", "rows", "table", "rule"], ascending=[False, False, True, True])
    return counts[columns].reset_index(drop=True)


def _lines(table: Table, finding: Finding) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "table": table.name,
            "row": table.row[finding.at],
            "patient_id": pd.Series(table.cell("patient_id", finding.at), dtype=object).str.strip(),
            "column": finding.column,
            "before": finding.before,
            "after": finding.after,
            "rule": finding.rule,
            "why": finding.why,
            "decided_by": finding.decided_by,
            "action": ACTIONS[finding.is_quarantine],
        },
        columns=list(LEDGER_COLUMNS),
    )


def _set_aside(table: Table) -> pd.DataFrame:
    at = np.flatnonzero(~table.kept)
    reasons = [_lines(table, finding)[["row", "rule", "why"]] for finding in table.findings if finding.is_quarantine]
    if not reasons:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in QUARANTINE_COLUMNS}).astype({"row": np.int32})
    original = pd.Series("", index=at, dtype=object)
    for place, column in enumerate(table.text):
        original = original + ("; " if place else "") + f"{column}: " + table.text[column].iloc[at]
    groups = pd.concat(reasons).groupby("row", sort=True)
    joined = groups.agg(rules=("rule", lambda rules: "; ".join(dict.fromkeys(rules))), why=("why", " ".join))
    joined["original"] = pd.Series(original.to_numpy(), index=table.row[at])
    joined = joined.reset_index()
    joined["row"] = joined["row"].astype(np.int32)
    return joined.assign(table=table.name)[list(QUARANTINE_COLUMNS)]
