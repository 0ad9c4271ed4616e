"""``reeassets run``: live progress by stage and year, and the summary at the end."""

import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator

import duckdb
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table as RichTable
from rich.text import Text

from reeassets.console.language_model import lines_shown
from reeassets.console.warehouse import catalogue, open_warehouse
from reeassets.platform.graph import STAGE_PACKAGES, Graph
from reeassets.platform.instance import dagster_folder
from reeassets.platform.reading import WarehouseHeld, holder
from reeassets.platform.runner import Outcome, run
from reeassets.report import rare_earths
from reeassets.settings import Settings
from reeassets.tables import Partition
from reeassets.trade.baci.inbox import left_aside
from reeassets.trade.contract import is_generated
from reeassets.years import format_years


def _when(partition: Partition) -> str:
    """Return which line of the progress a partition belongs to."""
    return "all years" if partition is None else "scenarios" if isinstance(partition, str) else str(partition)


class StageProgress:
    """One line per stage and year: live on a terminal, as plain lines in a log.

    A stage's year is done when every one of its yearly tables that this run makes has that year; its tables without a
    year have a line of their own, marked ``all years``, and so have all its scenarios together.
    """

    def __init__(self, console: Console, graph: Graph):
        self._console, self._graph = console, graph
        self._left: dict[tuple[str, str], set[tuple[str, Partition]]] = defaultdict(set)
        self._total: dict[tuple[str, str], int] = {}
        self._seconds: dict[tuple[str, str], float] = defaultdict(float)
        self._now = ""
        self._one_at_a_time = threading.Lock()
        self._began = time.perf_counter()
        self._live = Live(self._render(), console=console, refresh_per_second=8, transient=True)

    def plan(self, stale: dict[str, tuple[Partition, ...]]) -> None:
        """Take note of what will be made."""
        for name, partitions in stale.items():
            for partition in partitions:
                self._left[self._graph.output(name).stage, _when(partition)].add((name, partition))
        self._total = {line: len({name for name, _ in made}) for line, made in self._left.items()}

    def __enter__(self) -> "StageProgress":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def started(self, stage: str, name: str, partition: Partition) -> None:
        """Show what is being made."""
        self._now = f"{stage} {'' if partition is None else partition} {name}".replace("  ", " ")
        self._refresh()

    def finished(self, stage: str, name: str, partition: Partition, rows: int | None, seconds: float) -> None:  # noqa: ARG002
        """Mark a partition as made, and print the line of a stage and year when it is complete."""
        line = (stage, _when(partition))
        with self._one_at_a_time:
            self._seconds[line] += seconds
            self._left[line].discard((name, partition))
            if not self._left[line]:
                text = (
                    f"[green]✓[/green] {stage:<11} {line[1]:<9} {self._total[line]:>2} table(s)  "
                    f"{self._seconds[line]:6.2f} s"
                )
                self._console.print(text, highlight=False)
            self._refresh()

    def _refresh(self) -> None:
        if self._live.is_started:
            self._live.update(self._render())

    def _render(self) -> Group:
        done = sum(1 for names in self._left.values() if not names)
        share = done / len(self._left) if self._left else 0.0
        bar = "━" * round(30 * share) + "╌" * (30 - round(30 * share))
        elapsed = time.perf_counter() - self._began
        return Group(Text(f"  {bar} {share:4.0%}  {elapsed:5.1f} s  {self._now}", style="cyan", no_wrap=True))


def _rare_earths(connection: duckdb.DuckDBPyConnection, console: Console) -> None:
    """Print world trade, unit values and suppliers along the chain from compounds to magnets."""
    members = connection.execute("select product from classified_products where in_set").df()
    traded = "select year, country, product, exports_kusd from product_indicators where product in (select unnest(?))"
    codes = [code for link in rare_earths.CHAIN.values() for code in link]
    indicators = connection.execute(traded, [codes]).df()
    links = rare_earths.chain(members, indicators, connection.execute("select * from unit_values").df())
    if not links:
        return
    table = RichTable(title="Rare earths", title_justify="left", box=None, pad_edge=False)
    for heading in ("", "codes", "world trade, US$ bn", "US$/kg", "largest exporters, share of world exports"):
        table.add_column(heading, overflow="fold")
    for row in rare_earths.rows(links):
        table.add_row(
            *(row[name].replace("; ", "\n") for name in ("name", "products", "value", "unit_value", "suppliers"))
        )
    console.print(table)
    made_of = rare_earths.carried_links(links, connection.execute("select * from io_links").df())
    if made_of:
        console.print("links: " + ", ".join(f"{one} -> {other}" for one, other in made_of), highlight=False)


def _findings(connection: duckdb.DuckDBPyConnection) -> RichTable:
    table = RichTable(title="Findings", title_justify="left", box=None, pad_edge=False)
    for heading in ("claim", "verdict"):
        table.add_column(heading, overflow="fold")
    for claim, verdict in connection.execute("select claim, verdict from findings order by claim_id").fetchall():
        style = {"reproduced": "green", "contradicted": "red", "inconclusive": "yellow"}.get(verdict, "dim")
        table.add_row(claim, Text(verdict, style=style))
    return table


def _rows(connection: duckdb.DuckDBPyConnection) -> RichTable:
    table = RichTable(title="Tables", title_justify="left", box=None, pad_edge=False)
    table.add_column("table")
    table.add_column("rows", justify="right")
    for name, _, rows in catalogue(connection):
        table.add_row(name, f"{rows:,}")
    return table


def _summarise(graph: Graph, outcome: Outcome, console: Console) -> None:
    settings = graph.settings
    try:
        with open_warehouse(settings) as connection:
            console.print(_rows(connection))
            console.print(_findings(connection))
            _rare_earths(connection, console)
    except WarehouseHeld as problem:
        # Everything is made, and only this cannot be shown now.
        console.print(f"no summary: {problem}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    console.print(f"source     {graph.source.version}; years {format_years(settings.years)}", highlight=False)
    for warning in outcome.warnings:
        console.print(f"[yellow]warning[/yellow]    {warning}", highlight=False, soft_wrap=True)
    checks = f"{outcome.checks_passed} passed" if outcome.made else "nothing was out of date; nothing was made"
    console.print(f"checks     {checks}", highlight=False)
    console.print(f"warehouse  {settings.warehouse_file}", highlight=False, soft_wrap=True)
    console.print(f"report     {settings.report_file}", highlight=False, soft_wrap=True)


def stages_until(graph: Graph, last: str) -> list[str]:
    """Return what the stages up to one make; raise ValueError if there is no such stage."""
    if last not in STAGE_PACKAGES:
        raise ValueError(f"there is no stage {last!r}; the stages are {', '.join(STAGE_PACKAGES)}")
    stages = STAGE_PACKAGES[: STAGE_PACKAGES.index(last) + 1]
    return [name for name in graph.recipes if graph.output(name).stage in stages]


def _records_elsewhere(settings: Settings) -> Iterator[str]:
    """Say it if Dagster's records are not the home's own: two homes that share them make everything in turns."""
    folder, own = dagster_folder(settings.home), settings.home / "dagster"
    if folder.resolve() != own.resolve():
        yield f"Dagster's records are in {folder}, as DAGSTER_HOME says, and not in {own}"


def _held(settings: Settings) -> Iterator[str]:
    """Say it if another program has the warehouse open for writing."""
    held = holder(settings.warehouse_file)
    if held:
        yield f"{held}. This run does not wait: what it makes takes the old file's place, which that program keeps"


def run_and_report(
    settings: Settings,
    console: Console,
    *,
    force: bool,
    only: Collection[str] | None = None,
    until: str | None = None,
) -> int:
    """Make what is out of date, show progress and summary, and return the exit status.

    Parameters
    ----------
    settings : Settings
        The configuration; it is remembered in the home.
    console : Console
        Where to print.
    force : bool
        Make everything, current or not.
    only : collection of str, optional
        Make these tables and what they are made from, and leave the summary to the caller.
    until : str, optional
        Make the stages up to this one, with no summary of results.

    Returns
    -------
    int
        0 if everything is made and every blocking check passed, 1 if a step failed.

    Raises
    ------
    ValueError
        If there is no such stage.
    """
    graph = Graph(settings)
    if until is not None:
        only = stages_until(graph, until)
    if is_generated(graph.source.version):
        console.print(graph.source.notes, style="bold yellow", highlight=False, soft_wrap=True)
    for told in [*left_aside(settings), *_records_elsewhere(settings), *_held(settings)]:
        console.print(told, style="yellow", highlight=False, soft_wrap=True)
    with lines_shown(console), StageProgress(console, graph) as progress:
        outcome = run(graph, progress, force=force, plan=progress.plan, only=only)
    settings.remember()
    if outcome.failures:
        for failure in outcome.failures:
            console.print(f"[bold red]failed[/bold red]     {failure}", highlight=False, soft_wrap=True)
        console.print(
            f"checks     {outcome.checks_passed} passed, {outcome.checks_failed} failed; nothing was made from what "
            "failed",
            highlight=False,
        )
        return 1
    if until is not None:
        made = sum(len(years) for years in outcome.made.values())
        console.print(
            f"{made} partitions made, up to the stage {until}; `reeassets run` makes the rest", highlight=False
        )
    if only is None:
        _summarise(graph, outcome, console)
    return 0
