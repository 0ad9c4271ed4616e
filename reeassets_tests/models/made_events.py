"""Generated importers around a measure, with what is planted known."""

import numpy as np
import pandas as pd

YEAR = 2010


def event_table(
    seed=0, countries=30, products=1, years=range(2005, 2016), effect=0.0, trend=0.0, missing=0.0, noise=0.5
):
    """Rows as of ``event_rows``: ``effect`` from the measure's year on and ``trend`` per year before, times exposure.

    Errors of a country are correlated over years and products.
    """
    rng = np.random.default_rng(seed)
    share = rng.uniform(size=(countries, products))
    own = rng.normal(size=(countries, products))
    common = rng.normal(size=(products, len(years)))
    rows = []
    for country in range(countries):
        walk = np.cumsum(rng.normal(size=len(years))) * 0.5 * noise
        for product in range(products):
            for place, year in enumerate(years):
                if rng.uniform() < missing:
                    continue
                planted = effect * (year >= YEAR) + trend * min(year - YEAR + 1, 0)
                value = own[country, product] + common[product, place] + planted * share[country, product]
                value += walk[place] + noise * rng.normal()
                rows.append((f"C{country:02d}", f"28469{product}", year, year - YEAR, share[country, product], value))
    columns = ["country", "product", "year", "relative_year", "exposure", "outcome"]
    return pd.DataFrame(rows, columns=columns).sort_values(columns[:3], ignore_index=True)


def flow_tables(seed=0, countries=40, years=range(2004, 2017), effect=0.0, product="284690", noise=0.3):
    """Trade flows of a product from CHN and AUS, and indicators: CHN's price rises by ``effect`` logs from 2010 on."""
    rng = np.random.default_rng(seed)
    flows, indicators = [], []
    for country in range(countries):
        name, share = f"C{country:02d}", rng.uniform(0.05, 0.95)
        size = np.exp(rng.normal(5, 1))
        for year in years:
            now = np.clip(share + 0.05 * rng.normal(), 0.01, 0.99)
            for exporter, part in (("CHN", now), ("AUS", 1 - now)):
                dearer = np.exp(effect * share * (year >= YEAR) + noise * rng.normal())
                tonnes = size * part
                flows.append((year, exporter, name, product, tonnes * 10 * dearer, tonnes))
            indicators.append((year, name, product, rng.uniform(-0.5, 0.5)))
    columns = ["year", "exporter", "importer", "product", "value_kusd", "quantity_t"]
    return pd.DataFrame(flows, columns=columns), pd.DataFrame(
        indicators, columns=["year", "country", "product", "rsca"]
    )


def measure_rows(products=("284690",), month="2010-07", target="all", name="stop"):
    return pd.DataFrame(
        [
            {
                "measure": name,
                "product": product,
                "restricting_country": "CHN",
                "target": target,
                "first_month": month,
                "last_month": "",
                "kind": "export ban",
                "source": "made",
                "note": "",
            }
            for product in products
        ]
    )
