"""Findings on time as sentences, made from estimates: how soon, whether the pace changes, what the dates rest on."""

import math
from collections.abc import Mapping

from helpers.counts import count_text, counted
from helpers.disclosure import NOT_SHOWN, Coarse
from helpers.estimators.estimate import Estimate
from helpers.report.display import (
    days_text,
    estimate_text,
    interval_text,
    is_not_shown,
    level_text,
    number_text,
)
from helpers.report.sentence import Sentence, traced
from helpers.report.sentences import (
    FURTHER_AWAY,
    NEXT_TO_CEMENT,
    caution,
    has_interval,
    p_words,
    result_text,
)

WINDOW = "Hazard ratio, "


def unwatched_sentence(n_unwatched: int, n_fractured: int, n_vertebrae: int) -> Sentence:
    """Vertebrae whose follow-up ends on the day of the procedure, some perhaps with a new fracture on that day."""
    if isinstance(n_unwatched, Coarse):
        return Sentence(
            f"{count_text(n_unwatched)} of {count_text(n_vertebrae)} vertebrae at risk were not followed beyond day 0, "
            f"{count_text(n_fractured)} of them with a new fracture on that day. The others can show none, yet count "
            "in the denominators of the plain risks; curves, hazards and the risk ratio by a fixed day allow for it."
        )
    if not n_unwatched:
        return Sentence(f"All {count_text(n_vertebrae)} vertebrae at risk were followed beyond day 0.")
    is_one = n_unwatched == 1
    who = f"{counted(n_unwatched, 'vertebra', 'vertebrae')} of {count_text(n_vertebrae)} at risk"
    who += f" {'was' if is_one else 'were'} not followed beyond day 0"
    if n_fractured and n_fractured == n_unwatched:
        return Sentence(f"{who}, {'' if is_one else 'each '}with a new fracture on that day.")
    can_show = f"{'it' if is_one else 'they'} can show no fracture, yet {'counts' if is_one else 'count'}"
    if n_fractured:
        can_show = (
            f"{count_text(n_fractured)} of them had a new fracture on that day, the others can show none, yet count"
        )
    return Sentence(
        f"{who}: {can_show} in the denominators of the plain risks. Curves, hazards and the risk ratio by a fixed day "
        "allow for it, as far as the end of follow-up tells nothing about fractures."
    )


@traced
def median_sentence(next_to: Estimate, further: Estimate, *, among: str) -> Sentence:
    """Two medians and whom they are taken over."""
    return Sentence(
        f"Among {among}, the median time to a new fracture was {_median(next_to)} in {NEXT_TO_CEMENT} and "
        f"{_median(further)} in {FURTHER_AWAY}.{caution(next_to, further)}"
    )


@traced
def hazard_sentence(estimate: Estimate) -> Sentence:
    """A hazard ratio read back as an average of rates."""
    if not estimate.is_estimable:
        is_or_was = "is" if is_not_shown(estimate) else "was"
        return Sentence(f"The hazard ratio {is_or_was} {result_text(estimate)}.")
    return Sentence(
        f"Averaged over follow-up, vertebrae next to cement that were still unbroken fractured at "
        f"{number_text(estimate.estimate)} times the rate of those further away: hazard ratio {result_text(estimate)}."
        f"{caution(estimate)}"
    )


@traced
def programs_sentence(ours: Estimate, theirs: Estimate) -> Sentence:
    """Whether another program finds the same ratio and the same limits, to the six digits that likelihoods give."""
    if is_not_shown(ours) or is_not_shown(theirs):
        return Sentence(f"The two programs are not set side by side here; {ours.note}.")
    if not (ours.is_estimable and theirs.is_estimable):
        return Sentence(f"The two programs cannot be set side by side: {ours.note or theirs.note}.")
    pairs = [(getattr(ours, name), getattr(theirs, name)) for name in ("estimate", "conf_low", "conf_high")]
    is_rounded = isinstance(ours.n_vertebrae, Coarse)
    agree = all(one is not None and other and math.isclose(one, other, rel_tol=1e-6) for one, other in pairs)
    to_digits = "as far as they are shown" if is_rounded else "to six digits"
    found = f"the same ratio and the same limits {to_digits}" if agree else "not the same: one of them is wrong here"
    return Sentence(f"The two programs give {found}.")


@traced
def pace_sentence(estimates: Mapping[str, Estimate]) -> Sentence:
    """The hazard ratio of each window of follow-up, out of estimates by name ("Hazard ratio, days 0 to 90")."""
    windows = {name.removeprefix(WINDOW): ratio for name, ratio in estimates.items() if _is_window(name)}
    told = [f"{estimate_text(ratio)} {_when(window)}" for window, ratio in windows.items()]
    levels = sorted({level_text(ratio.conf_level) for ratio in windows.values()})
    noted = {}
    for window, ratio in windows.items():
        noted.setdefault(caution(ratio, about=" of the ratio {}"), []).append(_when(window))
    cautions = "".join(said.replace("{}", " and ".join(whens), 1) for said, whens in noted.items())
    said = (
        f"By time since the procedure, the hazard ratio ({', '.join(levels)} CI) was {', '.join(told[:-1])} and "
        f"{told[-1]}.{cautions}"
        if len(told) > 1
        else f"Over all of follow-up the hazard ratio was {''.join(told)}.{cautions}"
    )
    return Sentence(said, windows.values())


@traced
def change_sentence(change: Estimate, *, at_days: float) -> Sentence:
    """The hazard ratio of the first weeks over the later one: whether fractures next to cement come sooner."""
    day = days_text(at_days)
    if not change.is_estimable:
        return Sentence(f"Whether the ratio differs before and after day {day} cannot be told: {change.note}.")
    clear = (change.conf_low or 0) > 1 or (change.conf_high is not None and change.conf_high < 1)
    read = "" if clear else " Its interval includes 1: this cohort does not settle whether the ratio changes."
    frail = "A falling ratio is not proof of an early excess: it also remains when the frailest neighbours break first."
    read += f" {frail}" if change.estimate > 1 else ""
    return Sentence(
        f"Up to day {day} the hazard ratio was {number_text(change.estimate)} times that after it: ratio of the two "
        f"{result_text(change)}.{read}{caution(change)}"
    )


@traced
def proportional_sentence(naive: Estimate, clustered: Estimate) -> Sentence:
    """The test of one constant hazard ratio, naive and clustered."""
    return Sentence(
        "One constant hazard ratio over all of follow-up was tested against one that changes with time: "
        f"p {p_words(naive)} with vertebrae as independent, p {p_words(clustered)} with patients as clusters."
        f"{caution(clustered)}"
    )


@traced
def logrank_sentence(naive: Estimate, clustered: Estimate, *, among: str) -> Sentence:
    """The log-rank test naive and clustered, side by side."""
    if naive.p_value is None and clustered.p_value is None:
        return Sentence(f"Among {among}, the log-rank test could not be done: {naive.note}.")
    return Sentence(
        f"Among {among}, the log-rank test gave p {p_words(naive)} when vertebrae were taken as independent and "
        f"p {p_words(clustered)} with patients as clusters.{caution(clustered)}"
    )


@traced
def free_time_sentence(difference: Estimate, *, horizon_days: float) -> Sentence:
    """A difference of restricted means in days free of a fracture, with the dead taken as still followed."""
    if not difference.is_estimable:
        return Sentence(f"Days without a new fracture up to day {days_text(horizon_days)}: {result_text(difference)}.")
    change = f"{_days(abs(difference.estimate))} days {'fewer' if difference.estimate < 0 else 'more'}"
    fewer, than = (change, "than") if abs(difference.estimate) >= 0.05 else ("as many days", "as")
    return Sentence(
        f"Up to day {days_text(horizon_days)}, and if nobody died, a vertebra next to cement had on average "
        f"{fewer} without a new fracture {than} one further away (difference {result_text(difference)})."
        f"{caution(difference)}"
    )


@traced
def dated_sentence(by_images: Estimate, by_date: Estimate) -> Sentence:
    """A hazard ratio from brackets beside the one that takes the first positive image for the day of the fracture."""
    if is_not_shown(by_images):
        return Sentence(f"With fractures bracketed by images the hazard ratio is {by_images.note}.")
    if not by_images.n_vertebrae:
        return Sentence("Images bracket no vertebra of this cohort, so fractures were not looked at that way.")
    assumed = " This takes the dates of images as independent of the fracture, which pain makes doubtful."
    fewer = ""
    if by_images.n_events != by_date.n_events:
        fewer = (
            f" Images bracket {count_text(by_images.n_events)} of {counted(by_date.n_events, 'fracture')}: one seen on "
            "day 0, or without dates of images, cannot be bracketed, and is in neither this ratio nor Turnbull's curve."
        )
    if not (by_images.is_estimable and by_date.is_estimable and by_date.estimate):
        bracketed = f"With fractures bracketed by images the hazard ratio was {result_text(by_images)}."
        return Sentence(bracketed + fewer + (assumed if by_images.is_estimable else "") + caution(by_images))
    change = abs(math.log(by_images.estimate / by_date.estimate))
    close = "close to" if change < math.log(1.1) else "other than"
    return Sentence(
        f"With each fracture somewhere between the last clean image and the first that shows it, the hazard ratio was "
        f"{result_text(by_images)}, {close} the {estimate_text(by_date)} with the "
        f"date of that image.{fewer}{assumed}{caution(by_images)}"
    )


def _median(estimate: Estimate) -> str:
    if is_not_shown(estimate):
        return NOT_SHOWN
    if not estimate.is_estimable:
        return "not reached" if estimate.note.startswith("not reached") else f"not estimable ({estimate.note})"
    interval = f" ({level_text(estimate.conf_level)} CI {interval_text(estimate)})" if has_interval(estimate) else ""
    return f"{days_text(estimate.estimate)} days{interval}"


def _when(window: str) -> str:
    return f"in {window}" if window.startswith("days ") else window


def _days(days: float) -> str:
    return f"{days:,.0f}" if days >= 9.5 else f"{days:,.1f}"


def _is_window(name: str) -> bool:
    return name.startswith((WINDOW + "days ", WINDOW + "after day "))
