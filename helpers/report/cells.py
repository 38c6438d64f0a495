"""Cells of an executed notebook as HTML, with or without their code."""

import re
from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from helpers.report.frames import readable_tables
from helpers.report.markdown import Markdown

SHOWN_FIRST = ("text/html", "image/svg+xml", "image/png", "text/markdown", "text/plain")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
DROPPED_FOR_READERS = {"injected-parameters", "remove-cell"}
NO_DESCRIPTION = "Figure without a description"


def tags_of(cell: NotebookNode) -> set[str]:
    """Tags of a cell."""
    return set(cell.get("metadata", {}).get("tags", ()))


def for_readers(cell: NotebookNode, markdown: Markdown) -> str:
    """A cell without code: its prose or what it showed; "" when it is not meant for readers."""
    tags = tags_of(cell)
    if tags & DROPPED_FOR_READERS:
        return ""
    if cell.cell_type == "markdown":
        return _prose(cell, markdown)
    if cell.cell_type != "code" or "remove-output" in tags:
        return ""
    parts = [_output(output, markdown) for output in cell.outputs if not _is_for_auditors(output)]
    return "\n".join(filter(None, parts))


def for_auditors(cell: NotebookNode, markdown: Markdown) -> str:
    """A cell with all it holds: code, prose, outputs, messages."""
    if cell.cell_type == "markdown":
        return _prose(cell, markdown)
    if cell.cell_type != "code":
        return ""
    parts = [_code(cell), *(_output(output, markdown) for output in cell.outputs)]
    return '<section class="cell">\n' + "\n".join(filter(None, parts)) + "\n</section>"


def _prose(cell: NotebookNode, markdown: Markdown) -> str:
    return readable_tables(markdown.html(cell.source))


def _code(cell: NotebookNode) -> str:
    if not cell.source.strip():
        return ""
    colored = highlight(cell.source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip("\n")
    notes = {
        "parameters": "Parameters, as they stand in the notebook",
        "injected-parameters": "Parameters of this run",
    }
    note = next((f'<p class="note">{words}</p>' for tag, words in notes.items() if tag in tags_of(cell)), "")
    return f'{note}<pre class="code" tabindex="0"><code>{colored}</code></pre>'


def _is_for_auditors(output: NotebookNode) -> bool:
    return output.output_type == "error" or (output.output_type == "stream" and output.name == "stderr")


def _output(output: NotebookNode, markdown: Markdown) -> str:
    if output.output_type == "stream":
        kind = "message" if output.name == "stderr" else "text"
        return _text(output.text, kind)
    if output.output_type == "error":
        return _text("\n".join(output.traceback), "message")
    return _data(output.data, output.get("metadata", {}), markdown)


def _data(data: Mapping[str, str], metadata: Mapping[str, Mapping], markdown: Markdown) -> str:
    kind = next((kind for kind in SHOWN_FIRST if kind in data), None)
    if kind is None:
        return ""
    content = data[kind]
    if kind == "text/html":
        return f'<div class="output">{readable_tables(content)}</div>'
    if kind.startswith("image/"):
        alt = escape(str(metadata.get(kind, {}).get("alt") or metadata.get("alt") or NO_DESCRIPTION))
        return f'<figure><img alt="{alt}" src="data:{kind};{_encoded(kind, content)}"></figure>'
    if kind == "text/markdown":
        return f'<div class="output">{readable_tables(markdown.html(content))}</div>'
    return _text(content, "text")


def _encoded(kind: str, content: str) -> str:
    if kind == "image/svg+xml":
        return "charset=utf-8," + quote(content)
    return "base64," + re.sub(r"\s", "", content)


def _text(text: str, kind: str) -> str:
    plain = escape(ANSI.sub("", text)).strip("\n")
    return f'<pre class="{kind}" tabindex="0">{plain}</pre>' if plain.strip() else ""
