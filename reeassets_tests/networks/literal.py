"""The test of links as docs/METHOD.md, section 3, writes it down: plain pandas, to be read beside it, not fast.

``level_residuals`` is the form that the test had before: it keeps what a country imports and exports much of together,
and calls nearly every pair of products linked. It stays as what must fail.
"""

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, kstest

SIZE_CLASSES = 3


def traded(flows, side, years, countries, products):
    """Return the value of each product that countries import or export: one table (country x product) per year."""
    sums = flows.groupby(["year", side, "product"])["value_kusd"].sum()
    return {
        year: sums.loc[year].unstack(fill_value=0.0).reindex(countries, columns=products).fillna(0.0) for year in years
    }


def level_residuals(flows, country_totals, product_totals, products):
    """Return ranks of ``log1p(RCI)`` and ``log1p(RCA)``, freed of size: two frames (year, country) x product."""
    years = sorted(country_totals["year"].unique())
    total = country_totals.set_index(["year", "country"])[["exports_kusd", "imports_kusd"]]
    size = total.sum(axis=1).unstack("year")
    countries = sorted(size.index[(size > 0).all(axis=1)])
    world = product_totals.set_index(["year", "product"])["value_kusd"]
    sides = []
    for side, name in (("importer", "imports_kusd"), ("exporter", "exports_kusd")):
        value = traded(flows, side, years, countries, products)
        residuals = {}
        for year in years:
            own = total.loc[year, name]
            share = value[year].div(own.reindex(countries), axis=0)
            index = share / (world.loc[year].reindex(products) / own.sum())
            residuals[year] = freed_of_size(ranks(np.log1p(index)), ranks(np.log(size.loc[countries, year])))
        sides.append(pd.concat(residuals, names=["year", "country"]))
    return sides


def ranks(values):
    """Average ranks over countries, from 0 to 1."""
    return (values.rank(axis=0) - 1) / (len(values) - 1)


def freed_of_size(values, size):
    """Residuals of each product's ranks in a regression on the rank of size, with an intercept."""
    design = np.column_stack([np.ones(len(size)), size])
    coefficients, *_ = np.linalg.lstsq(design, values.to_numpy(), rcond=None)
    return values - design @ coefficients


def change_residuals(flows, country_totals, product_totals, products):
    """Return the changes from year to year of what is left once the country-year's mean over products is taken away."""
    changes = []
    for levels in level_residuals(flows, country_totals, product_totals, products):
        relative = levels.sub(levels.mean(axis=1), axis=0)
        changes.append(relative.groupby(level="country").diff().dropna(how="all"))
    return changes


def permutation_p_values(imports, exports, pairs, draws, seed):
    """Correlate each pair's two sides over countries and years, and with whole countries permuted.

    Parameters
    ----------
    imports, exports : DataFrame
        (year, country) x product.
    pairs : DataFrame
        ``input, output``.
    draws, seed : int
        Permutations, the same for all pairs, and their seed.

    Returns
    -------
    DataFrame
        ``pairs`` with ``correlation`` and the one-sided ``p_value``.
    """
    generator = np.random.default_rng(seed)
    count = imports.index.get_level_values("country").nunique()
    permutations = np.array([generator.permutation(count) for _ in range(draws)])
    by_country = {
        side: {name: standard(frame[name].unstack("year")) for name in frame.columns}
        for side, frame in (("imports", imports), ("exports", exports))
    }
    rows = []
    for source, target in zip(pairs["input"], pairs["output"], strict=True):
        a, b = by_country["imports"][source], by_country["exports"][target]
        # What country c's imports and country d's exports add to the correlation if d's block stands where c's was.
        parts = a @ b.T / a.size
        observed = np.trace(parts)
        null = parts[np.arange(count), permutations].sum(axis=1)
        rows.append((observed, (1 + np.sum(null >= observed - 1e-12)) / (1 + draws)))
    return pairs.assign(**dict(zip(("correlation", "p_value"), np.array(rows).T, strict=True)))


def standard(frame):
    """Scale values over all countries and years to mean 0 and standard deviation 1, as an array (country, year)."""
    values = frame.to_numpy()
    return (values - values.mean()) / values.std()


def decoys(candidates, stages, traded_value, seed, times=2):
    """Draw different pairs that nobody proposed, matched to the candidates by stages and classes of size."""
    size = np.ceil(traded_value.rank(pct=True) * SIZE_CLASSES).astype(int)
    kind = {product: (stages[product], size[product]) for product in traded_value.index}
    proposed = set(zip(candidates["input"], candidates["output"], strict=True))
    proposed |= {(target, source) for source, target in proposed}
    free = {}
    for source in traded_value.index:
        for target in traded_value.index:
            if source != target and (source, target) not in proposed:
                free.setdefault((kind[source], kind[target]), []).append((source, target))
    generator = np.random.default_rng(seed)
    for choices in free.values():
        generator.shuffle(choices)
    wanted = list(zip(candidates["input"], candidates["output"], strict=True)) * times
    drawn = [choices.pop() for source, target in wanted if (choices := free.get((kind[source], kind[target])))]
    return pd.DataFrame(drawn, columns=["input", "output"])


def target_decoy(p_values, decoy_p_values):
    """Return each candidate's smallest rate of decoys over candidates among all thresholds that accept it."""
    p_values, decoy_p_values = np.asarray(p_values), np.asarray(decoy_p_values)
    rates = {}
    for threshold in np.unique(p_values):
        rate = np.mean(decoy_p_values <= threshold) / np.mean(p_values <= threshold)
        rates[threshold] = min(1.0, rate)
    return np.array([min(rate for threshold, rate in rates.items() if threshold >= own) for own in p_values])


def evidence(found, decoy_p_values, fdr=0.10):
    """Add both rates to what :func:`permutation_p_values` found of the candidates, and what they say of each.

    ``within_rates``: both rates are at most ``fdr``; ``validated``: that, and the decoys' p-values are uniform.
    """
    found = found.assign(
        bh=false_discovery_control(found["p_value"]), decoy_q=target_decoy(found["p_value"], decoy_p_values)
    )
    calibrated = kstest(decoy_p_values, "uniform").pvalue >= 0.01
    within = (found["bh"] <= fdr) & (found["decoy_q"] <= fdr)
    return found.assign(within_rates=within, validated=calibrated & within)
