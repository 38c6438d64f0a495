"""Errors planted in clean raw tables, and the list that says where each one is."""

from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.cohort.error_kinds import ERROR_KINDS, ErrorKind
from helpers.cohort.raw_tables import as_text
from helpers.errors import WorkbookError

PLANTED_COLUMNS = ("table", "row", "column", "value", "rule", "error", "original")
ADDED_ROW = "(row added)"
FEWEST_OF_A_KIND = 2
_FIRST_FILE_ROW = 2
_SETS_PATIENT_ASIDE = ("death_before_procedure", "follow_up_before_procedure")


def plant_errors(
    tables: dict[str, pd.DataFrame], *, seed: int, share: float = 0.05, kinds: tuple[ErrorKind, ...] = ERROR_KINDS
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Put errors into clean raw tables, at most one for each patient so that none hides another.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Clean raw tables of `raw_tables`; they are left as they are.
    seed : int
    share : float
        Share of all rows to be in error; every kind comes at least twice while there are patients it fits.

    Returns
    -------
    tables : dict of str to DataFrame
    planted : DataFrame
        table, row (in the file, the header is row 1), column, value, rule, error, original. Rows that are set
        aside only because the row of their patient is in error are listed too, under `unknown_patient`.
    """
    if not 0 <= share <= 0.2:
        raise WorkbookError(f"`share` must be between 0 and 0.2, but got {share}. Pass 0.05 for 5% of the rows.")
    rng = np.random.default_rng([seed, 2])
    views = _views(tables)
    changed = {name: [] for name in tables}
    added = {name: [] for name in tables}
    free = np.ones(len(tables["patients"]), dtype=bool)
    planted = []
    for kind, count in zip(kinds, _counts(kinds, tables, share), strict=True):
        rows = _choose(views[kind.copy_of or kind.table], kind, count, free, rng)
        if rows.empty:
            continue
        free[rows["person"].to_numpy()] = False
        texts = pd.DataFrame(kind.write(rows, rng), index=rows.index).astype(object)
        if kind.copy_of:
            first = len(tables[kind.table]) + sum(map(len, added[kind.table]))
            added[kind.table].append(_new_rows(rows, texts, kind, tables[kind.table].columns))
            planted.append(_told(kind, np.arange(first, first + len(rows)), kind.column, texts[kind.column], ADDED_ROW))
            continue
        changed[kind.table].append(texts)
        planted += [_told(kind, rows.index, column, texts[column], rows[column]) for column in texts]
        if kind.rule in _SETS_PATIENT_ASIDE:
            planted += _carried_along(rows, tables, kind)
    in_error = {name: _in_error(table, changed[name], added[name]) for name, table in tables.items()}
    return in_error, _list_of(planted, list(tables))


def _views(tables):
    """Every table with its patients' facts beside it, as the kinds of error need them."""
    patients, procedures, fractures = tables["patients"], tables["procedures"], tables["fractures"]
    person = {name: table["patient_id"].cat.codes.to_numpy().astype(np.int64) for name, table in tables.items()}
    is_usual = {"thoracic_vertebrae": "12", "lumbar_vertebrae": "5"}
    first_procedure = np.unique(person["procedures"], return_index=True)[1]
    last_fracture = len(fractures) - 1 - np.unique(person["fractures"][::-1], return_index=True)[1]
    later = (fractures["status"] != "prevalent").to_numpy()
    facts = pd.DataFrame({
        "person": np.arange(len(patients)),
        "index_day": procedures["procedure_date"].array[first_procedure],
        "index_levels": procedures["levels"].array[first_procedure],
        "n_procedures": np.bincount(person["procedures"], minlength=len(patients)),
        "death_day": patients["death_date"].array,
        "imaged_to": patients["last_imaging_date"].array,
        "usual_spine": np.logical_and.reduce([patients[column] == count for column, count in is_usual.items()]),
        "is_event_free": np.bincount(person["fractures"][later], minlength=len(patients)) == 0,
        "latest_fracture": fractures["diagnosis_date"].array[last_fracture],
    })  # fmt: skip
    views = {
        name: pd.concat([table, facts.take(person[name]).reset_index(drop=True)], axis=1)
        for name, table in tables.items()
    }
    views["fractures"]["is_cemented"] = _is_cemented(views["fractures"])
    return views


def _is_cemented(fractures):
    """Whether the level is one of those cemented first, told once for each distinct pair of texts."""
    lists = [set(levels.split("; ")) for levels in fractures["index_levels"].cat.categories]
    levels = fractures["level"].cat.categories
    holds = np.array([[level in cemented for level in levels] for cemented in lists], dtype=bool)
    return holds.reshape(-1, len(levels))[fractures["index_levels"].cat.codes, fractures["level"].cat.codes]


def _counts(kinds, tables, share):
    """How many of each kind: two, and what is left of the share by weight."""
    left = share * sum(map(len, tables.values())) - FEWEST_OF_A_KIND * len(kinds)
    weights = np.array([kind.weight for kind in kinds])
    further = np.rint(max(left, 0) * weights / weights.sum()).astype(int)
    return FEWEST_OF_A_KIND + further if share > 0 else further


def _choose(view, kind, count, free, rng):
    """Rows the kind fits, one for each patient without an error so far, in the order of the file, as text."""
    if view.empty:
        return view
    person = view["person"].to_numpy()
    fits = np.asarray(kind.fits(view), dtype=bool) & free[person]
    places = rng.permutation(np.flatnonzero(fits))
    return as_text(view.iloc[np.sort(_one_of_each(places, person, count))])


def _one_of_each(places, person, count):
    """The first `count` places of different persons; looks no further along `places` than it must."""
    looked = 2 * count
    while True:
        first = np.unique(person[places[:looked]], return_index=True)[1]
        if len(first) >= count or looked >= len(places):
            return places[np.sort(first)[:count]]
        looked *= 4


def _new_rows(rows, texts, kind, columns):
    copied = rows.reindex(columns=columns, fill_value="") if kind.copy_of == kind.table else None
    fresh = pd.DataFrame("", index=rows.index, columns=columns) if copied is None else copied.copy()
    fresh["patient_id"] = rows["patient_id"]
    for column in texts:
        fresh[column] = texts[column]
    return fresh


def _in_error(table, changed, added):
    """The table with the changed cells (frames of text, at their rows) and, below, the added rows."""
    further = pd.concat(added) if added else pd.DataFrame(columns=table.columns, dtype=object)
    added_at = np.arange(len(table), len(table) + len(further))
    columns = {}
    for name in table:
        own = [texts[name] for texts in changed if name in texts]
        places = np.concatenate([*(texts.index for texts in own), added_at]).astype(np.int64)
        columns[name] = _with_texts(table[name].array, places, pd.concat([*own, further[name]]).to_numpy(dtype=object))
    return pd.DataFrame(columns)


def _with_texts(column, places, texts):
    """The Categorical with these texts at these places; places from its end on, without a gap, make it longer."""
    codes, distinct = pd.factorize(texts)
    number = column.categories.get_indexer(distinct)
    is_fresh = number < 0
    number[is_fresh] = len(column.categories) + np.arange(is_fresh.sum())
    all_codes = np.empty(max(len(column), places.max(initial=-1) + 1), dtype=np.int64)
    all_codes[: len(column)] = column.codes
    all_codes[places] = number[codes]
    return pd.Categorical.from_codes(all_codes, column.categories.append(pd.Index(distinct[is_fresh], dtype=object)))


def _told(kind, places, column, value, original):
    places = np.asarray(places)
    return pd.DataFrame({
        "table": kind.table, "row": places + _FIRST_FILE_ROW, "column": column,
        "value": np.asarray(value, dtype=object), "rule": kind.rule, "error": kind.error,
        "original": np.asarray(original, dtype=object),
    })  # fmt: skip


def _carried_along(rows, tables, kind):
    """The other tables' rows of patients whose own row will be set aside."""
    for name, table in tables.items():
        if name == kind.table:
            continue
        is_theirs = np.zeros(len(tables["patients"]), dtype=bool)
        is_theirs[rows["person"]] = True
        places = np.flatnonzero(is_theirs[table["patient_id"].cat.codes])
        ids = as_text(table[["patient_id"]].iloc[places])["patient_id"]
        error = f"no error of its own; the patient's row in {kind.table} is set aside"
        follower = replace(kind, rule="unknown_patient", error=error, table=name)
        yield _told(follower, places, "patient_id", ids, ids)


def _list_of(planted, table_order):
    if not planted:
        return pd.DataFrame(columns=list(PLANTED_COLUMNS))
    listed = pd.concat(planted, ignore_index=True)
    listed["table"] = pd.Categorical(listed["table"], categories=table_order, ordered=True)
    listed = listed.sort_values(["table", "row"], kind="stable", ignore_index=True)
    return listed.astype({"table": object})[list(PLANTED_COLUMNS)]
