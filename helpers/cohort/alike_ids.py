"""Identifiers that differ only in capitals or blanks: told, for they may be one patient's."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from helpers.cohort.cells import as_texts, share_texts
from helpers.cohort.dictionary import Dictionary
from helpers.cohort.value_rules import missing
from helpers.counts import counted

ID = "patient_id"
_MOST_NAMED = 3


def with_alike_told(raw: dict[str, pd.DataFrame], dictionary: Dictionary) -> dict[str, pd.DataFrame]:
    """The raw tables with a note on such identifiers: how many, and in which rows; the identifiers are not in it."""
    own = {name: as_texts(frame[ID]) for name, frame in raw.items() if ID in frame}
    shared = share_texts(list(own.values()))
    alike = _alike(shared[0].categories, dictionary)
    if not len(alike):
        return raw
    found = [
        pd.DataFrame({"id": cells.codes, "row": raw[name]["row"].to_numpy()}).assign(table=name)
        for name, cells in zip(own, shared, strict=True)
    ]
    first = pd.concat([rows[rows["id"].isin(alike.index)].drop_duplicates("id") for rows in found])
    first = first.drop_duplicates("id")
    group = alike.reindex(first["id"]).to_numpy()
    named = first["row"].astype(str).radd("row ") + " of " + first["table"]
    rows = [" and ".join(named[group == one]) for one in pd.unique(group)[:_MOST_NAMED]]
    shown = "; ".join(rows)
    n = alike.nunique()
    note = (
        f"{counted(n, 'identifier of patients is', 'identifiers of patients are')} written in several ways that "
        f"differ only in capitals or blanks ({'' if n <= _MOST_NAMED else 'for example '}{shown}). They count as "
        "different patients: write them alike if they are the same."
    )
    patients = raw["patients"]
    patients.attrs["notes"] = [*patients.attrs.get("notes", ()), note]
    return raw


def _alike(texts: pd.Index, dictionary: Dictionary) -> pd.Series:
    """Place of a text -> its group, for those that another one differs from in capitals or inner blanks only."""
    plain = pc.utf8_trim_whitespace(pa.array(np.asarray(texts, dtype=object), pa.string()))
    folded = pc.utf8_lower(pc.replace_substring_regex(plain, r"\s+", ""))
    # Where each text can be got back, as all letters are small or all are capitals, none are alike.
    if folded.equals(plain) or pc.utf8_upper(folded).equals(plain):
        return pd.Series(dtype=np.int64)
    group = pd.Series(folded.dictionary_encode().indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    n_ways = pd.DataFrame({"group": group, "way": plain.dictionary_encode().indices.to_pandas()}).drop_duplicates()
    many = n_ways["group"].value_counts().loc[lambda count: count > 1].index
    group = group[group.isin(many)]
    if group.empty:
        return group
    is_none = np.logical_or(
        *missing(
            pd.Series(plain.take(pa.array(group.index)).to_pylist(), dtype=object), dictionary.column("patients", ID)
        )
    )
    return group[~is_none]
