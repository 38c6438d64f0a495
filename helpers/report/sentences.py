"""Findings as sentences, made from estimates in the words of a journal's results section.

Every sentence says what was observed: "was associated with", never that something was its cause.
"""

import math
from collections.abc import Sequence

import pandas as pd

from helpers.counts import count_text, counted
from helpers.disclosure import NOT_SHOWN, Coarse, hides, is_withheld
from helpers.errors import WorkbookError
from helpers.estimators.estimate import Estimate
from helpers.report.display import (
    COVERAGE_BOUNDS,
    KEPT,
    LESS_OFTEN,
    MORE_OFTEN,
    MOST_WITHOUT_INTERVAL,
    NO_INTERVAL,
    coverage_verdicts,
    estimate_text,
    interval_text,
    is_not_shown,
    level_text,
    number_text,
    p_text,
    percent_text,
    value_text,
)
from helpers.report.sentence import Sentence, traced

NEXT_TO_CEMENT = "vertebrae next to cement"
FURTHER_AWAY = "vertebrae further away"
# As the table of coverage names them.
NO_EFFECT = "no effect, strong clustering"
RISK_RATIO, EARLY_TO_LATE = "risk ratio over follow-up", "hazard ratio to day 90 over later"


def result_text(estimate: Estimate) -> str:
    """Value, interval and counts in brackets: `4.51 (95% CI 3.20 to 6.36; 431 patients, 6,512 vertebrae)`."""
    numbers = ((estimate.n_patients, "patient", "patients"), (estimate.n_vertebrae, "vertebra", "vertebrae"))
    counts = ", ".join(counted(*number) for number in numbers if number[0] is not None and not is_withheld(number[0]))
    if is_not_shown(estimate):
        return estimate.note
    if not estimate.is_estimable:
        return f"not estimable ({'; '.join(filter(None, [estimate.note, counts]))})"
    interval = f"{level_text(estimate.conf_level)} CI {interval_text(estimate)}" if has_interval(estimate) else ""
    informed = "; ".join(filter(None, [interval, counts]))
    return f"{value_text(estimate.estimate, estimate.unit)}" + (f" ({informed})" if informed else "")


def has_interval(estimate: Estimate) -> bool:
    """Whether there is a limit on either side."""
    return estimate.conf_low is not None or estimate.conf_high is not None


def p_words(estimate: Estimate) -> str:
    """A p-value after the letter: `= 0.03`, `<0.001`."""
    if is_not_shown(estimate):
        return NOT_SHOWN
    if estimate.p_value is None:
        return f"not estimable ({estimate.note})"
    text = p_text(estimate.p_value)
    return text if text.startswith("<") else f"= {text}"


@traced
def risk_sentence(estimate: Estimate, *, exposed: str = NEXT_TO_CEMENT, other: str = FURTHER_AWAY) -> Sentence:
    """The four counts, both risks, and the ratio with its interval."""
    counts = estimate.counts
    if is_not_shown(estimate):
        return Sentence(f"How many {exposed} and {other} fractured, and the {estimate.measure}: {estimate.note}.")
    return Sentence(
        f"New fractures were seen in {_share(counts.events_exposed, counts.at_risk_exposed)} {exposed} and in "
        f"{_share(counts.events_unexposed, counts.at_risk_unexposed)} {other}: "
        f"the {estimate.measure} was {result_text(estimate)}.{caution(estimate)}"
    )


@traced
def clustering_sentence(naive: Estimate, clustered: Estimate) -> Sentence:
    """What changes when vertebrae of one patient are not taken for strangers."""
    if not all(estimate.conf_low and estimate.conf_high for estimate in (naive, clustered)) or not clustered.std_error:
        # Only a score interval comes without a standard error.
        is_score = has_interval(clustered) and not clustered.std_error
        why = "with an empty cell both intervals ignore them" if is_score else clustered.note or naive.note
        return Sentence(f"What the clusters change cannot be told here: {why}.")
    widths = [math.log(estimate.conf_high / estimate.conf_low) for estimate in (clustered, naive)]
    width = widths[0] / widths[1]
    change = "about as wide" if 0.95 <= width <= 1.05 else f"{number_text(width)} times as wide"
    return Sentence(
        f"The ratio stayed {number_text(clustered.estimate)}. With the {count_text(clustered.n_patients)} patients "
        f"and not the {count_text(clustered.n_vertebrae)} vertebrae taken as independent, its interval is "
        f"{interval_text(clustered)} instead of {interval_text(naive)}: {change} on the log scale."
    )


@traced
def adjusted_sentence(crude: Estimate, adjusted: Estimate, *, how: str) -> Sentence:
    """An adjusted estimate beside the crude one, with the change in per cent."""
    if is_not_shown(adjusted):
        return Sentence(f"Compared {how}, the {adjusted.measure} is {adjusted.note}.")
    if not (crude.is_estimable and adjusted.is_estimable) or crude.estimate == 0:
        return Sentence(f"Compared {how}, the {adjusted.measure} was {result_text(adjusted)}.{caution(adjusted)}")
    change = adjusted.estimate / crude.estimate - 1
    if abs(change) < 0.01:
        difference = f"as good as unchanged from the crude {number_text(crude.estimate)}"
    else:
        direction = "higher" if change > 0 else "lower"
        difference = f"{abs(change):.0%} {direction} than the crude {number_text(crude.estimate)}"
    informed = f" ({adjusted.note})" if adjusted.note else ""
    return Sentence(f"Compared {how}, the {adjusted.measure} was {result_text(adjusted)}, {difference}{informed}.")


@traced
def trend_sentence(trend: Estimate) -> Sentence:
    """The risk ratio per level further away."""
    if not trend.is_estimable:
        return Sentence(f"The trend with distance could not be estimated: {trend.note}.")
    return Sentence(
        f"Per level further from the nearest cement (four or more as four), on a straight line, the risk changed by a "
        f"factor of {result_text(trend)}; test for trend p {p_words(trend)}."
        f"{'' if trend.p_value is None else caution(trend)}"
    )


@traced
def published_sentence(estimate: Estimate, published: float) -> Sentence:
    """Where a published value without a known interval lies against our interval."""
    if not has_interval(estimate):
        return Sentence(
            f"The published value is {number_text(published)}; this cohort gives no interval to set beside it."
        )
    low = -math.inf if estimate.conf_low is None else estimate.conf_low
    high = math.inf if estimate.conf_high is None else estimate.conf_high
    place = "inside" if low <= published <= high else "above" if published > high else "below"
    is_open = place == "inside" and low <= 1 <= high
    undecided = ", and so does 1: this cohort tells neither from the other" if is_open else ""
    return Sentence(
        f"The published {number_text(published)} lies {place} this cohort's {level_text(estimate.conf_level)} interval "
        f"({interval_text(estimate)}){undecided}. Its own interval was not in any copy that could be read, so the two "
        "cannot be tested against each other."
    )


@traced
def natural_sentence(cohort: Estimate, natural: Estimate, published: float) -> Sentence:
    """This cohort and the published value beside people of a population survey."""
    return Sentence(
        f"In a population survey, without regard to cement, a vertebra next to a fractured one was itself fractured "
        f"{number_text(natural.estimate)} times as often as one further away ({level_text(natural.conf_level)} CI "
        f"{interval_text(natural)}). After vertebroplasty this cohort's ratio was {estimate_text(cohort)}, "
        f"the published one {number_text(published)}."
        f"{caution(natural, about=' of the survey')}{caution(cohort, about=' of this cohort')}"
    )


def people_sentence(n_people: int, n_with_fracture: int, n_vertebrae: int, prevalence: float) -> Sentence:
    """The people without cement, and how many of them have fractures."""
    return Sentence(
        f"{counted(n_people, 'person', 'people')} were examined; {count_text(n_with_fracture)} had at least one "
        f"fractured vertebra ({percent_text(prevalence)} by survey weight), {count_text(n_vertebrae)} vertebrae in all."
    )


@traced(table="flow")
def cohort_sentence(n_rows: int, n_patients: int, n_vertebrae: int, n_set_aside: int) -> Sentence:
    """Who came in, who is at risk, and what was set aside on the way; with small numbers hidden, not how much."""
    came_in = (
        f"The patients file has {counted(n_rows, 'row')}; {counted(n_patients, 'patient')} with "
        f"{counted(n_vertebrae, 'vertebra', 'vertebrae')} {'is' if n_patients == 1 else 'are'} at risk."
    )
    if isinstance(n_patients, Coarse):
        return Sentence(came_in)
    return Sentence(
        f"{came_in} Of all files {counted(n_set_aside, 'row')} "
        f"{'was' if n_set_aside == 1 else 'were'} set aside in cleaning, each with a reason."
    )


def reading_sentence(notes: Sequence[str]) -> Sentence | None:
    """What was taken for granted in reading the files; nothing where nothing was."""
    return Sentence(" ".join(["How the files were read.", *notes])) if notes else None


def rows_sentence(read: int, kept: int, quarantined: int, changed: int) -> Sentence:
    """How many rows came in, stayed, and were set aside; with small numbers hidden, only where that is written."""
    if isinstance(changed, Coarse):
        return Sentence("Every row was kept or set aside with a reason. Every change has a line in the private ledger.")
    values = f"{counted(changed, 'value')} {'was' if changed == 1 else 'were'}"
    return Sentence(
        f"{counted(read, 'row was', 'rows were')} read; {counted(kept, 'was', 'were')} kept and "
        f"{counted(quarantined, 'was', 'were')} set aside with a reason. In the kept rows {values} changed, "
        "each with a line in the ledger."
    )


def coverage_sentence(coverage: pd.DataFrame) -> Sentence:
    """How many of the intervals shown keep their promise, and how the others fail it, by kind of cohort."""
    shown = coverage[coverage["is_default"]]
    verdicts = coverage_verdicts(shown)
    low, high = map(percent_text, COVERAGE_BOUNDS)
    kept = (
        f"In {count_text(shown['cohorts'].iloc[0])} synthetic cohorts of each kind, "
        f"{count_text((verdicts == KEPT).sum())} of {counted(len(shown), 'pair')} of interval and kind of cohort held "
        f"the truth in {low} to {high} of the cohorts."
    )
    holds = "" if (verdicts == LESS_OFTEN).any() else "held it "
    failures = {
        LESS_OFTEN: "held it less often",
        MORE_OFTEN: f"{holds}more often",
        NO_INTERVAL: f"gave no interval in more than {MOST_WITHOUT_INTERVAL:.0%} of the cohorts",
    }
    told = []
    for verdict, words in failures.items():
        kinds = shown.loc[verdicts == verdict, "scenario"].value_counts(sort=False)
        by_kind = "; ".join(f"{kind} {count_text(count)}" for kind, count in kinds.items())
        told += [f"{count_text(kinds.sum())} {words} ({by_kind})"] if len(kinds) else []
    return Sentence(f"{kept} Of the others, {_listed(told)}." if told else kept)


def no_effect_sentence(coverage: pd.DataFrame) -> Sentence:
    """What the ratios come to in cohorts in which cement does nothing."""
    risk, change = (_truth(coverage, NO_EFFECT, target) for target in (RISK_RATIO, EARLY_TO_LATE))
    return Sentence(
        f"In cohorts simulated without any role of cement, but with neighbours that are strongly alike, the risk ratio "
        f"comes to {number_text(risk)} and the hazard ratio to day 90 to {number_text(change)} times that after it. "
        "That depends on how alike the simulation makes them, and is no observation."
    )


def synthetic_sentence(study_name: str, *, is_synthetic: bool) -> Sentence:
    """Whose data these are: said first, and plainly where nobody is behind them."""
    if is_synthetic:
        return Sentence(
            f"The cohort: {study_name}. It is synthetic: its patients were made up by a program, tuned to resemble the "
            "published margins, so that its answer says how the workbook works and nothing about cement."
        )
    return Sentence(f"The cohort: {study_name}.")


def small_numbers_sentence(suppress_below: int) -> Sentence | None:
    """How small numbers are hidden; nothing where none are."""
    if not hides(suppress_below):
        return None
    k, middle = suppress_below, suppress_below + suppress_below // 2
    return Sentence(
        f"Small numbers are hidden (suppress_below: {k}). <{k} stands for any count from 0 to {k - 1}; others, and "
        f"shares, are rounded so that ~{middle} stands for {k} to {2 * k - 1}. A dash stands where a count would give "
        f"another one away. Estimates have two digits; those with fewer than {k} fractures, patients or vertebrae "
        "behind them or one of their groups are not shown, nor are figures of single days and levels. Curves are drawn "
        "on the days of their tables, without bands. The tables by patient are private."
    )


def caution(*estimates: Estimate, about: str = "") -> str:
    """What to bear in mind of estimates that have a value, each part of a note once."""
    notes = (estimate.note for estimate in estimates if estimate.is_estimable and estimate.note)
    parts = dict.fromkeys(part for note in notes for part in note.split("; "))
    return f" To bear in mind{about}: {'; '.join(parts)}." if parts else ""


def _share(events: int, at_risk: int) -> str:
    share = f" ({percent_text(events / at_risk)})" if at_risk else ""
    return f"{count_text(events)} of {count_text(at_risk)}{share}"


def _truth(coverage: pd.DataFrame, scenario: str, target: str) -> float:
    values = coverage.loc[(coverage["scenario"] == scenario) & (coverage["target"] == target), "truth"]
    if values.empty:
        raise WorkbookError(f"The table of coverage lacks '{target}' in cohorts of the kind '{scenario}'.")
    return float(values.iloc[0])


def _listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b, and c`."""
    return " and ".join(parts) if len(parts) < 3 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
