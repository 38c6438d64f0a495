"""Whose turn it is: which notebook may work while others do, and which cells wait for another notebook's tables."""

import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import nbformat

from helpers.workbook.steps import Step

READ = re.compile(r"""\.read\(\s*["'](\w+)["']""")


class State(Enum):
    """How far a notebook is."""

    NOT_STARTED = "not started"
    WORKING = "working"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(eq=False)
class Turn:
    """One notebook of a run: how far it is, its seconds at work, and what it came to.

    `waits_for` are the tables without which it cannot go on, `written` those that are there before it is done.
    """

    step: Step
    state: State = State.NOT_STARTED
    waits_for: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    is_stopped: bool = False
    notebook: nbformat.NotebookNode | None = None
    error: BaseException | None = None
    thread: threading.Thread | None = None
    may_go_on: threading.Event = field(default_factory=threading.Event)
    _seconds: float = 0.0
    _since: float = 0.0

    @property
    def is_alive(self) -> bool:
        """True while its kernel lives."""
        return self.state in (State.WORKING, State.WAITING)

    @property
    def tables(self) -> frozenset[str]:
        """Those of its tables that others can read."""
        return frozenset(self.step.writes) if self.state is State.DONE else self.written

    @property
    def seconds(self) -> float:
        """How long it has worked; waiting for others does not count."""
        return self._seconds + (time.monotonic() - self._since if self.state is State.WORKING else 0.0)

    def enter(self, state: State) -> None:
        """From now on it is in `state`."""
        self._seconds, self._since = self.seconds, time.monotonic()
        self.state = state


def next_turn(turns: Sequence[Turn], *, cores: int) -> Turn | None:
    """The notebook that may go on or start now; None when nobody may.

    At most `cores` work at a time, because more would only take turns on them; others start where a core has nothing to
    do, so that their imports are done when what they wait for is there. One that waited goes before one that has not
    started; then the first goes before others, which wait for it, and the longest, beside which the others have time
    to work.
    """
    n_working = sum(turn.state is State.WORKING for turn in turns)
    if n_working >= cores or any(turn.state is State.FAILED for turn in turns):
        return None
    tables = frozenset().union(*(turn.tables for turn in turns))
    waiting = [turn for turn in turns if turn.state is State.WAITING and turn.waits_for <= tables]
    unstarted = [turn for turn in turns if turn.state is State.NOT_STARTED]

    def rank(turn: Turn) -> tuple[bool, ...]:
        return turn.state is State.NOT_STARTED, turn is not turns[0], not turn.step.is_longest

    return min(waiting + unstarted, key=rank, default=None)


def waits(step: Step, sources: Sequence[str], steps: Sequence[Step]) -> Mapping[str, frozenset[str]]:
    """For the source of each cell that reads other notebooks' tables, those that must be there before it starts.

    A table that no cell names in `.read("...")` is waited for before the first cell.
    """
    tables = {table for earlier in steps[: steps.index(step)] for table in earlier.writes if table in step.reads}
    named = {source: tables.intersection(READ.findall(source)) for source in sources}
    named[sources[0]] |= tables.difference(*named.values())
    return {source: frozenset(tables) for source, tables in named.items() if tables}
