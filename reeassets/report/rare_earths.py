"""The rare earths themselves: world trade, unit values and suppliers along the chain compounds -> metals -> magnets.

Pure functions from tables to rows and sentences; the report and the summary of a run show the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

# Codes that hold rare earths alone, or nearly; they mean the same in every revision of the Harmonized System.
CHAIN: dict[str, tuple[str, ...]] = {"compounds": ("284610", "284690"), "metals": ("280530",), "magnets": ("850511",)}
SUPPLIERS = 3
LINES = 6
# Unit values of a code of which so little is known are not shown.
LEAST_SHARE_WITH_QUANTITY = 0.5


@dataclass(frozen=True)
class Link:
    """One link of the chain in two years.

    Attributes
    ----------
    name : str
        A key of :data:`CHAIN`.
    products : tuple of str
        Its codes that are in the set.
    years : tuple of int
        The first and the last year with trade in it.
    value_kusd : tuple of float
        World trade in those years.
    unit_values : Series, indexed by year
        US$ per kg; NaN where less than half of the value has a quantity.
    shares : DataFrame, indexed by year, one column per exporter
        Shares of world exports, in [0, 1].
    """

    name: str
    products: tuple[str, ...]
    years: tuple[int, int]
    value_kusd: tuple[float, float]
    unit_values: pd.Series
    shares: pd.DataFrame

    def suppliers(self, year: int, names: Mapping[str, str] | None = None) -> str:
        """Return the largest exporters of a year with their shares, e.g. ``MMR 44 %, MYS 16 %, CHN 15 %``."""
        largest = self.shares.loc[year].sort_index().nlargest(SUPPLIERS)
        return ", ".join(
            f"{(names or {}).get(str(code), code)} {share:.0%}" for code, share in largest.items() if share
        )

    @property
    def peak(self) -> tuple[int, float] | None:
        """The year with the highest unit value, and the value; None if none is known."""
        known = self.unit_values.dropna()
        return None if known.empty else (int(known.idxmax()), float(known.max()))

    @property
    def risen(self) -> str:
        """The exporter whose share grew most from the first year to the last."""
        return str((self.shares.loc[self.years[1]] - self.shares.loc[self.years[0]]).sort_index().idxmax())


def chain(products: pd.DataFrame, indicators: pd.DataFrame, unit_values: pd.DataFrame) -> list[Link]:
    """Return the links of the chain that are in the set and traded, in the order of :data:`CHAIN`.

    Parameters
    ----------
    products : DataFrame of (product,)
        The members of the set.
    indicators : DataFrame of (year, country, product, exports_kusd)
        Table ``product_indicators``.
    unit_values : DataFrame
        Table ``unit_values``.
    """
    links = []
    for name, codes in CHAIN.items():
        there = tuple(code for code in codes if (products["product"] == code).any())
        traded = unit_values[unit_values["product"].isin(there)]
        if traded.empty:
            continue
        sums = traded.groupby("year")[["value_kusd", "value_with_quantity_kusd", "quantity_t"]].sum()
        known = sums["value_with_quantity_kusd"] >= LEAST_SHARE_WITH_QUANTITY * sums["value_kusd"]
        exports = indicators[indicators["product"].isin(there)].pivot_table(
            index="year", columns="country", values="exports_kusd", aggfunc="sum", fill_value=0.0
        )
        years = int(sums.index[0]), int(sums.index[-1])
        links.append(
            Link(
                name=name,
                products=there,
                years=years,
                value_kusd=(float(sums["value_kusd"].iloc[0]), float(sums["value_kusd"].iloc[-1])),
                unit_values=(sums["value_with_quantity_kusd"] / sums["quantity_t"]).where(known),
                shares=exports.div(exports.sum(axis=1), axis=0),
            )
        )
    return links


def unit_values(links: Sequence[Link]) -> pd.DataFrame:
    """Return the unit values of all links whose quantities are known, US$ per kg: years by name of the link."""
    known = {link.name: link.unit_values for link in links if link.unit_values.notna().any()}
    return pd.DataFrame(known)


def suppliers(link: Link, count: int = LINES) -> tuple[pd.DataFrame, pd.Series]:
    """Return the shares of the exporters with the highest share in any year, and what is left for all others."""
    top = link.shares.max().sort_index().nlargest(count).index
    shares = link.shares[[*top]]
    return shares, link.shares.drop(columns=top).sum(axis=1)


def sentences(links: Sequence[Link], names: Mapping[str, str]) -> list[str]:
    """Return what happened along the chain, a sentence for each thing that the data show."""
    said = []
    for link in links:
        first, last = link.years
        value = f"US$ {link.value_kusd[1] / 1e6:.2f} billion in {last}"
        if first != last:
            value += f" after {link.value_kusd[0] / 1e6:.2f} billion in {first}"
        said.append(f"World trade in rare-earth {link.name} ({', '.join(link.products)}) was {value}.")
        if link.peak is not None and link.peak[0] not in link.years:
            year, highest = link.peak
            before, after = (link.unit_values.get(end) for end in link.years)
            if pd.notna(before) and pd.notna(after):
                said.append(
                    f"A kilogram cost US$ {before:.0f} in {first}, {highest:.0f} in {year}, {after:.0f} in {last}."
                )
        shares, risen = link.shares, link.risen
        if first != last:
            said.append(
                f"{names.get(risen, risen)} gained most: {shares.loc[first, risen]:.0%} of world exports in {first}, "
                f"{shares.loc[last, risen]:.0%} in {last}."
            )
    return said


def rows(links: Sequence[Link], names: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Return the chain as rows of texts: ``name``, ``products``, ``value``, ``unit_value``, ``suppliers``."""

    def over(years: Sequence[int], texts: Sequence[str]) -> str:
        return "; ".join(f"{year}: {text}" for year, text in dict(zip(years, texts, strict=True)).items())

    made = []
    for link in links:
        known = link.unit_values.dropna()
        years = sorted({*link.years, *([link.peak[0]] if link.peak else [])} & set(known.index))
        made.append(
            {
                "name": link.name,
                "products": ", ".join(link.products),
                "value": over(link.years, [f"{value / 1e6:.2f}" for value in link.value_kusd]),
                "unit_value": over(years, [f"{known[year]:.0f}" for year in years]) or "quantities not known",
                "suppliers": over(link.years, [link.suppliers(year, names) for year in link.years]),
            }
        )
    return made


def carried_links(links: Sequence[Link], io_links: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the input-output links between codes of the chain that the votes carry, from table ``io_links``."""
    codes = [code for link in links for code in link.products]
    inside = io_links[io_links["input"].isin(codes) & io_links["output"].isin(codes) & io_links["carried"]]
    return list(inside[["input", "output"]].sort_values(["input", "output"]).itertuples(index=False, name=None))
