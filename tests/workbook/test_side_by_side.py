"""Threads that stand in for notebooks: how many work at a time, who waits for whom, what a failure and Ctrl-C do."""

import io
import threading
import time
from collections.abc import Callable

import pytest

from helpers.workbook.kernel import OffSwitch
from helpers.workbook.progress import Progress
from helpers.workbook.side_by_side import run_side_by_side
from helpers.workbook.steps import Step
from helpers.workbook.turns import State, Turn

LONG = 20


def flow(*names: str) -> tuple[Step, ...]:
    """Steps that each write one table, called as they are."""
    return tuple(Step(name, name, "", "", (), (name,)) for name in names)


def run(
    work: Callable, steps: tuple[Step, ...], cores: int = 2, written: Callable = lambda step: frozenset(), **waits: dict
) -> list[Turn]:
    told = Progress({step.name: 1 for step in steps}, io.StringIO())
    waits = {step.name: waits.get(step.name, {}) for step in steps}
    return run_side_by_side(steps, work, waits=waits, written=written, progress=told, switch=OffSwitch(), cores=cores)


def states(turns: list[Turn]) -> dict[str, str]:
    return {turn.step.name: turn.state.value for turn in turns}


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_never_more_at_work_than_cores(cores):
    at_work, most, lock = 0, 0, threading.Lock()

    def work(step, before_cell):
        nonlocal at_work, most
        before_cell(1, "")
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.05)
        with lock:
            at_work -= 1
        return step.name

    turns = run(work, flow(*"abcdef"), cores)
    assert [turn.notebook for turn in turns] == list("abcdef")
    assert most == cores


def test_one_that_waits_leaves_its_place_and_goes_on_when_the_other_is_done():
    order = []

    def work(step, before_cell):
        before_cell(1, "open")
        order.append(f"{step.name} opens")
        if step.name == "a":
            third.wait(LONG)
        if step.name == "c":
            third.set()
        before_cell(2, "read")
        order.append(f"{step.name} reads")
        return step.name

    third = threading.Event()
    turns = run(work, flow("a", "b", "c"), b={"read": frozenset("a")}, c={"read": frozenset("ab")})
    assert set(states(turns).values()) == {"done"}
    assert order.index("c opens") < order.index("a reads") < order.index("b reads") < order.index("c reads")


def test_one_that_waits_goes_on_as_soon_as_the_table_is_written():
    there, has_read = set(), threading.Event()

    def work(step, before_cell):
        before_cell(1, "open")
        before_cell(2, "write" if step.name == "a" else "read")
        if step.name == "b":
            has_read.set()
            return "b"
        there.add("a")
        before_cell(3, "go on")
        return "a" if has_read.wait(LONG) else "not read"

    turns = run(work, flow("a", "b"), b={"read": frozenset("a")}, written=lambda step: there & set(step.writes))
    assert [turn.notebook for turn in turns] == ["a", "b"]


def test_a_failure_stops_those_that_wait_and_not_those_that_work():
    def work(step, before_cell):
        if step.name == "a":
            assert waits_now.wait(LONG)
            raise ValueError("a")
        if step.name == "b":
            before_cell(1, "read")
        if step.name == "c":
            waits_now.set()
            time.sleep(0.3)
            return "c"
        before_cell(1, "")
        return step.name

    waits_now = threading.Event()
    turns = run(work, flow("a", "b", "c", "d"), b={"read": frozenset("a")})
    assert states(turns) == {"a": "failed", "b": "stopped", "c": "done", "d": "not started"}
    assert [repr(turn.error) for turn in turns] == ["ValueError('a')", "None", "None", "None"]


def test_two_failures_are_both_told():
    both = threading.Barrier(2, timeout=LONG)

    def work(step, before_cell):
        both.wait()
        raise OSError(step.name)

    turns = run(work, flow("a", "b", "c"))
    assert [str(turn.error) for turn in turns] == ["a", "b", "None"]
    assert states(turns)["c"] == "not started"


def test_even_an_exit_in_a_thread_is_an_end():
    def work(step, before_cell):
        raise SystemExit(3)

    (turn,) = run(work, flow("a"))
    assert (turn.state, repr(turn.error)) == (State.FAILED, "SystemExit(3)")


class Interrupting(io.StringIO):
    """A terminal at which somebody presses Ctrl-C, once, when a first cell is told."""

    pressed = False

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if "cell 1" in text and not self.pressed:
            self.pressed = True
            raise KeyboardInterrupt
        return super().write(text)


def test_ctrl_c_ends_those_at_work_and_those_that_wait():
    ended = []

    def work(step, before_cell):
        try:
            if step.name == "b":
                before_cell(2, "read")
            elif step.name == "c":
                before_cell(1, "")
            while not switch.is_off:
                time.sleep(0.01)
            raise ValueError("its kernel was ended")
        finally:
            ended.append(step.name)

    steps, switch, stream = flow("a", "b", "c"), OffSwitch(), Interrupting()
    waits = {"a": {}, "b": {"read": frozenset("a")}, "c": {}}
    progress = Progress({step.name: 1 for step in steps}, stream)
    with pytest.raises(KeyboardInterrupt):
        run_side_by_side(
            steps, work, waits=waits, written=lambda step: frozenset(), progress=progress, switch=switch, cores=2
        )
    assert sorted(ended) == ["a", "b", "c"]
    assert stream.getvalue().count("stopped in") == 3
