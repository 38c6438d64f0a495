"""Patients by number: identifiers of all tables numbered, and keys in random order that stand for them."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from helpers.cohort.cells import factorized, share_texts, stripped
from helpers.cohort.dictionary import Dictionary
from helpers.cohort.ledger import Table
from helpers.cohort.value_rules import TextFinding, missing, tell

ID = "patient_id"
_RUN = 1_000_000  # identifiers made into Python texts at once
_BLANKS = " has blanks before or after it; they were taken off so that the rows of a patient meet."


@dataclass(frozen=True)
class Identifiers:
    """The texts of all identifiers, without the blanks around them, and the identifier of each person by number."""

    clean: pd.Series
    has_blanks: np.ndarray
    of_person: np.ndarray


def number_persons(tables: dict[str, Table]) -> Identifiers:
    """Give each row its `person`: rows have the same one where their identifiers differ in blanks at most."""
    shared = share_texts([table.text[ID] for table in tables.values()])
    texts = shared[0].categories
    clean = pd.Series(stripped(texts), dtype=object)
    has_blanks = clean.ne(np.asarray(texts, dtype=object)).to_numpy(dtype=bool)
    person, of_person = _persons(texts, clean, has_blanks)
    for table, cells in zip(tables.values(), shared, strict=True):
        table.text[ID] = cells
        table.person = person[cells.codes]
    return Identifiers(clean, has_blanks, of_person)


def read_identifiers(tables: dict[str, Table], ids: Identifiers, dictionary: Dictionary, open_rows: dict) -> None:
    """Tell about the identifiers; where there is none, `person` becomes -1."""
    found = {}
    for name, table in tables.items():
        column = dictionary.column(name, ID)
        if column.missing_codes not in found:
            found[column.missing_codes] = missing(ids.clean, column)
        is_empty, is_code = found[column.missing_codes]
        is_missing = is_empty | is_code
        findings = [
            TextFinding("missing_code", is_code, f" in {column.name} stands for a missing value."),
            TextFinding("space_around_id", ids.has_blanks & ~is_missing, _BLANKS, ids.clean, is_bad=False),
        ]
        tell(table, column, findings, is_missing, open_rows[name])
        if is_missing.any():
            table.person[is_missing[table.text[ID].codes]] = -1


def patient_keys(patient_ids, seed: int) -> pd.DataFrame:
    """Give each patient a key like "p000001" in an order that tells nothing about the identifiers.

    The order hangs on the seed and on all identifiers together, not on the order of the file.
    """
    ids = sorted(patient_ids)
    shuffled = np.array(ids, dtype=object)[_permutation([ids], len(ids), seed)]
    return pd.DataFrame({ID: shuffled, "patient": _in_order(_key_names(np.arange(1, len(ids) + 1)))})


def key_numbers(patient_ids: Sequence[pa.StringArray], seed: int) -> list[np.ndarray]:
    """The numbers in the keys of the patients of each part, those that `patient_keys` gives all of them together."""
    together = pa.concat_arrays([own.cast(pa.large_string()) for own in patient_ids])
    order = pc.array_sort_indices(together).to_numpy()
    runs = (together.take(pa.array(order[start:][:_RUN])).to_pylist() for start in range(0, len(order), _RUN))
    numbers = np.empty(len(order), dtype=np.int32)
    numbers[order[_permutation(runs, len(order), seed)]] = np.arange(1, len(order) + 1, dtype=np.int32)
    return np.split(numbers, np.cumsum([len(own) for own in patient_ids])[:-1])


def numbered_keys(patient_ids: np.ndarray, numbers: np.ndarray) -> pd.DataFrame:
    """The keys with these numbers, in their order."""
    order = np.argsort(numbers)
    return pd.DataFrame({ID: patient_ids[order], "patient": _in_order(_key_names(numbers[order]))})


def keys_of(keys: pd.DataFrame, patient_ids) -> pd.DataFrame:
    """The keys of these patients only, in the order of the keys."""
    if len(keys) == len(patient_ids):
        return keys
    own = keys[keys[ID].isin(patient_ids)]
    return pd.DataFrame({ID: own[ID].to_numpy(dtype=object), "patient": _in_order(np.asarray(own["patient"], object))})


def _persons(texts: pd.Index, clean: pd.Series, has_blanks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The person of each text, and the identifier of each person: those without blanks around them come first."""
    person = np.arange(len(texts), dtype=np.int32)
    place = texts.get_indexer(clean[has_blanks])
    new, distinct = factorized(clean[has_blanks][place < 0])
    place[place < 0] = len(texts) + new
    person[has_blanks] = place
    return person, np.concatenate([np.asarray(texts, dtype=object), distinct])


def _permutation(runs: Iterable[list[str]], n: int, seed: int) -> np.ndarray:
    """The random order of `n` identifiers, which come sorted, in one run or several."""
    digest = hashlib.sha256()
    for number, run in enumerate(runs):
        digest.update("\0".join([""] * (number > 0) + run).encode("utf-8", "surrogatepass"))
    return np.random.default_rng([seed, int.from_bytes(digest.digest()[:8], "big")]).permutation(n)


def _key_names(numbers: np.ndarray) -> np.ndarray:
    texts = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 6, "0")
    return pc.binary_join_element_wise("p", texts, "").to_numpy(zero_copy_only=False)


def _in_order(names: np.ndarray) -> pd.Categorical:
    return pd.Categorical.from_codes(np.arange(len(names)), categories=pd.Index(names, dtype=object))
