"""Findings in cohorts in which cement does nothing, as sentences: what is usual there, and what is not."""

from collections.abc import Sequence

import pandas as pd

from helpers.counts import count_text, counted
from helpers.report.display import ABSENT, days_text, number_text
from helpers.report.no_effect_rows import GROUPS, SURVEY, Values, range_text, share_text
from helpers.report.sentence import Sentence, traced

# By so much a log-likelihood may lie under the best at the 95% level (half the quantile of chi-square, one parameter).
COMPATIBLE = 1.92


def survey_fit_sentence(fit: pd.DataFrame) -> Sentence:
    """How surveys simulated under the model compare with the survey."""
    total = fit[fit["kind"] == "total"].set_index("of")
    names = ("neighbour ratio", "people with a fracture", "fractured vertebrae")
    ratio, people, vertebrae = (total.loc[name] for name in names)
    inside = fit["observed"].between(fit["low"], fit["high"])
    return Sentence(
        f"In {count_text(fit['surveys'].iloc[0])} surveys of as many people, simulated under the model, the ratio of "
        f"neighbours to vertebrae further away was {number_text(ratio['average'])} on average (middle 95%: "
        f"{number_text(ratio['low'])} to {number_text(ratio['high'])}; the survey: {number_text(ratio['observed'])}), "
        f"and {count_text(round(people['average']))} people had {count_text(round(vertebrae['average']))} fractured "
        f"vertebrae ({count_text(people['observed'])} and {count_text(vertebrae['observed'])} in the survey). Of the "
        f"{count_text(len(fit))} figures compared, {count_text(inside.sum())} lie in the middle 95% of those simulated."
    )


def strengths_sentence(strengths: pd.DataFrame) -> Sentence:
    """Which strengths the survey itself can tell apart."""
    behind = strengths["log_likelihood"].max() - strengths["log_likelihood"]
    kept, left = (strengths.loc[chosen, "strength"].tolist() for chosen in (behind <= COMPATIBLE, behind > COMPATIBLE))
    against = f", and not with {_strengths(left)}" if left else ""
    ratios = strengths["neighbour_ratio"]
    return Sentence(
        f"Judged by likelihood, the survey is compatible with {_strengths(kept)}{against} (95% level). The neighbour "
        f"ratios of old fractures that go with the strengths run from {number_text(ratios.min())} to "
        f"{number_text(ratios.max())}."
    )


def patients_sentence(n_patients: int, n_drawn: int, n_vertebrae: int, n_fractures: int) -> Sentence:
    """Who is in every simulated cohort, and how many new fractures."""
    drawn = ""
    if n_drawn < n_patients:
        drawn = f" They were drawn at random from {count_text(n_patients)}; cohorts of all of these would vary less."
    who = f"{counted(n_drawn, 'patient')} with {counted(n_vertebrae, 'vertebra', 'vertebrae')} at risk"
    if not n_fractures:
        return Sentence(f"Every simulated cohort has the same {who}, and, as in truth, no new fracture.{drawn}")
    fractures = counted(n_fractures, "new fracture")
    return Sentence(f"Every simulated cohort has the same {who}, and on average, as in truth, {fractures}.{drawn}")


@traced(table="no_effect")
def ratio_sentence(found: pd.DataFrame, *, cohort: Values, published: Values, share: str) -> Sentence:
    """What the ratio comes to at the survey's strength, how often it is high, and where the published one is usual."""
    line, wanted = _at_survey(found), published["risk_ratio"]
    if pd.isna(line["risk_ratio_middle"]):
        return Sentence("The simulated cohorts give no ratio: one of the two groups has no vertebra or no fracture.")
    ours = ""
    if not pd.isna(line["risk_ratio_cohort_share"]):
        own, own_share = number_text(cohort["risk_ratio"]), share_text(line, "risk_ratio_cohort")
        ours = f", one of at least this cohort's {own} in {own_share}"
    low, high = found["risk_ratio_low"] > wanted, found["risk_ratio_high"] < wanted
    places = [
        f"{place} the middle {share} at {_strengths(found.loc[chosen, 'strength'].tolist())}"
        for place, chosen in {"inside": ~(low | high), "above": high, "below": low}.items()
        if chosen.any()
    ]
    as_high = share_text(line, "risk_ratio_published")
    return Sentence(
        f"With clustering as strong as the survey's, cohorts in which cement does nothing had a ratio of "
        f"{range_text(line, 'risk_ratio', number_text)}: the median and the middle {share}. "
        f"Of {count_text(line['cohorts'])} such cohorts, a ratio of at least the published {number_text(wanted)} came "
        f"up in {as_high}{ours} (95% CI for this number of cohorts). The published value lies {'; '.join(places)}."
    )


@traced(table="no_effect")
def seen_levels_sentence(found: pd.DataFrame, *, cohort: float | None, share: str) -> Sentence:
    """The same at the survey's strength among the levels that the survey saw."""
    line = _at_survey(found)
    if pd.isna(line["risk_ratio_middle"]) or pd.isna(line["risk_ratio_cohort_share"]):
        return Sentence("Among the levels that the survey saw, T4 to L4, there is no ratio to compare.")
    return Sentence(
        f"Among the levels that the survey saw, T4 to L4, cohorts in which cement does nothing had a ratio of "
        f"{range_text(line, 'risk_ratio', number_text)} at its strength (middle {share}), and this cohort has "
        f"{number_text(cohort)}; {share_text(line, 'risk_ratio_cohort')} of {count_text(line['cohorts'])} simulated "
        "cohorts came up to that."
    )


@traced(table="no_effect")
def medians_sentence(found: pd.DataFrame, *, cohort: Values, published: Values, share: str) -> Sentence:
    """What both medians come to at the survey's strength, and how often fractures next to cement led by as much."""
    line = _at_survey(found)
    if pd.isna(line["lead_days_middle"]):
        return Sentence("The simulated cohorts give no two medians: in one of the groups nothing fractured.")
    next_to, further = (range_text(line, f"median_days_{group}", days_text) for group in GROUPS)
    ours, theirs = (" and ".join(_days(values[group]) for group in GROUPS) for values in (cohort, published))
    lead = ""
    if not pd.isna(line["lead_days_cohort_share"]):
        lead = (
            f" Fractures next to cement came sooner by as many days as here, or more, in "
            f"{share_text(line, 'lead_days_cohort')} of these cohorts."
        )
    reached, groups = found[["reached_adjacent", "reached_nonadjacent"]].to_numpy().sum(), 2 * found["cohorts"].sum()
    return Sentence(
        f"At the survey's strength the median time among fractured vertebrae was {next_to} days next to cement and "
        f"{further} further away (middle {share}); it was {ours} in this cohort, {theirs} as published.{lead} The "
        f"median over all vertebrae at risk was reached in {count_text(reached)} of {count_text(groups)} simulated "
        "groups, at whatever strength."
    )


@traced(table="no_effect")
def spread_sentence(found: pd.DataFrame, n_patients_fractured: int) -> Sentence:
    """On how many patients the new fractures fell: whether patients differ as much as in the real cohort."""
    simulated = round(_at_survey(found)["patients_fractured"])
    said = (
        f"The new fractures fell on {counted(n_patients_fractured, 'patient')} in this cohort, and on "
        f"{count_text(simulated)} on average in those simulated at the survey's strength."
    )
    if simulated <= n_patients_fractured:
        return Sentence(said)
    return Sentence(
        f"{said} So the patients of this cohort differ more than the model says, or fractures of one patient were "
        "found together: the ranges shown, above all those of the medians, may be narrower than those of real cohorts."
    )


def _at_survey(found: pd.DataFrame) -> dict:
    return found[found["strength"] == SURVEY].iloc[0].to_dict()


def _days(days: float | None) -> str:
    return ABSENT if days is None or pd.isna(days) else days_text(days)


def _strengths(strengths: Sequence[float]) -> str:
    texts = [f"{strength:g}" for strength in strengths]
    listed = texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
    return f"strength{'' if len(texts) == 1 else 's'} {listed}"
