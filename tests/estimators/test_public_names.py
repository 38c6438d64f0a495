"""The names handed on by the room are its functions and records, not modules of the same name."""

import inspect

import pytest

import helpers.estimators


@pytest.mark.parametrize("name", helpers.estimators.__all__)
def test_a_name_is_a_function_or_a_record_with_words(name):
    thing = getattr(helpers.estimators, name)
    assert inspect.isfunction(thing) or inspect.isclass(thing)
    assert len(inspect.getdoc(thing)) > 40
