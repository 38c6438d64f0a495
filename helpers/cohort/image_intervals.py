"""When a fracture can have happened: after the last clean image, up to the one that shows it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.parted import Parted, added_up, in_parts

FRACTURED = "Fracture after the last clean image, or the procedure, and up to the image that showed it"
CLEAN = "No fracture seen: clean through the last image"
NO_IMAGE = "No fracture seen, and no image after the procedure"
DAY_ZERO = "Fracture seen on the day of the procedure"
NOT_GIVEN = "Dates of images are not given"
TOLD = ("group", "vertebrae", "is_kept")


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


def image_intervals(risk_table: pd.DataFrame | Parted) -> ImageIntervals:
    """Bracket the fracture of every vertebra between images.

    A vertebra never seen fractured is known to be whole only through its last clean image, not to the last contact or
    to death. Without an image after the procedure it tells nothing and is left out. A fracture seen on day 0 has no
    day to happen on after the procedure and is left out. A fracture is found by the first image that shows it, so
    one whose last clean image is of the same day is taken to have happened that day: (days - 1, days]. Where only the
    month or year of that image is known, the bracket goes on to the last day it can be of (`latest_days`).

    Parameters
    ----------
    risk_table : DataFrame
        `patient` to `last_clean_days`, and `latest_days` where there is one, as `risk_table.build_risk_table` makes it.
    """
    if in_parts(risk_table):
        each = risk_table.map(image_intervals)
        told = added_up(_counts, each.attribute("told"))
        return ImageIntervals(*map(each.attribute, ("left", "right", "kept")), told.reset_index()[list(TOLD)])
    is_fracture = (risk_table["outcome"] == "fracture").to_numpy()
    is_given = risk_table["last_clean_days"].notna().to_numpy()
    days, last_clean = risk_table["days"].to_numpy(), risk_table["last_clean_days"].to_numpy(np.int32, na_value=0)
    is_day_0 = is_fracture & (days == 0)
    groups = {
        FRACTURED: is_given & is_fracture & ~is_day_0,
        CLEAN: is_given & ~is_fracture & (last_clean > 0),
        NO_IMAGE: is_given & ~is_fracture & (last_clean == 0),
        DAY_ZERO: is_given & is_day_0,
        NOT_GIVEN: ~is_given,
    }
    kept = groups[FRACTURED] | groups[CLEAN]
    # Narrow numbers hold whole days exactly, and infinity.
    left, right = last_clean[kept], np.full(np.count_nonzero(kept), np.inf, dtype=np.float32)
    fractured, day = np.flatnonzero(is_fracture[kept]), days[is_fracture & kept]
    latest = risk_table["latest_days"].to_numpy()[is_fracture & kept] if "latest_days" in risk_table else day
    right[fractured], left[fractured] = latest, np.minimum(left[fractured], day - 1)
    told = pd.DataFrame(
        {
            "group": list(groups),
            "vertebrae": [np.count_nonzero(is_in) for is_in in groups.values()],
            "is_kept": [name in (FRACTURED, CLEAN) for name in groups],
        }
    )
    return ImageIntervals(left, right, kept, told)


def _counts(told: pd.DataFrame) -> pd.DataFrame:
    return told.set_index(["group", "is_kept"])
