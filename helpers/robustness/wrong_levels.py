"""What wrong level numbers do to the ratio: cement recorded one level off in a share of patients, drawn at random."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort
from helpers.cohort.spine import pack, unpack
from helpers.cohort.spine_arrays import patient_codes, spine_arrays
from helpers.errors import WorkbookError
from helpers.estimators.estimate import Estimate
from helpers.robustness.grid import Specification
from helpers.robustness.vertebrae import Compared, vertebrae_at_risk

MOST_PATIENTS_DRAWN = 200_000  # over all cohorts with errors of one share
FEWEST = 5
WRONG_COLUMNS = ("share", "cohorts", "estimate", "low", "high", "if_wrong_already")


def with_wrong_levels(cohort: CleanCohort, share: float, *, rng: np.random.Generator) -> CleanCohort:
    """The cohort with all cement of a share of the patients moved one level up or down along their own spines.

    Each patient is drawn with probability `share`, the direction with one half; at an end of the spine the cement
    moves the only way it can. Fractures stay where they are: it is their distance to cement that becomes wrong.
    """
    if not 0 <= share <= 1:
        raise WorkbookError(f"`share` must lie from 0 to 1, but got {share}. Write 0.15 for 15%.")
    n = len(cohort.patients)
    is_wrong, is_up = rng.random(n) < share, rng.random(n) < 0.5
    person = patient_codes(cohort.procedures)
    rows = is_wrong[person]
    masks = cohort.procedures["level_mask"].to_numpy().copy()
    levels = spine_arrays(cohort).levels
    masks[rows] = moved(masks[rows], levels[person[rows]], is_up[person[rows]])
    return replace(cohort, procedures=cohort.procedures.assign(level_mask=masks))


def moved(masks: np.ndarray, levels: np.ndarray, is_up: np.ndarray) -> np.ndarray:
    """Packed levels one level further up (towards the head) or down, among the `levels` that the spine has.

    Examples
    --------
    T12 and L1 of a usual spine, in which neither T13 nor L6 is there:

    >>> from helpers.cohort.spine import SLOT_INDEX, level_names, present
    >>> own = pack(present(np.array([12, 12]), np.array([5, 5])))
    >>> t12 = np.full(2, 1 << SLOT_INDEX["T12"], dtype=np.uint32)
    >>> [level_names(mask) for mask in moved(t12, own, np.array([True, False]))]
    [('T11',), ('L1',)]
    """
    pairs, place = np.unique(np.stack([masks, levels, is_up.astype(np.uint32)], axis=1), axis=0, return_inverse=True)
    found = np.array([_moved(*pair) for pair in pairs.tolist()], dtype=np.uint32)
    return found[place.ravel()] if len(found) else masks


def _moved(mask: int, levels: int, is_up: int) -> int:
    own = np.flatnonzero(unpack(np.array([levels], dtype=np.uint32))[0])
    places = np.flatnonzero(np.isin(own, np.flatnonzero(unpack(np.array([mask], dtype=np.uint32))[0])))
    if not len(places):
        return mask
    fits_up, fits_down = places[0] > 0, places[-1] < len(own) - 1
    step = -1 if (is_up and fits_up) or not fits_down else 1
    if step == -1 and not fits_up:
        return mask
    slots = np.zeros((1, unpack(np.array([0], dtype=np.uint32)).shape[1]), dtype=bool)
    slots[0, own[places + step]] = True
    return int(pack(slots)[0])


def ratio_with_wrong_levels(
    cohort: CleanCohort, specification: Specification, *, shares: Sequence[float], cohorts: int, seed: int
) -> pd.DataFrame:
    """The risk ratio with wrong level numbers put into the cohort, for several shares of patients.

    Errors are added to the data as they are, many times over. As errors already in the data have moved the ratio from
    what it would be without them, a first step back is as long as the step forward: `if_wrong_already` is
    R(0)^2 / R(share), the linear form of simulation and extrapolation [1]_ on the log scale.

    Parameters
    ----------
    cohort : CleanCohort
        As `shared_cohort.shared_cohort` gives it.
    specification : mapping
        The choices by which vertebrae are at risk and next to cement: `choices.reference_of` for the study's own.
    shares : sequence of number
        Of the patients, from 0 to 1.
    cohorts : int
        Cohorts with errors for each share; fewer, but at least 5, where they would hold over 200,000 patients.
    seed : int
        Each share has its own stream, so that the result for one does not hang on the others.

    Returns
    -------
    DataFrame
        share, cohorts, estimate (geometric mean), low and high (the range that holds 95% of them), if_wrong_already.

    References
    ----------
    .. [1] Cook JR, Stefanski LA. Simulation-extrapolation estimation in parametric measurement error models. J Am Stat
       Assoc 1994;89:1314-1328.
    """
    as_it_is = _ratio(cohort, specification)
    drawn = max(FEWEST, min(cohorts, MOST_PATIENTS_DRAWN // max(len(cohort.patients), 1)))
    rows = []
    for share in shares:
        rng = np.random.default_rng([seed, 5, round(share * 1e6)])
        made = 1 if share == 0 else drawn
        ratios = [_ratio(with_wrong_levels(cohort, share, rng=rng), specification) for _ in range(made)]
        known = [math.log(ratio.estimate) for ratio in ratios if ratio.estimate]
        if not known or not as_it_is.estimate:
            rows.append((float(share), made, *[math.nan] * 4))
            continue
        low, high = np.exp(np.quantile(known, [0.025, 0.975]))
        centre = math.exp(math.fsum(known) / len(known))
        rows.append((float(share), made, centre, low, high, as_it_is.estimate**2 / centre))
    return pd.DataFrame(rows, columns=list(WRONG_COLUMNS))


def _ratio(cohort: CleanCohort, specification: Specification) -> Estimate:
    vertebrae = vertebrae_at_risk(cohort, specification).chosen(specification)
    return Compared(vertebrae, int(specification["adjacent_within"]), 0.95).estimate("crude")
