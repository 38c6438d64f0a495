"""What wrong level numbers do to the ratio: cement recorded one level off in a share of patients, drawn at random."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.cohort.clean import CleanCohort
from helpers.cohort.spine_arrays import Spines, own_levels, patient_codes, spine_arrays, with_cement
from helpers.errors import WorkbookError
from helpers.estimators.estimate import Estimate
from helpers.robustness.grid import Specification
from helpers.robustness.vertebrae import Compared, vertebrae_at_risk

MOST_PATIENTS_DRAWN = 200_000  # over all cohorts with errors of one share
FEWEST = 5
WRONG_COLUMNS = ("share", "cohorts", "estimate", "low", "high", "if_wrong_already")


def with_wrong_levels(cohort: CleanCohort, share: float, *, rng: np.random.Generator) -> CleanCohort:
    """The cohort with all cement of a share of the patients moved one level up or down along their own spines.

    Each patient is drawn with probability `share`, the direction with one half; where some cement is at an end of the
    spine, all moves the only way it can. Fractures stay where they are: their distance to cement becomes wrong.
    """
    if not 0 <= share <= 1:
        raise WorkbookError(f"`share` must lie from 0 to 1, but got {share}. Write 0.15 for 15%.")
    n, procedures = len(cohort.patients), cohort.procedures
    is_wrong, is_up = rng.random(n) < share, rng.random(n) < 0.5
    person, masks = patient_codes(procedures), procedures["level_mask"].to_numpy().copy()
    levels, everywhere = own_levels(cohort.patients), np.zeros(n, dtype=np.uint32)
    np.bitwise_or.at(everywhere, person, masks)
    step, rows = steps(everywhere, levels, is_up), is_wrong[person]
    masks[rows] = moved(masks[rows], levels[person[rows]], step[person[rows]])
    return replace(cohort, procedures=procedures.assign(level_mask=masks))


def steps(masks: np.ndarray, levels: np.ndarray, is_up: np.ndarray) -> np.ndarray:
    """-1 (towards the head) or 1 as wished; the other way where the spine ends there, 0 where it does so on both."""
    top, bottom = levels & -levels.astype(np.int64), _highest_bit(levels)
    fits_up, fits_down = (masks & top) == 0, (masks & bottom) == 0
    return np.where(is_up & fits_up | ~fits_down, np.where(fits_up, -1, 0), 1).astype(np.int8)


def moved(masks: np.ndarray, levels: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Packed levels that many levels further down, among the `levels` that the spine has.

    Examples
    --------
    T12 of a usual spine, in which neither T13 nor L6 is there:

    >>> from helpers.cohort.spine import SLOT_INDEX, level_names, pack, present
    >>> own = pack(present(np.array([12, 12]), np.array([5, 5])))
    >>> t12 = np.full(2, 1 << SLOT_INDEX["T12"], dtype=np.uint32)
    >>> [level_names(mask) for mask in moved(t12, own, np.array([-1, 1]))]
    [('T11',), ('L1',)]
    """
    cases = np.stack([masks.astype(np.int64), levels.astype(np.int64), step.astype(np.int64)], axis=1)
    distinct, place = np.unique(cases, axis=0, return_inverse=True)
    found = np.array([_moved(*case) for case in distinct.tolist()], dtype=np.uint32)
    return found[place.ravel()] if len(found) else masks


def _moved(mask: int, levels: int, step: int) -> int:
    own = [1 << slot for slot in range(levels.bit_length()) if levels >> slot & 1]
    return sum(own[place + step] for place, bit in enumerate(own) if mask & bit)


def _highest_bit(levels: np.ndarray) -> np.ndarray:
    bits = np.unique(levels)
    return np.array([1 << int(bit).bit_length() >> 1 for bit in bits], dtype=np.int64)[np.searchsorted(bits, levels)]


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
    spines = spine_arrays(cohort)
    as_it_is = _ratio(cohort, spines, specification)
    drawn = max(FEWEST, min(cohorts, MOST_PATIENTS_DRAWN // max(len(cohort.patients), 1)))
    rows = []
    for share in shares:
        rng = np.random.default_rng([seed, 5, round(share * 1e6)])
        made = 1 if share == 0 else drawn
        wrong = (with_wrong_levels(cohort, share, rng=rng) for _ in range(made))
        ratios = [_ratio(each, with_cement(spines, each.procedures), specification) for each in wrong]
        known = [math.log(ratio.estimate) for ratio in ratios if ratio.estimate]
        if not known or not as_it_is.estimate:
            rows.append((float(share), made, *[math.nan] * 4))
            continue
        low, high = np.exp(np.quantile(known, [0.025, 0.975]))
        centre = math.exp(math.fsum(known) / len(known))
        rows.append((float(share), made, centre, low, high, as_it_is.estimate**2 / centre))
    return pd.DataFrame(rows, columns=list(WRONG_COLUMNS))


def _ratio(cohort: CleanCohort, spines: Spines, specification: Specification) -> Estimate:
    vertebrae = vertebrae_at_risk(cohort, specification, spines=spines).chosen(specification)
    return Compared(vertebrae, int(specification["adjacent_within"]), 0.95).estimate("crude")
