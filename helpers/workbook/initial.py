"""`workbook init`: a folder with a proposed study file for the files that a clinic has."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.cohort.dictionary import read_dictionary
from helpers.errors import Problems, WorkbookError
from helpers.intake.names import NO_PASSWORD, called, has_password, is_url
from helpers.intake.redcap import beside
from helpers.setup.printed import printed
from helpers.setup.proposal import propose
from helpers.setup.sources import open_given
from helpers.setup.study_text import study_text
from helpers.workbook.study import read_study

STUDY_FILE = "study.yml"


@dataclass(frozen=True)
class Initial:
    """A study file that was written: where, what is to be shown, and what is to be decided."""

    path: Path
    shown: str
    undecided: tuple[str, ...]


def init_study(sources: Sequence[str], out: str | Path, *, copy: bool = False) -> Initial:
    """Look at the files and write a study file with what they seem to be; no patient's data are written.

    Parameters
    ----------
    sources : sequence of str
        Files, sheets of them as `FILE#SHEET`, or addresses of databases.
    out : path
        The study's folder; made where it is not there. A study file there is never overwritten.
    copy : bool
        Copy the files into the folder instead of naming them where they are.

    Raises
    ------
    WorkbookError
        If there is a study file already, or a file cannot be named from the folder.
    Problems
        With everything that cannot be read.
    """
    folder = Path(os.path.realpath(Path(out).expanduser()))
    path = folder / STUDY_FILE
    if path.exists():
        raise WorkbookError(
            f"{path} is there already and stays as it is. Give another folder with --out, or move that file away."
        )
    if folder.exists() and not folder.is_dir():
        raise WorkbookError(f"{out} is a file. Give a folder with --out, for example studies/mine.")
    if with_password := [source for source in sources if is_url(source) and has_password(source)]:
        raise WorkbookError(f"{called(with_password[0])} has a password in its address. {NO_PASSWORD}")
    sources = [source if is_url(source) else str(Path(source).expanduser()) for source in sources]
    sheets = open_given(sources)
    proposal = propose(sheets, read_dictionary())
    places = {given.location: _place(given.location, folder, copy=copy) for given in sheets}
    if copy:
        _check_copies(places, folder)
    text = study_text(
        proposal,
        _name(out),
        lambda given: places[given.location] + (f"#{given.sheet}" if given.sheet else ""),
    )
    folder.mkdir(parents=True, exist_ok=True)
    _keep_out_of_git(folder)
    if copy:
        _copy(places, folder)
    path.write_text(text, encoding="utf-8")
    return Initial(
        path,
        printed(proposal, sheets),
        tuple(told for sentences in read_study(path).undecided.values() for told in sentences),
    )


def _name(out: str | Path) -> str:
    name = Path(out).expanduser().absolute().name
    return name.replace("_", " ").strip() or "Study"


def _place(location: str, folder: Path, *, copy: bool) -> str:
    """The file as seen from the study's folder."""
    if is_url(location):
        return location
    if copy:
        return Path(location).name
    try:
        return Path(os.path.relpath(os.path.realpath(location), folder)).as_posix()
    except ValueError:
        raise WorkbookError(
            f"{Path(location).name} is on another drive than {folder.name}. Add --copy to copy it into the folder."
        ) from None


def _check_copies(places: dict[str, str], folder: Path) -> None:
    names = [name for location, name in places.items() if not is_url(location)]
    problems = [f"{name} would come from two folders." for name in dict.fromkeys(names) if names.count(name) > 1]
    problems += [
        f"{name} is in {folder.name} already."
        for location, name in places.items()
        if not is_url(location) and (folder / name).exists() and not (folder / name).samefile(location)
    ]
    if problems:
        raise Problems("The files cannot be copied; nothing was written:", problems)


def _copy(places: dict[str, str], folder: Path) -> None:
    """The files, and the data dictionary or catalogue beside one, readable by their owner only."""
    for location in places:
        if is_url(location):
            continue
        path = Path(location)
        for file in (path, beside(path), path.with_suffix(".sas7bcat")):
            if file is None or not file.is_file() or (folder / file.name).exists():
                continue
            shutil.copyfile(file, folder / file.name)
            (folder / file.name).chmod(0o600)


def _keep_out_of_git(folder: Path) -> None:
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", encoding="utf-8")
