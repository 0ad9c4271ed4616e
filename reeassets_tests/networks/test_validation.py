"""The permutation test against plain loops, and its behaviour where the answer is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest, rankdata
from statsmodels.stats.multitest import multipletests

from reeassets.networks.validation import benjamini_hochberg, permutation_test, residual_ranks, validate_links
from reeassets.tables import NotEnoughData

PRODUCTS = ["000001", "000002", "000003"]


def panel(seed=0, n_countries=12, years=(2000, 2001), link=0.0):
    """Trade where importing product 1 goes with exporting product 3 by ``link``."""
    generator = np.random.default_rng(seed)
    countries = [f"C{index:02d}" for index in range(n_countries)]
    latent = generator.normal(size=n_countries)
    size = generator.lognormal(sigma=1.0, size=n_countries)
    rows = []
    for year in years:
        for i, exporter in enumerate(countries):
            for j, importer in enumerate(countries):
                if i == j:
                    continue
                base = generator.normal(size=3)
                base[0] += link * latent[j]
                base[2] += link * latent[i]
                rows += [
                    (year, exporter, importer, product, float(size[i] * size[j] * np.exp(base[k])))
                    for k, product in enumerate(PRODUCTS)
                ]
    flows = pd.DataFrame(rows, columns=["year", "exporter", "importer", "product", "value_kusd"])
    exports = flows.groupby(["year", "exporter"])["value_kusd"].sum()
    imports = flows.groupby(["year", "importer"])["value_kusd"].sum()
    totals = pd.DataFrame({"exports_kusd": exports.to_numpy(), "imports_kusd": imports.to_numpy()})
    totals.insert(0, "country", exports.index.get_level_values(1))
    totals.insert(0, "year", exports.index.get_level_values(0))
    return flows, totals, flows.groupby(["year", "product"], as_index=False)["value_kusd"].sum()


def loop_statistic(flows, totals, products, source, target):
    """The definition of docs/METHOD.md, section 3, one country and year at a time."""
    left, right = [], []
    for year in sorted(totals["year"].unique()):
        own = totals[totals["year"] == year].set_index("country")
        world = own["exports_kusd"].sum()
        of = products[products["year"] == year].set_index("product")["value_kusd"]
        a, b, size = [], [], []
        for country in own.index:
            here = flows[flows["year"] == year]
            bought = here[(here["importer"] == country) & (here["product"] == source)]["value_kusd"].sum()
            sold = here[(here["exporter"] == country) & (here["product"] == target)]["value_kusd"].sum()
            a.append(np.log1p((bought / own.loc[country, "imports_kusd"]) / (of[source] / world)))
            b.append(np.log1p((sold / own.loc[country, "exports_kusd"]) / (of[target] / world)))
            size.append(np.log(own.loc[country].sum()))
        ranks = [(rankdata(values) - 1) / (len(values) - 1) for values in (a, b, size)]
        design = np.column_stack([np.ones(len(size)), ranks[2]])
        for values, into in ((ranks[0], left), (ranks[1], right)):
            coefficients = np.linalg.lstsq(design, values, rcond=None)[0]
            into.extend(values - design @ coefficients)
    return np.corrcoef(left, right)[0, 1]


def test_the_statistic_is_the_definition():
    flows, totals, products = panel(link=1.0)
    ranks = residual_ranks(flows, totals, products, PRODUCTS)
    links = pd.DataFrame({"input": ["000001", "000002"], "output": ["000003", "000001"]})
    tested = permutation_test(ranks, links, draws=19, seed=1)
    for row in links.join(tested).itertuples():
        assert row.partial_corr == pytest.approx(
            loop_statistic(flows, totals, products, row.input, row.output), abs=1e-12
        )


def test_the_null_moves_whole_countries_and_the_p_value_counts_them():
    flows, totals, products = panel(link=0.7)
    ranks = residual_ranks(flows, totals, products, PRODUCTS)
    links = pd.DataFrame({"input": ["000001"], "output": ["000003"]})
    tested = permutation_test(ranks, links, draws=199, seed=7)
    generator = np.random.default_rng(7)
    orders = generator.permuted(np.tile(np.arange(12), (199, 1)), axis=1)
    a, b = ranks.imports[0], ranks.exports[2]
    null = [float((a[order] * b).sum()) for order in orders]
    expected = (1 + sum(value >= (a * b).sum() for value in null)) / 200
    assert tested["p_value"].iloc[0] == pytest.approx(expected)


def test_a_planted_link_is_found():
    ranks = residual_ranks(*panel(seed=3, n_countries=40, link=1.5), PRODUCTS)
    tested = permutation_test(ranks, pd.DataFrame({"input": ["000001"], "output": ["000003"]}), draws=499, seed=1)
    assert tested["p_value"].iloc[0] == pytest.approx(1 / 500)
    assert tested["partial_corr"].iloc[0] > 0.5


def test_without_links_p_values_are_uniform():
    links = pd.DataFrame({"input": ["000001"], "output": ["000003"]})
    p_values = [
        permutation_test(residual_ranks(*panel(seed=seed), PRODUCTS), links, draws=99, seed=1)["p_value"].iloc[0]
        for seed in range(60)
    ]
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_the_order_of_rows_changes_nothing():
    flows, totals, products = panel(link=0.5)
    links = pd.DataFrame({"input": ["000001"], "output": ["000003"]})
    one = permutation_test(residual_ranks(flows, totals, products, PRODUCTS), links, draws=99, seed=1)
    shuffled = [table.sample(frac=1, random_state=2) for table in (flows, totals, products)]
    pd.testing.assert_frame_equal(one, permutation_test(residual_ranks(*shuffled, PRODUCTS), links, draws=99, seed=1))


def test_countries_that_miss_a_year_are_left_out_and_counted():
    flows, totals, products = panel()
    gone = totals[~((totals["country"] == "C00") & (totals["year"] == 2001))]
    ranks = residual_ranks(flows, gone, products, PRODUCTS)
    assert "C00" not in ranks.countries
    assert ranks.n_left_out == 1


def test_a_product_that_nobody_trades_has_no_correlation():
    flows, totals, products = panel()
    ranks = residual_ranks(flows, totals, products, [*PRODUCTS, "000004"])
    tested = permutation_test(ranks, pd.DataFrame({"input": ["000004"], "output": ["000001"]}), draws=19, seed=1)
    assert tested["partial_corr"].isna().all()
    assert tested["p_value"].tolist() == [1.0]


def test_too_few_countries_is_an_error():
    flows, totals, products = panel(n_countries=3)
    with pytest.raises(NotEnoughData, match="only 3 countries"):
        residual_ranks(flows, totals, products, PRODUCTS)
    candidates = pd.DataFrame({"input": ["000001"], "output": ["000003"], "carried": [True]})
    links = validate_links(candidates, None, draws=19, seed=1, fdr=0.5)
    assert links[["p_value", "accepted", "weight"]].to_numpy().tolist() == [[1.0, False, 0.0]]


def test_benjamini_hochberg_agrees_with_statsmodels():
    p_values = np.random.default_rng(0).uniform(size=50) ** 2
    assert benjamini_hochberg(p_values) == pytest.approx(multipletests(p_values, method="fdr_bh")[1])


def test_accepted_links_need_votes_and_their_weights_sum_to_one():
    flows, totals, products = panel(seed=3, n_countries=40, link=1.5)
    candidates = pd.DataFrame(
        {
            "input": ["000001", "000002", "000001"],
            "output": ["000003", "000003", "000002"],
            "carried": [True, True, False],
        }
    )
    ranks = residual_ranks(flows, totals, products, PRODUCTS)
    links = validate_links(candidates, ranks, draws=199, seed=1, fdr=0.10)
    by_pair = links.set_index(["input", "output"])
    assert bool(by_pair.loc[("000001", "000003"), "accepted"]) is True
    assert by_pair.loc[("000001", "000002"), ["accepted", "weight"]].tolist() == [False, 0.0]
    weights = links[links["accepted"]].groupby("output")["weight"].sum()
    assert weights.to_numpy() == pytest.approx(np.ones(len(weights)))
