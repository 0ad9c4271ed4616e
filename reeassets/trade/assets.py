"""Assets of the stage ``trade``."""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from reeassets.platform.recipe import Step, recipe
from reeassets.settings import Settings
from reeassets.streams import Stream
from reeassets.trade import all_goods, pictures, totals
from reeassets.trade import economies as grouping
from reeassets.trade.bundled import digests
from reeassets.trade.contract import Accounting
from reeassets.trade.nomenclature import nomenclature as read_nomenclature
from reeassets.trade.nomenclature import nomenclature_file
from reeassets.trade.schema import ECONOMY_MEMBERS
from reeassets.trade.sources import no_files, open_source, require_years, said_of_source

# Not `data`: what counts is the content of what is read, wherever it lies.
_SOURCE = ("source",)
_SQL = frozenset({"duckdb", "parquet"})


def _identity(settings: Settings, year: int | None) -> dict[str, str]:
    return open_source(settings).identity(year)


def _digests(settings: Settings, year: int | None) -> dict[str, str]:
    return open_source(settings).digests(year)


@recipe(uses=_SOURCE, plugins=("sources",), outside=_identity, lineage=_digests)
def countries(step: Step) -> pd.DataFrame:
    """Read the source's country table."""
    return step.source.countries()


@recipe(uses=_SOURCE, outside=lambda settings, _: digests([nomenclature_file(open_source(settings).nomenclature)]))
def nomenclature(step: Step) -> pd.DataFrame:
    """Read the revision of the Harmonized System that the source is written in."""
    return read_nomenclature(step.source.nomenclature)


@recipe(
    uses=(*_SOURCE, "max_rejected_share", "max_set_aside_share"),
    plugins=("sources",),
    outside=_identity,
    lineage=_digests,
    kinds=frozenset({"arrow", "parquet"}),
)
def raw_trade(step: Step) -> Stream:
    """Read a year from the source, and account for every row of it."""
    assert step.year is not None
    require_years(step.source, (step.year,))
    reader = step.source.open_year(step.year)
    values: list[float] = []

    def batches() -> Iterator[pa.RecordBatch]:
        # They may be read once more from the beginning.
        values.clear()
        rows = 0
        for batch in reader.batches():
            values.append(pc.sum(batch["value_kusd"], min_count=0).as_py())
            rows += batch.num_rows
            yield batch
        reader.accounting.require_kept(rows, step.settings.max_set_aside_share)

    def finish() -> dict[str, Any]:
        accounting = reader.accounting
        accounting.require_share(step.settings.max_rejected_share)
        step.metadata |= {"notes": step.source.notes, **accounting.summary(), "sum of value_kusd": math.fsum(values)}
        return accounting.to_json()

    return Stream(batches, finish)


@recipe(uses=_SOURCE, plugins=("sources",), outside=said_of_source, lineage=no_files)
def product_coverage(step: Step) -> pd.DataFrame:
    """Say product by product what the source holds, if that is not every flow in its nomenclature."""
    table = step.source.coverage()
    step.metadata |= {"notes": step.source.notes, "cut": table.loc[table["flows"] == "cut", "product"].tolist()}
    return table


@recipe(inputs=("raw_trade",))
def rejected_rows(step: Step) -> pd.DataFrame:
    """List the rows of a year that were not kept, by reason, with examples."""
    assert step.year is not None
    return Accounting.from_json(step.notes("raw_trade")).examples(step.year)


@recipe(inputs=("countries",), uses=("economies",), outside=grouping.identity)
def economies(step: Step) -> pd.DataFrame:
    """Give each of BACI's codes its economy."""
    countries = step.read("countries")
    groups = grouping.chosen_groups(step.settings, countries)
    step.metadata |= {
        "economies": step.settings.economies if groups else "every country is one",
        **{f"members_of_{group.code}": list(group.members) for group in groups},
    }
    return grouping.economies(countries, groups)


@recipe(inputs=("raw_trade", "economies"), kinds=_SQL)
def economy_members(step: Step) -> pd.DataFrame:
    """Say what each member of a merged economy trades outside it and inside it; empty if none is merged."""
    assert step.year is not None
    if not step.read("economies")["merged"].any():
        return ECONOMY_MEMBERS.empty()
    with step.duckdb() as connection:
        return totals.economy_members(connection, step.file("raw_trade"), step.file("economies"), step.year)


def _totals_identity(settings: Settings, year: int | None) -> dict[str, str]:
    source = open_source(settings)
    chosen = {"totals": all_goods.totals_basis(settings, source)}
    return said_of_source(settings, year) | chosen | all_goods.totals_files(settings, source)


@recipe(
    inputs=("raw_trade", "economies"),
    uses=(*_SOURCE, "totals", "check_without_total"),
    outside=_totals_identity,
    lineage=lambda settings, _: all_goods.totals_files(settings, open_source(settings)),
    kinds=_SQL,
)
def country_totals(step: Step) -> pd.DataFrame:
    """Give each economy its exports and imports over all products, and account for every row of raw trade."""
    assert step.year is not None
    raw, table = step.file("raw_trade"), step.file("economies")
    with step.duckdb() as connection:
        step.metadata |= totals.unaccounted_flows(connection, raw, table)
        made = totals.country_totals(connection, raw, table)
    goods = all_goods.all_goods(step.settings, step.source, step.year)
    # A year without any flow stays without totals: nothing was traded that they could measure.
    if goods is not None and len(made):
        traded = made
        made = all_goods.country_totals(step.year, traded["country"].tolist(), step.read("economies"), goods)
        step.metadata |= all_goods.coverage(traded, made)
    if len(made):
        step.pictures["picture"] = pictures.largest_traders(made)
    return made.assign(basis=all_goods.totals_basis(step.settings, step.source))


@recipe(
    inputs=("raw_trade", "economies", "nomenclature"),
    uses=_SOURCE,
    outside=said_of_source,
    lineage=no_files,
    kinds=_SQL,
)
def product_totals(step: Step) -> pd.DataFrame:
    """Sum world trade per product, and say how much of it is in products that the nomenclature does not have."""
    raw, table = step.file("raw_trade"), step.file("economies")
    with step.duckdb() as connection:
        summed = totals.product_totals(connection, raw, table, step.source.basis)
    step.metadata |= totals.outside_nomenclature(summed, step.read("nomenclature"))
    return summed


RECIPES = [
    countries,
    economies,
    nomenclature,
    raw_trade,
    rejected_rows,
    product_coverage,
    economy_members,
    country_totals,
    product_totals,
]
