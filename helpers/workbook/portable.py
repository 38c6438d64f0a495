"""Executed notebooks made fit to share: no paths of this machine, no times, no random names."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat

SCRATCH_FILE = re.compile(r"[^\s\"'()<>]{0,500}ipykernel_\d+[/\\]+\d+\.py")
EMBEDDED_FILE = re.compile(r"(data:[a-z]+/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=]*)")
PLACE_OF_ERROR = re.compile(r"(?m)^(?:Cell In\[\d+\], line \d+|File \S+:\d+, in [\w.<>]+)")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
NOT_STORED = "what it says was told where the run was started"
KEPT_METADATA = ("kernelspec", "language_info")


def replacements(places: Mapping[Path, str]) -> tuple[tuple[str, str], ...]:
    """Texts to replace, longest first: each place as given, resolved and as Windows writes it."""
    written = {}
    home, scratch = Path.home(), Path(tempfile.gettempdir())
    for place, instead in [(home, "~"), (scratch, "scratch"), *places.items()]:
        for path in {place.absolute(), place.resolve()}:
            if path == Path(path.anchor):
                continue
            for spelled in (str(path), path.as_posix(), str(path).replace("\\", "\\\\")):
                written[spelled] = instead
    return tuple(sorted(written.items(), key=lambda pair: (-len(pair[0]), pair[0])))


def without_places(text: str, replaced: Sequence[tuple[str, str]]) -> str:
    """`text` with every path of this machine replaced; what stands for "" is left out of paths."""
    # An embedded figure is no text: letters that look like a path in it stay as they are.
    parts = EMBEDDED_FILE.split(text)
    return "".join(part if number % 2 else _without_places(part, replaced) for number, part in enumerate(parts))


def _without_places(text: str, replaced: Sequence[tuple[str, str]]) -> str:
    if "ipykernel_" in text:
        text = SCRATCH_FILE.sub("notebook cell", text)
    for place, instead in replaced:
        if place in text:
            inside, itself = (f"{instead}/", instead) if instead else ("", ".")
            text = re.sub(
                re.escape(place) + r"(?:([/\\]+)|(?![\w-]|\.\w))",
                lambda match, inside=inside, itself=itself: inside if match[1] else itself,
                text,
            )
    return text


def make_portable(
    notebook: nbformat.NotebookNode, *, name: str, replaced: Sequence[tuple[str, str]]
) -> nbformat.NotebookNode:
    """An executed notebook without machine paths, timings, papermill's records and random cell ids."""
    shared = nbformat.from_dict(_walk(notebook, replaced))
    shared.metadata = nbformat.from_dict({key: shared.metadata[key] for key in KEPT_METADATA if key in shared.metadata})
    for number, cell in enumerate(shared.cells, start=1):
        cell.id = f"{name[:50]}-{number}"
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
    shared.nbformat, shared.nbformat_minor = 4, 5
    return shared


def without_words(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A failed notebook with the kind and the place of its errors, but not what they say.

    That is told to whoever started the run: it may name a cell of the study's files, and notebooks are passed on.
    """
    safe = nbformat.from_dict(notebook)
    for cell in safe.cells:
        kept = [output for output in cell.get("outputs", ()) if output.get("name") != "stderr"]
        for output in kept:
            if output.output_type == "error":
                said = ANSI.sub("", "\n".join(output.traceback))
                output.evalue = NOT_STORED
                output.traceback = [*PLACE_OF_ERROR.findall(said), f"{output.ename}: {NOT_STORED}"]
        if "outputs" in cell:
            cell.outputs = kept
    return safe


def _walk(value: object, replaced: Sequence[tuple[str, str]]) -> object:
    if isinstance(value, str):
        return without_places(value, replaced)
    if isinstance(value, Mapping):
        return {key: inner if str(key).startswith("image/") else _walk(inner, replaced) for key, inner in value.items()}
    return [_walk(inner, replaced) for inner in value] if isinstance(value, list) else value
