"""``reeassets plugins``: what is registered, and what is broken."""

from rich.console import Console
from rich.table import Table as RichTable

from reeassets import plugins


def list_plugins(console: Console) -> int:
    """Print every group with its plugins; return 1 if any of them does not load, else 0."""
    status = 0
    for group, meaning in plugins.GROUPS.items():
        console.print(f"[bold]reeassets.{group}[/bold]  {meaning}", highlight=False)
        grid = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 2), show_header=False)
        for plugin in plugins.discover(group):
            status = status or int(plugin.error is not None)
            told = (
                plugin.error
                or getattr(plugin.value, "description", None)
                or getattr(plugin.value, "__doc__", None)
                or ""
            )
            told = told.strip().splitlines()[0] if told.strip() else ""
            style = "red" if plugin.error else None
            grid.add_row(plugin.name, f"{plugin.distribution} {plugin.version}", told, style=style)
        if grid.row_count:
            console.print(grid)
        else:
            console.print("  none registered", style="dim")
    return status
