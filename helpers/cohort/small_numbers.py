"""The counts of a cohort as small numbers allow them to be shown; with a limit of 0 as they are."""

from collections.abc import Iterable, Sequence

import pandas as pd

from helpers.cohort.flow import ENDS
from helpers.disclosure import WITHHELD, coarse, hides, hold_back

# Steps that take out whole patients, whose vertebrae would tell how many patients they were.
_OF_PATIENTS = ("quarantined", "procedure_set_aside", "no_vertebroplasty", "no_follow_up")
_OVERLAP, _BOTH, _AND_OVERLAP = ("patients", "overlap"), ("patients", "both"), ("patients", "with overlap")


def counts_as_shown(
    frame: pd.DataFrame, columns: Iterable[str], suppress_below: int, *, total: int | None = None
) -> pd.DataFrame:
    """A table with these columns of counts as they may be shown.

    With a `total`, which is shown elsewhere, the counts of a row add up to it; with one column, those of all rows.
    """
    if not hides(suppress_below):
        return frame
    columns = list(columns)
    counts = {(row, column): int(frame[column].iloc[row]) for row in range(len(frame)) for column in columns}
    if total is None:
        shown = {key: coarse(count, suppress_below) for key, count in counts.items()}
    else:
        by_row = [[(row, column) for column in columns] for row in range(len(frame))]
        sums = [("total", list(counts))] if len(columns) == 1 else [("total", parts) for parts in by_row]
        shown = hold_back(counts | {"total": int(total)}, sums, suppress_below, elsewhere=["total"])
    return _with(frame, shown)


def rows_as_shown(rows: pd.DataFrame, suppress_below: int) -> pd.DataFrame:
    """Rows read, kept and set aside by table; those read are the two others together."""
    if not hides(suppress_below):
        return rows
    columns = ("read", "kept", "quarantined")
    counts = {(row, column): int(rows[column].iloc[row]) for row in range(len(rows)) for column in columns}
    sums = [((row, "read"), [(row, "kept"), (row, "quarantined")]) for row in range(len(rows))]
    return _with(rows, hold_back(counts, sums, suppress_below))


def reasons_as_shown(reasons: pd.DataFrame, rows: pd.DataFrame, suppress_below: int) -> pd.DataFrame:
    """Rows by cleaning rule; of a table, those set aside by one rule or several are as many as `rows` shows.

    Which rows of a file they were is not shown.
    """
    if not hides(suppress_below):
        return reasons
    set_aside = dict(zip(rows["table"], rows["quarantined"].astype(int), strict=True))
    counts = {(row, "rows"): int(reasons["rows"].iloc[row]) for row in range(len(reasons))}
    sums, unseen = [], {}
    for table, number in set_aside.items():
        is_own = (reasons["table"] == table) & (reasons["action"] == "quarantined")
        own = [(row, "rows") for row in range(len(reasons)) if is_own.iloc[row]]
        if own:
            # A row may break several rules.
            unseen |= {("again", table): sum(counts[key] for key in own) - number}
            unseen |= {("together", table): sum(counts[key] for key in own)}
            unseen |= {("others", *key): number - counts[key] for key in own}
            sums += [(("together", table), own), (("together", table), [table, ("again", table)])]
            sums += [(table, [key, ("others", *key)]) for key in own]
    everything = counts | set_aside | unseen
    shown = hold_back(everything, sums, suppress_below, unseen=unseen, elsewhere=set_aside)
    return _with(reasons, shown).assign(first_rows=WITHHELD)


def codebook_as_shown(codebook: pd.DataFrame, suppress_below: int) -> pd.DataFrame:
    """How many rows of a table have a value; with those without, they are the rows of the table."""
    if not hides(suppress_below) or codebook.empty:
        return codebook
    parts = [
        counts_as_shown(lines, ["n", "n_missing"], suppress_below, total=lines[["n", "n_missing"]].iloc[0].sum())
        for _, lines in codebook.groupby("table", sort=False)
    ]
    return pd.concat(parts).loc[codebook.index]


def flow_as_shown(flow: pd.DataFrame, suppress_below: int) -> pd.DataFrame:
    """The flow with its counts as they may be shown together, in the figure and in the file for people."""
    if not hides(suppress_below):
        return flow
    shown = flow.copy()
    shown.loc[shown["rule"].isin(_OF_PATIENTS), ["vertebrae", "vertebrae_removed"]] = pd.NA
    counts, sums, same = _flow_sums(shown)
    unseen = [_OVERLAP, _AND_OVERLAP, *(key for key in counts if key[0] == "only")]
    told = hold_back(counts, sums, suppress_below, unseen=unseen)
    shown = _with(shown, told | {one: told[other] for one, other in same.items()})
    is_split = shown["kind"] == "split"
    shown.loc[is_split, "detail"] = [_detail(*ends) for ends in shown.loc[is_split, list(ENDS)].to_numpy()]
    return shown


def _flow_sums(flow: pd.DataFrame) -> tuple[dict, list, dict]:
    """Counts by row and column, what adds up among them, and those that repeat another."""
    rows = flow.to_dict("records")
    counts, sums, same = {}, [], {}
    steps = [number for number, row in enumerate(rows) if row["kind"] == "cohort"]
    splits = [number for number, row in enumerate(rows) if row["kind"] == "split"]
    for unit in ("patients", "vertebrae"):
        before = None
        for number in steps:
            row, left, removed = rows[number], (number, unit), (number, f"{unit}_removed")
            if pd.isna(row[unit]):
                continue
            if row["rule"] == "at_risk" and before is not None:
                same[left] = before
                continue
            counts[left] = int(row[unit])
            if before is not None:
                counts[removed] = int(row[f"{unit}_removed"])
                sums.append((before, [left, removed]))
            elif row["rule"] != "in_file":
                counts[removed] = int(row[f"{unit}_removed"])
            before = left
        if before is None or not splits:
            continue
        counts |= {(number, unit): int(rows[number][unit]) for number in splits}
        if unit == "vertebrae":
            sums.append((before, [(number, unit) for number in splits]))
        else:
            sums += _patients_of_splits(counts, before, [(number, unit) for number in splits])
    for number in splits:
        counts |= {(number, end): int(rows[number][end]) for end in ENDS}
        sums.append(((number, "vertebrae"), [(number, end) for end in ENDS]))
    return counts, sums, same


def _patients_of_splits(counts: dict, all_patients: tuple, splits: Sequence[tuple]) -> list:
    """Patients may have vertebrae of both kinds, and each has some of one."""
    both = sum(counts[key] for key in splits)
    counts |= {_AND_OVERLAP: both, _OVERLAP: both - counts[all_patients]}
    counts |= {("only", *key): counts[all_patients] - counts[key] for key in splits}
    sums = [(_AND_OVERLAP, splits), (_AND_OVERLAP, [all_patients, _OVERLAP])]
    return sums + [(all_patients, [key, ("only", *key)]) for key in splits]


def _with(frame: pd.DataFrame, shown: dict) -> pd.DataFrame:
    """The frame with the counts of these rows and columns in place of its own."""
    frame = frame.copy()
    for column in dict.fromkeys(column for _, column in shown):
        cells = frame[column].astype(object).tolist()
        for (row, name), count in shown.items():
            if name == column:
                cells[row] = count
        frame[column] = pd.Series(cells, index=frame.index, dtype=object)
    return frame


def _detail(fractured, died, censored) -> str:
    return f"{fractured.text} fractured, {died.text} died without, {censored.text} with no fracture seen"
