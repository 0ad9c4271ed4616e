"""Dagster's own folder of a home."""

import dagster as dg

from reeassets.platform.instance import dagster_home, records_open


@dg.job
def nothing():
    pass


def test_the_log_of_the_records_is_folded_in_once_a_run(make_graph):
    home = make_graph().settings.home
    log = dagster_home(home) / "history" / "runs.db-wal"
    with dg.DagsterInstance.get() as instance:
        run = instance.create_run_for_job(nothing)
        assert not log.exists()
        with records_open(instance, run.run_id):
            instance.add_run_tags(run.run_id, {"a": "b"})
            assert log.exists()
        assert not log.exists()
        assert instance.get_run_by_id(run.run_id).tags["a"] == "b"


def test_records_elsewhere_than_in_files_are_let_be():
    with dg.DagsterInstance.ephemeral() as instance, records_open(instance, "0"):
        pass
