"""The diagram of links: which ribbons there are, how wide they are, and that they fit."""

import itertools
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reeassets.report.link_figure import Ribbon, links_into, ribbons_into
from reeassets_tests.report import made


def links(*rows):
    frame = pd.DataFrame(rows, columns=["input", "output", "weight"])
    return frame.assign(in_network=frame["weight"] > 0)


def widths(figure):
    """Height of each ribbon at its start and at its end."""
    found = []
    for shape in figure.layout.shapes:
        if shape.type == "path":
            numbers = [float(part) for part in re.findall(r"-?\d+\.\d+", shape.path)]
            ys = numbers[1::2]
            found.append((ys[0] - ys[-1], ys[3] - ys[4]))
    return found


def test_shares_multiply_along_the_way():
    assert ribbons_into(made.io_links(), "850511") == [
        Ribbon(1, "280530", "850511", 0.75),
        Ribbon(1, "284690", "850511", 0.25),
        Ribbon(2, "284690", "280530", 0.75),
    ]


def test_links_outside_the_network_or_lead_elsewhere_are_left_out():
    assert ribbons_into(made.io_links(), "850131") == []
    assert links_into(made.io_links(), "850131", {}) is None


def test_hairlines_are_left_out():
    thin = links(("1", "9", 0.991), ("2", "9", 0.009), ("3", "1", 1.0))
    assert [ribbon.source for ribbon in ribbons_into(thin, "9")] == ["1", "3"]


def test_cycles_end_after_two_layers():
    cycle = links(("1", "9", 1.0), ("9", "1", 1.0))
    assert ribbons_into(cycle, "9") == [Ribbon(1, "1", "9", 1.0), Ribbon(2, "9", "1", 1.0)]
    assert len(widths(links_into(cycle, "9", {}))) == 2


def test_ribbons_are_as_wide_as_their_share():
    figure = links_into(made.io_links(), "850511", made.NAMES)
    start = [width for width, _ in widths(figure)]
    assert start == pytest.approx([3 * start[1], start[1], 3 * start[1]], abs=1e-4)
    assert [width for _, width in widths(figure)] == pytest.approx(start, abs=1e-4)


def test_labels_name_products_with_their_share():
    figure = links_into(made.io_links(), "850511", made.NAMES | {"280530": "Metals <b>of</b> rare earths"})
    texts = [note.text for note in figure.layout.annotations]
    assert texts[1:] == [
        "280530 Metals &lt;b&gt;of&lt;/b&gt; rare … <b>75%</b>",
        "284690 Rare-earth compounds <b>25%</b>",
        "284690 Rare-earth compounds <b>75%</b>",
    ]
    assert texts[0].replace("<br>", " ") == "850511 Magnets; permanent"
    assert figure.data[0].text[1] == "280530 Metals &lt;b&gt;of&lt;/b&gt; rare earths"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_everything_fits_and_nothing_overlaps(first, second):
    rows = [(f"1{place:02}", "9", weight / sum(first)) for place, weight in enumerate(first)]
    rows += [(f"2{place:02}", "100", weight / sum(second)) for place, weight in enumerate(second)]
    figure = links_into(links(*rows), "9", {})
    boxes = [(shape.x0, shape.y0, shape.y1) for shape in figure.layout.shapes if shape.type == "rect"]
    assert all(-1e-9 <= low <= high <= 1 + 1e-9 for _, low, high in boxes)
    for column in {x for x, _, _ in boxes}:
        ordered = sorted((low, high) for x, low, high in boxes if x == column)
        assert all(below[1] < above[0] for below, above in itertools.pairwise(ordered))
