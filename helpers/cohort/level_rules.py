"""Rules for the levels of procedures and fractures, read with the patient's own spine."""

from itertools import product

import numpy as np
import pandas as pd

from helpers.cohort.ledger import Finding, Table
from helpers.cohort.spine import LUMBAR_COUNTS, SLOTS, THORACIC_COUNTS, level_names, pack, parse_many, present

_SINGLE = "level"


def read_levels(table: Table, column: str, thoracic, lumbar, *, two_level_range: str) -> np.ndarray:
    """Read a column of levels with each row's spine; rows that cannot be read are set aside.

    Returns
    -------
    ndarray of uint32
        Packed levels of every row, 0 for rows set aside now or before.
    """
    at = np.flatnonzero(table.kept)
    texts = pd.Series(table.clean[column].to_numpy(dtype=object)[at], dtype=object)
    thoracic, lumbar = thoracic[at], lumbar[at]
    masks, reasons = parse_many(texts, two_level_range="refuse", thoracic=thoracic, lumbar=lumbar)
    both, _ = parse_many(texts, two_level_range="levels", thoracic=thoracic, lumbar=lumbar)
    is_ambiguous = (masks == 0) & (both != 0)
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
    absent = np.zeros(len(at), dtype=np.uint32)
    for kind in product(THORACIC_COUNTS, LUMBAR_COUNTS):
        where = (thoracic == kind[0]) & (lumbar == kind[1])
        absent[where] = masks[where] & ~pack(present(*kind))[0]
    where = absent != 0
    names = pd.Series(absent[where]).map({mask: ", ".join(level_names(mask)) for mask in np.unique(absent)})
    own = pd.Series(thoracic[where]).astype(str) + " thoracic and " + pd.Series(lumbar[where]).astype(str)
    why = names.astype(object) + " is not there in a spine of " + own + " lumbar vertebrae. "
    why = (why + "Correct the level or the patient's numbers of vertebrae.").to_numpy(dtype=object)
    return Finding("level_not_in_this_spine", at[where], why, True, column, texts[where].to_numpy(dtype=object))


def canonical_levels(masks: np.ndarray) -> pd.Categorical:
    """Packed levels as text like "T12, L1"."""
    distinct, codes = np.unique(masks, return_inverse=True)
    names = [", ".join(level_names(mask)) for mask in distinct]
    if len(distinct) and distinct[0] == 0:
        names, codes = names[1:], codes - 1
    return pd.Categorical.from_codes(codes, categories=pd.Index(names, dtype=object))


def single_levels(masks: np.ndarray) -> pd.Categorical:
    """Packed single levels as an ordered category of all slots."""
    slot = np.full(len(masks), -1, dtype=np.int8)
    for index in range(len(SLOTS)):
        slot[masks == np.uint32(1 << index)] = index
    return pd.Categorical.from_codes(slot, categories=list(SLOTS), ordered=True)


def _read_as_both(table, column, at, texts, where, masks) -> Finding:
    chosen = masks[where]
    after = pd.Series(chosen).map({mask: ", ".join(level_names(mask)) for mask in np.unique(chosen)})
    why = '"' + texts[where] + '" may mean both vertebrae or the disc; `two_level_range: levels` reads both.'
    return Finding(
        "ambiguous_levels",
        at[where],
        why.to_numpy(dtype=object),
        column=column,
        before=table.cell(column, at[where]),
        after=after.to_numpy(dtype=object),
        decided_by="parameter",
    )


def _set_aside(rule, column, at, texts, where, why) -> Finding:
    """Rows set aside for what their text says; `why` makes a sentence of a text."""
    before = texts[where]
    told = before.map({text: why(text) for text in before.unique()}).to_numpy(dtype=object)
    return Finding(rule, at[where], told, True, column, before.to_numpy(dtype=object))
