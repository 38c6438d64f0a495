"""The errors a reader of the workbook may meet; every message is a sentence in the user's terms."""

from collections.abc import Sequence


class WorkbookError(ValueError):
    """Something the user can mend: the message names what is wrong, the rule, and the next step."""


INPUT_ERRORS = ("WorkbookError", "Problems", "LevelError")  # by name, as a notebook's kernel tells them


class WorkbookFault(Exception):
    """Something is wrong in the workbook itself, not in what the user gave: its makers are to mend it."""


class Problems(WorkbookError):
    """Several things to mend, told all at once.

    Parameters
    ----------
    heading : str
        One sentence that says where the problems are.
    problems : sequence of str
        One sentence each, in the order a reader meets them in the file.
    """

    def __init__(self, heading: str, problems: Sequence[str]):
        self.heading = heading
        self.problems = tuple(problems)
        super().__init__("\n".join([heading, *(f"  - {problem}" for problem in self.problems)]))
