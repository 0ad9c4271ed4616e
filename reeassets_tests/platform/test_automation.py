"""Assets follow their inputs: stepped tick by tick, as Dagster's daemon does."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
import time_machine
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.freshness import FreshnessDaemon

from reeassets.platform.build import build_defs
from reeassets.platform.instance import dagster_home
from reeassets.settings import Settings

from .conftest import YEARS

NAMES = ("base", "total", "share", "summary")


def key(name):
    return dg.AssetKey(["report" if name == "summary" else "trade", name])


class Automation:
    """The small graph, an instance, and the cursor between ticks."""

    def __init__(self, graph, silent):
        self.graph, self.cursor = graph, None
        dagster_home(graph.settings.home)
        self.instance = dg.DagsterInstance.get()
        self.defs = build_defs(graph=graph, resource_overrides={"progress": silent})
        self.job = self.defs.resolve_implicit_global_asset_job_def()

    def make(self, *names, years=YEARS):
        result = self.job.execute_in_process(
            instance=self.instance,
            asset_selection=[key(name) for name in names],
            tags={
                "dagster/asset_partition_range_start": str(years[0]),
                "dagster/asset_partition_range_end": str(years[-1]),
            },
            raise_on_error=False,
        )
        assert result.success

    def tick(self):
        """Evaluate all conditions once and return what is requested, by name."""
        result = dg.evaluate_automation_conditions(
            self.defs, self.instance, asset_selection=dg.AssetSelection.all(), cursor=self.cursor
        )
        self.cursor = result.cursor
        found = {}
        for name in NAMES:
            if name in ("base", "share"):
                years = sorted(int(year) for year in result.get_requested_partitions(key(name)))
            else:
                years = [None] * result.get_num_requested(key(name))
            if years:
                found[name] = years
        return found

    def settle(self, rounds=6):
        """Tick and make what is requested until nothing is, and return what each round requested."""
        seen = []
        for _ in range(rounds):
            requested = self.tick()
            if not requested:
                return seen
            seen.append(requested)
            for name, years in requested.items():
                self.make(name, years=tuple(years) if years != [None] else YEARS)
        raise AssertionError(f"requests do not end: {seen}")


@pytest.fixture
def automation(make_graph, silent):
    return Automation(make_graph(), silent)


@pytest.fixture
def settled(automation):
    automation.make(*NAMES)
    assert automation.tick() == {}
    return automation


def test_nothing_is_requested_on_a_new_home(automation):
    assert automation.tick() == {}
    assert automation.tick() == {}


def test_an_input_made_again_with_the_same_rows_reaches_its_year_and_the_results(settled):
    settled.make("base", years=(2020,))
    assert settled.settle() == [{"total": [None]}, {"share": [2020]}, {"summary": [None]}]
    assert settled.tick() == {}


def test_the_latest_year_is_no_other_than_an_old_one(settled):
    settled.make("base", years=(2022,))
    assert settled.settle() == [{"total": [None]}, {"share": [2022]}, {"summary": [None]}]


def test_other_years_follow_a_result_whose_content_has_changed(settled, calls):
    calls.add[2020] = 1
    settled.make("base", years=(2020,))
    # `share` of every year reads `total`, and that is another number now.
    assert settled.settle() == [{"total": [None]}, {"share": list(YEARS)}, {"summary": [None]}]
    values = settled.graph.store.read_years(settled.graph.tables["share"], YEARS)["n"].tolist()
    assert values == [19 + 3, 21 + 3, 21 + 3, 22 + 3]


def test_a_job_that_makes_everything_downstream_leaves_nothing_to_request(settled):
    settled.make(*NAMES, years=(2021,))
    assert settled.tick() == {}
    assert settled.tick() == {}


def test_what_misses_an_input_waits_for_it(automation):
    automation.tick()
    automation.make("base", years=(2019, 2020))
    # `total` needs all years, and `share` needs `total`.
    assert automation.tick() == {}
    automation.make("base", years=(2021, 2022))
    assert automation.settle() == [{"total": [None]}, {"share": list(YEARS)}, {"summary": [None]}]


def test_what_has_an_input_in_progress_waits_for_it(settled):
    settled.make("base", years=(2020,))
    started = settled.instance.create_run_for_job(
        settled.job,
        asset_selection=frozenset({key("base")}),
        tags={"dagster/partition": "2020"},
        status=dg.DagsterRunStatus.STARTED,
    )
    assert settled.tick() == {}
    settled.instance.report_run_failed(started)
    assert settled.settle() == [{"total": [None]}, {"share": [2020]}, {"summary": [None]}]


CLASSIFICATION = {
    *("product_votes", "reference_set", "reference_summary", "vote_agreement", "vote_disagreements"),
    *("keyword_baseline", "code_list_evidence", "classified_products", "link_votes", "candidate_links"),
}


def test_all_that_depends_on_trade_data_has_a_freshness_policy_and_the_classification_has_none(tmp_path):
    nodes = build_defs(Settings(home=tmp_path, fresh_days=30)).resolve_asset_graph()
    policies = {
        key.path[-1]: nodes.get(key).freshness_policy_or_from_metadata for key in nodes.materializable_asset_keys
    }
    assert {name for name, policy in policies.items() if policy is None} == CLASSIFICATION
    expected = dg.FreshnessPolicy.time_window(timedelta(days=30), timedelta(days=27))
    assert all(policy == expected for name, policy in policies.items() if name not in CLASSIFICATION)


@pytest.fixture
def workspace(tmp_path):
    """What Dagster's daemon knows of the platform, on an instance without runs."""
    code = tmp_path / "code.py"
    code.write_text(
        "from reeassets.platform.build import build_defs\nfrom reeassets.settings import Settings\n"
        f"defs = build_defs(Settings(home={str(tmp_path)!r}, fresh_days=100))\n"
    )
    origin = InProcessCodeLocationOrigin(LoadableTargetOrigin(python_file=str(code)), location_name="reeassets")
    with (
        dg.DagsterInstance.local_temp(str(tmp_path)) as instance,
        WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as context,
    ):
        yield context


def test_the_daemon_finds_tables_fresh_then_late_then_out_of_date(workspace):
    instance, daemon = workspace.instance, FreshnessDaemon()
    keys = [dg.AssetKey(path.split("/")) for path in ("trade/raw_trade", "shocks/shock_impacts", "report/warehouse")]
    votes, never = dg.AssetKey(["products", "product_votes"]), dg.AssetKey(["trade", "countries"])
    partitions = {"raw_trade": "2023", "shock_impacts": "magnets_stopped"}
    for key in (*keys, votes):
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partitions.get(key.path[-1])))
    made = datetime.now(UTC)
    for days, state in ((1, "PASS"), (89, "PASS"), (91, "WARN"), (101, "FAIL")):
        with time_machine.travel(made + timedelta(days=days)):
            list(daemon.run_iteration(workspace))
        found = instance.get_freshness_state_records([*keys, votes, never])
        assert {found[key].freshness_state.value for key in keys} == {state}, days
        assert found[votes].freshness_state.value == "NOT_APPLICABLE"
        assert found[never].freshness_state.value == "UNKNOWN"
    # Made again, it is fresh.
    with time_machine.travel(made + timedelta(days=102)):
        instance.report_runless_asset_event(dg.AssetMaterialization(keys[0], partition="2023"))
        list(daemon.run_iteration(workspace))
    assert instance.get_freshness_state_records(keys)[keys[0]].freshness_state.value == "PASS"
