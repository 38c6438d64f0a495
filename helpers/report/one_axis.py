"""The answers of a report on one axis: its last figure and paragraph."""

import pandas as pd

from helpers.counts import counted
from helpers.disclosure import NOT_SHOWN
from helpers.estimators.estimate import Estimate
from helpers.report.display import interval_text, is_not_shown, level_text, number_text
from helpers.report.no_effect_rows import SURVEY
from helpers.report.rows import OTHER_PEOPLE, forest_rows, published_row
from helpers.report.sentence import Sentence, traced
from helpers.report.sentences import result_text

SIMULATED, SPECIFIED = "simulated cohorts (range)", "specifications (range)"
WHOLE_COHORT = "all at risk"  # as `no_effect` names the cohorts with every level


def axis_rows(
    *,
    published: float,
    clustered: Estimate,
    within: Estimate,
    survey: Estimate,
    no_effect: pd.DataFrame | None = None,
    specifications: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What the forest plot draws, the published value first; ranges that are no confidence intervals say so.

    Parameters
    ----------
    published : float
        Its interval is not known.
    clustered, within, survey : Estimate
        This cohort's ratio with patients as clusters and within patients, and that of people without cement.
    no_effect, specifications : DataFrame, optional
        Those tables of the run; None where small numbers are hidden.
    """
    ours = {"Patients as clusters": clustered, "Within patients": within}
    parts = [
        published_row("Published, 2006", published, group="Published"),
        forest_rows(ours, group="This cohort"),
    ]
    spread = _range_of(specifications, "estimate", share=None)
    if spread:
        label = f"{counted(spread['n'], 'specification')}: median"
        parts.append(_range_row(label, spread, "all", kind=SPECIFIED, group="This cohort"))
    parts.append(forest_rows({"Next to a fracture": survey}, kind=OTHER_PEOPLE, group="Survey, no cement"))
    spread = _simulated(no_effect, clustered.conf_level)
    if spread:
        words = f"middle {level_text(clustered.conf_level)}"
        parts.append(_range_row("Cement does nothing: median", spread, words, kind=SIMULATED, group="Simulated"))
    return pd.concat(parts, ignore_index=True).drop(columns="counts")


@traced
def axis_sentence(
    *,
    published: float,
    clustered: Estimate,
    within: Estimate,
    survey: Estimate,
    no_effect: pd.DataFrame | None = None,
    specifications: pd.DataFrame | None = None,
) -> Sentence:
    """The same in words, and what none of these numbers tells."""
    told = [
        f"The published ratio is {number_text(published)}; its interval is not known.",
        f"In this cohort the ratio was {result_text(clustered)} with patients as clusters, and "
        f"{result_text(within)} within patients."
        if not is_not_shown(clustered)
        else f"The ratio of this cohort is {clustered.note}.",
        "In a population survey, without regard to cement, the same ratio around a fractured vertebra was "
        f"{number_text(survey.estimate)} ({level_text(survey.conf_level)} CI {interval_text(survey)}).",
    ]
    spread = _simulated(no_effect, clustered.conf_level)
    if spread:
        told.append(
            f"In {counted(spread['n'], 'cohort')} simulated with this cohort's patients, with clustering as strong as "
            f"the survey's and with cement that does nothing, the median ratio was {number_text(spread['middle'])}, "
            f"and {level_text(clustered.conf_level)} of the ratios lay between {number_text(spread['low'])} and "
            f"{number_text(spread['high'])}; {_places(spread, published, clustered)}."
        )
    options = _range_of(specifications, "estimate", share=None)
    if options:
        told.append(
            f"Asked in {counted(options['n'], 'way')} that differ in the choices of a study, this cohort gave ratios "
            f"from {number_text(options['low'])} to {number_text(options['high'])}, with a median of "
            f"{number_text(options['middle'])}."
        )
    if no_effect is None and specifications is None:
        told.append(f"The simulated cohorts and the specifications are {NOT_SHOWN}.")
    elif spread and options:
        told.append("These two ranges, pale bars in the figure, are no confidence intervals.")
    told.append(
        "A ratio that is usual without cement cannot tell fractures that go with cement from fractures that cluster "
        "by themselves; nobody was assigned to cement or to none."
    )
    tables = {"no_effect": spread, "specifications": options}
    return Sentence(" ".join(told), table=" ".join(name for name, shown in tables.items() if shown))


def _simulated(no_effect: pd.DataFrame | None, share: float) -> dict:
    if no_effect is None:
        return {}
    at_survey = no_effect[(no_effect["strength"] == SURVEY) & (no_effect["levels"] == WHOLE_COHORT)]
    return _range_of(at_survey, "risk_ratio", share=share)


def _range_of(table: pd.DataFrame | None, column: str, *, share: float | None) -> dict:
    """How many ratios there are, their median, and the limits of the middle share of them, or of all."""
    known = table[column].dropna() if table is not None else pd.Series(dtype=float)
    if known.empty:
        return {}
    tail = 0 if share is None else (1 - share) / 2
    low, middle, high = known.quantile([tail, 0.5, 1 - tail])
    return {"n": len(known), "low": float(low), "middle": float(middle), "high": float(high)}


def _range_row(label: str, spread: dict, words: str, *, kind: str, group: str) -> pd.DataFrame:
    text = f"{number_text(spread['middle'])}\n{words}: {number_text(spread['low'])} to {number_text(spread['high'])}"
    row = {"label": label, "estimate": spread["middle"], "conf_low": spread["low"], "conf_high": spread["high"]}
    return pd.DataFrame([row | {"text": text, "counts": "", "kind": kind, "group": group}])


def _places(spread: dict, published: float, clustered: Estimate) -> str:
    values = {f"the published {number_text(published)}": published}
    if clustered.is_estimable:
        values[f"this cohort's {number_text(clustered.estimate)}"] = clustered.estimate
    places = {name: _place(value, spread) for name, value in values.items()}
    if len(set(places.values())) == 1 and len(places) > 1:
        return f"{' and '.join(places)} both lie {places.popitem()[1]}"
    return ", and ".join(f"{name} lies {place}" for name, place in places.items())


def _place(value: float, spread: dict) -> str:
    if spread["low"] <= value <= spread["high"]:
        return "inside that range"
    return "above that range" if value > spread["high"] else "below that range"
