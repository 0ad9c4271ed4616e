"""``reeassets monitor``: on whom an economy depends most, and the least that would have to move to others."""

from collections.abc import Iterable

import pandas as pd
from rich.console import Console
from rich.table import Table as RichTable

from reeassets.console.pair import asked_country, require_product, say_if_generated
from reeassets.indicators.dependence_schema import DEPENDENCY_MONITOR
from reeassets.indicators.monitor import judged
from reeassets.indicators.one_buyer import members_in, merged_flows
from reeassets.indicators.reallocation import WINDOW, reallocations
from reeassets.products.schema import CLASSIFIED_PRODUCTS, TRADE_FLOWS
from reeassets.report.labels import country_names, product_names, short_description
from reeassets.settings import STAGES, Settings
from reeassets.storage import TableStore
from reeassets.trade.economies import EU27_CODE, EU27_NAME
from reeassets.trade.schema import ECONOMIES
from reeassets.trade.served import require_served, served_years


def show_monitor(settings: Settings, country: str, product: str | None, year: int | None, console: Console) -> None:
    """Print an economy's largest suppliers by stage and product, and for one product the smallest reallocation.

    Parameters
    ----------
    settings : Settings
        Of the home that holds the tables; ``dependency_threshold`` is what shares are compared with.
    country : str
        Importing economy, or ``EUU``.
    product : str, optional
        By default all products of the set and their stages.
    year : int, optional
        By default the last year of the table ``dependency_monitor``.
    console : Console
        Where to.

    Raises
    ------
    MissingPartition
        If the table has not been made.
    ValueError
        If country, product or year are unknown, or nothing is imported.
    """
    store, threshold = TableStore(settings.tables_root), settings.dependency_threshold
    economies, products = store.read(ECONOMIES), store.read(CLASSIFIED_PRODUCTS)
    # Tells, too, why the EU is not shown where the run's economies cannot be taken apart.
    members = members_in(economies) if country.upper() == EU27_CODE else []
    country = EU27_CODE if members else asked_country(country, store, console)
    if product is not None:
        require_product(product, products)
    table = store.read(DEPENDENCY_MONITOR)
    at = _known_year(table, year)
    require_served(settings, store, [TRADE_FLOWS], at)
    rows = table[(table["country"] == country) & (table["year"] == at)]
    rows = rows if product is None else rows[rows["product"] == product]
    if rows.empty:
        raise ValueError(f"{country} imports nothing of {product or 'the set'} in {at}")
    say_if_generated(store, TRADE_FLOWS, at, console)
    names = country_names(economies) | {EU27_CODE: EU27_NAME}
    console.print(
        f"[bold]{country}[/bold] {names[country]}  {at}  benchmark: at most {threshold:.0%} from any one supplier",
        highlight=False,
        soft_wrap=True,
    )
    rows = judged(rows, threshold)
    console.print(_listing(rows, product_names(products), max(14, min(console.width - 66, 50))))
    if product is None:
        above, single = rows.loc[rows["product"].notna(), "above"], int(rows["product"].notna().sum())
        console.print(f"{int(above.sum())} of {single} products above the benchmark", highlight=False)
    _say_what_it_means(rows, console)
    if product is not None:
        flows = _flows(store, served_years(settings, store, TRADE_FLOWS), product, at, members)
        found = reallocations(flows, at, threshold, buyers=[country], least_imports=0.0)
        _show_reallocation(found, names, threshold, console)


def _known_year(table: pd.DataFrame, year: int | None) -> int:
    years = sorted(table["year"].unique())
    if not years:
        raise ValueError("the table dependency_monitor has no rows: nobody imports anything of the set")
    if year is not None and year not in years:
        raise ValueError(f"there is no year {year}; the table dependency_monitor has {', '.join(map(str, years))}")
    return int(years[-1] if year is None else year)


def _flows(store: TableStore, years: Iterable[int], product: str, year: int, members: list[str]) -> pd.DataFrame:
    parts = [store.read(TRADE_FLOWS, one) for one in years if year - WINDOW < one <= year]
    flows = pd.concat([part[part["product"] == product] for part in parts], ignore_index=True)
    return merged_flows(flows, members) if members else flows


def _listing(rows: pd.DataFrame, products: dict[str, str], width: int) -> RichTable:
    """List stages, each before its products, those with the largest share first."""
    grid = RichTable(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("", "from"):
        grid.add_column(title, no_wrap=True)
    for title in ("made", "low", "high", "bought", "supply", "", "trend", "years"):
        grid.add_column(title, justify="right", no_wrap=True)
    order = rows.assign(place=rows["stage"].map(STAGES.index), single=rows["product"].notna())
    order = order.sort_values(["place", "single", "ultimate_share"], ascending=[True, True, False])
    for row in order.to_dict("records"):
        of_stage = pd.isna(row["product"])
        code, above = row["product"], row["above"]
        what = f"all {row['stage']}" if of_stage else f"{code} {short_description(products[code], width)}"
        shares = ("ultimate_share", "ultimate_low", "ultimate_high", "direct_share", "ultimate_supply_share")
        grid.add_row(
            what,
            "?" if pd.isna(row["supplier"]) else row["supplier"],
            *("" if pd.isna(row[name]) else f"{row[name]:.1%}" for name in shares),
            "" if pd.isna(above) else "above" if above else "below",
            "" if pd.isna(row["trend"]) else f"{100 * row['trend']:+.1f}",
            "" if pd.isna(above) or not above else _years(row["years_to_benchmark"]),
            style="bold" if of_stage else None,
        )
    return grid


def _years(years: float) -> str:
    return "never" if pd.isna(years) else f"{years:.0f}" if years >= 1 else "<1"


def _say_what_it_means(rows: pd.DataFrame, console: Console) -> None:
    unlike = rows[rows["product"].notna() & (rows["above_direct"] != rows["above"].fillna(value=False).astype(bool))]
    for row in unlike.to_dict("records"):
        console.print(
            f"{row['product']}: by who sold it, {row['largest_seller']} with {row['largest_seller_share']:.1%}, it is "
            f"{'above' if row['above_direct'] else 'below'}",
            highlight=False,
            soft_wrap=True,
        )
    console.print(
        "[dim]from: the largest supplier; made: its share of imports, traced through re-exporters to the maker, low "
        "and high over no and full re-exports; bought: share bought from it; supply: share it made of imports and what "
        "is made at home; trend: percentage points a year over five years; years: to the benchmark at that trend[/dim]",
        highlight=False,
        soft_wrap=True,
    )


def _show_reallocation(found: pd.DataFrame, names: dict[str, str], threshold: float, console: Console) -> None:
    if found.empty:
        console.print(f"nobody sold more than {threshold:.0%}: nothing has to move", highlight=False)
        return
    case = found.iloc[0]
    console.print(
        f"smallest reallocation: {case['moved_kusd']:,.0f} of {case['imports_kusd']:,.0f} thousand US$, as "
        f"{case['largest_seller']} sold {case['largest_seller_share']:.1%}",
        highlight=False,
        soft_wrap=True,
    )
    if not case["possible"]:
        console.print(
            f"it cannot be done: others could give {case['capacity_kusd']:,.0f} more, {case['missing_kusd']:,.0f} "
            "are missing",
            highlight=False,
            soft_wrap=True,
        )
        return
    grid = RichTable(box=None, pad_edge=False)
    grid.add_column("takes over", no_wrap=True)
    for title in ("thousand US$", "free capacity", "US$ per kg", "additional cost"):
        grid.add_column(title, justify="right", no_wrap=True)
    for row in found.sort_values("taken_kusd", ascending=False).to_dict("records"):
        amounts = (row["taken_kusd"], row["capacity_kusd"])
        grid.add_row(
            f"{row['supplier']} {names[row['supplier']]:.24}",
            *(f"{amount:,.0f}" for amount in amounts),
            "" if pd.isna(row["unit_value_usd_kg"]) else f"{row['unit_value_usd_kg']:,.2f}",
            "" if pd.isna(row["additional_cost_kusd"]) else f"{row['additional_cost_kusd']:+,.0f}",
        )
    console.print(grid)
    console.print(
        "[dim]who could give most comes first; free capacity: largest exports of the last five years less those of the "
        "year. Orders move, not origins: an entrepot may take over[/dim]",
        highlight=False,
        soft_wrap=True,
    )
