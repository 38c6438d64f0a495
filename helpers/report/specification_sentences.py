"""The specification curve as sentences, read from its tables: how far the answers differ, and by which choices."""

from collections.abc import Mapping

import pandas as pd

from helpers.counts import count_text, counted
from helpers.report.display import number_text, p_text, percent_text
from helpers.report.sentence import Sentence, traced

TOGETHER = "all_together"
ANY_WHOLE, ANY_FRACTURED = "any whole vertebra", "any fractured vertebra"
MEDIAN = "median ratio"
FEW, VERY_FEW = "few patients carry the events", "fewer than five patients carry the events"  # as estimates note it


def grid_sentence(n_specifications: int, left_out: pd.DataFrame, *, n_patients: int, n_all: int) -> Sentence:
    """How many specifications there are, how many combinations were left out, and of how many patients."""
    n_left = int(left_out["specifications"].sum())
    rest = (
        f"; {counted(n_left, 'further combination')} {'makes' if n_left == 1 else 'make'} no sense or "
        f"{'says' if n_left == 1 else 'say'} the same as another, by {counted(len(left_out), 'rule')}"
        if n_left
        else ""
    )
    sample = (
        ""
        if n_patients == n_all
        else f" They are computed from a random sample of {count_text(n_patients)} of {count_text(n_all)} patients."
    )
    computed = f"{counted(n_specifications, 'specification')} {_are(n_specifications)} computed"
    return Sentence(f"{computed}{rest}.{sample}")


@traced(table="specifications")
def curve_sentence(curve: pd.DataFrame, published: float) -> Sentence:
    """The range of the ratios, and the shares on each side of 1 and of the published value."""
    known = curve[curve["estimate"].notna()]
    if known.empty:
        return Sentence(f"No ratio came of {counted(len(curve), 'specification')}.")
    ratio, n = known["estimate"], len(known)
    missing = len(curve) - n
    absent = f" {counted(missing, 'specification')} gave no ratio." if missing else ""
    reference = known[known["is_reference"]]
    own = (
        f" The study's own specification gave {number_text(reference['estimate'].iloc[0])}, number "
        f"{count_text((ratio < reference['estimate'].iloc[0]).sum() + 1)} by size."
        if len(reference)
        else ""
    )
    side, clear, beyond = (
        [percent_text(part.mean()) for part in parts]
        for parts in (
            (ratio > 1, ratio < 1),
            (known["conf_low"] > 1, known["conf_high"] < 1),
            (ratio > published, ratio < published),
        )
    )
    return Sentence(
        f"The question was asked in {counted(n, 'way')} that differ in the choices of a study. {side[0]} of the ratios "
        f"lay above 1 and {side[1]} below; {clear[0]} had an interval wholly above 1 and {clear[1]} one wholly below. "
        f"They ran from {number_text(ratio.min())} to {number_text(ratio.max())}, "
        f"with a median of {number_text(ratio.median())}; {beyond[0]} lay above the published "
        f"{number_text(published)} and {beyond[1]} below.{own}{absent}{_few(known)} "
        "All come from the same patients, so these shares are no probabilities."
    )


def _few(known: pd.DataFrame) -> str:
    """In how many specifications few patients carry the fractures."""
    notes = known["note"].fillna("")
    few, very_few = (int(notes.str.contains(caution, regex=False).sum()) for caution in (FEW, VERY_FEW))
    if not few + very_few:
        return ""
    fewest = f", in {count_text(very_few)} fewer than five: do not rely on the intervals of these" if very_few else ""
    return f" In {counted(few + very_few, 'specification')} few patients carry the fractures{fewest}."


@traced(table="specification_choices")
def choices_sentence(effects: pd.DataFrame, names: Mapping[str, str]) -> Sentence:
    """Which choices moved the ratio most, and which turned it round."""
    each = effects[effects["choice"] != TOGETHER]
    if each.empty:
        return Sentence("No choice takes more than one value, so none can be said to move the ratio.")
    first, *others = each.head(3).to_dict("records")
    told = (
        f"The choice that moved the ratios most was {_name(first, names)}, with {_percent(first)} of their variance on "
        "the log scale"
    )
    if others:
        told += ", followed by " + " and ".join(f"{_name(row, names)} ({_percent(row)})" for row in others)
    together = effects.loc[effects["choice"] == TOGETHER, "variance_share"]
    told += f"; all choices together, without interactions, had {together.iloc[0]:.0%}." if len(together) else "."
    return Sentence(f"{told} {_flips(each, names)}")


@traced(table="specification_tests")
def joint_sentence(tests: pd.DataFrame) -> Sentence:
    """The curve beside curves with cement dealt anew, by each null hypothesis."""
    medians = tests[tests["statistic"] == MEDIAN].set_index("null")
    if medians.empty or not medians["specifications"].iloc[0]:
        return Sentence("No specification of the grid could be set against cement dealt anew.")
    whole, fractured = (medians.loc[null] for null in (ANY_WHOLE, ANY_FRACTURED))
    return Sentence(
        f"In {counted(int(whole['specifications']), 'specification')} of {counted(int(whole['patients']), 'patient')} "
        f"the median ratio was {_observed(whole)}. With the relation to cement dealt anew among each patient's whole "
        f"vertebrae {_null(whole)}. In the {counted(int(fractured['patients']), 'patient')} with a vertebra that was "
        f"fractured on day 0 and left without cement it was {_observed(fractured)}; with the cement dealt anew among "
        f"their vertebrae that were fractured or cemented on day 0, so that clustering around fractures stays, "
        f"{_null(fractured)}."
    )


def _observed(test: pd.Series) -> str:
    return "not estimable" if pd.isna(test["observed"]) else number_text(test["observed"])


def _null(test: pd.Series) -> str:
    if pd.isna(test["p_value"]):
        return "there is nothing to set it against"
    p_value = p_text(test["p_value"])
    return (
        f"it came to a median of {number_text(test['null_median'])} (95th percentile {number_text(test['null_high'])}; "
        f"p {p_value if p_value.startswith('<') else f'= {p_value}'}, {count_text(test['permutations'])} permutations)"
    )


def _flips(each: pd.DataFrame, names: Mapping[str, str]) -> str:
    turned = each[each["direction_flips"] > 0]
    if len(turned):
        which = "; ".join(
            f"{_name(row, names)} in {count_text(row['direction_flips'])} of {counted(row['pairs'], 'pair')}"
            for row in turned.to_dict("records")
        )
        direction = f"The ratio changed sides of 1 with one choice alone: {which}."
    else:
        direction = "No single choice took the ratio to the other side of 1."
    lost = each[each["interval_flips"] > 0].sort_values("interval_flips", ascending=False, kind="stable")
    if lost.empty:
        return f"{direction} Nor did any change whether the interval holds 1."
    which = "; ".join(
        f"{_name(row, names)} {count_text(row['interval_flips'])} of {count_text(row['pairs'])}"
        for row in lost.head(3).to_dict("records")
    )
    return f"{direction} Whether the interval holds 1 changed most often with these (pairs alike in all else): {which}."


def _name(row: Mapping, names: Mapping[str, str]) -> str:
    """A choice within a sentence."""
    return names[row["choice"]].lower()


def _percent(row: Mapping) -> str:
    return f"{row['variance_share']:.0%}"


def _are(count: int) -> str:
    return "was" if count == 1 else "were"
