"""One line per notebook in the order of the flow; on a terminal a last line follows those at work."""

import shutil
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TextIO

WIDTH = 34


class Progress:
    """`1/5 Clean the cohort ........... done in 6.2 s`, as soon as that notebook and all before it have ended."""

    def __init__(self, cells: Mapping[str, int], stream: TextIO):
        """`cells` holds how many each notebook has, by its title."""
        self._titles = [f"{number}/{len(cells)} {title}" for number, title in enumerate(cells, start=1)]
        self._cells = list(cells.values())
        self._stream = stream
        self._live = stream.isatty()
        self._started = time.monotonic()
        self._doing: dict[int, str] = {}
        self._endings: dict[int, str] = {}
        self._told: set[int] = set()
        self._shown = ""

    def __enter__(self) -> "Progress":
        return self

    def starts(self, place: int) -> None:
        """Say that a notebook starts."""
        self._doing[place] = "starting"
        self.tick()

    def cell(self, place: int, number: int) -> None:
        """Say which cell of a notebook runs."""
        self._doing[place] = f"cell {number} of {self._cells[place]}"
        self.tick()

    def waits(self, place: int) -> None:
        """Say that a notebook waits for another one."""
        self._doing.pop(place, None)
        self.tick()

    def ended(self, place: int, ending: str, seconds: float) -> None:
        """Say how a notebook ended, and after how many seconds of its own work."""
        self._endings[place] = f"{ending} in {seconds:.1f} s"
        self._doing[place] = ending
        for next_place in range(len(self._titles)):
            if next_place not in self._endings:
                break
            self._tell(next_place)
        self.tick()

    def tick(self) -> None:
        """Follow the clock; only a terminal shows it."""
        if self._live:
            doing = [f"{self._titles[place]}: {what}" for place, what in sorted(self._doing.items())]
            self._show(" | ".join([f"{time.monotonic() - self._started:.0f} s", *doing]))

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for place in sorted(self._endings):
            self._tell(place)
        self._show("")

    def _tell(self, place: int) -> None:
        if place in self._told:
            return
        self._told.add(place)
        self._doing.pop(place, None)
        self._show("")
        self._stream.write(f"{f'{self._titles[place]} '.ljust(WIDTH, '.')} {self._endings[place]}\n")
        self._stream.flush()

    def _show(self, text: str) -> None:
        """Put `text` in place of the terminal's last line; a line that does not fit would not be replaced."""
        if not self._live:
            return
        text = text[: shutil.get_terminal_size().columns - 1]
        self._stream.write("\r" + text.ljust(len(self._shown)) + ("" if text else "\r"))
        self._stream.flush()
        self._shown = text
