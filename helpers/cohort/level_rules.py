"""Rules for the levels of procedures and fractures, read with the patient's own spine."""

from itertools import product

import numpy as np
import pandas as pd

from helpers.cohort.cells import texts_of, told
from helpers.cohort.ledger import Finding, Table
from helpers.cohort.spine import LUMBAR_COUNTS, SLOTS, THORACIC_COUNTS, level_names, pack, parse_many, present

_SINGLE = "level"
_KINDS = tuple(product(THORACIC_COUNTS, LUMBAR_COUNTS))
_PRESENT = np.array([pack(present(*kind))[0] for kind in _KINDS])
_MASK_BITS = len(SLOTS)


def read_levels(table: Table, column: str, thoracic, lumbar, *, two_level_range: str) -> np.ndarray:
    """Read a column of levels with each row's spine; rows that cannot be read are set aside.

    Returns
    -------
    ndarray of uint32
        Packed levels of every row, 0 for rows set aside now or before.
    """
    at = np.flatnonzero(table.kept)
    texts = table.clean[column][at]
    thoracic, lumbar = thoracic[at], lumbar[at]
    masks, reasons = parse_many(texts, two_level_range="refuse", thoracic=thoracic, lumbar=lumbar)
    unread, both = masks == 0, masks.copy()
    own = {"thoracic": thoracic[unread], "lumbar": lumbar[unread]}
    both[unread] = parse_many(texts[unread], two_level_range="levels", **own)[0]
    is_ambiguous = unread & (both != 0)
    if two_level_range == "levels" and column != _SINGLE:
        masks, is_refused = both, both == 0
        table.apply(_read_as_both(table, column, at, texts, is_ambiguous, both))
    else:
        is_refused = (masks == 0) & ~is_ambiguous
        table.apply(_set_aside("ambiguous_levels", column, at, texts, is_ambiguous, reasons.get))
    table.apply(_set_aside("level_not_recognised", column, at, texts, is_refused, reasons.get))
    if column == _SINGLE:
        is_several = (masks & (masks - np.uint32(1))) != 0
        why = '"{}" names several levels. Give each fractured level a row of its own.'.format
        table.apply(_set_aside("level_not_recognised", column, at, texts, is_several, why))
        masks = np.where(is_several, np.uint32(0), masks)
    table.apply(level_not_in_this_spine(column, at, texts, masks, thoracic, lumbar))
    packed = np.zeros(len(table.row), dtype=np.uint32)
    packed[at] = masks
    packed[~table.kept] = 0
    return packed


def level_not_in_this_spine(column, at, texts, masks, thoracic, lumbar) -> Finding:
    """Levels named that the patient does not have: T13 among 12 thoracic vertebrae."""
    kind = (thoracic.astype(np.int64) - THORACIC_COUNTS[0]) * len(LUMBAR_COUNTS) + lumbar - LUMBAR_COUNTS[0]
    absent = masks & ~_PRESENT[kind]
    where = np.flatnonzero(absent)
    why = told(kind[where] << _MASK_BITS | absent[where], _not_in_spine)
    return Finding("level_not_in_this_spine", at[where], why, True, column, texts_of(texts, where))


def canonical_levels(masks: np.ndarray) -> pd.Categorical:
    """Packed levels as text like "T12, L1"."""
    codes, distinct = pd.factorize(masks, sort=True)
    names = [_names(mask) for mask in distinct]
    if len(distinct) and distinct[0] == 0:
        names, codes = names[1:], codes - 1
    return pd.Categorical.from_codes(codes, categories=pd.Index(names, dtype=object))


def single_levels(masks: np.ndarray) -> pd.Categorical:
    """Packed single levels as an ordered category of all slots."""
    slot = np.frexp(masks)[1] - 1
    return pd.Categorical.from_codes(slot, categories=list(SLOTS), ordered=True)


def _read_as_both(table, column, at, texts, where, masks) -> Finding:
    where = np.flatnonzero(where)
    why = '"{}" may mean both vertebrae or the disc; `two_level_range: levels` reads both.'.format
    return Finding(
        "ambiguous_levels",
        at[where],
        told(texts[where], why),
        column=column,
        before=table.cell(column, at[where]),
        after=told(masks[where], _names),
        decided_by="parameter",
    )


def _set_aside(rule, column, at, texts, where, why) -> Finding:
    """Rows set aside for what their text says; `why` makes a sentence of a text."""
    where = np.flatnonzero(where)
    return Finding(rule, at[where], told(texts[where], why), True, column, texts_of(texts, where))


def _not_in_spine(kind_and_mask: int) -> str:
    kind, mask = divmod(int(kind_and_mask), 1 << _MASK_BITS)
    thoracic, lumbar = _KINDS[kind]
    return (
        f"{_names(mask)} is not there in a spine of {thoracic} thoracic and {lumbar} lumbar vertebrae. "
        "Correct the level or the patient's numbers of vertebrae."
    )


def _names(mask: int) -> str:
    return ", ".join(level_names(mask))
