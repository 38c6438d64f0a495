"""Columns and proposals for the tests of what a study is proposed to be."""

import numpy as np
import pytest

from helpers.cohort.dictionary import read_dictionary
from helpers.intake.cell_texts import texts
from helpers.intake.sheet import Sheet
from helpers.setup.looks import looks_of
from helpers.setup.proposal import propose
from helpers.setup.sources import open_given


@pytest.fixture(scope="session")
def dictionary():
    return read_dictionary()


@pytest.fixture
def look():
    """A column of these cells."""

    def look(name, cells=("x",)):
        rows = np.arange(2, 2 + len(cells), dtype=np.int32)
        return looks_of(Sheet("made.csv", [name], [texts(list(cells))], rows))[0]

    return look


@pytest.fixture
def proposed(dictionary):
    """What is proposed for these files."""
    return lambda *files: propose(open_given([str(file) for file in files]), dictionary)
