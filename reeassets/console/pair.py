"""What commands about a country and a product share: the year, whether both are known, that data are generated."""

from collections.abc import Sequence

import pandas as pd
from rich.console import Console

from reeassets.settings import Settings
from reeassets.storage import MissingPartition, TableStore
from reeassets.tables import Table
from reeassets.trade.contract import is_generated
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
            raise MissingPartition(f"{store.root}: there is no table {tables[0].name} yet; `reeassets run` makes it")
        return max(common)
    require_served(settings, store, tables, year)
    return year


def require_known(country: str, product: str, economies: pd.DataFrame, products: pd.DataFrame) -> None:
    """Raise ValueError for a country that is no economy or a product that is not in the set."""
    require_economy(country, economies)
    require_product(product, products)


def require_economy(country: str, economies: pd.DataFrame) -> None:
    """Raise ValueError for a country that is no economy."""
    if country not in set(economies["economy"]):
        merged = economies.loc[economies["country"] == country, "economy"]
        if len(merged):
            raise ValueError(f"{country} is a member of the economy {merged.iloc[0]}; ask for {merged.iloc[0]}")
        known = ", ".join(sorted(set(economies["economy"])))
        raise ValueError(f"there is no country {country!r}; codes are ISO3, e.g. DEU; there are {known}")


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
