"""In which encoding a text file is written; nothing but UTF-8 is taken without a note."""

import codecs
from pathlib import Path

from helpers.intake.table import cannot_be_read

UTF8 = "utf-8-sig"
WINDOWS = "cp1252"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_START = 1 << 16
_BLOCK = 1 << 24
_LEAST_NULS = 0.1  # of every second byte, where two make a character
_MOST_BY_CHANCE = 0.1  # Windows' "ß" before a closing quote reads as UTF-8, once in a while
SAVE_AS_UTF8 = "Save it as CSV UTF-8 and try again."


def first_guess(path: Path, encoding: str = "") -> tuple[str, str]:
    """The encoding by the first bytes of a file, and a note on it; UTF-8 where these do not tell."""
    if encoding:
        try:
            return codecs.lookup(encoding).name.replace("utf-8", UTF8), ""
        except LookupError:
            raise cannot_be_read(
                path.name, [f'"{encoding}" is not the name of an encoding. Known are utf-8, cp1252, latin-1, utf-16.']
            ) from None
    with path.open("rb") as file:
        start = file.read(_START)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name, ""
    even, odd = (start[half::2].count(0) / max(len(start) // 2, 1) for half in (0, 1))
    if max(even, odd) > _LEAST_NULS and min(even, odd) == 0:
        name, order = ("utf-16-le", "little") if odd else ("utf-16-be", "big")
        return name, f"{path.name} does not say its encoding; it is read as UTF-16 ({order}-endian), by its zero bytes."
    return UTF8, ""


def other_than_utf8(path: Path) -> tuple[str, str]:
    """The encoding of a file that is not UTF-8, and the note on it.

    Raises
    ------
    Problems
        If it cannot be told, or if a part of the file is UTF-8.
    """
    n_stray, n_valid, first_line, is_windows = _count(path)
    if n_valid > _MOST_BY_CHANCE * n_stray:
        raise cannot_be_read(
            path.name,
            [f"{path.name} is UTF-8 in some lines, but not in line {first_line}. {SAVE_AS_UTF8}"],
        )
    if not is_windows:
        raise cannot_be_read(
            path.name,
            [f"The encoding of {path.name} cannot be told: it is neither UTF-8 nor Windows-1252. {SAVE_AS_UTF8}"],
        )
    return WINDOWS, (
        f"{path.name} is not UTF-8; it is read as Windows-1252 (Western European, Latin-1). "
        "Look whether letters like \u00e4, \u00e9 or \u00f8 come out right."
    )


def _count(path: Path) -> tuple[int, int, int, bool]:
    """Bytes that are not UTF-8, other characters beyond ASCII, the line of the first stray byte; is it Windows?"""
    n_stray = n_valid = n_lines = first_line = 0
    is_windows = True
    read = codecs.getincrementaldecoder("utf-8")("replace").decode
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            text = read(block)
            stray = text.count("\ufffd")
            if stray and not first_line:
                first_line = n_lines + text[: text.index("\ufffd")].count("\n") + 1
            n_stray += stray
            n_valid += len(text) - len(text.encode("ascii", "ignore")) - stray
            n_lines += text.count("\n")
            is_windows = is_windows and _decodes(block, WINDOWS)
    return n_stray, n_valid, first_line or n_lines + 1, is_windows and n_stray + n_valid > 0


def _decodes(block: bytes, encoding: str) -> bool:
    try:
        block.decode(encoding)
    except UnicodeDecodeError:
        return False
    return b"\0" not in block
