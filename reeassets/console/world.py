"""``reeassets world``: progress of a generated archive, and what was planted in it."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from reeassets.world.archive import Plan, origins_path, truth_path, write_world
from reeassets.world.effects import Effects
from reeassets.years import parse_years


def generate(
    out: Path,
    years: str,
    countries: int,
    products: int,
    rows_per_year: int,
    seed: int,
    effects: Sequence[str],
    console: Console,
) -> None:
    """Write a generated archive and its truth, one line per year.

    Raises
    ------
    ValueError
        If years, size or effects are out of range.
    """
    plan = Plan(parse_years(years), countries, products, rows_per_year, seed, Effects.parse(effects))
    began = time.perf_counter()

    def progress(year: int, rows: int) -> None:
        console.print(f"{year}  {rows:>12,} rows  {time.perf_counter() - began:7.1f} s", highlight=False)

    console.print(plan.notice, style="yellow", highlight=False, soft_wrap=True)
    truth = write_world(plan, out, progress)
    table = RichTable(title="Planted", title_justify="left", box=None, pad_edge=False)
    for heading in ("term of rca_growth, delta 1", "per unit", "per standard deviation"):
        table.add_column(heading, justify="left" if heading.startswith("term") else "right")
    for term, value in truth["rca_growth"]["terms"].items():
        table.add_row(term, f"{value['raw']:g}", f"{value['standardised']:.6f}")
    console.print(table)
    planted = sum(link["planted"] for link in truth["links"])
    console.print(f"links      {planted} planted among {len(truth['links'])} candidates", highlight=False)
    pairs, entrepots = truth["entry"]["pairs"], truth["entrepots"]
    console.print(
        f"exporters  {pairs['never']} pairs never export, {pairs['sometimes']} sometimes, {pairs['always']} always; "
        f"{truth['entry']['zeros']:.0%} of pairs and years are without exports",
        highlight=False,
    )
    console.print(f"entrepots  {', '.join(row['country'] for row in entrepots) or 'none'}", highlight=False)
    console.print(f"archive    {out}  {out.stat().st_size / 1e6:,.1f} MB", highlight=False, soft_wrap=True)
    console.print(f"truth      {truth_path(out)}", highlight=False, soft_wrap=True)
    console.print(f"origins    {origins_path(out)}", highlight=False, soft_wrap=True)
