"""Dagster's way to the tables for assets that other packages add: frames in, frames out, in the same Parquet files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
from upath import UPath

from reeassets.storage import is_local, open_parquet, replacing


class ParquetIOManager(dg.UPathIOManager):
    """Keep frames as ``<root>/<asset key>.parquet``, or ``<root>/<asset key>/<partition>.parquet``.

    An asset of another package names a platform table as an input and gets its frame; what it returns is written whole
    or not at all. In a run over several partitions an input is a dict of frames by partition, and so must the output
    be.
    """

    extension: str | None = ".parquet"

    def dump_to_path(self, context: dg.OutputContext, obj: Any, path: UPath) -> None:
        """Write one frame, replacing the old file in one step."""
        if not isinstance(obj, pd.DataFrame):
            raise TypeError(
                f"{context.get_identifier()}: a pandas DataFrame is kept as Parquet, not {type(obj).__name__}"
            )
        if is_local(path):
            with replacing(Path(path)) as temporary:
                obj.to_parquet(temporary, index=False, compression="zstd")
        else:
            with path.open("wb") as stream:
                obj.to_parquet(stream, index=False, compression="zstd")

    def load_from_path(self, context: dg.InputContext, path: UPath) -> pd.DataFrame:  # noqa: ARG002
        """Read one frame."""
        with open_parquet(path) as parquet:
            return parquet.read().to_pandas()

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write an output; Dagster's own method does so for one partition only."""
        if not context.has_asset_partitions or len(context.asset_partition_keys) == 1:
            super().handle_output(context, obj)
            return
        keys = list(context.asset_partition_keys)
        if not isinstance(obj, Mapping) or set(obj) != set(keys):
            raise TypeError(
                f"{context.get_identifier()}: a run over {len(keys)} partitions returns a dict of frames by partition"
            )
        for key, path in self._get_paths_for_partitions(context).items():
            self.make_directory(path.parent)
            self.dump_to_path(context, obj[key], path)
        context.add_output_metadata({"partitions": len(keys)})
