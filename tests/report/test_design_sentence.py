"""What was done, for every value its parameters can take."""

from itertools import product

from helpers.report.design_sentence import DAY_ZERO, DEATH, LATER, PREVALENT, design_sentence
from helpers.workbook.parameters import parameters_by_step
from helpers.workbook.places import project_root
from tests.report.wording import assert_reads_well

TOLD = {
    "prevalent_fractures": PREVALENT,
    "day_zero_fractures": DAY_ZERO,
    "later_vertebroplasty": LATER,
    "death_follow_up": DEATH,
}


def test_every_choice_of_the_parameters_has_its_words():
    parameters = parameters_by_step(project_root())["report"]
    choices = {parameter.name: parameter.rule.choices for parameter in parameters if parameter.name in TOLD}
    assert {name: set(values) for name, values in choices.items()} == {name: set(words) for name, words in TOLD.items()}


def test_every_combination_reads_well():
    for values in product(*TOLD.values()):
        told = design_sentence(
            **dict(zip(TOLD, values, strict=True)), levels_at_risk="T4-L4", adjacent_within=2, conf_level=0.9
        )
        assert_reads_well(told)
        assert "T4-L4" in told
        assert "up to 2 levels" in told
        assert "a 90% interval" in told
        assert 4 <= told.count(". ") + 1 <= 6
        assert told._repr_html_().startswith("<p>This")
