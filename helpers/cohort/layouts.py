"""A sheet that holds everything, one row per patient, laid out as our tables of texts."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.cohort.cells import as_texts, holds_dates, share_texts, stripped
from helpers.cohort.column_groups import ID, PATIENTS, Group, Groups
from helpers.cohort.date_formats import DEFAULT_FORMAT, EXCEL
from helpers.cohort.dictionary import RAW_TABLES, Column, Dictionary
from helpers.cohort.origins import ENTRY, FILE_COLUMNS, GROUP, WHOLE_ROW
from helpers.cohort.source_sheets import SourceSheet
from helpers.cohort.spine import LUMBAR_COUNTS, SLOTS, THORACIC_COUNTS, parse_many, unpack
from helpers.counts import counted
from helpers.intake.text_columns import as_categories

_SPINE = {"thoracic_vertebrae": (THORACIC_COUNTS, 12), "lumbar_vertebrae": (LUMBAR_COUNTS, 5)}
_EXCEL_DAY_0 = pd.Timestamp("1899-12-30")


class Cells:
    """The cells of those rows of a sheet that have any entry; each column is looked at once."""

    def __init__(self, sheet: SourceSheet):
        self._at = np.flatnonzero(sheet.has_entry)
        self._columns = sheet.columns
        self._known: dict[str, pd.Categorical] = {}
        self.source = sheet.source
        self.row = sheet.row[self._at].astype(np.int32)

    def __len__(self) -> int:
        return len(self.row)

    def of(self, name: str) -> pd.Categorical:
        """A column: a category of texts, or of dates."""
        if name not in self._known:
            cells = as_categories([self._columns[name]])[0]
            self._known[name] = cells if len(self) == len(cells) else cells[self._at]
        return self._known[name]

    def tells(self, name: str, but: frozenset[str] = frozenset()) -> np.ndarray:
        """Rows in which the column holds anything besides blanks and these texts, which are in small letters."""
        cells = self.of(name)
        if holds_dates(pd.Series(cells)):
            return cells.codes >= 0
        texts = stripped(cells.categories)
        is_telling = np.array([text != "" and text.lower() not in but for text in texts], dtype=bool)
        return np.append(is_telling, False)[cells.codes]


def lay_out_wide(
    sheet: SourceSheet, groups: Groups, dictionary: Dictionary, date_formats: Mapping | None = None
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The raw tables of a sheet with one row per patient, and what is to be told of it.

    Each row is one of `patients`; of the other tables it gives a row for each group of columns that is filled. A
    group that holds nothing but codes for missing values is not.

    Parameters
    ----------
    groups : Groups
        As `column_groups.find_groups` finds them, without problems.
    date_formats : mapping, optional
        How dates are written: where some columns of a group hold dates and others texts, all become such texts.
    """
    cells = Cells(sheet)
    everyone = frame_of(cells, [groups.patients], np.arange(len(cells)), dictionary, date_formats)
    tables, notes, spines = {PATIENTS: everyone}, list(groups.notes), spine_counts(everyone)
    for table in RAW_TABLES[1:]:
        own = [group for group in groups.others if group.table == table]
        if not own:
            continue
        is_filled = _filled(cells, own, dictionary, notes)
        at, which = np.nonzero(is_filled)
        frame = frame_of(cells, own, at, dictionary, date_formats, which=which)
        tables[table] = one_level_each(frame, table, dictionary, [count[at] for count in spines])
        if more := len(tables[table]) - len(frame):
            notes.append(f"Cells of {table} that name several levels gave a row for each level: {more:,} more.")
    counts = ", ".join(f"{len(frame):,} of {table}" for table, frame in tables.items())
    return tables, [*notes, f"{counted(len(cells), 'row')} of {cells.source} gave these rows: {counts}."]


def frame_of(
    cells: Cells,
    groups: Sequence[Group],
    at: np.ndarray,
    dictionary: Dictionary,
    date_formats: Mapping | None,
    *,
    which: np.ndarray | None = None,
) -> pd.DataFrame:
    """Rows of one table, made of these rows of the sheet; of `which` of the groups, else of the only one."""
    places = [np.arange(len(at))] if which is None else [np.flatnonzero(which == own) for own in range(len(groups))]
    ids = as_texts(pd.Series(cells.of(groups[0].columns[ID])))
    columns = {ID: pd.Categorical.from_codes(ids.codes[at], dtype=ids.dtype)}
    for column in dictionary.table(groups[0].table):
        if column.name != ID and (column.required or any(_has(group, column.name) for group in groups)):
            pieces = [_piece(cells, group, column.name, at[own]) for group, own in zip(groups, places, strict=True)]
            columns[column.name] = _together(pieces, places, column, date_formats)
    frame = pd.DataFrame(columns)
    frame["row"] = cells.row[at]
    if which is not None:
        frame[GROUP], frame[ENTRY] = which.astype(np.int32), entries(cells.row[at])
    names = {name: [group.file_column(name) for group in groups] for name in columns}
    names[WHOLE_ROW] = [", ".join(group.counted) if which is not None else "" for group in groups]
    frame.attrs[FILE_COLUMNS] = {name: own for name, own in names.items() if any(own)}
    return frame


def one_level_each(
    frame: pd.DataFrame, table: str, dictionary: Dictionary, spines: Sequence[np.ndarray]
) -> pd.DataFrame:
    """A row for each level that a cell names, where a row is about one; what cannot be read stays as it is.

    Parameters
    ----------
    spines : two arrays
        How many thoracic and lumbar vertebrae the patient of each row has.
    """
    single = [column.name for column in dictionary.table(table) if column.type == "level"]
    if not single:
        return frame
    texts = as_texts(frame[single[0]])
    masks = parse_many(texts, thoracic=spines[0], lumbar=spines[1])[0]
    is_several = (masks & (masks - np.uint32(1))) != 0
    if not is_several.any():
        return frame
    levels = unpack(masks[is_several])
    times = np.ones(len(frame), dtype=np.int64)
    times[is_several] = levels.sum(axis=1)
    again = np.repeat(np.arange(len(frame)), times)
    slot = np.zeros(len(again), dtype=np.int64)
    slot[is_several[again]] = np.nonzero(levels)[1]
    own, names = share_texts([texts, pd.Categorical(SLOTS, categories=list(SLOTS))])
    codes = np.where(is_several[again], names.codes[slot], own.codes[again])
    whole = frame.take(again).reset_index(drop=True)
    whole[single[0]] = pd.Categorical.from_codes(codes, dtype=own.dtype)
    whole[ENTRY] = entries(whole["row"].to_numpy())
    whole.attrs = frame.attrs
    return whole


def spine_counts(patients: pd.DataFrame) -> list[np.ndarray]:
    """How many thoracic and lumbar vertebrae each patient has; the usual number where none is given."""
    return [_count(patients, name, *known) for name, known in _SPINE.items()]


def entries(row: np.ndarray) -> np.ndarray:
    """Rows with one number, which stand together, counted from 1."""
    is_first = np.r_[True, row[1:] != row[:-1]][: len(row)]
    place = np.arange(len(row))
    return (place - np.maximum.accumulate(np.where(is_first, place, 0)) + 1).astype(np.int32)


def as_written(cells: pd.Categorical, column: Column, date_formats: Mapping | None) -> pd.Categorical:
    """A column of dates as texts in the first of its formats that is a whole date, else like 2006-01-27."""
    formats = date_formats or {}
    given = str(formats.get(f"{column.table}.{column.name}", formats.get("default", DEFAULT_FORMAT)))
    whole = [own for own in given.split("|") if own == EXCEL or all(part in own for part in ("%d", "%m", "%Y"))]
    date_format, days = [*whole, DEFAULT_FORMAT][0], cells.categories
    texts = [str(day) for day in (days - _EXCEL_DAY_0).days] if date_format == EXCEL else days.strftime(date_format)
    own = pd.Categorical.from_codes(cells.codes, categories=pd.Index(texts, dtype=object))
    return as_texts(pd.Series(own))


def _count(patients: pd.DataFrame, name: str, counts: Sequence[int], usual: int) -> np.ndarray:
    if name not in patients:
        return np.full(len(patients), usual, dtype=np.int8)
    texts = as_texts(patients[name])
    known = {str(count): count for count in counts}
    return np.array([known.get(text, usual) for text in stripped(texts.categories)], dtype=np.int8)[texts.codes]


def _filled(cells: Cells, groups: Sequence[Group], dictionary: Dictionary, notes: list[str]) -> np.ndarray:
    """Rows (of the sheet) x groups that say anything; what is to be told of the others is put into `notes`."""
    is_filled, beside = np.zeros((len(cells), len(groups)), dtype=bool), {}
    for place, group in enumerate(groups):
        holds = np.zeros(len(cells), dtype=bool)
        for name, theirs in group.columns.items():
            if theirs in group.counted:
                is_filled[:, place] |= cells.tells(theirs, dictionary.column(group.table, name).missing_codes)
                holds |= cells.tells(theirs)
            elif name != ID:
                beside.setdefault((group.title, theirs), []).append(place)
        if n_codes := int((holds & ~is_filled[:, place]).sum()):
            where = " and ".join(f'"{theirs}"' for theirs in group.counted)
            rows = counted(n_codes, "row")
            notes.append(f"In {rows} {where} hold nothing but codes for missing values: no row was made.")
    for (title, theirs), places in beside.items():
        if n_alone := int((cells.tells(theirs) & ~is_filled[:, places].any(axis=1)).sum()):
            rows = counted(n_alone, "row")
            notes.append(f'In {rows} "{theirs}" is filled, but no numbered column of {title}: no row was made.')
    return is_filled


def _has(group: Group, column: str) -> bool:
    return column in group.columns or column in group.constants


def _piece(cells: Cells, group: Group, column: str, at: np.ndarray) -> pd.Categorical:
    """What a group holds of one of our columns in these rows of the sheet."""
    if column in group.columns:
        return cells.of(group.columns[column])[at]
    return pd.Categorical.from_codes(np.zeros(len(at), dtype=np.int8), categories=[group.constants.get(column, "")])


def _together(
    pieces: list[pd.Categorical], places: Sequence[np.ndarray], column: Column, date_formats: Mapping | None
) -> pd.Categorical:
    """Pieces of a column, each in its places; one of dates where every entry is a date."""
    if len(pieces) == 1:
        return pieces[0]
    is_dated = [holds_dates(pd.Series(piece)) for piece in pieces]
    if any(is_dated) and all(own or _is_blank(piece) for piece, own in zip(pieces, is_dated, strict=True)):
        given = [(piece, own) for piece, own, dated in zip(pieces, places, is_dated, strict=True) if dated]
        days = np.concatenate([piece.categories.to_numpy() for piece, _ in given])
        code, distinct = pd.factorize(days)
        starts = np.cumsum([0, *(len(piece.categories) for piece, _ in given)])[:-1]
        code = np.append(code, -1)
        codes = [
            code[np.where(own.codes < 0, -1, start + own.codes)] for (own, _), start in zip(given, starts, strict=True)
        ]
        dtype, given = pd.CategoricalDtype(pd.DatetimeIndex(distinct)), [own for _, own in given]
    else:
        texts = [
            as_written(piece, column, date_formats) if own else as_texts(pd.Series(piece))
            for piece, own in zip(pieces, is_dated, strict=True)
        ]
        shared = share_texts(texts)
        dtype, codes, given = shared[0].dtype, [piece.codes for piece in shared], places
    together = np.full(sum(map(len, places)), -1, dtype=np.int32)
    for own, place in zip(codes, given, strict=True):
        together[place] = own
    return pd.Categorical.from_codes(together, dtype=dtype)


def _is_blank(piece: pd.Categorical) -> bool:
    return not any(stripped(piece.categories))
