"""Networks: input-output links between products and their validation, tiers, and the tiered network of a year."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import networkx as nx


def load(year: int, home: "Path | None" = None) -> "nx.MultiDiGraph":
    """Return the tiered network of a year; see :func:`reeassets.networks.graph.load`."""
    from reeassets.networks import graph

    return graph.load(year, home)
