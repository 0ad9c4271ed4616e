"""Assets of the stage ``shocks``: one partition per scenario, each on the network of one year."""

import pandas as pd

from reeassets.indicators import inputs
from reeassets.indicators.hazards import NOBODY
from reeassets.platform.recipe import Step, recipe
from reeassets.products import sets
from reeassets.shocks import catalogue
from reeassets.shocks.impacts import impact_frame, solve_shock
from reeassets.shocks.schema import SHOCK_IMPACTS
from reeassets.shocks.shock import Shock, resolve


@recipe(
    inputs=("trade_flows", "classified_products"),
    uses=("shock_substitution",),
    outside=lambda settings, scenario: catalogue.definition_digest(str(scenario), settings),
    lineage=lambda settings, scenario: catalogue.defining_file(str(scenario), settings),
)
def shock_scenarios(step: Step) -> pd.DataFrame:
    """Look up who cuts what in the year of the scenario."""
    assert step.scenario is not None
    assert step.year is not None
    definition = catalogue.definitions(step.settings)[step.scenario]
    flows, members = step.read("trade_flows"), sets.members(step.read("classified_products"))
    return resolve(definition, step.year, flows, members, step.settings).row(flows)


@recipe(
    inputs=("shock_scenarios", *inputs.TABLES, "classified_products"),
    uses=("pass_through",),
    kinds=frozenset({"scipy", "parquet"}),
)
def shock_impacts(step: Step) -> pd.DataFrame:
    """Solve the scenario on the network of its year; a scenario that nobody fits has no rows."""
    shock = Shock.of_row(step.read("shock_scenarios").iloc[0].to_dict())
    if not shock.suppliers:
        step.metadata["not_applicable"] = str(shock.note)
        return SHOCK_IMPACTS.empty()
    # A shock does not look at hazards.
    network = inputs.network_of(step.read, step.settings, NOBODY)
    found = solve_shock(shock, network)
    step.metadata["solver"] = {"iterations": found.iterations, "error_bound": found.error_bound}
    return impact_frame(shock, network, found, sets.stages(step.read("classified_products")))


RECIPES = [shock_scenarios, shock_impacts]
