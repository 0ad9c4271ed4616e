"""Time a what-if scenario on one year of a GENERATED network: 230 countries, 168 products.

``python benchmarks/shock.py`` prints best and median of several runs; it takes a quarter of a minute and downloads
nothing.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from measure import machine

from reeassets.indicators import inputs
from reeassets.indicators.hazards import NOBODY
from reeassets.indicators.schema import PRODUCTION, REEXPORT_SHARES
from reeassets.indicators.year_network import YearNetwork
from reeassets.settings import STAGES, Settings
from reeassets.shocks.impacts import impact_frame, solve_shock
from reeassets.shocks.shock import Shock
from reeassets.trade.schema import ECONOMY_MEMBERS

YEAR = 2023


def generated(
    n_countries: int, n_products: int, n_flows: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.Series]:
    """Return flows, totals, links and stages of a GENERATED year; sizes of flows are log-normal, links have cycles."""
    rng = np.random.default_rng(seed)
    countries = [f"{chr(65 + number // 26)}{chr(65 + number % 26)}X" for number in range(n_countries)]
    products = [f"{280000 + number}" for number in range(n_products)]
    cells = rng.choice(n_countries * n_countries * n_products, n_flows, replace=False)
    exporter, importer, product = np.unravel_index(cells, (n_countries, n_countries, n_products))
    kept = exporter != importer
    flows = pd.DataFrame(
        {
            "year": YEAR,
            "exporter": pd.array(countries, dtype="str").take(exporter[kept]),
            "importer": pd.array(countries, dtype="str").take(importer[kept]),
            "product": pd.array(products, dtype="str").take(product[kept]),
            "value_kusd": np.exp(rng.normal(3, 2.5, int(kept.sum()))),
        }
    )
    exports = flows.groupby("exporter")["value_kusd"].sum().rename("exports_kusd")
    imports = flows.groupby("importer")["value_kusd"].sum().rename("imports_kusd")
    totals = pd.concat([exports, imports], axis=1).fillna(0.0).rename_axis("country").reset_index().assign(year=YEAR)
    pairs = [(i, q) for q in range(n_products) for i in rng.choice(n_products, 3, replace=False) if i != q]
    links = pd.DataFrame(
        [(products[i], products[q]) for i, q in pairs], columns=["input", "output"], dtype="str"
    ).assign(in_network=True)
    links["weight"] = 1.0 / links.groupby("output")["input"].transform("size")
    stages = pd.Series([STAGES[number % len(STAGES)] for number in range(n_products)], index=products)
    return flows, totals, links, stages


def timed(what: Callable[[], object], runs: int) -> str:
    """Run something several times and return best and median in seconds."""
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        what()
        seconds.append(time.perf_counter() - began)
    return f"best {min(seconds):6.3f} s  median {statistics.median(seconds):6.3f} s"


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--countries", type=int, default=230)
    parser.add_argument("--products", type=int, default=168)
    parser.add_argument("--flows", type=int, default=377_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    flows, totals, links, stages = generated(given.countries, given.products, given.flows, given.seed)
    settings = Settings(home="unused")
    upstream = tuple(stages.index[stages == "upstream"])
    largest = flows.groupby("exporter")["value_kusd"].sum().idxmax()

    def shock(products: tuple[str, ...], cut: float, substitution: float) -> Shock:
        return Shock("bench", "GENERATED", False, YEAR, (str(largest),), products, cut, substitution, 1.0)

    scenarios = {
        "one product": shock(upstream[:1], 1.0, 0.0),
        "a stage": shock(upstream, 0.5, 0.0),
        "a stage, substitution": shock(upstream, 0.5, 0.1),
    }
    tables = {
        "trade_flows": flows,
        "country_totals": totals,
        "io_links": links,
        "economy_members": ECONOMY_MEMBERS.empty(),
        "reexport_shares": REEXPORT_SHARES.empty(),
        "production": PRODUCTION.empty(),
    }

    def network_of_tables() -> YearNetwork:
        return inputs.network_of(tables.__getitem__, settings, NOBODY)

    network = network_of_tables()
    print(machine())
    print(
        f"GENERATED: {len(network.countries)} countries x {len(network.products)} products, {len(flows):,} flows, "
        f"{network.n_pairs:,} pairs, {len(links)} links, {network.production.nnz:,} production edges"
    )
    print(f"network                 {timed(network_of_tables, given.runs)}")
    for name, each in scenarios.items():

        def solve(each: Shock = each) -> pd.DataFrame:
            return impact_frame(each, network, solve_shock(each, network), stages)

        def whole(each: Shock = each) -> pd.DataFrame:
            built = network_of_tables()
            return impact_frame(each, built, solve_shock(each, built), stages)

        found = solve_shock(each, network)
        print(f"{name:<23} {timed(solve, given.runs)}  ({found.iterations} iterations, network at hand)")
        print(f"{'  from the tables':<23} {timed(whole, given.runs)}")


if __name__ == "__main__":
    main()
