"""What a run was made of, for the pages that say so: parameters, inputs, versions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.workbook.parameters import Parameter
from helpers.workbook.places import leads_elsewhere

if TYPE_CHECKING:
    import pandas as pd

SETTINGS_FILE = "settings.json"
PARAMETER_COLUMNS = ("parameter", "value", "default", "changed", "meaning")
INPUT_COLUMNS = ("name", "rows", "bytes", "sha256")
VERSION_COLUMNS = ("package", "version")


@dataclass(frozen=True, eq=False)
class Settings:
    """Parameters (value, default, whether they differ, meaning), inputs (rows, bytes, SHA-256) and versions."""

    parameters: "pd.DataFrame"
    inputs: "pd.DataFrame"
    versions: "pd.DataFrame"


def write_settings(
    folder: Path,
    *,
    values: Mapping[str, object],
    parameters: Mapping[str, Parameter],
    inputs: Sequence[Mapping],
    versions: Mapping[str, str | None],
) -> None:
    """Leave a run's settings where its notebooks find them; folders of this machine are left out."""
    told = {
        "parameters": [
            {
                "parameter": name,
                "value": written(_without_folders(value)),
                "default": written(parameters[name].default),
                "changed": value != parameters[name].default,
                "meaning": parameters[name].rule.meaning,
            }
            for name, value in values.items()
            if parameters[name].rule.kind != "folder"
        ],
        "inputs": [
            {column: given[column] for column in INPUT_COLUMNS} | {"sha256": (given["sha256"] or "")[:12]}
            for given in inputs
        ],
        "versions": [{"package": name, "version": version} for name, version in versions.items() if version],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SETTINGS_FILE).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def read_settings(folder: Path) -> Settings:
    """The settings of a run; empty tables where the notebook was not started by `workbook run`."""
    import pandas as pd  # for notebooks only: the command that writes them does without

    path = folder / SETTINGS_FILE
    told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    columns = {"parameters": PARAMETER_COLUMNS, "inputs": INPUT_COLUMNS, "versions": VERSION_COLUMNS}
    return Settings(**{name: pd.DataFrame(told.get(name, []), columns=list(names)) for name, names in columns.items()})


def _without_folders(value: object) -> object:
    """A path that is whole, or leads out of the study's folder, as its last part: where it lies is nobody else's."""
    return Path(value).name if isinstance(value, str) and leads_elsewhere(value) else value


def written(value: object) -> str:
    """A parameter's value as a reader writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {written(inner)}" for name, inner in value.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(written, value)) or "none"
    return "none" if value in (None, "") else str(value)
