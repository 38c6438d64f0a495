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
    """One notebook of a run: how far it is, the steps it waits for, its seconds at work, and what it came to."""

    step: Step
    state: State = State.NOT_STARTED
    waits_for: frozenset[str] = frozenset()
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
    def seconds(self) -> float:
        """How long it has worked; waiting for others does not count."""
        return self._seconds + (time.monotonic() - self._since if self.state is State.WORKING else 0.0)

    def enter(self, state: State) -> None:
        """From now on it is in `state`."""
        self._seconds, self._since = self.seconds, time.monotonic()
        self.state = state


def next_turn(turns: Sequence[Turn], *, cores: int) -> Turn | None:
    """The notebook that may go on or start now; None when nobody may.

    At most `cores` work at a time, because more would only take turns on them; one more may be alive, so that its
    imports are done when what it waits for is there. One that waited goes before one that has not started; then the
    first goes before others, which wait for it, and the longest, beside which the others have time to work.
    """
    n_working, n_alive = (sum(turn.state in states for turn in turns) for states in (_AT_WORK, _ALIVE))
    if n_working >= cores or any(turn.state is State.FAILED for turn in turns):
        return None
    done = {turn.step.name for turn in turns if turn.state is State.DONE}
    waiting = [turn for turn in turns if turn.state is State.WAITING and turn.waits_for <= done]
    unstarted = [turn for turn in turns if turn.state is State.NOT_STARTED and n_alive <= cores]

    def rank(turn: Turn) -> tuple[bool, ...]:
        return turn.state is State.NOT_STARTED, turn is not turns[0], not turn.step.is_longest

    return min(waiting + unstarted, key=rank, default=None)


_AT_WORK = (State.WORKING,)
_ALIVE = (State.WORKING, State.WAITING)


def waits(step: Step, sources: Sequence[str], steps: Sequence[Step]) -> Mapping[str, frozenset[str]]:
    """For the source of each cell that reads other notebooks' tables, the steps that must be done before it starts.

    A table that no cell names in `.read("...")` is waited for before the first cell.
    """
    before = steps[: steps.index(step)]
    writer = {table: earlier.name for earlier in before for table in earlier.writes if table in step.reads}
    named = {source: writer.keys() & set(READ.findall(source)) for source in sources}
    unnamed = writer.keys() - set().union(*named.values())
    named[sources[0]] |= unnamed
    return {source: frozenset(writer[table] for table in tables) for source, tables in named.items() if tables}
