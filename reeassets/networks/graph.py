"""The tiered network as a NetworkX graph, and as GraphML for other tools."""

from pathlib import Path

import networkx as nx
import pandas as pd

from reeassets.networks.schema import NETWORK_EDGES, PRODUCT_TIERS
from reeassets.settings import Settings
from reeassets.storage import TableStore
from reeassets.trade.served import require_served

# GraphML's first element stands behind the declaration of XML, and comments of other programs at most.
_HEAD_BYTES = 4096


def multidigraph(edges: pd.DataFrame, tiers: pd.DataFrame) -> nx.MultiDiGraph:
    """Build the graph of one year.

    Parameters
    ----------
    edges : DataFrame
        Table ``network_edges`` of one year.
    tiers : DataFrame
        Table ``product_tiers``.

    Returns
    -------
    MultiDiGraph
        Nodes are ``(country, product)`` with attributes ``country``, ``product``, ``stage`` and ``trophic_level``. The
        key of an edge is its ``kind``, ``trade`` or ``production``; its ``weight`` is thousand US$ of trade, or the
        link's weight in [0, 1]. The graph has the attribute ``year``. docs/INDICATORS.md lists them all.
    """
    graph = nx.MultiDiGraph(year=int(edges["year"].iloc[0]) if len(edges) else None)
    of_product = tiers.set_index("product")[["stage", "trophic_level"]].to_dict("index")
    for row in edges.itertuples(index=False):
        source, target = (row.source_country, row.source_product), (row.target_country, row.target_product)
        graph.add_edge(source, target, key=row.kind, kind=row.kind, weight=float(row.weight))
    for country, product in list(graph.nodes):
        graph.nodes[country, product].update(country=country, product=product, **of_product[product])
    return graph


def load(year: int, home: Path | None = None) -> nx.MultiDiGraph:
    """Load the tiered network of a year from a home.

    Parameters
    ----------
    year : int
        Calendar year.
    home : Path, optional
        The platform's home; by default the one of the settings.

    Returns
    -------
    MultiDiGraph
        As :func:`multidigraph` gives it, with the version of the data as the attribute ``source``.

    Raises
    ------
    MissingPartition
        If the year has not been made, or is of earlier data than the home's; names the years there are.
    ValueError
        If the edges are of another product set than the tiers.
    """
    settings = Settings(home=home) if home is not None else Settings()
    store = TableStore(settings.tables_root)
    require_served(settings, store, [NETWORK_EDGES], year)
    edges, tiers = store.read(NETWORK_EDGES, year), store.read(PRODUCT_TIERS)
    unknown = {*edges["source_product"], *edges["target_product"]}.difference(tiers["product"])
    if unknown:
        raise ValueError(
            f"{store.root}: network_edges of {year} is of another product set than product_tiers, which lacks "
            f"{', '.join(sorted(unknown))}; `reeassets run` renews it"
        )
    graph = multidigraph(edges, tiers)
    recorded = store.provenance(NETWORK_EDGES, year)
    assert recorded is not None
    graph.graph["source"] = recorded.source_version
    return graph


def write_graphml(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write a graph as GraphML; nodes are named ``COUNTRY:PRODUCT``."""
    named = nx.relabel_nodes(graph, {node: f"{node[0]}:{node[1]}" for node in graph.nodes})
    named.graph = {name: value for name, value in graph.graph.items() if value is not None}
    nx.write_graphml(named, path)


def is_graphml(path: Path) -> bool:
    """Tell by its beginning whether a file is GraphML."""
    with path.open("rb") as file:
        return b"<graphml" in file.read(_HEAD_BYTES)
