"""Errors in the data as sentences: how large one would have to be, and what it would leave of the answer."""

import pandas as pd

from helpers.estimators.estimate import Estimate
from helpers.report.bias_rows import lost_extremes
from helpers.report.display import ABSENT, number_text, percent_text
from helpers.report.sentence import Sentence, traced
from helpers.report.sentences import caution, result_text


@traced
def e_value_sentence(ratio: Estimate, of_estimate: float | None, of_limit: float | None) -> Sentence:
    """How strong something unmeasured would have to be."""
    if of_estimate is None:
        return Sentence(f"The ratio was {result_text(ratio)}, so it has no E-value.")
    if of_limit is None:
        limit = "Its interval has no limit on that side."
    elif of_limit == 1:
        limit = "Its interval holds 1 as it is."
    else:
        limit = f"To move the nearer limit of its interval to 1 it would take {number_text(of_limit)}."
    return Sentence(
        f"Something left out would have to be associated with lying next to cement and with a new fracture by a risk "
        f"ratio of at least {number_text(of_estimate)} each to account for a ratio of {number_text(ratio.estimate)} "
        f"where there is none (E-value). {limit} The ratio is the crude one, so the level of the vertebra and what "
        "clusters around old fractures are left out of it as well."
    )


@traced(table="error_analyses")
def control_sentence(ratio: Estimate) -> Sentence:
    """The negative control: a contrast in which nothing is expected."""
    if not ratio.is_estimable:
        return Sentence(f"Negative control, vertebrae three levels away against those further: {result_text(ratio)}.")
    shows = ""
    if ratio.conf_low is not None and ratio.conf_high is not None:
        shows = (
            " The interval holds 1, so no difference is shown; nor is one of any size in the interval ruled out."
            if ratio.conf_low <= 1 <= ratio.conf_high
            else " The interval does not hold 1: fractures follow distance where cement is not near, so distance, "
            "level or clustering has a share in the ratio next to cement as well."
        )
    return Sentence(
        f"Negative control: the risk of vertebrae three levels away was {result_text(ratio)} times that of vertebrae "
        f"further away.{shows}{caution(ratio)}"
    )


@traced
def detection_sentence(ratio: Estimate) -> Sentence:
    """How much rarer fractures would have to be found further away to leave nothing."""
    if not ratio.estimate or ratio.estimate <= 1:
        return Sentence(
            f"The ratio was {result_text(ratio)}: fractures found more often next to cement cannot explain it."
        )
    gone = f"{percent_text(1 / ratio.estimate)} as often"
    limit = (
        f"; its lower limit would be 1 at {percent_text(1 / ratio.conf_low)}"
        if ratio.conf_low is not None and ratio.conf_low > 1
        else ""
    )
    return Sentence(
        f"The ratio would be 1 if fractures further away had been found {gone} as those next to cement{limit}."
    )


@traced(table="error_analyses")
def lost_sentence(rows: pd.DataFrame, horizon_days: int) -> Sentence:
    """The range of ratios over all that was supposed of the vertebrae lost, alike or in opposite ways."""
    known = rows["estimate"].dropna()
    if known.empty:
        return Sentence(f"The risk ratio by day {horizon_days} could not be estimated.")
    least, most, low, high = rows["x"].min(), rows["x"].max(), number_text(known.min()), number_text(known.max())
    lowest, highest = lost_extremes(rows)
    opposite = (
        ""
        if pd.isna(lowest) or pd.isna(highest)
        else "; had those of one group the lowest of these hazards and those of the other the highest, it would be "
        f"{number_text(lowest)} or {number_text(highest)}"
    )
    return Sentence(
        f"If vertebrae lost before day {horizon_days} had fractured at {least:g} to {most:g} times the hazard of those "
        f"followed, in one group alone or in both alike, the risk ratio by that day would lie between {low} and "
        f"{high}{opposite}."
    )


@traced(table="error_analyses")
def wrong_level_sentence(rows: pd.DataFrame) -> Sentence:
    """What the largest share of wrong level numbers does, and the step back."""
    known = rows.dropna(subset=["estimate"])
    if known.empty:
        return Sentence("The ratio with wrong level numbers could not be estimated.")
    first, last = known.iloc[0], known.iloc[-1]
    back = number_text(last["if_wrong_already"])
    return Sentence(
        f"With cement recorded one level off in {percent_text(last['share'])} of the patients the ratio was "
        f"{number_text(last['estimate'])} on average (95% of {int(last['cohorts'])} such cohorts: "
        f"{number_text(last['low'])} to {number_text(last['high'])}), from {number_text(first['estimate'])} as "
        f"recorded. If as many are wrong already, it would be about {back} without errors."
    )


@traced(table="error_analyses")
def dating_sentence(rows: pd.DataFrame) -> Sentence:
    """Both medians and the hazard ratio under the earliest and the latest dating."""
    told = []
    for dating in rows["dating"].unique():
        own = rows[rows["dating"] == dating].set_index("quantity")["estimate"]
        near, far, ratio = (
            ABSENT if pd.isna(own[name]) else number_text(own[name]) if name == "hazard ratio" else f"{own[name]:,.4g}"
            for name in ("median, next to cement", "median, further away", "hazard ratio")
        )
        told.append(f"{dating}: {near} and {far} days, hazard ratio {ratio}")
    return Sentence(
        "Medians among fractured vertebrae next to cement and further away, by the day that a fracture is given within "
        f"its bracket. {'; '.join(told)}."
    )
