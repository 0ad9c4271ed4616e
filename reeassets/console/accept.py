"""``reeassets accept``: accept the product set as it is."""

from rich.console import Console

from reeassets.platform.accepted import accept, accepted_file
from reeassets.platform.graph import Graph
from reeassets.settings import Settings


def accept_products(settings: Settings, console: Console) -> None:
    """Write the set of the table ``classified_products`` to the file of the accepted set.

    Raises
    ------
    MissingPartition
        If the products have not been classified yet.
    """
    graph = Graph(settings)
    count = accept(settings, graph.store.read(graph.tables["classified_products"]))
    console.print(f"{count} products accepted, in {accepted_file(settings)}", highlight=False, soft_wrap=True)
