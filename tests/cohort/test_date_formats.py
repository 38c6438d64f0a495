"""How dates are written: several formats, years of two digits, and what is refused before anything is read."""

import datetime

import numpy as np
import pandas as pd
import pytest

from helpers.cohort.date_formats import conflict, days_of, full_year, resolve_formats, writing
from helpers.cohort.dates import parse_dates, read_dates
from helpers.errors import Problems
from tests.cohort.cohorts import DICTIONARY, cleaned, study

TREATED = "A | @0 | T12"


def read(text: str, date_format: str, pivot_year=None):
    """First and last day of a text, and whether it is too far off."""
    found = read_dates(pd.Series([text], dtype=object), writing(date_format, pivot_year))
    days = tuple(None if pd.isna(own.iloc[0]) else str(own.iloc[0].date()) for own in (found.first, found.last))
    return *days, bool(found.is_far_off[0])


@pytest.mark.parametrize(
    ("text", "date_format", "first", "last"),
    [
        ("27.01.2006", "%d.%m.%Y", "2006-01-27", "2006-01-27"),
        ("27.01.2006", "%m.%Y|%d.%m.%Y", "2006-01-27", "2006-01-27"),
        ("02.2004", "%d.%m.%Y|%m.%Y", "2004-02-01", "2004-02-29"),
        ("12.2005", "%m.%Y", "2005-12-01", "2005-12-31"),
        ("2005", "%d.%m.%Y|%m.%Y|%Y", "2005-01-01", "2005-12-31"),
        ("2005", "excel|%Y", "2005-01-01", "2005-12-31"),  # day number 2005 lies in 1905
        ("38744", "%Y|excel", "2006-01-27", "2006-01-27"),
        ("Jan 2006", "%d %b %Y|%b %Y", "2006-01-01", "2006-01-31"),
        ("2006-01-27 10:30", "%Y-%m-%d|%Y-%m-%d %H:%M", "2006-01-27", "2006-01-27"),
        ("27.01.2006", "%m.%Y", None, None),
    ],
)
def test_the_first_format_that_fits_is_taken(text, date_format, first, last):
    assert read(text, date_format) == (first, last, False)


def test_a_date_too_far_off_by_every_format_is_told_as_such():
    assert read("01.01.1904", "%d.%m.%Y|%m.%Y") == (None, None, True)
    assert read("01.01.9999", "%d.%m.%Y|%m.%Y") == (None, None, True)
    assert read("soon", "%d.%m.%Y|%m.%Y") == (None, None, False)


@pytest.mark.parametrize(
    ("text", "pivot_year", "date"),
    [
        ("27.01.06", 1930, "2006-01-27"),
        ("27.01.68", 1930, None),  # 1968; Python itself would take 2068
        ("27.01.85", 1930, "1985-01-27"),
        ("27.01.85", 1990, "2085-01-27"),
        ("29.02.00", 1930, "2000-02-29"),
        ("29.02.00", 1900, None),  # there was none in 1900
        ("28.02.00", 1930, "2000-02-28"),
        ("27.01.29", 1930, "2029-01-27"),
        ("27.01.99", 1930, "1999-01-27"),
        ("27.01.99", 2000, "2099-01-27"),
    ],
)
def test_years_of_two_digits_lie_in_the_hundred_years_from_the_pivot_on(text, pivot_year, date):
    assert read(text, "%d.%m.%y", pivot_year)[0] == date


def test_every_year_of_two_digits_is_read_by_every_pivot_as_it_is_by_hand():
    texts = pd.Series([f"15.06.{year:02d}" for year in range(100)], dtype=object)
    for pivot_year in range(1900, 2002):
        dates, is_far_off = parse_dates(texts, "%d.%m.%y", pivot_year)
        expected = [next(y for y in range(pivot_year, pivot_year + 100) if y % 100 == two) for two in range(100)]
        assert dates.dt.year.tolist() == expected == [full_year(two, pivot_year) for two in range(100)]
        assert not is_far_off.any()


def test_a_format_with_two_digits_needs_the_pivot():
    raw = study(["A | 27.01.06 ||||"], [TREATED])
    formats = {"patients.last_imaging_date": "%d.%m.%y"}
    with pytest.raises(Problems, match="years have two digits .* `pivot_year` is not set. .* `pivot_year: 1930` takes"):
        cleaned(raw, date_formats=formats)
    cohort = cleaned(raw, date_formats=formats, pivot_year=1930)
    assert cohort.patients["last_imaging_date"].tolist() == [pd.Timestamp(2006, 1, 27)]
    assert cohort.ledger.empty


def test_a_year_of_two_digits_is_a_finding_where_the_format_has_four_whatever_the_pivot():
    raw = study(["A | 06-01-27 ||||"], [TREATED])
    assert cleaned(raw, pivot_year=1930).ledger["rule"].tolist() == ["two_digit_year"]


def test_of_several_formats_each_tells_what_is_wrong_with_a_date():
    raw = study(["A | 01.27.2006 | 27.01.06 | 2006/01/27 ||"], [TREATED])
    formats = dict.fromkeys(("last_imaging_date", "last_contact_date", "death_date"), "%d.%m.%Y|%m.%Y")
    ledger = cleaned(raw, date_formats={f"patients.{name}": own for name, own in formats.items()}).ledger
    assert ledger["rule"].tolist() == ["day_and_month_swapped", "two_digit_year", "date_not_in_format"]
    assert ledger["why"].str.contains("dates are written like 27.01.2006 or 01.2006").all()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("%d/%m/%Y", "%m/%d/%Y"),
        ("%d.%m.%y", "%y.%m.%d"),
        ("%d.%m.%y", "%m.%d.%y"),
        ("%Y%m%d", "%Y%d%m"),
        ("%m.%y", "%y.%m"),
        ("%Y", "%y%m"),
        ("%y%m%d", "excel"),
        ("%d %b %y", "%y %b %d"),
    ],
)
def test_formats_by_which_a_text_is_two_days_do_not_go_together(one, other):
    for pair in ((one, other), (other, one)):
        text, _ = conflict(*pair, 1930)
        assert len({days_of(text, own, 1930) for own in pair}) == 2
        formats = {"patients.death_date": "|".join(pair)}
        (told,) = resolve_formats(formats, DICTIONARY, 1930)[1]
        assert f'for patients.death_date, but "{text}" would be ' in told


@pytest.mark.parametrize(
    "date_format",
    ["%d.%m.%Y|%m.%Y|%Y|excel", "%d.%m.%Y|%d.%m.%y", "%Y-%m-%d|%d.%m.%Y", "%d/%m/%Y|%Y-%m-%d %H:%M", "%m/%y|%d/%m/%y"],
)
def test_formats_that_agree_go_together(date_format):
    assert resolve_formats({"default": date_format}, DICTIONARY, 1930)[1] == []


def test_a_format_left_open_is_refused_with_its_choices():
    for name in ("patients.death_date", "default"):
        (told,) = resolve_formats({name: "?"}, DICTIONARY)[1]
        assert f'leaves {name} open ("?"). Decide how dates in ' in told
        assert '"%d/%m/%Y" (day first), "%m/%d/%Y" (month first)' in told


def test_all_that_is_wrong_with_formats_is_told_at_once():
    formats = {"default": "%d.%m.%y", "patients.death_date": "?", "imaging.imaging_date": "%d/%m/%Y|%m/%d/%Y"}
    assert len(resolve_formats(formats, DICTIONARY)[1]) == 3
    (told,) = resolve_formats({"procedures.procedure_date": "%m.%Y|%Y"}, DICTIONARY)[1]
    assert told.startswith('`date_formats` gives "%m.%Y|%Y" for procedures.procedure_date, in which no date has a day.')


def test_a_text_is_the_same_days_alone_and_in_a_column():
    rng = np.random.default_rng(1)
    formats = ("%Y-%m-%d", "%d.%m.%y", "%m/%d/%Y", "%m.%Y", "%Y", "excel", "%d %b %Y")
    days = [datetime.date(1985, 1, 1) + datetime.timedelta(days=int(day)) for day in rng.integers(0, 36_000, 50)]
    for date_format in formats:
        texts = [
            str(day.toordinal() - 693_594) if date_format == "excel" else day.strftime(date_format) for day in days
        ]
        found = read_dates(pd.Series(texts, dtype=object), writing(date_format, 1985))
        alone = [days_of(text, date_format, 1985) for text in texts]
        assert list(zip(found.first.dt.date, found.last.dt.date, strict=True)) == alone
        if date_format not in ("%m.%Y", "%Y"):
            assert [first for first, _ in alone] == days
