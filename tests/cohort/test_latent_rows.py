"""The shortcut from truth to risk table gives what the files give when they are cleaned and laid out."""

import pandas as pd
import pytest

from helpers.cohort.latent_rows import latent_rows
from helpers.cohort.simulate import simulate
from helpers.cohort.spine import SLOTS
from tests.cohort.cohorts import at_risk


@pytest.mark.parametrize("seed", [1, 2])
def test_same_vertebrae_days_and_outcomes(seed):
    cohort = simulate(300, seed=seed)
    raw = {name: frame.assign(row=range(2, len(frame) + 2)) for name, frame in cohort.tables.items()}
    table, rows = at_risk(raw).reset_index(), latent_rows(cohort.latent)
    theirs = pd.DataFrame(
        {
            "level": table["level"],
            "is_adjacent": table["is_adjacent"],
            "days": table["days"],
            "outcome": table["outcome"],
        }
    )
    words = pd.Series(["censored", "fracture", "death"])
    ours = pd.DataFrame(
        {
            "level": pd.Series(SLOTS)[rows.level].to_numpy(),
            "is_adjacent": rows.is_adjacent,
            "days": rows.days,
            "outcome": words[rows.outcome].to_numpy(),
        }
    )
    # Cleaning puts the patients in another order.
    by_all = [frame.sort_values(list(frame)).reset_index(drop=True) for frame in (ours, theirs)]
    pd.testing.assert_frame_equal(*by_all, check_dtype=False)
    assert rows.patient.max() + 1 == 300
