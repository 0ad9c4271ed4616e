"""``reeassets shock``: what a cut in exports costs whom, solved on a year of the warehouse."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table as RichTable

from reeassets.console.countries import code_of
from reeassets.console.warehouse import generated_notice, open_warehouse
from reeassets.indicators import inputs
from reeassets.indicators.hazards import NOBODY
from reeassets.products import sets
from reeassets.settings import Settings
from reeassets.shocks.impacts import aggregate, impact_frame, solve_shock
from reeassets.shocks.scenario import Scenario, ScenarioError, read_scenarios, scenario_files
from reeassets.shocks.shock import Shock, resolve
from reeassets.years import format_years

_CODES_SHOWN = 6


def scenario_of(given: Mapping[str, Any]) -> Scenario:
    """Make a scenario of what was given on the command line; options that were not given are None.

    Raises
    ------
    ScenarioError
        If something is missing or out of range, naming the option.
    """
    fields = {"name": "command_line", "title": "As given on the command line", **given}
    if fields.get("suppliers") is not None:
        fields["suppliers"] = fields["suppliers"].upper()
    try:
        return Scenario.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as problem:
        # The field of the scenario is `suppliers`, the option `--supplier`.
        options = {"suppliers": "--supplier"}
        reasons = [
            (f"{options.get(str(error['loc'][0]), '--' + str(error['loc'][0]))}: " if error["loc"] else "")
            + error["msg"].removeprefix("Value error, ")
            for error in problem.errors()
        ]
        raise ScenarioError("; ".join(reasons)) from problem


def shock_and_report(
    settings: Settings, given: Mapping[str, Any], path: Path | None, console: Console, *, limit: int
) -> None:
    """Solve one scenario from the command line, or those of a file, and print who loses most.

    Raises
    ------
    ScenarioError
        If the scenario is not in order, or names a supplier, product or year that the data do not have.
    FileNotFoundError
        If there is no warehouse yet.
    """
    if path is None:
        scenarios = [scenario_of(given)]
    else:
        surplus = [name for name, value in given.items() if value is not None]
        if surplus:
            raise ScenarioError(f"--file says it all; {', '.join(surplus)} cannot be given beside it")
        scenarios = [each for file in scenario_files(path) for each in read_scenarios(file)]
    with open_warehouse(settings) as connection:
        notice = generated_notice(connection)
        if notice:
            console.print(notice, style="bold yellow", highlight=False, soft_wrap=True)
        for scenario in scenarios:
            _print(_with_codes(scenario, connection, console), settings, connection, console, limit)


def _with_codes(scenario: Scenario, connection: duckdb.DuckDBPyConnection, console: Console) -> Scenario:
    """Return a scenario with the codes that the data have for its suppliers; those of nobody stay as they are."""
    economies, countries = (connection.execute(f"select * from {of}").df() for of in ("economies", "countries"))  # noqa: S608
    say = partial(console.print, style="yellow", markup=False, highlight=False, soft_wrap=True)
    suppliers = {code_of(one, economies, countries, say) or one for one in scenario.suppliers}
    return scenario.model_copy(update={"suppliers": tuple(sorted(suppliers))})


def _year(scenario: Scenario, settings: Settings, connection: duckdb.DuckDBPyConnection) -> int:
    rows = connection.execute("select distinct year from country_totals order by year").fetchall()
    years = [int(year) for (year,) in rows]
    year = scenario.year or settings.shock_year or max(years)
    if year not in years:
        raise ScenarioError(f"{scenario.place}: year: the warehouse has no {year}; it has {format_years(years)}")
    return year


def _print(
    scenario: Scenario, settings: Settings, connection: duckdb.DuckDBPyConnection, console: Console, limit: int
) -> None:
    year = _year(scenario, settings, connection)

    def of_year(table: str) -> pd.DataFrame:
        whole = f"select * from {table}"  # noqa: S608  (names of ours)
        if table in ("io_links", "reexport_shares"):
            return connection.execute(whole).df()
        return connection.execute(f"{whole} where year = ?", [year]).df()

    flows = of_year("trade_flows")
    classified = connection.execute("select * from classified_products").df()
    members = sets.members(classified)
    shock = resolve(scenario, year, flows, members, settings)
    # A shock does not look at hazards.
    network = inputs.network_of(of_year, settings, NOBODY)
    impacts = impact_frame(shock, network, solve_shock(shock, network), sets.stages(classified))
    _print_head(shock, flows, settings.pass_through, console)
    _print_countries(shock, impacts, console, limit)


def _print_head(shock: Shock, flows: pd.DataFrame, pass_through: float, console: Console) -> None:
    codes = ", ".join(shock.products[:_CODES_SHOWN])
    more = len(shock.products) - _CODES_SHOWN
    row = shock.row(flows).iloc[0]
    world = flows.loc[flows["product"].isin(shock.products), "value_kusd"].sum()
    of_world = f", {row['cut_kusd'] / world:.1%} of world trade in them" if world else ""
    growth = f"grow by {shock.capacity:.1%}: {shock.substitution:.1%} a year for {shock.duration:g} years"
    lines = (
        f"[bold]{shock.scenario}[/bold]  {shock.title}",
        f"suppliers  {', '.join(shock.suppliers)}, {shock.year}",
        f"products   {codes}{f' and {more} more' if more > 0 else ''}",
        f"cut        {shock.cut:.1%} of {_millions(row['exports_kusd'])} million US$ of exports: "
        f"{_millions(row['cut_kusd'])} million US${of_world}",
        f"others     {growth if shock.capacity else 'do not grow: no substitution'}",
        f"passed on  {pass_through:.0%} of every loss",
    )
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
    console.print()


def _millions(kusd: float) -> str:
    return f"{kusd / 1e3:,.1f}"


def _print_countries(shock: Shock, impacts: pd.DataFrame, console: Console, limit: int) -> None:
    """Print the countries with the largest losses in US$, and what the columns say."""
    within = impacts["product"].isin(shock.products)
    losing = aggregate(impacts[within], ["country"]).set_index("country")
    beyond = aggregate(impacts[~within], ["country"]).set_index("country")["loss_kusd"]
    table = pd.concat([losing, beyond.rename("beyond_kusd")], axis=1).fillna(0.0).rename_axis("country")
    table["all_kusd"] = table["loss_kusd"] + table["beyond_kusd"]
    affected = table[table["all_kusd"] > 0].reset_index().sort_values(["all_kusd", "country"], ascending=[False, True])
    if affected.empty:
        console.print("Nobody loses anything.")
        return
    grid = RichTable(box=None, pad_edge=False)
    for heading in ("country", "supply", "direct", "trade", "links", "loss", "loss", "elsewhere"):
        grid.add_column(heading, justify="left" if heading == "country" else "right", no_wrap=True)
    grid.add_row("[dim]ISO3", "[dim]million US$", *["[dim]%"] * 4, *["[dim]million US$"] * 2)
    for row in affected.head(limit).to_dict("records"):
        shares = [f"{100 * row[way]:.1f}" for way in ("direct_loss", "trade_loss", "link_loss", "loss")]
        amounts = [_millions(row[name]) for name in ("loss_kusd", "beyond_kusd")]
        grid.add_row(row["country"], _millions(row["supply_kusd"]), *shares, *amounts)
    console.print(grid)
    console.print(f"{min(limit, len(affected))} of {len(affected)} countries that lose", style="dim", highlight=False)
    first = affected.iloc[0]
    supply = f"{_millions(first['supply_kusd'])} million US$ of supply (imports and what is made at home)"
    console.print(
        f"How to read it: {first['country']} loses {first['loss']:.1%} of its {supply} "
        f"of the products cut: {first['direct_loss']:.1%} is not delivered by "
        f"those who cut, {first['trade_loss']:.1%} by countries that now export less, {first['link_loss']:.1%} is "
        f"not made for want of inputs. In products that are not cut it loses {_millions(first['beyond_kusd'])} million "
        "US$. Definitions and limits: docs/SHOCKS.md.",
        highlight=False,
    )
    console.print()
