import colorsys

import numpy as np
import pytest
from boxes import drawn_texts
from figure_tables import AWAY, LONG, NEXT
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from helpers.figures import theme
from helpers.figures.lettering import spread, text_width, wrap, wrap_result


@pytest.mark.parametrize("text", ["Next to cement", "8.1% (5.9 to 11.0)", "€ $ -- <b> é", "WWWWWWWWWW"])
def test_measured_width_is_the_rendered_width(text):
    with theme.house_style():
        figure = theme.new_figure(6, 1)
        theme.page(figure).text(1, 0.5, text)
        ((_, box, _),) = drawn_texts(figure)
    assert box.width / figure.dpi == pytest.approx(text_width(text, size=theme.TEXT), abs=0.03)


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="abc W-,.", max_size=60), st.floats(0.2, 3))
def test_wrapping_keeps_the_letters_and_the_width(text, width):
    wrapped = wrap(text, width, size=8)
    assert wrapped.replace("\n", "").replace(" ", "") == text.replace(" ", "")
    assert all(text_width(line, size=8) <= width + 1e-9 for line in wrapped.split("\n") if len(line) > 1)


def test_a_written_result_breaks_before_its_interval_first():
    assert wrap_result("2.76 (1.69 to 4.50)", 2, size=8) == "2.76 (1.69 to 4.50)"
    assert wrap_result("2.76 (1.69 to 4.50)", 0.9, size=8) == "2.76\n(1.69 to 4.50)"
    assert wrap_result("not estimable", 0.6, size=8) == "not\nestimable"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0.1, 1)), min_size=1, max_size=6))
def test_spread_keeps_things_apart_in_order_and_inside(things):
    wanted, sizes = map(np.array, zip(*things, strict=True))
    centres = np.array(spread(wanted, sizes, low=0, high=10))
    order = np.argsort(wanted, kind="stable")
    gaps = np.diff(centres[order]) - (sizes[order][1:] + sizes[order][:-1]) / 2
    assert (gaps > -1e-9).all()
    assert (centres - sizes / 2 > -1e-9).all()
    assert (centres + sizes / 2 < 10 + 1e-9).all()


def test_spread_leaves_alone_what_has_room():
    assert spread([5, 1], [1, 1], low=0, high=10) == pytest.approx([5, 1])


def luminance(colour):
    channel = np.array(to_rgb(colour))
    linear = np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_inks_can_be_read_on_white_and_lines_seen():
    for style in theme.group_styles([NEXT, AWAY, "a", "b", "c", "d"]).values():
        assert 1.05 / (luminance(style.ink) + 0.05) >= 4.5
        assert 1.05 / (luminance(style.colour) + 0.05) >= 2.5
    for ink in (theme.INK, theme.MUTED):
        assert 1.05 / (luminance(ink) + 0.05) >= 4.5


def test_the_two_groups_differ_in_grey_in_line_and_in_marker():
    near, far = theme.group_styles([NEXT, AWAY]).values()
    assert abs(luminance(near.colour) ** 0.5 - luminance(far.colour) ** 0.5) > 0.15
    assert near.dashes != far.dashes
    assert near.marker != far.marker


def test_styles_are_unlike_one_another_and_stay_with_their_group():
    styles = theme.group_styles(["b", AWAY, LONG, NEXT, "d"])
    assert len({style.colour for style in styles.values()}) == 5
    assert len({style.dashes for style in styles.values()}) == 5
    assert styles[NEXT] == theme.group_styles([NEXT])[NEXT]
    hues = [colorsys.rgb_to_hsv(*to_rgb(style.colour))[0] for style in styles.values()]
    assert len(set(hues)) == 5
