"""Codes and their labels: one rule for every source that knows both.

A column is read as its labels, as the program shows it; a value without a label stays as it is. `codes` keep the way
back. Where two codes have the same label, the column stays as its codes, since nothing would tell them apart.
"""

import pyarrow as pa

from helpers.intake.cell_texts import relabelled

_SHOWN = 5


def labelled(column: pa.ChunkedArray, labels: dict[str, str]) -> tuple[pa.ChunkedArray, dict[str, str], str]:
    """The column as labels, {label: code}, and what is to be told of it ("" for nothing).

    Parameters
    ----------
    labels : dict
        Code as text -> its label.
    """
    labels = {code: label for code, label in labels.items() if label}
    there = {text for chunk in column.chunks for text in chunk.dictionary.to_pylist() if text}
    shown = [labels.get(text, text) for text in there]
    if len(set(labels.values())) < len(labels) or len(set(shown)) < len(shown):
        return column, {}, "has the same label for several codes; it is read as its codes"
    if not there & labels.keys():
        return column, {}, ""
    return relabelled(column, labels), {label: code for code, label in labels.items()}, ""


def told(source: str, codes: dict[str, dict[str, str]]) -> str:
    """The note on columns that were read as their labels."""
    names = list(codes)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"Codes of {source} are read as their labels: {', '.join(names[:_SHOWN])}{more}."
