"""What may leave the clean tables: patient keys for identifiers, days since the procedure for dates."""

import re
from collections.abc import Iterable
from itertools import product

import numpy as np
import pandas as pd

from helpers.cohort.cells import factorized, stripped
from helpers.cohort.clean import CleanCohort
from helpers.cohort.dates import ABSENT, NEVER, day_numbers
from helpers.cohort.dictionary import RAW_TABLES, Dictionary
from helpers.cohort.ledger import RULES

IDENTIFIER, DATE, TEXT = "[identifier]", "[date]", "[text]"
# Yes or no of each row, said by cleaning and no column of the files: what it is called, and what it means.
MARKS = {
    "patients": {
        "procedure_set_aside": (
            "Vertebroplasty set aside",
            "A vertebroplasty of the patient was set aside in cleaning, so that day 0 or the cement is not known",
        )
    },
    "fractures": {
        "entered_as_new": (
            "Entered as new",
            "The file calls the fracture new or leaves its status open, and dates it on day 0 or later",
        )
    },
}
LEDGER_COLUMNS = (
    "table", "row", "entry", "column", "file_column", "before", "after", "rule", "why", "decided_by", "action",
)  # fmt: skip
QUARANTINE_COLUMNS = ("table", "row", "entry", "file_column", "rules", "why")
_LEVEL = r"(?:th|[tdlcs])[ ]?[.-]?[ ]?[0-9]{1,2}"
_SEPARATOR = r"(?:[ ]?[,;/+&\u2013-][ ]?|[ ](?:to|and|und|bis)[ ]|[ ])"
_HARMLESS = re.compile(
    rf"[<>~]?[ ]?[+-]?[0-9]{{1,3}}(?:[.,][0-9]{{1,3}})?[ ]?(?:ml|cc|ccm|cm3|years?|yrs?|y|sd)?"
    rf"|{_LEVEL}(?:{_SEPARATOR}{_LEVEL}|[-/\u2013][0-9]{{1,2}})*"
)


def shareable(cohort: CleanCohort, dictionary: Dictionary, *, identifiers=()) -> dict[str, pd.DataFrame]:
    """The clean tables, ledger and quarantine without identifiers and exact dates.

    Dates become whole days since the patient's first vertebroplasty (`procedure_days`, ...; missing for a
    patient without one). In the ledger, what a cell held is shown only where it is a number, a level or a
    code of the dictionary and no identifier of the cohort; the reasons are general, without the values.

    Parameters
    ----------
    identifiers : sequence of str
        Where the cohort is one part of several: identifiers of the others, which may stand in its cells too.

    Returns
    -------
    dict of str to DataFrame
        patients, procedures, fractures, imaging, ledger, quarantine.
    """
    index = _index_days(cohort)
    tables = {name: _without_dates(getattr(cohort, name), name, index, dictionary) for name in RAW_TABLES}
    tables["ledger"] = _shareable_ledger(cohort, dictionary, identifiers)
    quarantine = cohort.quarantine[list(QUARANTINE_COLUMNS[:-1])].copy()
    quarantine["why"] = _by_distinct(quarantine["rules"], lambda text: " ".join(map(RULES.get, text.split("; "))))
    tables["quarantine"] = quarantine
    return tables


def value_like(identifiers: Iterable[str], dictionary: Dictionary) -> list[str]:
    """Those of the identifiers that would be shown as the number, level or code that they also are."""
    words = _words(dictionary)
    return [text for text in identifiers if _is_harmless(text, words)]


def days_name(column: str) -> str:
    """The shareable name of a date column: death_date -> death_days."""
    return column.removesuffix("_date") + "_days"


def _words(dictionary: Dictionary) -> frozenset[str]:
    """Every code of the dictionary."""
    return frozenset().union(
        *(frozenset(c.codes) | frozenset(c.code_labels) | c.missing_codes for c in dictionary.columns)
    )


def _without_dates(frame: pd.DataFrame, name: str, index: np.ndarray, dictionary: Dictionary) -> pd.DataFrame:
    start = index[frame["patient"].cat.codes.to_numpy()]
    # A table without rows forgets its categories on disk, so it has none here either.
    columns = {"patient": frame["patient"] if len(frame) else frame["patient"].cat.set_categories([])}
    for column in dictionary.table(name):
        if column.type == "date":
            day = day_numbers(frame[column.name])
            is_known = (day != ABSENT) & (start != NEVER)
            days = np.where(is_known, day.astype(np.int64) - start, 0).astype(np.int32)
            columns[days_name(column.name)] = pd.arrays.IntegerArray(days, ~is_known)
        elif column.type != "id":
            columns[column.name] = frame[column.name]
    return pd.DataFrame(columns | {mark: frame[mark] for mark in MARKS.get(name, {})})


def _index_days(cohort: CleanCohort) -> np.ndarray:
    index = np.full(len(cohort.patients), NEVER)
    codes = cohort.procedures["patient"].cat.codes.to_numpy().astype(np.int64)
    np.minimum.at(index, codes, day_numbers(cohort.procedures["procedure_date"]))
    return index


def _shareable_ledger(cohort: CleanCohort, dictionary: Dictionary, identifiers) -> pd.DataFrame:
    ledger = cohort.ledger
    kinds = _kinds(ledger, dictionary)
    words = _words(dictionary)
    shared = ledger[list(LEDGER_COLUMNS)].copy()
    known = _known(ledger, (ledger["patient_id"].tolist(), cohort.keys["patient_id"].tolist(), identifiers))
    for side in ("before", "after"):
        codes, texts = factorized(ledger[side])
        texts = pd.Series(stripped(texts), dtype=object)
        hidden = np.array([text in known or not _is_harmless(text, words) for text in texts.tolist()], dtype=bool)
        shown = ledger[side].to_numpy(dtype=object, copy=True)
        shown[hidden[codes]] = TEXT
        shown[kinds == "id"] = IDENTIFIER
        shown[kinds == "date"] = DATE
        shown[texts.eq("").to_numpy(dtype=bool)[codes]] = ""
        shared[side] = shown
    shared["why"] = ledger["rule"].map(RULES)
    return shared


def _kinds(ledger: pd.DataFrame, dictionary: Dictionary) -> np.ndarray:
    """The type of each line's column."""
    types = {(column.table, column.name): column.type for column in dictionary.columns}
    (table, tables), (column, columns) = (pd.factorize(ledger[name]) for name in ("table", "column"))
    kinds = np.array([types.get(pair, "") for pair in product(tables, columns)], dtype=object)
    return kinds[table * len(columns) + column]


def _known(ledger: pd.DataFrame, identifiers) -> frozenset[str]:
    """What a cell in the ledger held or holds and is an identifier."""
    texts = {text.strip() for side in ("before", "after") for text in ledger[side].unique()}
    return frozenset().union(*(texts.intersection(ids) for ids in identifiers))


def _is_harmless(text: str, words: frozenset) -> bool:
    return text.lower() in words or _HARMLESS.fullmatch(text.lower()) is not None


def _by_distinct(texts: pd.Series, function) -> pd.Series:
    return texts.map({text: function(text) for text in texts.unique()})
