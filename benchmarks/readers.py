"""Ways to turn a year in a BACI archive into Parquet; ``readers.py WAY ARCHIVE YEAR OUT`` is one process."""

import io
import sys
import zipfile
from pathlib import Path


def _member(archive, year):
    return next(member for member in archive.infolist() if f"_Y{year}_" in member.filename)


def floor(path: Path, year: str, out: Path) -> None:
    """Inflate the year with isal and convert it with duckdb; nothing is checked."""
    import duckdb

    from reeassets.trade.baci.archive import MemberStream

    with zipfile.ZipFile(path) as archive:
        member = _member(archive, year)
    csv = out.with_suffix(".csv")
    with MemberStream(path, member) as stream, csv.open("wb") as target:
        while chunk := stream.read(1 << 20):
            target.write(chunk)
    duckdb.execute(
        "copy (select * from read_csv(?, header=true, columns={'t': 'INTEGER', 'i': 'INTEGER', 'j': 'INTEGER', "
        f"'k': 'VARCHAR', 'v': 'DOUBLE', 'q': 'VARCHAR'}})) to '{out}' (format parquet, compression zstd)",
        [str(csv)],
    )
    csv.unlink()


def pandas_chunks(path: Path, year: str, out: Path) -> None:
    """Read the year in chunks with pandas, check the same rules, and write Parquet."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from reeassets.trade.bundled import bundled_file
    from reeassets.trade.nomenclature import COUNTRY_TABLE, read_country_table

    known = set(read_country_table(bundled_file(COUNTRY_TABLE))["country_code"])
    keys, writer = [], None
    with zipfile.ZipFile(path) as archive, archive.open(_member(archive, year)) as stream:
        for chunk in pd.read_csv(stream, dtype={"k": "str", "q": "str"}, chunksize=1_000_000):
            part = chunk.assign(k=chunk["k"].str.zfill(6), q=pd.to_numeric(chunk["q"].str.strip(), errors="coerce"))
            good = (
                (part["t"] == int(year))
                & part["i"].isin(known)
                & part["j"].isin(known)
                & (part["i"] != part["j"])
                & part["k"].str.fullmatch(r"\d{6}")
                & np.isfinite(part["v"])
                & (part["v"] > 0)
                & (part["q"].isna() | (part["q"] >= 0))
            )
            if not good.all():
                raise ValueError("bad rows")
            exporter, importer, product = (part[name].astype("int64").to_numpy() for name in ("i", "j", "k"))
            keys.append((exporter * 1000 + importer) * 1_000_000 + product)
            table = pa.Table.from_pandas(part, preserve_index=False)
            writer = writer or pq.ParquetWriter(out, table.schema, compression="zstd")
            writer.write_table(table)
    writer.close()
    packed = np.sort(np.concatenate(keys))
    if (packed[1:] == packed[:-1]).any():
        raise ValueError("a key stands twice")


def polars_bytes(path: Path, year: str, out: Path) -> None:
    """Read the whole year with polars and write Parquet; nothing is checked."""
    import polars as pl

    with zipfile.ZipFile(path) as archive:
        content = archive.read(_member(archive, year))
    pl.read_csv(io.BytesIO(content), schema_overrides={"k": pl.String, "q": pl.String}).write_parquet(
        out, compression="zstd"
    )


def platform(path: Path, year: str, out: Path) -> None:
    """Read the year as the platform does: every row accounted for, every rule of the table checked."""
    from reeassets.settings import Settings
    from reeassets.storage import Provenance, TableStore
    from reeassets.streams import Stream
    from reeassets.trade.baci.source import BaciSource
    from reeassets.trade.schema import RAW_TRADE

    reader = BaciSource(Settings(data=path)).open_year(int(year))

    def finish() -> dict[str, object]:
        return reader.accounting.to_json()

    stream = Stream(reader.batches, finish)
    TableStore(out.parent).write_stream(RAW_TRADE, stream, lambda: Provenance("", "baci", "", "", "", ""), int(year))


WAYS = {"floor": floor, "platform": platform, "pandas": pandas_chunks, "polars": polars_bytes}

if __name__ == "__main__":
    WAYS[sys.argv[1]](Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
