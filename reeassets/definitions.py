"""The one object Dagster loads."""

import dagster as dg

from reeassets.platform.build import build_defs
from reeassets.platform.graph import Graph
from reeassets.platform.up_to_date import bring_up_to_date
from reeassets.settings import Settings

_graph = Graph(Settings())
defs = dg.Definitions.merge(
    build_defs(graph=_graph),
    dg.Definitions(jobs=[bring_up_to_date(lambda: Graph(Settings()), _graph.settings.owner)]),
)
