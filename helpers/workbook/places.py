"""Where things are: the project, a study's files, and names safe to use as folders."""

import os
import re
import unicodedata
from pathlib import Path

from helpers.errors import WorkbookError

MARKERS = ("notebooks", "helpers")


def project_root() -> Path:
    """The folder that holds `notebooks/` and `helpers/`.

    It is where this package lives, else the first one from the working directory upwards.

    Raises
    ------
    WorkbookError
        If neither has them.
    """
    here = Path(__file__).resolve().parents[2]
    for folder in (here, Path.cwd(), *Path.cwd().parents):
        if all((folder / marker).is_dir() for marker in MARKERS):
            return folder
    raise WorkbookError(
        "The folder with `notebooks/` and `helpers/` was not found. "
        "Run the command inside the workbook's folder, the one with README.md."
    )


def from_root(folder: str | Path, root: Path | None = None) -> Path:
    """`folder` as it is when absolute, else from the project root (never from the working directory)."""
    folder = Path(folder).expanduser()
    return folder if folder.is_absolute() else (root or project_root()) / folder


def input_path(study_folder: str, file_name: str) -> Path | None:
    """Path of an input file of the study; None when its name is empty (the study has no such file)."""
    return from_root(study_folder) / file_name if file_name else None


def safe_name(text: str) -> str:
    """`text` as a name for a folder on any system: small letters, digits, - and _.

    Raises
    ------
    WorkbookError
        If nothing is left of it.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")[:60]
    if not name:
        raise WorkbookError(f'No folder name can be made of "{text}". Use letters or digits, or give --out DIR.')
    return name


def portable(path: Path, root: Path) -> str:
    """`path` as a reader elsewhere may see it: from the project root when inside, else its last name only."""
    path = Path(os.path.normpath(path))  # "study/../../elsewhere" is not inside
    return path.relative_to(root).as_posix() or "." if path.is_relative_to(root) else path.name


def leads_elsewhere(name: str) -> bool:
    """True for a path that is whole, or leads out of the folder it is seen from."""
    return Path(name).is_absolute() or name.startswith(("../", "..\\"))
