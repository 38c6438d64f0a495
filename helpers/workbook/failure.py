"""A run that failed: what is raised for it, and the page that tells it in the folder where its notebooks are kept."""

import re
import shlex
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.errors import INPUT_ERRORS, WorkbookError
from helpers.report.html import write_page
from helpers.workbook.kernel import NotebookError
from helpers.workbook.places import portable
from helpers.workbook.portable import without_places
from helpers.workbook.turns import State, Turn

if TYPE_CHECKING:
    from helpers.workbook.run import Plan

CLEAR_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
OUT_OF_MEMORY = (
    "Its process was ended from outside, most often because the memory ran out. "
    "Close other programs or use a machine with more memory, then run again."
)
IN_PLAIN_WORDS = "The workbook met something that its makers had not foreseen."
FAULT = "This is a fault of the workbook; its makers can use the line above."
MEND = "Mend what is named above, in your files or in the study file, then run again:"
AGAIN = "When that is done, run again:"
TO_MAKERS = (
    "Nothing of this asks you to change your files. Tell the makers of the workbook what stands above and behind the "
    "fold, without any line that shows a patient. To try once more:"
)
ON_DISK = "Look whether the disk is full and whether you may write into this folder, then run again:"
ENDINGS = {
    State.DONE: "answered",
    State.FAILED: "failed",
    State.STOPPED: "stopped, because another question failed",
    State.NOT_STARTED: "not started, because another question failed",
}


class RunFailedError(WorkbookError):
    """A notebook that did not finish; `exit_code` is 2 when the study's input is to be mended, else 1."""

    def __init__(self, message: str, exit_code: int, turns: Sequence[Turn] = ()):
        super().__init__(message)
        self.exit_code = exit_code
        self.turns = tuple(turns)


def failure(turns: Sequence[Turn], plan: "Plan") -> BaseException:
    """What to raise for the notebooks that failed: all of them are told at once."""
    failed = [turn for turn in turns if turn.error]
    unknown = [turn.error for turn in failed if not isinstance(turn.error, NotebookError)]
    if unknown:
        return unknown[0]
    kept = _as_typed(plan.place.failed)
    before = " The last good report is untouched." if plan.place.out.exists() else ""
    return RunFailedError(
        "\n\n".join(_told(turn, plan) for turn in failed)
        + f"\nThe notebooks so far are kept in {kept}/, with a page that tells all of it: {kept}/index.html.{before}",
        2 if any(turn.error.kind in INPUT_ERRORS for turn in failed) else 1,
        turns,
    )


def keep_failure(plan: "Plan", error: Exception) -> None:
    """Keep the notebooks of a failed run with a page that tells what failed, why, and what to do."""
    folder = plan.place.keep_failed()
    turns = error.turns if isinstance(error, RunFailedError) else ()
    told = [_section(turn, plan) for turn in turns if turn.error] or [_section_of_run(error, plan)]
    with suppress(OSError):  # what went wrong is told where the run was started, too
        write_page(
            folder / "index.html",
            "failed.html",
            title=f"{plan.values.get('study_name', plan.study.name)} – not finished",
            study_name=str(plan.values.get("study_name", plan.study.name)),
            is_synthetic=False,
            failed=told,
            others=[(turn.step.question, ENDINGS.get(turn.state, "stopped")) for turn in turns if not turn.error],
            again=f"workbook run {shlex.quote(portable(plan.study.path, plan.root))}",
            last_report=f"../{plan.place.out.name}/index.html" if (plan.place.out / "index.html").is_file() else "",
        )
        (folder / "index.html").chmod(0o600)


def _section(turn: Turn, plan: "Plan") -> dict[str, str]:
    error = turn.error
    kept = f"notebooks/{turn.step.stem}.failed.ipynb"
    return {
        "heading": turn.step.question,
        "notebook": kept if (plan.place.failed / kept).is_file() else "",
        "cause": (f"{IN_PLAIN_WORDS}\n" if _is_fault(error) else "") + _cause(error, plan),
        "to_do": MEND if error.kind in INPUT_ERRORS else AGAIN if error.kind == "DeadKernel" else TO_MAKERS,
        "trace": without_places(_trace(error), plan.replaced),
    }


def _section_of_run(error: Exception, plan: "Plan") -> dict[str, str]:
    """What failed outside of any notebook: while the pages were put together, say."""
    trace = "".join(traceback.format_exception(error))
    return {
        "heading": "The report could not be put together",
        "notebook": "",
        "cause": without_places(f"{type(error).__name__}: {error}", plan.replaced),
        "to_do": ON_DISK if isinstance(error, OSError) else TO_MAKERS,
        "trace": without_places(trace, plan.replaced),
    }


def _trace(error: NotebookError) -> str:
    cells = error.notebook.cells if error.notebook else ()
    outputs = [output for cell in cells for output in cell.get("outputs", ()) if output.output_type == "error"]
    return CLEAR_ANSI.sub("", "\n".join(outputs[-1].traceback)).strip() if outputs else ""


def _told(failed: Turn, plan: "Plan") -> str:
    return f'"{failed.step.question}" ({failed.step.notebook}) could not be answered.\n{_cause(failed.error, plan)}'


def _cause(error: NotebookError, plan: "Plan") -> str:
    words = without_places(CLEAR_ANSI.sub("", error.words).strip(), plan.replaced)
    if error.kind == "DeadKernel":
        return OUT_OF_MEMORY
    return f"{error.kind}: {words}\n{FAULT}" if _is_fault(error) else words


def _is_fault(error: NotebookError) -> bool:
    return error.kind not in (*INPUT_ERRORS, "DeadKernel", "Incomplete")


def _as_typed(path: Path) -> str:
    """A path as somebody in this folder would type it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
