"""Made-up trade for the tests of links, and the statistic of a link by plain loops."""

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.stats import rankdata

PRODUCTS = ["000001", "000002", "000003"]


def panel(seed=0, n_countries=12, years=(2000, 2001, 2002), link=0.0, n_products=3, openness=0.0):
    """Return flows and totals where moving up in importing product 1 goes with exporting product 3, by ``link``.

    With ``openness`` every country-year has a factor that moves its imports and its exports of all the products
    alike, against a product outside the set.
    """
    generator = np.random.default_rng(seed)
    countries = [f"C{index:02d}" for index in range(n_countries)]
    size = generator.lognormal(sigma=1.0, size=n_countries)
    rows = []
    for year in years:
        latent, open_to = generator.normal(size=n_countries), openness * generator.normal(size=n_countries)
        base = generator.normal(size=(n_countries, n_countries, n_products))
        base[:, :, 0] += link * latent[None, :]
        base[:, :, 2] += link * latent[:, None]
        base += (open_to[:, None] + open_to[None, :])[:, :, None]
        value = size[:, None, None] * size[None, :, None] * np.exp(base)
        rows += [
            (year, countries[i], countries[j], f"{k + 1:06d}", float(value[i, j, k]))
            for i in range(n_countries)
            for j in range(n_countries)
            for k in range(n_products)
            if i != j
        ]
    flows = pd.DataFrame(rows, columns=["year", "exporter", "importer", "product", "value_kusd"])
    exports = flows.groupby(["year", "exporter"])["value_kusd"].sum()
    imports = flows.groupby(["year", "importer"])["value_kusd"].sum()
    totals = pd.DataFrame({"exports_kusd": exports.to_numpy(), "imports_kusd": imports.to_numpy()})
    if openness:
        # Most trade is outside the set, so that the factor moves shares in all trade.
        totals += 100 * np.tile(size, len(years))[:, None] * size.sum()
    totals.insert(0, "country", exports.index.get_level_values(1))
    totals.insert(0, "year", exports.index.get_level_values(0))
    return flows, totals


def _residual(values, size):
    ranks = (rankdata(values) - 1) / (len(values) - 1)
    design = np.column_stack([np.ones(len(size)), (rankdata(size) - 1) / (len(size) - 1)])
    return ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0]


def loop_statistic(flows, totals, source, target):
    """The definition of docs/METHOD.md, section 3, one country, product and year at a time; no gap in the years."""
    products = sorted(flows["product"].unique())
    levels = {"imports": {}, "exports": {}}
    for year in sorted(totals["year"].unique()):
        own = totals[totals["year"] == year].set_index("country")
        here = flows[flows["year"] == year]
        size = np.log(own["exports_kusd"] + own["imports_kusd"]).to_numpy()
        for side, end in (("imports", "importer"), ("exports", "exporter")):
            column, residuals = f"{side}_kusd", {}
            known = here[here[end].isin(own.index)]
            for product in products:
                traded = known[known["product"] == product].groupby(end)["value_kusd"].sum()
                share = [traded.get(country, 0.0) / own.loc[country, column] for country in own.index]
                index = np.array(share) / (traded.sum() / own[column].sum())
                residuals[product] = _residual(np.log1p(index), size)
            mean = np.mean(list(residuals.values()), axis=0)
            levels[side][year] = {product: values - mean for product, values in residuals.items()}
    years = sorted(levels["imports"])
    moved = [
        np.concatenate([levels[side][after][p] - levels[side][before][p] for before, after in pairwise(years)])
        for side, p in (("imports", source), ("exports", target))
    ]
    return np.corrcoef(*moved)[0, 1]
