"""Numbers and tables as a reader sees them; the only place that rounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import pandas as pd

from helpers.counts import ABSENT, count_text
from helpers.disclosure import NOT_SHOWN, Coarse
from helpers.estimators.estimate import Estimate
from helpers.report.sentence import key_of

NOT_REACHED = "not reached"
VERSUS = " v "
METHOD = "Method of each row"
# A 95% interval is taken to keep its promise when it holds the truth this often (two standard errors of a coverage of
# 95% in 2,000 cohorts are one percentage point) and is absent no more often than this.
COVERAGE_BOUNDS = (0.935, 0.965)
MOST_WITHOUT_INTERVAL = 0.05
TOLD_WITHOUT_INTERVAL = 0.01
KEPT, NO_INTERVAL, LESS_OFTEN, MORE_OFTEN = "kept", "no interval", "less often", "more often"


def number_text(value: float) -> str:
    """A ratio or a plain number: about three digits, never more precise than a reader can use."""
    size = abs(value)
    if 0 < size < 0.01:
        return f"{value:.1g}" if size >= 0.001 else ("<0.001" if value > 0 else ">-0.001")
    decimals = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{value:,.{decimals}f}"


def percent_text(share: float) -> str:
    """A probability as a percentage with one decimal."""
    return f"{100 * share:.1f}%"


def coverage_text(share: float, no_interval: float = 0) -> str:
    """A coverage as a percentage, marked outside 93.5 to 96.5% and where intervals lack: `93.1% (low, 28% none)`."""
    low, high = COVERAGE_BOUNDS
    marks = ["low"] if share < low else ["high"] if share > high else []
    if no_interval >= TOLD_WITHOUT_INTERVAL:
        marks.append(f"{no_interval:.0%} none")
    shown = ABSENT if pd.isna(share) else percent_text(share)
    return f"{shown} ({', '.join(marks)})" if marks else shown


def coverage_verdicts(coverage: pd.DataFrame) -> pd.Series:
    """Whether each interval kept its promise; if not, the first that holds of: no interval, less often, more often."""
    share, (low, high) = coverage["coverage"], COVERAGE_BOUNDS
    verdicts = pd.Series(KEPT, index=coverage.index)
    verdicts = verdicts.mask(share > high, MORE_OFTEN).mask(share < low, LESS_OFTEN)
    return verdicts.mask(share.isna() | (coverage["no_interval"] > MOST_WITHOUT_INTERVAL), NO_INTERVAL)


def days_text(days: float) -> str:
    """Whole days, or half days where a median falls between two."""
    return f"{days:,.0f}" if float(days).is_integer() else f"{days:,.1f}"


def p_text(p_value: float | None) -> str:
    """A p-value in journal style: 0.03, 0.004, <0.001."""
    if p_value is None or pd.isna(p_value):
        return ABSENT
    if p_value < 0.001:
        return "<0.001"
    return f"{p_value:.3f}" if p_value < 0.0095 else f"{p_value:.2f}"


def value_text(value: float | None, unit: str) -> str:
    """A value of an estimate in its unit; absent values read as a dash."""
    if value is None or pd.isna(value):
        return ABSENT
    if unit == "probability":
        return percent_text(value)
    if unit == "probability difference":
        return f"{100 * value:.1f}"  # percentage points, as its label says
    return days_text(value) if unit == "days" else number_text(value)


def interval_text(estimate: Estimate) -> str:
    """The interval in words: `3.20 to 6.36`, `at least 1.20`, or a dash where there is none."""
    low = value_text(estimate.conf_low, estimate.unit)
    high = value_text(estimate.conf_high, estimate.unit)
    if estimate.conf_low is not None and estimate.conf_high is not None:
        return f"{low} to {high}"
    if estimate.conf_low is not None and estimate.conf_low <= 0 and estimate.unit == "ratio":
        return ABSENT
    if estimate.conf_low is not None:
        return f"{low} to {NOT_REACHED}" if estimate.unit == "days" else f"at least {low}"
    return f"at most {high}" if estimate.conf_high is not None else ABSENT


def is_not_shown(estimate: Estimate) -> bool:
    """Whether small numbers forbid to show it; its note then says so."""
    return estimate.note.startswith(NOT_SHOWN)


def estimate_text(estimate: Estimate) -> str:
    """Value and interval: `4.51 (3.20 to 6.36)`; `not reached` and `not estimable` in words."""
    if not estimate.is_estimable:
        is_not_reached = estimate.unit == "days" and estimate.note.startswith(NOT_REACHED)
        absent = NOT_REACHED if is_not_reached else NOT_SHOWN if is_not_shown(estimate) else "not estimable"
        interval = interval_text(estimate)
        return absent if interval == ABSENT else f"{absent} ({interval})"
    value = value_text(estimate.estimate, estimate.unit)
    interval = interval_text(estimate)
    return value if interval == ABSENT else f"{value} ({interval})"


def ratio_text(value: float, low: float, high: float) -> str:
    """A ratio and its interval as they stand in a table: `0.71 (0.33 to 1.50)`; the ratio alone without one."""
    interval = "" if pd.isna(low) or pd.isna(high) else f" ({number_text(low)} to {number_text(high)})"
    return f"{number_text(value)}{interval}"


def fractures_text(estimate: Estimate) -> str:
    """Fractures and vertebrae at risk, of both groups where there are two: `74/830 v 107/5,707`; else the fractures."""
    if estimate.counts is None:
        return count_text(estimate.n_events)
    counts = estimate.counts
    exposed = f"{count_text(counts.events_exposed)}/{count_text(counts.at_risk_exposed)}"
    return f"{exposed}{VERSUS}{count_text(counts.events_unexposed)}/{count_text(counts.at_risk_unexposed)}"


def interval_heading(what: str, conf_level: float) -> str:
    """The heading over written results: `Ratio (95% CI)`."""
    return f"{what} ({level_text(conf_level)} CI)"


def level_text(conf_level: float) -> str:
    """`95%`, `99.5%`."""
    return f"{100 * conf_level:g}%"


@dataclass(frozen=True)
class Table:
    """A table of text for a reader: escaped, with a caption, numbers aligned to the right.

    Attributes
    ----------
    columns : tuple of str
    rows : tuple of tuples of str
    caption : str
    numeric : frozenset of str
        Columns aligned to the right.
    marks : tuple of str
        What the page keeps of each row: which estimate it shows, as an attribute.
    folded : str, optional
        The column that stands under the table, to be opened.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    numeric: frozenset[str] = field(default_factory=frozenset)
    marks: tuple[str, ...] = ()
    folded: str | None = None

    def _repr_html_(self) -> str:
        if not self.rows:
            return f'<p class="note">{escape(self.caption or "Table")}: no rows.</p>'

        def cells(tag: str, values: Sequence[str]) -> str:
            told = [pair for pair in zip(self.columns, values, strict=True) if pair[0] != self.folded]
            # Over the names of rows stands nothing; an empty heading would be read out as one.
            kinds = [("td", "") if tag == "td" or not value else ("th", ' scope="col"') for _, value in told]
            return "".join(
                f"<{kind}{scope}{self._kind(column, value)}>{html_of(value)}</{kind}>"
                for (kind, scope), (column, value) in zip(kinds, told, strict=True)
            )

        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        marks = [f" {mark}" for mark in self.marks] or [""] * len(self.rows)
        body = "".join(f"<tr{mark}>{cells('td', row)}</tr>" for mark, row in zip(marks, self.rows, strict=True))
        return (
            f'<table class="workbook">{caption}<thead><tr>{cells("th", self.columns)}</tr></thead>'
            f"<tbody>{body}</tbody></table>{self._fold()}"
        )

    def _fold(self) -> str:
        """The folded column: each of its texts once, after the rows it stands for."""
        if self.folded is None:
            return ""
        names: dict[str, list[str]] = {}
        for row in self.rows:
            names.setdefault(row[self.columns.index(self.folded)], []).append(row[0])
        told = "".join(f"<dt>{escape('; '.join(rows))}</dt><dd>{escape(text)}</dd>" for text, rows in names.items())
        return f"<details><summary>{escape(self.folded)}</summary><dl>{told}</dl></details>"

    def _kind(self, column: str, value: str) -> str:
        """Numbers stay on one line, but for two that are compared: in millions they would push out the next column."""
        if column not in self.numeric:
            return ""
        return ' class="number pair"' if VERSUS in value else ' class="number"'

    def __repr__(self) -> str:
        frame = pd.DataFrame(self.rows, columns=list(self.columns))
        return "\n".join(filter(None, [self.caption, frame.to_string(index=False)]))


class Linked(str):
    """Text of a cell with links, as HTML beside the plain words."""

    html: str

    def __new__(cls, text: str, html: str):
        linked = super().__new__(cls, text)
        linked.html = html
        return linked


def html_of(text: str) -> str:
    """Text for a page: escaped, but for links that the workbook made."""
    return text.html if isinstance(text, Linked) else escape(text)


@dataclass(frozen=True)
class Folded:
    """Something long that a reader opens; on paper it is open."""

    summary: str
    inside: Table

    def _repr_html_(self) -> str:
        return f"<details><summary>{escape(self.summary)}</summary>{self.inside._repr_html_()}</details>"

    def __repr__(self) -> str:
        return f"{self.summary}\n{self.inside!r}"


def folded(inside: Table, summary: str) -> Table | Folded:
    """A long table to be opened; one without rows says so in the open."""
    return Folded(summary, inside) if inside.rows else inside


def table(frame: pd.DataFrame, *, labels: Mapping[str, str] | None = None, caption: str = "") -> Table:
    """A frame of counts and text as a table for readers.

    Parameters
    ----------
    frame : DataFrame
        Integers, text and booleans; floats are shown with about three digits.
    labels : mapping, optional
        Column name to the words above it; columns it does not name are left out. All columns by default.
    caption : str
    """
    labels = labels or {column: str(column) for column in frame.columns}
    chosen = frame[list(labels)]
    numeric = frozenset(label for column, label in labels.items() if _holds_numbers(chosen[column]))
    texts = [chosen[column].map(_cell_text, na_action=None).tolist() for column in labels]
    return Table(tuple(labels.values()), tuple(zip(*texts, strict=True)), caption, numeric)


def estimates_table(
    rows: Mapping[str, Estimate], *, caption: str = "", clusters: str = "Patients", units: str = "Vertebrae"
) -> Table:
    """Estimates one under another: label, value with interval, p, the counts behind it, notes; methods in a fold."""
    levels = sorted({level_text(estimate.conf_level) for estimate in rows.values()})
    value = f"Estimate ({', '.join(levels)} CI)"
    columns = ("", value, "p", clusters, units, "Fractures", "Note", METHOD)
    texts = []
    for label, estimate in rows.items():
        patients = ABSENT if estimate.n_patients is None else count_text(estimate.n_patients)
        counts = (patients, count_text(estimate.n_vertebrae), fractures_text(estimate))
        line = (label, estimate_text(estimate), p_text(estimate.p_value), *counts)
        texts.append((*line, estimate.note, estimate.method))
    if not any(estimate.note for estimate in rows.values()):
        columns, texts = (*columns[:6], METHOD), [(*line[:6], line[7]) for line in texts]
    marks = tuple(f'data-estimates="{key_of(estimate)}"' for estimate in rows.values())
    return Table(columns, tuple(texts), caption, frozenset(columns[1:6]), marks, METHOD)


def _holds_numbers(values: pd.Series) -> bool:
    if values.dtype == object and len(values):
        return all(isinstance(value, Coarse) for value in values)
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _cell_text(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if pd.api.types.is_integer(value):
        return count_text(value)
    if pd.api.types.is_float(value):
        return count_text(value) if float(value).is_integer() else number_text(value)
    return str(value)
