"""The record every estimator returns: a value with the evidence behind it."""

import math
from dataclasses import dataclass, field, replace

from helpers.errors import WorkbookError

ESTIMATE_COLUMNS = (
    "analysis",
    "contrast",
    "measure",
    "estimate",
    "conf_low",
    "conf_high",
    "conf_level",
    "p_value",
    "method",
    "n_patients",
    "n_vertebrae",
    "n_events",
    "unit",
    "note",
    "std_error",
    "events_exposed",
    "at_risk_exposed",
    "events_unexposed",
    "at_risk_unexposed",
)


@dataclass(frozen=True)
class TwoByTwo:
    """The four counts behind a ratio: fractured and at risk, exposed and not exposed."""

    events_exposed: int
    at_risk_exposed: int
    events_unexposed: int
    at_risk_unexposed: int

    @property
    def has_zero_cell(self) -> bool:
        """True when any of the four cells (events or non-events in either group) is empty."""
        return 0 in (
            self.events_exposed,
            self.events_unexposed,
            self.at_risk_exposed - self.events_exposed,
            self.at_risk_unexposed - self.events_unexposed,
        )


@dataclass(frozen=True)
class Estimate:
    """One estimate at full precision, with its interval, its method and the counts behind it.

    Attributes
    ----------
    measure : str
        "risk ratio", "hazard ratio", "median time", ...
    estimate : float or None
        None where it cannot be estimated or is not reached; `note` then says why in plain words.
    conf_low, conf_high : float or None
        Limits of the interval; None where there is none (a score interval may be open on one side).
    conf_level : float
        Between 0 and 1.
    p_value : float or None
        Two-sided.
    method : str
        The interval's method in words a methods section would use.
    unit : str
        "ratio", "probability", "probability difference", "days", "per 1000 vertebra-years", ...
    n_patients, n_vertebrae, n_events : int or None
        What the estimate rests on; n_patients is None where no patients were given.
    std_error : float or None
        On the log scale for ratios, else on the scale of the estimate.
    counts : TwoByTwo or None
        The two-by-two table, where there is one.
    note : str
        Why something is absent, or what to bear in mind; empty otherwise.
    behind : TwoByTwo or None
        Events and vertebrae of both groups of a comparison that has no `counts`; it is told nowhere and says only
        whether small numbers forbid to show the estimate.
    """

    measure: str
    estimate: float | None
    conf_low: float | None
    conf_high: float | None
    conf_level: float
    p_value: float | None
    method: str
    unit: str
    n_patients: int | None
    n_vertebrae: int
    n_events: int
    std_error: float | None = None
    counts: TwoByTwo | None = None
    note: str = field(default="")
    behind: TwoByTwo | None = field(default=None, repr=False, compare=False)

    def __post_init__(self):
        check_conf_level(self.conf_level)
        for name in ("estimate", "conf_low", "conf_high", "p_value", "std_error"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise WorkbookError(
                    f"`{name}` of a {self.measure} came out as {value}. It must be a finite number or absent (None)."
                )
        if self.estimate is None and not self.note:
            raise WorkbookError(f"A {self.measure} without a value needs a note that says why.")

    @property
    def is_estimable(self) -> bool:
        """True when there is a value to show."""
        return self.estimate is not None

    def row(self, *, analysis: str, contrast: str) -> dict:
        """This estimate as one row of the `estimates` table."""
        counts = dict.fromkeys(ESTIMATE_COLUMNS[-4:]) if self.counts is None else vars(self.counts)
        values = vars(self) | counts | {"analysis": analysis, "contrast": contrast}
        return {column: values[column] for column in ESTIMATE_COLUMNS}

    def inverted(self) -> "Estimate":
        """The same ratio with the groups exchanged.

        Raises
        ------
        WorkbookError
            If this is not a ratio.
        """
        if self.unit != "ratio":
            raise WorkbookError(f"Only a ratio can be inverted, but this is a {self.measure} in {self.unit}.")
        flip = (
            None
            if self.counts is None
            else TwoByTwo(
                self.counts.events_unexposed,
                self.counts.at_risk_unexposed,
                self.counts.events_exposed,
                self.counts.at_risk_exposed,
            )
        )
        # What is open above is open towards zero once inverted.
        open_low = None if self.conf_low is None else 0.0
        low = open_low if self.conf_high in (None, 0) else 1 / self.conf_high
        return replace(
            self,
            estimate=None if self.estimate in (None, 0) else 1 / self.estimate,
            conf_low=low,
            conf_high=None if self.conf_low in (None, 0) else 1 / self.conf_low,
            counts=flip,
            note=self.note or ("the ratio was zero, so its inverse has no value" if self.estimate == 0 else ""),
        )


def check_conf_level(conf_level: float) -> float:
    """Return `conf_level`, or say how to write it.

    Raises
    ------
    WorkbookError
        If it does not lie between 0 and 1.
    """
    is_number = isinstance(conf_level, (int, float)) and not isinstance(conf_level, bool)
    if not is_number or not 0 < conf_level < 1:
        raise WorkbookError(f"`conf_level` must be between 0 and 1, but got {conf_level}. Pass 0.95 for 95%.")
    return float(conf_level)


def not_estimable(
    measure: str,
    why: str,
    *,
    unit: str,
    conf_level: float,
    method: str,
    n_patients: int | None,
    n_vertebrae: int,
    n_events: int,
    counts: TwoByTwo | None = None,
    behind: TwoByTwo | None = None,
) -> Estimate:
    """An estimate that is absent, with the reason in words."""
    return Estimate(
        measure,
        None,
        None,
        None,
        conf_level,
        None,
        method,
        unit,
        n_patients,
        n_vertebrae,
        n_events,
        counts=counts,
        note=why,
        behind=behind,
    )
