"""The tiered network of a year as edges between (country, product) nodes (docs/METHOD.md, section 4)."""

import pandas as pd


def trade_edges(flows: pd.DataFrame) -> pd.DataFrame:
    """Turn flows of a year into edges ``(exporter, p) -> (importer, p)`` weighted by value in thousand US$."""
    return pd.DataFrame(
        {
            "year": flows["year"],
            "kind": "trade",
            "source_country": flows["exporter"],
            "source_product": flows["product"],
            "target_country": flows["importer"],
            "target_product": flows["product"],
            "weight": flows["value_kusd"],
        }
    )


def production_edges(flows: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Join ``(c, p) -> (c, q)`` for each link of the network where country ``c`` trades ``p`` and exports ``q``.

    The weight is the link's.
    """
    exports = flows[["year", "exporter", "product"]].rename(columns={"exporter": "country"}).drop_duplicates()
    imports = flows[["year", "importer", "product"]].rename(columns={"importer": "country"}).drop_duplicates()
    trades = pd.concat([exports, imports], ignore_index=True).drop_duplicates()
    carried = links.loc[links["in_network"], ["input", "output", "weight"]]
    made = trades.merge(carried, left_on="product", right_on="input").merge(
        exports, left_on=["year", "country", "output"], right_on=["year", "country", "product"], suffixes=("", "_made")
    )
    return pd.DataFrame(
        {
            "year": made["year"],
            "kind": "production",
            "source_country": made["country"],
            "source_product": made["input"],
            "target_country": made["country"],
            "target_product": made["output"],
            "weight": made["weight"],
        }
    )


def network_edges(flows: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Return both kinds of edges of a year: table ``network_edges``."""
    return pd.concat([trade_edges(flows), production_edges(flows, links)], ignore_index=True)
