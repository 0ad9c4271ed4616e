"""Assets of the stage ``trade``."""

import pandas as pd

from reeassets.platform.recipe import Step, recipe
from reeassets.settings import Settings
from reeassets.trade import totals
from reeassets.trade.nomenclature import nomenclature as read_nomenclature
from reeassets.trade.nomenclature import nomenclature_file
from reeassets.trade.sources import open_source, require_years

_SOURCE = ("source", "data")
_SQL = frozenset({"duckdb", "parquet"})


def _source_files(settings: Settings) -> list:
    return open_source(settings).files()


@recipe(uses=_SOURCE, plugins=("sources",), files=_source_files)
def countries(step: Step) -> pd.DataFrame:
    """Read the source's country table."""
    return step.source.countries()


@recipe(uses=_SOURCE, files=lambda settings: [nomenclature_file(open_source(settings).nomenclature)])
def nomenclature(step: Step) -> pd.DataFrame:
    """Read the revision of the Harmonized System that the source is written in."""
    return read_nomenclature(step.source.nomenclature)


@recipe(uses=_SOURCE, plugins=("sources",), files=_source_files)
def raw_trade(step: Step) -> pd.DataFrame:
    """Read a year from the source."""
    assert step.year is not None
    require_years(step.source, (step.year,))
    step.metadata["notes"] = step.source.notes
    return step.source.raw_trade(step.year)


@recipe(inputs=("raw_trade", "countries"), uses=_SOURCE, kinds=_SQL)
def country_totals(step: Step) -> pd.DataFrame:
    """Sum exports and imports per country, and account for every row of raw trade."""
    raw, table = step.file("raw_trade"), step.file("countries")
    with step.duckdb() as connection:
        step.metadata |= totals.unaccounted_flows(connection, raw, table)
        return totals.country_totals(connection, raw, table, step.source.basis)


@recipe(inputs=("raw_trade", "countries"), uses=_SOURCE, kinds=_SQL)
def product_totals(step: Step) -> pd.DataFrame:
    """Sum world trade per product."""
    with step.duckdb() as connection:
        return totals.product_totals(connection, step.file("raw_trade"), step.file("countries"), step.source.basis)


RECIPES = [countries, nomenclature, raw_trade, country_totals, product_totals]
