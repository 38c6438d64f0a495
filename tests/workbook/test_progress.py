"""The lines that a run tells: whole and in order, with a last one that follows on a terminal."""

import io

from helpers.workbook.progress import Progress

CELLS = {"Count": 3, "Tell": 12}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_stand_in_the_order_of_the_flow():
    stream = io.StringIO()
    with Progress(CELLS, stream) as progress:
        progress.cell(0, 1)
        progress.ended(1, "done", 2.34)
        assert stream.getvalue() == ""
        progress.ended(0, "done", 1.0)
    assert stream.getvalue() == (
        "1/2 Count ........................ done in 1.0 s\n2/2 Tell ......................... done in 2.3 s\n"
    )


def test_a_line_whose_turn_never_came_is_told_at_the_end():
    stream = io.StringIO()
    with Progress(CELLS, stream) as progress:
        progress.ended(1, "failed", 0.5)
        assert stream.getvalue() == ""
    assert stream.getvalue() == "2/2 Tell ......................... failed in 0.5 s\n"


def test_a_terminal_follows_those_at_work(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    stream = Terminal()
    with Progress(CELLS, stream) as progress:
        progress.starts(0)
        assert stream.getvalue() == "\r0 s | 1/2 Count: starting"
        progress.cell(0, 2)
        progress.cell(1, 7)
        assert stream.getvalue().endswith("\r0 s | 1/2 Count: cell 2 of 3 | 2/2 Tell: cell 7 of 12")
        progress.waits(1)
        assert stream.getvalue().rstrip(" ").endswith("\r0 s | 1/2 Count: cell 2 of 3")
        progress.ended(1, "done", 1.0)
        assert stream.getvalue().endswith("\r0 s | 1/2 Count: cell 2 of 3 | 2/2 Tell: done")
        progress.ended(0, "failed", 1.0)
    told = stream.getvalue().split("\n")
    assert [line.rsplit("\r", 1)[1] for line in told[:2]] == [
        "1/2 Count ........................ failed in 1.0 s",
        "2/2 Tell ......................... done in 1.0 s",
    ]
    assert told[2].rsplit("\r", 1)[1] == ""


def test_the_last_line_fits_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    Progress(CELLS, stream).cell(1, 7)
    assert stream.getvalue() == "\r0 s | 2/2 Tell: cel"
