"""The spine as an axis, and every way to write a level."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.cohort.spine import (
    SLOTS,
    LevelError,
    level_names,
    level_range,
    pack,
    parse_level,
    parse_levels,
    parse_many,
    position,
    present,
    region_of,
    unpack,
)
from helpers.errors import WorkbookError

no_deadline = settings(deadline=None)

# The grammar once more, as one pattern over tidied text (see `tidy`).
LEVEL = r"(?:th|t|d|l|[bl]w[ks]?) *[.-]? *[0-9]{1,2}"
JOIN = r"(?: *- *| *\bto\b *| *\bbis\b *| */ *)"
ITEM = rf"{LEVEL}(?:{JOIN}(?:{LEVEL}|[0-9]{{1,2}}))*"
LIST = rf"{ITEM}(?:(?:[ ,;+&\n]|\band\b|\bund\b)+{ITEM})*"
PREFIXES = {"T": ("T", "t", "Th", "TH", "th", "D", "d", "BWK", "Bwk", "BW", "BWS"), "L": ("L", "l", "LWK", "LW", "LWS")}
GAPS = ("", " ", "-", ".", ". ", " - ", "\u2013", "\u00a0")
LIST_SIGNS = (";", ",", "+", "&", "\n", "\r\n", " ", ", ", " ; ", " and ", " und ", ", and ")
RANGE_SIGNS = ("-", "\u2013", "\u2014", "\u2212", " - ", " to ", " TO ", " bis ")
USUAL = [slot for slot in SLOTS if slot not in ("T13", "L6")]


def tidy(text: str) -> str:
    text = re.sub("[\u2010-\u2015\u2212]", "-", text).replace("\r", "\n")
    return re.sub(r"[^\S\n]", " ", text).strip(" ,;\n").lower()


def spellings(slot: str) -> list[str]:
    numbers = [slot[1:]] + (["0" + slot[1:]] if len(slot) == 2 else [])
    return [a + b + c for a, b, c in itertools.product(PREFIXES[slot[0]], GAPS, numbers)]


@st.composite
def spelled_levels(draw, min_size=1):
    slots = draw(st.lists(st.sampled_from(SLOTS), min_size=min_size, max_size=5, unique=True))
    return [(slot, draw(st.sampled_from(spellings(slot)))) for slot in slots]


@pytest.mark.parametrize("slot", SLOTS)
def test_a_level_reads_back_from_each_of_its_spellings(slot):
    for text in spellings(slot):
        assert parse_level(text) == slot, text
        assert parse_level(f"  {text}\n") == slot, text


@no_deadline
@given(spelled_levels(), st.data())
def test_a_list_reads_back_in_the_order_of_the_spine(levels, data):
    signs = [data.draw(st.sampled_from(LIST_SIGNS)) for _ in levels]
    text = "".join(spelling + sign for (_, spelling), sign in zip(levels, signs, strict=True))
    text = text[: len(text) - len(signs[-1])]
    assert parse_levels(text) == tuple(slot for slot in SLOTS if slot in dict(levels))


@no_deadline
@given(st.sampled_from(USUAL), st.sampled_from(USUAL), st.sampled_from(RANGE_SIGNS), st.data())
def test_a_range_holds_all_levels_between_its_ends(first, last, sign, data):
    low, high = sorted((USUAL.index(first), USUAL.index(last)))
    text = data.draw(st.sampled_from(spellings(first))) + sign + data.draw(st.sampled_from(spellings(last)))
    if first == last:
        with pytest.raises(LevelError, match="with itself"):
            parse_levels(text)
    elif high - low == 1 and not sign.strip().isalpha():
        with pytest.raises(LevelError, match="or the disc between them"):
            parse_levels(text)
        assert parse_levels(text, two_level_range="levels") == (USUAL[low], USUAL[high])
    else:
        assert parse_levels(text) == tuple(USUAL[low : high + 1])


@settings(deadline=None, max_examples=1500)
@given(
    st.one_of(
        st.text(max_size=12),
        st.text(alphabet="TtHhDdLlCS0123456789-./,;+& \nandutobis\u2013", max_size=14),
        st.lists(
            st.sampled_from(["T12", "L1", "L3", "T", "12", "1", "-", "/", " to ", ",", " and ", "x", "+", " "]),
            max_size=6,
        ).map("".join),
    )
)
def test_nothing_else_reads_as_a_level(text):
    for choice in ("refuse", "levels"):
        try:
            levels = parse_levels(text, two_level_range=choice)
        except LevelError:
            continue
        assert re.fullmatch(LIST, tidy(text)), text
        assert levels
        for letters, number in re.findall(r"(th|t|d|l) *[.-]? *([0-9]+)", tidy(text)):
            assert ("L" if letters == "l" else "T") + str(int(number)) in levels


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no level"),
        ("none", "names no level"),
        ("12", "no letter"),
        ("T12, 1", "number 1 has no letter"),
        ("1-2", "not a level"),
        ("T12-L1", "or the disc between them"),
        ("T11/T12", "or the disc between them"),
        ("T11-12", "or the disc between them"),
        ("L1/2", "or the disc between them"),
        ("T12-L1, L3", "or the disc between them"),
        ("L12", "Did you mean T12"),
        ("L7", "Did you mean T7"),
        ("T14", "Check the number"),
        ("T0", "Check the number"),
        ("T012", "not a level"),
        ("2-Jan", "is a date"),
        ("Jan-02", "is a date"),
        ("12. M\u00e4r", "is a date"),
        ("2004-01-02 00:00:00", "is a date"),
        ("1/2/2004", "is a date"),
        ("C5", "cervical or sacral"),
        ("S1", "cervical or sacral"),
        ("HWK 5", "cervical or sacral"),
        ("L5-S1", "cervical or sacral"),
        ("T10-T12-L2", "more than two levels"),
        ("T10/T12-L2", "more than two levels"),
        ("T11-1", "runs upwards"),
        ("T12-", "ends with"),
        ("T12 and", "ends with"),
        ("-T12", "lacks a level on one side"),
        ("T12--L2", "lacks a level on one side"),
        ("T12L1", "not a level"),
        ("T12 fracture", "not a level"),
        ("\uff34\uff11\uff12", "not a level"),
    ],
)
def test_a_refusal_says_why(text, words):
    with pytest.raises(LevelError, match=words):
        parse_levels(text)
    assert parse_many([text])[1] == ({} if not text else {text: refusal(text)})
    assert refusal(text).endswith((".", "?"))


def refusal(text):
    with pytest.raises(LevelError) as caught:
        parse_levels(text)
    return caught.value.reason


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("T10-12", "T10 T11 T12"),
        ("L1/L3", "L1 L3"),
        ("L1/3", "L1 L3"),
        ("L1/L3/L5", "L1 L3 L5"),
        ("L3-L1", "L1 L2 L3"),
        ("T12 to L1", "T12 L1"),
        ("T7, T10-T12 + L4", "T7 T10 T11 T12 L4"),
        ("L3, L1, L3", "L1 L3"),
        ("T12,,L1;", "T12 L1"),
    ],
)
def test_lists_and_ranges(text, levels):
    assert parse_levels(text) == tuple(levels.split())


@pytest.mark.parametrize(
    ("text", "thoracic", "lumbar", "levels"),
    [
        ("T10-L1", 13, 5, "T10 T11 T12 T13 L1"),
        ("T10-L1", 11, 5, "T10 T11 L1"),
        ("T11-L2", 11, 5, "T11 L1 L2"),
        ("T12-L1", 13, 5, None),
        ("T13-L1", 13, 5, None),
        ("T11-L1", 11, 5, None),
        ("L4-L6", 12, 6, "L4 L5 L6"),
        ("T13", 12, 5, "T13"),
    ],
)
def test_ranges_follow_the_patients_own_spine(text, thoracic, lumbar, levels):
    if levels is None:
        with pytest.raises(LevelError, match="or the disc between them"):
            parse_levels(text, thoracic=thoracic, lumbar=lumbar)
    else:
        assert parse_levels(text, thoracic=thoracic, lumbar=lumbar) == tuple(levels.split())


def test_one_level_is_not_several():
    with pytest.raises(LevelError, match="names 2 levels, not one"):
        parse_level("T12, L1")


@no_deadline
@given(
    st.lists(
        st.sampled_from(["T12", "T10-L1", "L1; L3", "T12-L1", "12", "", None, "T13-L1", "L12", " "]),
        max_size=20,
    ),
    st.data(),
)
def test_many_texts_read_as_each_by_itself(texts, data):
    thoracic = [data.draw(st.sampled_from([11, 12, 13])) for _ in texts]
    lumbar = [data.draw(st.sampled_from([5, 6])) for _ in texts]
    masks, refusals = parse_many(texts, thoracic=thoracic or 12, lumbar=lumbar or 5)
    assert masks.dtype == np.uint32
    for text, mask, n_thoracic, n_lumbar in zip(texts, masks, thoracic, lumbar, strict=True):
        try:
            expected = parse_levels(text, thoracic=n_thoracic, lumbar=n_lumbar) if text and text.strip() else ()
        except LevelError:
            expected = ()
            assert text in refusals
        assert level_names(mask) == expected


def test_positions_are_places_in_the_patients_own_spine():
    place = position([12, 13, 11], [5, 5, 6])
    at = {slot: index for index, slot in enumerate(SLOTS)}
    assert place[0, at["L1"]] - place[0, at["T12"]] == 1
    assert place[0, at["T13"]] == -1
    assert place[1, at["T13"]] - place[1, at["T12"]] == 1
    assert place[1, at["L1"]] - place[1, at["T12"]] == 2
    assert place[2, at["L1"]] - place[2, at["T11"]] == 1
    assert place[2, at["T12"]] == -1
    assert place[2, at["L6"]] == 16
    assert present([12, 13, 11], [5, 5, 6]).sum(axis=1).tolist() == [17, 18, 17]


@pytest.mark.parametrize(("thoracic", "lumbar"), [(10, 5), (14, 5), (12, 4), (12, 7)])
def test_a_spine_of_other_size_is_refused(thoracic, lumbar):
    with pytest.raises(WorkbookError, match="11 to 13 thoracic"):
        present(thoracic, lumbar)


@no_deadline
@given(st.lists(st.lists(st.booleans(), min_size=19, max_size=19), min_size=1, max_size=5))
def test_packing_loses_nothing(rows):
    levels = np.array(rows)
    assert (unpack(pack(levels)) == levels).all()
    assert level_names(pack(levels)[0]) == tuple(slot for slot, there in zip(SLOTS, rows[0], strict=True) if there)


@pytest.mark.parametrize(
    ("text", "holds", "lacks"),
    [
        ("T4-L5", "T4 T12 T13 L5", "T3 L6"),
        ("T1-L6", "T1 T13 L6", ""),
        ("T1-T12", "T1 T12", "T13 L1"),
        ("Th12 to L1", "T12 T13 L1", "T11 L2"),
        ("L2", "L2", "L1 L3"),
    ],
)
def test_a_range_of_levels_at_risk(text, holds, lacks):
    inside = dict(zip(SLOTS, level_range(text), strict=True))
    assert all(inside[slot] for slot in holds.split())
    assert not any(inside[slot] for slot in lacks.split())


@pytest.mark.parametrize("text", ["L5-T4", "T4, L5", "T4-L5-L6", "12", "", "T4-12", "T4/L5"])
def test_levels_at_risk_that_are_no_range_are_refused(text):
    with pytest.raises(LevelError, match="levels_at_risk"):
        level_range(text)


def test_regions():
    assert [region_of(slot) for slot in ("T1", "T10", "T11", "T13", "L2", "L3", "L6")] == (
        ["thoracic"] * 2 + ["thoracolumbar"] * 3 + ["lumbar"] * 2
    )


def test_an_unknown_choice_is_told():
    with pytest.raises(WorkbookError, match="two_level_range"):
        parse_levels("T12", two_level_range="maybe")
