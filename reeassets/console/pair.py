"""What commands about a country and a product share: the year, whether both are known, that data are generated."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
from rich.console import Console

from reeassets.console.countries import resolve_country
from reeassets.settings import Settings
from reeassets.storage import MissingPartition, TableStore
from reeassets.tables import Table
from reeassets.trade.contract import is_generated
from reeassets.trade.schema import COUNTRIES, ECONOMIES
from reeassets.trade.served import require_served, served_years


def chosen_year(settings: Settings, store: TableStore, tables: Sequence[Table], year: int | None) -> int:
    """Return a year that all of these tables have of the home's present data, by default the last.

    Raises
    ------
    MissingPartition
        If the year, or any year, is not there; names those that are.
    """
    if year is None:
        common = set.intersection(*(set(served_years(settings, store, table)) for table in tables))
        if not common:
            made = set.intersection(*(set(store.years(table)) for table in tables))
            if made:
                # Says of what else they are.
                require_served(settings, store, tables, max(made))
            raise MissingPartition(f"{store.root}: there is no table {tables[0].name} yet; `reeassets run` makes it")
        return max(common)
    require_served(settings, store, tables, year)
    return year


def asked_country(country: str, store: TableStore, console: Console) -> str:
    """Return the economy that a person means, and say so if it has another code; raise ValueError if there is none."""
    say = partial(console.print, style="yellow", markup=False, highlight=False, soft_wrap=True)
    return resolve_country(country, store.read(ECONOMIES), store.read(COUNTRIES), say)


def require_product(product: str, products: pd.DataFrame) -> None:
    """Raise ValueError for a product that is not in the set."""
    members = products.loc[products["in_set"], "product"]
    if product not in set(members):
        raise ValueError(f"product {product!r} is not in the set; it has {', '.join(sorted(members))}")


def say_if_generated(store: TableStore, table: Table, year: int, console: Console) -> None:
    """Print what the source says of itself if its data are generated."""
    recorded = store.provenance(table, year)
    if recorded is not None and is_generated(recorded.source_version):
        console.print(recorded.source_version, style="bold yellow", highlight=False, soft_wrap=True)
