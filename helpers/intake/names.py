"""How a source is named: a file, a sheet of it as `Kohorte.xlsx#Patienten`, or a PostgreSQL address."""

import re
from pathlib import Path

URLS = ("postgresql://", "postgres://")
NO_PASSWORD = "Leave it out and set the environment variable PGPASSWORD, or use a .pgpass file."
_IN_FRONT = re.compile(r"(//[^:/?#@]*):.*@")  # up to the last @: a password may hold one that is not written as %40
_AS_OPTION = re.compile(r"([?&](?:ssl)?password=)[^&#]*", re.IGNORECASE)


def is_url(source) -> bool:
    """True for the address of a database."""
    return str(source).lower().startswith(URLS)


def split_name(source, folder=".") -> tuple[Path | str, str]:
    """The path of a file (or an address) and the sheet or table behind its last "#", "" for none.

    A file whose whole name is there, "#" and all, is that file.

    >>> split_name("postgresql://reader@localhost/registry#patients")
    ('postgresql://reader@localhost/registry', 'patients')
    """
    if is_url(source):
        url, _, table = str(source).partition("#")
        return url, table.strip()
    path = Path(folder) / source
    name, mark, sheet = str(source).rpartition("#")
    if not mark or not name or "/" in sheet or path.exists():
        return path, ""
    return Path(folder) / name, sheet.strip()


def has_password(url: str) -> bool:
    """True where the password stands in the address."""
    return masked(url) != url


def masked(url: str) -> str:
    """The address without its password.

    >>> masked("postgresql://reader:secret@localhost/registry?sslpassword=x")
    'postgresql://reader:***@localhost/registry?sslpassword=***'
    """
    return _AS_OPTION.sub(r"\1***", _IN_FRONT.sub(r"\1:***@", url))


def called(source) -> str:
    """What a source is called in messages: a file without its folder, an address without its password."""
    return masked(str(source)) if is_url(source) else Path(source).name
