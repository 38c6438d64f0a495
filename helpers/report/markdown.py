"""Markdown of the notebooks as HTML: headings moved down, links kept inside, raw HTML shown as text."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import mistune

from helpers.report.offline import is_outside


@dataclass(frozen=True)
class Heading:
    """A heading of the page: its level there, the anchor that leads to it, and its text as HTML."""

    level: int
    anchor: str
    text: str


@dataclass
class Markdown:
    """Turns markdown into HTML for one page and remembers the headings it met.

    Attributes
    ----------
    pages : mapping
        Where a link to a notebook's file leads on this page.
    rooted : str
        What leads from this page to the report's folder: "" or "../".
    shift : int
        Levels that headings move down.
    before : str
        What stands before the next heading, once.
    """

    pages: Mapping[str, str] = field(default_factory=dict)
    rooted: str = ""
    shift: int = 0
    before: str = ""
    headings: list[Heading] = field(default_factory=list)
    _anchors: set[str] = field(default_factory=set)

    def html(self, text: str) -> str:
        """`text` as HTML."""
        render = mistune.create_markdown(renderer=_Renderer(self), plugins=["table", "strikethrough"])
        return str(render(text)).strip()

    def anchor(self, text: str) -> str:
        """An anchor made of `text` that no other heading of the page has."""
        base = slug(text)
        name, number = base, 2
        while name in self._anchors:
            name, number = f"{base}-{number}", number + 1
        self._anchors.add(name)
        return name

    def link(self, label: str, address: str) -> str:
        """A link that stays inside the report; an outside address is written out after its label."""
        bare = address.strip()
        if is_outside(bare):
            shown = escape(bare.removeprefix("mailto:"))
            return shown if label in (shown, bare) else f'{label} <span class="address">({shown})</span>'
        if bare.startswith("#"):
            return f'<a href="{escape(bare)}">{label}</a>'
        name = bare.partition("#")[0].rpartition("/")[2]
        if name.endswith(".ipynb"):
            target = self.pages.get(name)
            return f'<a href="{escape(target)}">{label}</a>' if target else label
        inside = re.sub(r"^(?:\.{1,2}/)+", "", bare)
        if inside.split("/")[0] in ("tables", "figures", "notebooks", "audit"):
            return f'<a href="{escape(self.rooted + inside)}">{label}</a>'
        return label


def slug(text: str) -> str:
    """The anchor of the first heading with this text."""
    plain = unicodedata.normalize("NFKD", re.sub(r"<[^>]*>|&\w+;", "", text)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60] or "section"


class _Renderer(mistune.HTMLRenderer):
    def __init__(self, page: Markdown):
        super().__init__(escape=True)
        self._page = page

    def heading(self, text: str, level: int, **attrs: object) -> str:
        lower = min(level + self._page.shift, 6)
        anchor = self._page.anchor(text)
        text, self._page.before = self._page.before + text, ""
        self._page.headings.append(Heading(lower, anchor, text))
        return f'<h{lower} id="{anchor}">{text}</h{lower}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return self._page.link(text, url)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        if url.startswith("data:image/"):
            return f'<img src="{escape(url)}" alt="{escape(text)}">'
        return f"<em>{text}</em>"
