"""The study file: a papermill parameters file, read and checked before any kernel starts."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from helpers.cohort.date_formats import SOME_PIVOT, UNDECIDED, resolve_formats
from helpers.cohort.dictionary import read_dictionary
from helpers.cohort.own_codes import with_codes
from helpers.errors import Problems, WorkbookError
from helpers.intake.names import NO_PASSWORD, has_password, is_url, split_name
from helpers.workbook.parameters import Parameter
from helpers.workbook.places import from_root, safe_name

MUST_SAY = {
    "study_name": "`study_name` is not set. Write the name your report should carry, in quotes.",
    "is_synthetic": "`is_synthetic` is not set. Write `is_synthetic: false` for real patients, `true` for made-up.",
}


@dataclass(frozen=True)
class Study:
    """A study file as it was written.

    Attributes
    ----------
    name : str
        Name of its report's folder.
    folder : Path
        Where its files are: the folder the study file stands in.
    path : Path
        The study file.
    values : dict
        What it sets, not yet checked.
    undecided : dict
        Parameter -> a sentence for each "?" in it, which `workbook init` writes where the reader must decide.
    """

    name: str
    folder: Path
    path: Path
    values: dict
    undecided: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def default_out(self, root: Path) -> Path:
        """Where its report goes unless told otherwise."""
        run_folder = self.values.get("run_folder")
        return (
            from_root(run_folder, root) if isinstance(run_folder, str) and run_folder else root / "reports" / self.name
        )


def read_study(path: str | Path) -> Study:
    """Read a study file; its values are checked by `checked_values`.

    Raises
    ------
    WorkbookError
        If the file is missing, is no YAML, sets a parameter twice or holds anything but `name: value` lines.
    """
    path = Path(path).expanduser().absolute()
    if path.is_dir():
        raise WorkbookError(f"{path.name} is a folder. Give the study file in it, for example {path.name}/study.yml.")
    if not path.is_file():
        near = ", ".join(sorted(file.name for file in path.parent.glob("*.y*ml"))) if path.parent.is_dir() else ""
        raise WorkbookError(f"There is no study file {path}." + (f" In that folder there is: {near}." if near else ""))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise WorkbookError(f"{path.name} is not a UTF-8 text file. Save it again as UTF-8.") from None
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        undecided = _undecided(node, text.splitlines())
        values = None if node is None else loader.construct_document(node)
    except (yaml.YAMLError, ValueError) as error:
        raise WorkbookError(_yaml_error(path.name, error, text)) from None
    finally:
        loader.dispose()
    if loader.repeated:
        raise Problems(f"{path.name} says some things twice; keep one line of each:", loader.repeated)
    if not isinstance(values, dict):
        what = "is empty" if values is None else f"holds a {type(values).__name__}"
        raise WorkbookError(f"{path.name} must hold lines of the form `name: value`, but {what}.")
    name = safe_name(path.resolve().parent.name if path.stem == "study" else path.stem)
    return Study(name, path.parent, path, values, undecided)


def checked_values(study: Study, parameters: Mapping[str, Parameter]) -> dict:
    """Every parameter's value for this study: what the study file sets, else the notebook's default.

    Raises
    ------
    Problems
        With every unknown name, wrong value and missing file of the study file.
    """
    problems = [told for sentences in study.undecided.values() for told in sentences]
    problems += [_unknown(name, parameters) for name in study.values if name not in parameters]
    problems += [told for name, told in MUST_SAY.items() if name in parameters and name not in study.values]
    values, wrong = {name: parameter.default for name, parameter in parameters.items()}, set()
    for name, parameter in parameters.items():
        if name in study.values:
            values[name] = study.values[name]
            if name in study.undecided:
                values[name] = _decided(values[name])
                if not isinstance(values[name], dict):
                    wrong.add(name)
                    continue
            if problem := parameter.rule.problem(values[name]):
                problems.append(f"`{name}` {problem}")
                wrong.add(name)
                continue
        values[name] = parameter.rule.normal(values[name])
        if parameter.rule.kind == "file" and values[name] and (problem := _missing_file(name, values[name], study)):
            problems.append(problem)
    problems += _wrong_words({name: value for name, value in values.items() if name not in wrong})
    if problems:
        raise Problems(f"{study.path.name} cannot be run as it is; nothing was started:", problems)
    return values


def _decided(value: object, depth: int = 2) -> object:
    """A mapping without what is not decided in it, so that the rest of it can be checked."""
    if not isinstance(value, dict) or not depth:
        return value
    return {key: _decided(inner, depth - 1) for key, inner in value.items() if inner != UNDECIDED}


def _undecided(node: yaml.Node | None, lines: Sequence[str]) -> dict[str, list[str]]:
    """Parameter -> a sentence for each "?" in it; what stands behind it in its line are its choices."""
    found: dict[str, list[str]] = {}
    left, seen = [((), node)], set()
    while left:
        path, node = left.pop()
        if id(node) in seen:  # an alias of YAML, which may even hold itself
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            left += [((*path, str(name.value)), value) for name, value in reversed(node.value)]
        elif isinstance(node, yaml.SequenceNode):
            left += [(path, value) for value in reversed(node.value)]
        elif isinstance(node, yaml.ScalarNode) and node.value == UNDECIDED and path:
            found.setdefault(path[0], []).append(_not_decided(path, node.end_mark, lines))
    return found


def _not_decided(path: Sequence[str], end: yaml.Mark, lines: Sequence[str]) -> str:
    behind = lines[end.line][end.column :] if end.line < len(lines) else ""
    choices = behind.partition("#")[2].strip().rstrip(".")
    hint = choices[:1].upper() + choices[1:] if choices else "Write its value in the place of the ?"
    return f"`{': '.join(path)}` is not decided yet (line {end.line + 1}). {hint}."


def _unknown(name: object, parameters: Mapping[str, Parameter]) -> str:
    near = difflib.get_close_matches(str(name), parameters, n=1, cutoff=0.6)
    if near:
        return f"`{name}` is not a parameter of any notebook. Did you mean `{near[0]}`?"
    return f"`{name}` is not a parameter of any notebook. `workbook parameters` lists them."


def _wrong_words(values: Mapping[str, object]) -> list[str]:
    """What is wrong with the formats of dates and the codes that a study gives."""
    dictionary = read_dictionary()
    problems = []
    if "date_formats" in values:
        # A pivot year that is wrong in itself is told already.
        pivot_year = values.get("pivot_year", SOME_PIVOT)
        problems += resolve_formats(values["date_formats"], dictionary, pivot_year)[1]
    return problems + with_codes(dictionary, values.get("codes"))[1]


def _missing_file(name: str, value: str, study: Study) -> str | None:
    path, _ = split_name(value, study.folder)
    if is_url(path):
        return f"`{name}` has a password in its address. {NO_PASSWORD}" if has_password(path) else None
    if path.is_file():
        return None
    if path.is_dir():
        return _no_parts(name, path)
    names = sorted(file.name for file in study.folder.iterdir() if file.is_file() and file != study.path)
    near = difflib.get_close_matches(path.name, names, n=1)
    hint = f" Did you mean {near[0]}?" if near else f" Files there: {', '.join(names[:12]) or 'none'}."
    default = "" if name in study.values else " (the default)"
    return f"`{name}` is {value}{default}, but there is no such file beside {study.path.name}.{hint}"


def _no_parts(name: str, folder: Path) -> str | None:
    """What is wrong with a folder in place of a file."""
    from helpers.cohort.parts import part_paths  # costs pandas' import, which a study of files must not pay

    try:
        part_paths(folder)
    except Problems as error:
        return f"`{name}` is a folder. " + " ".join(error.problems)
    return None


class _Loader(yaml.SafeLoader):
    """YAML's safe reader, which also tells keys that are written twice (YAML itself would keep the last)."""

    def __init__(self, stream: str):
        super().__init__(stream)
        self.repeated: list[str] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        first_lines: dict = {}
        for key_node, _ in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                continue
            if key not in first_lines:
                first_lines[key] = line
            else:
                self.repeated.append(f"`{key}` is set on line {first_lines[key]} and again on line {line}.")
        return super().construct_mapping(node, deep)


def _yaml_error(name: str, error: Exception, text: str) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f"{name} cannot be read: {error}. Write one `name: value` per line."
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if line.lstrip(" ").startswith("\t"):
        return f"Line {mark.line + 1} of {name} is indented with a tab. Use blanks."
    return (
        f"Line {mark.line + 1} of {name} is not YAML ({error.problem}): {line.strip()[:80]!r}. "
        "Write one `name: value` per line, and put a text with : or # in quotes."
    )
