"""Errors planted in clean raw tables, and the list that says where each one is."""

from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.cohort.error_kinds import ERROR_KINDS, ErrorKind
from helpers.errors import WorkbookError

PLANTED_COLUMNS = ("table", "row", "column", "value", "rule", "error", "original")
ADDED_ROW = "(row added)"
FEWEST_OF_A_KIND = 2
_FIRST_FILE_ROW = 2
_SETS_PATIENT_ASIDE = ("death_before_procedure", "follow_up_before_procedure")


def plant_errors(
    tables: dict[str, pd.DataFrame], *, seed: int, share: float = 0.05, kinds: tuple[ErrorKind, ...] = ERROR_KINDS
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Put errors into copies of clean raw tables, at most one for each patient so that none hides another.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Clean raw tables of `raw_tables`.
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
    changed = {name: table.copy() for name, table in tables.items()}
    added = {name: [] for name in tables}
    free = np.ones(len(tables["patients"]), dtype=bool)
    planted = []
    for kind, count in zip(kinds, _counts(kinds, tables, share), strict=True):
        view = views[kind.copy_of or kind.table]
        rows = _choose(view, kind, count, free, rng)
        if rows.empty:
            continue
        free[rows["person"]] = False
        texts = pd.DataFrame(kind.write(rows, rng), index=rows.index).astype(object)
        if kind.copy_of:
            first = len(changed[kind.table]) + sum(map(len, added[kind.table]))
            added[kind.table].append(_new_rows(rows, texts, kind, changed[kind.table].columns))
            planted.append(_told(kind, np.arange(first, first + len(rows)), kind.column, texts[kind.column], ADDED_ROW))
            continue
        for column in texts:
            original = changed[kind.table].loc[rows.index, column]
            changed[kind.table].loc[rows.index, column] = texts[column]
            planted.append(_told(kind, rows.index, column, texts[column], original))
        if kind.rule in _SETS_PATIENT_ASIDE:
            planted += _carried_along(rows, tables, kind)
    changed = {name: pd.concat([table, *added[name]], ignore_index=True) for name, table in changed.items()}
    return changed, _list_of(planted, list(tables))


def _views(tables):
    """Every table with its patients' dates beside it, as the kinds of error need them."""
    patients, procedures, fractures = tables["patients"], tables["procedures"], tables["fractures"]
    ids = pd.Index(patients["patient_id"])
    facts = pd.DataFrame(index=ids)
    facts["person"] = np.arange(len(ids))
    facts["index_day"] = procedures.groupby("patient_id")["procedure_date"].min()
    facts["index_levels"] = procedures.drop_duplicates("patient_id").set_index("patient_id")["levels"]
    facts["n_procedures"] = procedures.groupby("patient_id").size()
    facts["death_day"] = patients.set_index("patient_id")["death_date"]
    facts["imaged_to"] = patients.set_index("patient_id")["last_imaging_date"]
    facts["contact_to"] = patients.set_index("patient_id")["last_contact_date"]
    spine = patients.set_index("patient_id")[["thoracic_vertebrae", "lumbar_vertebrae"]]
    facts["usual_spine"] = spine.eq(["12", "5"]).all(axis=1)
    later = fractures.loc[fractures["status"] != "prevalent"]
    facts["is_event_free"] = ~ids.isin(later["patient_id"])
    facts["latest_fracture"] = fractures.groupby("patient_id")["diagnosis_date"].max()
    views = {name: table.join(facts, on="patient_id") for name, table in tables.items()}
    padded = ("; " + views["fractures"]["index_levels"] + ";").fillna("")
    level = "; " + views["fractures"]["level"] + ";"
    views["fractures"]["is_cemented"] = [own in all_levels for own, all_levels in zip(level, padded, strict=True)]
    return views


def _counts(kinds, tables, share):
    """How many of each kind: two, and what is left of the share by weight."""
    left = share * sum(map(len, tables.values())) - FEWEST_OF_A_KIND * len(kinds)
    weights = np.array([kind.weight for kind in kinds])
    further = np.rint(max(left, 0) * weights / weights.sum()).astype(int)
    return FEWEST_OF_A_KIND + further if share > 0 else further


def _choose(view, kind, count, free, rng):
    """Rows the kind fits, one for each patient without an error so far, in the order of the file."""
    if view.empty:
        return view
    fits = np.asarray(kind.fits(view), dtype=bool) & free[view["person"]]
    places = rng.permutation(np.flatnonzero(fits))
    first_of_person = np.unique(view["person"].to_numpy()[places], return_index=True)[1]
    return view.iloc[np.sort(places[np.sort(first_of_person)[:count]])]


def _new_rows(rows, texts, kind, columns):
    copied = rows.reindex(columns=columns, fill_value="") if kind.copy_of == kind.table else None
    fresh = pd.DataFrame("", index=rows.index, columns=columns) if copied is None else copied.copy()
    fresh["patient_id"] = rows["patient_id"]
    for column in texts:
        fresh[column] = texts[column]
    return fresh


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
        places = np.flatnonzero(table["patient_id"].isin(rows["patient_id"]))
        ids = table["patient_id"].iloc[places]
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
