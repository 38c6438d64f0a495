"""How often intervals held the truth in simulated cohorts: the table that `make calibrate` stores."""

from pathlib import Path

import pandas as pd

COVERAGE_FILE = Path(__file__).parents[2] / "data" / "reference" / "calibration.csv"


def read_coverage(path: Path = COVERAGE_FILE) -> pd.DataFrame:
    """One row for each kind of cohort, target and method: truth, bias, spread, coverage, width and more.

    `data/reference/README.md` says what each column is.
    """
    return pd.read_csv(path)
