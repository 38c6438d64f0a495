"""When a fracture can have happened: after the last clean image, up to the one that shows it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

FRACTURED = "Fracture after the last clean image, or the procedure, and up to the image that showed it"
CLEAN = "No fracture seen: clean through the last image"
NO_IMAGE = "No fracture seen, and no image after the procedure"
DAY_ZERO = "Fracture seen on the day of the procedure"
NOT_GIVEN = "Dates of images are not given"
_GROUPS = (FRACTURED, CLEAN, NO_IMAGE, DAY_ZERO, NOT_GIVEN)
_N_KEPT = 2


@dataclass(frozen=True, eq=False)
class ImageIntervals:
    """The fracture of each vertebra kept lies in (left, right], in days since the first vertebroplasty.

    Attributes
    ----------
    left, right : ndarray of float
        One for each vertebra kept: the last clean image, 0 for the procedure; and the image that showed the fracture,
        infinite where none did.
    kept : ndarray of bool
        Which rows of the risk table these are; no row at all where the dates of images are not given.
    told : DataFrame
        group, vertebrae, is_kept: how many vertebrae of the risk table were kept, or left out, and why.
    """

    left: np.ndarray
    right: np.ndarray
    kept: np.ndarray
    told: pd.DataFrame


def image_intervals(risk_table: pd.DataFrame) -> ImageIntervals:
    """Bracket the fracture of every vertebra between images.

    A vertebra never seen fractured is known to be whole only through its last clean image, not to the last contact or
    to death. Without an image after the procedure it tells nothing and is left out. A fracture seen on day 0 has no
    day to happen on after the procedure and is left out. A fracture is found by the first image that shows it, so
    one whose last clean image is of the same day is taken to have happened that day: (days - 1, days].

    Parameters
    ----------
    risk_table : DataFrame
        `patient` to `last_clean_days`, as `risk_table.build_risk_table` makes it.
    """
    days = risk_table["days"].to_numpy(dtype=float)
    last_clean = risk_table["last_clean_days"].to_numpy(dtype=float, na_value=np.nan)
    is_fracture = (risk_table["outcome"] == "fracture").to_numpy()
    groups = {
        NOT_GIVEN: np.isnan(last_clean),
        DAY_ZERO: is_fracture & (days == 0),
        FRACTURED: is_fracture,
        NO_IMAGE: last_clean == 0,
    }
    group = np.select(list(groups.values()), [_GROUPS.index(name) for name in groups], _GROUPS.index(CLEAN))
    kept = group < _N_KEPT
    left = np.where(is_fracture, np.minimum(last_clean, days - 1), last_clean)
    right = np.where(is_fracture, days, np.inf)
    told = pd.DataFrame(
        {
            "group": _GROUPS,
            "vertebrae": np.bincount(group, minlength=len(_GROUPS)),
            "is_kept": np.arange(len(_GROUPS)) < _N_KEPT,
        }
    )
    return ImageIntervals(left[kept], right[kept], kept, told)
