"""Runs as few as the order allows."""

from reeassets.platform.plan import Batch, batches, out_of_date

from .conftest import YEARS


def test_everything_out_of_date_is_one_run(make_graph):
    graph = make_graph()
    stale = out_of_date(graph, lambda name, year: None)
    assert batches(graph, stale) == [Batch(("base", "total", "share", "summary"), YEARS)]


def test_tables_with_other_years_start_another_run(make_graph):
    graph = make_graph()
    stale = {"base": (2022,), "total": (None,), "share": YEARS, "summary": (None,)}
    assert batches(graph, stale) == [Batch(("base", "total"), (2022,)), Batch(("share", "summary"), YEARS)]


def test_years_that_are_not_neighbours_are_runs_of_their_own(make_graph):
    graph = make_graph()
    stale = {"base": (2019, 2021, 2022), "total": (None,)}
    assert batches(graph, stale) == [Batch(("base",), (2019,)), Batch(("base",), (2021, 2022)), Batch(("total",), ())]


def test_neighbours_are_neighbours_in_the_settings(make_graph):
    graph = make_graph(years=(2010, 2015, 2020))
    assert batches(graph, {"base": (2010, 2015, 2020)}) == [Batch(("base",), (2010, 2015, 2020))]


def test_fingerprints_follow_settings_and_years(make_graph):
    one, other = make_graph(), make_graph(alpha=0.5)
    assert one.expected("base", 2019) == other.expected("base", 2019)
    assert one.expected("share", 2019) != other.expected("share", 2019)
    assert one.expected("share", 2019) != one.expected("share", 2020)
    assert one.expected("summary", None) != other.expected("summary", None)
