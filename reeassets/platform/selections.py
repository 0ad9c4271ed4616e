"""Which parts of the graph are made together: the jobs by name, without Dagster."""

from reeassets.platform.graph import Graph

FULL_REFRESH = "full_refresh"
REFRESH_YEAR = "refresh_year"
BACKFILL = "backfill"
MODELS_ONLY = "models_only"
RECLASSIFY = "reclassify"
SHOCKS = "shocks"
RELEASE_CHECK = "release_check"
OVER_YEARS = (FULL_REFRESH, REFRESH_YEAR, BACKFILL)


def after_scenarios(graph: Graph) -> set[str]:
    """Return what is made by scenario, and what is made from that."""
    return graph.downstream(name for name in graph.recipes if graph.output(name).dimension == "scenario")


def from_data(graph: Graph) -> set[str]:
    """Return what depends on the trade data, down to the scenarios; the rest is the classification of products."""
    read = graph.downstream(name for name, made_by in graph.recipes.items() if "source" in made_by.uses)
    return read - after_scenarios(graph)


def selections(graph: Graph) -> dict[str, set[str]]:
    """Return what each job makes, by the names of the recipes."""
    scenarios, data = after_scenarios(graph), from_data(graph)
    models = {name for name in graph.recipes if graph.output(name).stage == "models"}
    return {
        FULL_REFRESH: set(graph.recipes) - scenarios,
        REFRESH_YEAR: data,
        BACKFILL: data,
        MODELS_ONLY: graph.downstream(models) if models else set(),
        RECLASSIFY: set(graph.recipes) - scenarios - data,
        SHOCKS: scenarios,
    }


def is_classified(graph: Graph) -> bool:
    """Return whether the home has all that the job `backfill` leaves as it is: the classification of products."""
    left = selections(graph)[RECLASSIFY]
    return all(graph.recorded(name, at) is not None for name in left for at in graph.partitions(name))
