"""A written grid of choices as the list of its specifications that make sense, and those left out by each rule."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.cohort.spine import SLOTS, LevelError, level_range, region_of
from helpers.errors import Problems
from helpers.intake.sheet import open_sheet
from helpers.robustness.choices import ALL, CHOICES, MOST_COMBINATIONS, TIME_UPDATED, grid_problems, value_problem

Specification = Mapping[str, str]
_WITHOUT_TIME = ("crude", "by_level", "within_patient")
_REGION = np.array([region_of(slot) for slot in SLOTS])


@dataclass(frozen=True)
class Rule:
    """Which combinations of choices make no sense, and why."""

    name: str
    reason: str
    is_met: Callable[[Specification], bool]


RULES = (
    Rule(
        "time-updated cement in a plain risk",
        "A share of vertebrae has no time in it, so cement that came later cannot count from its day on.",
        lambda chosen: chosen["later_vertebroplasty"] == TIME_UPDATED and chosen["estimator"] in _WITHOUT_TIME,
    ),
    Rule(
        "new fractures of day 0 in a rate or hazard",
        "A fracture found on day 0 comes before any time at risk.",
        lambda chosen: chosen["day_zero_fractures"] == "new" and chosen["estimator"] not in _WITHOUT_TIME,
    ),
    Rule(
        "no level at risk",
        "No level of the region lies in the range.",
        lambda chosen: not levels_of(chosen).any(),
    ),
)
SAME_LEVELS = Rule(
    "the same levels twice",
    "In the region two ranges have the same levels; the first stays.",
    lambda chosen: False,
)


@dataclass(frozen=True, eq=False)
class Grid:
    """The specifications that are computed, the reference first if the grid lacked it, and those left out by rule.

    Attributes
    ----------
    specifications : DataFrame
        A column of texts for each choice, and `is_reference`.
    left_out : DataFrame
        rule, reason, specifications.
    """

    specifications: pd.DataFrame
    left_out: pd.DataFrame


def written_grid(grid: Mapping[str, Mapping[str, str]], reference: Specification) -> Grid:
    """All combinations of a grid, choice -> value -> reason; a choice that it lacks stays as in the reference.

    Raises
    ------
    Problems
        Everything that is wrong with the grid.
    """
    if problems := grid_problems(grid) or _range_problems(grid.get("levels_at_risk", ())):
        raise Problems("The grid of specifications cannot be used:", [f"`specifications` {told}" for told in problems])
    values = [list(grid.get(choice, [reference[choice]])) for choice in CHOICES]
    return _kept([dict(zip(CHOICES, chosen, strict=True)) for chosen in product(*values)], reference)


def chosen_grid(grid: Mapping, reference: Specification, *, listed: Path | None) -> Grid:
    """The written grid; or the specifications that a file lists one by one, one a row with a column for each choice."""
    if listed is None:
        return written_grid(grid, reference)
    sheet = open_sheet(listed)
    columns = {name: column.to_pylist() for name, column in zip(sheet.header, sheet.columns, strict=True)}
    return listed_grid(pd.DataFrame(columns | {"row": sheet.row}), reference, source=sheet.source)


def listed_grid(rows: pd.DataFrame, reference: Specification, *, source: str) -> Grid:
    """Specifications that are listed one by one; an empty cell, or a missing column, is as in the reference.

    Parameters
    ----------
    rows : DataFrame of str
        A column for each choice, and `row`, its number in the file. Other columns, such as a reason, are not looked at.
    source : str
        What to call the list in a message.

    Raises
    ------
    Problems
        Every value that is no value of its choice, by row.
    """
    named = [choice for choice in CHOICES if choice in rows]
    if not named:
        raise Problems(f"{source} cannot be used:", [f"It has no column of a choice. These are {', '.join(CHOICES)}."])
    if not 0 < len(rows) <= MOST_COMBINATIONS:
        raise Problems(f"{source} cannot be used:", [f"It lists {len(rows):,} specifications."])
    listed, problems = [], []
    for row in rows.to_dict("records"):
        given = {choice: str(row[choice]).strip() for choice in named if str(row[choice]).strip()}
        told = [problem for choice, value in given.items() if (problem := value_problem(choice, value))]
        told += _range_problems([given["levels_at_risk"]] if "levels_at_risk" in given and not told else ())
        problems += [f"Row {row['row']} {problem}" for problem in told]
        listed.append(dict(reference) | given)
    if problems:
        raise Problems(f"{source} cannot be used:", problems)
    return _kept(listed, reference)


def levels_of(chosen: Specification) -> np.ndarray:
    """The slots that can be at risk (bool, 19): those of the range that lie in the region."""
    return _slots(chosen["levels_at_risk"], chosen["region"])


@cache
def _slots(levels_at_risk: str, region: str) -> np.ndarray:
    """Read once, as a grid asks for the same few thousands of times."""
    slots = level_range(levels_at_risk) & ((region == ALL) | (region == _REGION))
    slots.setflags(write=False)
    return slots


def _kept(listed: Sequence[Specification], reference: Specification) -> Grid:
    left_out = {rule.name: [rule.reason, 0] for rule in (*RULES, SAME_LEVELS)}
    # The study's own range stands for others with the same levels.
    kept, seen = [], {_meaning(reference): dict(reference)}
    for chosen in listed:
        broken = next((rule.name for rule in RULES if rule.is_met(chosen)), "")
        meaning = None if broken else _meaning(chosen)
        if not broken and seen.setdefault(meaning, chosen) != chosen:
            broken = SAME_LEVELS.name
        if broken:
            left_out[broken][1] += 1
        else:
            kept.append(chosen)
    frame = pd.DataFrame(kept, columns=list(CHOICES)).drop_duplicates(ignore_index=True)
    is_reference = (frame == pd.Series(dict(reference))).all(axis=1)
    if not is_reference.any():
        frame = pd.concat([pd.DataFrame([reference], columns=list(CHOICES)), frame], ignore_index=True)
        is_reference = pd.Series(np.arange(len(frame)) == 0)
    frame.insert(0, "is_reference", is_reference.to_numpy(dtype=bool))
    rules = [(name, *told) for name, told in left_out.items() if told[1]]
    return Grid(frame, pd.DataFrame(rules, columns=["rule", "reason", "specifications"]))


def _meaning(chosen: Specification) -> tuple:
    """What a specification comes to: two with the same levels are one."""
    rest = [value for choice, value in chosen.items() if choice not in ("levels_at_risk", "region")]
    return (levels_of(chosen).tobytes(), *rest)


def _range_problems(ranges) -> list[str]:
    problems = []
    for text in ranges:
        try:
            level_range(text)
        except LevelError as error:
            problems.append(error.reason)
    return problems
