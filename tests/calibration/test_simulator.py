"""The simulator's margins over 200 seeds, as stored, lie within 10% of the published ones."""

import pandas as pd

from helpers.cohort.calibration import RESULT_FILE, TOLERANCE


def test_every_stored_margin_is_within_ten_percent():
    stored = pd.read_csv(RESULT_FILE)
    calibrated = stored[stored["kind"] == "calibrated"]
    assert len(calibrated) == 7
    assert calibrated["ratio"].between(1 - TOLERANCE, 1 + TOLERANCE).all()
    assert set(stored["seeds"]) == {"1 to 200"}
