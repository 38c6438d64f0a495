"""A study's tables cut into parts of whole patients, with a study file that names them."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from helpers.cohort.cohort_source import NO_PARTS
from helpers.cohort.parts import is_passed_over, mark_of
from helpers.errors import WorkbookError
from helpers.workbook.building import exchange
from helpers.workbook.parameters import merged, parameters_by_step
from helpers.workbook.places import project_root
from helpers.workbook.steps import STEPS, Step
from helpers.workbook.study import checked_values, read_study

TABLES = ("patients", "procedures", "fractures", "imaging")
STUDY = "study.yml"


@dataclass(frozen=True)
class Partition:
    """The study file of a cohort in parts, how many parts there are, and whether they replaced others."""

    study: Path
    n_parts: int
    is_replaced: bool


def partition_study(
    study_file: str | Path,
    out: str | Path,
    *,
    patients_per_part: int,
    steps: Sequence[Step] = STEPS,
    root: Path | None = None,
) -> Partition:
    """Write the tables of a study as folders of parts into `out`, with a copy of the study file that names them.

    `out` gets identifiers and dates, so only its owner may read it. One that exists must be empty or hold an
    earlier partition, which is replaced.

    Raises
    ------
    WorkbookError
        If the study file or its tables are not right, or `out` holds other things.
    """
    from helpers.cohort.dictionary import read_dictionary
    from helpers.cohort.partition import write_partition
    from helpers.cohort.readers import read_cohort

    study = read_study(study_file)
    values = checked_values(study, merged(parameters_by_step(root or project_root(), steps)))
    if values.get("cohort_file"):
        raise WorkbookError(NO_PARTS)
    if values.get("corrections_file"):
        raise WorkbookError(
            "Cells are corrected by hand (`corrections_file`) in a cohort in one piece only; nothing was written. "
            "Mend the files themselves and leave `corrections_file` out."
        )
    out = Path(out).expanduser().absolute()
    _check_folder(out, study.folder)
    files = {table: values[f"{table}_file"] for table in TABLES}
    names = values["column_names"]
    raw = read_cohort(files, read_dictionary(), folder=study.folder, column_names=names)

    aside = out.with_name(f".{out.name}.partition-{os.getpid()}")
    out.parent.mkdir(parents=True, exist_ok=True)
    aside.mkdir(mode=0o700)
    try:
        n_parts = write_partition(raw, aside, patients_per_part=patients_per_part, column_names=names)
        changed = {f"{table}_file": table for table in raw}
        if "study_folder" in study.values:
            changed["study_folder"] = str(out)
        text = study.path.read_text(encoding="utf-8-sig")
        (aside / STUDY).write_text(changed_lines(text, changed), encoding="utf-8")
        is_replaced = out.exists() and any(out.iterdir())
        exchange(aside, out, former=out.with_name(f".{out.name}.former-{os.getpid()}"))
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Partition(out / STUDY, n_parts, is_replaced)


def changed_lines(text: str, changed: Mapping[str, str]) -> str:
    """A study file with other values for some of its lines, and lines for those that it lacks; comments stay.

    Raises
    ------
    WorkbookError
        If its lines are not plain enough for that.
    """
    former = yaml.safe_load(text)
    places = {key.value: value for key, value in yaml.compose(text).value}
    new = [f"{name}: {_written(value)}" for name, value in changed.items() if name not in places]
    ends = sorted(((places[name], value) for name, value in changed.items() if name in places), key=_start)
    for node, value in reversed(ends):
        value_there = text[node.start_mark.index : node.end_mark.index]
        end = value_there[len(value_there.rstrip()) :]  # a value of several lines goes to the beginning of the next
        text = text[: node.start_mark.index] + _written(value) + end + text[node.end_mark.index :]
    text = "\n".join([text.rstrip("\n"), *new, ""])
    if _read(text) != former | changed:
        raise WorkbookError(
            "The study file cannot be copied with other file names. Write it in lines of the form `name: value`, "
            "without braces around all of them and without a closing `...`."
        )
    return text


def _read(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _written(value: str) -> str:
    return value if value.isidentifier() else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _strangers(out: Path) -> list[str]:
    """What in a folder no partition has written; a study file is one of ours only beside tables of ours."""
    ours, strangers = [], []
    for entry in sorted(out.iterdir()):
        if entry.name in TABLES and entry.is_dir():
            others = [path.name for path in entry.iterdir() if not is_passed_over(path) and not mark_of(path)]
            strangers += [f"{entry.name}/{name}" for name in sorted(others)[:1]]
            ours += [entry] * (not others)
        elif not is_passed_over(entry) and entry.name != STUDY:
            strangers.append(entry.name)
    return strangers + [STUDY] * ((out / STUDY).exists() and not ours)


def _start(place: tuple[yaml.Node, str]) -> int:
    return place[0].start_mark.index


def _check_folder(out: Path, study_folder: Path) -> None:
    if out.is_symlink() or out.exists() and not out.is_dir():
        raise WorkbookError(f"{out.name} is not a folder. Give a new one with --out DIR.")
    if out.resolve() == study_folder.resolve():
        raise WorkbookError(f"{out.name} is the folder of the study itself. Give a new one with --out DIR.")
    if strange := _strangers(out) if out.is_dir() else []:
        raise WorkbookError(
            f"{out.name} holds things that are no partition ({', '.join(strange[:3])}). "
            "They would be replaced: give a new folder with --out DIR."
        )
