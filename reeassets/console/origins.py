"""``reeassets origins``: who made what a country imports of a product, and through whose hands it came."""

import pandas as pd
from rich.console import Console
from rich.table import Table as RichTable

from reeassets.console.pair import asked_country, chosen_year, require_product, say_if_generated
from reeassets.indicators.schema import ORIGINS, product_indicators_table
from reeassets.products.schema import CLASSIFIED_PRODUCTS
from reeassets.report.labels import country_names, product_names, short_description
from reeassets.settings import Settings
from reeassets.storage import TableStore
from reeassets.trade.schema import ECONOMIES

_COLUMNS = {
    "direct_share": "bought from",
    "ultimate_share": "made by",
    "ultimate_low": "at least",
    "ultimate_high": "at most",
}


def show_origins(
    settings: Settings, country: str, product: str, year: int | None, console: Console, *, limit: int
) -> None:
    """Print direct and ultimate origins of a country's imports, the largest maker first.

    Parameters
    ----------
    settings : Settings
        Of the home that holds the tables.
    country, product : str
        The pair.
    year : int, optional
        By default the last year of the table ``origins``.
    console : Console
        Where to.
    limit : int
        Rows shown; the rest is one line.

    Raises
    ------
    MissingPartition
        If the year has not been made.
    ValueError
        If country or product are unknown, or the country imports nothing of the product.
    """
    store = TableStore(settings.tables_root)
    economies, products = store.read(ECONOMIES), store.read(CLASSIFIED_PRODUCTS)
    country = asked_country(country, store, console)
    require_product(product, products)
    table = product_indicators_table(settings)
    at = chosen_year(settings, store, [ORIGINS, table], year)
    pairs = store.read(table, at, ["country", "product", "imports_kusd", "origin_concentration"])
    own = pairs[(pairs["country"] == country) & (pairs["product"] == product)]
    if own.empty:
        raise ValueError(f"{country} does not trade {product} in {at}")
    row = own.iloc[0]
    if not row["imports_kusd"]:
        raise ValueError(
            f"{country} exports {product} and imports nothing of it in {at}: there are no origins to trace"
        )
    say_if_generated(store, ORIGINS, at, console)
    names = country_names(economies)
    of = short_description(product_names(products)[product], 60)
    head = f"[bold]{country}[/bold] {names[country]}  [bold]{product}[/bold] {of}  {at}"
    console.print(head, highlight=False, soft_wrap=True)
    console.print(f"imports of {row['imports_kusd']:,.0f} thousand US$", highlight=False)
    found = store.read(ORIGINS, at)
    found = found[(found["country"] == country) & (found["product"] == product)]
    console.print(_listing(found.sort_values(["ultimate_share", "origin"], ascending=[False, True]), names, limit))
    if pd.notna(row["origin_concentration"]):
        console.print(f"concentration of origins (HHI) {row['origin_concentration']:.3f}", highlight=False)
    console.print(
        "[dim]bought from: share of imports by seller; made by: with what entrepots re-export traced to its makers; at "
        "least and at most: over no and full re-exports. Shares above 0.5 %[/dim]",
        highlight=False,
        soft_wrap=True,
    )


def _listing(rows: pd.DataFrame, names: dict[str, str], limit: int) -> RichTable:
    grid = RichTable(box=None, pad_edge=False)
    grid.add_column("origin", no_wrap=True)
    for title in _COLUMNS.values():
        grid.add_column(title, justify="right", no_wrap=True)
    for row in rows.head(limit).to_dict("records"):
        grid.add_row(f"{row['origin']} {names[row['origin']]:.24}", *(f"{row[name]:.1%}" for name in _COLUMNS))
    rest = rows.iloc[limit:]
    if len(rest):
        sums = (f"{rest[name].sum():.1%}" if name in ("direct_share", "ultimate_share") else "" for name in _COLUMNS)
        grid.add_row(f"{len(rest)} more", *sums, style="dim")
    return grid
