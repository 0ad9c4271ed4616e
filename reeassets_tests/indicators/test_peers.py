"""The Balassa index against the published packages `ecomplexity` and `economic-complexity` (extra ``peers``)."""

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.advantage import rca, rsca
from reeassets_tests.indicators.builders import flow_frame, network, random_flows, totals_of

EXACT = 1e-12
REST = "other products"


def by_economic_complexity(exports: pd.DataFrame) -> pd.Series:
    """Return the index by (country, product); exports hold ``country, product, value``."""
    from economic_complexity import rca as published

    return published(exports.pivot(index="country", columns="product", values="value")).T.unstack()


def by_ecomplexity(exports: pd.DataFrame) -> pd.Series:
    from ecomplexity import ecomplexity

    columns = {"time": "year", "loc": "country", "prod": "product", "val": "value"}
    found = ecomplexity(exports.assign(year=2010), columns, check_logsupermodularity=False, verbose=False)
    return found.set_index(["country", "product"])["rca"]


PEERS = pytest.mark.parametrize("published", [by_economic_complexity, by_ecomplexity])


def compare(published: pd.Series, own: pd.Series) -> None:
    """Every pair of ours is compared; no exports of the pair are 0, no exports at all are missing, as 0/0 is theirs."""
    assert len(own) > 100
    theirs = published.reindex(own.index).fillna(0.0).where(own.notna())
    exporting = published.fillna(0.0).groupby(level="country").max() > 0
    assert (own.notna() == exporting.reindex(own.index.get_level_values("country")).eq(True).to_numpy()).all()
    np.testing.assert_allclose(own.to_numpy(dtype=float), theirs.to_numpy(dtype=float), rtol=EXACT, atol=0)
    assert (own > 0).sum() > 50


@PEERS
@pytest.mark.parametrize("year", [2016, 2023])
def test_on_the_sample(warehouse, published, year):
    flows = warehouse.execute(
        "select exporter, importer, product, value_kusd, year from trade_flows where year = ? order by all", [year]
    ).df()
    exports = flows.rename(columns={"exporter": "country", "value_kusd": "value"})
    exports = exports.groupby(["country", "product"], as_index=False)["value"].sum()
    net = network(flows, totals=totals_of(flows))
    own = net.pairs().assign(rca=rca(net))
    compare(published(exports), own.set_index(["country", "product"])["rca"])


@PEERS
def test_with_trade_outside_the_set(published):
    # The packages take totals from what they are given: all other products of a country are one more product.
    flows = flow_frame(random_flows(3, n_countries=20, n_products=8))
    countries, products = totals_of(flows)
    rest = pd.Series(np.linspace(10, 5000, len(countries)), index=countries["country"])
    countries = countries.assign(exports_kusd=countries["exports_kusd"] + rest.to_numpy())
    net = network(flows, totals=(countries, products))
    of_set = flows.groupby(["exporter", "product"])["value_kusd"].sum().rename_axis(["country", "product"])
    others = rest.rename("value").reset_index().assign(product=REST)
    exports = pd.concat([of_set.rename("value").reset_index(), others], ignore_index=True)
    own = net.pairs().assign(rca=rca(net), rsca=rsca(net)).set_index(["country", "product"])
    theirs = published(exports)
    compare(theirs, own["rca"])
    symmetric = ((theirs - 1) / (theirs + 1)).reindex(own.index).fillna(-1.0).where(own["rca"].notna())
    np.testing.assert_allclose(own["rsca"], symmetric, rtol=0, atol=EXACT)
