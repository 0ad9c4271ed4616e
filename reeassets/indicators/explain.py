"""Where the risk of a country in a product comes from, taken apart into parts that sum to it.

Systemic trade risk is a sum over orders: what the suppliers themselves are expected to fail, what they lack because
theirs do, and so on (docs/METHOD.md, section 5). Multi-tier risk adds what the links carry (section 6). Every part is
computed by itself from the network, the remainder of the higher orders too, so that their sum is a check and not a
definition.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from reeassets.indicators.multi_tier import multi_tier_risk
from reeassets.indicators.systemic import systemic_trade_risk
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]

DIRECT, SECOND, HIGHER = "direct suppliers", "suppliers' suppliers", "all higher orders"
INPUTS, SUPPLIERS_INPUTS = "inputs, along links", "inputs behind the suppliers"


@dataclass(frozen=True)
class Explanation:
    """The parts of a country's risk in a product; values in thousand current US$, shares and risks in [0, 1].

    Attributes
    ----------
    year : int
        Calendar year.
    country, product : str
        The pair.
    hazard_name : str
        Hazard of suppliers.
    pass_through : float
        ``b``.
    imports, exports, supply, domestic : float
        ``M``, ``X``, ``S = M + D`` and domestic supply ``D``.
    suppliers : DataFrame
        ``supplier, value_kusd, import_share, supply_share, hazard, direct, behind, risk``: shares of ``M`` and of
        ``S``, the supplier's hazard ``h``, ``direct = A h``, ``behind = b A (1 - h) L`` with the supplier's own
        systemic trade risk ``L``, here ``risk``. The largest contribution first.
    paths : DataFrame
        ``supplier, behind, share, hazard, contribution``: second-order paths ``behind -> supplier -> country`` with
        the product of both supply shares and of what the supplier does deliver, and the hazard of the country behind;
        ``contribution = b share h``. The largest first.
    inputs : DataFrame
        ``input, weight, risk, contribution``: links of the network into the product whose input the country trades, its
        own multi-tier risk in the input, ``contribution = b d w risk``. The largest ``w risk`` first.
    parts : dict of str to float
        Each part of the multi-tier risk; the first three sum to the systemic trade risk, all five to the multi-tier
        risk.
    systemic_trade_risk, multi_tier_risk : float
        As the solver gives them.
    """

    year: int
    country: str
    product: str
    hazard_name: str
    pass_through: float
    imports: float
    exports: float
    supply: float
    domestic: float
    suppliers: pd.DataFrame
    paths: pd.DataFrame
    inputs: pd.DataFrame
    parts: dict[str, float]
    systemic_trade_risk: float
    multi_tier_risk: float

    @property
    def sum_of_orders(self) -> float:
        """Sum of the parts that make up the systemic trade risk."""
        return self.parts[DIRECT] + self.parts[SECOND] + self.parts[HIGHER]

    @property
    def sum_of_parts(self) -> float:
        """Sum of all parts, which make up the multi-tier risk."""
        return sum(self.parts.values())


def explain(network: YearNetwork, country: str, product: str) -> Explanation:
    """Take the risk of a country in a product apart.

    Parameters
    ----------
    network : YearNetwork
        The year's network.
    country, product : str
        The pair; it must trade.

    Raises
    ------
    ValueError
        If the country or the product does not trade in the year, or the country not in the product.
    """
    pair = _pair(network, country, product)
    b = network.pass_through
    systemic, multi_tier = systemic_trade_risk(network), multi_tier_risk(network)
    hazard = network.hazard
    sources, shares = _row(network.inflow_shares, pair)
    suppliers = _suppliers(network, pair, sources, shares)
    paths, behind = _paths(network, sources, shares)
    inputs = _inputs(network, pair)
    return Explanation(
        year=network.year,
        country=country,
        product=product,
        hazard_name=network.hazard_name,
        pass_through=b,
        imports=float(network.imports[pair]),
        exports=float(network.exports[pair]),
        supply=float(network.supply[pair]),
        domestic=float(network.domestic[pair]),
        suppliers=suppliers,
        paths=paths,
        inputs=inputs,
        parts={
            DIRECT: float(shares @ hazard[sources]),
            SECOND: float(paths["contribution"].sum()),
            # Two steps back stands the whole systemic risk of whoever is there, solved for.
            HIGHER: float(b**2 * (behind @ ((1 - hazard) * systemic))),
            INPUTS: float(inputs["contribution"].sum()),
            SUPPLIERS_INPUTS: float(b * (shares @ ((1 - hazard) * (multi_tier - systemic))[sources])),
        },
        systemic_trade_risk=float(systemic[pair]),
        multi_tier_risk=float(multi_tier[pair]),
    )


def _pair(network: YearNetwork, country: str, product: str) -> int:
    if country not in network.countries:
        raise ValueError(f"{country} trades nothing of the set in {network.year}")
    if product not in network.products:
        raise ValueError(f"nobody trades {product} in {network.year}")
    of_country = network.country == network.countries.index(country)
    place = of_country & (network.product == network.products.index(product))
    if not place.any():
        traded = [network.products[number] for number in network.product[of_country]]
        raise ValueError(f"{country} does not trade {product} in {network.year}; it trades {', '.join(traded)}")
    return int(np.flatnonzero(place)[0])


def _row(matrix: csr_array, row: int) -> tuple[NDArray[np.intp], Floats]:
    """Return positions and values of the entries of a row."""
    part = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return matrix.indices[part].astype(np.intp), matrix.data[part]


def _names(network: YearNetwork, pairs: NDArray[np.intp]) -> list[str]:
    return [network.countries[number] for number in network.country[pairs]]


def _suppliers(network: YearNetwork, pair: int, sources: NDArray[np.intp], shares: Floats) -> pd.DataFrame:
    hazard = network.hazard[sources]
    risk = systemic_trade_risk(network)[sources]
    value = shares * network.supply[pair]
    frame = pd.DataFrame(
        {
            "supplier": _names(network, sources),
            "value_kusd": value,
            "import_share": value / network.imports[pair],
            "supply_share": shares,
            "hazard": hazard,
            "direct": shares * hazard,
            "behind": network.pass_through * shares * (1 - hazard) * risk,
            "risk": risk,
        }
    )
    order = (frame["direct"] + frame["behind"]).sort_values(ascending=False, kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def _paths(network: YearNetwork, sources: NDArray[np.intp], shares: Floats) -> tuple[pd.DataFrame, Floats]:
    """Return the second-order paths, and the sum of their shares by pair they start at, shape (n,)."""
    rows = [_row(network.inflow_shares, source) for source in sources]
    behind = np.concatenate([found for found, _ in rows]) if rows else np.empty(0, dtype=np.intp)
    through = np.repeat(sources, [len(found) for found, _ in rows])
    delivered = shares * (1 - network.hazard[sources])
    share = np.concatenate([own * of for own, (_, of) in zip(delivered, rows, strict=True)]) if rows else np.empty(0)
    hazard = network.hazard[behind]
    frame = pd.DataFrame(
        {
            "supplier": _names(network, through),
            "behind": _names(network, behind),
            "share": share,
            "hazard": hazard,
            "contribution": network.pass_through * share * hazard,
        }
    )
    ordered = frame.sort_values("contribution", ascending=False, kind="stable", ignore_index=True)
    return ordered, np.bincount(behind, share, network.n_pairs).astype(np.float64)


def _inputs(network: YearNetwork, pair: int) -> pd.DataFrame:
    made_of, weights = _row(network.link_weights, pair)
    risk = multi_tier_risk(network)[made_of]
    frame = pd.DataFrame(
        {
            "input": [network.products[number] for number in network.product[made_of]],
            "weight": weights,
            "risk": risk,
            "contribution": network.pass_through * network.domestic_share[pair] * weights * risk,
        }
    )
    # Where nothing is made at home, all contributions are 0; the order is still that of what they would be.
    order = (frame["weight"] * frame["risk"]).sort_values(ascending=False, kind="stable").index
    return frame.loc[order].reset_index(drop=True)
