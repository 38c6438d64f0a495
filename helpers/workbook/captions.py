"""The words of a report's figures, one line each in `figures/figures.csv`; several notebooks may add theirs at once."""

import csv
from collections.abc import Sequence
from pathlib import Path

CAPTIONS = "figures.csv"
COLUMNS = ("figure", "notebook", "caption", "text_alternative")


def start_captions(figures: Path) -> None:
    """An empty list in the folder of the figures."""
    figures.mkdir(parents=True, exist_ok=True)
    _write(figures / CAPTIONS, [COLUMNS])


def add_caption(figures: Path, line: str) -> None:
    """Add the line of one figure."""
    path = figures / CAPTIONS
    if not path.is_file():
        start_captions(figures)
    with path.open("ab") as file:  # one write at the end of the file: lines added at the same time both stay whole
        file.write(line.encode())


def order_captions(figures: Path, notebooks: Sequence[str]) -> None:
    """Put the lines in the order of `notebooks`, whichever was first; those of one notebook stay as they are."""
    path = figures / CAPTIONS
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    _write(path, [header, *sorted(lines, key=lambda line: notebooks.index(line[COLUMNS.index("notebook")]))])


def _write(path: Path, lines: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)
