"""The names handed on by the room are its functions and records, not modules of the same name."""

import inspect

import pytest

import helpers.estimators

# They work on arrays, estimates and records; none of them estimates anything itself.
HELPERS = {"by_group", "by_horizon", "from_frame", "interleaved", "to_frame"}
# The same of rows or patients that have been counted: the words are those of the estimator itself.
COUNTED = "_of"
ESTIMATORS = [
    name
    for name in helpers.estimators.__all__
    if inspect.isfunction(getattr(helpers.estimators, name)) and name not in HELPERS and not name.endswith(COUNTED)
]


@pytest.mark.parametrize("name", helpers.estimators.__all__)
def test_a_name_is_a_function_or_a_record_with_words(name):
    thing = getattr(helpers.estimators, name)
    assert inspect.isfunction(thing) or inspect.isclass(thing)
    assert len(inspect.getdoc(thing)) > 40


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_says_what_it_is_in_r(name):
    assert "In R" in inspect.getdoc(getattr(helpers.estimators, name))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_arguments_come_in_one_order(name):
    """So that an array in the wrong place is refused and not taken for another."""
    order = ["left", "right", "days", "event", "outcome", "score", "exposed", "group", "patient"]
    parameters = inspect.signature(getattr(helpers.estimators, name)).parameters.values()
    places = [order.index(p.name) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.name in order]
    assert places == sorted(places)


def test_completion_shows_the_names_and_nothing_else():
    assert dir(helpers.estimators) == sorted(helpers.estimators.__all__)
