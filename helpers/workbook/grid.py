"""The grid of a sweep: which parameters take which values, or named cases of several parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from helpers.errors import Problems, WorkbookError
from helpers.workbook.parameters import Parameter
from helpers.workbook.places import safe_name
from helpers.workbook.settings import written
from helpers.workbook.study import Study, checked_values, read_study

CASES = "cases"
MOST_RUNS = 1_000


@dataclass(frozen=True)
class Case:
    """One run of a sweep: its number from 1, its name in words, and the parameters it sets."""

    number: int
    name: str
    values: dict

    def folder(self, n_cases: int) -> str:
        """Name of its folder: its number and as much of its name as a folder can carry."""
        return safe_name(f"{self.number:0{len(str(n_cases))}d}-{self.name}")

    def of(self, study: Study) -> Study:
        """The study as this case has it; its report carries the name of the case."""
        name = study.values.get("study_name", study.name)
        told = {"study_name": f"{name}: {self.name}"} if self.values else {}
        return replace(study, values=study.values | told | self.values)


def read_grid(path: str | Path) -> list[Case]:
    """The cases of a grid file: every combination of the values of its parameters, once for each named case.

    A parameter without any value leaves no combination; a file without parameters is the study as it is.

    Raises
    ------
    WorkbookError
        If it is no file of lines `parameter: [value, value]`, with `cases: {name: {parameter: value}}` beside them.
    """
    grid = _read(Path(path))
    named = grid.pop(CASES, {"": {}})
    problems = [
        f"`{name}` must have a list of values, like {name}: [{value}, ...]."
        for name, value in grid.items()
        if not isinstance(value, list)
    ]
    if not isinstance(named, Mapping) or not all(isinstance(values, Mapping) for values in named.values()):
        problems.append(
            f"`{CASES}` must give each case its parameters, like {CASES}: {{Site A: {{patients_file: a.csv}}}}."
        )
    if not problems:
        twice = sorted({name for values in named.values() for name in values if name in grid})
        problems += [f"`{name}` is set by a case and by the grid. Leave it to one of them." for name in twice]
    if problems:
        raise Problems(f"{Path(path).name} is no grid yet:", problems)
    combinations = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    pairs = [(case, chosen) for case in named for chosen in combinations]
    if len(pairs) > MOST_RUNS:
        raise WorkbookError(
            f"{Path(path).name} asks for {len(pairs):,} runs; at most {MOST_RUNS:,} go. Take values out."
        )
    return [
        Case(number, _name(case, chosen), dict(named[case]) | chosen)
        for number, (case, chosen) in enumerate(pairs, start=1)
    ]


def check_cases(study: Study, cases: list[Case], parameters: Mapping[str, Parameter]) -> None:
    """Refuse a grid any of whose runs could not start; everything that is wrong with any of them at once.

    Raises
    ------
    Problems
    """
    problems: dict[str, list[str]] = {}
    for case in cases:
        try:
            checked_values(case.of(study), parameters)
        except Problems as error:
            for problem in error.problems:
                problems.setdefault(problem, []).append(case.name)
    if problems:
        told = [
            problem
            if len(names) == len(cases)
            else f"{', '.join(names[:3])}{' and others' * (len(names) > 3)}: {problem}"
            for problem, names in problems.items()
        ]
        raise Problems("The sweep cannot be run as it is; nothing was started:", told)


def _read(path: Path) -> dict:
    if path.is_file() and not path.read_text(encoding="utf-8-sig").strip().strip("{}").strip():
        return {}
    values = read_study(path).values
    return dict(values)


def _name(case: str, chosen: Mapping) -> str:
    parts = [str(case)] if case else []
    parts += [f"{name} {written(value)}" for name, value in chosen.items()]
    return ", ".join(parts) or "as it is"
