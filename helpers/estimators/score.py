"""Score intervals of a two-by-two table: valid with few events, and where a cell is empty."""

import math
from collections.abc import Callable

from helpers.errors import WorkbookError
from helpers.estimators.arguments import choice
from helpers.estimators.estimate import Estimate, TwoByTwo, check_conf_level, not_estimable
from helpers.estimators.intervals import critical_value, two_sided_p

MEASURES = ("risk ratio", "risk difference", "odds ratio")
METHODS = ("koopman", "miettinen_nurminen")
# Ratios are sought between exp(-60) and exp(60).
LOG_RANGE = 60.0


def score_interval(
    events_exposed: int,
    at_risk_exposed: int,
    events_unexposed: int,
    at_risk_unexposed: int,
    *,
    measure: str = "risk ratio",
    conf_level: float = 0.95,
    method: str = "koopman",
) -> Estimate:
    """Compare two risks by inverting the score test.

    The limits are the values theta for which z(theta) = +-z_crit, with

        z(theta) = (p1 - theta p0) / sqrt(p1~ q1~ / n1 + theta^2 p0~ q0~ / n0)      for the risk ratio,

    p~ the risks that are most likely under that theta, and the analogous statistics for difference and odds
    ratio. ``"miettinen_nurminen"`` multiplies the variance by N / (N - 1). The p-value is that of z at no
    effect, so interval and p-value always agree; for ``"koopman"`` it is Pearson's chi-square test without
    correction.

    Parameters
    ----------
    events_exposed, at_risk_exposed, events_unexposed, at_risk_unexposed : int
        The two-by-two table; vertebrae are taken to be independent.
    measure : {"risk ratio", "risk difference", "odds ratio"}
    method : {"koopman", "miettinen_nurminen"}
        For the difference, "koopman" is Mee's interval.

    Returns
    -------
    Estimate
        With no event among the exposed the ratio is 0 and the interval starts at 0. With none among the
        unexposed the ratio has no value and the interval no upper limit. Nothing is added to an empty cell.

    Notes
    -----
    In R: ``ratesci::scoreci(x1, n1, x2, n2, contrast = "RR", skew = FALSE, bcf = FALSE)`` (``bcf = TRUE`` for
    Miettinen and Nurminen).

    References
    ----------
    .. [1] Koopman PAR. Confidence intervals for the ratio of two binomial proportions. Biometrics
       1984;40:513-517.
    .. [2] Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med 1985;4:213-226.

    Examples
    --------
    Koopman's own table, 36 of 40 against 16 of 80, printed as 2.94 to 7.15:

    >>> ratio = score_interval(36, 40, 16, 80)
    >>> round(ratio.estimate, 2), round(ratio.conf_low, 2), round(ratio.conf_high, 2)
    (4.5, 2.94, 7.15)
    """
    choice(measure, "measure", MEASURES)
    choice(method, "method", METHODS)
    check_conf_level(conf_level)
    table = _checked(TwoByTwo(events_exposed, at_risk_exposed, events_unexposed, at_risk_unexposed))
    evidence = {
        "method": _method_name(measure, method),
        "n_patients": None,
        "n_vertebrae": table.at_risk_exposed + table.at_risk_unexposed,
        "n_events": table.events_exposed + table.events_unexposed,
        "counts": table,
    }
    unit = "probability difference" if measure == "risk difference" else "ratio"
    why_not = _why_not(table, measure)
    if why_not:
        return not_estimable(measure, why_not, unit=unit, conf_level=conf_level, **evidence)
    statistic = score_statistic(table, measure, method)
    z_crit = critical_value(conf_level)
    if measure == "risk difference":
        value = table.events_exposed / table.at_risk_exposed - table.events_unexposed / table.at_risk_unexposed
        low, high = _crossing(statistic, z_crit, -1.0, value), _crossing(statistic, -z_crit, value, 1.0)
        return Estimate(measure, value, low, high, conf_level, two_sided_p(statistic(0.0)), unit=unit, **evidence)
    top, bottom = _ratio_parts(table, measure)
    middle = math.log(top / bottom) if top and bottom else math.copysign(LOG_RANGE, top - bottom)

    def on_log_scale(log_ratio: float) -> float:
        return statistic(math.exp(log_ratio))

    low = math.exp(_crossing(on_log_scale, z_crit, -LOG_RANGE, middle)) if top else 0.0
    high = math.exp(_crossing(on_log_scale, -z_crit, middle, LOG_RANGE)) if bottom else None
    return Estimate(
        measure,
        top / bottom if bottom else None,
        low,
        high,
        conf_level,
        two_sided_p(statistic(1.0)),
        unit=unit,
        note=_zero_note(top, bottom),
        **evidence,
    )


def score_statistic(table: TwoByTwo, measure: str, method: str) -> Callable[[float], float]:
    """The statistic z(theta) whose crossings are the limits; falls as theta grows."""
    x1, n1, x0, n0 = (
        table.events_exposed,
        table.at_risk_exposed,
        table.events_unexposed,
        table.at_risk_unexposed,
    )
    n = n1 + n0
    inflation = n / (n - 1) if method == "miettinen_nurminen" else 1.0

    def risk_ratio(ratio: float) -> float:
        b = ratio * (n1 + x0) + x1 + n0
        p0 = 2 * (x1 + x0) / (b + math.sqrt(max(0.0, b * b - 4 * n * ratio * (x1 + x0))))
        p1 = min(1.0, ratio * p0)
        variance = p1 * (1 - p1) / n1 + ratio * ratio * p0 * (1 - p0) / n0
        return _standardised(x1 / n1 - ratio * x0 / n0, variance * inflation)

    def odds_ratio(ratio: float) -> float:
        # Events and non-events from an equation each: 1 - p0 would lose all its digits where p0 is nearly 1.
        x, m = x1 + x0, n - x1 - x0
        p0 = _positive_root(n0 * (ratio - 1), ratio * (n1 - x) + n0 + x, x)
        q0 = _positive_root(n0 * (1 - ratio), n1 - m + ratio * (n0 + m), m * ratio)
        p1, q1 = ratio * p0 / (q0 + ratio * p0), q0 / (q0 + ratio * p0)
        exposed, unexposed = n1 * p1 * q1, n0 * p0 * q0
        information = exposed * unexposed / (exposed + unexposed) if exposed and unexposed else 0.0
        return _standardised(x1 - n1 * p1, information * inflation)

    def risk_difference(difference: float) -> float:
        def slope(p0: float) -> float:
            p1 = p0 + difference
            if not (0 < p0 < 1 and 0 < p1 < 1):
                return 0.0
            return (x1 - n1 * p1) / (p1 * (1 - p1)) + (x0 - n0 * p0) / (p0 * (1 - p0))

        p0 = _crossing(slope, 0.0, max(0.0, -difference), min(1.0, 1 - difference))
        p1 = min(1.0, max(0.0, p0 + difference))
        variance = p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0
        return _standardised(x1 / n1 - x0 / n0 - difference, variance * inflation)

    return {"risk ratio": risk_ratio, "odds ratio": odds_ratio, "risk difference": risk_difference}[measure]


def _positive_root(a: float, b: float, c: float) -> float:
    """The root of a p^2 + b p = c between 0 and 1, without subtracting nearly equal numbers."""
    root = math.sqrt(max(0.0, b * b + 4 * a * c))
    return 2 * c / (b + root) if b >= 0 else (root - b) / (2 * a)


def _standardised(distance: float, variance: float) -> float:
    if variance <= 0:
        return 0.0 if abs(distance) < 1e-12 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


def _crossing(falling: Callable[[float], float], level: float, low: float, high: float) -> float:
    """Where a falling function passes `level`, to the last bit; the nearer end where it does not."""
    while low < (middle := low + (high - low) / 2) < high:
        if falling(middle) > level:
            low = middle
        else:
            high = middle
    return high if falling(high) > level else low


def _ratio_parts(table: TwoByTwo, measure: str) -> tuple[float, float]:
    if measure == "risk ratio":
        return table.events_exposed * table.at_risk_unexposed, table.events_unexposed * table.at_risk_exposed
    return (
        table.events_exposed * (table.at_risk_unexposed - table.events_unexposed),
        table.events_unexposed * (table.at_risk_exposed - table.events_exposed),
    )


def _checked(table: TwoByTwo) -> TwoByTwo:
    for group in ("exposed", "unexposed"):
        events, at_risk = getattr(table, f"events_{group}"), getattr(table, f"at_risk_{group}")
        if not 0 <= events <= at_risk:
            raise WorkbookError(
                f"`events_{group}` must lie between 0 and `at_risk_{group}`, but got {events} of {at_risk}. "
                "Pass events first, then the number at risk."
            )
    return table


def _why_not(table: TwoByTwo, measure: str) -> str:
    if not (table.at_risk_exposed and table.at_risk_unexposed):
        return "one of the two groups has no vertebra at risk"
    if measure == "risk difference":
        return ""
    if not (table.events_exposed or table.events_unexposed):
        return "no events in either group: every ratio is compatible with that"
    n_events = table.events_exposed + table.events_unexposed
    if measure == "odds ratio" and n_events == table.at_risk_exposed + table.at_risk_unexposed:
        return "every vertebra had an event: every odds ratio is compatible with that"
    return ""


def _zero_note(top: float, bottom: float) -> str:
    if not bottom:
        return "the ratio has no finite value (a zero cell in its denominator); the interval has no upper limit"
    return "" if top else "the ratio is zero (a zero cell in its numerator); the interval starts at zero"


def _method_name(measure: str, method: str) -> str:
    if method == "miettinen_nurminen":
        return "score interval (Miettinen and Nurminen 1985), vertebrae treated as independent"
    source = {"risk ratio": "Koopman 1984", "risk difference": "Mee 1984", "odds ratio": "unconditional"}[measure]
    return f"score interval ({source}), vertebrae treated as independent"
