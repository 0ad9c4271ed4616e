"""``reeassets doctor``: versions, disk, settings, and what is wrong."""

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import version

from rich.console import Console
from rich.table import Table as RichTable

from reeassets import __version__, plugins
from reeassets.platform.reading import damage, holder
from reeassets.plugins import PluginError
from reeassets.settings import Settings
from reeassets.storage import record_of
from reeassets.trade.baci.inbox import left_aside
from reeassets.trade.contract import SourceError
from reeassets.years import format_years

_PACKAGES = (
    "dagster",
    "dagster-duckdb",
    "duckdb",
    "pandas",
    "pyarrow",
    "pandera",
    "networkx",
    "scikit-learn",
    "statsmodels",
)
_ENOUGH_DISK = 2 * 1024**3


def _problem(check: Callable[[], object]) -> str | None:
    try:
        check()
    except (PluginError, SourceError, ValueError, OSError) as problem:
        return f"{type(problem).__name__}: {problem}"
    return None


def _existing(settings: Settings) -> str:
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    return str(folder)


def _misplaced(settings: Settings) -> Iterator[str]:
    """Yield what stands in the home where a folder, or a file, is to be."""
    for name in ("cache", "locks", "report", "tables", "warehouse"):
        place = settings.home / name
        if place.exists() and not place.is_dir():
            yield f"{place}: it is a file where the home keeps a folder; move it away"
    for record in map(record_of, (settings.warehouse_file, settings.report_file)):
        if record.is_dir():
            yield f"{record}: it is a folder where a file is kept; move it away"


def _problems(settings: Settings) -> Iterator[str]:
    """Yield what is wrong, in the order a user would mend it."""
    for group in plugins.GROUPS:
        yield from (f"{found.origin} does not load: {found.error}" for found in plugins.discover(group) if found.error)
    from reeassets.indicators.contract import configured_hazard
    from reeassets.platform.instance import dagster_folder
    from reeassets.products.sets import classifiers, product_set
    from reeassets.shocks import catalogue
    from reeassets.trade.all_goods import totals_files
    from reeassets.trade.economies import chosen_groups, identity
    from reeassets.trade.sources import open_source, require_years, with_years

    elsewhere = _problem(lambda: dagster_folder(settings.home))
    if elsewhere:
        yield elsewhere
    broken = _problem(lambda: open_source(settings))
    if broken:
        yield broken
    else:
        source = open_source(settings)
        checks: list[Callable[[], object]] = [
            lambda: require_years(source, with_years(settings, source).years),
            lambda: catalogue.check(with_years(settings, source)),
            lambda: product_set(settings),
            lambda: classifiers(settings),
            lambda: configured_hazard(settings).data_files(),
            lambda: identity(settings, None) and chosen_groups(settings, source.countries()),
            lambda: totals_files(settings, source),
        ]
        yield from (told for told in map(_problem, checks) if told)
    yield from (told for told in (damage(settings.warehouse_file), holder(settings.warehouse_file)) if told)
    yield from _misplaced(settings)
    folder = _existing(settings)
    if not os.access(folder, os.W_OK):
        yield f"{folder}: no permission to write"
    if shutil.disk_usage(folder).free < _ENOUGH_DISK:
        yield f"{folder}: less than 2 GB of disk left"


def _show_source(settings: Settings, console: Console) -> None:
    """Print what the source holds of each product, and what totals are over."""
    from reeassets.report.summaries import coverage_rows
    from reeassets.trade.all_goods import totals_basis
    from reeassets.trade.sources import open_source

    source = open_source(settings)
    console.print(f"[bold]source[/bold]  {source.name}, {source.version}, {source.nomenclature}", highlight=False)
    console.print(f"totals of countries: {totals_basis(settings, source)}", highlight=False)
    rows = coverage_rows(source.coverage())
    if rows:
        table = RichTable("products", "revision", "flows", "Taiwan", "note", box=None, pad_edge=False)
        for row in rows:
            table.add_row(*(row[name] for name in ("products", "revision", "flows", "taiwan", "note")))
        console.print(table, highlight=False)
    console.print()


def examine(settings: Settings, console: Console) -> int:
    """Print versions, disk and settings, then what is wrong; return 1 if anything is, else 0."""
    grid = RichTable(box=None, pad_edge=False, show_header=False)
    grid.add_row("reeassets", __version__)
    grid.add_row(
        "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    )
    for package in _PACKAGES:
        grid.add_row(package, version(package))
    usage = shutil.disk_usage(_existing(settings))
    grid.add_row("disk", f"{usage.free / 1024**3:.1f} GB free of {usage.total / 1024**3:.1f} GB")
    console.print(grid)
    console.print()
    console.print(f"[bold]settings[/bold]  (environment, {settings.settings_file}, defaults)", highlight=False)
    fields = RichTable(box=None, pad_edge=False, show_header=False)
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        default = field.get_default(call_default_factory=True)
        shown = format_years(value) if name in {"years", "link_years"} else str(value)
        fields.add_row(name, shown if value == default else f"[bold]{shown}[/bold]", f"[dim]{field.description}[/dim]")
    console.print(fields)
    console.print()
    problems = list(_problems(settings))
    if not problems:
        _show_source(settings, console)
    for problem in problems:
        console.print(f"[bold red]wrong[/bold red]  {problem}", highlight=False, soft_wrap=True)
    if not problems:
        for told in left_aside(settings):
            console.print(f"[yellow]note[/yellow]   {told}", highlight=False, soft_wrap=True)
        console.print("[green]nothing is wrong[/green]")
    return int(bool(problems))
