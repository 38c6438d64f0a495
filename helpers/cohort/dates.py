"""Dates as whole days, and texts read as dates."""

import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.cohort.date_formats import (
    EXCEL,
    EXCEL_LAST,
    EXCEL_LEAP,
    EXCEL_ZERO,
    FIRST_DAY,
    LAST_DAY,
    Writing,
    full_year,
    has_month,
    is_partial,
    needs_pivot,
)

ABSENT = np.int32(-(2**31))
NEVER = np.int32(2**31 - 1)
EARLIEST, LATEST = pd.Timestamp(FIRST_DAY), pd.Timestamp(LAST_DAY)
_NANOSECONDS_A_DAY = 86_400 * 10**9
# No date is the smallest number of nanoseconds.
_FROM_NONE_TO_ABSENT = np.int32(int(ABSENT) - np.iinfo(np.int64).min // _NANOSECONDS_A_DAY)


class Span(NamedTuple):
    """The first and the last day each date of a column can be, in days since 1970; the same where the day is known."""

    first: np.ndarray
    last: np.ndarray


class Read(NamedTuple):
    """The first and the last day of each text, NaT where it is no date, and which dates lie too far off."""

    first: pd.Series
    last: pd.Series
    is_far_off: np.ndarray


def day_numbers(dates) -> np.ndarray:
    """Days since 1970 (int32); `ABSENT`, the smallest number, where there is no date."""
    dates = np.asarray(dates, dtype="datetime64[ns]")
    # Several times as fast as numpy's own conversion.
    days = np.empty(dates.shape, dtype=np.int32)
    np.floor_divide(dates.view(np.int64), _NANOSECONDS_A_DAY, out=days, casting="unsafe")
    # To add is several times as fast as to choose.
    days += np.isnat(dates) * _FROM_NONE_TO_ABSENT
    return days


def to_dates(days: np.ndarray) -> np.ndarray:
    """The inverse of `day_numbers`."""
    days = np.asarray(days)
    dates = np.where(days == ABSENT, 0, days).astype("datetime64[D]").astype("datetime64[ns]")
    return np.where(days == ABSENT, np.datetime64("NaT", "ns"), dates)


def written(day: int) -> str:
    """A day since 1970 like 2006-01-27."""
    return str(np.datetime64(int(day), "D"))


def read_dates(texts: pd.Series, written: Writing) -> Read:
    """Dates by the first format that fits, and gives a day from 1980 to 2100 where another does not."""
    first, last, is_far_off = None, None, np.zeros(len(texts), dtype=bool)
    for date_format in written.formats:
        dates, is_beyond = parse_dates(texts, date_format, written.pivot_year)
        is_beyond |= (dates.lt(EARLIEST) | dates.gt(LATEST)).to_numpy()
        dates, until = dates.where(~is_beyond), last_days(dates, date_format)
        is_far_off |= is_beyond
        first, last = (dates, until) if first is None else (first.fillna(dates), last.where(first.notna(), until))
    return Read(first, last.where(first.notna()), is_far_off & first.isna().to_numpy())


def parse_dates(texts: pd.Series, date_format: str, pivot_year: int | None = None) -> tuple[pd.Series, np.ndarray]:
    """Dates written in exactly this format, and which texts are dates too far off to be kept as such.

    A date without a day is the first one it can be. Without `pivot_year`, years of two digits are any century's:
    they only tell that the text is a date.
    """
    if date_format == EXCEL:
        return _from_excel(texts)
    dates, has_digit = _written_so(texts, date_format)
    is_far_off = np.zeros(len(texts), dtype=bool)
    unread = np.flatnonzero(dates.isna().to_numpy() & has_digit)
    for place, text in zip(unread, texts.to_numpy(dtype=object)[unread], strict=True):
        try:
            is_far_off[place] = bool(datetime.datetime.strptime(text, date_format))
        except ValueError:
            continue
    if pivot_year is not None and needs_pivot(date_format):
        dates = _in_century(dates, pivot_year)
    return dates, is_far_off


def are_dates(texts: pd.Series, date_format: str) -> np.ndarray:
    """Which texts are dates written in exactly this format, and not too far off."""
    dates, _ = _from_excel(texts) if date_format == EXCEL else _written_so(texts, date_format)
    return dates.notna().to_numpy()


def _written_so(texts: pd.Series, date_format: str) -> tuple[pd.Series, np.ndarray]:
    """Dates written in exactly this format, and which texts have a digit."""
    # pandas takes "today" and "now" for dates whatever the format.
    has_digit = texts.str.contains("[0-9]", regex=True).to_numpy(dtype=bool)
    dates = pd.to_datetime(texts.where(has_digit), format=date_format, exact=True, errors="coerce").dt.normalize()
    return dates, has_digit


def last_days(dates: pd.Series, date_format: str) -> pd.Series:
    """The last day each date can be: of its month or year where the format says no more."""
    if not is_partial(date_format):
        return dates
    unit = "M" if has_month(date_format) else "Y"
    end = (dates.to_numpy().astype(f"datetime64[{unit}]") + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    return pd.Series(end.astype("datetime64[ns]"), index=dates.index)


def _in_century(dates: pd.Series, pivot_year: int) -> pd.Series:
    """The dates in the hundred years from `pivot_year` on; 29 February is none in a year that has none."""
    month = dates.to_numpy().astype("datetime64[M]")
    year = month.astype("datetime64[Y]").astype(np.int64) + 1970
    moved = month + 12 * (full_year(year, pivot_year) - year)
    day = moved.astype("datetime64[D]") + (dates.to_numpy().astype("datetime64[D]") - month.astype("datetime64[D]"))
    day = pd.Series(day.astype("datetime64[ns]"), index=dates.index)
    return day.where(dates.notna() & (day.to_numpy().astype("datetime64[M]") == moved))


def _from_excel(texts: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Dates of the 1900 system's day numbers, without the time of day behind the point; which are too far off."""
    texts = texts.str.strip()
    is_number = texts.str.fullmatch(r"\d{1,7}([.,]\d+)?").to_numpy(dtype=bool, na_value=False)
    number = pd.to_numeric(texts.where(is_number).str.replace(",", "."), errors="coerce").to_numpy(dtype=np.float64)
    day = np.floor(np.nan_to_num(number))
    is_day = (day >= 1) & (day <= EXCEL_LAST) & (day != EXCEL_LEAP)
    since_1970 = day.astype(np.int64) - EXCEL_ZERO + (day < EXCEL_LEAP)
    is_far_off = is_day & (since_1970 > pd.Timestamp.max.to_datetime64().astype("datetime64[D]").astype(np.int64) - 1)
    dates = np.where(is_day & ~is_far_off, since_1970, 0).astype("datetime64[D]").astype("datetime64[ns]")
    return pd.Series(dates, index=texts.index).where(is_day & ~is_far_off), is_far_off
