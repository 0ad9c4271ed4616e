"""What things are called in the report: countries, products, indicators and dimensions of the specifications."""

import pandas as pd

INDICATORS = {
    "exposure": "Exposure",
    "supplier_concentration": "Supplier concentration",
    "direct_risk": "Direct risk",
    "systemic_trade_risk": "Systemic trade risk",
    "indirect_risk": "Indirect risk",
    "multi_tier_risk": "Multi-tier risk",
    "influence": "Influence",
    "log10_influence": "Influence (log)",
    "rca": "Comparative advantage (RCA)",
    "rsca": "Symmetric RCA",
}
DIMENSIONS = {
    "exposure_definition": "Exposure",
    "risk_definition": "Risk",
    "hazard": "Hazard",
    "fixed_effects": "Effects",
    "delta": "Years ahead",
}
VALUES = {"multi_tier_risk": "multi-tier risk"}
TERMS = {"exposure": "exposure", "supplier_concentration": "supplier concentration", "risk": "systemic risk"}
SHORT = 46


def spoken(name: str) -> str:
    """Return a column's or a plugin's name as words."""
    return VALUES.get(name, name.replace("_", " "))


def indicator(name: str) -> str:
    """Return what an indicator is called."""
    return INDICATORS.get(name, spoken(name).capitalize())


def term(name: str) -> str:
    """Return a regression term in words, e.g. ``systemic risk in input products``."""
    base, _, stage = name.partition(":")
    what = TERMS.get(base, spoken(base))
    if not stage:
        return what
    first, _, second = stage.partition("-")
    return f"{what}, {first} less {second} products" if second else f"{what} in {first} products"


def country_names(economies: pd.DataFrame) -> dict[str, str]:
    """Return one name per economy, from the table ``economies``.

    Several of BACI's codes may share an ISO3 code: the present country, and a past one whose name ends in its last
    year, e.g. ``(...1990)``. The present one is taken.
    """
    past = economies["economy_name"].str.contains("(...", regex=False)
    ordered = economies.assign(past=past).sort_values(["economy", "past", "country_code"], kind="stable")
    first = ordered.drop_duplicates("economy")
    return dict(zip(first["economy"], first["economy_name"], strict=True))


def short_description(description: str, length: int = SHORT) -> str:
    """Return the start of a Harmonized System description, cut between words."""
    if len(description) <= length:
        return description
    return description[: length + 1].rsplit(" ", 1)[0].rstrip(" ;,.(") + " …"


def product_names(products: pd.DataFrame) -> dict[str, str]:
    """Return the description of each product by code."""
    return dict(zip(products["product"], products["description"], strict=True))
