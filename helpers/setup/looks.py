"""What stands in a column: its distinct texts, and how many of its cells the readers of the dictionary take."""

import re
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from helpers.cohort.date_formats import EXCEL, is_partial
from helpers.cohort.date_guesses import DateGuess, guess_date_format
from helpers.cohort.dictionary import Column
from helpers.cohort.spine import parse_many
from helpers.cohort.value_rules import missing, read_numbers
from helpers.intake.sheet import Sheet
from helpers.intake.text_columns import as_categories

MOST_LOOKED_AT = 3000  # distinct texts of a column; more of them are looked at evenly spread
MOST_CODES, LONGEST_CODE = 12, 20
_DIGIT = re.compile("[0-9]")
_LETTER = re.compile("[TDLB]", re.IGNORECASE)  # without one of them no vertebra is named


@dataclass(frozen=True, eq=False)
class Look:
    """One column of a sheet, or several numbered ones stacked.

    Attributes
    ----------
    name : str
        The header; of numbered columns with {n} for the number.
    texts : Series
        The distinct texts, without blanks around them.
    counts : ndarray
        The cells that have each of them.
    cells : ndarray
        For each cell the place of its text, -1 for an empty one.
    row : ndarray
        For each cell the number of its row.
    is_dated : bool
        The source itself has a type of dates here, so no format is needed.
    parts : tuple of Look
        The columns that were stacked, some of which may be of dates and others of texts.
    """

    name: str
    texts: pd.Series
    counts: np.ndarray
    cells: np.ndarray
    row: np.ndarray
    is_dated: bool = False
    parts: tuple["Look", ...] = ()
    _dates: dict = field(default_factory=dict, repr=False)
    _taken: dict = field(default_factory=dict, repr=False)
    _missing: dict = field(default_factory=dict, repr=False)

    @property
    def n_filled(self) -> int:
        """Cells with anything in them."""
        return int(self.counts.sum())

    @property
    def is_unique(self) -> bool:
        """True where nearly every filled cell has a text of its own."""
        return self.n_filled > 0 and len(self.texts) >= 0.9 * self.n_filled

    @property
    def may_be_codes(self) -> bool:
        """True where few short texts come again and again."""
        texts = self.texts.tolist()
        are_short = all(len(text) <= LONGEST_CODE and len(text.split()) <= 2 for text in texts)
        return not self.is_dated and 0 < len(texts) <= MOST_CODES and are_short

    @cached_property
    def some(self) -> tuple[pd.Series, np.ndarray]:
        """The texts that are looked at, with their counts."""
        return self.texts[:: self._step].reset_index(drop=True), self.counts[:: self._step]

    @property
    def _step(self) -> int:
        return max(1, -(-len(self.texts) // MOST_LOOKED_AT))

    def dates(self, column: Column) -> DateGuess:
        """How its dates are written; what stands for a missing value in `column` does not count."""
        if self.undated is not self:
            return self.undated.dates(column)
        codes = column.missing_codes
        if codes not in self._dates:
            if not self.may_be_dates:
                self._dates[codes] = DateGuess(None, (), int(self.some[1].sum()), 0, rows={"ambiguous": ()})
            else:
                wanted = np.isin(self.cells, np.arange(len(self.texts))[:: self._step])
                cells = self.texts.to_numpy(dtype=object)[self.cells[wanted]]
                self._dates[codes] = guess_date_format(cells, self.row[wanted].tolist(), missing_codes=codes)
        return self._dates[codes]

    @cached_property
    def undated(self) -> "Look":
        """Without those of the stacked columns whose dates the source knows."""
        undated = [part for part in self.parts if not part.is_dated]
        return stacked(self.name, undated) if undated and len(undated) < len(self.parts) else self

    def holds_days(self, column: Column) -> bool:
        """True where the cells tell by themselves that they are whole dates, and are neither numbers nor years."""
        if self.is_dated:
            return True
        own = [one for joined in self.dates(column).candidates for one in joined.split("|")]
        return any(one not in (EXCEL, "%Y%m%d") and not is_partial(one) for one in own)

    @cached_property
    def may_be_dates(self) -> bool:
        """True where some texts are long enough for dates, and have digits."""
        texts = self.some[0].tolist()
        return self.is_dated or sum(len(text) >= 4 and _DIGIT.search(text) is not None for text in texts) >= max(
            1, 0.2 * len(texts)
        )

    @cached_property
    def may_be_levels(self) -> bool:
        """True where a text has a letter that a vertebra is named by."""
        return not self.is_dated and any(_LETTER.search(text) for text in self.some[0])

    @cached_property
    def is_level(self) -> tuple[np.ndarray, np.ndarray]:
        """Which of `some` name one level, and which name one or more."""
        texts = self.some[0]
        if not self.may_be_levels:
            return np.zeros((2, len(texts)), dtype=bool)
        masks = parse_many(texts, two_level_range="levels", thoracic=13, lumbar=6)[0]
        is_any = masks != 0
        return is_any & (masks & (masks - np.uint32(1)) == 0), is_any

    def taken(self, column: Column) -> tuple[int, int]:
        """How many of the cells that are not missing the dictionary's reader of this column takes, and of how many."""
        alike = column.type, column.missing_codes, frozenset(column.codes), column.minimum, column.maximum, column.unit
        if alike not in self._taken:
            self._taken[alike] = self._count(column)
        return self._taken[alike]

    def _count(self, column: Column) -> tuple[int, int]:
        if column.type == "date" and self.undated is not self:
            counts = [part.taken(column) for part in self.parts]
            return sum(taken for taken, _ in counts), sum(given for _, given in counts)
        if column.type == "date" and not self.is_dated:
            found = self.dates(column)
            return found.n_fitting, found.n_values
        texts, counts = self.some
        given = self._given(column)
        return int(counts[given & self._fits(column, texts, given)].sum()), int(counts[given].sum())

    def _given(self, column: Column) -> np.ndarray:
        """Which of `some` do not stand for a missing value."""
        codes = column.missing_codes
        if codes not in self._missing:
            self._missing[codes] = ~np.logical_or(*missing(self.some[0], column))
        return self._missing[codes]

    def unknown(self, column: Column) -> list[str]:
        """The texts that are none of the column's codes, the most frequent first."""
        is_empty, is_code = missing(self.texts, column)
        strange = np.flatnonzero(~(is_empty | is_code) & ~self._fits(column, self.texts, ~is_empty))
        return self.texts.iloc[strange[np.argsort(-self.counts[strange], kind="stable")]].tolist()

    def _fits(self, column: Column, texts: pd.Series, given: np.ndarray) -> np.ndarray:
        if column.type == "id":
            return given
        if self.is_dated:
            return np.full(len(texts), column.type == "date")
        if column.type in ("level", "levels"):
            return self.is_level[int(column.type == "levels")]
        if column.type in ("code", "yes_no"):
            return np.array([text.lower() in column.codes for text in texts], dtype=bool)
        found = read_numbers(texts.where(given, ""), given, column, None)[1]
        return given & ~np.logical_or.reduce([finding.where & finding.is_bad for finding in found])


def looks_of(sheet: Sheet) -> list[Look]:
    """Every column of a sheet."""
    return [_look(name, column, sheet.row) for name, column in zip(sheet.header, sheet.columns, strict=True)]


def stacked(name: str, looks: list[Look]) -> Look:
    """Numbered columns as one."""
    if len(looks) == 1:
        return replace(looks[0], name=name)
    is_dated = all(look.is_dated or not look.n_filled for look in looks)
    texts = [np.asarray(look.texts, dtype=object)[look.cells[look.cells >= 0]] for look in looks]
    row = np.concatenate([look.row[look.cells >= 0] for look in looks])
    parts = tuple(part for look in looks for part in (look.parts or (look,)))
    return replace(_coded(name, np.concatenate(texts), row, is_dated=is_dated), parts=parts)


def _look(name: str, column, row: np.ndarray) -> Look:
    cells = as_categories([column])[0]
    is_dated = cells.categories.dtype.kind == "M"
    texts = cells.categories.astype(str) if is_dated else cells.categories
    texts = np.array([str(text).strip() for text in texts], dtype=object)
    codes, distinct = pd.factorize(np.append(texts, ""))
    empty = codes[-1]
    place = codes[:-1][cells.codes] if len(texts) else np.full(len(cells), empty)
    place = np.where((cells.codes < 0) | (place == empty), -1, np.where(place > empty, place - 1, place))
    distinct = np.delete(distinct, empty)
    counts = np.bincount(place[place >= 0], minlength=len(distinct))
    is_there = counts > 0  # texts of rows that were left out
    renumbered = np.where(is_there, np.cumsum(is_there) - 1, -1)
    place = np.where(place >= 0, renumbered[place], -1) if len(distinct) else place
    return Look(name, pd.Series(distinct[is_there], dtype=object), counts[is_there], place, row, is_dated)


def _coded(name: str, texts: np.ndarray, row: np.ndarray, *, is_dated: bool) -> Look:
    cells, distinct = pd.factorize(texts)
    counts = np.bincount(cells, minlength=len(distinct))
    return Look(name, pd.Series(distinct, dtype=object), counts, cells, row, is_dated)


def at_rows(look: Look, wanted: np.ndarray) -> Look:
    """The column in some of the rows only."""
    cells = look.cells[wanted]
    filled = cells >= 0
    texts = look.texts.to_numpy(dtype=object)[cells[filled]]
    return _coded(look.name, texts, look.row[wanted][filled], is_dated=look.is_dated)
