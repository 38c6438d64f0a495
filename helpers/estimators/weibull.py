"""The hazard ratio when images only bracket the fractures: a Weibull model with patients as clusters."""

from dataclasses import dataclass

import numpy as np

from helpers.errors import WorkbookError, WorkbookFault
from helpers.estimators.alike import Alike
from helpers.estimators.arguments import flags, label_codes, same_length
from helpers.estimators.brackets import NO_SHAPE, Brackets, checked_brackets, why_no_maximum
from helpers.estimators.distinct import n_distinct, runs
from helpers.estimators.estimate import Estimate, TwoByTwo, check_conf_level, not_estimable
from helpers.estimators.intervals import SANDWICH_T, clustered_ratio, ratio_estimate
from helpers.parted import added_up, in_parts, mapped

# On the log scale; beyond them a ratio or its limits are no numbers anybody could use, or write.
LARGEST_LOG_RATIO, LARGEST_ERROR = 50.0, 20.0
NOT_HELD = "the brackets do not hold the ratio: its log, or the standard error of that, came out beyond any sense"
# Its square can still be divided by.
LEAST_GATHERED = 1e-150


def interval_censored_hazard_ratio(left, right, exposed, patient=None, *, conf_level: float = 0.95) -> Estimate:
    """The hazard of exposed vertebrae over that of unexposed ones, when a fracture is known to lie in (left, right].

    A Weibull model with proportional hazards: the cumulative hazard is H(t) = exp(a + b exposed) t^k and a bracket
    has the likelihood exp(-H(left)) - exp(-H(right)), with H(0) = 0 and exp(-H(infinity)) = 0; a time known exactly
    has the density. The ratio is exp(b). Without patients the interval is exp(b +- z se), se^2 from the inverse
    information; with patients se^2 is the sum over patients of [I^-1 U_g]_b^2, U_g the scores of their vertebrae, and
    a t quantile takes the place of z (`intervals.degrees_of_freedom`).

    Parameters
    ----------
    left, right : array, one per vertebra
        Last clean image and first positive one; right is infinite for a vertebra never seen fractured, left == right
        is a time known exactly.
    exposed : array of bool, one per vertebra
    patient : array of labels, optional
        None gives the naive interval.

    Returns
    -------
    Estimate
        Without a value where the likelihood has no finite maximum; the note says why.

    Notes
    -----
    In R: ``survreg(Surv(left, right, type = "interval2") ~ exposed, dist = "weibull")`` with NA for a left of 0 and for
    an infinite right; b is minus the coefficient over the scale, its variance by the delta method. survreg's own
    clustered variance is not the one given here where brackets have two ends: there its scores by log scale have the
    wrong sign and do not add up to zero (survival 3.5-3). The log likelihood is concave in (a, b, k), so the maximum is
    the only one.

    References
    ----------
    .. [1] Odell PM, Anderson KM, D'Agostino RB. Maximum likelihood estimation for interval-censored data using a
       Weibull-based accelerated failure time model. Biometrics 1992;48:951-959.
    .. [2] White H. Maximum likelihood estimation of misspecified models. Econometrica 1982;50:1-25.

    Examples
    --------
    >>> left, right = [0, 5, 10, 20, 5, 10, 20, 20], [5, 10, 20, np.inf, 10, 20, np.inf, np.inf]
    >>> ratio = interval_censored_hazard_ratio(left, right, [1, 1, 1, 1, 0, 0, 0, 0])
    >>> round(ratio.estimate, 3), round(ratio.std_error, 3)
    (2.223, 0.924)
    """
    checked, exposed = checked_brackets(left, right), flags(exposed, "exposed")
    same_length(left=left, right=right, exposed=exposed, patient=patient)
    check_conf_level(conf_level)
    codes = None if patient is None else label_codes(patient, "patient")[0]
    n_patients = None if codes is None else added_up(n_distinct, codes)
    if in_parts(codes, exposed):
        each = mapped(_runs, checked, exposed, codes).held()
        together = added_up(_alike, each)
        (left, right, exposed), count = together.columns, together.count
    else:
        left, right, exposed, codes, count = _runs(checked, exposed, codes)
    n_vertebrae = int(count.sum())
    if n_zero := int(count[right == 0].sum()):
        raise WorkbookError(
            f"`right` is 0 for {n_zero} of {n_vertebrae} vertebrae, where a Weibull curve has not "
            "begun. Leave out vertebrae that were fractured on day 0."
        )
    evidence = {
        "conf_level": conf_level,
        "method": "Weibull proportional hazards, interval-censored times, "
        + ("vertebrae treated as independent" if codes is None else f"patients as clusters ({SANDWICH_T})"),
        "n_patients": n_patients,
        "n_vertebrae": n_vertebrae,
        "n_events": int(count[np.isfinite(right)].sum()),
        "behind": _behind(right, exposed, count),
    }
    rows, of_row = Brackets.of(left, right, exposed, count)
    why_not = why_no_maximum(rows)
    if why_not:
        return not_estimable("hazard ratio", why_not, unit="ratio", **evidence)
    fit = maximise(rows)
    if fit.shape <= 0:
        return not_estimable("hazard ratio", NO_SHAPE, unit="ratio", **evidence)
    if fit.is_flat or abs(fit.log_hazard_ratio) > LARGEST_LOG_RATIO or fit.variance > LARGEST_ERROR**2:
        return not_estimable("hazard ratio", NOT_HELD, unit="ratio", **evidence)
    if codes is None:
        return ratio_estimate("hazard ratio", fit.log_hazard_ratio, fit.variance, **evidence)
    if in_parts(codes):
        influence = np.concatenate(each.map(_by_patient, each.beside((together, fit.influence[of_row]))).each())
    else:
        influence = np.bincount(codes, count * fit.influence[of_row])
    return clustered_ratio("hazard ratio", fit.log_hazard_ratio, influence, **evidence)


def _runs(brackets: tuple, exposed: np.ndarray, codes: np.ndarray | None) -> tuple:
    """Brackets, exposure and patients of the first of each run of alike rows, and how many there are."""
    columns = (*brackets, exposed)
    start, count = runs(*(() if codes is None else (codes,)), *columns)
    return *(column[start] for column in columns), None if codes is None else codes[start], count


def _behind(right: np.ndarray, exposed: np.ndarray, count: np.ndarray) -> TwoByTwo:
    is_seen, groups = np.isfinite(right), (exposed.astype(bool), ~exposed.astype(bool))
    return TwoByTwo(*(int(count[rows].sum()) for group in groups for rows in (group & is_seen, group)))


def _alike(rows: tuple) -> Alike:
    left, right, exposed, _, count = rows
    return Alike.of(left, right, exposed, count=count)


def _by_patient(rows: tuple, whole: tuple[Alike, np.ndarray]) -> np.ndarray:
    """The influence of the patients of a part, by that of the rows of the whole cohort that are alike."""
    (left, right, exposed, codes, count), (together, influence) = rows, whole
    return np.bincount(codes, count * together.looked_up(influence, left, right, exposed))


@dataclass(frozen=True, eq=False)
class Likelihood:
    """The log likelihood at one (a, b, k), with its derivatives.

    Times are over the median of their group, so that a steep curve does not drown a and b in rounding.

    Attributes
    ----------
    parameters : array (3,)
    value : float
        Not finite where the model gives a bracket no probability.
    scores : array (distinct, 3)
        The gradient of one vertebra of each kind.
    information : array (3, 3)
        Minus the second derivative, all vertebrae together.
    """

    rows: Brackets
    parameters: np.ndarray
    value: float
    scores: np.ndarray
    information: np.ndarray

    @classmethod
    def at(cls, rows: Brackets, parameters: np.ndarray) -> "Likelihood":
        """Evaluated at (a, b, k)."""
        shape, exact = parameters[2], rows.is_exact
        between = rows.is_event & ~exact
        opens, closes = (np.where(np.isfinite(ends), ends, 0.0) for ends in (rows.opens, rows.closes))
        at_open, at_close = (np.column_stack([np.ones(len(ends)), rows.exposed, ends]) for ends in (opens, closes))
        with np.errstate(all="ignore"):
            clean = np.where(rows.is_clean_first, np.exp(at_open @ parameters), 0.0)
            # The hazard gathered between the two ends, without taking a difference of nearly equal numbers.
            part = np.where(rows.is_clean_first, -np.expm1(-shape * rows.width), 1.0)
            gathered = np.exp(at_close @ parameters) * part
            own = np.where(between, np.log(-np.expm1(-gathered)), 0.0)
            own[exact] = np.log(shape) + (at_open @ parameters)[exact]
            value = float(rows.count @ (own - clean))
        if not np.isfinite(value) or gathered[between].min(initial=1.0) < LEAST_GATHERED:
            return cls(rows, parameters, -np.inf, np.empty(0), np.empty(0))
        # Far beyond that the end of a bracket says no more.
        gathered = np.where(between, np.minimum(gathered, 700.0), 0.0)
        pull = np.zeros(len(gathered))
        pull[between] = 1 / np.expm1(gathered[between])
        widening = clean * rows.width
        slope = gathered[:, None] * at_close
        slope[:, 2] += widening
        scores = pull[:, None] * slope - clean[:, None] * at_open
        scores[exact] += at_open[exact] + [0, 0, 1 / shape]
        curvature = (
            _outer(clean * rows.count, at_open)
            + _outer(pull * (1 + pull) * rows.count, slope)
            - _outer(pull * gathered * rows.count, at_close)
        )
        bend = (pull * widening * rows.count) @ np.column_stack([at_open[:, :2], opens + closes])
        curvature[2] -= bend
        curvature[:2, 2] -= bend[:2]
        curvature[2, 2] += rows.count[exact].sum() / shape**2
        return cls(rows, parameters, value, scores, curvature)

    @property
    def shape(self) -> float:
        """The power of time, k."""
        return float(self.parameters[2])

    @property
    def is_flat(self) -> bool:
        """The likelihood does not bend in some direction, to the precision of numbers."""
        scale = np.sqrt(np.diag(self.information))
        return not scale.all() or np.linalg.eigvalsh(self.information / np.outer(scale, scale))[0] < 1e-12

    @property
    def contrast(self) -> np.ndarray:
        """What gives the log hazard ratio in one unit of time."""
        return np.array([0.0, 1.0, -self.rows.apart])

    @property
    def log_hazard_ratio(self) -> float:
        """b, in one unit of time."""
        return float(self.contrast @ self.parameters)

    @property
    def variance(self) -> float:
        """Of the log hazard ratio, from the inverse information."""
        return float(self.contrast @ np.linalg.solve(self.information, self.contrast))

    @property
    def influence(self) -> np.ndarray:
        """How far one vertebra of each kind moves the log hazard ratio."""
        return self.scores @ np.linalg.solve(self.information, self.contrast)


def _outer(weight: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The sum of weight times the outer product of a vector with itself."""
    return vectors.T @ (weight[:, None] * vectors)


def maximise(rows: Brackets, *, most_steps: int = 200) -> Likelihood:
    """The likelihood at its maximum, by Newton's method, halving a step that goes down.

    The log likelihood is concave; `why_no_maximum` has said whether it has a maximum. Where that lies on a plateau the
    way ends as soon as it `is_flat`.
    """
    here = Likelihood.at(rows, _start(rows))
    for _ in range(most_steps):
        if here.is_flat:
            return here
        score = rows.count @ here.scores
        step = np.linalg.solve(here.information, score)
        # Squared distance to the maximum in standard errors; the next one is about its square.
        distance = float(score @ step)
        there = Likelihood.at(rows, here.parameters + step)
        while there.value < here.value - 1e-12 * abs(here.value) and np.abs(step).max() > 1e-14:
            step = step / 2
            there = Likelihood.at(rows, here.parameters + step)
        here = there
        if distance <= 1e-16:
            return here
    raise WorkbookFault(f"The Weibull model did not settle in {most_steps} steps.")


def _start(rows: Brackets) -> np.ndarray:
    """Constant hazards: events over time, until the middle of the bracket."""
    start, end = np.exp(rows.opens), np.exp(np.where(rows.is_event, rows.closes, rows.opens))
    time, log_rate = (start + end) / 2, []
    for group in (~rows.exposed, rows.exposed):
        events = rows.count[group] @ rows.is_event[group]
        log_rate.append(np.log(events / (rows.count[group] @ time[group])))
    return np.array([log_rate[0], log_rate[1] - log_rate[0], 1.0])
