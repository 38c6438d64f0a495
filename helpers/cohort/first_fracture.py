"""The risk table followed only to each patient's first new fracture."""

import numpy as np
import pandas as pd

from helpers.cohort.dates import NEVER


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
    is_fracture = (risk_table["outcome"] == "fracture").to_numpy()
    first = np.full(len(risk_table["patient"].cat.categories), NEVER)
    np.minimum.at(first, person[is_fracture], days[is_fracture])
    end = np.minimum(days, first[person])
    last_clean = risk_table["last_clean_days"].array
    no_later = np.minimum(last_clean.to_numpy(dtype=np.int32, na_value=0), end)
    return risk_table.assign(
        days=end,
        outcome=risk_table["outcome"].mask(end < days, "censored"),
        last_clean_days=pd.arrays.IntegerArray(no_later, np.asarray(last_clean.isna())),
    )
