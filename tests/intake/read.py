"""Sheets as the lists that tests compare."""

import datetime

import pytest

from helpers.errors import Problems
from helpers.intake.sheet import open_sheet
from helpers.intake.text_columns import DATES, TEXTS


def values(sheet) -> dict[str, list]:
    """Name -> cells: texts, or dates and None."""
    assert all(column.type in (TEXTS, DATES) for column in sheet.columns)
    return {name: column.to_pylist() for name, column in zip(sheet.header, sheet.columns, strict=True)}


def read(source, **options) -> dict[str, list]:
    """The same of a source."""
    return values(open_sheet(source, **options))


def problems(source, **options) -> str:
    """What stops it, each on a line."""
    with pytest.raises(Problems) as caught:
        open_sheet(source, **options)
    return "\n".join(caught.value.problems)


def day(text: str) -> datetime.date:
    """A date."""
    return datetime.date.fromisoformat(text)
