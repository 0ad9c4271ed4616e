"""An asset of another package beside the platform's tables."""

import dagster as dg
import pandas as pd
import pytest
from upath import UPath

from reeassets.platform.io_manager import ParquetIOManager

YEARS = dg.StaticPartitionsDefinition(["2019", "2020"])


@dg.asset(key=["trade", "base"], partitions_def=YEARS, backfill_policy=dg.BackfillPolicy.single_run())
def base(context) -> dict:
    return {key: pd.DataFrame({"year": [int(key)]}) for key in context.partition_keys}


@dg.asset(key=["mine", "double"], partitions_def=YEARS, ins={"base": dg.AssetIn(key=["trade", "base"])})
def double(base: pd.DataFrame) -> pd.DataFrame:
    return base * 2


@dg.asset(key=["mine", "wrong"])
def wrong() -> int:
    return 1


@pytest.fixture
def manager(tmp_path):
    return {"io_manager": ParquetIOManager(base_path=UPath(tmp_path))}


def test_a_range_of_partitions_in_and_out(tmp_path, manager):
    result = dg.materialize(
        [base],
        resources=manager,
        tags={"dagster/asset_partition_range_start": "2019", "dagster/asset_partition_range_end": "2020"},
    )
    assert result.success
    assert pd.read_parquet(tmp_path / "trade" / "base" / "2020.parquet")["year"].tolist() == [2020]
    assert dg.materialize([base, double], selection=[double], resources=manager, partition_key="2019").success
    assert pd.read_parquet(tmp_path / "mine" / "double" / "2019.parquet")["year"].tolist() == [4038]


def test_what_is_no_frame_is_refused_and_leaves_nothing(tmp_path, manager):
    with pytest.raises(TypeError, match="DataFrame is kept as Parquet, not int"):
        dg.materialize([wrong], resources=manager)
    assert list(tmp_path.rglob("*.parquet")) == []
