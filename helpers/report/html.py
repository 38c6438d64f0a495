"""The pages of a report: the reader's edition without code, one audit page per notebook with all of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

from helpers.errors import Problems
from helpers.report.cells import for_auditors, for_readers, tags_of
from helpers.report.markdown import Heading, Markdown
from helpers.report.offline import active_content, outside_addresses
from helpers.report.references import anchors_of, rows_of, with_links_that_lead, with_references

TEMPLATES = Path(__file__).parent / "templates"
SUBJECT = "New vertebral fractures after vertebroplasty"
CODE_COLOURS = "default"


@dataclass(frozen=True)
class Chapter:
    """One executed notebook of the report: the name of its page, the question it answers, its cells."""

    stem: str
    title: str
    notebook: NotebookNode

    @property
    def is_frame(self) -> bool:
        """True for the notebook whose cells stand before and after the others in the reader's edition."""
        return any(tags_of(cell) & {"front", "back"} for cell in self.notebook.cells)


def write_reader_edition(folder: Path, chapters: Sequence[Chapter], *, study_name: str, is_synthetic: bool) -> str:
    """Write `index.html` into the folder of a run; returns the page.

    Raises
    ------
    Problems
        If it would hold an outside address or a script.
    """
    reader = reader_edition(chapters, study_name=study_name, is_synthetic=is_synthetic)
    _write({folder / "index.html": reader})
    return reader


def write_audit_pages(
    folder: Path, chapters: Sequence[Chapter], *, reader: str, study_name: str, is_synthetic: bool
) -> None:
    """Write `audit/*.html` beside the reader's edition.

    Raises
    ------
    Problems
        If a page would hold an outside address or a script.
    """
    told = {"study_name": study_name, "is_synthetic": is_synthetic, "reader": reader}
    pages = {f"{chapter.stem}.html": audit_page(chapter, chapters, **told) for chapter in chapters}
    _write({folder / "audit" / name: page for name, page in pages.items()})


def write_page(path: Path, template: str, **content: object) -> None:
    """Write one page of a template with its content.

    Raises
    ------
    Problems
        If it would hold an outside address or a script.
    """
    _write({path: render(template, **content)})


def _write(pages: dict[Path, str]) -> None:
    problems = [
        f"{path.name}: {found[:80]}"
        for path, page in pages.items()
        for found in outside_addresses(page) + active_content(page)
    ]
    if problems:
        raise Problems("A page must open offline, without outside addresses and scripts, but holds:", problems)
    for path, page in pages.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(page, encoding="utf-8", newline="\n")


def reader_edition(chapters: Sequence[Chapter], *, study_name: str, is_synthetic: bool) -> str:
    """The report for readers: what was found, without code, as one page."""
    frames = [chapter for chapter in chapters if chapter.is_frame]
    told = [chapter for chapter in chapters if not chapter.is_frame]
    markdown = Markdown(pages={f"{chapter.stem}.ipynb": f"#{chapter.stem}" for chapter in told})
    front = [_tagged(chapter, "front", markdown) for chapter in frames]
    middle = [(chapter.stem, _numbered(chapter, number, markdown)) for number, chapter in enumerate(told, start=1)]
    back = [_tagged(chapter, "back", markdown) for chapter in frames]
    page = render(
        "index.html",
        title=f"{study_name} – {SUBJECT}",
        study_name=study_name,
        subject=SUBJECT,
        is_synthetic=is_synthetic,
        contents=_contents(markdown.headings),
        front="\n".join(front),
        chapters=middle,
        back="\n".join(back),
        audits=[(f"audit/{chapter.stem}.html", chapter.title) for chapter in chapters],
    )
    return with_links_that_lead(with_references(page, rows_of(page)))


def audit_page(
    chapter: Chapter, chapters: Sequence[Chapter], *, study_name: str, is_synthetic: bool, reader: str = ""
) -> str:
    """One notebook with its code and everything it showed; what refers to the reader's edition leads there."""
    markdown = Markdown(pages={f"{other.stem}.ipynb": f"{other.stem}.html" for other in chapters}, rooted="../")
    cells = [for_auditors(cell, markdown) for cell in chapter.notebook.cells]
    page = render(
        "audit.html",
        title=f"{study_name} – {chapter.title}",
        study_name=study_name,
        is_synthetic=is_synthetic,
        others=[(f"{other.stem}.html", other.title, other is chapter) for other in chapters],
        has_title=any(heading.level == 1 for heading in markdown.headings),
        question=chapter.title,
        cells="\n".join(filter(None, cells)),
        code_style=HtmlFormatter(style=CODE_COLOURS).get_style_defs(".code"),
    )
    linked = with_references(page, rows_of(reader), rooted="../")
    return with_links_that_lead(linked, elsewhere="../index.html", anchors=anchors_of(reader))


def _tagged(chapter: Chapter, tag: str, markdown: Markdown) -> str:
    return _without_code([cell for cell in chapter.notebook.cells if tag in tags_of(cell)], markdown)


def _without_code(cells: Sequence[NotebookNode], markdown: Markdown) -> str:
    return "\n".join(filter(None, (for_readers(cell, markdown) for cell in cells)))


def _numbered(chapter: Chapter, number: int, markdown: Markdown) -> str:
    """A chapter with its headings one lower than in its notebook, the first with its number."""
    markdown.shift, markdown.before = 1, f"Chapter {number}. "
    html = _without_code(chapter.notebook.cells, markdown)
    markdown.shift, markdown.before = 0, ""
    return html


def _contents(headings: Sequence[Heading]) -> list[Heading]:
    return [heading for heading in headings if heading.level == 2]


def render(template: str, **content: object) -> str:
    """A page of a template, with the house's style."""
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return _environment().get_template(template).render(style=style, **content).rstrip() + "\n"


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
