"""What commands about a country and a product share: the year, whether both are known, that data are generated."""

from functools import partial

import pandas as pd
from rich.console import Console

from reeassets.console.countries import resolve_country
from reeassets.storage import TableStore
from reeassets.tables import Table
from reeassets.trade.contract import is_generated
from reeassets.trade.schema import COUNTRIES, ECONOMIES


def last_year(store: TableStore, table: Table) -> int:
    """Return the last year of a table that has been made; raises FileNotFoundError if none has."""
    years = store.years(table)
    if not years:
        raise FileNotFoundError(f"{store.root}: there is no table {table.name} yet; `reeassets run` makes it")
    return years[-1]


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
