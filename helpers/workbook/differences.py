"""What differs between a run and its repetition, in the words of a list."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

MOST_NUMBERS = 20
ESTIMATES = "tables/estimates.parquet"
KEYS = ["analysis", "contrast"]
NOT_REPEATED = ("report.pdf",)  # printed from a page that is; its bytes hang on the browser and on fonts


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was: its kind ("input", "version", "number", ...), its name, before and after."""

    kind: str
    name: str
    before: object
    after: object

    def __str__(self) -> str:
        return f"{self.name}: {_shown(self.before)} then, {_shown(self.after)} now"


def made_of(before: Mapping, after: Mapping) -> list[Difference]:
    """Differing parameters, inputs, notebooks and versions of two manifests."""
    found = _of("parameter", *({k: v["value"] for k, v in one["parameters"].items()} for one in (before, after)))
    inputs = ({each["name"]: each["sha256"] for each in one["inputs"]} for one in (before, after))
    found += _short(_of("input", *inputs))
    found += _short(_of("notebook", before["notebooks"], after["notebooks"]))
    return found + _of("version", before["versions"], after["versions"])


def outputs(before: Mapping, after: Mapping) -> list[Difference]:
    """Files of a report that differ, are missing or are new, by the digests of two manifests."""
    then, now = (
        {name: made for name, made in one["outputs"].items() if name not in NOT_REPEATED} for one in (before, after)
    )
    return _short(_of("file", then, now))


def changed_since(manifest: Mapping, now: Mapping[str, str]) -> list[Difference]:
    """Files of a report that are no longer as its manifest has them."""
    return _short(_of("changed since the run", manifest["outputs"], now))


def numbers(before: Path, after: Path) -> list[Difference]:
    """Estimates of two runs that differ in any number or word, row by row and column by column."""
    return _of("number", _cells(before / ESTIMATES), _cells(after / ESTIMATES))


def _cells(path: Path) -> dict[str, object]:
    """Every cell of a table of estimates by the name of its row and column."""
    frame = pd.read_parquet(path).astype(object) if path.is_file() else pd.DataFrame()
    keys = [name for name in KEYS if name in frame]
    names = frame[keys].astype(str).agg(", ".join, axis=1) if len(frame) and keys else frame.index.astype(str)
    again = pd.Series(names).groupby(list(names)).cumcount() if len(frame) else []
    rows = [f"{name} ({n + 1})" if n else name for name, n in zip(names, again, strict=True)]
    known = frame.drop(columns=keys).where(frame.drop(columns=keys).notna(), None)
    return {f"{row}, {column}": value for column in known for row, value in zip(rows, known[column], strict=True)}


def told(differences: list[Difference]) -> list[str]:
    """The list by kind, a heading with its count over each; of very many numbers the first ones."""
    lines = []
    for kind in dict.fromkeys(difference.kind for difference in differences):
        own = [difference for difference in differences if difference.kind == kind]
        heading = kind if kind.endswith("run") else f"{kind}{'s' * (len(own) > 1)}"
        lines.append(f"{len(own)} {heading}:")
        lines += [f"  {difference}" for difference in own[:MOST_NUMBERS]]
        if len(own) > MOST_NUMBERS:
            lines.append(f"  and {len(own) - MOST_NUMBERS} more")
    return lines


def _of(kind: str, before: Mapping, after: Mapping) -> list[Difference]:
    names = [*before, *(name for name in after if name not in before)]
    return [
        Difference(kind, name, before.get(name, "absent"), after.get(name, "absent"))
        for name in names
        if before.get(name, "absent") != after.get(name, "absent")
    ]


def _short(differences: list[Difference]) -> list[Difference]:
    """Digests as twelve digits, as the report shows them."""
    return [Difference(one.kind, one.name, str(one.before)[:12], str(one.after)[:12]) for one in differences]


def _shown(value: object) -> str:
    return "none" if value is None or value == "" else repr(value) if isinstance(value, float) else str(value)
