"""Every public estimator on every awkward cohort: a record, with a value or with words for why there is none.

The calls are made from the estimators' own argument names, so a new name in `helpers.estimators.__all__` is covered as
soon as it is there; one with an argument of a new name fails until ARGUMENTS says what that is.
"""

import inspect
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest

import helpers.estimators as room
from helpers.estimators.curve_table import incidence_at, survival_at
from helpers.estimators.estimate import Estimate, TwoByTwo
from helpers.estimators.follow_up import Rows
from helpers.estimators.horizon import risk_difference_at_horizon
from helpers.estimators.patients import Contributions
from helpers.estimators.risk import risk
from helpers.estimators.survival import Curve, Steps, kaplan_meier


def cohort(n=40, **columns):
    """A small ordinary cohort (10 patients, 4 vertebrae each), with some columns replaced or all rows cut to `n`."""
    rng = np.random.default_rng(11)
    plain = {
        "days": rng.integers(0, 12, 40),
        "outcome": rng.choice(3, 40, p=[0.5, 0.35, 0.15]),
        "exposed": rng.random(40) < 0.4,
        "level": rng.choice(["T11", "T12", "L1"], 40),
        "patient": np.repeat(np.arange(10), 4),
    }
    made = SimpleNamespace(**{name: column[:n] for name, column in (plain | columns).items()})
    made.event = made.outcome == 1
    return made


def emptied(*, exposed: bool, event: bool):
    """The ordinary cohort without any vertebra of one cell: those of it change their outcome."""
    made = cohort()
    here = (made.exposed == exposed) & (made.event == event)
    return cohort(outcome=np.where(here, 0 if event else 1, made.outcome))


ALIKE = cohort(
    days=np.tile([2, 4, 6, 8], 10), outcome=np.tile([1, 0, 1, 0], 10), exposed=np.tile([True, True, False, False], 10)
)
COHORTS = {
    "ordinary": cohort(),
    "no rows": cohort(0),
    "one exposed vertebra with an event": cohort(1, outcome=np.ones(40, int), exposed=np.ones(40, bool)),
    "one unexposed vertebra without": cohort(1, outcome=np.zeros(40, int), exposed=np.zeros(40, bool)),
    "two vertebrae": cohort(2, days=np.arange(40), outcome=np.ones(40, int), exposed=np.arange(40) < 1),
    "one patient": cohort(patient=np.zeros(40, int)),
    "two patients": cohort(patient=np.arange(40) // 20),
    "each group one patient's": cohort(patient=cohort().exposed.astype(int)),
    "every patient one vertebra": cohort(patient=np.arange(40)),
    "every patient the same": ALIKE,
    "no events": cohort(outcome=2 * (cohort().outcome == 2)),
    "all censored": cohort(outcome=np.zeros(40, int)),
    "all events": cohort(outcome=np.ones(40, int)),
    "all dead": cohort(outcome=np.full(40, 2)),
    "one event": cohort(outcome=(np.arange(40) == 7).astype(int)),
    "all exposed": cohort(exposed=np.ones(40, bool)),
    "none exposed": cohort(exposed=np.zeros(40, bool)),
    "one exposed": cohort(exposed=np.arange(40) == 5),
    "one level": cohort(level=np.repeat("T12", 40)),
    "every level its own": cohort(level=np.arange(40)),
    "level tells exposure": cohort(level=np.where(cohort().exposed, "T12", "L1")),
    "one day": cohort(days=np.full(40, 5)),
    "day 0 only": cohort(days=np.zeros(40, int)),
    "exposed first": cohort(days=np.where(cohort().exposed, 1, 9), outcome=np.ones(40, int)),
    "days not whole": cohort(days=cohort().days / 365.25),
    "no event among the exposed": emptied(exposed=True, event=True),
    "only events among the exposed": emptied(exposed=True, event=False),
    "no event among the unexposed": emptied(exposed=False, event=True),
    "only events among the unexposed": emptied(exposed=False, event=False),
}

# What an estimator's argument of that name is, for a cohort.
ARGUMENTS = {
    "days": lambda c: c.days,
    "time": lambda c: c.days,
    "outcome": lambda c: c.outcome,
    "event": lambda c: c.event,
    "exposed": lambda c: c.exposed,
    "patient": lambda c: c.patient,
    "stratum": lambda c: c.level,
    "group": lambda c: np.where(c.exposed, "next", "far").astype(object),
    "groups": lambda c: ["next"],
    "reference": lambda c: "far",
    "starts": lambda c: [0, 5],
    "window": lambda c: (2, 8),
    "horizon_days": lambda c: 5,
    "horizons": lambda c: [3, 5, 99],
    "seed": lambda c: 1,
    "curve": lambda c: kaplan_meier(c.days, c.event, c.patient),
    "estimator": lambda c: risk_difference_at_horizon,
    "at": lambda c: 5,
    "covariates": lambda c: {"odd": np.arange(len(c.days)) % 2, "spread": np.sin(np.arange(len(c.days)))},
    "score": lambda c: np.arange(len(c.days)) % 3,
    "left": lambda c: np.maximum(c.days - 3, 0),
    "right": lambda c: np.where(c.event, np.maximum(c.days, 1), np.inf),
    "vertebra": lambda c: np.arange(len(c.days)),
    "contributions": lambda c: Contributions.from_rows(c.event, c.exposed, c.patient),
    "rows": lambda c: Rows.checked(c.days, c.event, c.exposed, c.patient),
    **{name: (lambda c, name=name: counts(c)[name]) for name in TwoByTwo.__dataclass_fields__},
}
# Estimators that take other functions take their arguments as well.
CALLS = {
    "by_group": lambda c, **_: room.by_group(risk, c.exposed, c.event, c.patient, groups=[True, False]),
    "risk_ratio_bootstrap_of": lambda c, **_: room.risk_ratio_bootstrap_of(
        ARGUMENTS["contributions"](c), samples=200, seed=1, method="percentile", conf_level=0.95
    ),
}
# They hand on estimates, or the curve that `interval_censored_risk` reads.
NO_ESTIMATORS = {"from_frame", "interleaved", "to_frame", "turnbull"}
FUNCTIONS = [name for name in room.__all__ if inspect.isfunction(getattr(room, name)) and name not in NO_ESTIMATORS]


def counts(c) -> dict:
    cells = (c.event & c.exposed, c.exposed, c.event & ~c.exposed, ~c.exposed)
    return dict(zip(TwoByTwo.__dataclass_fields__, (int(cell.sum()) for cell in cells), strict=True))


def ways(name: str) -> list[tuple[str, ...]]:
    """The argument lists to call an estimator with: what it asks for; patients besides; all it takes besides."""
    parameters = inspect.signature(getattr(room, name)).parameters.values()
    asked = tuple(p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD)
    besides = tuple(p.name for p in parameters if p.default is None and p.name in ARGUMENTS)
    with_patient = (*asked, *(["patient"] if "patient" in besides else []))
    return list(dict.fromkeys([asked, with_patient, asked + besides]))


def estimates_of(result) -> list[Estimate]:
    """The estimates in what an estimator returns; those of a curve are its heights on three days."""
    if isinstance(result, Estimate):
        return [result]
    if isinstance(result, dict):
        return [estimate for value in result.values() for estimate in estimates_of(value)]
    if isinstance(result, Steps):
        if isinstance(result, Curve):
            return list(survival_at({"": result}, [0, 5, 99]).values())
        return [estimate for day in (0, 5, 99) for estimate in incidence_at({"": result}, day).values()]
    raise AssertionError(f"Say in `estimates_of` where the estimates of a {type(result).__name__} are.")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_of_an_estimator_is_known(name):
    unknown = {argument for way in ways(name) for argument in way} - set(ARGUMENTS)
    assert name in CALLS or not unknown, f"Say in ARGUMENTS what {', '.join(sorted(unknown))} of {name} is."


@pytest.mark.parametrize("awkward", COHORTS.values(), ids=COHORTS.keys())
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_record_with_a_value_or_with_words(name, awkward):
    for way in ways(name):
        if name in CALLS:
            result = CALLS[name](awkward)
        else:
            result = getattr(room, name)(**{argument: ARGUMENTS[argument](awkward) for argument in way})
        estimates = estimates_of(result)
        assert estimates
        for estimate in estimates:
            check(estimate)


def check(estimate: Estimate) -> None:
    numbers = [estimate.estimate, estimate.conf_low, estimate.conf_high, estimate.std_error, estimate.p_value]
    assert all(math.isfinite(number) for number in numbers if number is not None), estimate
    assert not re.search(r"\b(nan|inf|None)\b", f"{estimate.note} {estimate.method}"), estimate
    within = [number for number in (estimate.conf_low, estimate.estimate, estimate.conf_high) if number is not None]
    assert within == sorted(within), estimate
    assert estimate.std_error is None or estimate.std_error >= 0, estimate
    assert estimate.p_value is None or 0 <= estimate.p_value <= 1, estimate
    assert 0 <= estimate.n_events <= estimate.n_vertebrae, estimate
    # Whatever is absent is absent for a reason; a test never has an interval.
    if None in (estimate.estimate, *([] if estimate.unit == "chi-square" else [estimate.conf_low, estimate.conf_high])):
        assert estimate.note, estimate
