"""How the dates of a column seem to be written."""

import pytest

from helpers.cohort.date_guesses import DateGuess, guess_date_format


def guess(*texts: str, **others) -> DateGuess:
    return guess_date_format(texts, range(2, 2 + len(texts)), **others)


@pytest.mark.parametrize(
    ("texts", "date_format"),
    [
        (["2006-01-27", "2006-02-03"], "%Y-%m-%d"),
        (["27.01.2006", "03.04.2005"], "%d.%m.%Y"),
        (["1/27/2006", "3/4/2005"], "%m/%d/%Y"),
        (["27.01.2006", "03.04.2005", "05.2005", "2004"], "%d.%m.%Y|%m.%Y|%Y"),
        (["27/01/2006", "01/02/03"], "%d/%m/%Y|%d/%m/%y"),
        (["38744", "36000"], "excel"),
        (["38744", "36000", "2004"], "excel|%Y"),
        (["2006-01-27 13:45", "2006-01-28 00:00"], "%Y-%m-%d %H:%M"),
        (["12 Jan 2004", "Jan 2004"], "%d %b %Y|%b %Y"),
        (["20060127", "20060203"], "%Y%m%d"),
        (["2006-01-27", "27.02.2006", "01.02.2006"], "%d.%m.%Y|%Y-%m-%d"),
        (["03.04.2005", "03.05.2005"], None),
        (["27.01.06", "03.02.01"], None),
        (["yes", "no", "27.01.2006"], None),
        ([], None),
    ],
)
def test_the_format_that_fits(texts, date_format):
    assert guess(*texts).format == date_format


def test_days_that_may_be_months_are_left_open():
    found = guess("03/04/2005", "", "01/02/2003", "05/05/2005")
    assert found.candidates == ("%d/%m/%Y", "%m/%d/%Y")
    assert (found.n_values, found.n_fitting, found.n_ambiguous) == (3, 3, 2)
    assert found.ambiguous_rows == (2, 4)


def test_one_day_after_the_twelfth_decides_the_others_which_are_told_all_the_same():
    found = guess("03/04/2005", "13/02/2003", "01/02/2003")
    assert found.candidates == ("%d/%m/%Y",)
    assert found.ambiguous_rows == (2, 4)


def test_further_formats_go_with_the_order_of_the_first():
    assert guess("1.2.2005", "2.1.05").candidates == ("%d.%m.%Y|%d.%m.%y", "%m.%d.%Y|%m.%d.%y")
    found = guess("27.01.2006", "28.01.2006", "01/27/2006")
    assert (found.format, found.rows["not_fitting"]) == ("%d.%m.%Y", (4,))


def test_what_is_out_of_the_ordinary_is_counted_with_its_first_rows():
    found = guess("27.01.2006", "28.01.06", "NA", "05.2006", "38744", "soon", "28.01.06", missing_codes={"na"})
    assert found.format == "%d.%m.%y|%d.%m.%Y|excel|%m.%Y"
    assert (found.n_values, found.n_fitting, found.needs_pivot) == (6, 5, True)
    assert (found.n_two_digit_years, found.n_partial, found.n_excel) == (2, 1, 1)
    assert found.rows == {
        "ambiguous": (3, 8),
        "two_digit_years": (3, 8),
        "partial": (5,),
        "excel": (6,),
        "not_fitting": (7,),
    }


def test_where_most_fit_nothing_no_format_is_proposed():
    found = guess("27.01.2006", "soon", "later")
    assert (found.format, found.candidates, found.needs_pivot) == (None, (), False)
    assert found.rows["not_fitting"] == (3, 4)
