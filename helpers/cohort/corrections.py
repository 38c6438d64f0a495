"""Cells corrected by hand: taken instead of those of a source, if that is still the one they were made for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.cohort.cells import told
from helpers.cohort.ledger import Finding, Table
from helpers.counts import counted
from helpers.errors import Problems
from helpers.intake.cell_texts import as_texts, without_gaps
from helpers.intake.mending_file import MendedSheet, plain, read_rows
from helpers.intake.names import called, is_url, masked
from helpers.intake.table import cannot_be_read
from helpers.intake.text_columns import DATES, TEXTS, as_dates

EVENT = "event"
RULE, DECIDED_BY = "corrected_by_hand", "correction"
MOST_TOLD = 20
_ISO = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"


@dataclass
class Corrected:
    """The cells of a source that were taken from corrections: row, the file's column, the text before and after.

    In a table of events `event_column` says what a row is about; `by_event` are the columns of patients it decides on.
    """

    file: str
    cells: list[tuple[int, str, str, str]] = field(default_factory=list)
    event_column: str = ""
    by_event: tuple[str, ...] = ()

    def __deepcopy__(self, memo) -> "Corrected":
        return self  # pandas copies what is attached to a frame again and again


def source_name(name) -> str:
    """What a source is called in a file of corrections: as in the study file, never with a password."""
    return masked(str(name)) if is_url(name) else str(name)


def read_corrections(name: str, folder, sources: Iterable[str]) -> dict[str, MendedSheet]:
    """Read the corrections of a study: source -> its corrected rows; "" for none.

    Raises
    ------
    Problems
        If the file cannot be read, or corrects a source that is not one of the study's.
    """
    if not name:
        return {}
    sheets, known = read_rows(Path(folder) / name), {source_name(source) for source in sources if source}
    strange = [source for source in sheets if source not in known]
    if strange:
        raise cannot_be_read(
            called(name),
            [
                f'{called(name)} has rows of "{source}", but the study reads only {", ".join(sorted(known))}. '
                "Name the file that it was made for, or make a new one with `workbook check`."
                for source in strange
            ],
        )
    return sheets


def correct(
    columns: Mapping[str, pa.ChunkedArray],
    row: np.ndarray,
    has_entry: np.ndarray,
    header: list[str],
    source: str,
    sheet: MendedSheet | None,
) -> tuple[dict[str, pa.ChunkedArray], list[tuple[int, str, str, str]]]:
    """The columns of a source with the cells that were corrected.

    Parameters
    ----------
    columns : mapping
        The source's name of a column -> its cells, as read; only these are corrected and looked at.
    row, has_entry : arrays
        The number of each row there, and whether it has any entry.
    header : list of str
        The names of all columns of the source.
    sheet : MendedSheet or None
        Its corrections; None where there are none.

    Returns
    -------
    columns : dict
    cells : list of tuple
        (row, the source's name of the column, before, after) of each cell that differs now.

    Raises
    ------
    Problems
        If the source is not the one the corrections were made for.
    """
    if sheet is None:
        return dict(columns), []
    names = set(map(plain, header))
    problems = [
        f'{sheet.file} has a column "{name}", but {source} has none. Give it the name back that it had.'
        for name in sheet.header
        if name not in names
    ]
    at = pd.Index(row[has_entry]).get_indexer(list(sheet.rows))
    problems += _told(
        (f"{source} has no row {number}, which {sheet.file} corrects. {_AGAIN}" for number in _where(sheet, at < 0)),
        int((at < 0).sum()),
    )
    mended, at = [sheet.rows[number] for number in _where(sheet, at >= 0)], np.flatnonzero(has_entry)[at[at >= 0]]
    corrected, cells, differing = dict(columns), [], {}
    for theirs, column in columns.items():
        name, own = plain(theirs), []
        if name not in sheet.header:
            continue
        before = as_texts(without_gaps(column.take(pa.array(at)))).to_pylist()
        for mend, text in zip(mended, before, strict=True):
            if name in mend.cells and not mend.is_as_it_was(name, text):
                differing.setdefault(mend.row, []).append(name)
            elif name in mend.corrected:
                own.append((mend.row, theirs, text, mend.corrected[name]))
        if own:
            try:
                corrected[theirs] = _replaced(column, row, own, f'column "{name}" of {sheet.file}')
            except Problems as error:
                problems += error.problems
        cells += own
    problems += _told(
        (
            f"Row {number} of {source} is no longer what it was when {sheet.file} was made ({', '.join(found)}). "
            f"{_AGAIN}"
            for number, found in differing.items()
        ),
        len(differing),
    )
    if problems:
        raise cannot_be_read(source, problems)
    return corrected, cells


def by_hand(table: Table, frame: pd.DataFrame | None) -> list[Finding]:
    """What the corrections changed in a table, for its ledger: a cell of the file may be one of several rows here."""
    corrected = None if frame is None else frame.attrs.get("corrected")
    if not corrected or not corrected.cells:
        return []
    cells = pd.DataFrame(corrected.cells, columns=["row", "theirs", "before", "after"], dtype=object)
    why = f'"{{}}" stands in the file; the cell was corrected by hand in {corrected.file}.'
    every, findings = np.arange(len(table.row)), []
    events = [EVENT] if EVENT in table.origin.file_columns and EVENT not in table.text else []
    for column in [*table.text, *events]:
        row, theirs = table.origin.rows(column, every, table.row), table.origin.file_column(column, every)
        for name, own in cells.groupby("theirs", sort=False):
            is_own = (theirs == name) | _is_ours(theirs, column, name)
            if column in corrected.by_event and name == corrected.event_column:
                is_own[:] = True  # the cell is taken for what its row is about
            at = np.flatnonzero(np.isin(row, own["row"].to_numpy(np.int64)) & is_own)
            own = own.set_index("row").loc[row[at]]
            before, after = own["before"].to_numpy(dtype=object), own["after"].to_numpy(dtype=object)
            reasons = told(before, why.format)
            findings.append(Finding(RULE, at, reasons, False, column, before, after, decided_by=DECIDED_BY))
    return [finding for finding in findings if len(finding.at)]


def _is_ours(theirs: np.ndarray, column: str, name: str) -> np.ndarray:
    """Where a column of the file has our name."""
    return (theirs == "") & (column == name)


def correction_note(source: str, sheet: MendedSheet | None, cells: list[tuple]) -> list[str]:
    """The sentence on the cells that were taken from corrections."""
    notes = []
    if cells:
        n_rows = len({row for row, *_ in cells})
        what = f"{counted(len(cells), 'cell')} in {counted(n_rows, 'row')} of {source}"
        notes = [f"{what} {'was' if len(cells) == 1 else 'were'} corrected by hand ({sheet.file})."]
    if sheet and (idle := sheet.n_corrected - len(cells)):
        what = f"{counted(idle, 'cell')} of {source} that {'is' if idle == 1 else 'are'} corrected in {sheet.file}"
        notes.append(f"{what} {'stands' if idle == 1 else 'stand'} in columns that the study does not use.")
    return notes


_AGAIN = "Make a new one with `workbook check` without `corrections_file`, and mend the row there."


def _where(sheet: MendedSheet, chosen: np.ndarray) -> list[int]:
    return [row for row, is_chosen in zip(sheet.rows, chosen, strict=True) if is_chosen]


def _told(problems: Iterable[str], count: int) -> list[str]:
    """The first of many problems of one kind, and how many more there are."""
    first = [problem for problem, _ in zip(problems, range(MOST_TOLD), strict=False)]
    return [*first, f"So it is with {counted(count - MOST_TOLD, 'more row')}."] if count > MOST_TOLD else first


def _replaced(column: pa.ChunkedArray, row: np.ndarray, cells: list[tuple], where: str) -> pa.ChunkedArray:
    """The column with other texts in some of its rows."""
    after = dict(zip((cell[0] for cell in cells), (cell[3] for cell in cells), strict=True))
    texts = as_texts(without_gaps(column)).cast(pa.string()).combine_chunks()
    is_new = np.isin(row, list(after))
    new = pd.Series([after[number] for number in row[is_new]], dtype=object)
    if column.type == DATES:
        wrong = new[~(new.str.strip().eq("") | _are_dates(new))]
        if len(wrong):
            rows = row[is_new][wrong.index]
            raise Problems(
                "",
                [
                    f"Row {number} in {where}: its cells are dates of the file; write a date like 2006-01-27, or "
                    "leave the cell empty."
                    for number in rows[:MOST_TOLD]
                ],
            )
        new = new.str.strip()
    texts = pa.compute.replace_with_mask(texts, pa.array(is_new), pa.array(new, pa.string()))
    if column.type == DATES:
        texts = pa.compute.if_else(pa.compute.equal(texts, ""), pa.scalar(None, pa.string()), texts)
        return as_dates(pa.chunked_array([texts]))
    return pa.chunked_array([texts.dictionary_encode().cast(TEXTS)], type=TEXTS)


def _are_dates(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts.str.strip().where(texts.str.strip().str.fullmatch(_ISO)), errors="coerce").notna()
