"""Tables in notebook outputs, set for reading: numbers to the right, headers named, wide ones scroll."""

import re

TABLE = re.compile(r"<table\b[^>]*>.*?</table>", re.DOTALL | re.IGNORECASE)
STYLE = re.compile(r"<style\b[^>]*>.*?</style>\s*", re.DOTALL | re.IGNORECASE)
ROW = re.compile(r"<tr\b[^>]*>(.*?)</tr>", re.DOTALL | re.IGNORECASE)
CELL = re.compile(r"<(t[hd])\b([^>]*)>(.*?)</t[hd]>", re.DOTALL | re.IGNORECASE)
BODY = re.compile(r"<tbody\b[^>]*>(.*?)</tbody>", re.DOTALL | re.IGNORECASE)
NUMBER = re.compile(r"(?:[≤≥]|&lt;|&gt;)?\s*[-−+]?[\d,. \u202f]*\d(?:[.,]\d+)?(?:e[+-]?\d+)?\s*%?")
ABSENT = {"", "nan", "none", "nat", "&lt;na&gt;", "-", "–"}


def readable_tables(html: str) -> str:
    """`html` with every table in a box that scrolls; pandas' lose their styles and align their numbers."""
    plain = STYLE.sub("", html) if 'class="dataframe' in html else html
    return TABLE.sub(lambda match: _boxed(match[0]), plain)


def _boxed(table: str) -> str:
    opening = table[: table.index(">")]
    inner = _aligned(table) if "dataframe" in opening else table
    return f'<div class="scroll" tabindex="0" role="group" aria-label="Table">{inner}</div>'


def _aligned(table: str) -> str:
    body = BODY.search(table)
    rows = [CELL.findall(row) for row in ROW.findall(body[1])] if body else []
    width = max(map(len, rows), default=0)
    columns = [[row[place] for row in rows if len(row) == width] for place in range(width)]
    numeric = {place for place, cells in enumerate(columns) if _is_numeric(cells)}

    def row_set(match: re.Match) -> str:
        in_body = body is not None and body.start() <= match.start() < body.end()
        cells = CELL.findall(match[1])
        offset = width - len(cells)
        return (
            "<tr>"
            + "".join(
                _cell(tag, text, place + offset in numeric and offset >= 0, in_body)
                for place, (tag, _, text) in enumerate(cells)
            )
            + "</tr>"
        )

    if "colspan" in table or "rowspan" in table:
        return re.sub(r'\s(?:border="\d+"|style="[^"]*")', "", table)
    set_rows = ROW.sub(row_set, table)
    return re.sub(r"^<table\b[^>]*>", '<table class="dataframe">', set_rows)


def _cell(tag: str, text: str, is_number: bool, in_body: bool) -> str:
    scope = "" if tag.lower() == "td" else ' scope="row"' if in_body else ' scope="col"'
    empty_corner = tag.lower() == "th" and not in_body and not text.strip()
    name = "td" if empty_corner else tag.lower()
    attributes = ("" if empty_corner else scope) + (' class="number"' if is_number else "")
    return f"<{name}{attributes}>{text}</{name}>"


def _is_numeric(cells: list[tuple[str, str, str]]) -> bool:
    texts = [text.strip() for tag, _, text in cells if tag.lower() == "td"]
    filled = [text for text in texts if text.lower() not in ABSENT]
    return bool(filled) and all(NUMBER.fullmatch(text) for text in filled)
