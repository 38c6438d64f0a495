"""How many rows a CSV file has, without reading its cells one by one."""

import csv
from pathlib import Path

import numpy as np

_BLOCK = 1 << 24
_COMMA, _QUOTE, _LINE_FEED, _RETURN = (ord(sign) for sign in ',"\n\r')
_BOM = b"\xef\xbb\xbf"


def count_rows(path: Path) -> int | None:
    """Rows below the header, blank lines not counted, lines broken inside quotes counted once; None if not readable."""
    n_lines = _lines_between_quotes(path)
    if n_lines is None:
        n_lines = _lines_as_python_reads(path)
    return None if n_lines is None else max(n_lines - 1, 0)


def _lines_between_quotes(path: Path) -> int | None:
    """Lines that are not blank; None where a quote stands in the middle of a cell or is never closed.

    Where every quote that opens begins a cell, or follows the one that closed (two for one), line ends count after an
    even number of quotes.
    """
    n_lines, is_open, before = 0, 0, _LINE_FEED
    with path.open("rb") as file:
        if file.read(len(_BOM)) != _BOM:
            file.seek(0)
        while block := file.read(_BLOCK):
            signs = np.frombuffer(bytes([before]) + block, dtype=np.uint8)
            is_end = (signs == _LINE_FEED) | (signs == _RETURN)
            quotes, ends = np.flatnonzero(signs[1:] == _QUOTE) + 1, np.flatnonzero(is_end[1:]) + 1
            if len(quotes):
                opens_after = signs[quotes[is_open::2] - 1]
                if not np.isin(opens_after, (_COMMA, _QUOTE, _LINE_FEED, _RETURN)).all():
                    return None
            ends = ends[(np.searchsorted(quotes, ends) + is_open) % 2 == 0]
            n_lines += int(np.count_nonzero(~is_end[ends - 1]))
            is_open, before = (is_open + len(quotes)) % 2, block[-1]
    return None if is_open else n_lines + (before not in (_LINE_FEED, _RETURN))


def _lines_as_python_reads(path: Path) -> int | None:
    with path.open(encoding="latin-1", newline="") as file:
        try:
            return sum(1 for row in csv.reader(file) if row)
        except csv.Error:
            return None
