import pandas as pd
import pytest
from boxes import assert_legible, drawn_texts
from figure_tables import LONG, flow_steps

from helpers.figures.flow import describe_flow, plot_flow


def assert_inside_boxes(figure):
    """Every text lies wholly inside one of the drawn boxes."""
    texts = drawn_texts(figure)
    boxes = [patch.get_window_extent() for patch in figure.findobj() if patch.get_gid() == "box"]
    for name, text, _ in texts:
        assert any(
            box.x0 <= text.x0 and text.x1 <= box.x1 and box.y0 <= text.y0 and text.y1 <= box.y1 for box in boxes
        ), f"outside its box: {name}"


def many_steps(number):
    steps = [("in the file", 10_000, 170_000, 0, 0)]
    steps += [
        (f"rule {place}: {LONG}", 10_000 - place, 170_000 - 17 * place, 1 - place % 2, 17) for place in range(1, number)
    ]
    return pd.DataFrame(steps, columns=["step", "patients", "vertebrae", "patients_removed", "vertebrae_removed"])


@pytest.mark.parametrize(
    "steps",
    [
        flow_steps(),
        flow_steps().iloc[[0]],
        flow_steps().iloc[[0, 1]],
        flow_steps().assign(step=LONG),
        flow_steps().assign(detail=f"Fractured 77\n{LONG}"),
        many_steps(12),
        pd.concat([flow_steps(), flow_steps().query("kind == 'split'"), flow_steps().iloc[[9]]]),
        flow_steps().assign(patients=lambda table: table["patients"] * 10**7),
    ],
    ids=["plain", "one", "two", "long", "detail", "twelve", "five groups", "huge"],
)
def test_text_stays_in_its_box(steps):
    figure = plot_flow(steps)
    assert_legible(figure)
    assert_inside_boxes(figure)


def test_every_count_is_drawn_steps_of_zero_too():
    texts = assert_legible(plot_flow(flow_steps()))
    for words in (
        "440 patients",
        "7,480 vertebrae",
        "Death before the procedure",
        "610",
        "810",
        "5,890 vertebrae",
    ):
        assert words in texts
    assert texts.count("Removed") == 2  # patients, then vertebrae
    assert texts.count("0") == 6


def test_uncounted_vertebrae_are_left_out():
    steps = flow_steps().astype({"vertebrae": "Int64", "vertebrae_removed": "Int64"})
    steps.loc[:4, ["vertebrae", "vertebrae_removed"]] = pd.NA
    texts = assert_legible(plot_flow(steps))
    assert "7,480 vertebrae" not in texts
    assert texts.count("–") == 4


def test_one_patient_is_singular():
    steps = pd.DataFrame(
        [("in the file", 1, 17, 0, 0), ("treated", 1, 1, 0, 16)],
        columns=["step", "patients", "vertebrae", "patients_removed", "vertebrae_removed"],
    )
    texts = assert_legible(plot_flow(steps))
    assert {"1 patient", "1 vertebra"} <= set(texts)


def test_alternative_text_reads_every_count():
    said = describe_flow(flow_steps())
    assert said.startswith("Flow diagram. In the file: 440 patients, 7,480 vertebrae. Removed, ")
    assert "Removed, death before the procedure: 0 patients, 0 vertebrae." in said
    assert said.endswith(
        "At risk: 430 patients, 5,890 vertebrae. Next to cement (within 1 level): 428 patients, 900 vertebrae. "
        "Further away: 430 patients, 4,990 vertebrae."
    )
