"""Everything that notebook 1 makes of a cohort, by whatever engine, as frames that can be compared."""

import pandas as pd

from helpers.cohort.dictionary import RAW_TABLES
from helpers.cohort.parts import PartedTable
from tests.cohort.cohorts import DICTIONARY

FOLDERS = {name: name for name in RAW_TABLES}


def made_by(engine, names, folder, **cleaning) -> dict[str, pd.DataFrame]:
    """Everything that notebook 1 makes, as frames."""
    raw = engine.read_cohort(names, DICTIONARY, folder=folder)
    cohort = engine.clean_cohort(raw, DICTIONARY, seed=3, **cleaning)
    shared = engine.shareable(cohort, DICTIONARY)
    made = {name: getattr(cohort, name) for name in ("rows", "keys")}
    made |= {f"private {name}": getattr(cohort, name) for name in ("ledger", "quarantine")}
    made["reasons"] = engine.describe(shared["ledger"])
    made["changes"] = pd.DataFrame({"n": [engine.count_changes(shared["ledger"])]})
    shared["risk_table"], made["flow"] = engine.build_risk_table(cohort, later_vertebroplasty="ignore")
    shared["risk_periods"] = engine.build_risk_periods(cohort)
    shared["patient_summary"] = engine.patient_summary(cohort, shared["risk_table"])
    made["levels"] = engine.level_counts(cohort, shared["risk_table"])
    made["codebook"] = engine.codebook(DICTIONARY, shared)
    return {name: as_frame(table) for name, table in (made | shared).items()}


def as_frame(table) -> pd.DataFrame:
    """A whole table, without categories that no row has: only whole tables keep those in files."""
    frame = table.read() if isinstance(table, PartedTable) else table.copy()
    assert len(frame) == len(table)
    for name in ("patient", "levels"):
        if name in frame and isinstance(frame[name].dtype, pd.CategoricalDtype):
            used = frame[name].cat.remove_unused_categories()
            frame[name] = used if name == "patient" else used.astype(object)
    return frame


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name in expected:
        pd.testing.assert_frame_equal(found[name], expected[name], obj=name)
