"""The specification curve: order, groups, intervals and the choices below."""

import numpy as np
import pandas as pd
import pytest

from reeassets.report.curve import ABOVE, BELOW, COLOURS, NEITHER, specification_curve, specifications_of
from reeassets.report.style import INK
from reeassets_tests.report import made, made_models


def rows():
    return made.tables()["rca_models"]


def traces(figure):
    return {trace.name: trace for trace in figure.data}


def test_specifications_are_sorted_and_grouped():
    curve = specifications_of(rows(), "rca_growth", "exposure", 0.05)
    assert list(curve["coefficient"]) == [-0.2, 0.01, 0.05, 0.1]
    assert list(curve["rank"]) == [1, 2, 3, 4]
    assert list(curve["group"]) == [BELOW, NEITHER, NEITHER, ABOVE]


def test_the_level_decides_what_is_significant():
    curve = specifications_of(rows(), "rca_growth", "exposure", 0.3)
    assert list(curve["group"]) == [BELOW, NEITHER, ABOVE, ABOVE]


def test_curve_plots_coefficients_intervals_and_headline():
    figure = specification_curve(rows(), "rca_growth", "exposure", 0.05)
    drawn = traces(figure)
    below, neither = drawn[f"{BELOW} (1)"], drawn[f"{NEITHER} (2)"]
    assert (list(below.x), list(below.y), below.marker.color) == ([1], [-0.2], COLOURS[BELOW])
    assert (list(neither.x), list(neither.y)) == ([2, 3], [0.01, 0.05])
    assert list(neither.error_y.array) == pytest.approx([0.03, 0.03])
    assert list(neither.error_y.arrayminus) == pytest.approx([0.02, 0.02])
    headline = drawn["headline specification"]
    assert (list(headline.x), list(headline.y), headline.marker.color) == ([4], [0.1], INK)
    assert "Years ahead: 1" in below.text[0]
    assert "1,234 observations" in below.text[0]


def test_choices_show_the_dimensions_that_differ():
    figure = specification_curve(rows(), "rca_growth", "exposure", 0.05)
    axis = figure.layout.yaxis2
    assert list(axis.ticktext) == [
        "Hazard: political stability",
        "Hazard: uniform",
        "Years ahead: 1",
        "Years ahead: 3",
        "Years ahead: 5",
    ]
    height = dict(zip(axis.ticktext, axis.tickvals, strict=True))
    marks = figure.data[-1]
    assert set(zip(marks.x, marks.y, strict=True)) == {
        (2, height["Hazard: political stability"]),
        *((rank, height["Hazard: uniform"]) for rank in (1, 3, 4)),
        *((rank, height["Years ahead: 1"]) for rank in (1, 2)),
        (4, height["Years ahead: 3"]),
        (3, height["Years ahead: 5"]),
    }
    colours = dict(zip(zip(marks.x, marks.y, strict=True), marks.marker.line.color, strict=True))
    assert colours[1, height["Years ahead: 1"]] == COLOURS[BELOW]
    assert colours[4, height["Years ahead: 3"]] == COLOURS[ABOVE]


def test_a_single_specification_has_no_choices():
    figure = specification_curve(rows(), "rca_growth", "risk:input", 0.05)
    assert list(traces(figure)) == [f"{BELOW} (1)", "headline specification"]
    assert "yaxis2" not in figure.layout.to_plotly_json()


def test_nothing_to_draw():
    assert specification_curve(made.empty_tables()["rca_models"], "rca_growth", "exposure", 0.05) is None
    unestimated = rows()[rows()["coefficient"].isna()]
    assert len(unestimated) == 1
    assert specification_curve(unestimated, "rca_growth", "exposure", 0.05) is None


def test_order_of_rows_does_not_matter():
    many = pd.DataFrame([made_models.model_row(0.1, delta=delta, hazard=h) for delta in (1, 2, 3) for h in ("a", "b")])
    shuffled = many.iloc[np.random.default_rng(1).permutation(len(many))]
    first, second = (specification_curve(frame, "rca_growth", "exposure", 0.05) for frame in (many, shuffled))
    assert first.to_json() == second.to_json()
