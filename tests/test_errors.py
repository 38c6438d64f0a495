"""Errors that are the user's to mend are told apart from faults of the workbook."""

import importlib
import pkgutil

import helpers
from helpers.errors import INPUT_ERRORS, Problems, WorkbookError, WorkbookFault
from helpers.workbook.failure import RunFailedError
from helpers.workbook.sweep import SweepFailedError


def kin(error: type) -> set[type]:
    return {error}.union(*(kin(child) for child in error.__subclasses__()))


def test_every_error_for_users_is_known_by_name():
    for module in pkgutil.walk_packages(helpers.__path__, "helpers."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    assert {error.__name__ for error in kin(WorkbookError) - {RunFailedError, SweepFailedError}} == set(INPUT_ERRORS)


def test_a_fault_of_the_workbook_is_not_told_as_the_users():
    assert not issubclass(WorkbookFault, WorkbookError)


def test_problems_are_told_all_at_once():
    assert str(Problems("Two things:", ["first", "second"])) == "Two things:\n  - first\n  - second"
