"""Dates as whole days, and the formats they are written in."""

import datetime
import difflib
import re

import numpy as np
import pandas as pd

from helpers.cohort.dictionary import RAW_TABLES, Dictionary

ABSENT = np.int32(-(2**31))
NEVER = np.int32(2**31 - 1)
EARLIEST, LATEST = pd.Timestamp("1980-01-01"), pd.Timestamp("2100-12-31")
_NANOSECONDS_A_DAY = 86_400 * 10**9
DEFAULT_FORMAT = "%Y-%m-%d"
EXCEL = "excel"  # the day numbers of a spreadsheet: 1 is 1900-01-01, 38744 is 2006-01-27
_EXCEL_LAST = 2_958_465
_EXCEL_LEAP = 60  # Excel has a 29 February 1900, which never was
_DIRECTIVES = {"Y", "y", "m", "b", "B", "d", "H", "M", "S", "f", "p", "I", "%"}


def day_numbers(dates) -> np.ndarray:
    """Days since 1970 (int32); `ABSENT`, the smallest number, where there is no date."""
    dates = np.asarray(dates, dtype="datetime64[ns]")
    # Twice as fast as numpy's own conversion.
    days = (dates.view(np.int64) // _NANOSECONDS_A_DAY).astype(np.int32)
    days[np.isnat(dates)] = ABSENT
    return days


def to_dates(days: np.ndarray) -> np.ndarray:
    """The inverse of `day_numbers`."""
    days = np.asarray(days)
    dates = np.where(days == ABSENT, 0, days).astype("datetime64[D]").astype("datetime64[ns]")
    return np.where(days == ABSENT, np.datetime64("NaT", "ns"), dates)


def written(day: int) -> str:
    """A day since 1970 like 2006-01-27."""
    return str(np.datetime64(int(day), "D"))


def resolve_formats(date_formats: dict | None, dictionary: Dictionary) -> tuple[dict, list[str]]:
    """(table, column) -> format for every date column, and what is wrong with the formats given."""
    columns = [column for name in RAW_TABLES for column in dictionary.table(name) if column.type == "date"]
    names = [f"{column.table}.{column.name}" for column in columns]
    given, problems = dict(date_formats or {}), []
    for name, date_format in given.items():
        if name not in (*names, "default"):
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
            hint = f' Did you mean "{near[0]}"?' if near else f" Known are default, {', '.join(names)}."
            problems.append(f'`date_formats` names "{name}", which is not a date column.{hint}')
        if not is_usable(date_format):
            problems.append(
                f'`date_formats` gives "{date_format}" for {name}, but a format holds a day, month and year '
                'once each. Write for example "%Y-%m-%d" for 2006-01-27 or "%d.%m.%Y" for 27.01.2006; or '
                f'"{EXCEL}" where the cells hold day numbers of a spreadsheet, like 38744 for 2006-01-27.'
            )
    default = given.get("default", DEFAULT_FORMAT)
    formats = {
        (column.table, column.name): given.get(name, default) for column, name in zip(columns, names, strict=True)
    }
    return formats, problems


def is_usable(date_format) -> bool:
    """True when a format holds one day, one month and one year and can be read back, or is "excel"."""
    if date_format == EXCEL:
        return True
    if not isinstance(date_format, str):
        return False
    used = re.findall("%(.)", date_format)
    if not set(used) <= _DIRECTIVES or date_format.count("%") != len(used) + used.count("%"):
        return False
    day, month, year = (sum(used.count(part) for part in parts) for parts in ("d", "mbB", "Yy"))
    if not day == month == year == 1:
        return False
    written = pd.Series([datetime.date(2004, 3, 22).strftime(date_format)])
    return bool(parse_dates(written, date_format)[0].notna().all())


def parse_dates(texts: pd.Series, date_format: str) -> tuple[pd.Series, np.ndarray]:
    """Dates written in exactly this format, and which texts are dates too far off to be kept as such."""
    if date_format == EXCEL:
        return _from_excel(texts)
    # pandas takes "today" and "now" for dates whatever the format.
    has_digit = texts.str.contains("[0-9]", regex=True).to_numpy(dtype=bool)
    dates = pd.to_datetime(texts.where(has_digit), format=date_format, exact=True, errors="coerce").dt.normalize()
    is_far_off = np.zeros(len(texts), dtype=bool)
    unread = np.flatnonzero(dates.isna().to_numpy() & has_digit)
    for place, text in zip(unread, texts.to_numpy(dtype=object)[unread], strict=True):
        try:
            is_far_off[place] = bool(datetime.datetime.strptime(text, date_format))
        except ValueError:
            continue
    return dates, is_far_off


def example(date_format: str) -> str:
    """27 January 2006 in this format."""
    return "38744" if date_format == EXCEL else datetime.date(2006, 1, 27).strftime(date_format)


def _from_excel(texts: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Dates of the 1900 system's day numbers, without the time of day behind the point; which are too far off."""
    texts = texts.str.strip()
    is_number = texts.str.fullmatch(r"\d{1,7}([.,]\d+)?").to_numpy(dtype=bool, na_value=False)
    number = pd.to_numeric(texts.where(is_number).str.replace(",", "."), errors="coerce").to_numpy(dtype=np.float64)
    day = np.floor(np.nan_to_num(number))
    is_day = (day >= 1) & (day <= _EXCEL_LAST) & (day != _EXCEL_LEAP)
    since_1970 = day.astype(np.int64) - 25_569 + (day < _EXCEL_LEAP)
    is_far_off = is_day & (since_1970 > pd.Timestamp.max.to_datetime64().astype("datetime64[D]").astype(np.int64) - 1)
    dates = np.where(is_day & ~is_far_off, since_1970, 0).astype("datetime64[D]").astype("datetime64[ns]")
    return pd.Series(dates, index=texts.index).where(is_day & ~is_far_off), is_far_off


def exchanged(date_format: str) -> str:
    """The same format with day and month exchanged."""
    return date_format.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m")
