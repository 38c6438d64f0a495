"""Notebooks side by side: one thread executes each, the thread that called decides who may work."""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import nbformat

from helpers.workbook.kernel import OffSwitch
from helpers.workbook.progress import Progress
from helpers.workbook.steps import Step
from helpers.workbook.turns import State, Turn, next_turn

TICK = 0.5  # seconds between looks at the clock; on Windows Ctrl-C is heard only then
LONGEST_FAREWELL = 30  # seconds that a notebook may take to notice that its kernel was ended

BeforeCell = Callable[[int, str], None]
Work = Callable[[Step, BeforeCell], nbformat.NotebookNode]


class Written(frozenset):
    """Tables that a notebook has written before it is done."""


class StoppedError(Exception):
    """The notebook was ended because the run was, or because another one failed."""


def run_side_by_side(
    steps: Sequence[Step],
    work: Work,
    *,
    waits: Mapping[str, Mapping[str, frozenset[str]]],
    written: Callable[[Step], frozenset[str]],
    progress: Progress,
    switch: OffSwitch,
    cores: int,
) -> list[Turn]:
    """Execute the notebook of every step with `work(step, before_cell)`; each turn says what it came to.

    `waits[step name][source of a cell]` are the tables that must be there before this cell starts, and `written(step)`
    those that a notebook between two cells has written so far; all are there when it is done. When a notebook fails,
    those at work beside it go on to their end or to the next cell that waits, and no other starts.

    Raises
    ------
    KeyboardInterrupt
        If the run was interrupted and nothing had failed before; all kernels are ended then.
    """
    return _Run(steps, work, waits, written, progress, switch, cores).to_its_end()


class _Run:
    def __init__(
        self,
        steps: Sequence[Step],
        work: Work,
        waits: Mapping[str, Mapping[str, frozenset[str]]],
        written: Callable[[Step], frozenset[str]],
        progress: Progress,
        switch: OffSwitch,
        cores: int,
    ):
        self._turns = [Turn(step) for step in steps]
        self._work, self._waits, self._written = work, waits, written
        self._progress, self._switch, self._cores = progress, switch, cores
        self._told: queue.SimpleQueue[tuple[Turn, int | frozenset[str] | State]] = queue.SimpleQueue()

    def to_its_end(self) -> list[Turn]:
        with self._progress:
            try:
                self._let_go_on()
                while any(turn.is_alive for turn in self._turns):
                    self._hear()
                    self._let_go_on()
            except BaseException as error:
                self._stop()
                has_failed = any(turn.state is State.FAILED for turn in self._turns)
                if not (isinstance(error, KeyboardInterrupt) and has_failed):
                    raise
        return self._turns

    def _let_go_on(self) -> None:
        if any(turn.state is State.FAILED for turn in self._turns):
            for turn in self._turns:
                if turn.state is State.WAITING:
                    turn.is_stopped = True
                    turn.may_go_on.set()
        while turn := next_turn(self._turns, cores=self._cores):
            turn.enter(State.WORKING)
            if turn.thread is None:
                self._progress.starts(self._turns.index(turn))
                turn.thread = threading.Thread(target=self._execute, args=(turn,), name=turn.step.name, daemon=True)
                turn.thread.start()
            else:
                turn.may_go_on.set()

    def _hear(self) -> None:
        try:
            turn, told = self._told.get(timeout=TICK)
        except queue.Empty:
            self._progress.tick()
            return
        place = self._turns.index(turn)
        match told:
            case int():
                self._progress.cell(place, told)
            case Written():
                turn.written = told
            case frozenset():
                turn.waits_for = told
                turn.enter(State.WAITING)
                self._progress.waits(place)
            case State():
                turn.enter(told)
                self._progress.ended(place, told.value, turn.seconds)

    def _stop(self) -> None:
        self._switch.press()
        for turn in self._turns:
            turn.is_stopped = True
            turn.may_go_on.set()
        for place, turn in enumerate(self._turns):
            if turn.is_alive:
                turn.thread.join(LONGEST_FAREWELL)
                turn.enter(State.STOPPED)
                self._progress.ended(place, turn.state.value, turn.seconds)

    def _execute(self, turn: Turn) -> None:
        """In a thread of its own: execute the notebook and tell how it ended."""
        try:
            turn.notebook = self._work(turn.step, partial(self._before_cell, turn))
            ending = State.DONE
        except StoppedError:
            ending = State.STOPPED
        except BaseException as error:
            ending = State.STOPPED if turn.is_stopped else State.FAILED
            turn.error = None if turn.is_stopped else error
        self._told.put((turn, ending))

    def _before_cell(self, turn: Turn, number: int, source: str) -> None:
        """In the notebook's thread: tell where it is, and wait here for the tables that the cell needs."""
        written = Written(self._written(turn.step))
        if written != turn.written:
            self._told.put((turn, written))
        waits_for = self._waits[turn.step.name].get(source)
        if waits_for:
            turn.may_go_on.clear()
            self._told.put((turn, waits_for))
            if not turn.is_stopped:  # it may have been stopped since, and would then wait for nobody
                turn.may_go_on.wait()
        if turn.is_stopped:
            raise StoppedError
        self._told.put((turn, number))
