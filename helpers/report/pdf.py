"""The PDF of a report: the page as it goes to the printer, and what a printed file says of itself."""

import base64
import html
import re
from collections.abc import Mapping

LONGEST_HEADER = 105
TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
LEADING_AWAY = re.compile(r'(<a\b[^>]*?) href="(?!#)[^"]*"')
CONTENTS = re.compile(r'<nav class="contents".*?</nav>', re.DOTALL)
CHAPTER = re.compile(r'<a href="#([^"]+)"')
PICTURE = re.compile(r'(?<="data:image/svg\+xml;base64,)[^"]+')
DRAWING = re.compile(rb"<svg\b[^>]*[^>/]>")
OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
DESTINATION = re.compile(rb"/(\S+) \[(\d+) 0 R /XYZ")
TIMES = re.compile(rb"/(?:CreationDate|ModDate) \(D:[^)]*\)")
MAKER = re.compile(rb"HeadlessChrome/((\d+)[\d.]*)")


def print_edition(page: str, numbers: Mapping[str, int]) -> str:
    """The reader's edition as it is printed: its title over every page, the contents with page numbers.

    Links to files beside the report are taken out: a PDF goes alone, and would name the folder it was made in.
    """
    found = TITLE.search(page)
    title = html.unescape(found[1]) if found else ""
    if len(title) > LONGEST_HEADER:
        title = title[: LONGEST_HEADER - 1] + "…"
    header = f"<style>@page {{ @top-left {{ content: {_css_text(title)}; }} }}</style>\n</head>"
    page = LEADING_AWAY.sub(r"\1", page.replace("</head>", header, 1))
    return CONTENTS.sub(lambda contents: _numbered(contents[0], numbers), page, count=1)


def without_drawings(page: str) -> str:
    """The page with empty pictures of the same size: it takes as many sheets, and is printed in half the time."""
    return PICTURE.sub(lambda picture: _emptied(picture[0]), page)


def pages_of_anchors(pdf: bytes) -> dict[str, int]:
    """On which page each place is that a link of the document leads to, counted from 1."""
    objects = {int(number): body for number, body in OBJECT.findall(pdf)}
    catalog = next((body for body in objects.values() if b"/Type /Catalog" in body), b"")
    root, names = (re.search(rb"/%s (\d+) 0 R" % key, catalog) for key in (b"Pages", b"Dests"))
    if not (root and names):
        return {}
    order = {page: place for place, page in enumerate(_leaves(int(root[1]), objects), start=1)}
    return {
        _pdf_name(name): order[int(page)]
        for name, page in DESTINATION.findall(objects.get(int(names[1]), b""))
        if int(page) in order
    }


def without_times(pdf: bytes) -> bytes:
    """The same document without the moment it was printed; as long as before, so that its places stay right."""
    return TIMES.sub(lambda time: b" " * len(time[0]), pdf)


def maker(pdf: bytes) -> tuple[str, int]:
    """The full and the leading number of the browser's version that printed the document; "" and 0 if unknown."""
    found = MAKER.search(pdf)
    return (found[1].decode("ascii"), int(found[2])) if found else ("", 0)


def _leaves(number: int, objects: Mapping[int, bytes]) -> list[int]:
    body = objects.get(number, b"")
    kids = re.search(rb"/Kids \[([^\]]*)\]", body)
    if b"/Type /Pages" not in body or not kids:
        return [number]
    return [page for kid in re.findall(rb"(\d+) 0 R", kids[1]) for page in _leaves(int(kid), objects)]


def _pdf_name(name: bytes) -> str:
    """A PDF writes other characters than letters and digits of a name as #xx."""
    raw = re.sub(rb"#([0-9A-Fa-f]{2})", lambda code: bytes.fromhex(code[1].decode("ascii")), name)
    return raw.decode("utf-8", "replace")


def _numbered(contents: str, numbers: Mapping[str, int]) -> str:
    return CHAPTER.sub(
        lambda link: f'{link[0]} data-page="{numbers.get(html.unescape(link[1]), "")}"',
        contents,
    )


def _emptied(picture: str) -> str:
    found = DRAWING.search(base64.b64decode(picture))
    return base64.b64encode(found[0] + b"</svg>").decode("ascii") if found else picture


def _css_text(text: str) -> str:
    """A string of a style sheet that nothing in `text` can end."""
    return '"' + "".join(f"\\{ord(sign):x} " if sign in '"\\<>&\n\r' else sign for sign in text) + '"'
