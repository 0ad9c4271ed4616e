"""The job `bring_up_to_date` makes the plan, and nothing else."""

import dagster as dg

from reeassets.platform.instance import dagster_home
from reeassets.platform.runner import planned, run
from reeassets.platform.up_to_date import bring_up_to_date

from .conftest import YEARS


def executed(graph_now):
    dagster_home(graph_now().settings.home)
    with dg.DagsterInstance.get() as instance:
        result = bring_up_to_date(graph_now, "team:data").execute_in_process(instance=instance, raise_on_error=False)
        said = [entry.user_message for entry in instance.all_logs(result.run_id) if entry.user_message]
    return result, said


def test_it_makes_what_the_plan_says_and_says_why(make_graph, silent, calls):
    run(make_graph(), silent)

    def changed():
        return make_graph(pass_through=0.5)

    plan = {(change.name, key) for change in planned(changed()) for key in change.partitions}
    calls.clear()
    result, said = executed(changed)
    assert result.success
    assert set(calls) == plan == {*(("share", year) for year in YEARS), ("summary", None)}
    assert "share 2019-2022: pass_through 0.85 -> 0.5" in said
    assert any(text.startswith("5 partitions made; ") for text in said)
    assert planned(changed()) == []
    _, said = executed(changed)
    assert "nothing is out of date" in said


def test_it_fails_with_what_failed(make_graph, calls):
    calls.add[2020] = 1000
    result, _ = executed(make_graph)
    assert not result.success
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert "base 2020" in str(failed.event_specific_data.error)
