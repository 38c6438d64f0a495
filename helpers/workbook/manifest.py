"""What a run was made of and what it made: enough to run it again and to see whether it came out the same."""

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from helpers.disclosure import hides
from helpers.intake.names import is_url, masked, split_name
from helpers.workbook.cores import usable_cores
from helpers.workbook.csv_rows import count_rows
from helpers.workbook.parameters import Parameter
from helpers.workbook.places import leads_elsewhere, portable
from helpers.workbook.printing import made_by
from helpers.workbook.steps import Step
from helpers.workbook.study import Study

PACKAGES = (
    "dask", "distributed", "ipykernel", "lifelines", "matplotlib", "nbclient", "nbformat", "numpy", "pandas", "pandera",
    "papermill", "psycopg", "pyarrow", "pyreadstat", "python-calamine", "scipy", "seaborn", "statsmodels", "tableone",
)  # fmt: skip
NOT_SHARED = ("private", "manifest.json")


def write_manifest(
    folder: Path,
    *,
    study: Study,
    values: Mapping[str, object],
    parameters: Mapping[str, Parameter],
    steps: Sequence[Step],
    root: Path,
    started: datetime,
) -> None:
    """Write `manifest.json` of the run in `folder`. Times stand here and nowhere else in a report."""
    manifest = {
        "study": study.path.name,
        "seed": values.get("seed"),
        "parameters": {
            name: {
                "value": _shown(value),
                "default": _shown(parameters[name].default),
                "set_by_study": name in study.values,
            }
            for name, value in sorted(values.items())
            if parameters[name].rule.kind != "folder"
        },
        "inputs": inputs(study, values, parameters, steps, root),
        "notebooks": {step.notebook: digest(root / step.notebook) for step in steps},
        "outputs": outputs(folder),
        "parts": parts(folder),
        "pdf": _pdf(folder),
        "versions": versions(),
        "git": git_state(root),
        "machine": {"platform": platform.system(), "processor": platform.machine(), "cores": usable_cores()},
        "started": _instant(started),
        "ended": _instant(datetime.now(UTC)),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def inputs(
    study: Study,
    values: Mapping[str, object],
    parameters: Mapping[str, Parameter],
    steps: Sequence[Step],
    root: Path,
) -> list[dict]:
    """The study file, the files it names and the reference files: name, digest, size, rows; of databases the name."""
    named = [
        (name, split_name(str(values[name]), study.folder)[0])
        for name, parameter in parameters.items()
        if parameter.rule.kind == "file" and values[name]
    ]
    # How many rows a file has, which its size tells as well, is a count like any other.
    hidden = {name for name, _ in named} if hides(int(values.get("suppress_below", 0))) else set()
    reference = [("reference", root / name) for name in sorted({name for step in steps for name in step.data})]
    return [
        {
            "role": role,
            "name": masked(path) if is_url(path) else portable(path, root),
            "sha256": None if is_url(path) else digest(path),
            "bytes": None if is_url(path) or role in hidden else sum(file.stat().st_size for file in _files(path)),
            "rows": None if is_url(path) or role in hidden else rows(path),
        }
        for role, path in [("study_file", study.path), *named, *reference]
    ]


def outputs(folder: Path) -> dict[str, str]:
    """Digest of every file a run shares, by its path in the report."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path: path.relative_to(folder) for path in files}
    return {name.as_posix(): digest(path) for path, name in names.items() if name.parts[0] not in NOT_SHARED}


def _pdf(folder: Path) -> dict | None:
    """What printed `report.pdf`; its bytes hang on that and on the fonts of the machine."""
    printed = made_by(folder)
    return {"made_by": printed, "compared_by_verify": False} if printed else None


def digest(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of its files' names and digests."""
    if path.is_dir():
        lines = [f"{file.name} {digest(file)}\n" for file in _files(path)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def parts(folder: Path) -> int | None:
    """In how many parts the run in `folder` was computed; None where it was in one."""
    return max((len(_files(table)) for table in _tables(folder) if table.is_dir()), default=None)


def _tables(folder: Path) -> list[Path]:
    return [*folder.glob("tables/*.parquet"), *folder.glob("private/tables/*.parquet")]


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("part-*.parquet")) if path.is_dir() else [path]


def rows(path: Path) -> int | None:
    """Rows of a CSV file below its header, or of a Parquet file or a folder of parts; None for other files."""
    if path.suffix.lower() == ".csv":
        return count_rows(path)
    if not path.is_dir() and path.suffix.lower() != ".parquet":
        return None
    try:
        return sum(pq.read_metadata(file).num_rows for file in _files(path))
    except pa.ArrowException:
        return None


def git_state(root: Path) -> dict | None:
    """The commit the workbook stands at and whether files differ from it; None without git."""
    top = _git(root, "rev-parse", "--show-toplevel")
    commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if top is None or commit is None or Path(top).resolve() != root.resolve():
        return None
    return {"commit": commit, "files_changed_since": bool(_git(root, "status", "--porcelain"))}


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def versions() -> dict[str, str | None]:
    """Versions of Python and of the packages a number can depend on."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def _shown(value: object) -> object:
    """A value without folders outside of the study's, which can hold a user's name, and without a password."""
    if is_url(value):
        return masked(str(value))
    return Path(value).name if isinstance(value, str) and leads_elsewhere(value) else value


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
