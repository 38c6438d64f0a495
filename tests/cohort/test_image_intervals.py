"""Between which images each fracture happened: named patients, a plain loop, and the truth of a simulation."""

import numpy as np
import pytest

from helpers.cohort import image_intervals as words
from helpers.cohort import latent
from helpers.cohort.first_fracture import first_fracture_only
from helpers.cohort.image_intervals import image_intervals
from helpers.cohort.risk_table import build_risk_table
from helpers.cohort.simulate import Truth, simulate
from tests.cohort.cohorts import at_risk, cleaned, random_study, study

ANNA, TREATED = "Anna | @400 ||||", "Anna | @0 | T12"


def bracket(level, fractures=(), images=(), patient=ANNA, zero="prevalent", **options):
    """(left, right) of one level of Anna, or None where it is left out."""
    raw = study([patient], [TREATED], fractures, images)
    table = at_risk(raw, cleaning={"day_zero_fractures": zero}, **options)
    found = image_intervals(table)
    kept = table.index[found.kept].tolist()
    if ("Anna", level) not in kept:
        return None
    place = kept.index(("Anna", level))
    return found.left[place], found.right[place]


@pytest.mark.parametrize(
    ("fracture", "images", "expected"),
    [
        (55, ["Anna | @30", "Anna | @55"], (30, 55)),
        (55, ["Anna | @30", "Anna | @54"], (54, 55)),
        (55, ["Anna | @55"], (0, 55)),
        (55, ["Anna | @-9", "Anna | @0", "Anna | @200"], (0, 55)),
        (1, ["Anna | @1"], (0, 1)),
    ],
)
def test_a_fracture_lies_between_its_images(fracture, images, expected):
    assert bracket("L1", [f"Anna | L1 | @{fracture} | new"], images) == expected


@pytest.mark.parametrize(
    ("patient", "images", "expected"),
    [
        ("Anna | | @400 |||", ["Anna | @30", "Anna | @200"], (200, np.inf)),
        ("Anna | @400 ||||", ["Anna | @30"], (400, np.inf)),
        ("Anna | @400 || @600 ||", ["Anna | @30"], (400, np.inf)),  # not to death
        ("Anna | | @600 | @600 ||", ["Anna | @30"], (30, np.inf)),
        ("Anna | | @600 |||", ["Anna | @-3", "Anna | @0"], None),
    ],
)
def test_a_vertebra_never_seen_fractured_is_whole_through_its_last_image(patient, images, expected):
    assert bracket("L1", (), images, patient) == expected


def test_a_fracture_of_day_0_is_left_out_and_counted():
    fractures = ["Anna | L1 | @0 | new", "Anna | L2 | @9 | new"]
    assert bracket("L1", fractures, ["Anna | @0"], zero="new") is None
    assert bracket("L2", fractures, ["Anna | @0"], zero="new") == (0, 9)
    table = at_risk(study([ANNA], [TREATED], fractures, ["Anna|@0"]), cleaning={"day_zero_fractures": "new"})
    assert told(image_intervals(table)) == {words.FRACTURED: 1, words.CLEAN: 14, words.DAY_ZERO: 1}


def told(found):
    counts = found.told.set_index("group")["vertebrae"]
    return counts[counts > 0].to_dict()


def test_a_clean_image_of_the_day_of_the_fracture_makes_it_that_day():
    table = at_risk(study([ANNA], [TREATED], ["Anna | L1 | @55 | new"], ["Anna | @30"]))
    contradicting = table.assign(last_clean_days=table["last_clean_days"].mask(table["outcome"] == "fracture", 55))
    found = image_intervals(contradicting)
    assert (found.left[found.right == 55], found.right[found.right == 55]) == (54, 55)


def test_without_dates_of_images_nothing_is_kept_and_that_is_told():
    table = at_risk(study([ANNA], [TREATED], ["Anna | L1 | @55 | new"]))
    found = image_intervals(table)
    assert (len(found.left), len(found.right), found.kept.any()) == (0, 0, False)
    assert told(found) == {words.NOT_GIVEN: 16}


def test_no_rows():
    table, _ = build_risk_table(cleaned(study()))
    found = image_intervals(table)
    assert (len(found.left), len(found.right), len(found.kept)) == (0, 0, 0)
    assert found.told["vertebrae"].tolist() == [0] * 5


@pytest.mark.parametrize("later", ["censor", "ignore"])
@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_a_plain_loop(seed, later):
    cohort = cleaned(random_study(np.random.default_rng(seed), 60), day_zero_fractures="new")
    table, _ = build_risk_table(cohort, later_vertebroplasty=later)
    for risk_table in (table, first_fracture_only(table)):
        found = image_intervals(risk_table)
        expected = []
        for row in risk_table.to_dict("records"):
            if row["outcome"] == "fracture" and row["days"] > 0:
                expected.append((row["last_clean_days"], row["days"]))
            elif row["outcome"] != "fracture" and row["last_clean_days"] > 0:
                expected.append((row["last_clean_days"], np.inf))
        assert list(zip(found.left, found.right, strict=True)) == expected
        assert (found.left < found.right).all()
        assert found.kept.sum() == len(expected) == found.told.loc[found.told["is_kept"], "vertebrae"].sum()
        assert found.told["vertebrae"].sum() == len(risk_table)
        assert (found.told["vertebrae"] > 0).sum() == 4


def test_the_true_days_of_a_simulated_cohort_lie_in_their_brackets(monkeypatch):
    onsets = []
    found_by = latent._found

    def found(onset, *given):
        onsets.append(onset.copy())
        return found_by(onset, *given)

    monkeypatch.setattr(latent, "_found", found)
    tables = simulate(300, seed=4, truth=Truth(later_vertebroplasty=0.0)).tables
    cohort = cleaned({name: frame.assign(row=np.arange(2, len(frame) + 2)) for name, frame in tables.items()})
    table, _ = build_risk_table(cohort)
    brackets = image_intervals(table)
    names = cohort.keys.set_index("patient")["patient_id"]
    row_of = {name: row for row, name in enumerate(tables["patients"]["patient_id"])}
    patient = table["patient"].astype(str).map(names).map(row_of).to_numpy()
    onset = onsets[0][patient, table["level"].cat.codes.to_numpy()][brackets.kept]
    assert ((brackets.left < onset) & (onset <= brackets.right)).all()
    assert np.isfinite(brackets.right).sum() > 50
