"""What a page may not hold: outside addresses and scripts. A report opens offline, today and in ten years."""

import re
from functools import lru_cache
from html.parser import HTMLParser

ADDRESS_ATTRIBUTES = {
    "src", "href", "xlink:href", "srcset", "data", "action", "formaction", "poster", "background",
    "cite", "ping", "manifest",
}  # fmt: skip
ACTIVE_TAGS = {"script", "iframe", "object", "embed", "applet", "form", "base"}
STYLE_ADDRESS = re.compile(r"url\(\s*['\"]?\s*([^'\")]*)|@import\s+['\"]?([^'\";]*)", re.IGNORECASE)
OUTSIDE = re.compile(r"(?:[a-z][a-z0-9+.-]*:|//|\\\\)", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x20]+")


def is_outside(address: str) -> bool:
    """True for an address that leaves the report; data: pictures, files beside it and #places do not."""
    if address.startswith("data:image/"):  # most often a long one
        return False
    bare = CONTROL.sub("", address)
    return OUTSIDE.match(bare) is not None and not bare.lower().startswith(("data:image/", "data:font/"))


def outside_addresses(page: str) -> tuple[str, ...]:
    """Every outside address in an attribute, a style or a style sheet of `page`."""
    return tuple(_read(page).outside)


def active_content(page: str) -> tuple[str, ...]:
    """Every script, frame, form and event handler in `page`."""
    return tuple(_read(page).active)


@lru_cache(maxsize=1)
def _read(page: str) -> "_Reader":
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.active: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        given = {name: value or "" for name, value in attrs}
        if tag in ACTIVE_TAGS or (tag == "meta" and given.get("http-equiv", "").lower() == "refresh"):
            self.active.append(tag)
        for name, value in given.items():
            if name.startswith("on"):
                self.active.append(name)
            if name == "style":
                self._read_style(value)
            addresses = value.split(",") if name == "srcset" else [value]
            if name in ADDRESS_ATTRIBUTES:
                self.outside += [address.strip() for address in addresses if is_outside(address)]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._in_style = False

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._read_style(data)

    def _read_style(self, style: str) -> None:
        for match in STYLE_ADDRESS.finditer(style):
            address = match[1] or match[2] or ""
            if is_outside(address):
                self.outside.append(address.strip())
