"""The choices of a specification: what each may be, and what is wrong with a written grid of them."""

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

MOST_COMBINATIONS = 20_000
ALL, TIME_UPDATED = "all", "time_updated"
ESTIMATORS = {
    "crude": "risk ratio",
    "by_level": "risk ratio",
    "within_patient": "risk ratio",
    "rate": "rate ratio",
    "hazard": "hazard ratio",
}


@dataclass(frozen=True)
class Choice:
    """One choice of a specification.

    `label` is what a reader calls it, `values` takes each value to its words. Where values follow a `pattern` instead,
    `example` shows one. `usual` is the value of a study that has no parameter of the name.
    """

    label: str
    values: Mapping[str, str]
    usual: str = ""
    pattern: str = ""
    example: str = ""

    def accepts(self, value: str) -> bool:
        """Whether a value can be meant."""
        return value in self.values or bool(self.pattern and re.fullmatch(self.pattern, value))

    @property
    def wanted(self) -> str:
        """What would be accepted, in words."""
        return " or ".join(filter(None, [", ".join(self.values), self.example]))


CHOICES: Mapping[str, Choice] = {
    "levels_at_risk": Choice(
        "Levels at risk", {}, pattern=r"\s*[TL]\d{1,2}\s*-\s*[TL]\d{1,2}\s*", example='a range of levels like "T4-L5"'
    ),
    "region": Choice(
        "Region",
        {ALL: "all levels", "thoracic": "T1 to T10", "thoracolumbar": "T11 to L2", "lumbar": "L3 and below"},
        usual=ALL,
    ),
    "adjacent_within": Choice("Adjacent within", {"1": "1 level", "2": "2 levels", "3": "3 levels"}),
    "sandwich_vertebrae": Choice("Sandwich vertebrae", {"in": "kept in", "out": "left out"}, usual="in"),
    "prevalent_fractures": Choice("Prevalent fractures", {"exclude": "excluded", "keep": "kept"}),
    "day_zero_fractures": Choice("Fractures of day 0", {"prevalent": "prevalent", "new": "new"}),
    "later_vertebroplasty": Choice(
        "Later vertebroplasties",
        {"censor": "censored", "ignore": "ignored", TIME_UPDATED: "time-updated", "reclassify": "from day 0 on"},
    ),
    "death_follow_up": Choice("The dead followed to", {"death": "death", "last_imaging": "last image"}),
    "fractures_counted": Choice(
        "Fractures counted", {ALL: "all of a patient", "first": "first of a patient"}, usual=ALL
    ),
    "horizon_days": Choice(
        "Horizon", {ALL: "all of follow-up"}, usual=ALL, pattern=r"[1-9]\d{0,4}", example='a number of days like "90"'
    ),
    "estimator": Choice(
        "Estimator",
        {
            "crude": "crude risks",
            "by_level": "risks by level",
            "within_patient": "risks within patients",
            "rate": "rates",
            "hazard": "hazards",
        },
        usual="crude",
    ),
}

# What a reader calls each choice, and all of them.
NAMES = {name: choice.label for name, choice in CHOICES.items()} | {"all_together": "All together, no interactions"}


def words_of(choice: str, value: str) -> str:
    """A value of a choice as a reader meets it.

    Examples
    --------
    >>> words_of("horizon_days", "90"), words_of("later_vertebroplasty", "time_updated")
    ('90 days', 'time-updated')
    """
    unit = " days" if choice == "horizon_days" and value != ALL else ""
    return CHOICES[choice].values.get(value, value + unit)


def reference_of(study: Mapping[str, object]) -> dict[str, str]:
    """The specification of the study itself: its own parameters, and what is usual of the other choices.

    Examples
    --------
    >>> reference_of({"levels_at_risk": "T4-L5", "adjacent_within": 1})["adjacent_within"]
    '1'
    """
    return {name: str(study.get(name, choice.usual)) for name, choice in CHOICES.items()}


def grid_problems(grid: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What is wrong with a written grid, choice -> value -> reason, in words; everything at once.

    Examples
    --------
    >>> grid_problems({"estimators": {"crude": "the plain one"}})
    ['names the choice "estimators", which is not known. Did you mean estimator?']
    """
    problems = []
    for choice, reasons in grid.items():
        if choice not in CHOICES:
            problems.append(f'names the choice "{choice}", which is not known. {_hint(choice, CHOICES)}')
        elif not isinstance(reasons, Mapping) or not reasons:
            problems.append(
                f'must give `{choice}` one value or more, each with its reason, like {{"{_example(choice)}": "..."}}.'
            )
        else:
            problems += [problem for value in reasons if (problem := value_problem(choice, value))]
            problems += [
                f'gives no reason for `{choice}: "{value}"`. Say why a reader could choose it.'
                for value, reason in reasons.items()
                if not isinstance(reason, str) or not reason.strip()
            ]
    size = math.prod(len(values) for values in grid.values()) if not problems else 0
    if size > MOST_COMBINATIONS:
        problems.append(f"has {size:,} combinations; at most {MOST_COMBINATIONS:,} are computed. Leave values out.")
    return problems


def value_problem(choice: str, value: str) -> str:
    """What is wrong with one value of a known choice, in words; empty where nothing is."""
    if CHOICES[choice].accepts(value):
        return ""
    return f'gives `{choice}` the value "{value}", but it must be {CHOICES[choice].wanted}.'


def _example(choice: str) -> str:
    return next(iter(CHOICES[choice].values), "T4-L5")


def _hint(name: str, known) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}."
