"""Cohorts with known truth in which intervals are put to the test."""

from dataclasses import dataclass, replace

from helpers.cohort.truth import Truth

PUBLISHED = Truth()


@dataclass(frozen=True)
class Scenario:
    """One kind of cohort: how large it is, what is true in it, and what a reader should know of it."""

    name: str
    patients: int
    truth: Truth
    about: str


SCENARIOS = (
    Scenario("published margins", 432, PUBLISHED, "the size and margins of the 2006 study"),
    Scenario("small", 60, PUBLISHED, "the same in a small hospital"),
    Scenario("strong frailty", 432, replace(PUBLISHED, frailty_variance=25.0), "fractures gather in fewer patients"),
    Scenario(
        "no effect, strong clustering",
        432,
        replace(PUBLISHED, adjacent_hazard_ratio=1.0, neighbour_clustering=2.4, neighbour_correlation=0.8),
        "cement does nothing; neighbours are alike",
    ),
    Scenario("heavy death", 432, replace(PUBLISHED, death_hazard_ratio=5.0), "five times the mortality"),
    Scenario(
        "rare events",
        100,
        replace(PUBLISHED, fractures_per_vertebra_year=0.006),
        "few fractures; a cell of the table is often empty",
    ),
)
