"""Findings as sentences, made from estimates in the words of a journal's results section.

Every sentence says what was observed: "was associated with", never that something was its cause.
"""

import math
from html import escape

import pandas as pd

from helpers.estimators.estimate import Estimate
from helpers.report.display import (
    COVERAGE_BOUNDS,
    count_text,
    days_text,
    estimate_text,
    interval_text,
    level_text,
    number_text,
    p_text,
    percent_text,
    value_text,
)

NEXT_TO_CEMENT = "vertebrae next to cement"
FURTHER_AWAY = "vertebrae further away"


class Sentence(str):
    """Text that a notebook shows as a paragraph of the report."""

    def _repr_html_(self) -> str:
        return f'<p class="finding">{escape(self)}</p>'


def result_text(estimate: Estimate) -> str:
    """Value, interval and counts in brackets: `4.51 (95% CI 3.20 to 6.36; 431 patients, 6,512 vertebrae)`."""
    patients = [] if estimate.n_patients is None else [_counted(estimate.n_patients, "patient")]
    counts = ", ".join([*patients, _counted(estimate.n_vertebrae, "vertebra", "vertebrae")])
    if not estimate.is_estimable:
        return f"not estimable ({estimate.note}; {counts})"
    interval = f"{level_text(estimate.conf_level)} CI {interval_text(estimate)}; " if _has_interval(estimate) else ""
    return f"{value_text(estimate.estimate, estimate.unit)} ({interval}{counts})"


def risk_sentence(estimate: Estimate, *, exposed: str = NEXT_TO_CEMENT, other: str = FURTHER_AWAY) -> Sentence:
    """The four counts, both risks, and the ratio with its interval."""
    counts = estimate.counts
    return Sentence(
        f"New fractures were seen in {_share(counts.events_exposed, counts.at_risk_exposed)} {exposed} and in "
        f"{_share(counts.events_unexposed, counts.at_risk_unexposed)} {other}: "
        f"the {estimate.measure} was {result_text(estimate)}.{_caution(estimate)}"
    )


def clustering_sentence(naive: Estimate, clustered: Estimate) -> Sentence:
    """What changes when vertebrae of one patient are not taken for strangers."""
    if not all(estimate.conf_low and estimate.conf_high for estimate in (naive, clustered)) or not clustered.std_error:
        return Sentence("What the clusters change cannot be told here: with an empty cell both intervals ignore them.")
    widths = [math.log(estimate.conf_high / estimate.conf_low) for estimate in (clustered, naive)]
    width = widths[0] / widths[1]
    change = "about as wide" if 0.95 <= width <= 1.05 else f"{number_text(width)} times as wide"
    return Sentence(
        f"The ratio stayed {number_text(clustered.estimate)}. With the {count_text(clustered.n_patients)} patients "
        f"and not the {count_text(clustered.n_vertebrae)} vertebrae taken as independent, its interval is "
        f"{interval_text(clustered)} instead of {interval_text(naive)}: {change} on the log scale."
    )


def adjusted_sentence(crude: Estimate, adjusted: Estimate, *, how: str) -> Sentence:
    """An adjusted estimate beside the crude one, with the change in per cent."""
    if not (crude.is_estimable and adjusted.is_estimable) or crude.estimate == 0:
        return Sentence(f"Compared {how}, the {adjusted.measure} was {result_text(adjusted)}.")
    change = adjusted.estimate / crude.estimate - 1
    if abs(change) < 0.01:
        difference = f"as good as unchanged from the crude {number_text(crude.estimate)}"
    else:
        direction = "higher" if change > 0 else "lower"
        difference = f"{abs(change):.0%} {direction} than the crude {number_text(crude.estimate)}"
    informed = f" ({adjusted.note})" if adjusted.note else ""
    return Sentence(f"Compared {how}, the {adjusted.measure} was {result_text(adjusted)}, {difference}{informed}.")


def published_sentence(estimate: Estimate, published: float) -> Sentence:
    """Where a published value without a known interval lies against our interval."""
    if not _has_interval(estimate):
        return Sentence(
            f"The published value is {number_text(published)}; this cohort gives no interval to set beside it."
        )
    low = -math.inf if estimate.conf_low is None else estimate.conf_low
    high = math.inf if estimate.conf_high is None else estimate.conf_high
    place = "inside" if low <= published <= high else "above" if published > high else "below"
    return Sentence(
        f"The published {number_text(published)} lies {place} this cohort's {level_text(estimate.conf_level)} interval "
        f"({interval_text(estimate)}). Its own interval was not in any copy that could be read, so the two cannot be "
        "tested against each other."
    )


def median_sentence(next_to: Estimate, further: Estimate, *, among: str) -> Sentence:
    """Two medians and whom they are taken over."""
    return Sentence(
        f"Among {among}, the median time to a new fracture was {_median(next_to)} in {NEXT_TO_CEMENT} and "
        f"{_median(further)} in {FURTHER_AWAY}."
    )


def hazard_sentence(estimate: Estimate) -> Sentence:
    """A hazard ratio read back as an average of rates."""
    if not estimate.is_estimable:
        return Sentence(f"The hazard ratio was {result_text(estimate)}.")
    return Sentence(
        f"Averaged over follow-up, vertebrae next to cement that were still unbroken fractured at "
        f"{number_text(estimate.estimate)} times the rate of those further away: hazard ratio {result_text(estimate)}."
    )


def logrank_sentence(naive: Estimate, clustered: Estimate, *, among: str) -> Sentence:
    """The log-rank test naive and clustered, side by side."""
    return Sentence(
        f"Among {among}, the log-rank test gave p {p_words(naive)} when vertebrae were taken as independent and "
        f"p {p_words(clustered)} with patients as clusters."
    )


def natural_sentence(cohort: Estimate, natural: Estimate, published: float) -> Sentence:
    """This cohort and the published value beside people of a population survey."""
    return Sentence(
        f"In a population survey, without regard to cement, a vertebra next to a fractured one was itself fractured "
        f"{number_text(natural.estimate)} times as often as one further away ({level_text(natural.conf_level)} CI "
        f"{interval_text(natural)}). After vertebroplasty this cohort's ratio was {estimate_text(cohort)}, "
        f"the published one {number_text(published)}."
    )


def people_sentence(n_people: int, n_with_fracture: int, n_vertebrae: int, prevalence: float) -> Sentence:
    """The people without cement, and how many of them have fractures."""
    return Sentence(
        f"{_counted(n_people, 'person', 'people')} were examined; {count_text(n_with_fracture)} had at least one "
        f"fractured vertebra ({percent_text(prevalence)} by survey weight), {count_text(n_vertebrae)} vertebrae in all."
    )


def cohort_sentence(n_rows: int, n_patients: int, n_vertebrae: int, n_set_aside: int) -> Sentence:
    """Who came in, who is at risk, and what was set aside on the way."""
    return Sentence(
        f"The patients file has {_counted(n_rows, 'row')}; {_counted(n_patients, 'patient')} with "
        f"{_counted(n_vertebrae, 'vertebra', 'vertebrae')} are at risk. Of all files {_counted(n_set_aside, 'row')} "
        f"{'was' if n_set_aside == 1 else 'were'} set aside in cleaning, each with a reason."
    )


def unwatched_sentence(n_unwatched: int, n_vertebrae: int) -> Sentence:
    """Vertebrae whose follow-up ends on the day of the procedure."""
    return Sentence(
        f"{_counted(n_unwatched, 'vertebra', 'vertebrae')} of {count_text(n_vertebrae)} at risk were not followed "
        "beyond day 0: they can show no fracture, yet count in the denominators of the plain risks. Curves, hazards "
        "and the risk ratio by a fixed day allow for it."
    )


def rows_sentence(read: int, kept: int, quarantined: int, changed: int) -> Sentence:
    """How many rows came in, stayed, and were set aside."""
    values = f"{_counted(changed, 'value')} {'was' if changed == 1 else 'were'}"
    return Sentence(
        f"{count_text(read)} rows were read; {count_text(kept)} were kept and {count_text(quarantined)} were set aside "
        f"with a reason. In the kept rows {values} changed, each with a line in the ledger."
    )


def coverage_sentence(coverage: pd.DataFrame) -> Sentence:
    """How many of the intervals shown keep their promise, and the furthest from it."""
    shown = coverage[coverage["is_default"] & coverage["coverage"].notna()]
    low, high = (shown["coverage"] < COVERAGE_BOUNDS[0], shown["coverage"] > COVERAGE_BOUNDS[1])
    n_kept = len(shown) - low.sum() - high.sum()
    sentence = (
        f"In {count_text(shown['cohorts'].iloc[0])} synthetic cohorts of each kind, {count_text(n_kept)} of "
        f"{count_text(len(shown))} pairs of interval and kind of cohort lay within the band."
    )
    parts = []
    for outside, words in (
        (low, "held the truth less often, so were too narrow"),
        (high, "held it more often, so were too wide"),
    ):
        if outside.any():
            by_kind = shown.loc[outside, "scenario"].value_counts(sort=False)
            told = ", ".join(f"{kind} ({count_text(count)})" for kind, count in by_kind.items())
            parts.append(f"{count_text(outside.sum())} {words}: {told}")
    return Sentence(" ".join([sentence, *(f"{part}." for part in parts)]))


def synthetic_sentence(study_name: str, *, is_synthetic: bool) -> Sentence:
    """Whose data these are: said first, and plainly where nobody is behind them."""
    if is_synthetic:
        return Sentence(
            f"The cohort: {study_name}. It is synthetic: its patients were made up by a program, tuned to resemble the "
            "published margins, so that its answer says how the workbook works and nothing about cement."
        )
    return Sentence(f"The cohort: {study_name}.")


def _caution(estimate: Estimate) -> str:
    """What to bear in mind of an estimate that has a value."""
    return f" To bear in mind: {estimate.note}." if estimate.is_estimable and estimate.note else ""


def _counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count_text(count)} {one if count == 1 else many or one + 's'}"


def _share(events: int, at_risk: int) -> str:
    share = f" ({percent_text(events / at_risk)})" if at_risk else ""
    return f"{count_text(events)} of {count_text(at_risk)}{share}"


def _has_interval(estimate: Estimate) -> bool:
    return estimate.conf_low is not None or estimate.conf_high is not None


def _median(estimate: Estimate) -> str:
    if not estimate.is_estimable:
        return "not reached" if estimate.note.startswith("not reached") else f"not estimable ({estimate.note})"
    interval = f" ({level_text(estimate.conf_level)} CI {interval_text(estimate)})" if _has_interval(estimate) else ""
    return f"{days_text(estimate.estimate)} days{interval}"


def p_words(estimate: Estimate) -> str:
    """A p-value after the letter: `= 0.03`, `<0.001`."""
    if estimate.p_value is None:
        return f"not estimable ({estimate.note})"
    text = p_text(estimate.p_value)
    return text if text.startswith("<") else f"= {text}"
