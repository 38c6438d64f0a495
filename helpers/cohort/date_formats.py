"""The formats that dates are written in: what each says, and which of them may stand side by side."""

import calendar
import datetime
import difflib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from helpers.cohort.dictionary import RAW_TABLES, Dictionary

DEFAULT_FORMAT = "%Y-%m-%d"
EXCEL = "excel"  # the day numbers of a spreadsheet: 1 is 1900-01-01, 38744 is 2006-01-27
EXCEL_LAST = 2_958_465
EXCEL_LEAP = 60  # Excel has a 29 February 1900, which never was
EXCEL_ZERO = 25_569  # its number of 1970-01-01
UNDECIDED = "?"
FIRST_DAY, LAST_DAY = datetime.date(1980, 1, 1), datetime.date(2100, 12, 31)
EXACT = (("procedures", "procedure_date"),)
_DIRECTIVES = {"Y", "y", "m", "b", "B", "d", "H", "M", "S", "f", "p", "I", "%"}
_MONTHS, _YEARS = ("m", "b", "B"), ("Y", "y")
SOME_PIVOT = 1930
# Days, months and years that may each be taken for another of them.
_SAMPLE = tuple(itertools.product((2001, 2004, 2011, 2012), (1, 2, 3, 11, 12), (1, 2, 3, 4, 11, 12, 28)))


@dataclass(frozen=True)
class Writing:
    """How the dates of a column are written: the first of these formats that fits, and what two-digit years mean."""

    formats: tuple[str, ...]
    pivot_year: int | None = None

    def __str__(self) -> str:
        return "|".join(self.formats)

    @property
    def is_partial(self) -> bool:
        """Whether some of its dates have no day."""
        return any(map(is_partial, self.formats))


def writing(date_format: str, pivot_year: int | None = None) -> Writing:
    """One format, or several joined by "|"."""
    return Writing(split(date_format), pivot_year)


def split(date_format: str) -> tuple[str, ...]:
    """Formats joined by "|", each by itself."""
    return tuple(one.strip() for one in date_format.split("|"))


def resolve_formats(
    date_formats: dict | None, dictionary: Dictionary, pivot_year: int | None = None
) -> tuple[dict[tuple[str, str], Writing], list[str]]:
    """(table, column) -> how its dates are written, and what is wrong with the formats given."""
    columns = [column for name in RAW_TABLES for column in dictionary.table(name) if column.type == "date"]
    names = [f"{column.table}.{column.name}" for column in columns]
    given, problems = dict(date_formats or {}), []
    for name, date_format in given.items():
        if name not in (*names, "default"):
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
            hint = f' Did you mean "{near[0]}"?' if near else f" Known are default, {', '.join(names)}."
            problems.append(f'`date_formats` names "{name}", which is not a date column.{hint}')
        problems += _problems(name, date_format, pivot_year)
    given = {name: date_format for name, date_format in given.items() if isinstance(date_format, str)}
    default = given.get("default", DEFAULT_FORMAT)
    formats = {
        (column.table, column.name): writing(given.get(name, default), pivot_year)
        for column, name in zip(columns, names, strict=True)
    }
    if not problems:
        problems = [_not_exact(key, formats[key]) for key in EXACT if all(map(is_partial, formats[key].formats))]
    return formats, problems


def _problems(name: str, date_format, pivot_year: int | None) -> list[str]:
    """What is wrong with the format of one column, or the default."""
    where = "all other columns" if name == "default" else name
    if date_format == UNDECIDED:
        return [
            f'`date_formats` leaves {name} open ("?"). Decide how dates in {where} are written: "%d/%m/%Y" (day '
            'first), "%m/%d/%Y" (month first), or as they stand in the file, like "%d.%m.%Y" for 27.01.2006.'
        ]
    if not isinstance(date_format, str) or not all(map(is_usable, split(date_format))):
        return [
            f'`date_formats` gives "{date_format}" for {name}, but a format holds a day, month and year '
            'once each (or month and year, or the year, where no more is known). Write for example "%Y-%m-%d" for '
            '2006-01-27 or "%d.%m.%Y" for 27.01.2006; '
            f'or "{EXCEL}" where the cells hold day numbers of a spreadsheet, like 38744 for 2006-01-27. '
            'Join several by "|".'
        ]
    problems = []
    if pivot_year is None and any(map(needs_pivot, split(date_format))):
        problems.append(
            f'`date_formats` gives "{date_format}" for {name}, whose years have two digits (%y), but `pivot_year` is '
            "not set. Write the first of the hundred years they stand for: `pivot_year: 1930` takes 30 to 99 for "
            "1930 to 1999 and 00 to 29 for 2000 to 2029."
        )
    for one, other in itertools.combinations(split(date_format), 2):
        if found := conflict(one, other, pivot_year):
            text, days = found
            problems.append(
                f'`date_formats` gives "{date_format}" for {name}, but "{text}" would be {days[0]} by {one} and '
                f"{days[1]} by {other}. Keep one of the two, or write the dates of the file in one way."
            )
    return problems


def _not_exact(key: tuple[str, str], given: Writing) -> str:
    return (
        f'`date_formats` gives "{given}" for {".".join(key)}, in which no date has a day. Day 0 is the day of the '
        'vertebroplasty, so it must be known: give a format with %d too, like "%d.%m.%Y|%m.%Y". Rows without a day '
        "are set aside."
    )


def is_usable(date_format) -> bool:
    """True when a format holds one year, at most one month and one day, and can be read back; or is "excel"."""
    if date_format == EXCEL:
        return True
    if not isinstance(date_format, str):
        return False
    used = _directives(date_format)
    if not set(used) <= _DIRECTIVES or date_format.count("%") != len(used) + used.count("%"):
        return False
    day, month, year = (sum(used.count(part) for part in parts) for parts in (("d",), _MONTHS, _YEARS))
    if year != 1 or month > 1 or day > month:
        return False
    if not day and set(used) - {*_MONTHS, *_YEARS, "%"}:
        return False
    date = datetime.date(2004, 3, 22)
    return days_of(date.strftime(date_format), date_format, SOME_PIVOT) == _span(date, date_format)


def is_partial(date_format: str) -> bool:
    """Whether its dates have no day of the month."""
    return date_format != EXCEL and "d" not in _directives(date_format)


def needs_pivot(date_format: str) -> bool:
    """Whether its years have two digits."""
    return date_format != EXCEL and "y" in _directives(date_format)


def example(date_format: str) -> str:
    """27 January 2006 in this format."""
    return "38744" if date_format == EXCEL else datetime.date(2006, 1, 27).strftime(date_format)


def exchanged(date_format: str) -> str:
    """The same format with day and month exchanged."""
    return date_format.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m")


def conflict(one: str, other: str, pivot_year: int | None = None) -> tuple[str, tuple[str, str]] | None:
    """A text that is one day by one format and another by the other, with these days in words; None if there is none.

    Days before 1980 and after 2100 count for nothing, as no date of a cohort lies there.
    """
    pivot_year = SOME_PIVOT if pivot_year is None else pivot_year
    for text in itertools.chain(_samples(one), _samples(other)):
        first, second = (plausible_days(text, own, pivot_year) for own in (one, other))
        if first and second and first != second:
            return text, (in_words(*first), in_words(*second))
    return None


def plausible_days(text: str, date_format: str, pivot_year: int | None = None):
    """As `days_of`; None as well for a date no cohort has."""
    days = days_of(text, date_format, pivot_year)
    return days if days and days[0] >= FIRST_DAY and days[1] <= LAST_DAY else None


def days_of(text: str, date_format: str, pivot_year: int | None = None) -> tuple[datetime.date, datetime.date] | None:
    """The first and the last day a text can mean by one format; None where it is no such date.

    Without `pivot_year` two-digit years are taken from 1930 on.
    """
    if date_format == EXCEL:
        return _from_excel(text)
    try:
        date = datetime.datetime.strptime(text, date_format).date()
        if needs_pivot(date_format):
            date = date.replace(year=full_year(date.year, SOME_PIVOT if pivot_year is None else pivot_year))
    except ValueError:
        return None
    return _span(date, date_format)


def full_year(year: int, pivot_year: int) -> int:
    """The year with these last two digits among the hundred years from `pivot_year` on."""
    return pivot_year + (year - pivot_year) % 100


def in_words(first: datetime.date, last: datetime.date) -> str:
    """A day like 2006-01-27, or from which to which."""
    return str(first) if first == last else f"{first} to {last}"


def has_month(date_format: str) -> bool:
    """Whether its dates say the month."""
    return date_format == EXCEL or bool(set(_directives(date_format)) & set(_MONTHS))


def _span(date: datetime.date, date_format: str) -> tuple[datetime.date, datetime.date]:
    if not is_partial(date_format):
        return date, date
    if not has_month(date_format):
        return date.replace(month=1, day=1), date.replace(month=12, day=31)
    return date.replace(day=1), date.replace(day=calendar.monthrange(date.year, date.month)[1])


def _from_excel(text: str) -> tuple[datetime.date, datetime.date] | None:
    if not re.fullmatch(r"[0-9]{1,7}([.,][0-9]+)?", text.strip()):
        return None
    day = int(re.split("[.,]", text.strip())[0])
    if not 1 <= day <= EXCEL_LAST or day == EXCEL_LEAP:
        return None
    date = datetime.date(1970, 1, 1) + datetime.timedelta(days=day - EXCEL_ZERO + (day < EXCEL_LEAP))
    return date, date


@cache
def _directives(date_format: str) -> Sequence[str]:
    return tuple(re.findall("%(.)", date_format))


@cache
def _samples(date_format: str) -> Sequence[str]:
    if date_format == EXCEL:
        return tuple(map(str, range(29_221, 73_415, 97)))
    return tuple(dict.fromkeys(datetime.date(*date).strftime(date_format) for date in _SAMPLE))
