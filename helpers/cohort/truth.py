"""The known truth behind a synthetic cohort: every number the simulator needs, with its unit and where it is from."""

from dataclasses import asdict, dataclass, fields

import numpy as np

from helpers.cohort.spine import SLOTS
from helpers.errors import Problems

# Assumed: the sources give the most frequent levels (L1, T12, L2; a second peak at T7 and T8) but no table of them.
LEVEL_WEIGHTS = {
    "T1": 0.05, "T2": 0.08, "T3": 0.15, "T4": 0.35, "T5": 0.55, "T6": 0.80, "T7": 1.15, "T8": 1.15, "T9": 0.85,
    "T10": 0.80, "T11": 1.20, "T12": 2.10, "T13": 2.20, "L1": 2.30, "L2": 1.60, "L3": 1.20, "L4": 1.00, "L5": 0.60,
    "L6": 0.40,
}  # fmt: skip

# Survival after a vertebral compression fracture, Medicare 1997-2001: 92, 87, 84, 81, 71 and 62% at these months.
DEATH_MONTHS = (0, 3, 6, 9, 12, 24, 36)
DEATH_SURVIVAL = (1.0, 0.92, 0.87, 0.84, 0.81, 0.71, 0.62)


@dataclass(frozen=True)
class Truth:
    """What is true in a synthetic cohort. Rates are per year; all else says its unit in its name or comment.

    The hazard of a new fracture of one vertebra, `t` days after the first vertebroplasty, is ::

        fractures_per_vertebra_year * frailty(patient) * weight(level) * region(patient, level)
            * (1 + early_excess * exp(-t / early_days))
            * (1 + (adjacent_hazard_ratio - 1) * 0.5 ** (days since cement next door / adjacent_half_life_days))

    with the last factor only next to cement. Fractures from before the procedure follow the same frailty, weights
    and regions, so that new fractures gather near old (and so near cemented) vertebrae without any effect of cement.
    Defaults: calibrated means fitted to the published margins (`python -m helpers.cohort.calibration`), assumed means
    chosen by us because no source gives a figure.
    """

    # Effect of cement
    adjacent_hazard_ratio: float = 4.5  # on the first day, next to cement against the same vertebra without; calibrated
    adjacent_half_life_days: float | None = 80.0  # in which the excess halves; None: constant; calibrated
    # Patients and levels
    frailty_variance: float = 13.0  # of a gamma frailty with mean 1, one per patient; 0: none; calibrated
    level_weights: tuple[float, ...] = tuple(LEVEL_WEIGHTS[slot] for slot in SLOTS)  # relative hazard; assumed
    neighbour_clustering: float = 1.8  # SD of the log regional factor; 0: none; near NHANES, see calibration
    neighbour_correlation: float = 0.6  # of that factor between neighbouring vertebrae, 0 to 1; assumed
    # New fractures in time
    fractures_per_vertebra_year: float = 0.10  # late hazard of an average vertebra of an average patient; calibrated
    early_excess: float = 4.0  # added to 1: hazard on day 0 against the late one; assumed
    early_days: float = 420.0  # in which the early excess falls to 37%; calibrated
    repeat_hazard_ratio: float = 0.05  # refracture of a cemented and progression of an old fracture; assumed
    # Fractures from before the procedure, and what is cemented
    prevalent_rate: float = 0.15  # cumulative, of an average vertebra, beside the painful index fracture; calibrated
    cemented_near: float = 0.50  # probability to cement another old fracture 1 or 2 levels from the index; calibrated
    cemented_far: float = 0.20  # the same further away; calibrated
    # How fractures are found
    symptomatic: float = 0.75  # share of new fractures that bring the patient to imaging; assumed
    diagnosis_delay_days: float = 7.0  # mean from such a fracture to its imaging; assumed
    visit_days: tuple[int, ...] = (30, 90, 180, 365, 730, 1095)  # scheduled imaging, with 10% jitter; assumed
    attendance: float = 0.6  # probability to come to a scheduled visit; assumed
    # End of follow-up
    drop_out_per_year: float = 0.5  # exponential; assumed
    death_hazard_ratio: float = 1.0  # against survival after vertebral fracture in Medicare (19% dead at 1 year)
    accrual_years: float = 5.0  # first vertebroplasties are spread evenly over these; assumed
    closing_years: float = 0.5  # from the end of accrual to the closing of the file; assumed
    # Later vertebroplasties
    later_vertebroplasty: float = 0.30  # probability that new painful fractures are cemented; assumed
    later_delay_days: float = 14.0  # mean from diagnosis to that procedure, at least 1 day; assumed
    # Anatomy
    eleven_thoracic: float = 0.010  # share with 11 thoracic vertebrae; assumed
    thirteen_thoracic: float = 0.010  # share with 13; assumed
    six_lumbar: float = 0.020  # share with L6; assumed

    def __post_init__(self):
        problems = [*self._out_of_range(), *self._wrong_lists()]
        if problems:
            raise Problems("The truth of a synthetic cohort cannot be as given.", problems)

    def _out_of_range(self):
        shares = {"symptomatic", "attendance", "later_vertebroplasty", "cemented_near", "cemented_far"}
        shares |= {"eleven_thoracic", "thirteen_thoracic", "six_lumbar", "neighbour_correlation"}
        lengths = {"early_days", "adjacent_half_life_days", "accrual_years"}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple) or (value is None and field.name == "adjacent_half_life_days"):
                continue
            if not isinstance(value, (int, float)) or not np.isfinite(value) or value < 0:
                yield f"`{field.name}` must be a number of at least 0, but got {value!r}."
            elif field.name in shares and value > 1:
                yield f"`{field.name}` must be between 0 and 1, but got {value!r}."
            elif field.name in lengths and value == 0:
                yield f"`{field.name}` must be above 0, but got {value!r}."

    def _wrong_lists(self):
        if len(self.level_weights) != len(SLOTS) or min(self.level_weights) < 0 or sum(self.level_weights) <= 0:
            yield f"`level_weights` must be {len(SLOTS)} numbers of at least 0, one for each of {', '.join(SLOTS)}."
        if any(day < 1 for day in self.visit_days):
            yield f"`visit_days` must be whole days after day 0, but got {self.visit_days!r}."

    def as_dict(self) -> dict:
        """The truth as plain values, the weights by level, ready for a JSON file."""
        values = asdict(self)
        values["level_weights"] = dict(zip(SLOTS, self.level_weights, strict=True))
        return values | {"visit_days": list(self.visit_days)}
