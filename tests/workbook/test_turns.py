"""Who may work while others do, and which cells wait."""

from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from helpers.workbook.steps import STEPS, Step
from helpers.workbook.turns import State, Turn, next_turn, waits

ROOT = Path(__file__).parents[2]
FLOW = (
    Step("clean", "", "", "", (), ("patients", "risks")),
    Step("risk", "", "", "", ("risks",), ("ratios",)),
    Step("time", "", "", "", ("risks", "ratios"), ("curves",)),
    Step("report", "", "", "", ("ratios", "curves"), ()),
)
DONE, FAILED, STOPPED = State.DONE, State.FAILED, State.STOPPED
WORKING, WAITING, NOT_STARTED = State.WORKING, State.WAITING, State.NOT_STARTED


def names(turn: Turn | None) -> str | None:
    return None if turn is None else turn.step.name


@pytest.mark.parametrize(
    ("states", "cores", "goes"),
    [
        ((NOT_STARTED, NOT_STARTED, NOT_STARTED, NOT_STARTED), 1, "clean"),
        ((WORKING, NOT_STARTED, NOT_STARTED, NOT_STARTED), 1, None),
        ((WORKING, NOT_STARTED, NOT_STARTED, NOT_STARTED), 2, "risk"),
        ((WORKING, WAITING, NOT_STARTED, NOT_STARTED), 2, "time"),
        ((WORKING, WAITING, WAITING, NOT_STARTED), 2, "report"),  # a core has nothing to do
        ((DONE, WAITING, NOT_STARTED, NOT_STARTED), 1, "risk"),  # one that waited before a new one
        ((DONE, WORKING, WAITING, NOT_STARTED), 2, "report"),
        ((DONE, DONE, WAITING, WORKING), 2, "time"),
        ((FAILED, WORKING, NOT_STARTED, NOT_STARTED), 2, None),
        ((DONE, FAILED, WAITING, NOT_STARTED), 2, None),
        ((DONE, DONE, DONE, DONE), 2, None),
    ],
)
def test_whose_turn_it_is(states, cores, goes):
    turns = [Turn(step) for step in FLOW]
    for turn, state, waits_for in zip(turns, states, ((), ("risks",), ("ratios",), ("ratios", "curves")), strict=True):
        turn.waits_for = frozenset(waits_for)
        turn.enter(state)
    assert names(next_turn(turns, cores=cores)) == goes


@pytest.mark.parametrize(
    ("states", "goes"),
    [
        ((NOT_STARTED, NOT_STARTED, NOT_STARTED, NOT_STARTED), "clean"),
        ((WORKING, NOT_STARTED, NOT_STARTED, NOT_STARTED), "time"),
        ((WORKING, NOT_STARTED, WAITING, NOT_STARTED), "risk"),
        ((DONE, WAITING, WAITING, NOT_STARTED), "risk"),  # what the longest waits for is not there
        ((DONE, WAITING, NOT_STARTED, NOT_STARTED), "risk"),
    ],
)
def test_the_longest_goes_before_others_but_the_first(states, goes):
    turns = [Turn(replace(step, is_longest=step.name == "time")) for step in FLOW]
    for turn, state, waits_for in zip(turns, states, ((), ("risks",), ("ratios",), ("ratios", "curves")), strict=True):
        turn.waits_for = frozenset(waits_for)
        turn.enter(state)
    assert names(next_turn(turns, cores=2)) == goes


def test_the_longest_goes_on_before_others():
    turns = [Turn(replace(step, is_longest=step.name == "time")) for step in FLOW]
    for turn, state in zip(turns, (DONE, WAITING, WAITING, NOT_STARTED), strict=True):
        turn.waits_for = frozenset({"risks"})
        turn.enter(state)
    assert names(next_turn(turns, cores=2)) == "time"


def test_waiting_is_no_work(monkeypatch):
    now = iter(range(100))
    monkeypatch.setattr("helpers.workbook.turns.time.monotonic", lambda: next(now))
    turn = Turn(FLOW[0])
    turn.enter(WORKING)
    before = turn.seconds
    turn.enter(WAITING)
    rested = turn.seconds
    assert turn.seconds == rested > before > 0
    turn.enter(WORKING)
    assert turn.seconds > rested


def test_a_cell_waits_for_the_tables_it_names():
    sources = ["import x", "run = open_run()", 'risks = run.read("risks")', "more", "run.read('ratios', ['a'])"]
    assert waits(FLOW[2], sources, FLOW) == {sources[2]: {"risks"}, sources[4]: {"ratios"}}
    assert waits(FLOW[0], sources, FLOW) == {}


def test_a_table_that_no_cell_names_is_waited_for_first():
    sources = ["import x", "for name in names:\n    run.read(name)", 'run.read("ratios")']
    assert waits(FLOW[2], sources, FLOW) == {sources[0]: {"risks"}, sources[2]: {"ratios"}}


def test_a_table_is_there_once_its_notebook_is_done_or_past_the_cell_that_writes_it():
    turns = [Turn(step) for step in FLOW]
    for turn, state in zip(turns, (WORKING, WAITING, NOT_STARTED, NOT_STARTED), strict=True):
        turn.enter(state)
    turns[1].waits_for = frozenset({"risks"})
    assert names(next_turn(turns, cores=2)) == "time"
    turns[0].written = frozenset({"risks"})
    assert names(next_turn(turns, cores=2)) == "risk"
    assert turns[0].tables == {"risks"}
    turns[0].enter(DONE)
    assert turns[0].tables == {"patients", "risks"}


def test_a_later_notebook_is_not_waited_for():
    circle = (FLOW[1], FLOW[0])
    assert waits(FLOW[1], ['run.read("risks")'], circle) == {}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_notebook_waits_for_what_it_reads_where_it_reads_it(step):
    sources = [cell.source for cell in nbformat.read(ROOT / step.notebook, 4).cells]
    waiting = waits(step, sources, STEPS)
    assert set().union(*waiting.values()) == set(step.reads)
    assert sources[0] not in waiting
    assert all(".read(" in source for source in waiting)
