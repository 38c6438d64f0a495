"""The grammar of parameter comments, and what is said of a value that breaks its rule."""

import datetime

import pytest

from helpers.errors import Problems, WorkbookError
from helpers.workbook.kinds import parse_rule
from helpers.workbook.parameters import (
    merged,
    parameters_as_markdown,
    parameters_by_step,
    parse_parameters,
    read_parameters,
)

ACCEPTED = [
    ("share, between 0 and 1: m", 0.95),
    ("share: m", 1),
    ("count, at least 200: m", 200),
    ("count, from 1 to 3: m", 3),
    ("days: m", 0),
    ("number, above 0: m", 0.5),
    ("number: m", -4),
    ("seed: m", 2**32 - 1),
    ("one of censor, ignore: m", "ignore"),
    ("one of a, b or none: m", None),
    ("file or empty: m", ""),
    ("text: m", "Älter"),
    ("yes/no: m", False),
    ("level range: m", "T1-L5"),
    ("level range: m", "Th12 to L1"),
    ("list of days, increasing: m", [0, 90, 365]),
    ("list of numbers or empty: m", []),
    ("list of texts: m", ["a"]),
    ("mapping: m", {}),
    ("mapping: m", {"patients": {"patient_id": "ID"}, "default": "%Y"}),
    ("days or none: m", None),
]

REFUSED = [
    ("share, between 0 and 1: m", 95,
     "must be a share between 0 and 1, without these two, but got 95. Write 0.95 for 95%."),
    ("share, between 0 and 1: m", 1, "must be a share between 0 and 1, without these two, but got 1."),
    ("share: m", "0,95",
     'must be a share from 0 to 1, but got "0,95". Write 0.95, without quotes and with a point for decimals.'),
    ("share: m", float("nan"), "must be a share from 0 to 1, but got nan."),
    ("count, at least 200: m", True, "must be a whole number of at least 200, but got true."),
    ("count, at least 200: m", 2000.0, "must be a whole number of at least 200, but got 2000.0. Write 2000."),
    ("count: m", "1e3",
     'must be a whole number of at least 0, but got "1e3". Write 1000, without quotes and with a point for decimals.'),
    ("days, at least 1: m", None, "must be a whole number of days of at least 1, but nothing stands after it."),
    ("seed: m", -1, "must be a whole number from 0 to 4294967295, but got -1."),
    ("one of censor, ignore, reclassify: m", "Censored",
     'must be one of censor, ignore, reclassify, but got "Censored". Did you mean censor?'),
    ("one of yes, no: m", True,
     "must be one of yes, no, but got true. "
     "YAML takes yes, no, on and off for true and false: write the word in quotes."),
    ("yes/no: m", "true", 'must be true or false, but got "true". Write it without quotes.'),
    ("text: m", datetime.date(2006, 1, 27),
     'must be a text, but got 2006-01-27. YAML takes it for a date: write it in quotes, "2006-01-27".'),
    ("text: m", 7, 'must be a text, but got 7. Write it in quotes: "7".'),
    ("text: m", "", 'must be a text, but got "".'),
    ("file or empty: m", None, 'must be the name of a file or "" for none, but nothing stands after it.'),
    ("level range: m", "lumbar", 'must be a range of levels like "T1-L5", but got "lumbar".'),
    ("list of days, increasing: m", [0, 90, 90],
     "must be a list of days, each larger than the one before, but got [0, 90, 90]."),
    ("list of days, increasing from 0: m", [90, 365],
     "must be a list of days that starts with 0, each larger than the one before, but got [90, 365]."),
    ("list of days: m", [0, -1], "must be a list of days, but got [0, -1]."),
    ("list of days: m", [], "must be a list of days, but got an empty list."),
    ("mapping: m", {"a": {"b": {"c": "d"}}},
     "must be a mapping (`key: value` lines, or {} for none), but got {'a': {'b': {'c': 'd'}}}."),
    ("mapping: m", {"a": True},
     "must be a mapping (`key: value` lines, or {} for none), but got {'a': True}. YAML takes the word after \"a\": "
     "for true or false (as yes, no, on, off): write it in quotes."),
    ("mapping: m", {"a": {1: "b"}}, "must be a mapping (`key: value` lines, or {} for none), but got {'a': {1: 'b'}}. "
     'YAML takes 1 for a number: write it in quotes, "1".'),
]  # fmt: skip


@pytest.mark.parametrize(("comment", "value"), ACCEPTED)
def test_accepted(comment, value):
    assert parse_rule(comment).problem(value) is None


@pytest.mark.parametrize(("comment", "value", "sentence"), REFUSED)
def test_refused_in_words(comment, value, sentence):
    assert parse_rule(comment).problem(value) == sentence


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        ("confidence level", "must read `kind[, constraint]: meaning`"),
        ("share", "must read `kind[, constraint]: meaning`"),
        ("percentage: level", '"percentage" is not a kind of parameter'),
        ("count, between 1 and 3: levels", 'Write "from A to B" for whole numbers'),
        ("count, some: levels", '"some" is not a constraint that fits the kind "count"'),
        ("text, at least 3: name", "is not a constraint"),
    ],
)
def test_comment_that_breaks_the_grammar(comment, why):
    with pytest.raises(WorkbookError) as error:
        parse_rule(comment)
    assert why in str(error.value)


def test_a_whole_number_becomes_a_number_where_decimals_are_allowed():
    assert type(parse_rule("number: m").normal(1)) is float
    assert type(parse_rule("count: m").normal(1)) is int
    assert parse_rule("number or none: m").normal(None) is None


def test_meaning_is_what_follows_the_first_colon():
    assert parse_rule("share: level: of every interval").meaning == "level: of every interval"


def test_comment_of_a_long_value_may_stand_after_its_last_or_first_bracket():
    first, last = parse_parameters(
        'a = {  # mapping: first\n    "x": "y",\n}\nb = [\n    1,\n]  # list of days: last\n', "toy"
    )
    assert (first.rule.meaning, first.default) == ("first", {"x": "y"})
    assert (last.rule.meaning, last.default) == ("last", [1])


def test_every_bad_line_of_a_cell_is_told_at_once():
    with pytest.raises(Problems) as error:
        parse_parameters('a = 1\nb = len("x")  # count: n\nimport os\nc = -1  # count: n\n', "toy")
    assert error.value.problems == (
        "line 1: `a` needs a comment `# kind: meaning`.",
        "line 2: `b` must be a plain value, not code.",
        "line 3: only `name = value` may stand in a parameters cell.",
        "line 4: the default of `c` must be a whole number of at least 0, but got -1.",
    )


def test_reads_the_tagged_cell(toy, steps):
    names = [parameter.name for parameter in read_parameters(toy.root / "notebooks" / "2_tell.ipynb")]
    assert names == ["study_name", "run_folder", "conf_level"]
    everything = merged(parameters_by_step(toy.root, steps))
    assert everything["seed"].default == 20060127
    assert "| `conf_level` | `0.95` | a share between 0 and 1" in parameters_as_markdown(everything)


def test_shared_parameter_written_differently_is_refused(toy, steps):
    cells = [("code", "conf_level = 0.9  # share: another", ["parameters"])]
    toy.write_notebook("notebooks/2_tell.ipynb", cells)
    with pytest.raises(Problems, match="`conf_level` is 0.95 .* in count but 0.9"):
        merged(parameters_by_step(toy.root, steps))


def test_notebook_without_a_parameters_cell(toy):
    toy.write_notebook("notebooks/2_tell.ipynb", [("code", "1", [])])
    with pytest.raises(WorkbookError, match="exactly one cell tagged `parameters`, but has 0"):
        read_parameters(toy.root / "notebooks" / "2_tell.ipynb")
    with pytest.raises(WorkbookError, match="The notebook 9.ipynb is missing from notebooks/"):
        read_parameters(toy.root / "notebooks" / "9.ipynb")
