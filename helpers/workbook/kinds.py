"""The rule in a parameter's comment, `kind[, constraint]: meaning`, and what a value breaks of it."""

import datetime
import difflib
import math
import re
from dataclasses import dataclass

from helpers.errors import WorkbookError

WHOLE = {"count": "a whole number", "days": "a whole number of days", "seed": "a whole number"}
DECIMAL = {"number": "a number", "share": "a share"}
ITEMS = {"days": "days", "counts": "count", "numbers": "number", "texts": "text"}
WORDED = {
    "text": "a text",
    "yes/no": "true or false",
    "file": "the name of a file",
    "folder": "the name of a folder",
    "level range": 'a range of levels like "T1-L5"',
    "mapping": "a mapping (`key: value` lines, or {} for none)",
}
LARGEST_SEED = 2**32 - 1
LEVEL_RANGE = re.compile(r"\s*[A-Za-z]{1,2}[. ]{0,2}\d{1,2}\s*(-|–|to)\s*[A-Za-z]{0,2}[. ]{0,2}\d{1,2}\s*")
LIMIT_WORDS = {
    ">=": "of at least {}",
    "<=": "of at most {}",
    ">": "above {}",
    "<": "below {}",
}
LIMIT_TESTS = {
    ">=": lambda value, limit: value >= limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    "<": lambda value, limit: value < limit,
}


@dataclass(frozen=True)
class Rule:
    """What a parameter may be: its kind, its limits or choices, and its meaning in words."""

    kind: str
    meaning: str
    limits: tuple[tuple[str, float], ...] = ()
    choices: tuple[str, ...] = ()
    increasing: bool = False
    first: float | None = None
    may_be_none: bool = False
    may_be_empty: bool = False

    @property
    def wanted(self) -> str:
        """What would be accepted, as it stands after "must be"."""
        if self.kind == "one of":
            wanted = "one of " + ", ".join(self.choices)
        elif self.kind.startswith("list of "):
            wanted = (
                f"a list of {self.kind.removeprefix('list of ')}"
                + ("" if self.first is None else f" that starts with {_plain(self.first)}")
                + ", each larger than the one before" * self.increasing
            )
        else:
            wanted = {**WHOLE, **DECIMAL, **WORDED}[self.kind] + self._limits_in_words()
        return wanted + ' or "" for none' * self.may_be_empty + " or null for none" * self.may_be_none

    def _limits_in_words(self) -> str:
        tests = dict(self.limits)
        if set(tests) == {">=", "<="}:
            return f" from {_plain(tests['>='])} to {_plain(tests['<='])}"
        if set(tests) == {">", "<"}:
            return f" between {_plain(tests['>'])} and {_plain(tests['<'])}, without these two"
        return "".join(f" {LIMIT_WORDS[test].format(_plain(limit))}" for test, limit in self.limits)

    def problem(self, value: object) -> str | None:
        """None for an accepted value, else "must be ..., but got .... Next step." """
        if value is None and self.may_be_none or value in ("", [], {}) and self.may_be_empty:
            return None
        if self._accepts(value):
            return None
        got = "nothing stands after it" if value is None else f"got {shown(value)}"
        return f"must be {self.wanted}, but {got}.{self._next_step(value)}"

    def normal(self, value: object) -> object:
        """An accepted value in the type the notebook expects (1 becomes 1.0 where decimals are allowed)."""
        return float(value) if self.kind in DECIMAL and value is not None else value

    def _accepts(self, value: object) -> bool:
        kind = self.kind
        if kind in WHOLE or kind in DECIMAL:
            right_type = is_whole(value) if kind in WHOLE else is_number(value)
            return right_type and all(LIMIT_TESTS[test](value, limit) for test, limit in self.limits)
        if kind == "one of":
            return isinstance(value, str) and value in self.choices
        if kind == "yes/no":
            return isinstance(value, bool)
        if kind == "level range":
            return isinstance(value, str) and LEVEL_RANGE.fullmatch(value) is not None
        if kind == "mapping":
            return _is_mapping_of_text(value)
        if kind.startswith("list of "):
            item = ITEMS[kind.removeprefix("list of ")]
            if not isinstance(value, list) or not value or not all(_bare(item).problem(one) is None for one in value):
                return False
            if self.first is not None and value[0] != self.first:
                return False
            return not self.increasing or all(low < high for low, high in zip(value, value[1:], strict=False))
        return isinstance(value, str) and bool(value.strip())

    def _next_step(self, value: object) -> str:
        if self.kind == "mapping" and isinstance(value, dict) and _holds_no_text(value):
            return ' What stands there is text: put numbers, dates, yes and no in quotes, like "1".'
        if isinstance(value, datetime.date):
            return f' YAML takes it for a date: write it in quotes, "{value}".'
        if isinstance(value, str) and (self.kind in WHOLE or self.kind in DECIMAL):
            return _number_in_text(value)
        if self.kind == "yes/no":
            return " Write it without quotes."
        if isinstance(value, bool) and self.kind in ("text", "one of", "file", "folder", "mapping"):
            return " YAML takes yes, no, on and off for true and false: write the word in quotes."
        if is_number(value) and self.kind in ("text", "file", "folder"):
            return f' Write it in quotes: "{value}".'
        if is_number(value) and self.kind == "share" and 1 < value <= 100:
            return f" Write {value / 100:g} for {value:g}%."
        if isinstance(value, str) and self.choices:
            near = difflib.get_close_matches(value.strip().lower(), self.choices, n=1)
            return f" Did you mean {near[0]}?" if near else ""
        if isinstance(value, float) and self.kind in WHOLE and value.is_integer():
            return f" Write {value:.0f}."
        return ""


def parse_rule(comment: str) -> Rule:
    """The rule written in `comment` (without its #).

    Raises
    ------
    WorkbookError
        If it does not follow the grammar.
    """
    written, colon, meaning = comment.strip().partition(": ")
    if not colon or not meaning.strip():
        raise WorkbookError(
            f'"{comment.strip()}" must read `kind[, constraint]: meaning`, as in "days, at least 1: ...".'
        )
    meaning = meaning.strip()
    if written.startswith("one of "):
        choices, may_be_none = _without(written.removeprefix("one of "), " or none")
        return Rule(
            "one of",
            meaning,
            choices=tuple(one.strip() for one in choices.split(",")),
            may_be_none=may_be_none,
        )
    kind, _, constraint = written.partition(", ")
    kind, may_be_none = _without(kind.strip(), " or none")
    kind, may_be_empty = _without(kind, " or empty")
    if kind not in {**WHOLE, **DECIMAL, **WORDED} and kind.removeprefix("list of ") not in ITEMS:
        known = ", ".join([*WHOLE, *DECIMAL, *WORDED, "one of a, b", *(f"list of {item}" for item in ITEMS)])
        raise WorkbookError(f'"{kind}" is not a kind of parameter. The kinds are: {known}.')
    from_first = re.fullmatch(r"increasing(?: from (\d+))?", constraint) if kind.startswith("list of ") else None
    increasing = from_first is not None
    first = float(from_first[1]) if increasing and from_first[1] else None
    limits = () if increasing or not constraint else _parse_limits(constraint, kind)
    tests = {test for test, _ in limits}
    if kind in WHOLE and not tests & {">", ">="}:
        limits = ((">=", 0.0), *limits)
    if kind == "seed":
        limits = (*limits, ("<=", float(LARGEST_SEED)))
    if kind == "share":
        limits += ((">=", 0.0),) * (not tests & {">", ">="}) + (("<=", 1.0),) * (not tests & {"<", "<="})
    return Rule(kind, meaning, limits, (), increasing, first, may_be_none, may_be_empty)


def _parse_limits(constraint: str, kind: str) -> tuple[tuple[str, float], ...]:
    number = r"(-?\d+(?:\.\d+)?)"
    forms = {
        rf"from {number} to {number}": (">=", "<="),
        rf"between {number} and {number}": (">", "<"),
        rf"at least {number}": (">=",),
        rf"at most {number}": ("<=",),
        rf"above {number}": (">",),
        rf"below {number}": ("<",),
    }
    if kind in WHOLE and constraint.startswith("between"):
        raise WorkbookError(
            f'"{constraint}" leaves open whether the limits count. Write "from A to B" for whole numbers.'
        )
    if kind in WHOLE or kind in DECIMAL:
        for form, tests in forms.items():
            if match := re.fullmatch(form, constraint):
                return tuple(zip(tests, map(float, match.groups()), strict=True))
    raise WorkbookError(f'"{constraint}" is not a constraint that fits the kind "{kind}".')


def is_whole(value: object) -> bool:
    """True for a whole number; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """True for a finite number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def shown(value: object) -> str:
    """A value as its writer would recognise it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else "an empty list" if value == [] else str(value)


def _number_in_text(text: str) -> str:
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        return ""
    if not math.isfinite(number):
        return ""
    return f" Write {_plain(number)}, without quotes and with a point for decimals."


def _plain(number: float) -> str:
    return f"{number:.0f}" if float(number).is_integer() else repr(number)


def _is_mapping_of_text(value: object, depth: int = 2) -> bool:
    if isinstance(value, str):
        return depth < 2
    return (
        depth > 0
        and isinstance(value, dict)
        and all(isinstance(key, str) and _is_mapping_of_text(inner, depth - 1) for key, inner in value.items())
    )


def _holds_no_text(value: object) -> bool:
    """Whether a mapping has a key or a value that YAML takes for a number, a date or true or false."""
    if isinstance(value, dict):
        return any(not isinstance(key, str) or _holds_no_text(inner) for key, inner in value.items())
    return not isinstance(value, str | list)


def _bare(kind: str) -> Rule:
    return Rule(kind, "", limits=((">=", 0.0),) if kind in WHOLE else ())


def _without(text: str, ending: str) -> tuple[str, bool]:
    return text.removesuffix(ending), text.endswith(ending)
