"""Statistical validation of candidate links on trade data (docs/METHOD.md, section 3).

A link ``p -> q`` stands if countries that are specialised in importing ``p`` are, size taken out, also specialised in
exporting ``q``, more than a permutation of countries would give. The statistic is this project's own definition.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.tables import NotEnoughData
from reeassets.trade.specialisation import specialisation_index

Floats = NDArray[np.float64]
# Two sums of the same numbers in another order differ by rounding; such a draw counts as equal to the observed value.
_TIE = 1e-12


@dataclass(frozen=True)
class ResidualRanks:
    """Size-adjusted ranks of specialisation, the raw material of the test.

    Attributes
    ----------
    countries, products : list of str
        Axes.
    n_years : int
        Number of years.
    imports, exports : ndarray, shape (n_products, n_countries, n_years)
        Residuals of ``a`` (import side) and of ``b`` (export side), scaled to unit norm per product; all zero for a
        product whose ranks do not vary once size is taken out.
    n_left_out : int
        Countries that do not trade in every year.
    """

    countries: list[str]
    products: list[str]
    n_years: int
    imports: Floats
    exports: Floats
    n_left_out: int


def _ranks(values: Floats) -> Floats:
    """Average ranks down the first axis, scaled to [0,1]."""
    from scipy.stats import rankdata

    return (rankdata(values, axis=0) - 1.0) / (len(values) - 1.0)


def _without_size(values: Floats, size: Floats) -> Floats:
    """Residuals of the ranks of each column on the ranks of size, with intercept; shapes (n, p), (n,)."""
    ranks = _ranks(values)
    centred = ranks - ranks.mean(axis=0)
    regressor = _ranks(size[:, None])[:, 0]
    regressor = regressor - regressor.mean()
    variation = regressor @ regressor
    slope = (regressor @ centred) / variation if variation > 0 else np.zeros(centred.shape[1])
    return centred - np.outer(regressor, slope)


def residual_ranks(
    flows: pd.DataFrame, country_totals: pd.DataFrame, product_totals: pd.DataFrame, products: list[str]
) -> ResidualRanks:
    """Compute size-adjusted specialisation ranks of all countries that trade in every year.

    Parameters
    ----------
    flows, country_totals, product_totals : DataFrame
        Tables ``trade_flows``, ``country_totals`` and ``product_totals`` of all years of the panel.
    products : list of str
        The products of the set.

    Raises
    ------
    NotEnoughData
        If fewer than four countries trade in every year: there is nothing to correlate.
    """
    years = sorted(country_totals["year"].unique())
    size = country_totals.assign(size=country_totals["exports_kusd"] + country_totals["imports_kusd"])
    by_country = size.pivot_table(index="country", columns="year", values="size", fill_value=0.0)
    stays = by_country.index[(by_country > 0).all(axis=1)].sort_values()
    if len(stays) < 4:
        raise NotEnoughData(
            f"only {len(stays)} countries trade in every year; the validation of links needs at least 4"
        )
    shape = (len(products), len(stays), len(years))
    imports, exports = np.zeros(shape), np.zeros(shape)
    for place, year in enumerate(years):
        totals = country_totals[country_totals["year"] == year].set_index("country")
        in_year = flows[flows["year"] == year]
        world = product_totals[product_totals["year"] == year].set_index("product")["value_kusd"]
        of_product = world.reindex(products, fill_value=0.0).to_numpy()
        year_size = np.log((totals["exports_kusd"] + totals["imports_kusd"]).reindex(stays).to_numpy())
        for side, total, target in (("importer", "imports_kusd", imports), ("exporter", "exports_kusd", exports)):
            traded = in_year.groupby([side, "product"])["value_kusd"].sum().unstack(fill_value=0.0)
            value = traded.reindex(index=stays, columns=products, fill_value=0.0).to_numpy()
            own = totals[total].reindex(stays).to_numpy()[:, None]
            index = specialisation_index(
                value,
                np.broadcast_to(own, value.shape),
                np.broadcast_to(of_product, value.shape),
                float(totals[total].sum()),
            )
            target[:, :, place] = _without_size(np.log1p(index), year_size).T
    return ResidualRanks(
        list(stays), list(products), len(years), _unit(imports), _unit(exports), int(len(by_country) - len(stays))
    )


def _unit(residuals: Floats) -> Floats:
    norms = np.sqrt((residuals**2).sum(axis=(1, 2)))
    # A product nobody specialises in leaves rounding noise, which must not be blown up to a unit vector.
    flat = norms < 1e-9
    scaled: Floats = residuals / np.where(flat, 1.0, norms)[:, None, None]
    scaled[flat] = 0.0
    return scaled


def permutation_test(ranks: ResidualRanks, links: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Test candidate links against permutations of countries as whole blocks of years.

    Parameters
    ----------
    ranks : ResidualRanks
        From :func:`residual_ranks`.
    links : DataFrame
        Columns ``input`` and ``output``.
    draws, seed : int
        Number of permutations (the same for every link) and their seed.

    Returns
    -------
    DataFrame
        ``partial_corr`` in [-1,1] (null where a side does not vary) and the one-sided ``p_value`` in (0,1] (1 where
        null), aligned with ``links``.
    """
    generator = np.random.default_rng(seed)
    n = len(ranks.countries)
    # permuted(axis=1) shuffles each row on its own: row k is draw k.
    permutations = generator.permuted(np.tile(np.arange(n), (draws, 1)), axis=1)
    place = {product: index for index, product in enumerate(ranks.products)}
    correlations, p_values = np.full(len(links), np.nan), np.ones(len(links))
    columns = np.arange(n)
    for row, (source, target) in enumerate(zip(links["input"], links["output"], strict=True)):
        a, b = ranks.imports[place[source]], ranks.exports[place[target]]
        if not a.any() or not b.any():
            continue
        # Cell (c, d) is the sum over years of country c's import side times country d's export side; a permutation of
        # countries picks one cell per column.
        cells = a @ b.T
        observed = float(np.trace(cells))
        null = cells[permutations, columns].sum(axis=1)
        correlations[row] = min(1.0, max(-1.0, observed))
        p_values[row] = (1 + np.count_nonzero(null >= observed - _TIE)) / (1 + draws)
    return pd.DataFrame({"partial_corr": correlations, "p_value": p_values}, index=links.index)


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Return q-values of Benjamini & Hochberg (1995), in the order given; shape (n,) in and out."""
    from scipy.stats import false_discovery_control

    p_values = np.asarray(p_values, dtype=float)
    return false_discovery_control(p_values, method="bh") if p_values.size else p_values


def untested(links: pd.DataFrame) -> pd.DataFrame:
    """Return what :func:`permutation_test` gives for links that no data speak for or against."""
    return pd.DataFrame({"partial_corr": np.nan, "p_value": 1.0}, index=links.index)


def validate_links(
    candidates: pd.DataFrame, ranks: ResidualRanks | None, *, draws: int, seed: int, fdr: float
) -> pd.DataFrame:
    """Decide which candidate links stand, and weight them.

    Parameters
    ----------
    candidates : DataFrame
        Table ``candidate_links``.
    ranks : ResidualRanks or None
        From :func:`residual_ranks`; None if there are too few countries, and then no link is accepted.
    draws, seed : int
        Of the permutation test.
    fdr : float
        A link is accepted when its q-value over all candidates is at most this and the votes carry it.

    Returns
    -------
    DataFrame
        Table ``io_links``; ``weight`` sums to 1 over the accepted inputs of each output, and is 0 for the others.
    """
    links = candidates.sort_values(["input", "output"], kind="stable", ignore_index=True)
    links = links.join(untested(links) if ranks is None else permutation_test(ranks, links, draws, seed))
    links["q_value"] = benjamini_hochberg(links["p_value"].to_numpy())
    links["accepted"] = (links["q_value"] <= fdr) & links["carried"] & (links["partial_corr"] > 0)
    strength = links["partial_corr"].where(links["accepted"], 0.0)
    total = strength.groupby(links["output"]).transform("sum")
    links["weight"] = (strength / total.where(total > 0, 1.0)).fillna(0.0)
    return links
