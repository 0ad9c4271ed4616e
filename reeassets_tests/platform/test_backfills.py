"""Backfills: every year recorded, the others left alone, results only of years that are there."""

import shutil
import threading

import dagster as dg
import pytest

from reeassets.platform.build import build_defs
from reeassets.platform.instance import dagster_home

from .conftest import YEARS

NAMES = ("base", "total", "share", "summary")


def key(name):
    return dg.AssetKey(["report" if name == "summary" else "trade", name])


@pytest.fixture
def backfill(make_graph, silent):
    """Run the small graph's assets over a range of years, as a backfill does."""

    def run(first=YEARS[0], last=YEARS[-1], names=NAMES, run_config=None, **settings):
        graph = make_graph(**settings)
        dagster_home(graph.settings.home)
        job = build_defs(graph=graph, resource_overrides={"progress": silent}).resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=dg.DagsterInstance.get(),
            asset_selection=[key(name) for name in names],
            tags={"dagster/asset_partition_range_start": str(first), "dagster/asset_partition_range_end": str(last)},
            run_config=run_config,
            raise_on_error=False,
        )

    return run


def tables(graph):
    return {path.relative_to(graph.settings.home): path.read_bytes() for path in graph.settings.home.rglob("*.parquet")}


def materialised(result, name):
    return [event.partition for event in result.asset_materializations_for_node(f"trade__{name}")]


def failure(result):
    (event,) = [event for event in result.all_events if event.is_step_failure]
    return str(event.event_specific_data.error)


def test_one_run_records_every_year_in_order_and_every_check_by_year(backfill):
    result = backfill()
    assert result.success
    years = [str(year) for year in YEARS]
    assert materialised(result, "base") == years
    assert materialised(result, "share") == years
    evaluations = [evaluation for evaluation in result.get_asset_check_evaluations() if evaluation.passed]
    assert sorted((found.asset_key.path[-1], found.partition) for found in evaluations if found.partition) == sorted(
        (name, year) for name in ("base", "share") for year in years
    )
    instance = dg.DagsterInstance.get()
    assert instance.get_materialized_partitions(key("base")) == set(years)
    # The last year is the latest, whatever the hash seed of the process.
    assert instance.get_latest_materialization_event(key("share")).dagster_event.partition == years[-1]


def test_bad_years_are_made_again_and_the_others_left(backfill, make_graph, calls):
    backfill()
    graph = make_graph()
    good = tables(graph)
    for bad in (2020, 2021):
        graph.store.path(graph.tables["base"], bad).unlink()
    others = {graph.store.path(graph.tables[name], year) for name in ("base", "share") for year in (2019, 2022)}
    times = {path: path.stat().st_mtime_ns for path in others}
    calls.clear()
    assert backfill(2020, 2021).success
    assert [call for call in calls if call[1]] == [(name, year) for name in ("base", "share") for year in (2020, 2021)]
    assert tables(graph) == good
    assert {path: path.stat().st_mtime_ns for path in others} == times


def test_a_second_run_writes_the_same_bytes(backfill, make_graph):
    backfill()
    first = tables(make_graph())
    backfill()
    assert tables(make_graph()) == first


@pytest.mark.parametrize("workers", [2, 3])
def test_years_made_at_the_same_time_are_the_same(backfill, make_graph, workers):
    backfill()
    first = tables(make_graph())
    shutil.rmtree(make_graph().settings.tables_root)
    assert backfill(workers=workers).success
    assert tables(make_graph()) == first


@pytest.mark.parametrize("workers", [1, 2])
def test_broken_years_are_named_and_the_others_recorded(backfill, make_graph, calls, workers):
    calls.add |= {2020: 1000, 2022: 1000}
    result = backfill(workers=workers)
    assert not result.success
    assert "base 2020" in failure(result)
    assert "base 2022" in failure(result)
    checked = {found.partition: found.passed for found in result.get_asset_check_evaluations()}
    assert checked == {"2019": True, "2020": False, "2021": True, "2022": False}
    graph = make_graph()
    assert graph.store.years(graph.tables["base"]) == (2019, 2021)
    instance = dg.DagsterInstance.get()
    assert instance.get_materialized_partitions(key("base")) == {"2019", "2021"}
    made = instance.fetch_materializations(key("base"), limit=9).records
    fingerprints = {record.partition_key: record.asset_materialization.metadata["fingerprint"].value for record in made}
    for year in (2019, 2021):
        assert fingerprints[str(year)] == graph.recorded("base", year).fingerprint
    assert {name for name, _ in calls} == {"base"}


def test_years_made_before_another_error_are_recorded(backfill, make_graph, calls):
    calls.add[2021] = "not a number"
    result = backfill()
    assert "TypeError" in failure(result)
    graph = make_graph()
    assert graph.store.years(graph.tables["base"]) == (2019, 2020)
    assert dg.DagsterInstance.get().get_materialized_partitions(key("base")) == {"2019", "2020"}


def test_years_at_work_beside_another_error_are_recorded(backfill, make_graph, calls):
    calls.add[2019] = "not a number"
    # None goes on before all four were begun: on a busy machine the first could fail before the last is at work.
    calls.wait = threading.Barrier(4, timeout=60).wait
    assert "TypeError" in failure(backfill(workers=4))
    graph = make_graph()
    assert graph.store.years(graph.tables["base"]) == (2020, 2021, 2022)
    assert dg.DagsterInstance.get().get_materialized_partitions(key("base")) == {"2020", "2021", "2022"}


def test_results_over_all_years_refuse_missing_ones(backfill, make_graph):
    result = backfill(2019, 2020)
    assert not result.success
    assert "total is made from all years, and some have not been made: base for 2021-2022" in failure(result)
    assert "allow_missing_years" in failure(result)
    graph = make_graph()
    assert graph.store.years(graph.tables["base"]) == (2019, 2020)
    assert not graph.store.path(graph.tables["total"]).exists()


@pytest.mark.parametrize(
    "how",
    [
        {"allow_missing_years": True},
        {"run_config": {"resources": {"years": {"config": {"allow_missing": True}}}}},
    ],
)
def test_results_say_which_years_they_used_if_told_to_go_on(backfill, make_graph, how):
    result = backfill(2019, 2020, **how)
    assert result.success
    graph = make_graph()
    assert graph.store.read(graph.tables["total"])["n"].tolist() == [19 + 20]
    (total,) = result.asset_materializations_for_node("trade__total")
    (summary,) = result.asset_materializations_for_node("report__summary")
    for made in (total, summary):
        assert made.metadata["years"].value == "2019-2020"
        assert made.metadata["years_left_out"].value == "2021-2022"
    # A later run without the permission makes the rest, and the results anew.
    assert backfill(2021, 2022).success
    assert graph.store.provenance(graph.tables["total"]).years == "2019-2022"


def test_no_year_at_all_is_refused_even_if_told_to_go_on(backfill):
    result = backfill(names=("total",), allow_missing_years=True)
    assert "base for 2019-2022" in failure(result)


def test_each_result_says_its_own_years(backfill, make_graph):
    backfill(2019, 2020, names=("base", "total"), allow_missing_years=True)
    backfill(2019, 2022, names=("base", "share", "summary"))
    graph = make_graph()
    assert graph.recorded("summary", None).years == "2019-2022"
    assert graph.recorded("total", None).years == "2019-2020"


def test_results_refuse_years_of_another_setting_and_name_both_values(backfill, make_graph):
    assert backfill().success
    graph = make_graph()
    before = {name: graph.recorded(name, None).fingerprint for name in ("total", "summary")}
    result = backfill(2021, 2021, link_draws=99)
    assert not result.success
    told = failure(result)
    assert "some of its inputs were made differently than they would be now" in told
    assert "base for 2019-2020,2022 (link_draws 999 -> 99)" in told
    assert "allow_outdated" in told
    assert {name: graph.recorded(name, None).fingerprint for name in before} == before
    # With all years made anew it goes on.
    assert backfill(link_draws=99).success


@pytest.mark.parametrize(
    "how",
    [{"allow_outdated": True}, {"run_config": {"resources": {"years": {"config": {"allow_outdated": True}}}}}],
)
def test_results_say_what_was_out_of_date_if_told_to_go_on(backfill, how):
    assert backfill().success
    result = backfill(2021, 2021, link_draws=99, **how)
    assert result.success
    (total,) = result.asset_materializations_for_node("trade__total")
    assert total.metadata["outdated_inputs"].value == "base for 2019-2020,2022 (link_draws 999 -> 99)"
    (check,) = (
        found for found in result.get_asset_check_evaluations() if found.asset_key == key("total") and found.passed
    )
    assert "link_draws 999 -> 99" in check.description


def test_results_refuse_years_of_two_releases(backfill, calls):
    calls.files["BACI_V202501.zip"] = "ab"
    assert backfill().success
    calls.files = {"BACI_V202601.zip": "cd"}
    told = failure(backfill(2021, 2021))
    assert "base for 2019-2020,2022 (from other data)" in told


def test_results_refuse_what_follows_from_another_release(backfill, calls):
    calls.files["BACI_V202501.zip"] = "ab"
    assert backfill().success
    calls.files = {"BACI_V202601.zip": "cd"}
    assert backfill(names=("base",)).success
    assert "share for 2019-2022 (from other data)" in failure(backfill(names=("summary",)))


def test_years_left_out_as_allowed_are_no_other_setting(backfill):
    assert backfill(2019, 2020, allow_missing_years=True).success
    # The summary reads a result that knows two years, and is made of the same two.
    assert backfill(2019, 2020, names=("share", "summary"), allow_missing_years=True).success
