"""Runs as few as the order allows."""

from dataclasses import replace

import dagster as dg
import pandas as pd

from reeassets.platform.plan import Batch, batches, out_of_date
from reeassets.platform.recipe import Recipe
from reeassets.platform.runner import planned, run

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
    one, other = make_graph(), make_graph(pass_through=0.5)
    assert one.expected("base", 2019) == other.expected("base", 2019)
    assert one.expected("share", 2019) != other.expected("share", 2019)
    assert one.expected("share", 2019) != one.expected("share", 2020)
    assert one.expected("summary", None) != other.expected("summary", None)


def test_a_year_after_the_base_years_leaves_what_is_made_from_them_alone(make_graph):
    def years_of(settings):
        return tuple(year for year in settings.years if year <= 2021)

    def expected(years):
        graph = make_graph(years=years)
        graph.recipes["total"] = replace(graph.recipes["total"], base_years=years_of, uses=())
        return {name: graph.expected(name, None if name == "total" else 2020) for name in ("base", "total", "share")}

    assert expected((2020, 2021)) == expected((2020, 2021, 2022))
    assert expected((2020, 2021))["share"] != expected((2019, 2020, 2021))["share"]


def test_a_base_year_outside_is_not_read(make_graph, calls, silent):
    graph = make_graph()
    read = []

    def total(step):
        read.extend(step.read("base")["year"])
        return pd.DataFrame({"n": [1]})

    graph.recipes["total"] = replace(graph.recipes["total"], base_years=lambda _: (2019, 2021), compute=total)
    assert not run(graph, silent).failures
    assert read == [2019, 2021]


def test_what_is_made_from_base_years_and_from_all_years_is_current_after_a_run(make_graph, calls, silent):
    graph = make_graph()
    graph.recipes["total"] = replace(graph.recipes["total"], base_years=lambda _: (2019, 2020), uses=())
    graph.recipes["summary"] = replace(graph.recipes["summary"], inputs=("total", "share"))
    assert not run(graph, silent).failures
    assert graph.recorded("total", None).years == "2019-2020"
    calls.clear()
    again = make_graph()
    again.recipes.update(graph.recipes)
    assert not run(again, silent).failures
    assert calls == []


def test_a_year_that_comes_later_is_not_missing_in_what_rests_on_base_years(make_graph, calls, silent):
    def graph_of(years):
        graph = make_graph(years=years)
        total = replace(graph.recipes["total"], base_years=lambda _: (2019, 2020), uses=())
        level = Recipe("level", lambda step: step.read("total"), inputs=("total",))
        summary = replace(graph.recipes["summary"], inputs=("level", "share"))
        graph.tables = {**graph.tables, "level": replace(graph.tables["total"], name="level")}
        base, share = graph.recipes["base"], graph.recipes["share"]
        graph.recipes = {"base": base, "total": total, "level": level, "share": share, "summary": summary}
        return graph

    assert not run(graph_of((2019, 2020, 2021)), silent).failures
    assert not run(graph_of((2019, 2020, 2021, 2022)), silent).failures
    calls.clear()
    whole = graph_of((2019, 2020, 2021, 2022))
    assert not run(whole, silent).failures
    assert calls == []
    assert whole.recorded("level", None).years == "2019-2020"
    assert whole.recorded("summary", None).years == "2019-2022"


def test_a_plan_says_what_would_be_made_and_why_and_makes_nothing(make_graph, silent, calls):
    graph = make_graph()
    assert {(change.name, change.partitions, change.reason) for change in planned(graph)} == {
        ("base", YEARS, "missing"),
        ("total", (None,), "missing"),
        ("share", YEARS, "missing"),
        ("summary", (None,), "missing"),
    }
    assert not graph.settings.home.exists()
    assert calls == []
    run(graph, silent)
    assert planned(make_graph()) == []
    changed = make_graph(pass_through=0.5)
    reason = "pass_through 0.85 -> 0.5"
    assert [(change.name, change.partitions, change.reason) for change in planned(changed)] == [
        ("share", YEARS, reason),
        ("summary", (None,), reason),
    ]
    assert [change.name for change in planned(changed, only=["share"])] == ["share"]
    calls.files["BACI_V202701.zip"] = "ab"
    base, total, *_ = planned(make_graph())
    assert (base.name, base.reason) == ("base", "another input file, or other years")
    assert (total.name, total.reason) == ("total", "made anew before it: base")
    calls.files.clear()
    graph.store.path(graph.tables["base"], 2020).unlink()
    assert [(change.name, change.partitions) for change in planned(make_graph())] == [("base", (2020,))]
    assert {change.reason for change in planned(graph, force=True)} == {"asked for", "missing"}


def test_what_a_run_makes_is_what_its_plan_said(make_graph, silent, calls):
    run(make_graph(), silent)
    changed = make_graph(link_draws=99)
    said = {(change.name, key) for change in planned(changed) for key in change.partitions}
    calls.clear()
    run(changed, silent)
    assert set(calls) == said
    assert planned(make_graph(link_draws=99)) == []


def test_what_no_check_has_passed_on_is_in_the_plan(make_graph, silent):
    graph = make_graph()
    run(graph, silent)
    with dg.DagsterInstance.get() as instance:
        instance.wipe_assets([dg.AssetKey(["trade", "base"])])
    (change,) = planned(make_graph())
    assert (change.name, change.partitions, change.reason) == ("base", YEARS, "no passed check of it on record")
