"""A scenario on the data of a year: who cuts how much of what. It is one row of the table ``shock_scenarios``."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.year_network import YearNetwork
from reeassets.settings import Settings
from reeassets.shocks.builtin import BuiltIn
from reeassets.shocks.scenario import Scenario, ScenarioError

Floats = NDArray[np.float64]
_SEPARATOR = ","


@dataclass(frozen=True)
class Shock:
    """A scenario with every name looked up.

    Attributes
    ----------
    scenario, title : str
        As in :class:`reeassets.shocks.scenario.Scenario`.
    built_in : bool
        Whether the scenario comes with the platform.
    year : int
        Year of the network.
    suppliers, products : tuple of str
        Who cuts what; no suppliers if nobody fits a built-in scenario.
    cut : float
        Share of these exports that stops, in [0, 1].
    substitution : float
        Share of their present exports by which the other suppliers can grow per year.
    duration : float
        Years they have had to grow.
    note : str or None
        Why nothing is cut, if so.
    """

    scenario: str
    title: str
    built_in: bool
    year: int
    suppliers: tuple[str, ...]
    products: tuple[str, ...]
    cut: float
    substitution: float
    duration: float
    note: str | None = None

    @property
    def capacity(self) -> float:
        """Share of their present exports by which the other suppliers have grown, at least 0."""
        return self.substitution * self.duration

    def cuts(self, network: YearNetwork) -> Floats:
        """Return the share of its exports that each pair stops, in [0, 1], shape (n,)."""
        cutting = np.isin(network.countries, self.suppliers)[network.country]
        concerned = np.isin(network.products, self.products)[network.product]
        return np.where(cutting & concerned, self.cut, 0.0)

    def row(self, flows: pd.DataFrame) -> pd.DataFrame:
        """Return its row of ``shock_scenarios``.

        Parameters
        ----------
        flows : DataFrame
            The table ``trade_flows`` of the year.
        """
        cut_flows = flows[flows["exporter"].isin(self.suppliers) & flows["product"].isin(self.products)]
        exports = float(cut_flows["value_kusd"].sum())
        return pd.DataFrame(
            [
                asdict(self)
                | {
                    "suppliers": _SEPARATOR.join(self.suppliers),
                    "products": _SEPARATOR.join(self.products),
                    "exports_kusd": exports,
                    "cut_kusd": self.cut * exports,
                }
            ]
        )

    @classmethod
    def of_row(cls, row: Mapping[Any, Any]) -> "Shock":
        """Read it back from its row."""
        values: dict[str, Any] = {name: row[name] for name in cls.__dataclass_fields__}
        for name in ("suppliers", "products"):
            values[name] = tuple(values[name].split(_SEPARATOR)) if values[name] else ()
        return cls(**values | {"note": None if pd.isna(values["note"]) else values["note"]})


def resolve(
    definition: Scenario | BuiltIn, year: int, flows: pd.DataFrame, members: pd.DataFrame, settings: Settings
) -> Shock:
    """Look up who cuts what in the data of a year.

    Parameters
    ----------
    definition : Scenario or BuiltIn
        The scenario.
    year : int
        Its year.
    flows : DataFrame
        The table ``trade_flows`` of that year.
    members : DataFrame
        The rows of ``classified_products`` that are in the set.
    settings : Settings
        ``shock_substitution`` is what counts here.

    Raises
    ------
    ScenarioError
        If a scenario names a supplier that does not trade in the year, a product that is not in the set, a stage
        without products, or suppliers that export nothing of the products, so that there is nothing to cut.
    """
    note = None
    if isinstance(definition, BuiltIn):
        products = definition.products(members)
        supplier = definition.supplier(flows, products)
        suppliers: tuple[str, ...] = () if supplier is None else (supplier,)
        if supplier is None:
            note = f"fewer than {definition.rank} supplier(s) of the {len(products)} product(s) this is about"
    else:
        suppliers, products = _suppliers(definition, flows, year), _products(definition, members)
        _require_exports(definition, suppliers, products, flows, year)
    return Shock(
        scenario=definition.name,
        title=definition.title,
        built_in=isinstance(definition, BuiltIn),
        year=year,
        suppliers=tuple(suppliers),
        products=tuple(products),
        cut=definition.cut,
        substitution=settings.shock_substitution if definition.substitution is None else definition.substitution,
        duration=definition.duration,
        note=note,
    )


def _suppliers(scenario: Scenario, flows: pd.DataFrame, year: int) -> tuple[str, ...]:
    unknown = sorted(set(scenario.suppliers) - set(flows["exporter"]) - set(flows["importer"]))
    if unknown:
        raise ScenarioError(
            f"{scenario.place}: suppliers: {', '.join(unknown)} does not trade in any product of the set in {year}; "
            "countries go by BACI's ISO3 codes, in which Taiwan is S19"
        )
    return scenario.suppliers


def _require_exports(
    scenario: Scenario, suppliers: Sequence[str], products: Sequence[str], flows: pd.DataFrame, year: int
) -> None:
    cut = flows["exporter"].isin(suppliers) & flows["product"].isin(products)
    if not (flows.loc[cut, "value_kusd"] > 0).any():
        what = f"products: {', '.join(products)}" if scenario.products else f"stages: {', '.join(scenario.stages)}"
        raise ScenarioError(
            f"{scenario.place}: {what}: {', '.join(suppliers)} exports nothing of it in {year}, there is nothing to cut"
        )


def _products(scenario: Scenario, members: pd.DataFrame) -> list[str]:
    if scenario.stages:
        empty = sorted(set(scenario.stages) - set(members["stage"]))
        if empty:
            raise ScenarioError(f"{scenario.place}: stages: the product set has no {', '.join(empty)} products")
        return sorted(members.loc[members["stage"].isin(scenario.stages), "product"])
    unknown = sorted(set(scenario.products) - set(members["product"]))
    if unknown:
        raise ScenarioError(f"{scenario.place}: products: {', '.join(unknown)} is not in the product set")
    return list(scenario.products)
