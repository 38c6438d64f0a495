"""The notebooks' door: declared tables only, contracts checked, text inert, private things private."""

import os
import stat
from dataclasses import replace

import pandas as pd
import pytest

from helpers.disclosure import coarse
from helpers.errors import Problems, WorkbookError
from helpers.workbook.folder import FlowError, mark_of, open_run
from helpers.workbook.spreadsheet import inert
from helpers.workbook.steps import written_tables
from helpers.workbook.table_files import TableReader, write_parquet

COUNTS = pd.DataFrame({"sex": pd.Categorical(["F", "M"], ["M", "F"], ordered=True), "n": [2, 1]})


def accept(name, frame, columns=None):
    """A contract that accepts everything."""


def refuse(name, frame):
    """A contract that refuses everything."""
    raise Problems(f"The table `{name}` breaks its contract:", ["n is negative"])


@pytest.fixture
def writing(tmp_path, steps):
    return open_run(tmp_path / "run", "count", steps=steps, check=accept)


@pytest.fixture
def reading(tmp_path, steps):
    return open_run(tmp_path / "run", "tell", steps=steps, check=accept)


def test_a_table_comes_back_as_it_was_written(writing, reading):
    assert written_tables(writing.path, writing.step) == set()
    writing.write("counts", COUNTS)
    assert written_tables(writing.path, writing.step) == {"counts"}
    assert written_tables(writing.path, reading.step) == set()
    pd.testing.assert_frame_equal(reading.read("counts"), COUNTS)
    assert list(reading.read("counts", columns=["n"])) == ["n"]
    assert list(reading.read("counts", columns=["n"], if_there=["sex", "age"])) == ["n", "sex"]
    assert (writing.path / "tables" / "counts.csv").read_bytes() == b"sex,n\nF,2\nM,1\n"


def test_a_table_is_read_as_pandas_reads_it_and_like_categories_are_made_once(tmp_path):
    levels = pd.CategoricalDtype(["T1", "T2"], ordered=True)
    frame = pd.DataFrame(
        {
            "patient": pd.Categorical(["p1", "p1", None, "p2"]),
            "level": pd.Categorical(["T2", None, "T1", "T1"], dtype=levels),
            "days": pd.array([3, None, 0, 1], dtype="Int32"),
            "is_new": [True, False, True, True],
            "said": ["a", None, "", "b"],
        }
    )
    unordered = frame.assign(level=frame["level"].cat.as_unordered())
    others = frame.assign(patient=frame["patient"].cat.rename_categories(["p1", "p3"]))
    reader, read = TableReader(), []
    for number, table in enumerate([frame, frame[["patient"]], frame[:0], unordered, others, frame]):
        path = tmp_path / f"{number}.parquet"
        write_parquet(table, path)
        read.append(reader.read(path))
        pd.testing.assert_frame_equal(read[-1], pd.read_parquet(path))
    pd.testing.assert_frame_equal(reader.read(path, ["said", "patient"]), frame[["said", "patient"]])
    names = [table["patient"].cat.categories for table in read]
    assert names[0] is names[1] is names[3]


def test_no_table_of_an_earlier_cohort_stays_beside_new_ones(tmp_path, steps):
    flow = (replace(steps[0], writes=("counts", "risks")), replace(steps[1], reads=("counts", "risks")))
    former = open_run(tmp_path, "count", steps=flow, check=accept)
    former.write("counts", COUNTS)
    former.write("risks", COUNTS)
    assert written_tables(tmp_path, flow[0]) == {"counts", "risks"}
    open_run(tmp_path, "count", steps=flow, check=accept).write("counts", COUNTS)  # and ends before the risks
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {"counts.parquet", "counts.csv"}
    with pytest.raises(WorkbookError, match="The table `risks` is not there yet. Run notebooks/1_count.ipynb first"):
        open_run(tmp_path, "tell", steps=flow, check=accept).read("risks")


def test_only_declared_tables(writing, reading):
    with pytest.raises(FlowError, match="`count` does not write `estimates`"):
        writing.write("estimates", COUNTS)
    with pytest.raises(FlowError, match="`tell` does not read `flow`"):
        reading.read("flow")
    with pytest.raises(WorkbookError, match="No step is called `nothing`. The steps are: count, tell."):
        open_run(writing.path, "nothing", steps=writing.steps, check=accept)


def test_missing_table_says_which_notebook_comes_first(reading):
    with pytest.raises(WorkbookError) as error:
        reading.read("counts")
    assert str(error.value) == (
        "The table `counts` is not there yet. Run notebooks/1_count.ipynb first, "
        "or run all with `workbook run STUDY.yml`."
    )


def test_contract_is_checked_both_ways(tmp_path, steps, writing):
    writing.write("counts", COUNTS)
    strict = open_run(tmp_path / "run", "tell", steps=steps, check=refuse)
    with pytest.raises(Problems, match="The table `counts` breaks its contract"):
        strict.read("counts")
    with pytest.raises(Problems, match="The table `estimates` breaks its contract"):
        strict.write("estimates", COUNTS)
    assert not (tmp_path / "run" / "tables" / "estimates.parquet").exists()


def test_large_tables_have_no_csv(writing, monkeypatch):
    writing.write("counts", COUNTS)
    monkeypatch.setattr("helpers.workbook.folder.MOST_CSV_ROWS", 1)
    writing.write("counts", COUNTS)
    assert sorted(path.name for path in (writing.path / "tables").iterdir()) == ["counts.parquet"]


def test_figure_is_stored_shown_and_found_again(writing, reading):
    svg = b"<svg/>"
    figure = writing.figure("curves", svg=svg, png=b"png", alt='A "quoted" <alt>', caption="=A & B")
    assert 'alt="A &quot;quoted&quot; &lt;alt&gt;"' in figure._repr_html_()
    assert "<figcaption>=A &amp; B</figcaption>" in figure._repr_html_()
    assert reading.show("curves") == figure
    writing.figure("curves", svg=svg, png=b"png", alt="other", caption="again")
    captions = pd.read_csv(writing.path / "figures" / "figures.csv")
    assert captions.to_dict("records") == [
        {"figure": "curves", "notebook": "count", "caption": "again", "text_alternative": "other"}
    ]
    with pytest.raises(WorkbookError, match="The figure `forest` is not stored. Stored so far: curves."):
        reading.show("forest")


@pytest.mark.parametrize(
    ("name", "alt", "caption", "sentence"),
    [
        ("../up", "a", "c", "A figure's name is small letters"),
        ("curves", " ", "c", "needs a text alternative"),
        ("curves", "a", "", "needs a text alternative"),
    ],
)
def test_figure_without_words_is_refused(writing, name, alt, caption, sentence):
    with pytest.raises(WorkbookError, match=sentence):
        writing.figure(name, svg=b"", png=b"", alt=alt, caption=caption)


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_private_tables_are_their_owners_only(writing):
    writing.private("keys", COUNTS)
    folder = writing.path / "private"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "keys.csv").stat().st_mode) == 0o600


def test_complete_wants_every_promised_table_and_marks_the_end(writing):
    with pytest.raises(FlowError, match="`count` ended without writing counts."):
        writing.complete()
    assert not mark_of(writing.path, writing.step).exists()
    writing.write("counts", COUNTS)
    writing.figure("bars", svg=b"", png=b"", alt="a", caption="c")
    saved = writing.complete()
    assert str(saved) == "Tables saved: counts. Figures saved: bars."
    assert mark_of(writing.path, writing.step).is_file()
    open_run(writing.path, "count", steps=writing.steps, check=accept)
    assert not mark_of(writing.path, writing.step).exists()


def test_relative_folder_counts_from_the_project(steps, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run = open_run("reports/nowhere", "count", steps=steps, check=accept)
    assert run.path.is_absolute()
    assert tmp_path not in run.path.parents


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1"])
def test_formulas_become_text(text):
    frame = pd.DataFrame({"before": [text, None], text: [1, -1]})
    safe = inert(frame)
    assert safe["before"].tolist() == ["'" + text, None]
    assert list(safe) == ["before", "'" + text]
    assert safe["'" + text].tolist() == [1, -1]


def test_numbers_and_plain_text_are_left_alone():
    frame = pd.DataFrame(
        {
            "n": [-1.5, 2],
            "mixed": [-1, "T12"],
            "level": pd.Categorical(["-", "T1"]),
            "when": pd.to_datetime(["2006-01-27"] * 2),
        }
    )
    safe = inert(frame)
    assert safe["mixed"].tolist() == [-1, "T12"]
    assert safe["level"].tolist() == ["'-", "T1"]
    pd.testing.assert_frame_equal(safe[["n", "when"]], frame[["n", "when"]])


def test_tables_together_are_all_checked_and_told_in_their_order(tmp_path, steps, writing):
    with pytest.raises(FlowError, match="does not write `flow`"):
        writing.write_tables({"counts": COUNTS, "flow": COUNTS})
    assert not (writing.path / "tables").exists()
    many = replace(steps[0], writes=tuple(f"table_{number}" for number in range(9)))
    several = open_run(tmp_path / "run", "count", steps=(many, steps[1]), check=accept)
    several.write_tables({name: COUNTS for name in reversed(many.writes)})
    assert several.complete().tables == tuple(reversed(many.writes))
    strict = open_run(tmp_path / "other", "count", steps=steps, check=refuse)
    with pytest.raises(Problems, match="breaks its contract"):
        strict.write_tables({"counts": COUNTS})


def test_where_small_numbers_are_hidden_tables_are_private_and_a_shown_one_is_shared(tmp_path, steps):
    first = open_run(tmp_path, "count", steps=steps, check=accept, suppress_below=8)
    first.write("counts", COUNTS)
    first.share("counts", pd.DataFrame({"n": pd.Series([coarse(3, 8), coarse(74, 8)], dtype=object)}))
    assert [path.name for path in (tmp_path / "tables").iterdir()] == ["counts.csv"]
    assert (tmp_path / "tables" / "counts.csv").read_text() == "n\n<8\n~76\n"
    private = tmp_path / "private"
    assert private.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (private / "tables").iterdir()} == {0o600}
    then = open_run(tmp_path, "tell", steps=steps, check=accept, suppress_below=8)
    pd.testing.assert_frame_equal(then.read("counts"), COUNTS)
    assert written_tables(tmp_path, first.step) == {"counts"}


def test_a_figure_of_single_days_is_left_out_where_small_numbers_are_hidden(tmp_path, steps, writing):
    drawn = {"svg": b"<svg/>", "png": b"png", "alt": "A bar of 3.", "caption": "Bars."}
    hidden = open_run(tmp_path / "hidden", "count", steps=steps, check=accept, suppress_below=8)
    assert hidden.detailed_figure("bars", of="single days", **drawn) == (
        "The figure of single days is not shown: suppress_below is 8."
    )
    assert not (tmp_path / "hidden" / "figures").exists()
    assert writing.detailed_figure("bars", of="single days", **drawn).alt == "A bar of 3."
    writing.share("counts", COUNTS)
    assert not (writing.path / "tables").exists()
