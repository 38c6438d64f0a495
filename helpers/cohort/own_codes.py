"""Codes of the files in our words: what a study says besides the codes of the data dictionary."""

import difflib
from dataclasses import replace

from helpers.cohort.date_formats import UNDECIDED
from helpers.cohort.dictionary import RAW_TABLES, Column, Dictionary


def with_codes(dictionary: Dictionary, codes: dict | None) -> tuple[Dictionary, list[str]]:
    """The dictionary with the codes of a study, and what is wrong with these.

    Parameters
    ----------
    codes : dict of dict
        "table.column" -> {text in the file: one of the column's codes, or "" for missing}. Capitals and blanks around
        make no difference. What is said here goes before the dictionary: {"9": "female"} takes 9 for a code.
    """
    columns = {f"{one.table}.{one.name}": one for one in dictionary.columns if one.table in RAW_TABLES}
    problems, changed = [], []
    for name, given in (codes or {}).items():
        if name not in columns:
            problems.append(_unknown(name, columns))
        elif not isinstance(given, dict):
            problems.append(f'`codes` needs for {name} lines like "1": male, but got {given!r}.')
        else:
            own = _problems(name, columns[name], given)
            problems += own
            if not own:
                changed.append((columns[name], _with_own(columns[name], given)))
    return replace(dictionary, columns=tuple(_changed(one, changed) for one in dictionary.columns)), problems


def _changed(column: Column, changed: list) -> Column:
    return next((new for old, new in changed if old is column), column)


def _unknown(name: str, columns: dict[str, Column]) -> str:
    near = difflib.get_close_matches(str(name), columns, n=1, cutoff=0.6)
    coded = [one for one, column in columns.items() if column.codes]
    hint = f'Did you mean "{near[0]}"?' if near else f"Columns with codes are {', '.join(coded)}."
    return f'`codes` names "{name}", which is not a table.column of the data dictionary. {hint}'


def _problems(name: str, column: Column, given: dict) -> list[str]:
    problems, seen = [], {}
    for text, code in given.items():
        shown = f'`codes` gives "{code}" for "{text}" in {name}'
        if not isinstance(text, str) or not isinstance(code, str):
            problems.append(f"{shown}, but both must be texts. Write them in quotes.")
            continue
        key = _key(text)
        if not key:
            problems.append(f"{shown}, but an empty cell is always missing. Leave the line out.")
        elif key in seen:
            problems.append(
                f'`codes` gives "{seen[key]}" and "{text}" in {name}, which are the same, as capitals and blanks '
                "around make no difference. Keep one of them."
            )
        seen.setdefault(key, text)
        if code == UNDECIDED:
            problems.append(
                f'`codes` leaves "{text}" in {name} open ("?"). Decide what it means: {_choices(column)}, or "" '
                "for missing."
            )
        elif code and not column.codes:
            problems.append(f'{shown}, but that column has no codes. Only "" (for missing) can be said of its texts.')
        elif code and _key(code) not in column.codes:
            problems.append(
                f'{shown}, which is no code of that column. Its codes are {_choices(column)} or "" for missing.'
            )
    return problems


def _choices(column: Column) -> str:
    return ", ".join(label for label in column.code_labels.values()) if column.codes else "no code"


def _with_own(column: Column, given: dict[str, str]) -> Column:
    """A column with these codes; what they say of a text is all that counts."""
    codes = {_key(text): column.codes[_key(code)] for text, code in given.items() if code}
    missing = frozenset(_key(text) for text, code in given.items() if not code)
    kept = {text: code for text, code in column.codes.items() if text not in missing}
    return replace(column, codes=kept | codes, missing_codes=(column.missing_codes | missing) - codes.keys())


def _key(text: str) -> str:
    return text.strip().lower()
