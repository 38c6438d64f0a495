"""An attacker who knows the rules, and all that is shown, tries to compute hidden counts back."""

import itertools

import numpy as np
import pytest

from helpers.disclosure import WITHHELD, Coarse, coarse, hold_back, possible

K = 8


def numbers_behind(text: str) -> tuple[float, float]:
    """The attacker's reading of what is shown: the smallest and the largest number."""
    if text == WITHHELD:
        return 0, np.inf
    if text.startswith("<"):
        return 0, int(text[1:]) - 1
    middle = int(text.strip("~").replace(",", ""))
    return middle - K // 2, middle + K // 2 - 1


def left_of(shown: dict, sums: list, *, most: int = 40) -> dict:
    """Every number that a count can be in some solution, by trying all parts and looking at their totals."""
    totals = [total for total, _ in sums]
    free = [key for key in shown if key not in totals]
    ranges = {key: numbers_behind(count.text) for key, count in shown.items()}
    axes = [np.arange(low, min(high, most) + 1) for low, high in (ranges[key] for key in free)]
    values = dict(zip(free, (grid.ravel() for grid in np.meshgrid(*axes)), strict=True))
    fits = np.ones(len(values[free[0]]), dtype=bool)
    for total, parts in sums:
        values[total] = sum(values[part] for part in parts)
        low, high = ranges[total]
        fits &= (values[total] >= low) & (values[total] <= high)
    return {key: set(numbers[fits].tolist()) for key, numbers in values.items()}


@pytest.mark.parametrize("count", [8, 15, 16, 74, 6512])
def test_a_count_is_the_middle_of_its_box(count):
    shown = coarse(count, K)
    assert isinstance(shown, Coarse)
    assert shown.text == f"~{int(shown):,}"
    assert int(shown) - 4 <= count <= int(shown) + 3
    assert coarse(int(shown), K).text == shown.text


def test_zero_is_hidden_with_the_other_small_numbers():
    assert {coarse(count, K).text for count in range(K)} == {"<8"}


@pytest.mark.parametrize("limit", [0, 1])
def test_nothing_is_hidden_without_a_limit(limit):
    assert coarse(3, limit) == 3
    assert not isinstance(coarse(3, limit), Coarse)
    assert hold_back({"a": 1, "b": 2}, [("b", ["a"])], limit) == {"a": 1, "b": 2}


def test_no_difference_of_two_shown_counts_tells_a_hidden_one():
    for less in range(K, 4 * K):
        for more in range(less, less + K):
            (low, high), (least, most) = (numbers_behind(coarse(n, K).text) for n in (more, less))
            assert low - most <= 1
            assert high - least >= K - 1


@pytest.mark.parametrize("seed", range(12))
def test_no_part_of_a_total_can_be_computed_back(seed):
    draw = np.random.default_rng(seed)
    for _ in range(6):
        parts = {name: int(draw.choice([*range(K), 7, 7, *range(K, 20)])) for name in "abc"[: draw.integers(2, 4)]}
        sums = [("all", list(parts))]
        counts = parts | {"all": sum(parts.values())}
        shown = hold_back(counts, sums, K)
        found = left_of(shown, sums)
        for key, count in counts.items():
            assert count in found[key]
            if count < K:
                assert len(found[key]) >= K - 1, (counts, {key: count.text for key, count in shown.items()})


@pytest.mark.parametrize("seed", range(8))
def test_no_cell_of_a_cross_table_can_be_computed_back(seed):
    """Two groups by two answers, with both margins: what hides one cell hides it in its row and in its column."""
    draw = np.random.default_rng(seed)
    cells = {key: int(draw.choice([*range(K), 7, 9, 14, 17])) for key in itertools.product("xy", "pq")}
    sums = [(side, [key for key in cells if side in key]) for side in "xypq"] + [("all", list(cells))]
    counts = cells | {total: sum(cells[key] for key in keys) for total, keys in sums}
    found = left_of(hold_back(counts, sums, K), sums)
    for key, count in counts.items():
        if count < K:
            assert len(found[key]) >= K - 1


def test_without_secondary_suppression_three_sevens_would_be_told():
    """The attack works where it is not defended against."""
    sums = [("all", list("abcdefg"))]
    counts = dict.fromkeys("abcdefg", 7) | {"all": 49}
    assert coarse(49, K).text == "~52"
    boxes = {key: (0, 7) for key in "abcdefg"} | {"all": (48, 55)}
    assert possible(boxes, sums, ["a"]) == {"a": (6, 7)}
    assert WITHHELD in {count.text for count in hold_back(counts, sums, K).values()}


def test_what_is_shown_elsewhere_stays_as_it_is_and_what_is_unseen_does_not_come_back():
    shown = hold_back(
        {"a": 7, "b": 7, "c": 7, "rest": 3, "all": 24},
        [("all", ["a", "b", "c", "rest"])],
        K,
        unseen=["rest"],
        elsewhere=["all"],
    )
    assert [count.text for count in shown.values()] == ["<8"] * 3
