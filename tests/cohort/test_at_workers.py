"""Pieces that stay with Dask workers: what is worked out of them there, and what becomes of them when workers die."""

import pandas as pd
import pytest

from helpers.cohort.parted_table import AtWorkers
from helpers.cohort.parts import write_part
from helpers.errors import WorkbookError, WorkbookFault
from helpers.parted import Parted
from tests.cohort.dask_cluster import Cluster, wait_until


@pytest.fixture
def workers(cluster, tmp_path):
    workers = AtWorkers(cluster.address, tmp_path)
    yield workers
    workers.close()


def column(*pieces):
    return [pd.Series(piece) for piece in pieces]


def test_pieces_are_made_once_and_stay(workers):
    numbers = Parted(workers, pieces=column([1, 2], [3], [4, 5])).held()
    assert (numbers.sum(), len(numbers), (numbers > 2).sum()) == (15, 5, 3)
    shifted = numbers.map(pd.Series.add, numbers.beside(10))
    assert [piece.tolist() for piece in shifted.each()] == [[11, 12], [13], [14, 15]]
    assert Parted(workers, pieces=column(*([number] for number in range(40)))).map(pd.Series.sum).total() == 780


def test_what_a_dead_worker_held_is_made_again(tmp_path):
    cluster = Cluster(tmp_path, 2)
    try:
        _one_worker_dies(cluster, AtWorkers(cluster.address, tmp_path))
    finally:
        cluster.stop()


def _one_worker_dies(cluster, workers):
    held = Parted(workers, pieces=column([1, 2], [3], [4, 5], [6])).map(pd.Series.add, 1).held()
    beside = held.beside(100)
    assert held.map(pd.Series.add, beside).sum() == 627
    cluster.workers[0].kill()
    wait_until(lambda: cluster.number == 1)
    assert held.map(pd.Series.add, beside).sum() == 627
    workers.close()


def test_what_is_wrong_with_a_piece_is_told_with_its_part(workers):
    numbers = Parted(workers, pieces=column([1, 2], [3], [0])).held()
    with pytest.raises(WorkbookError, match="Part 2: `event` must be true or false"):
        numbers.map(checked).each()
    with pytest.raises(WorkbookError, match="^Part 2: `event` must be true or false"):
        numbers.map(checked).held().map(len).total()
    with pytest.raises(WorkbookFault, match="^Parts 0, 1, 2: TypeError"):
        numbers.map(len, 3).held().sum()


def checked(piece):
    if (piece == 0).any():
        raise WorkbookError("`event` must be true or false.")
    return piece


def risk_periods(patients, stop=20):
    frame = pd.DataFrame({"patient": pd.Categorical(patients), "stop_days": 20}).astype({"stop_days": "int32"})
    return frame.assign(is_adjacent=True, start_days=frame["stop_days"] - stop)


def test_a_table_is_read_part_by_part_under_its_contract(workers, tmp_path):
    folder = tmp_path / "risk_periods.parquet"
    folder.mkdir()
    for number, patients in enumerate([["p000001"], [], ["p000002", "p000004"]]):
        write_part(risk_periods(patients), folder, number)
    table = workers.read("risk_periods", folder, ["patient", "start_days"])
    assert table.n_parts == 2
    assert [list(piece["patient"]) for piece in table.each()] == [["p000001"], ["p000002", "p000004"]]
    write_part(risk_periods(["p000002"], stop=21), folder, 2)
    with pytest.raises(WorkbookFault, match="risk_periods breaks its contract"):
        workers.read("risk_periods", folder, ["patient", "start_days"]).each()


def test_a_table_of_nobody_has_one_part(workers, tmp_path):
    folder = tmp_path / "risk_periods.parquet"
    folder.mkdir()
    for number in range(2):
        write_part(risk_periods([]), folder, number)
    assert len(workers.read("risk_periods", folder, ["patient"])) == 0
