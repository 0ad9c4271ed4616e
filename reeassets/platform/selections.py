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


def by_scenario(graph: Graph) -> set[str]:
    """Return what is made by scenario."""
    return {name for name in graph.recipes if graph.output(name).dimension == "scenario"}


def from_data(graph: Graph) -> set[str]:
    """Return what depends on the trade data; the rest is the classification of products."""
    return graph.downstream(name for name, made_by in graph.recipes.items() if "source" in made_by.uses)


def selections(graph: Graph) -> dict[str, set[str]]:
    """Return what each job makes, by the names of the recipes."""
    scenarios = by_scenario(graph)
    data = from_data(graph) - scenarios
    models = {name for name in graph.recipes if graph.output(name).stage == "models"}
    return {
        # It starts new homes, and for what needs scenarios that nobody has made yet Dagster's UI asks "Are you sure?"
        FULL_REFRESH: set(graph.recipes) - graph.downstream(scenarios),
        REFRESH_YEAR: data,
        BACKFILL: data,
        MODELS_ONLY: graph.downstream(models) if models else set(),
        RECLASSIFY: set(graph.recipes) - scenarios - data,
        SHOCKS: graph.downstream(scenarios),
    }


def is_classified(graph: Graph) -> bool:
    """Return whether the home has all that the job `backfill` leaves as it is: the classification of products."""
    left = selections(graph)[RECLASSIFY]
    return all(graph.recorded(name, at) is not None for name in left for at in graph.partitions(name))
