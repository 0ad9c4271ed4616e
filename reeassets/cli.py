"""``reeassets``: the command line. One function per command; what they do is in the package."""

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reeassets import __version__
from reeassets.console.options import PATH, WORD, Home, UsageError, settings_of
from reeassets.home import home_path, variable

app = typer.Typer(
    name="reeassets",
    help="Rare-earth trade dependencies as Dagster assets: networks, indicators, clusters and RCA models.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
out = Console()
err = Console(stderr=True)
_LITTLE_DISK = 1 << 20


@app.command(
    epilog="Example: [bold]reeassets run --years 2015-2023[/bold]   computes nine years of the sample",
)
def run(
    source: Annotated[
        str | None, typer.Option(help="Source of raw trade; see `reeassets plugins`. Default: sample")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="File or folder that the source reads", **PATH)] = None,
    years: Annotated[
        str | None,
        typer.Option(help="Years, e.g. 2010,2015-2017. Default: those of 2007-2023 in the data, or all if none is"),
    ] = None,
    product_set: Annotated[
        str | None, typer.Option(help="Product set; see `reeassets plugins`. Default: critical33")
    ] = None,
    economies: Annotated[
        str | None, typer.Option(help="countries, eu27, or a CSV file of groups (economy,iso3). Default: countries")
    ] = None,
    home: Home = None,
    until: Annotated[
        str | None, typer.Option(help="Stop after this stage, e.g. indicators: a year is in, and results can wait")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make everything again, current or not")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be made and why, and make nothing")
    ] = False,
) -> None:
    """Make everything that is out of date, from raw trade to findings, warehouse and report.

    What is given here is remembered in settings.toml of the home. Exit status 0 only if every blocking check passed.
    """
    settings = settings_of(home, source=source, data=data, years=years, product_set=product_set, economies=economies)
    if dry_run:
        from reeassets.console.plan import show_plan

        raise typer.Exit(show_plan(settings, out, force=force, until=until))
    from reeassets.console.run import run_and_report

    raise typer.Exit(run_and_report(settings, out, force=force, until=until))


@app.command(epilog="Example: [bold]reeassets plan[/bold]   after a change in settings.toml")
def plan(
    home: Home = None,
    until: Annotated[str | None, typer.Option(help="Look no further than this stage")] = None,
) -> None:
    """Say what `reeassets run` would make, for which years, and why; make nothing."""
    from reeassets.console.plan import show_plan

    raise typer.Exit(show_plan(settings_of(home), out, force=False, until=until))


fetch = typer.Typer(help="Download trade data.", no_args_is_help=True)
app.add_typer(
    fetch, name="fetch", epilog="Example: [bold]reeassets fetch baci --nomenclature HS07 --version V202601[/bold]"
)


@fetch.command("baci", epilog="Example: [bold]reeassets fetch baci --nomenclature HS07 --version V202601[/bold]")
def fetch_baci(
    nomenclature: Annotated[str, typer.Option(help="Revision of the Harmonized System, HS92 to HS22")] = "HS07",
    version: Annotated[str, typer.Option(help="Release of BACI")] = "V202601",
    to: Annotated[Path, typer.Option(help="Folder to put the archive into", **PATH)] = Path("downloads"),
    base_url: Annotated[str | None, typer.Option(help="Where the archives are; by default CEPII's server")] = None,
) -> None:
    """Download CEPII's archive of one revision, or verify the one that is there."""
    from reeassets.console.fetch import fetch_baci as download

    raise typer.Exit(download(nomenclature, version, to, base_url, out))


@app.command(
    epilog="Example: [bold]reeassets world --out world.zip --years 2018-2023 --rows-per-year 1000000 --seed 1[/bold]"
)
def world(
    out_file: Annotated[
        Path, typer.Option("--out", help="Archive to write, ending in .zip; its truth goes beside it", **PATH)
    ] = Path("world.zip"),
    years: Annotated[str, typer.Option(help="Consecutive years, e.g. 2007-2023")] = "2007-2023",
    countries: Annotated[int, typer.Option(help="Countries, 12 to 230")] = 230,
    products: Annotated[
        int, typer.Option(help="Products of HS 2007; with fewer than 504, a third are of the set")
    ] = 5000,
    rows_per_year: Annotated[int, typer.Option(help="Flows a year, kept within 2 %")] = 11_000_000,
    seed: Annotated[int, typer.Option(help="Seed: the same gives the same bytes")] = 1,
    effect: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE, e.g. risk.input=0, or plain; may be repeated; see docs/WORLD.md"),
    ] = None,
) -> None:
    """Write a GENERATED archive in CEPII's format, with planted effects and their truth."""
    from reeassets.console.world import generate

    generate(out_file.expanduser().absolute(), years, countries, products, rows_per_year, seed, effect or [], out)


@app.command(epilog="Example: [bold]reeassets ui --port 3000[/bold]   then open http://127.0.0.1:3000")
def ui(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1")] = 3000,
    home: Home = None,
) -> None:
    """Start Dagster's UI with the platform's code location, on this machine only.

    The UI has no password: it listens on 127.0.0.1 and nothing else.
    """
    settings = settings_of(home)
    from reeassets.platform.instance import dagster_home, workspace_file

    folder = dagster_home(settings.home)
    workspace = workspace_file(folder)
    os.environ["REEASSETS_HOME"] = str(settings.home)
    out.print(f"Dagster UI on http://127.0.0.1:{port}/asset-groups   (home {settings.home}, records {folder})")
    # A shell lets what it starts in the background ignore Ctrl-C, and Dagster would then ignore being terminated, too.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    command = ["dagster", "dev", "-w", str(workspace), "-h", "127.0.0.1", "-p", str(port)]
    os.execv(sys.executable, [sys.executable, "-m", *command])  # noqa: S606  (the UI takes this process's place, so that Ctrl-C reaches it)


@app.command(epilog="Example: [bold]reeassets tables product_indicators[/bold]")
def tables(
    name: Annotated[str | None, typer.Argument(help="Show the columns of this table only")] = None,
    home: Home = None,
) -> None:
    """List the tables: rows, years, and columns with their meaning."""
    from reeassets.console.tables import list_tables

    list_tables(settings_of(home), name, out)


@app.command(
    epilog="Example: [bold]reeassets show product_indicators --year 2023 --country DEU --product 850511[/bold]"
)
def show(
    table: Annotated[str, typer.Argument(help="Name of a table; see `reeassets tables`")],
    year: Annotated[int | None, typer.Option(help="Only this year")] = None,
    country: Annotated[
        str | None, typer.Option(help="Only this country (ISO3), on either side of a flow", **WORD)
    ] = None,
    product: Annotated[
        str | None, typer.Option(help="Only this product (six digits), on either side of a link", **WORD)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows at the most")] = 20,
    csv: Annotated[bool, typer.Option("--csv", help="All matching rows as CSV on standard output")] = False,
    home: Home = None,
) -> None:
    """Show rows of a table of the warehouse."""
    from reeassets.console.tables import show_rows

    filters = {"year": year, "country": country, "product": product}
    show_rows(settings_of(home), table, filters, out, limit=None if csv else limit, csv=csv)


@app.command(
    epilog="Example: [bold]reeassets shock --supplier CHN --products 850511 --cut 1.0 --year 2023[/bold]",
)
def shock(
    supplier: Annotated[str | None, typer.Option(help="Who cuts: ISO3 codes, separated by commas", **WORD)] = None,
    products: Annotated[
        str | None, typer.Option(help="What is cut: six-digit codes, separated by commas", **WORD)
    ] = None,
    stages: Annotated[str | None, typer.Option(help="Or whole stages: upstream, input, final", **WORD)] = None,
    cut: Annotated[float | None, typer.Option(help="Share of these exports that stops, 0 to 1")] = None,
    year: Annotated[int | None, typer.Option(help="Year of the network. Default: the latest")] = None,
    substitution: Annotated[
        float | None, typer.Option(help="Share of their exports by which other suppliers can grow per year. Default: 0")
    ] = None,
    duration: Annotated[float | None, typer.Option(help="Years they have had to grow. Default: 1")] = None,
    file: Annotated[
        Path | None, typer.Option(help="YAML file of scenarios instead; see docs/SHOCKS.md", **PATH)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Countries at the most")] = 15,
    home: Home = None,
) -> None:
    """Ask what everybody loses if suppliers cut exports, with the losses along trade and input-output links."""
    given = {
        "suppliers": supplier,
        "products": products,
        "stages": stages,
        "cut": cut,
        "year": year,
        "substitution": substitution,
        "duration": duration,
    }
    from reeassets.console.shock import shock_and_report

    shock_and_report(settings_of(home), given, file, out, limit=limit)


@app.command(epilog="Example: [bold]reeassets explain DEU 850511 --year 2023[/bold]")
def explain(
    country: Annotated[str, typer.Argument(help="Country (ISO3), or an economy's code")],
    product: Annotated[str, typer.Argument(help="Product of the set, six digits")],
    year: Annotated[int | None, typer.Option(help="Year. Default: the last one that has been made")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows of each list; the rest is one line")] = 10,
    home: Home = None,
) -> None:
    """Show where the risk of a country in a product comes from: suppliers, their suppliers, inputs, and the sum."""
    from reeassets.console.explain import explain_pair

    explain_pair(settings_of(home), country, product, year, out, limit=limit)


@app.command(epilog="Example: [bold]reeassets origins DEU 850511 --year 2023[/bold]")
def origins(
    country: Annotated[str, typer.Argument(help="Importing country (ISO3), or an economy's code")],
    product: Annotated[str, typer.Argument(help="Product of the set, six digits")],
    year: Annotated[int | None, typer.Option(help="Year. Default: the last one that has been made")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows shown; the rest is one line")] = 10,
    home: Home = None,
) -> None:
    """Show who made what a country imports of a product: traced through re-exporting countries, with bounds."""
    from reeassets.console.origins import show_origins

    show_origins(settings_of(home), country, product, year, out, limit=limit)


@app.command(epilog="Example: [bold]reeassets monitor EUU 850511 --year 2023[/bold]")
def monitor(
    country: Annotated[str, typer.Argument(help="Importing economy (ISO3), or EUU for the EU as one buyer")],
    product: Annotated[
        str | None, typer.Argument(help="Product of the set, six digits: with the smallest reallocation")
    ] = None,
    year: Annotated[int | None, typer.Option(help="Year. Default: the last one that has been made")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Benchmark, between 0 and 1. Default: the setting dependency_threshold, 0.65")
    ] = None,
    home: Home = None,
) -> None:
    """Show on whom an economy depends most, above or below a benchmark, and the least that would have to move."""
    from reeassets.console.monitor import show_monitor

    show_monitor(settings_of(home, dependency_threshold=threshold), country, product, year, out)


@app.command(epilog="Example: [bold]reeassets graphml 2023 network.graphml[/bold]")
def graphml(
    year: Annotated[int, typer.Argument(help="Year of the tiered network")],
    path: Annotated[Path, typer.Argument(help="File to write", **PATH)],
    home: Home = None,
) -> None:
    """Write the tiered network of a year as GraphML, for Gephi, Cytoscape or igraph."""
    settings = settings_of(home)
    from reeassets.networks.graph import is_graphml, load, write_graphml
    from reeassets.outputs import output_file
    from reeassets.storage import replacing

    target = output_file(path, "GraphML", is_graphml)
    graph = load(year, settings.home)
    with replacing(target) as temporary:
        write_graphml(graph, temporary)
    out.print(f"{path}: {graph.number_of_nodes():,} nodes, {graph.number_of_edges():,} edges")


products = typer.Typer(help="Votes on products and on links, with their reasons.", no_args_is_help=True)
app.add_typer(products, name="products", epilog="Example: [bold]reeassets products votes 850511[/bold]")
_CODE = typer.Argument(help="Product, six digits of HS 2007")


@products.command(
    "classify", epilog="Example: [bold]reeassets products classify[/bold]   needs no key: votes are recorded"
)
def products_classify(
    classifiers: Annotated[
        str | None, typer.Option(help="Classifiers whose voters vote together, separated by commas. Default: recorded")
    ] = None,
    home: Home = None,
) -> None:
    """Collect the votes on every code of HS 2007 and choose the reference set."""
    settings = settings_of(home, classifiers=classifiers)
    from reeassets.console.products import classify

    raise typer.Exit(classify(settings, out))


@products.command("votes", epilog="Example: [bold]reeassets products votes 850511[/bold]")
def products_votes(product: Annotated[str, _CODE], home: Home = None) -> None:
    """Show every vote on a code with its reason, the majority, and what lists and keywords say."""
    from reeassets.console.products import show_votes

    show_votes(settings_of(home), product, out)


@products.command("disagreements", epilog="Example: [bold]reeassets products disagreements --field stage[/bold]")
def products_disagreements(
    field: Annotated[str | None, typer.Option(help="is_ree, stage, application or elements")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows at the most")] = 30,
    home: Home = None,
) -> None:
    """Show how far the voters agree, field by field, and what they disagree on."""
    from reeassets.console.products import show_disagreements

    show_disagreements(settings_of(home), field, limit, out)


@products.command("explain", epilog="Example: [bold]reeassets products explain 280530 850511[/bold]")
def products_explain(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="Product that goes in, six digits")],
    target: Annotated[str, typer.Argument(metavar="OUTPUT", help="Product that is made, six digits")],
    picture: Annotated[Path | None, typer.Option(help="Write the scatter as a PNG, too", **PATH)] = None,
    home: Home = None,
) -> None:
    """Show the votes on a link with their reasons, the test on trade, and the countries behind it."""
    from reeassets.console.products import explain_link

    explain_link(settings_of(home), source, target, out, picture)


@app.command(epilog="Example: [bold]reeassets accept --home var[/bold]")
def accept(home: Home = None) -> None:
    """Accept the product set as it is classified now: the check `set_unchanged` warns of every later change."""
    settings = settings_of(home)
    from reeassets.console.accept import accept_products

    accept_products(settings, out)


@app.command(epilog="Example: [bold]reeassets plugins[/bold]")
def plugins() -> None:
    """List the plugins of every group, with where they come from and what does not load."""
    from reeassets.console.plugins import list_plugins

    raise typer.Exit(list_plugins(out))


@app.command(epilog="Example: [bold]reeassets doctor --home var[/bold]")
def doctor(home: Home = None) -> None:
    """Show versions, disk, settings, and what is wrong; exit status 1 if anything is."""
    from reeassets.console.doctor import examine

    raise typer.Exit(examine(settings_of(home), out))


def _version(asked: bool) -> None:
    if asked:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version")
    ] = False,
) -> None:
    """Options of the program itself."""


def _disk_problem(home: Path) -> str | None:
    """Say so if the disk of a home is full or closed: SQLite and others only speak of an I/O error then."""
    folder = next(path for path in (home, *home.parents) if path.exists())
    if not os.access(folder, os.W_OK):
        return f"{folder}: cannot be written: read-only file system, or no permission"
    free = shutil.disk_usage(folder).free
    return f"{folder}: the disk is full ({free:,} bytes left)" if free < _LITTLE_DISK else None


def _dagster_errors() -> tuple[type[Exception], ...]:
    """Return Dagster's errors if it is loaded: to import it takes seconds, and nothing else raises them."""
    dagster = sys.modules.get("dagster")
    return () if dagster is None else (dagster.DagsterError,)


def main() -> None:
    """Run the command line; expected errors become one line on standard error and exit status 2."""
    import duckdb
    from sqlalchemy.exc import SQLAlchemyError

    from reeassets.plugins import PluginError

    try:
        app()
    # SourceError and a wrong setting are ValueErrors, a missing partition and a closed folder OSErrors.
    except (
        *(UsageError, PluginError, duckdb.Error, SQLAlchemyError, OSError, ValueError),
        *_dagster_errors(),
    ) as problem:
        if variable("REEASSETS_DEBUG"):
            raise
        told = str(problem)
        if isinstance(problem, SQLAlchemyError):
            # Its first line is the cause, the others are its statement.
            told = told.partition("\n")[0]
        elif isinstance(problem, _dagster_errors()):
            # One sentence, broken into lines.
            told = " ".join(told.split())
        err.print(
            f"error: {type(problem).__name__}: {told}", style="red", markup=False, highlight=False, soft_wrap=True
        )
        disk = _disk_problem(home_path())
        if disk:
            err.print(disk, style="red", markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(2) from problem
