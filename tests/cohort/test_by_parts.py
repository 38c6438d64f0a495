"""Whatever a cohort holds and however it is cut, its parts make the tables, and the refusals, of the whole."""

import tempfile
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.cohort import by_parts, cluster
from helpers.cohort.by_parts import ByParts
from helpers.cohort.engine import open_engine
from helpers.cohort.partition import write_partition
from helpers.cohort.raw_files import write_csv
from helpers.cohort.readers import read_cohort
from helpers.errors import Problems
from tests.cohort.cohorts import DICTIONARY
from tests.cohort.made import FOLDERS, assert_same, made_by
from tests.cohort.test_fuzz import JUNK_PLACES, spoiled


class Here:
    """One worker that is this process."""

    number = 1

    def __init__(self, address):
        pass

    def check(self, folder):
        pass

    def close(self):
        pass

    def each_part(self, n_parts, task, *arguments):
        done = [cluster.attempt(number, task=task, arguments=arguments) for number in range(n_parts)]
        cluster.raise_problems([problems for _, problems in done])
        return [result for result, _ in done]


def outcome(engine, names, folder):
    """What is made, or what is told instead."""
    try:
        return made_by(engine, names, folder)
    except Problems as error:
        return error.problems
    finally:
        engine.close()


def as_text(cell) -> str:
    return "" if cell is None else str(cell).encode("utf-8", "replace").decode().replace("\x00", "")


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 50), JUNK_PLACES, st.integers(1, 6))
def test_parts_make_what_the_whole_makes(seed, junk, n_parts):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = spoiled(seed, junk)
        for table, frame in raw.items():
            write_csv(frame.drop(columns="row").map(as_text), folder / f"{table}.csv")
        files = {table: f"{table}.csv" for table in raw}
        whole = read_cohort(files, DICTIONARY, folder=folder)
        write_partition(whole, folder / "parts", least_parts=n_parts)
        expected = outcome(open_engine("", folder), files, folder)
        with patch.object(by_parts, "Workers", Here):
            found = outcome(ByParts("here", folder / "scratch"), FOLDERS, folder / "parts")
        if isinstance(expected, tuple):
            assert found == expected
        else:
            assert_same(found, expected)
