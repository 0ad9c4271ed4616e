"""Tables by scenario: one partition each, made from the partition of one year, beside tables by year."""

import dagster as dg
import duckdb
import pandas as pd
import pytest

from reeassets.platform.graph import Graph
from reeassets.platform.plan import Batch, batches, out_of_date
from reeassets.platform.recipe import FileOutput, Recipe
from reeassets.platform.runner import run
from reeassets.platform.warehouse import build_warehouse
from reeassets.settings import Settings
from reeassets.shocks import catalogue
from reeassets.shocks.builtin import BUILT_IN
from reeassets.shocks.scenario import ScenarioError
from reeassets.storage import MissingPartition
from reeassets.tables import Table, column, year_column

YEARS = (2019, 2020)
NAMES = tuple(built_in.name for built_in in BUILT_IN)
SCENARIO = "- {{name: {name}, title: A title, suppliers: CHN, stages: upstream, cut: {cut}, year: {year}}}\n"

BASE = Table("trade", "base", "Base.", {"year": year_column(), "n": column("int64", "N")}, ("year",), by_year=True)
WHAT_IF = Table(
    "shocks",
    "what_if",
    "What if.",
    {"scenario": column("str", "Name"), "n": column("int64", "N", le=9000)},
    ("scenario",),
    by_scenario=True,
)
FURTHER = Table("shocks", "further", "Further.", dict(WHAT_IF.columns), ("scenario",), by_scenario=True)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(SCENARIO.format(name="mine", cut=1, year=2019) + SCENARIO.format(name="other", cut=1, year=2020))
    return path


@pytest.fixture
def calls():
    return []


@pytest.fixture
def broken():
    """The scenarios whose rows break a rule."""
    return set()


@pytest.fixture
def make_graph(tmp_path, monkeypatch, file, calls, broken):
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("DAGSTER_HOME")

    def base(step):
        calls.append(("base", step.year))
        return pd.DataFrame({"year": [step.year], "n": [step.year]})

    def what_if(step):
        calls.append(("what_if", step.scenario))
        return pd.DataFrame(
            {"scenario": [step.scenario], "n": step.read("base")["n"] * (10 if step.scenario in broken else 1)}
        )

    def further(step):
        calls.append(("further", step.scenario))
        return step.read("what_if").assign(n=lambda frame: frame["n"] + 1)

    def summary(step, path):
        calls.append(("summary", None))
        path.write_text(str(len(step.read("further"))))

    recipes = [
        Recipe("base", base, uses=("link_draws",)),
        Recipe(
            "what_if",
            what_if,
            inputs=("base",),
            uses=("shock_substitution",),
            outside=lambda settings, scenario: catalogue.definition_digest(scenario, settings),
            lineage=lambda settings, scenario: catalogue.defining_file(scenario, settings),
        ),
        Recipe("further", further, inputs=("what_if",)),
        Recipe(
            "summary",
            summary,
            inputs=("further", "base"),
            output=FileOutput("report", "summary", "A summary.", lambda settings: settings.home / "summary.txt"),
        ),
    ]

    def make(**settings):
        graph = Graph(
            Settings(**{"home": tmp_path / "home", "workers": 1, "years": YEARS, "shock_file": file, **settings})
        )
        graph.tables = {table.name: table for table in (BASE, WHAT_IF, FURTHER)}
        graph.recipes = {made_by.name: made_by for made_by in recipes}
        return graph

    return make


@pytest.fixture
def go(make_graph, silent, calls):
    def once(**settings):
        calls.clear()
        outcome = run(make_graph(**settings), silent)
        return list(calls), outcome

    return once


ALL = (*NAMES, "mine", "other")
EVERYTHING = [
    *(("base", year) for year in YEARS),
    *(("what_if", name) for name in ALL),
    *(("further", name) for name in ALL),
    ("summary", None),
]


def test_a_table_has_one_dimension():
    assert (BASE.dimension, WHAT_IF.dimension) == ("year", "scenario")
    with pytest.raises(ValueError, match="not by both"):
        Table("shocks", "both", "", {}, (), by_year=True, by_scenario=True)


def test_a_path_asks_for_the_right_kind_of_partition(make_graph):
    store = make_graph().store
    assert store.path(WHAT_IF, "mine").name == "mine.parquet"
    for table, partition in ((WHAT_IF, None), (WHAT_IF, 2019), (BASE, "mine")):
        with pytest.raises(ValueError, match=f"partitioned by {table.dimension}; partition={partition}"):
            store.path(table, partition)
    with pytest.raises(MissingPartition, match="for mine"):
        store.read(WHAT_IF, "mine")


def test_years_and_scenarios_are_runs_of_their_own(make_graph):
    graph = make_graph()
    stale = out_of_date(graph, lambda name, partition: None)
    assert batches(graph, stale) == [Batch(("base",), YEARS), Batch(("what_if", "further", "summary"), ALL)]
    some = {"what_if": (ALL[0], ALL[2]), "further": (ALL[0],)}
    assert batches(graph, some) == [
        Batch(("what_if",), (ALL[0],)),
        Batch(("what_if",), (ALL[2],)),
        Batch(("further",), (ALL[0],)),
    ]


def test_everything_is_made_once_and_then_left_alone(go):
    made, outcome = go()
    assert made == EVERYTHING
    assert outcome.failures == []
    assert outcome.checks_passed == len(YEARS) + 2 * len(ALL)
    assert outcome.made["further"] == ALL
    assert outcome.made["base"] == YEARS
    assert go()[0] == []


def test_a_broken_rule_names_the_scenario_and_the_next_run_goes_on_from_there(go, broken):
    broken.add("mine")
    _, outcome = go()
    # The other scenarios are recorded: the built-in ones, and one of the file.
    assert (outcome.checks_passed, outcome.checks_failed) == (len(YEARS) + len(NAMES) + 1, 1)
    (failure,) = outcome.failures
    assert "what_if mine: " in failure
    assert "less_than_or_equal_to(9000)" in failure
    broken.clear()
    made, outcome = go()
    assert outcome.failures == []
    assert [call for call in made if call[0] == "what_if"] == [("what_if", "mine")]


def test_all_scenarios_are_one_run_and_dagster_knows_each(go, make_graph):
    go()
    graph = make_graph()
    with dg.DagsterInstance.get() as instance:
        known = instance.get_materialized_partitions(dg.AssetKey(["shocks", "further"]))
        runs = instance.get_runs()
    assert known == set(ALL)
    assert len(runs) == 2
    recorded = graph.recorded("what_if", "mine")
    assert list(recorded.inputs) == ["mine.yaml"]
    assert graph.recorded("what_if", NAMES[0]).inputs == {}


def test_what_a_scenario_is_made_from(make_graph):
    graph = make_graph()
    assert graph.parents("what_if", "mine") == [("base", 2019)]
    assert graph.parents("what_if", NAMES[0]) == [("base", 2020)]
    assert graph.parents("further", "mine") == [("what_if", "mine")]
    assert graph.parents("summary", None) == [("further", name) for name in ALL] + [("base", year) for year in YEARS]


def test_a_changed_scenario_is_made_again_and_no_other(go, file):
    go()
    file.write_text(SCENARIO.format(name="mine", cut=0.5, year=2019) + SCENARIO.format(name="other", cut=1, year=2020))
    assert go()[0] == [("what_if", "mine"), ("further", "mine"), ("summary", None)]
    # Where it stands in the file does not matter.
    file.write_text(SCENARIO.format(name="other", cut=1, year=2020) + SCENARIO.format(name="mine", cut=0.5, year=2019))
    assert [call for call in go()[0] if call[0] != "summary"] == []


def test_a_year_that_is_no_scenarios_makes_no_scenario_again(go, file, make_graph):
    file.write_text(SCENARIO.format(name="mine", cut=1, year=2020))
    go()
    graph = make_graph()
    graph.store.path(BASE, 2019).unlink()
    assert go()[0] == [("base", 2019)]


def test_a_setting_and_the_default_year_reach_the_scenarios(go):
    go()
    own = {("what_if", "mine"), ("further", "mine"), ("what_if", "other"), ("further", "other")}
    assert set(go(shock_year=2019)[0]) == set(EVERYTHING) - own - {("base", 2019), ("base", 2020)}
    made, _ = go(shock_year=2019, shock_substitution=0.5)
    assert [name for table, name in made if table == "what_if"] == list(ALL)


def test_a_scenario_that_is_gone_leaves_the_summary(go, file, make_graph):
    go()
    file.write_text(SCENARIO.format(name="other", cut=1, year=2020))
    assert go()[0] == [("summary", None)]
    assert (make_graph().settings.home / "summary.txt").read_text() == str(len(NAMES) + 1)


def test_a_year_that_is_not_configured_is_an_error_before_anything_is_made(go, file):
    file.write_text(SCENARIO.format(name="mine", cut=1, year=2001))
    with pytest.raises(ScenarioError, match=r"mine.yaml, line 1: 2001 is not among the configured years 2019-2020"):
        go()
    with pytest.raises(ScenarioError, match="the setting shock_year: 1999 is not among"):
        go(shock_file=None, shock_year=1999)


def test_the_warehouse_holds_every_scenario_and_no_other(go, make_graph, tmp_path):
    go()
    graph = make_graph(shock_file=None)
    partitions = {"year": YEARS, "scenario": graph.scenarios}
    build_warehouse(tmp_path / "w.duckdb", graph.store, [BASE, WHAT_IF], partitions, {"version": "made"})
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        found = connection.execute("select scenario from what_if").fetchall()
    assert {name for (name,) in found} == set(NAMES)


def test_the_warehouse_is_made_from_nothing_but_current_scenarios(go, make_graph, tmp_path):
    graph = make_graph()
    assert graph.current_scenarios("summary") == ()
    tables = [WHAT_IF, FURTHER]
    build_warehouse(tmp_path / "w.duckdb", graph.store, tables, {"year": YEARS, "scenario": ()}, {"version": "made"})
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        assert connection.execute("select * from what_if").fetchall() == []
        types = dict(connection.execute("select column_name, data_type from duckdb_columns()").fetchall())
    assert types["scenario"] == "VARCHAR"
    assert types["n"] == "BIGINT"
    go()
    assert graph.current_scenarios("summary") == graph.scenarios
    # One year is made again, and says something else; `other` rests on it, and so do the built-in ones.
    again = make_graph(link_draws=99)
    again.store.write(BASE, pd.DataFrame({"year": [2020], "n": [7]}), again.provenance("base", 2020), 2020)
    assert again.current_scenarios("summary") == ("mine",)
    assert again.provenance("summary", None).fingerprint != again.expected("summary", None)
