"""All benchmarks: generate the archives, run every process, and write ``RESULTS.md``.

``make bench`` runs it. It takes about half an hour, 5 GB of disk and nothing of the network.
"""

import argparse
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from measure import Measured, machine, median, once, reeassets

HERE = Path(__file__).parent
READERS = str(HERE / "readers.py")
FULL = 11_000_000


def world(folder: Path, name: str, years: str, rows: int) -> Path:
    """Generate an archive, unless it is there."""
    path = folder / f"{name}.zip"
    if not path.exists():
        command = reeassets("world", "--out", str(path), "--years", years, "--rows-per-year", str(rows), "--seed", "1")
        print(f"{name}: {once(command)}", flush=True)
    return path


def reader(way: str, archive: Path, year: int, folder: Path) -> list[str]:
    """Return the command that reads a year one way."""
    out = folder / way / "year.parquet"
    out.parent.mkdir(exist_ok=True)
    return [sys.executable, READERS, way, str(archive), str(year), str(out)]


def ingest(archive: Path, year: int, folder: Path, ways: Iterable[str], runs: int) -> dict[str, Measured]:
    """Measure reading one year."""
    found = {}
    for way in ways:
        found[way] = median(reader(way, archive, year, folder), runs)
        print(f"ingest {way}: {found[way]}", flush=True)
    return found


def run(archive: Path, home: Path, years: str, *more: str) -> list[str]:
    """Return the command that runs the platform on an archive."""
    options = ["--source", "baci", "--data", str(archive), "--product-set", "world168"]
    return ["env", *more, *reeassets("run", *options, "--years", years, "--home", str(home))]


def floor_of_all(archive: Path, folder: Path, years: range) -> Measured:
    """Measure converting every year with the bare floor, one process after the other."""
    each = [once(reader("floor", archive, year, folder)) for year in years]
    return Measured(sum(one.seconds for one in each), max(one.peak_mb for one in each))


def platform(archive: Path, folder: Path) -> dict[str, Measured]:
    """Measure the whole platform: 17 years cold, an 18th added, a changed setting, nothing changed."""
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    found = {
        "bare floor, 17 years": floor_of_all(archive, folder, range(2007, 2024)),
        "17 years, cold": once(run(archive, home, "2007-2023")),
        "one added year, up to its indicators": once([*run(archive, home, "2007-2024"), "--until", "indicators"]),
        "then all results over 18 years": once(run(archive, home, "2007-2024")),
        "changed pass-through": once(run(archive, home, "2007-2024", "REEASSETS_PASS_THROUGH=0.8")),
        "nothing changed": once(run(archive, home, "2007-2024", "REEASSETS_ALPHA=0.8")),
    }
    shutil.rmtree(home)
    for name, measured in found.items():
        print(f"{name}: {measured}", flush=True)
    return found


def table(found: dict[str, Measured], against: str) -> str:
    """Write measurements as Markdown, with the ratio to one of them."""
    base = found[against].seconds
    rows = [f"| {name} | {measured} | {measured.seconds / base:5.2f} |" for name, measured in found.items()]
    return "\n".join([f"| | s | peak MB | x {against} |", "|---|---|---|---|", *rows])


def main() -> None:
    """Run everything."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, default=Path("var/bench"))
    arguments.add_argument("--runs", type=int, default=3)
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    full = world(given.folder, "world", "2007-2024", FULL)
    sizes = {
        "half (5.5 M rows)": world(given.folder, "half", "2023", FULL // 2),
        "full (11 M rows)": full,
        "double (22 M rows)": world(given.folder, "double", "2023", FULL * 2),
    }
    reading = ingest(full, 2023, given.folder, ("floor", "platform", "pandas", "polars"), given.runs)
    growth = {name: median(reader("platform", path, 2023, given.folder), given.runs) for name, path in sizes.items()}
    whole = platform(full, given.folder)
    text = f"""# Benchmarks

Written by `make bench`. Whole processes; wall time and peak resident memory, median of {given.runs} runs for reading a
year, one run for the platform. GENERATED archives of `reeassets world`, seed 1: 230 countries, 5,000 products,
{FULL:,} rows a year; product set `world168`.

{machine()}

## Reading one full-size year into Parquet

`floor` inflates with isal and converts with duckdb, and checks nothing. `platform` accounts for every row, checks every
rule of the table and the key. `pandas` does the same in chunks. `polars` reads the whole bytes and checks nothing.

{table(reading, "floor")}

## Growth

{table(growth, "full (11 M rows)")}

## The whole platform, zip to findings, warehouse and report

{table(whole, "bare floor, 17 years")}

An added year leaves the partitions of the others alone: links are tested on the base years 2007-2023. Results over all
years (clusters, models, findings, warehouse, report) are made anew with it. A changed `pass_through` opens no archive.
"""
    (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
