"""The risk table followed only to each patient's first new fracture."""

import numpy as np
import pandas as pd

from helpers.cohort.dates import NEVER
from helpers.parted import by_part


@by_part
def first_fracture_only(risk_table: pd.DataFrame) -> pd.DataFrame:
    """Follow every vertebra of a patient to the day of the patient's first new fracture at the latest.

    After it the rest of the spine may fare, or be looked after, in another way. All fractures dated that day count;
    vertebrae followed beyond it are censored on it; those that ended by then keep their end. First is the first
    fracture in the risk table, so among the levels at risk.

    Returns
    -------
    DataFrame
        The same rows, under the contract of the risk table. Where follow-up is cut before the last clean image, the
        vertebra is known to be whole on the day of the cut, and that day is `last_clean_days`.
    """
    person, days = risk_table["patient"].cat.codes.to_numpy(), risk_table["days"].to_numpy()
    outcome = risk_table["outcome"].array.copy()
    is_fracture = outcome == "fracture"
    first = np.full(len(risk_table["patient"].cat.categories), NEVER)
    np.minimum.at(first, person[is_fracture], days[is_fracture])
    end = np.minimum(days, first[person])
    is_cut = np.flatnonzero(end < days)
    outcome[is_cut] = "censored"
    changed = {"days": end, "outcome": outcome}
    if "latest_days" in risk_table:
        changed["latest_days"] = np.where(end < days, end, risk_table["latest_days"].to_numpy())
    if "last_clean_days" in risk_table:
        changed["last_clean_days"] = last_clean = risk_table["last_clean_days"].array.copy()
        is_later = is_cut[(last_clean[is_cut] > end[is_cut]).to_numpy(dtype=bool, na_value=False)]
        last_clean[is_later] = end[is_later]
    return pd.DataFrame(dict(risk_table.items()) | changed, index=risk_table.index, copy=False)
