"""Colours, and where labels at the ends of lines go."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reeassets.report import style


def test_labels_that_fit_stay_where_they_are():
    assert style.spread_labels([0.5, 0.1, 0.9], 0.2, 0, 1) == pytest.approx([0.5, 0.1, 0.9])


def test_labels_that_collide_move_apart_around_their_middle():
    assert style.spread_labels([4.5, 4.5, 8.0], 1.0, 0, 10) == pytest.approx([4.0, 5.0, 8.0])


def test_labels_stay_inside_the_axis():
    assert style.spread_labels([0.0, 0.0, 9.9, 10.0], 1.0, 0, 10) == pytest.approx([0.0, 1.0, 9.0, 10.0])


def test_too_many_labels():
    with pytest.raises(ValueError, match=r"3 labels 1 apart do not fit between 0 and 1\.5"):
        style.spread_labels([0, 0, 0], 1, 0, 1.5)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.floats(0.01, 0.12))
def test_labels_keep_their_distance_and_their_order(values, gap):
    placed = style.spread_labels(values, gap, 0, 1)
    assert min(placed) >= 0
    assert max(placed) <= 1 + 1e-9
    assert all(upper - lower >= gap - 1e-9 for lower, upper in itertools.pairwise(sorted(placed)))
    order = np.argsort(values, kind="stable")
    assert all(np.diff(np.asarray(placed)[order]) > 0)


def test_a_country_has_one_colour_and_a_figure_no_colour_twice():
    groups = [["a", "b", "c", "d", "e", "f"], ["g", "b", "h", "a"]]
    colours = style.colours_of(groups)
    assert colours["a"] == style.SERIES[0]
    for group in groups:
        assert len({colours[member] for member in group}) == len(group)


def test_too_many_series():
    with pytest.raises(ValueError, match="7 series are more than the 6 colours"):
        style.colours_of([list("abcdefg")])


def test_cluster_colours_run_from_dark_to_light_and_carry_legible_numbers():
    colours = style.cluster_colours([3, 1, 2])
    assert list(colours) == [1, 2, 3]
    assert len(set(colours.values())) == 3
    assert style.text_on(colours[1]) == style.PAPER
    assert style.text_on(colours[3]) == style.INK
    assert style.cluster_colours([4]).keys() == {4}


def test_plain_text_is_shown_as_it_is():
    assert style.plain("<b>a & b</b>") == "&lt;b&gt;a &amp; b&lt;/b&gt;"
    assert style.wrapped("one <two> three", 9) == "one &lt;two&gt;<br>three"


def test_years_are_whole():
    axis = style.year_axis([2007, 2023, 2010])
    assert (axis["tick0"], axis["dtick"], axis["range"]) == (2007, 2, [2006.6, 2023.4])
    assert style.year_axis([2020, 2021])["dtick"] == 1
