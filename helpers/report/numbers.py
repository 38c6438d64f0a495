"""All estimates of a run in one list, with an anchor for each row: where the numbers of the report stand."""

from collections.abc import Mapping, Sequence
from html import escape

from helpers.counts import count_text
from helpers.estimators.estimate import Estimate
from helpers.report.display import ABSENT, Table, estimate_text, fractures_text, level_text, p_text
from helpers.report.sentence import key_of

FIRST_ROW = 2  # as a spreadsheet counts: row 1 holds the headings
COLUMNS = ("Row", "Analysis", "Contrast", "Estimate", "p", "Patients", "Vertebrae", "Fractures", "Method")


def numbered(estimates: Mapping[str, Estimate], contrasts: Sequence[str], *, caption: str = "") -> Table:
    """The rows of `estimates` as a list that sentences and tables refer to, numbered as a spreadsheet does."""
    rows, marks = [], []
    told = zip(estimates.items(), contrasts, strict=True)
    for row, ((analysis, estimate), contrast) in enumerate(told, start=FIRST_ROW):
        has_interval = estimate.conf_low is not None or estimate.conf_high is not None
        level = f", {level_text(estimate.conf_level)} CI" if has_interval else ""
        counts = [estimate.n_patients, estimate.n_vertebrae]
        told_counts = [ABSENT if count is None else count_text(count) for count in counts]
        fractures = ABSENT if estimate.n_events is None else fractures_text(estimate)
        method = "; ".join(filter(None, [estimate.method, estimate.note]))
        value = estimate_text(estimate) + level
        rows.append((str(row), analysis, contrast, value, p_text(estimate.p_value), *told_counts, fractures, method))
        marks.append(f'id="row-{row}" data-key="{key_of(estimate)}" data-name="{escape(analysis)}"')
    return Table(COLUMNS, tuple(rows), caption, frozenset(COLUMNS[4:8]), tuple(marks))
