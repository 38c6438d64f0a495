"""The rows of a study's files that something is wrong with, to be mended by hand."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.cohort.clean import CleanCohort
from helpers.cohort.ledger import ACTIONS, joined
from helpers.intake.cell_texts import as_texts, without_gaps
from helpers.intake.mending_file import MOST_COLUMNS, OURS, MendedSheet, RowToMend, SheetToMend, plain
from helpers.workbook.found import concerned, in_their_words
from helpers.workbook.sources import Source

# Read as they were meant: nothing is wrong in the file.
AS_MEANT = (
    "missing_code", "space_around_id", "unit_written_out", "decimal_comma", "corrected_by_hand",
    "old_fracture_without_date",
)  # fmt: skip
FOLLOWS = "unknown_patient"
MOST_ROWS, MOST_CELLS = 5_000, 200_000
EXPLANATION = (
    'These are the rows of your files that something is wrong with, worst first; the column "What to mend" says what, '
    "and the cells concerned are yellow (green where you have corrected them before).",
    "Correct the cells to the right, as they should stand in the file; leave the first columns and the names in row 1 "
    "as they are, and add no rows. A cell that you leave as it is stays as it is in your file.",
    "Then save this file beside your study file and write into the study file: "
    'corrections_file: "rows_to_mend.xlsx". Your own files are not changed; every corrected cell has a line in the '
    "ledger of the report.",
    "Run `workbook check` again: it shows what is left, and writes a new file like this one that has your corrections "
    "too, so that one file is always enough.",
    "A row that is to be left out of the study can stay as it is: it stays set aside and the report counts it. "
    "This file holds your patients' data: keep it where your own files are, and never share it.",
)


@dataclass(frozen=True)
class RowsToMend:
    """The rows to mend of one source: those for the spreadsheet, and the rest as a table."""

    sheet: SheetToMend
    rest: pd.DataFrame


def is_to_mend(ledger: pd.DataFrame) -> np.ndarray:
    """The lines of a ledger that tell of something wrong in the file."""
    return (~ledger["rule"].isin(AS_MEANT) & (ledger["decided_by"] == "default")).to_numpy(dtype=bool)


def rows_to_mend(
    cohort: CleanCohort, sources: list[Source], corrections: Mapping[str, MendedSheet]
) -> list[RowsToMend]:
    """The rows to mend of each source that has any; rows that were corrected before stay among them."""
    ledger = cohort.ledger[is_to_mend(cohort.ledger)]
    aside = cohort.quarantine.loc[cohort.quarantine["table"] == "patients", "row"]
    patients = cohort.ledger[(cohort.ledger["table"] == "patients") & cohort.ledger["row"].isin(aside)]
    follows = (ledger["rule"] == FOLLOWS) & ledger["patient_id"].isin(patients["patient_id"].unique())
    ledger = ledger.assign(follows=follows.to_numpy(dtype=bool))
    found = []
    for source in sources:
        if source.sheet is None:
            continue
        lines = ledger[ledger["table"].isin(source.tables)]
        lines = lines.sort_values("row", kind="stable")
        mended = {row: own for row, own in _mended(source, corrections).items() if own}
        if len(lines) or mended:
            found.append(_of_source(source, lines, mended))
    return found


def _mended(source: Source, corrections: Mapping[str, MendedSheet]) -> dict[int, dict[str, str]]:
    sheet = corrections.get(source.name)
    return {number: row.corrected for number, row in sheet.rows.items()} if sheet else {}


def _of_source(source: Source, lines: pd.DataFrame, mended: dict[int, dict[str, str]]) -> RowsToMend:
    wrong = _by_row(source, lines)
    only_mended = pd.DataFrame({"row": sorted(set(mended) - set(wrong["row"]))}, dtype=object)
    only_mended = only_mended.assign(what="Corrected before; nothing is left to mend here.", columns="", rank=0)
    rows = pd.concat([frame for frame in (wrong, only_mended) if len(frame)], ignore_index=True)
    rows.loc[rows["row"].isin(mended), "rank"] = 0
    rows = rows.sort_values(["rank", "row"], kind="stable").reset_index(drop=True)

    sheet = source.sheet
    named = [place for place, name in enumerate(sheet.header) if name]
    if len(named) > MOST_COLUMNS:
        used = set(source.used)
        named = [place for place in named if sheet.header[place] in used]
    header = [plain(sheet.header[place]) for place in named]
    at = pd.Index(sheet.row).get_indexer(rows["row"].astype(np.int64))
    rows, at = rows[at >= 0].reset_index(drop=True), at[at >= 0]
    cells = [_texts(sheet.columns[place], at) for place in named]

    n_first = max(min(MOST_ROWS, MOST_CELLS // max(len(named), 1)), len(mended))
    lines = list(zip(*cells, strict=True))[:n_first]
    shown = rows.head(n_first)
    first = []
    for row, what, columns, original in zip(shown["row"], shown["what"], shown["columns"], lines, strict=True):
        own = mended.get(row, {})
        now = [own.get(name, text) for name, text in zip(header, original, strict=True)]
        first.append(RowToMend(row, what, columns, now, original, frozenset(map(plain, columns.split("; ")))))
    rest = rows.iloc[n_first:, :3].set_axis(list(OURS), axis=1).reset_index(drop=True)
    taken = set(OURS)
    for name, texts in zip(header, cells, strict=True) if len(rest) else ():
        name = name if name not in taken else f"{name} (file)"
        rest[name] = texts[n_first:]
    return RowsToMend(SheetToMend(source.name, header, first), rest)


def _by_row(source: Source, lines: pd.DataFrame) -> pd.DataFrame:
    """One line for each row: everything that is wrong, the columns concerned in the file's names, and its rank."""
    if lines.empty:
        return pd.DataFrame({"row": [], "what": [], "columns": [], "rank": []})
    row = lines["row"].to_numpy()
    is_first = np.r_[True, row[1:] != row[:-1]]
    line = np.cumsum(is_first) - 1
    kind = lines.groupby(["rule", "table", "column", "file_column"], sort=False).ngroup().to_numpy()
    first = lines.iloc[np.unique(kind, return_index=True)[1]]
    names = [
        "; ".join(concerned(*own, source))
        for own in zip(first["rule"], first["table"], first["column"], first["file_column"], strict=True)
    ]
    theirs = pd.Series(np.array(names, dtype=object)[kind])
    is_aside = np.maximum.reduceat((lines["action"] == ACTIONS[1]).to_numpy(np.int8), np.flatnonzero(is_first))
    follows = np.minimum.reduceat(lines["follows"].to_numpy(np.int8), np.flatnonzero(is_first))
    return pd.DataFrame(
        {
            "row": row[is_first],
            "what": _joined(line, in_their_words(lines, source), " "),
            "columns": _joined(line, theirs, "; "),
            "rank": np.where(follows, 3, np.where(is_aside, 1, 2)),
        }
    )


def _joined(line: np.ndarray, texts: pd.Series, between: str) -> np.ndarray:
    """The texts of each line joined, each of them once; "" where there are none."""
    once = pd.DataFrame({"line": line, "text": texts.to_numpy(dtype=object)}).drop_duplicates()
    once = once[once["text"] != ""]
    made = np.full(line[-1] + 1, "", dtype=object)
    if len(once):
        number, filled = pd.factorize(once["line"])
        made[filled] = joined(number, once["text"].to_numpy(dtype=object), between)
    return made


def _texts(column: pa.ChunkedArray, at: np.ndarray) -> list[str]:
    """The cells of these rows as texts."""
    return as_texts(without_gaps(column.take(pa.array(at)))).to_pylist()
