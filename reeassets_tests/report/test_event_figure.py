"""What the figure of a dated measure plots."""

import pandas as pd
import pytest

from reeassets.report.event_figure import event_panels, shown_events, verdicts
from reeassets_tests.report import made

EVENTS = made.tables()["event_study"]


def test_the_panels_hold_coefficients_and_intervals():
    figure = event_panels(shown_events(EVENTS))
    assert [note.text for note in figure.layout.annotations] == [
        "<b>Imports (log)</b><br>284690: no effect shown; 280530: effect",
        "<b>Unit value (log US$ per kg)</b><br>284690: effect; 280530: pre-trend",
    ]
    assert [(trace.name, trace.showlegend, trace.xaxis) for trace in figure.data] == [
        ("284690", True, "x"),
        ("280530", True, "x"),
        ("284690", False, "x2"),
        ("280530", False, "x2"),
    ]
    assert figure.data[0].x == (-2, -1, 0, 1)
    assert figure.data[1].x == pytest.approx((-1.86, -0.86, 0.14, 1.14))
    for trace in figure.data:
        assert trace.y == (0.1, 0.0, 0.5, 1.0)
        assert trace.error_y.array == pytest.approx((0.6, 0, 0.6, 0.6))
        assert trace.error_y.arrayminus == pytest.approx((0.4, 0, 0.4, 0.4))
    assert {trace.line.color for trace in figure.data if trace.name == "284690"} == {figure.data[0].line.color}
    assert figure.data[0].line.color != figure.data[1].line.color


def test_a_pre_trend_is_a_caution():
    assert verdicts(shown_events(EVENTS)) == (
        "went another way before the measure, so that no effect can be told: log_unit_value of 280530"
    )
    assert verdicts(EVENTS[EVENTS["verdict"] != "pre-trend"]) == ""


def test_another_measure_stands_in():
    other = EVENTS.assign(measure="own <measure>", product="all")
    nothing = EVENTS.assign(verdict="not testable")
    rows = shown_events(pd.concat([nothing, other], ignore_index=True))
    assert set(rows["measure"]) == {"own <measure>"}
    titles = [note.text for note in event_panels(rows.drop_duplicates(["outcome", "relative_year"])).layout.annotations]
    assert titles[1].startswith("<b>Unit value (log US$ per kg)</b><br>all products: ")


def test_nothing_to_draw():
    for nothing in (EVENTS.iloc[:0], EVENTS.assign(verdict="not testable")):
        assert event_panels(shown_events(nothing)) is None
        assert verdicts(shown_events(nothing)) == ""
