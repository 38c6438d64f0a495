"""From every number of a page to its row of `estimates`: links without a script, readable on paper, too."""

import re
from collections.abc import Iterable, Mapping
from html import escape

ROW = re.compile(r'<tr id="(row-\d+)" data-key="(\w+)" data-name="([^"]*)">')
SENTENCE = re.compile(r'<p class="finding"((?: data-(?:estimates|table)="[^"]*")+)>(.*?)</p>', re.DOTALL)
TABLE_ROW = re.compile(r'<tr data-estimates="([^"]*)">(<t[dh]\b[^>]*>)(.*?)(</t[dh]>)', re.DOTALL)
INSIDE_LINK = re.compile(r'<a href="#([^"]+)"([^>]*)>(.*?)</a>', re.DOTALL)
# Begins with what is looked for, not with the boundary before it: ten times as fast in pages full of pictures.
ANCHOR = re.compile(r'id="(?<=\bid=")([^"]+)"')
Rows = Mapping[str, tuple[str, str]]


def rows_of(html: str) -> dict[str, tuple[str, str]]:
    """Estimates by their key: the anchor of their row in the list of numbers, and what the row is called (as HTML)."""
    rows: dict[str, tuple[str, str]] = {}
    for anchor, key, name in ROW.findall(html):
        rows.setdefault(key, (anchor, name))
    return rows


def with_references(html: str, rows: Rows, *, rooted: str = "") -> str:
    """`html` with a reference after every sentence and every row of a table that was made from estimates.

    Parameters
    ----------
    rows : mapping
        As `rows_of` gives them.
    rooted : str
        What leads from this page to the report's folder: "" or "../".
    """

    def after_sentence(match: re.Match) -> str:
        keys, tables = (_attribute(match[1], name).split() for name in ("estimates", "table"))
        links = _row_links(keys, rows)
        links += [f'<a href="{escape(rooted)}tables/{table}.csv">{table}.csv</a>' for table in tables]
        return f'<p class="finding">{match[2]}{_raised(links)}</p>'

    def in_row(match: re.Match) -> str:
        return f"<tr>{match[2]}{match[3]}{_raised(_row_links(match[1].split(), rows))}{match[4]}"

    return TABLE_ROW.sub(in_row, SENTENCE.sub(after_sentence, html))


def with_links_that_lead(html: str, *, elsewhere: str = "", anchors: Iterable[str] = ()) -> str:
    """`html` whose links inside lead somewhere: to this page, else to `elsewhere` if it has the anchor, else none."""
    here, there = anchors_of(html), set(anchors)

    def led(match: re.Match) -> str:
        anchor, others, text = match.groups()
        if anchor in here:
            return match[0]
        return f'<a href="{elsewhere}#{anchor}"{others}>{text}</a>' if anchor in there else text

    return INSIDE_LINK.sub(led, html)


def anchors_of(html: str) -> set[str]:
    """What a link can lead to on a page."""
    return set(ANCHOR.findall(html))


def _row_links(keys: Iterable[str], rows: Rows) -> list[str]:
    found = dict.fromkeys(rows[key] for key in keys if key in rows)
    return [
        f'<a href="#{anchor}" title="{anchor.replace("-", " ").capitalize()} of tables/estimates.csv: {name}">'
        f"{anchor.replace('-', ' ')}</a>"
        for anchor, name in found
    ]


def _raised(links: list[str]) -> str:
    return f' <sup class="rows">{", ".join(links)}</sup>' if links else ""


def _attribute(attributes: str, name: str) -> str:
    found = re.search(rf'data-{name}="([^"]*)"', attributes)
    return found[1] if found else ""
