"""Rows counted in blocks are the rows counted one by one, whatever their order and the length of a block."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.estimators import kinds as module
from helpers.estimators.kinds import Kinds, n_occurring, value_codes

SIZES = (3, 2, 2)


@pytest.fixture(params=[1, 7, 2**14], autouse=True)
def block(request, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", request.param)


@st.composite
def tables(draw):
    """Patients of 300 labels, in order or not, in narrow and wide codes, and three columns."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(0, 400))
    patient = rng.integers(0, 300, n).astype(draw(st.sampled_from([np.int16, np.int32, np.intp])))
    patient = np.sort(patient) if draw(st.booleans()) else patient
    return (
        patient,
        rng.integers(0, 3, n).astype(np.int8),
        rng.random(n) < 0.3,
        rng.random(n) < 0.5,
        rng.integers(0, 9, n),
    )


@given(tables())
@settings(max_examples=60, deadline=None)
def test_counts_and_sums_are_those_of_a_loop(table):
    patient, level, exposed, event, days = table
    kinds = Kinds((level, exposed, event), SIZES)
    counts, time, said = np.zeros((*SIZES, 300), int), np.zeros((*SIZES, 300), int), np.zeros(300)
    of_kind = np.arange(12.0).reshape(SIZES) ** 2
    for who, *kind, day in zip(patient, level, exposed.astype(int), event.astype(int), days, strict=True):
        counts[(*kind, who)] += 1
        time[(*kind, who)] += day
        said[who] += of_kind[tuple(kind)]
    assert (kinds.counts_by(patient, 300) == counts).all()
    assert (kinds.counts_by(patient, 300, days) == time).all()
    assert (kinds.counts_by(patient, 300, days / 4) == time / 4).all()
    assert (kinds.counts() == counts.sum(axis=-1)).all()
    assert (kinds.sums_by(patient, 300, of_kind) == said).all()
    assert n_occurring(patient, 300) == len(set(patient.tolist()))


def test_more_kinds_than_narrow_numbers_hold_are_told_apart():
    codes = tuple(np.array([0, size - 1, size - 1]) for size in (200, 70_000, 300_000))
    kinds = Kinds((*codes, np.array([True, True, False])), (200, 70_000, 300_000, 2))
    assert kinds.of_rows().tolist() == [1, kinds.n_kinds - 1, kinds.n_kinds - 2]


VALUES = {
    "whole": st.integers(-5, 5).map(float),
    "far apart": st.integers(-(10**9), 10**9).map(float),
    "tenths": st.integers(400, 990).map(lambda tenths: tenths / 10),
    "halves": st.sampled_from([0.5, 1.5, 2.0]),
    "any": st.floats(-1e300, 1e300),
}


@pytest.mark.parametrize("kind", VALUES)
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_codes_are_places_of_the_values(kind, data):
    values = np.array(data.draw(st.lists(VALUES[kind], max_size=40)), dtype=float)
    values = np.repeat(values, data.draw(st.integers(1, 4)))
    codes, distinct = value_codes(values)
    assert (distinct[codes] == values).all()
    assert len(set(distinct.tolist())) == len(distinct)
    assert codes.dtype.itemsize <= 2
