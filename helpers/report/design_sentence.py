"""What was done, in the words of a methods section, made from the parameters of the run."""

from helpers.counts import counted
from helpers.report.display import level_text
from helpers.report.sentence import Paragraph

PREVALENT = {
    "exclude": "Vertebrae already fractured on day 0 were left out",
    "keep": "Vertebrae already fractured on day 0 stayed at risk",
}
DAY_ZERO = {
    "prevalent": "a new fracture found on day 0 counted as old",
    "new": "a new fracture found on day 0 counted as new",
}
LATER = {
    "censor": "and no longer than to the patient's next vertebroplasty",
    "ignore": "whatever was cemented later",
    "reclassify": "and a vertebra that came to lie next to later cement counted as next to cement from day 0",
}
DEATH = {
    "death": "to death in patients who died and to the last image of the spine in all others",
    "last_imaging": "to the last image of the spine",
}


def design_sentence(
    *,
    levels_at_risk: str,
    adjacent_within: int,
    prevalent_fractures: str,
    day_zero_fractures: str,
    later_vertebroplasty: str,
    death_follow_up: str,
    conf_level: float,
) -> Paragraph:
    """Design, who is at risk, follow-up and main analysis, for any values of these parameters."""
    return Paragraph(
        "This is a cohort study of vertebrae within patients: each patient was followed from the first vertebroplasty "
        "(day 0), and vertebrae not cemented on that day were compared by their distance from cement. "
        f"The vertebrae of {levels_at_risk} were at risk; those up to {counted(adjacent_within, 'level')} from the "
        "nearest one cemented on day 0 counted as next to cement, the others as further away. "
        f"{PREVALENT[prevalent_fractures]}, and {DAY_ZERO[day_zero_fractures]}. "
        f"A vertebra was followed to its first new fracture, else {DEATH[death_follow_up]}, "
        f"{LATER[later_vertebroplasty]}. "
        f"The main analysis is the ratio of the two risks of a new fracture, with a {level_text(conf_level)} interval "
        "that takes patients as clusters (sandwich variance, Student's t); hazard ratios and medians tell how soon. "
        "p-values are two-sided unless said otherwise, and none is adjusted for the number of comparisons."
    )
