"""The bench compares like with like, and keeps what it measured; nothing here is timed."""

import numpy as np
import pandas as pd
import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks import measure, ours, peers_pandas, peers_r, peers_sql, results
from tests.benchmarks.cohorts import COLUMNS, KIND, coded, fingerprint, n_bytes, sample, spines
from tests.benchmarks.items import ITEMS, ORDER, Item, Peer
from tests.benchmarks.measure import Measured, NotInstalledError, PeerError, Work, check_agreement
from tests.benchmarks.results import Line

FACTS = {
    "cores": 2,
    "memory_gb": 25.3,
    "gb_per_s": 20.0,
    "cpu": "Xeon",
    "versions": "Python 3.11; R 4.2.2",
    "date": "2026-11-23",
}
# R steps that need no package but base R's or data.table, and so start at once.
QUICK_IN_R = ("our way in R", "R data.table")
COMPARED = [
    pytest.param(item, peer, id=f"{item.name}, {peer.name}")
    for item in ITEMS
    for peer in item.peers
    if not item.is_example and (not peer.name.startswith("R") or peer.name in QUICK_IN_R)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def cohort(folder):
    return sample(400, folder)


@pytest.fixture
def stored(tmp_path):
    return tmp_path / "results.csv"


def line(item="log-rank", peer="lifelines", patients=1_000, **others):
    return Line(item, patients, 15_382, others.pop("ours_seconds", 0.5), 5, peer, **others)


def test_pandas_makes_our_risk_table(cohort):
    theirs, mine = peers_pandas.risk_table(cohort.cohort), cohort.table[list(COLUMNS)]
    assert len(mine) > 5_000
    pd.testing.assert_frame_equal(theirs.drop(columns="patient"), mine.drop(columns="patient"))
    assert (theirs["patient"].astype(str) == mine["patient"].astype(str)).all()


def test_duckdb_makes_our_risk_table(cohort):
    connection = peers_sql.load(cohort)
    connection.execute(peers_sql.RISK_TABLE)
    theirs = coded(connection.table("risk_table").df(), cohort.cohort)
    pd.testing.assert_frame_equal(theirs, coded(cohort.table, cohort.cohort))


@pytest.mark.parametrize(("item", "peer"), COMPARED)
def test_the_peer_gives_our_answer(item, peer, cohort):
    try:
        theirs = peer.measure(cohort, 1)
    except NotInstalledError as error:
        pytest.skip(str(error))
    assert theirs.seconds > 0
    check_agreement(item.measure(cohort, 1), theirs, peer.precision)


def test_all_numbers_have_a_precision(cohort):
    (item,) = (item for item in ITEMS if item.name == "all estimates")
    work = ours.estimates(cohort)
    assert len(work.numbers(work.run())) == len(item.peers[0].precision)


def test_the_fingerprint_sees_every_cell_and_the_order_of_rows(cohort):
    codes = coded(cohort.table, cohort.cohort)
    for name in COLUMNS:
        changed = codes.copy()
        changed.loc[1234, name] += 1
        assert fingerprint(changed) != fingerprint(codes), name
    assert fingerprint(codes.iloc[np.r_[1, 0, 2 : len(codes)]]) != fingerprint(codes)


def test_spines_are_counted_from_the_top():
    table = spines().set_index([*KIND, "level"])["place"]
    assert (table[11, 5]["T11"], table[11, 5]["L1"], table[13, 6]["T13"], table[13, 6]["L6"]) == (10, 11, 12, 18)
    assert len(table) == sum(thoracic + lumbar for thoracic in (11, 12, 13) for lumbar in (5, 6))


def test_bytes_are_those_of_the_codes():
    assert n_bytes(pd.Series(["p", "q"], dtype="category"), pd.Series([1, 2], dtype=np.int32)) == 2 + 8


def test_a_cohort_is_kept(cohort, folder):
    again = sample(400, folder)
    assert again.folder == cohort.folder
    pd.testing.assert_frame_equal(again.table, cohort.table)
    assert (again.study / "study.yml").is_file()


def test_short_runs_are_many(monkeypatch):
    done = []
    monkeypatch.setattr(measure, "MOST_RUNS", 30)
    measure.measure(Work(lambda: done.append(1)), 5)
    assert len(done) == 31


def test_a_median_of_runs_after_one_to_warm_up(monkeypatch):
    done = []
    monkeypatch.setattr(measure, "ENOUGH_SECONDS", 0.0)
    work = Work(lambda: done.append(1) or len(done), lambda result: [result])
    assert measure.measure(work, 5).answer.tolist() == [1]
    assert len(done) == 6
    monkeypatch.setattr(measure, "LONG_RUN_SECONDS", 0.0)
    measure.measure(work, 5)
    assert len(done) == 11


@pytest.mark.parametrize("theirs", [[1.0, 2.1], [1.0, np.nan], [1.0]])
def test_another_answer_is_refused(theirs):
    with pytest.raises(PeerError, match="the answer"):
        check_agreement(Measured(1, np.array([1.0, 2.0])), Measured(1, np.array(theirs)), (1e-7, 1e-2))


def test_a_precision_for_each_number():
    check_agreement(Measured(1, np.array([1.0, 2.0])), Measured(1, np.array([1.0, 2.01])), (1e-7, 1e-2))


def test_a_line_takes_the_place_of_its_former_self_only(stored):
    for patients, peer, seconds in [(10_000, "lifelines", 3.0), (1_000, "lifelines", 2.0), (1_000, "R survdiff", 9.0)]:
        results.store(line(peer=peer, patients=patients, peer_seconds=seconds), FACTS, ORDER, stored)
    results.store(line(peer_seconds=4.0, ideal_seconds=0.25), FACTS, ORDER, stored)
    table = results.read(stored)
    assert table["peer"].tolist() == ["R survdiff", "lifelines", "lifelines"]
    assert table["patients"].tolist() == [1_000, 1_000, 10_000]
    assert table["ratio"].tolist() == [18.0, 8.0, 6.0]
    assert table.loc[1, ["from_ideal", "runs", "rows", "cores"]].tolist() == [2.0, 5, 15_382, 2]


def test_what_is_timed_no_more_leaves_the_file(stored):
    results.store(line(item="gone"), FACTS, [("gone", "lifelines")], stored)
    assert results.read(stored)["item"].tolist() == ["gone"]
    results.store(line(peer_seconds=1.0), FACTS, ORDER, stored)
    assert results.read(stored)["item"].tolist() == ["log-rank"]


def test_a_line_may_lack_what_it_has_not(stored):
    results.store(Line("workbook run, the example", 432, None, 9.0, 5), FACTS, ORDER, stored)
    results.store(Line("clean", 1_000, 15_382, 1.0, 5), FACTS, ORDER, stored)
    assert results.read(stored)["rows"].isna().tolist() == [False, True]
    assert results.read(stored)["ratio"].isna().all()


def test_only_a_measured_line_counts_as_measured(stored):
    assert not results.is_measured(line(), stored)
    results.store(line(note="only with --long"), FACTS, ORDER, stored)
    assert not results.is_measured(line(), stored)
    results.store(line(peer_seconds=1.0), FACTS, ORDER, stored)
    assert results.is_measured(line(), stored)
    assert not results.is_measured(line(patients=10_000), stored)


def test_the_readme_shows_the_largest_size_and_why_not_more(stored):
    assert "make bench" in results.as_markdown(stored)
    for patients, seconds, note in [(1_000, 1.0, ""), (10_000, 61.0, ""), (100_000, None, "not run: too long")]:
        results.store(line(patients=patients, peer_seconds=seconds, note=note), FACTS, ORDER, stored)
    results.store(Line("clean", 1_000, 15_382, 1.25, 5), FACTS, ORDER, stored)
    table = results.as_markdown(stored).splitlines()
    assert table[2:5] == [
        "| log-rank | 10,000 | 500 ms | lifelines | 61 s | 120 |",
        "| log-rank | 100,000 | 500 ms | lifelines | not run: too long |  |",
        "| clean | 1,000 | 1.2 s |  |  |  |",
    ]
    assert table[-1].startswith("Medians of at least 5 runs, 2026-11-23; 2 cores (Xeon), 25 GB; Python 3.11")


def made_up(seconds, answer, **others):
    """A peer of a made-up item."""
    return Peer("peer", lambda sample, runs: Measured(seconds, np.array(answer)), **others)


@pytest.fixture
def run(monkeypatch, cohort, stored):
    """The command with one made-up item, whose answer is 1 in 2 seconds."""

    def with_peer(peer, *arguments):
        touched = 4_000_000_000
        item = Item("thing", lambda sample, runs: Measured(2.0, np.array([1.0])), lambda sample: touched, (peer,))
        monkeypatch.setattr(bench, "ITEMS", (item,))
        monkeypatch.setattr(bench, "ORDER", (("thing", "peer"),))
        monkeypatch.setattr(bench, "sample", lambda patients, folder: cohort)
        monkeypatch.setattr(bench.machine, "facts", lambda: FACTS)
        code = bench.main(["--sizes", "1000", "--results", str(stored), *arguments])
        return code, results.read(stored)

    return with_peer


def test_name_ours_peer_ratio_and_distance_from_memory(run, capsys):
    code, table = run(made_up(5.0, [1.0]))
    assert code == 0
    assert capsys.readouterr().out.split() == ["thing,", "peer,", "400", "patients", "2", "5", "2.5", "10"]
    assert table[["item", "peer", "ratio"]].to_numpy().tolist() == [["thing", "peer", 2.5]]


def test_another_answer_is_not_stored(run, capsys):
    code, table = run(made_up(5.0, [1.1]))
    assert code == 1
    assert "NOT STORED: thing, peer, 400 patients: the answer is [1.1], ours [1.]" in capsys.readouterr().out
    assert table.empty


def test_what_takes_too_long_says_so_and_replaces_nothing_measured(run):
    assert run(made_up(5.0, [1.0], usual=100))[1]["note"].tolist() == ["only with --long"]
    assert run(made_up(5.0, [1.0], most=100, why="over 16 GB"), "--long")[1]["note"].tolist() == ["not run: over 16 GB"]
    assert run(made_up(5.0, [1.0], usual=100), "--long")[1]["note"].tolist() == [""]
    assert run(made_up(5.0, [1.0], usual=100))[1]["peer_seconds"].tolist() == [5.0]


def test_without_r_the_rest_runs(run, monkeypatch, cohort):
    monkeypatch.setattr(peers_r, "versions", dict)
    peer = Peer("peer", lambda sample, runs: peers_r.measure(cohort, "cox", runs, packages=("survival",)))
    code, table = run(peer)
    assert code == 0
    assert table["note"].tolist() == ["R is not installed"]
    monkeypatch.setattr(peers_r, "versions", lambda: {"R": "4.2.2"})
    assert run(peer)[1]["note"].tolist() == ["R has no package survival"]


def test_parts_are_asked_for_by_name(capsys):
    assert bench.main(["--list", "--only", "boot", "duckdb"]) == 0
    assert capsys.readouterr().out == (
        "risk table: DuckDB\nbootstrap of patients, 2,000: R boot\n"
        "bootstrap of patients, 2,000, rows counted before: no peer\n"
    )
    assert bench.main(["--only", "no such thing"]) == 2
    assert "no such thing" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--sizes", "10"], ["--runs", "3"]])
def test_too_little_to_measure(wrong):
    with pytest.raises(SystemExit):
        bench.main(wrong)


def test_names_of_lines_are_unique():
    assert len(set(ORDER)) == len(ORDER)
