"""``reeassets explain``: where the risk of a country in a product comes from."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
from rich.console import Console
from rich.table import Table as RichTable

from reeassets.console.pair import asked_country, chosen_year, require_product, say_if_generated
from reeassets.indicators import inputs
from reeassets.indicators.explain import DIRECT, HIGHER, INPUTS, SECOND, SUPPLIERS_INPUTS, Explanation, explain
from reeassets.indicators.schema import PRODUCTION, REEXPORT_SHARES, product_indicators_table
from reeassets.networks.schema import IO_LINKS
from reeassets.products.schema import CLASSIFIED_PRODUCTS, TRADE_FLOWS
from reeassets.report.labels import country_names, product_names, short_description
from reeassets.settings import Settings
from reeassets.storage import TableStore
from reeassets.trade.schema import COUNTRY_TOTALS, ECONOMIES, ECONOMY_MEMBERS

_TABLES = {
    table.name: table for table in (TRADE_FLOWS, COUNTRY_TOTALS, IO_LINKS, ECONOMY_MEMBERS, REEXPORT_SHARES, PRODUCTION)
}
_REPORTED = ("systemic_trade_risk", "multi_tier_risk")
# The parts and the table are solved separately, each to 1e-13 of a right-hand side of at most 1.
_AGREEMENT = 1e-9
_HEADINGS = {"value_kusd": "value", "import_share": "of imports", "supply_share": "of supply"}
Format = Callable[[float], str]


def _share(value: float) -> str:
    return f"{value:.1%}"


def _risk(value: float) -> str:
    return f"{value:.5f}"


def _hazard(value: float) -> str:
    return f"{value:.3f}"


def _money(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def explain_pair(
    settings: Settings, country: str, product: str, year: int | None, console: Console, *, limit: int
) -> None:
    """Print suppliers, second-order paths, inputs, and how the parts sum to the reported risk.

    Parameters
    ----------
    settings : Settings
        Of the home that holds the tables.
    country, product : str
        The pair.
    year : int, optional
        By default the last year of ``product_indicators``.
    console : Console
        Where to.
    limit : int
        Rows of each list; the rest is one line.

    Raises
    ------
    MissingPartition
        If the year has not been made.
    ValueError
        If country or product are unknown or do not trade, or the table was made under other settings.
    """
    store = TableStore(settings.tables_root)
    table = product_indicators_table(settings)
    yearly = [of for of in _TABLES.values() if of.by_year]
    at = chosen_year(settings, store, [table, *yearly], year)
    stored = store.read(table, at).set_index(["country", "product"])
    economies, products = store.read(ECONOMIES), store.read(CLASSIFIED_PRODUCTS)
    country = asked_country(country, store, console)
    require_product(product, products)
    network = inputs.network_of(lambda name: store.read(_TABLES[name], at if _TABLES[name].by_year else None), settings)
    found = explain(network, country, product)
    reported = {name: float(stored.loc[(country, product), name]) for name in _REPORTED}
    if max(abs(reported[name] - getattr(found, name)) for name in _REPORTED) > _AGREEMENT:
        raise ValueError(
            f"product_indicators of {at} was made under other settings or from other tables; `reeassets run` renews it"
        )
    say_if_generated(store, table, at, console)
    _print(found, country_names(economies), product_names(products), reported, console, limit)


def _print(
    found: Explanation,
    countries: Mapping[str, str],
    products: Mapping[str, str],
    reported: Mapping[str, float],
    console: Console,
    limit: int,
) -> None:
    of = short_description(products[found.product], 60)
    _say(
        console,
        f"[bold]{found.country}[/bold] {countries[found.country]}  [bold]{found.product}[/bold] {of}",
        found.year,
    )
    _say(
        console,
        f"imports {_money(found.imports)}, exports {_money(found.exports)}, made at home {_money(found.domestic)} "
        f"(thousand US$); hazard {found.hazard_name}, {found.pass_through:.0%} of a loss is passed on\n",
    )
    _print_suppliers(found, countries, console, limit)
    _print_paths(found, console, limit)
    _print_inputs(found, products, console, limit)
    console.print(_sum(found, reported))


def _say(console: Console, *words: object) -> None:
    console.print(*words, highlight=False, soft_wrap=True)


def _print_suppliers(found: Explanation, countries: Mapping[str, str], console: Console, limit: int) -> None:
    if found.suppliers.empty:
        _say(console, "Suppliers: none; nothing is imported\n")
        return
    rows = found.suppliers.assign(who=[f"{code} {countries[code]:.18}" for code in found.suppliers["supplier"]])
    # Columns are narrow enough for a terminal of 80.
    shown = {"value_kusd": _money, "import_share": _share, "supply_share": _share, "hazard": _hazard}
    columns = shown | {"direct": _risk, "behind": _risk}
    console.print(_listing("Suppliers", rows, columns, [name for name in columns if name != "hazard"], limit))
    _say(
        console,
        "[dim]direct = share of supply x hazard; "
        "behind = passed on x share of supply x (1 - hazard) x the supplier's own risk[/dim]\n",
    )


def _print_paths(found: Explanation, console: Console, limit: int) -> None:
    if found.paths.empty:
        _say(console, "Suppliers' suppliers: none; the suppliers import nothing\n")
        return
    rows = found.paths.assign(who=found.paths["behind"] + " -> " + found.paths["supplier"] + " -> " + found.country)
    columns = {"share": _share, "hazard": _hazard, "contribution": _risk}
    console.print(_listing("Suppliers' suppliers", rows, columns, ("share", "contribution"), limit))
    _say(
        console,
        "[dim]share = of supply through both, as far as the second does not fail itself; "
        "contribution = passed on x share x hazard of the first[/dim]\n",
    )


def _print_inputs(found: Explanation, products: Mapping[str, str], console: Console, limit: int) -> None:
    if found.inputs.empty:
        _say(console, "Inputs: no link of the network leads here from a product that the country trades\n")
        return
    rows = found.inputs.assign(
        who=[f"{code} {short_description(products[code], 36)}" for code in found.inputs["input"]]
    )
    columns = {"weight": _hazard, "risk": _risk, "contribution": _risk}
    console.print(_listing("Inputs", rows, columns, ("weight", "contribution"), limit))
    own = _share(found.domestic / found.supply)
    _say(
        console,
        f"[dim]contribution = passed on x share made at home ({own}) x weight x own risk in the input[/dim]\n",
    )


def _listing(
    title: str, rows: pd.DataFrame, columns: Mapping[str, Format], summed: Sequence[str], limit: int
) -> RichTable:
    """Lay the first rows out by ``who``, with a line for the rest and one for the sum."""
    grid = RichTable(title=title, title_justify="left", box=None, pad_edge=False)
    grid.add_column("", no_wrap=True)
    for name in columns:
        grid.add_column(_HEADINGS.get(name, name), justify="right", no_wrap=True)
    for row in rows.head(limit).to_dict("records"):
        grid.add_row(str(row["who"]), *(show(row[name]) for name, show in columns.items()))
    rest = rows.iloc[limit:]

    def summary(label: str, of: pd.DataFrame) -> None:
        cells = (show(of[name].sum()) if name in summed else "" for name, show in columns.items())
        grid.add_row(label, *cells, style="dim")

    if len(rest):
        summary(f"{len(rest)} more", rest)
    summary("sum", rows)
    return grid


def _sum(found: Explanation, reported: Mapping[str, float]) -> RichTable:
    grid = RichTable(title="Sum", title_justify="left", box=None, pad_edge=False, show_header=False)
    grid.add_column("", no_wrap=True)
    grid.add_column("", justify="right", no_wrap=True)
    grid.add_column("", no_wrap=True, style="dim")

    def part(name: str) -> None:
        grid.add_row(f"  {name}", f"{found.parts[name]:.9f}")

    def total(name: str, value: float) -> None:
        grid.add_row(f"= {name}", f"{value:.9f}", f"in the table {reported[name]:.9f}")

    for name in (DIRECT, SECOND, HIGHER):
        part(name)
    total("systemic_trade_risk", found.sum_of_orders)
    for name in (INPUTS, SUPPLIERS_INPUTS):
        part(name)
    total("multi_tier_risk", found.sum_of_parts)
    return grid
