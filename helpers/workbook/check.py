"""`workbook check`: read and clean a study's files without running it, and show what is wrong in them."""

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from helpers.cohort.corrections import read_corrections
from helpers.cohort.dictionary import RAW_TABLES, Dictionary, read_dictionary
from helpers.counts import counted
from helpers.errors import Problems, WorkbookError
from helpers.intake.mending_file import MendedSheet, read_rows, write_rows
from helpers.workbook.building import Building
from helpers.workbook.check_told import MEND, PAGE, REST, Check, page_of, summary
from helpers.workbook.checked import Checked, check_cohort
from helpers.workbook.found import found_by_rule, missing_columns
from helpers.workbook.lock import locked
from helpers.workbook.mending import EXPLANATION, rows_to_mend
from helpers.workbook.parameters import Parameter, merged, parameters_by_step
from helpers.workbook.places import project_root
from helpers.workbook.sources import read_sources
from helpers.workbook.spreadsheet import write_csv
from helpers.workbook.study import Study, checked_values, read_study

OWN_NAMES = frozenset({PAGE, MEND, ".DS_Store", *(REST.format(number) for number in range(1, 10))})
_NAMED = re.compile(r"`(\w+)`")
_NO_MATTER = {"study_name", "is_synthetic"}  # wrong in the study file, and the cohort can be read all the same


def check_study(
    study_file: str | Path, out: str | Path | None = None, *, root: Path | None = None, stream: TextIO | None = None
) -> Path:
    """Check the files of a study, write the page and the rows to mend into `out`, and tell what was found.

    Returns
    -------
    Path
        The folder; by default `reports/<study>.check`. It is readable by its owner alone.

    Raises
    ------
    WorkbookError
        If the place is not right, or holds corrections that would be lost.
    Problems
        With everything that stops the study; the page is there then too.
    """
    root = (root or project_root()).resolve()
    study = read_study(study_file)
    place = Building(_place(study, out, root), OWN_NAMES, "check")
    with locked(place.out):
        _check_closed(place.out / MEND)
        place.check()
        dictionary = read_dictionary()
        values, checked = _checked(study, merged(parameters_by_step(root)), dictionary)
        corrections = _corrections(values, study.folder)
        _keep_corrections(place.out / MEND, corrections)
        check = all_found(study, values, checked, corrections, dictionary)
        try:
            place.start().chmod(0o700)
            _write(check, place.aside)
        except BaseException:
            place.discard()
            raise
        place.put_in_place()
    print(summary(check, _as_typed(place.out)), file=stream or sys.stdout)
    if checked.problems:
        raise Problems(checked.heading, checked.problems)
    return place.out


def _place(study: Study, out: str | Path | None, root: Path) -> Path:
    if out:
        return Path(out).expanduser().absolute()
    report = study.default_out(root)
    return report.with_name(f"{report.name}.check")


def _checked(study: Study, parameters: Mapping[str, Parameter], dictionary: Dictionary) -> tuple[dict, Checked]:
    """The study's parameters, and what came of its cohort; what is wrong in the study file is told with the rest."""
    try:
        values = checked_values(study, parameters)
    except Problems as error:
        values = {name: own.default for name, own in parameters.items()}
        values |= {name: value for name, value in study.values.items() if name in values}
        told = list(error.problems)
        files = {f"{table}_file" for table in RAW_TABLES}
        wrong = {match[1] for problem in told if (match := _NAMED.match(problem))}
        checked = Checked()
        if wrong <= files | _NO_MATTER:
            checked = check_cohort(values | dict.fromkeys(wrong & files, ""), study.folder, dictionary)
            again = tuple(f"`{name}` names no file" for name in wrong)
            told += [problem for problem in checked.problems if not problem.startswith(again)]
        return values, replace(checked, heading=error.heading, problems=tuple(told))
    return values, check_cohort(values, study.folder, dictionary)


def all_found(
    study: Study, values: dict, checked: Checked, corrections: Mapping[str, MendedSheet], dictionary: Dictionary
) -> Check:
    """Everything the page tells: the study's files as they stand, what was found in them, and the rows to mend."""
    sources = read_sources(values, study.folder, dictionary)
    check = Check(study, values, checked, sources)
    if checked.cohort is None:
        return check
    if corrections and not _corrected_cells(corrections):
        idle = f"{values['corrections_file']} is named in the study file, but no cell in it was corrected."
        checked = replace(checked, notes=(*checked.notes, idle))
    return replace(
        check,
        checked=checked,
        found=found_by_rule(checked.cohort, sources),
        to_mend=rows_to_mend(checked.cohort, sources, corrections),
        lacking=missing_columns(sources, values, dictionary),
    )


def _corrections(values: Mapping, folder: Path) -> dict[str, MendedSheet]:
    """The corrections in use; none where they cannot be read, which is told elsewhere."""
    files = [values.get(f"{table}_file") for table in RAW_TABLES] + [values.get("cohort_file")]
    try:
        return read_corrections(values.get("corrections_file") or "", folder, filter(None, files))
    except Problems:
        return {}


def _check_closed(path: Path) -> None:
    """Refuse to replace a file that somebody has open, who would write over the new one."""
    if any(path.with_name(f"{mark}{path.name}{end}").exists() for mark, end in (("~$", ""), (".~lock.", "#"))):
        raise WorkbookError(f"{path} is open in a spreadsheet program. Save and close it there first.")


def _keep_corrections(path: Path, in_use: Mapping[str, MendedSheet]) -> None:
    """Refuse to replace a file in which somebody corrected cells that the study does not use yet."""
    if not path.is_file():
        return
    move = (
        "Move it beside your study file and name it there (`corrections_file`), or delete it; "
        "a check would replace it. Nothing was changed."
    )
    try:
        there = read_rows(path)
    except Problems as error:
        raise WorkbookError(f"{error.problems[0]} {move}") from None
    lost = _corrected_cells(there) - _corrected_cells(in_use)
    if lost:
        cells = counted(len(lost), "corrected cell")
        raise WorkbookError(f"{path} holds {cells} that the study does not use yet. {move}")


def _corrected_cells(sheets: Mapping[str, MendedSheet]) -> set[tuple[str, int, str, str]]:
    """(source, row, column, text) of every cell that was corrected."""
    return {
        (sheet.source, row.row, column, text)
        for sheet in sheets.values()
        for row in sheet.rows.values()
        for column, text in row.corrected.items()
    }


def _write(check: Check, folder: Path) -> None:
    sheets = [own.sheet for own in check.to_mend]
    if sheets:
        write_rows(folder / MEND, sheets, EXPLANATION)
    for number, own in enumerate(check.to_mend, start=1):
        if len(own.rest):
            write_csv(own.rest, folder / REST.format(number))
    (folder / PAGE).write_text(page_of(check), encoding="utf-8", newline="\n", errors="replace")
    for path in folder.iterdir():
        path.chmod(0o600)


def _as_typed(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
