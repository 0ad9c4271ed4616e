"""Tables behind a URL: what SQL reads and what pandas reads are the same files as in a folder."""

import dagster as dg
import pandas as pd
import pytest

from reeassets.platform.build import build_defs
from reeassets.platform.graph import Graph
from reeassets.settings import Settings

MADE = [
    *(("trade", name) for name in ("countries", "economies", "nomenclature", "raw_trade", "economy_members")),
    *(("trade", name) for name in ("country_totals", "product_totals")),
    *(("products", name) for name in ("product_votes", "classified_products", "product_concordance")),
    *(("products", name) for name in ("trade_flows", "excluded_flows")),
]


@pytest.fixture
def made(tmp_path):
    """Make a year of the sample up to the set's flows, with the tables somewhere, and return some of them."""

    def up_to_flows(tables):
        graph = Graph(Settings(home=tmp_path, tables=tables, years=(2020,), economies="eu27"))
        job = build_defs(graph=graph).resolve_implicit_global_asset_job_def()
        with dg.DagsterInstance.ephemeral() as instance:
            result = job.execute_in_process(
                asset_selection=[dg.AssetKey(key) for key in MADE], partition_key="2020", instance=instance
            )
        assert result.success
        return [graph.store.read(graph.tables[name], 2020) for name in ("country_totals", "trade_flows")]

    return up_to_flows


def test_tables_behind_a_url_are_those_of_a_folder(made, tmp_path):
    here, elsewhere = made(str(tmp_path / "tables")), made(f"memory://{tmp_path.name}")
    assert len(here[1]) > 1000
    for one, other in zip(here, elsewhere, strict=True):
        pd.testing.assert_frame_equal(one, other)
