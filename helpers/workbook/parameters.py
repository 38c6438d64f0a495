"""The parameters of the notebooks, read from their `parameters` cells without running anything."""

import ast
import io
import json
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.errors import Problems, WorkbookError
from helpers.workbook.kinds import Rule, parse_rule
from helpers.workbook.steps import STEPS, Step

LONGEST_DEFAULT = 200  # letters; a longer one is not told in a table


@dataclass(frozen=True)
class Parameter:
    """A knob: its name, its default, its comment and the rule that the comment states."""

    name: str
    default: object
    comment: str
    rule: Rule


def parameters_by_step(root: Path, steps: Sequence[Step] = STEPS) -> dict[str, tuple[Parameter, ...]]:
    """Parameters of every notebook, by step name, in the order they are written."""
    return {step.name: read_parameters(root / step.notebook) for step in steps}


def merged(by_step: Mapping[str, Sequence[Parameter]]) -> dict[str, Parameter]:
    """Every parameter once, by name.

    Raises
    ------
    Problems
        If two notebooks give one parameter different defaults or comments.
    """
    known: dict[str, tuple[str, Parameter]] = {}
    problems = []
    for step, parameters in by_step.items():
        for parameter in parameters:
            first_step, first = known.setdefault(parameter.name, (step, parameter))
            if parameter != first:
                problems.append(
                    f"`{parameter.name}` is {first.default!r} ({first.comment}) in {first_step} "
                    f"but {parameter.default!r} ({parameter.comment}) in {step}."
                )
    if problems:
        raise Problems("Notebooks that share a parameter must write it alike:", problems)
    return {name: parameter for name, (_, parameter) in known.items()}


def read_parameters(notebook: Path) -> tuple[Parameter, ...]:
    """Parameters of one notebook.

    Raises
    ------
    WorkbookError
        If the notebook or its `parameters` cell is missing.
    Problems
        If a line of the cell is not `name = literal  # kind: meaning`.
    """
    if not notebook.is_file():
        raise WorkbookError(f"The notebook {notebook.name} is missing from {notebook.parent.name}/.")
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    tagged = [cell for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", ())]
    if len(tagged) != 1:
        raise WorkbookError(f"{notebook.name} must have exactly one cell tagged `parameters`, but has {len(tagged)}.")
    return parse_parameters("".join(tagged[0]["source"]), notebook.name)


def parse_parameters(source: str, where: str) -> tuple[Parameter, ...]:
    """Parameters written in the code of one cell; `where` names the notebook in messages."""
    comments = _comments(source)
    parameters, problems = [], []
    for statement in ast.parse(source).body:
        try:
            parameters.append(_parameter(statement, comments))
        except WorkbookError as error:
            problems.append(f"line {statement.lineno}: {error}")
    if problems:
        raise Problems(f"The parameters cell of {where} cannot be read:", problems)
    return tuple(parameters)


def _parameter(statement: ast.stmt, comments: Mapping[int, str]) -> Parameter:
    if not (
        isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name)
    ):
        raise WorkbookError("only `name = value` may stand in a parameters cell.")
    name = statement.targets[0].id
    try:
        default = ast.literal_eval(statement.value)
    except ValueError:
        raise WorkbookError(f"`{name}` must be a plain value, not code.") from None
    comment = comments.get(statement.end_lineno) or comments.get(statement.lineno)
    if not comment:
        raise WorkbookError(f"`{name}` needs a comment `# kind: meaning`.")
    try:
        rule = parse_rule(comment)
    except WorkbookError as error:
        raise WorkbookError(f"`{name}`: {error}") from None
    if problem := rule.problem(default):
        raise WorkbookError(f"the default of `{name}` {problem}")
    return Parameter(name, default, comment, rule)


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ").strip() for token in tokens if token.type == tokenize.COMMENT}


def parameters_as_markdown(parameters: Mapping[str, Parameter]) -> str:
    """Every parameter as a markdown table: name, default, what is allowed, meaning."""
    lines = ["| Parameter | Default | Allowed | Meaning |", "|---|---|---|---|"]
    for parameter in parameters.values():
        rule = parameter.rule
        default = json.dumps(parameter.default)
        default = f"`{default}`" if len(default) <= LONGEST_DEFAULT else "see the notebook"
        lines.append(f"| `{parameter.name}` | {default} | {rule.wanted} | {rule.meaning} |")
    return "\n".join(lines)
