"""The panels of the registered indicators: quartiles by hand, and one panel for whatever is registered."""

import pandas as pd
import pytest

from reeassets.indicators.contract import registered_indicators
from reeassets.report.indicator_figure import indicator_panels
from reeassets.report.style import STAGE_COLOURS
from reeassets_tests.indicators.external import EXPORT_SHARE

ROWS = pd.DataFrame(
    [
        *((2020, country, "input", value) for country, value in zip("ABCDE", [0.0, 0.1, 0.2, 0.3, 1.0], strict=True)),
        *((2021, country, "input", 0.5) for country in "ABC"),
        (2021, "D", "input", None),
        (2021, "A", "upstream", 0.7),
    ],
    columns=["year", "country", "stage", "export_share"],
)


def test_quartiles_by_stage_and_year():
    figure = indicator_panels(ROWS, [EXPORT_SHARE])
    lines = {trace.name: trace for trace in figure.data if trace.name}
    assert set(lines) == {"input products", "upstream products"}
    line = lines["input products"]
    assert (list(line.x), list(line.y)) == ([2020, 2021], [0.2, 0.5])
    assert line.line.color == STAGE_COLOURS["input"]
    assert [tuple(ends) for ends in line.customdata] == [pytest.approx((0.1, 0.3)), (0.5, 0.5)]
    band = next(trace for trace in figure.data if not trace.name and trace.legendgroup == "input")
    assert (list(band.x), list(band.y)) == ([2020, 2021, 2021, 2020], pytest.approx([0.3, 0.5, 0.5, 0.1]))
    assert "more of the world's exports" in line.hovertemplate.replace("<br>", " ")
    assert [note.text for note in figure.layout.annotations] == ["Export share"]


def test_every_registered_indicator_has_a_panel():
    indicators = registered_indicators()
    frame = ROWS.drop(columns="export_share").assign(**{indicator.name: 0.5 for indicator in indicators})
    figure = indicator_panels(frame, indicators)
    assert len(figure.layout.annotations) == len(indicators)
    axes = {trace.xaxis for trace in figure.data}
    assert len(axes) == len(indicators)


def test_nothing_to_draw():
    assert indicator_panels(ROWS.iloc[:0], [EXPORT_SHARE]) is None
