"""The spine as an axis of 19 slots, and the spellings of its levels."""

import re

import numpy as np
import pandas as pd

from helpers.errors import WorkbookError

SLOTS = tuple([f"T{number}" for number in range(1, 14)] + [f"L{number}" for number in range(1, 7)])
N_SLOTS = len(SLOTS)
SLOT_INDEX = {slot: index for index, slot in enumerate(SLOTS)}
THORACIC_COUNTS = (11, 12, 13)
LUMBAR_COUNTS = (5, 6)
TWO_LEVEL_RANGES = ("refuse", "levels")
REGIONS = ("thoracic", "thoracolumbar", "lumbar")

_BITS = (np.uint32(1) << np.arange(N_SLOTS, dtype=np.uint32)).astype(np.uint32)
_LEVEL = r"(?P<letter>TH|T|D|L|[BL]W[KS]?)[ ]*[.-]?[ ]*(?P<number>[0-9]{1,2})(?![A-Z0-9])"
_TOKEN = re.compile(
    rf"(?P<level>{_LEVEL})"
    r"|(?P<bare>[0-9]{1,2})(?![A-Z0-9])"
    r"|[ ]*(?P<to>\b(?:TO|BIS)\b)[ ]*|[ ]*(?P<dash>-)[ ]*|[ ]*(?P<slash>/)[ ]*"
    r"|(?P<list>(?:[ ,;+&\n]|\b(?:AND|UND)\b)+)",
    re.ASCII,
)
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_BLANKS = re.compile(r"[^\S\n\r]")
_MONTHS = r"(?:JAN|FEB|MAR|M\u00c4R|APR|MAY|MAI|JUN|JUL|AUG|SEP|OCT|OKT|NOV|DEC|DEZ)[A-Z]*"
_SHEET_DATE = re.compile(
    rf"^(?:[0-9]{{1,4}}[-. ]+{_MONTHS}(?:[-. ]+[0-9]+)?|{_MONTHS}[-. ]+[0-9]{{1,4}}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4})$"
)
_EXAMPLE = 'Write levels like T12, "T11-L1" or "L1; L3".'
_NO_LEVEL = {"NONE", "NA", "N/A", "-", "0", "UNKNOWN", "?", "NO", "NIL", "KEINE"}


class LevelError(WorkbookError):
    """A text that does not say which vertebra or vertebrae are meant; `reason` says why, in plain words."""

    def __init__(self, reason: str):
        self.reason = reason
        super().__init__(reason)


def present(thoracic, lumbar) -> np.ndarray:
    """Which slots each patient has: bool, patients x 19."""
    thoracic, lumbar = _counts(thoracic, lumbar)
    slot = np.arange(N_SLOTS)
    return np.where(slot < 13, slot < thoracic[:, None], slot - 13 < lumbar[:, None])


def position(thoracic, lumbar) -> np.ndarray:
    """Place of each slot from the top of the patient's own spine (int8, patients x 19), -1 where absent.

    The difference of two places is the distance in levels: with 11 thoracic vertebrae T11 and L1 are 1 apart.
    """
    has_slot = present(thoracic, lumbar)
    return np.where(has_slot, np.cumsum(has_slot, axis=1) - 1, -1).astype(np.int8)


def pack(levels: np.ndarray) -> np.ndarray:
    """Bool rows of 19 slots as one integer each (uint32, T1 is the lowest bit)."""
    return (np.asarray(levels, dtype=bool) * _BITS).sum(axis=-1, dtype=np.uint32)


def unpack(masks: np.ndarray) -> np.ndarray:
    """The inverse of `pack`: bool, rows x 19."""
    return (np.asarray(masks, dtype=np.uint32)[..., None] & _BITS) != 0


def level_names(mask: int) -> tuple[str, ...]:
    """The levels in one packed integer, cranial to caudal."""
    return tuple(slot for index, slot in enumerate(SLOTS) if int(mask) >> index & 1)


def region_of(slot: str) -> str:
    """Thoracic (T1 to T10), thoracolumbar (T11 to L2) or lumbar (from L3)."""
    index = SLOT_INDEX[slot]
    return REGIONS[(index >= SLOT_INDEX["T11"]) + (index > SLOT_INDEX["L2"])]


def level_range(text: str) -> np.ndarray:
    """The slots from the first to the last level of "T4-L5" (bool, 19); T13 and L6 only when inside."""
    try:
        tokens = _tokens(text)
        ends = [_slot(*token[1:], text) for token in tokens if token[0] == "level"]
    except LevelError as error:
        raise LevelError(f'`levels_at_risk` is "{text}": {error.reason}') from None
    kinds = [token[0] for token in tokens]
    if kinds not in (["level"], ["level", "dash", "level"], ["level", "to", "level"]) or ends[0] > ends[-1]:
        raise LevelError(
            f'`levels_at_risk` must be a range from cranial to caudal, but got "{text}". Write, say, "T4-L5".'
        )
    slot = np.arange(N_SLOTS)
    return (slot >= ends[0]) & (slot <= ends[-1])


def parse_level(text: str) -> str:
    """One level under its usual name, "Th. 12" -> "T12", or LevelError."""
    levels = parse_levels(text)
    if len(levels) > 1:
        raise LevelError(f'"{text}" names {len(levels)} levels, not one. Give each level a row of its own.')
    return levels[0]


def parse_levels(text: str, *, two_level_range: str = "refuse", thoracic: int = 12, lumbar: int = 5) -> tuple[str, ...]:
    """All levels a text names, cranial to caudal.

    Parameters
    ----------
    text : str
        "Th12", "T11-L1", "L1; L3", ...
    two_level_range : {"refuse", "levels"}
        Two neighbours joined by "-" or "/" ("T12-L1") may mean both vertebrae or the disc between them:
        refuse such a text, or read it as both vertebrae.
    thoracic, lumbar : int
        The patient's own spine: what lies inside a range, and which levels are neighbours.

    Raises
    ------
    LevelError
        If the text does not say which levels are meant.
    """
    if two_level_range not in TWO_LEVEL_RANGES:
        raise WorkbookError(f'`two_level_range` must be "refuse" or "levels", but got "{two_level_range}".')
    mask = _mask(text, two_level_range, present(thoracic, lumbar)[0])
    return level_names(mask)


def parse_many(texts, *, two_level_range: str = "refuse", thoracic=12, lumbar=5) -> tuple[np.ndarray, dict[str, str]]:
    """Levels of many texts (any sequence, or a category of texts), reading each distinct one once per kind of spine.

    Returns
    -------
    masks : ndarray of uint32
        Packed levels of each row; 0 where the text was refused or is blank.
    refusals : dict
        Refused text -> why.
    """
    if isinstance(texts, pd.Categorical):
        codes, distinct = texts.codes, texts.categories
    else:
        codes, distinct = pd.factorize(pd.Series(texts, dtype=object).reset_index(drop=True))
    thoracic, lumbar = (np.broadcast_to(values, codes.shape).astype(np.int64) for values in (thoracic, lumbar))
    kind, kinds = pd.factorize(thoracic * 10 + lumbar, sort=True)
    has_slot, n_texts = present(kinds // 10, kinds % 10), len(distinct)
    # A number for each text in each kind of spine, and the last one for no text.
    number = np.where(codes >= 0, kind * n_texts + codes, len(kinds) * n_texts)
    found, refusals = np.zeros(len(kinds) * n_texts + 1, dtype=np.uint32), {}
    for place in np.flatnonzero(np.bincount(number, minlength=len(found))[:-1]):
        text = distinct[place % n_texts]
        try:
            found[place] = _mask(text, two_level_range, has_slot[place // n_texts]) if str(text).strip() else 0
        except LevelError as error:
            refusals.setdefault(text, error.reason)
    return found[number], refusals


def _counts(thoracic, lumbar):
    thoracic, lumbar = np.broadcast_arrays(np.atleast_1d(thoracic), np.atleast_1d(lumbar))
    if not (np.isin(thoracic, THORACIC_COUNTS).all() and np.isin(lumbar, LUMBAR_COUNTS).all()):
        raise WorkbookError("A spine has 11 to 13 thoracic and 5 or 6 lumbar vertebrae here. Check these counts.")
    return thoracic, lumbar


def _tokens(text) -> list[tuple[str, str, str]]:
    """The text as (kind, letter, number) pieces, or the reason why it cannot be read."""
    clean = _DASHES.sub("-", _BLANKS.sub(" ", str(text))).replace("\r", "\n").strip(" ,;\n").upper()
    tokens, at = [], 0
    while at < len(clean):
        match = _TOKEN.match(clean, at)
        if match is None:
            raise LevelError(_why_not(str(text).strip(), clean))
        kind = match.lastgroup
        tokens.append((kind, (match["letter"] or "")[:1], match["number"] or match["bare"] or ""))
        at = match.end()
    if not any(kind == "level" for kind, *_ in tokens):
        raise LevelError(_why_not(str(text).strip(), clean))
    return tokens


def _why_not(text: str, clean: str) -> str:
    if not clean or clean in _NO_LEVEL:
        return f'"{text}" names no level. Write the level, for example T12.'
    if _SHEET_DATE.match(clean):
        return f'"{text}" is a date, made by a spreadsheet. Make the column text and type the level again.'
    if re.fullmatch(r"[0-9]{1,2}", clean):
        return f'"{text}" has no letter: thoracic or lumbar? Write the level in full, for example T12.'
    if re.search(r"(?<![A-Z])(?:[CS]|[HS]W[KS]?)[ .-]*[0-9]", clean):
        return f'"{text}" names a cervical or sacral level. Only T1 to T13 and L1 to L6 are studied here.'
    return f'"{text}" is not a level or a list of levels. {_EXAMPLE}'


def _slot(letter: str, number: str, text: str) -> int:
    name = ("L" if letter == "L" else "T") + str(int(number))
    if name in SLOT_INDEX:
        return SLOT_INDEX[name]
    meant = f"T{int(number)}"
    hint = f" Did you mean {meant}?" if letter == "L" and meant in SLOT_INDEX else " Check the number."
    highest = "L6 (usually L5)" if letter == "L" else "T13 (usually T12)"
    raise LevelError(f'"{text}" names {name}, but the lowest level of that kind is {highest}.{hint}')


def _mask(text, two_level_range: str, has_slot: np.ndarray) -> int:
    mask, letter = 0, ""
    previous = joined = joined_before = None
    for kind, token_letter, number in _tokens(text):
        if kind not in ("level", "bare"):
            if previous is None or joined is not None:
                raise LevelError(f'"{text}" lacks a level on one side of a "-", "/" or comma. {_EXAMPLE}')
            joined = kind
            continue
        if kind == "bare" and joined in (None, "list"):
            raise LevelError(f'In "{text}" the number {number} has no letter. Write every level in full.')
        if joined in ("dash", "to") and joined_before in ("dash", "to", "slash"):
            raise LevelError(f'"{text}" joins more than two levels by "-". Separate single levels by commas.')
        letter = token_letter or letter
        slot = _slot(letter, number, text)
        mask |= 1 << slot
        if joined in ("dash", "to", "slash"):
            _check_pair(previous, slot, joined, kind, text, two_level_range, has_slot)
        if joined in ("dash", "to"):
            low, high = sorted((previous, slot))
            mask |= sum(1 << index for index in range(low, high) if has_slot[index])
        previous, joined, joined_before = slot, None, joined
    if joined is not None:
        raise LevelError(f'"{text}" ends with a "-", "/" or comma. {_EXAMPLE}')
    return mask


def _check_pair(first, last, joined, kind, text, two_level_range, has_slot) -> None:
    if first == last:
        raise LevelError(f'"{text}" joins a level with itself. {_EXAMPLE}')
    if kind == "bare" and last < first:
        raise LevelError(f'"{text}" runs upwards, so a letter may have been left out. Write both letters.')
    inside = slice(min(first, last) + 1, max(first, last))
    are_neighbours = abs(last - first) == 1 or any(
        spine[[first, last]].all() and not spine[inside].any() for spine in (has_slot, present(12, 5)[0])
    )
    if are_neighbours and joined != "to" and two_level_range == "refuse":
        raise LevelError(
            f'"{text}" may mean both vertebrae or the disc between them. Write "{SLOTS[min(first, last)]}, '
            f'{SLOTS[max(first, last)]}" for both, or set `two_level_range: levels` if it always means both.'
        )
