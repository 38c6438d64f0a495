"""One line per notebook on the terminal, filled in as it runs."""

import time
from types import TracebackType
from typing import TextIO

WIDTH = 34


class ProgressLine:
    """`1/5 Clean the cohort ........... done in 6.2 s`; on a terminal it counts the cells while they run."""

    def __init__(self, label: str, stream: TextIO, *, of: int = 0):
        self._label = f"{label} ".ljust(WIDTH, ".")
        self._stream = stream
        self._cells = of
        self._live = stream.isatty()
        self._started = time.monotonic()
        self._length = 0

    def __enter__(self) -> "ProgressLine":
        if self._live:
            self._show("starting")
        return self

    def cell(self, number: int) -> None:
        """Say which cell runs; only a terminal shows it."""
        if self._live:
            self._show(f"cell {number} of {self._cells}, {time.monotonic() - self._started:.0f} s")

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ending = "done" if kind is None else "stopped" if issubclass(kind, KeyboardInterrupt) else "failed"
        self._show(f"{ending} in {time.monotonic() - self._started:.1f} s")
        self._stream.write("\n")
        self._stream.flush()

    def _show(self, text: str) -> None:
        line = f"{self._label} {text}"
        self._stream.write(("\r" + line.ljust(self._length)) if self._live else line)
        self._length = len(line)
        self._stream.flush()
