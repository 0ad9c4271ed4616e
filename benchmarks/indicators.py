"""Indicators at full size: from Parquet to tables, against networkx, and how time grows; writes ``INDICATORS.md``.

``python benchmarks/indicators.py`` makes GENERATED trade of 230 countries in 168 products over 17 years and measures
whole processes (``python benchmarks/indicators.py way FOLDER``). It takes about three minutes.
"""

import argparse
import os
import resource
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from measure import Measured, machine, once

from reeassets.indicators import aggregates, bounds, compute, inputs, monitor, origins, schema, uncertainty
from reeassets.indicators.contract import registered_hazards, registered_indicators
from reeassets.indicators.hazards import UNIFORM
from reeassets.networks.schema import IO_LINKS
from reeassets.products.schema import TRADE_FLOWS
from reeassets.settings import STAGES, Settings
from reeassets.storage import Provenance, TableStore
from reeassets.trade.schema import COUNTRY_TOTALS, ECONOMY_MEMBERS

HERE = Path(__file__).parent
YEARS = range(2007, 2024)
COUNTRIES, PRODUCTS, FLOWS, LINKS = 230, 168, 377_000, 400
DRAWS = 20
ORIGIN = Provenance("", "GENERATED", "GENERATED", "", "", "")
SETTINGS = Settings(home=Path("unused"))
TABLES = {
    table.name: table
    for table in (TRADE_FLOWS, COUNTRY_TOTALS, IO_LINKS, ECONOMY_MEMBERS, schema.REEXPORT_SHARES, schema.PRODUCTION)
}


def names(count: int) -> list[str]:
    return [f"{chr(65 + k // 26)}{chr(65 + k % 26)}X" for k in range(count)]


def codes(count: int) -> list[str]:
    return [f"{250000 + k:06d}" for k in range(count)]


def stages(products: int) -> pd.Series:
    return pd.Series([STAGES[k % 3] for k in range(products)], index=codes(products))


def materiality(products: int) -> pd.Series:
    return pd.Series([(0.02, 0.12, 0.35, 0.75)[k % 4] for k in range(products)], index=codes(products))


def flows_of(year: int, countries: int, products: int, flows: int) -> pd.DataFrame:
    """Generate flows: sizes of countries and products are heavy-tailed, so that few suppliers stand out."""
    rng = np.random.default_rng([1, year, countries, products, flows])
    size, weight = np.sort(rng.pareto(1.1, countries))[::-1] + 0.01, rng.pareto(1.5, products) + 0.2
    total = countries * countries * products
    chance = (np.sqrt(size)[:, None, None] * np.sqrt(size)[None, :, None] * np.sqrt(weight)).ravel()
    chance.reshape(countries, countries, products)[np.arange(countries), np.arange(countries)] = 0
    keys = -rng.exponential(size=total) / np.maximum(chance, 1e-300)
    keys[chance == 0] = -np.inf
    chosen = np.argpartition(keys, -flows)[-flows:]
    exporter, importer, product = np.unravel_index(chosen, (countries, countries, products))
    value = np.round(np.exp(rng.normal(3, 2.5, flows)) * size[exporter] * size[importer] * weight[product], 3) + 0.001
    country, code = np.array(names(countries)), np.array(codes(products))
    return pd.DataFrame(
        {
            "year": year,
            "exporter": country[exporter],
            "importer": country[importer],
            "product": code[product],
            "value_kusd": value,
            "quantity_t": np.nan,
        }
    )


def totals_of(flows: pd.DataFrame) -> pd.DataFrame:
    """Sum exports and imports, ten times over: the set is a part of all trade."""
    sides = [flows.groupby(side)["value_kusd"].sum() * 10 for side in ("exporter", "importer")]
    table = pd.concat(sides, axis=1, keys=["exports_kusd", "imports_kusd"]).fillna(0.0)
    return table.rename_axis("country").reset_index().assign(year=flows["year"].iloc[0], basis="whole nomenclature")


def links_of(products: int, links: int) -> pd.DataFrame:
    """Draw links between products, up and down alike, so that there are cycles; weights of an output sum to 1."""
    rng = np.random.default_rng(2)
    pairs = rng.choice(products * (products - 1), min(links, products * (products - 1)), replace=False)
    source, target = pairs // (products - 1), pairs % (products - 1)
    target += target >= source
    code = np.array(codes(products))
    table = pd.DataFrame({"input": code[source], "output": code[target], "strength": rng.random(len(pairs)) + 0.1})
    table["weight"] = table["strength"] / table.groupby("output")["strength"].transform("sum")
    return table.assign(
        strength=0.5, ai_proposed=3, ai_votes=3, ai_voters=3, rationale="GENERATED", refused=None, carried=True,
        correlation=0.5, p_value=0.01, p_reverse=0.5, q_bh=0.02, q_decoy=0.02, evidence="validated", in_network=True,
    )  # fmt: skip


def generate(folder: Path, years: range = YEARS, *, countries: int, products: int, flows: int, links: int) -> Path:
    """Write the tables that the indicators are made from."""
    store = TableStore(folder)
    for year in years:
        frame = flows_of(year, countries, products, flows)
        store.write(TRADE_FLOWS, TRADE_FLOWS.check(frame), ORIGIN, year)
        store.write(COUNTRY_TOTALS, COUNTRY_TOTALS.check(totals_of(frame)), ORIGIN, year)
        store.write(ECONOMY_MEMBERS, ECONOMY_MEMBERS.empty(), ORIGIN, year)
        store.write(schema.PRODUCTION, schema.PRODUCTION.empty(), ORIGIN, year)
    store.write(schema.REEXPORT_SHARES, schema.REEXPORT_SHARES.empty(), ORIGIN)
    store.write(IO_LINKS, IO_LINKS.check(links_of(products, links)), ORIGIN)
    return folder


def network_of(store: TableStore, year: int):
    def read(name: str) -> pd.DataFrame:
        table = TABLES[name]
        return store.read(table, year if table.by_year else None)

    return inputs.network_of(read, SETTINGS, UNIFORM)


def indicators(folder: Path) -> None:
    """Make both tables of indicators of every year: read, compute, check, write."""
    store, registered = TableStore(folder), registered_indicators()
    of_product, of_country = schema.product_indicators_table(SETTINGS), schema.country_indicators_table(SETTINGS)
    for year in store.years(TRADE_FLOWS):
        made = of_product.check(compute.product_indicators(network_of(store, year), registered))
        store.write(of_product, made, ORIGIN, year)
        products = made["product"].nunique()
        by_country = aggregates.country_indicators(
            made, stages(max(products, PRODUCTS)), materiality(max(products, PRODUCTS)), registered
        )
        store.write(of_country, of_country.check(by_country), ORIGIN, year)


def everything(folder: Path) -> None:
    """Make indicators, bounds, origins and the monitor of every year from one network a year: read, check, write."""
    store, registered = TableStore(folder), registered_indicators()
    of_product, of_country = schema.product_indicators_table(SETTINGS), schema.country_indicators_table(SETTINGS)
    stage, share, years = stages(PRODUCTS), materiality(PRODUCTS), store.years(TRADE_FLOWS)
    networks = {}
    for year in years:
        network = networks[year] = network_of(store, year)
        made = of_product.check(compute.product_indicators(network, registered))
        store.write(of_product, made, ORIGIN, year)
        by_country = aggregates.country_indicators(made, stage, share, registered)
        store.write(of_country, of_country.check(by_country), ORIGIN, year)
        for table, rows in (
            (schema.INDICATOR_BOUNDS, bounds.indicator_bounds(network, made)),
            (schema.ORIGINS, origins.origins(network)),
        ):
            store.write(table, table.check(rows), ORIGIN, year)
    group = monitor.Group(lambda year: networks[year])
    found = monitor.dependency_monitor([group], years, stage, names(COUNTRIES), SETTINGS.dependency_threshold)
    store.write(schema.DEPENDENCY_MONITOR, schema.DEPENDENCY_MONITOR.check(found), ORIGIN)


def variants(folder: Path) -> None:
    """Make the table of variants of every year."""
    store, hazards = TableStore(folder), registered_hazards(SETTINGS)
    table = schema.indicator_variants_table(SETTINGS)
    for year in store.years(TRADE_FLOWS):
        store.write(table, table.check(compute.indicator_variants(network_of(store, year), hazards)), ORIGIN, year)


def nothing(folder: Path) -> None:
    """Build the network of the last year."""
    store = TableStore(folder)
    network_of(store, store.years(TRADE_FLOWS)[-1])


def intervals(folder: Path) -> None:
    """Make the intervals of the last year."""
    settings = SETTINGS.model_copy(update={"perturbation_draws": DRAWS})
    store = TableStore(folder)
    network = replace(network_of(store, store.years(TRADE_FLOWS)[-1]), settings=settings)
    table = schema.indicator_intervals_table(settings)
    shares = materiality(PRODUCTS)
    table.check(uncertainty.indicator_intervals(network, stages(PRODUCTS), shares, registered_indicators()))


def with_networkx(folder: Path, year: int) -> pd.DataFrame:
    """Compute the indicators of a year with networkx, one graph per product and one of all; nothing is checked.

    Risks are Katz centralities: per product networkx's dense solve, its fastest; on the whole graph its power
    iteration, as a dense matrix of all pairs would take 12 GB. Influence is a dense inverse of networkx's matrix.
    """
    import networkx as nx

    store = TableStore(folder)
    flows, totals = store.read(TRADE_FLOWS, year), store.read(COUNTRY_TOTALS, year).set_index("country")
    links, b, hazard = store.read(IO_LINKS), SETTINGS.pass_through, UNIFORM.value
    exports_of, world = totals["exports_kusd"].to_dict(), totals["exports_kusd"].sum()
    whole, beta, rows = nx.DiGraph(), {}, {}
    for product, frame in flows.groupby("product"):
        graph = nx.DiGraph()
        graph.add_weighted_edges_from(zip(frame["exporter"], frame["importer"], frame["value_kusd"], strict=True))
        bought, sold = dict(graph.in_degree(weight="weight")), dict(graph.out_degree(weight="weight"))
        supply = {country: bought[country] + sold[country] for country in graph}
        concentration = dict.fromkeys(graph, 0.0)
        for _, importer, edge in graph.edges(data=True):
            concentration[importer] += (edge["weight"] / bought[importer]) ** 2
            edge["supplied"] = edge["weight"] / supply[importer]
            edge["share"] = edge["supplied"] * (1 - hazard)
        trade = sum(bought.values())
        first = {country: hazard * degree for country, degree in graph.in_degree(weight="supplied")}
        systemic = nx.katz_centrality_numpy(graph, b, first, normalized=False, weight="share")
        flows_between = nx.to_numpy_array(graph, weight="weight")
        sums = np.array([[bought[country], sold[country]] for country in graph])
        inverse = np.linalg.inv(np.eye(len(graph)) - b * (flows_between / sums.sum(axis=1)).T)
        failing = inverse / np.diag(inverse)
        lost = (failing * (sums[:, [1]] - flows_between)).sum(axis=0) / trade
        influence = dict(zip(graph, lost, strict=True))
        for country in graph:
            of_country, node = exports_of[country], (country, product)
            rca = (sold[country] / of_country) / (trade / world) if of_country else 0.0
            rows[node] = {
                "exposure": bought[country] / (bought[country] + sold[country]),
                "supplier_concentration": concentration[country] if bought[country] else float("nan"),
                "direct_risk": first[country],
                "systemic_trade_risk": systemic[country],
                "indirect_risk": systemic[country] - first[country],
                "influence": influence[country],
                "rca": rca,
                "rsca": (rca - 1) / (rca + 1),
            }
            beta[node] = first[country]
            whole.add_node(node, domestic=sold[country] / supply[country])
        whole.add_weighted_edges_from(
            (((i, product), (j, product), edge["share"]) for i, j, edge in graph.edges(data=True)), weight="share"
        )
    for link in links.itertuples():
        for country in totals.index:
            source, target = (country, link.input), (country, link.output)
            if source in whole and target in whole:
                whole.add_edge(source, target, share=link.weight * whole.nodes[target]["domestic"])
    risk = nx.katz_centrality(whole, b, beta, max_iter=1000, tol=1e-15, normalized=False, weight="share")
    for node, value in risk.items():
        rows[node]["multi_tier_risk"] = value
    return pd.DataFrame.from_dict(rows, orient="index").sort_index()


def against_networkx(folder: Path, year: int) -> tuple[float, float, float]:
    """Return the processor seconds of the platform and of networkx for one year, and how far their numbers are apart.

    Both run once after the same reading, so that neither has the better of several tries.
    """
    of_product, registered = schema.product_indicators_table(SETTINGS), registered_indicators()

    def own() -> pd.DataFrame:
        made = compute.product_indicators(network_of(TableStore(folder), year), registered)
        return of_product.check(made).set_index(["country", "product"])

    began = time.process_time()
    found = own()
    seconds = time.process_time() - began
    began = time.process_time()
    theirs = with_networkx(folder, year)
    took = time.process_time() - began
    assert list(theirs.index) == list(found.index)
    apart = (found[theirs.columns] - theirs.set_axis(found.index)).abs() / found[theirs.columns].abs().clip(lower=1)
    return seconds, took, float(apart.max().max())


def best(run: Callable[[], object], runs: int = 3) -> float:
    """Return the shortest of several runs, in seconds."""
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        found.append(time.perf_counter() - began)
    return min(found)


def growth(folder: Path) -> list[str]:
    """Measure one year at other sizes, one dimension at a time."""
    full = {"countries": COUNTRIES, "products": PRODUCTS, "flows": FLOWS, "links": LINKS}
    cases = [
        {},
        *({"flows": flows} for flows in (FLOWS // 4, FLOWS // 2, FLOWS * 2)),
        *({"countries": countries} for countries in (COUNTRIES // 2, COUNTRIES * 3 // 2)),
        *({"links": links} for links in (0, LINKS * 2, LINKS * 4)),
    ]
    rows = []
    for case in cases:
        size = full | case
        one = generate(folder / "-".join(map(str, size.values())), range(2023, 2024), **size)
        seconds = best(lambda one=one: indicators(one))
        pairs = len(pd.read_parquet(one / "indicators" / "product_indicators" / "2023.parquet", columns=["country"]))
        rows.append(f"| {' | '.join(f'{value:,}' for value in size.values())} | {pairs:,} | {seconds:.2f} |")
        print(rows[-1], flush=True)
    return rows


WAYS: dict[str, Callable[[Path], None]] = {
    "everything": everything,
    "indicators": indicators,
    "variants": variants,
    "nothing": nothing,
    "intervals": intervals,
}


def whole_process(way: str, folder: Path, runs: int) -> tuple[Measured, float]:
    """Run a way in a process of its own several times; return its medians, and the median of processor seconds."""
    found, processor = [], []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(once([sys.executable, __file__, way, str(folder)]))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    middle = Measured(statistics.median(m.seconds for m in found), statistics.median(m.peak_mb for m in found))
    print(f"{way}: {middle}, processor {statistics.median(processor):.2f} s", flush=True)
    return middle, statistics.median(processor)


def main() -> None:
    """Run everything, or one way in this process."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("way", nargs="?", choices=WAYS)
    arguments.add_argument("folder", nargs="?", type=Path, default=Path("var/bench/indicators"))
    arguments.add_argument("--runs", type=int, default=3)
    given = arguments.parse_args()
    if given.way:
        WAYS[given.way](given.folder)
        return
    shutil.rmtree(given.folder, ignore_errors=True)
    full = generate(given.folder / "full", countries=COUNTRIES, products=PRODUCTS, flows=FLOWS, links=LINKS)
    measured = {way: whole_process(way, full, given.runs) for way in WAYS}
    own, networkx, apart = against_networkx(full, YEARS[-1])
    print(f"one year: {own:.2f} s, networkx {networkx:.2f} s, apart {apart:.1e}", flush=True)
    rows = growth(given.folder / "growth")
    load = os.getloadavg()[0]
    table = [f"| {way} | {found} | {processor:.2f} |" for way, (found, processor) in measured.items()]
    a_draw = (measured["intervals"][1] - measured["nothing"][1]) / DRAWS
    text = f"""# Benchmarks of the indicators

Written by `python benchmarks/indicators.py`. GENERATED trade: {COUNTRIES} countries, {PRODUCTS} products,
{FLOWS:,} flows a year with heavy-tailed sizes, {LINKS} links with cycles, {len(YEARS)} years. Whole processes,
median of {given.runs}; "processor s" is the time on a processor, which other work on the machine lengthens less than
the time on the clock.

{machine()}.
Load of the machine at the end, this benchmark included: {load:.1f} on {os.cpu_count()} processors.

## From Parquet to tables, {len(YEARS)} years in one process

`indicators` reads flows, totals and links, computes all ten indicators with multi-tier risk, checks every rule of
`product_indicators` and `country_indicators`, and writes both; `everything` makes `indicator_bounds`, `origins` and
`dependency_monitor` as well, from one network a year. `variants` does so for `indicator_variants`: three
definitions of exposure, three risks under each of two hazards. `intervals` perturbs the flows of one year {DRAWS}
times, `nothing` reads that year and builds its network: a draw of `perturbation_draws` takes {a_draw:.2f} s of a
processor a year at this size.

| | s | peak MB | processor s |
|---|---|---|---|
{chr(10).join(table)}

## Against networkx, one year

The same ten indicators of {YEARS[-1]} from the same Parquet, in the same process, once each, nothing scaled up, in
seconds of a processor: {own:.2f} with all checks, networkx {networkx:.1f} without any, **{networkx / own:.0f} times**
as long. networkx solves {PRODUCTS} graphs of one product densely and one graph of all by power iteration. The numbers
are at most {apart:.0e} apart.

## Growth, one year

| countries | products | flows | links | pairs | s |
|---|---|---|---|---|---|
{chr(10).join(rows)}
"""
    (HERE / "INDICATORS.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
