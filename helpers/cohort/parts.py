"""Tables in parts: a folder of `part-00000.parquet` and so on, each with all rows of its patients."""

import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from helpers.cohort.dictionary import RAW_TABLES
from helpers.counts import counted
from helpers.errors import Problems

_PART = re.compile(r"part-(\d+)\.parquet")
_MARK = b"workbook_partition"
_AGAIN = "Copy the folder again, or make it again with `workbook partition`."


@dataclass
class PartedTable:
    """A table whose parts are the files of a folder; `len` counts its rows, `codebook` has its lines there."""

    folder: Path
    n_rows: int
    codebook: pd.DataFrame | None = None

    def __len__(self) -> int:
        return self.n_rows

    def read(self) -> pd.DataFrame:
        """The whole table."""
        return read_parts(self.folder)

    def move(self, folder: Path, *, mode: int | None = None) -> None:
        """Put the parts into another folder, in place of what stands there; with `mode`, that of their files."""
        for path in part_paths(self.folder) if mode is not None else ():
            path.chmod(mode)
        if folder != self.folder:
            clear(folder)
            self.folder = self.folder.rename(folder)


def part_name(number: int, ending: str = "parquet") -> str:
    """The name of a part's file."""
    return f"part-{number:05d}.{ending}"


def part_paths(folder: Path) -> list[Path]:
    """The parts in a folder, in the order of their numbers.

    Raises
    ------
    Problems
        If the folder holds other things or no parts, if some are missing, or if they say that they are of others.
    """
    names = [path.name for path in folder.iterdir() if not is_passed_over(path)]
    numbers = {int(match[1]): name for name in names if (match := _PART.fullmatch(name))}
    where = f'The folder "{folder.name}"'
    if not numbers:
        problem = f"{where} holds no {part_name(0)}. Name a file, or a folder that `workbook partition` has written."
    elif other := sorted(set(names) - set(numbers.values())):
        problem = f"{where} holds {other[0]} besides its parts. Take it out."
    elif missing := sorted(set(range(max(numbers))) - set(numbers)):
        problem = f"{where} has parts up to {part_name(max(numbers))}, but not {_listed(missing)}. {_AGAIN}"
    else:
        paths = [folder / numbers[number] for number in sorted(numbers)]
        if not (problem := _not_together(where, paths)):
            return paths
    raise Problems("The parts of a table cannot be read:", [problem])


def is_passed_over(path: Path) -> bool:
    """Whether a file is one that other programs leave in any folder (.DS_Store, _SUCCESS)."""
    return path.name.startswith((".", "_"))


def marked(table: pa.Table, mark: str) -> pa.Table:
    """A part that says of which partition it is, in its file's metadata."""
    return table.replace_schema_metadata({_MARK: mark})


def mark_of(path: Path) -> str:
    """What a part says of its partition; "" where it says nothing."""
    try:
        return (pq.read_schema(path).metadata or {}).get(_MARK, b"").decode()
    except (pa.ArrowException, OSError):
        return ""  # whoever reads the part will say what is wrong with it


def _not_together(where: str, paths: list[Path]) -> str:
    """What is wrong where parts are not all those of one partition; nothing where they do not say."""
    marks = {mark: path.name for path in reversed(paths) if (mark := mark_of(path))}
    if len(marks) > 1:
        two = " and ".join(sorted(marks.values())[:2])
        return f"{where} holds parts of more than one partition: {two} do not belong together. {_AGAIN}"
    n_parts = [int(mark.split()[0]) for mark in marks]
    if n_parts and n_parts[0] != len(paths):
        too_few = f"holds {len(paths)} of {n_parts[0]} parts: the last ones are missing"
        too_many = f"holds {len(paths)} parts, but was made with {n_parts[0]}"
        return f"{where} {too_few if len(paths) < n_parts[0] else too_many}. {_AGAIN}"
    return ""


def named_part(number: int, table: str) -> str:
    """What a part is called in messages."""
    return f"Part {number} of {table} ({part_name(number)})"


def uneven_parts(numbers: Mapping[str, int]) -> list[str]:
    """What is wrong where the tables (name -> how many parts) have not the same number of parts."""
    most = max(numbers.values(), default=0)
    whole = [table for table, number in numbers.items() if number == most]
    return [
        f"{table} has {counted(number, 'part')}, but {whole[0]} has {most}. {_AGAIN}"
        for table, number in numbers.items()
        if number < most
    ]


def differing_columns(table: str, parts: Sequence[Mapping[str, bool | None]]) -> list[str]:
    """What is wrong where the parts of a table have not the same columns.

    `parts` say of each column whether it is one of dates; None where it has no entry that could tell.
    """
    problems = []
    first, is_date = list(parts[0]), {}
    for number, columns in enumerate(parts):
        if set(columns) != set(first):
            lacks, has = set(first) - set(columns), set(columns) - set(first)
            other = [f"it lacks {_listed(sorted(lacks))}"] * bool(lacks) + [f"it has {_listed(sorted(has))}"] * bool(
                has
            )
            problems.append(f"{named_part(number, table)} has not the columns of part 0: {' and '.join(other)}.")
        for name, own in columns.items():
            if own is not None and is_date.setdefault(name, own) != own:
                kinds = ("dates", "text") if own else ("text", "dates")
                problems.append(
                    f"{named_part(number, table)} holds {name} as {kinds[0]}, parts before it as {kinds[1]}."
                )
    return [f"{problem} All parts must be alike." for problem in problems]


def repeated_rows(table: str, rows: Sequence[np.ndarray]) -> list[str]:
    """What is wrong where parts, of which these are the row numbers, have the same one twice."""
    together = np.sort(np.concatenate([np.zeros(0, dtype=np.int32), *rows]))
    if (np.diff(together) > 0).all():
        return []
    return [f"The parts of {table} have the same row number more than once. Number all rows of the table through."]


def split_patients(person: np.ndarray, part: np.ndarray) -> list[str]:
    """What is wrong where a person (a number from 0) is in more than one part; both have an entry per row."""
    one = np.zeros(person.max(initial=-1) + 1, dtype=part.dtype)
    one[person] = part
    is_split = one[person] != part
    if not is_split.any():
        return []
    at = np.argmax(is_split)
    parts = sorted((int(part[at]), int(one[person[at]])))
    return [
        f"Patients with rows in more than one part: {len(np.unique(person[is_split]))}, for example one in the parts "
        f"{parts[0]} and {parts[1]}. All rows of a patient must be in one part; `workbook partition` makes such parts."
    ]


def read_part(folder: Path, number: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """One part of a table."""
    return _read(folder / part_name(number), columns)


def read_parts(folder: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """All parts as one table: in the order of its patients, or else of the files and their rows."""
    paths = part_paths(folder)
    names = pq.read_schema(paths[0]).names
    order = ("patient",) if "patient" in names else ("table", "row")
    wanted = None if columns is None else list(dict.fromkeys([*columns, *order]))
    parts = [_read(path, wanted) for path in paths]
    parts = [part for part in parts if len(part)] or parts[:1]  # a part without rows has no categories
    parts = [dict(part.items()) for part in parts]
    whole = {name: _joined([part.pop(name) for part in parts]) for name in list(parts[0])}
    rows = np.lexsort([_rank(name, whole[name]) for name in reversed(order)])
    return pd.DataFrame({name: whole[name].take(rows) for name in columns or whole}, copy=False)


def write_part(frame: pd.DataFrame, folder: Path, number: int) -> None:
    """Write one part; whoever writes it again, or is stopped on the way, leaves no half of one."""
    with replacing(folder / part_name(number)) as path:
        frame.to_parquet(path, index=False)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write under; what stands there in the end takes the place of `path` in one step."""
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        yield aside
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def clear(path: Path) -> None:
    """Remove a file, or a folder of parts."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _read(path: Path, columns: Sequence[str] | None) -> pd.DataFrame:
    frame = pq.ParquetFile(path).read(columns=columns).to_pandas()
    # Parquet does not keep the categories of a table without rows.
    return frame.astype({"patient": "category"}) if frame.empty and "patient" in frame else frame


def _joined(columns: list[pd.Series]):
    """One column of all parts as an array."""
    if not isinstance(columns[0].dtype, pd.CategoricalDtype):
        return pd.concat(columns, ignore_index=True).array
    # pandas would look at every category again for every part.
    own = [column.cat.categories for column in columns]
    codes = [column.cat.codes.to_numpy() for column in columns]
    dtype = columns[0].dtype
    if not all(categories.equals(own[0]) for categories in own):
        dtype, place = _shared(columns[0].name, own, dtype.ordered)
        starts = np.cumsum([0, *map(len, own[:-1])])
        codes = [np.where(code < 0, -1, place[start + code]) for code, start in zip(codes, starts, strict=True)]
    return pd.Categorical.from_codes(np.concatenate(codes), dtype=dtype)


def _shared(name: str, own: list[pd.Index], ordered: bool) -> tuple[pd.CategoricalDtype, np.ndarray]:
    """All categories once, those of patients in the order of their numbers; and the place there of each part's."""
    together = np.concatenate([np.asarray(categories, dtype=object) for categories in own])
    if name == "patient":
        numbers = pc.utf8_slice_codeunits(pa.array(together, pa.string()), 1).cast(pa.int64()).to_numpy()
        _, first, place = np.unique(numbers, return_index=True, return_inverse=True)
        distinct = together[first]
    else:
        place, distinct = pd.factorize(together)
    return pd.CategoricalDtype(pd.Index(distinct, dtype=object), ordered=ordered), place.astype(np.int32)


def _rank(name: str, column) -> np.ndarray:
    if name == "table":
        return pd.Categorical(column, categories=list(RAW_TABLES)).codes
    return column.codes if isinstance(column, pd.Categorical) else np.asarray(column)


def _listed(names: Sequence, most: int = 5) -> str:
    names = [part_name(name) if isinstance(name, int) else name for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
