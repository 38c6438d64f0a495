"""Fractures are dated by the image that shows them; when they came lies between the last clean image and that one."""

import numpy as np
import pandas as pd

from helpers.errors import WorkbookError
from helpers.estimators.hazard_ratio import hazard_ratio
from helpers.estimators.median_time import median_among_events

DATINGS = {"earliest": 0.0, "half way": 0.5, "image": 1.0}  # between the last clean image and the one that shows it


def dated(days, last_clean_days, event, *, share: float) -> np.ndarray:
    """Days with every fracture moved to this share of the way from its last clean day to its image.

    A fracture lies on a whole day after the last clean one: last + max(1, ceil(share (days - last))), and never after
    its image. Vertebrae without a fracture keep their days.

    Parameters
    ----------
    days, last_clean_days : array of int, one per vertebra
        Last clean days without a value count as 0.
    event : array of bool
    share : float
        1 is the image that shows the fracture, 0 the first possible day.

    Examples
    --------
    >>> dated([100, 100, 30], [40, 40, 0], [True, False, True], share=0.5).tolist()
    [70, 100, 15]
    """
    if not 0 <= share <= 1:
        raise WorkbookError(f"`share` must lie from 0 to 1, but got {share}. 0.5 is half way.")
    days, fractured = np.array(days), np.flatnonzero(event)
    found = days[fractured].astype(np.int64)
    last = pd.array(pd.Series(last_clean_days).iloc[fractured], dtype="Int64").fillna(0)
    last = last.to_numpy(np.int64).clip(0, found)
    days[fractured] = np.minimum(last + np.maximum(1, np.ceil(share * (found - last)).astype(np.int64)), found)
    return days


def by_dating(risk_table: pd.DataFrame, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Medians among fractured vertebrae and the hazard ratio, for each way to date a fracture.

    Parameters
    ----------
    risk_table : DataFrame
        patient, is_adjacent, days, outcome, last_clean_days.

    Returns
    -------
    DataFrame
        dating, share, quantity ("median, next to cement", "median, further away", "hazard ratio"), estimate, conf_low,
        conf_high, note.
    """
    event, exposed = (risk_table["outcome"] == "fracture").to_numpy(), risk_table["is_adjacent"].to_numpy(dtype=bool)
    patient = risk_table["patient"].array
    rows = []
    for dating, share in DATINGS.items():
        days = dated(risk_table["days"].to_numpy(), risk_table["last_clean_days"], event, share=share)
        found = {
            "median, next to cement": _median(days, event, patient, exposed, conf_level),
            "median, further away": _median(days, event, patient, ~exposed, conf_level),
            "hazard ratio": hazard_ratio(days, event, exposed, patient, conf_level=conf_level),
        }
        rows += [
            {
                "dating": dating,
                "share": share,
                "quantity": quantity,
                "estimate": estimate.estimate,
                "conf_low": estimate.conf_low,
                "conf_high": estimate.conf_high,
                "note": estimate.note,
            }
            for quantity, estimate in found.items()
        ]
    return pd.DataFrame(rows).astype(dict.fromkeys(("estimate", "conf_low", "conf_high"), float))


def _median(days, event, patient, group, conf_level):
    rows = np.flatnonzero(event & group)
    return median_among_events(days[rows], event[rows], patient[rows], conf_level=conf_level)
