"""The smallest reallocation: what must move to other suppliers so that none is above the benchmark (section 11).

Orders are what can move, so shares are direct ones. Each importer is looked at alone, all others buying as they do.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from reeassets.indicators.dependence_schema import REALLOCATIONS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Years whose largest exports are what a supplier can give.
WINDOW = 5
# Smaller imports are not in the table; the command takes any.
LEAST_IMPORTS_KUSD = 1000.0
# Smaller shares of what must move are rounding of the solver's, whose tolerance is 1e-7.
_ROUNDING = 1e-6


def reallocations(
    flows: pd.DataFrame,
    year: int,
    threshold: float,
    *,
    buyers: Sequence[str] | None = None,
    least_imports: float = LEAST_IMPORTS_KUSD,
) -> pd.DataFrame:
    """Compute the smallest reallocation of every importer that is above the benchmark in a product.

    With imports ``M``, what is bought ``v[i]`` and the benchmark ``tau``, all of ``v[i] - tau M`` must leave those
    above, and less cannot do. Supplier ``i`` can give at most ``max over five years of X[i] - X[i]`` more than now, and
    end with at most ``tau M``. The linear program gives ``g[i]`` within these limits, ``sum g + missing`` being what
    must leave, with as little missing as there can be, at the least ``sum c[i] g[i]``. The least value can mostly move
    in many ways; ``c`` falls with free capacity, so that few suppliers take over. Prices are no guide to that: at six
    digits the cheapest sell another good.

    Parameters
    ----------
    flows : DataFrame
        Rows of ``trade_flows`` of the year and the four before, as far as there are.
    year : int
        Which.
    threshold : float
        Benchmark of direct shares, in (0, 1).
    buyers : sequence of str, optional
        Importers looked at; by default all.
    least_imports : float
        Importers with less are left out, thousand US$.

    Returns
    -------
    DataFrame
        Table ``reallocations``.
    """
    flows = flows[flows["year"].between(year - WINDOW + 1, year)]
    present = flows[flows["year"] == year]
    above = _above(present, threshold, least_imports, buyers)
    if above.empty:
        return REALLOCATIONS.empty()
    takers = _takers(above, present, _suppliers(flows, year), threshold)
    given, missing = _program(above["moved_kusd"].to_numpy(), takers)
    return _table(above.assign(missing_kusd=missing), takers.assign(taken_kusd=given), year)


def _above(present: pd.DataFrame, threshold: float, least: float, buyers: Sequence[str] | None) -> pd.DataFrame:
    """Return importers with a supplier above the benchmark: what is above it, and at which price that is bought."""
    bought = present if buyers is None else present[present["importer"].isin(buyers)]
    bought = bought.assign(imports_kusd=bought.groupby(["importer", "product"])["value_kusd"].transform("sum"))
    bought = bought[(bought["value_kusd"] > threshold * bought["imports_kusd"]) & (bought["imports_kusd"] >= least)]
    bought = bought.assign(
        moved_kusd=bought["value_kusd"] - threshold * bought["imports_kusd"],
        price=bought["value_kusd"] / bought["quantity_t"].where(bought["quantity_t"] > 0),
    )
    # With a benchmark below a half several can be above it; the largest gives the row its name and its price.
    largest = bought.sort_values(["value_kusd", "exporter"], ascending=[False, True])
    found = largest.groupby(["importer", "product"], as_index=False).agg(
        largest_seller=("exporter", "first"),
        value_kusd=("value_kusd", "first"),
        imports_kusd=("imports_kusd", "first"),
        moved_kusd=("moved_kusd", "sum"),
    )
    prices = largest.drop_duplicates(["importer", "product"])[["importer", "product", "price"]]
    return found.merge(prices, on=["importer", "product"])


def _suppliers(flows: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return ``product, exporter, capacity_kusd, asked`` in order of merit: free capacity, price of latest exports."""
    exports = flows.groupby(["product", "exporter", "year"])["value_kusd"].sum()
    most = exports.groupby(["product", "exporter"]).max().rename("most_kusd").reset_index()
    now = exports.xs(year, level="year").rename("now_kusd")
    found = most.merge(now, left_on=["product", "exporter"], right_index=True, how="left")
    # Who exports nothing now could give all that it did.
    found["capacity_kusd"] = found["most_kusd"] - found["now_kusd"].fillna(0.0)
    known = flows[flows["quantity_t"] > 0]
    latest = known[known["year"] == known.groupby(["product", "exporter"])["year"].transform("max")]
    sums = latest.groupby(["product", "exporter"])[["value_kusd", "quantity_t"]].sum()
    price = (sums["value_kusd"] / sums["quantity_t"]).rename("asked")
    found = found.merge(price, left_on=["product", "exporter"], right_index=True, how="left")
    found = found.loc[found["capacity_kusd"] > 0, ["product", "exporter", "capacity_kusd", "asked"]]
    return found.sort_values(["product", "capacity_kusd", "exporter"], ascending=[True, False, True])


def _takers(above: pd.DataFrame, present: pd.DataFrame, suppliers: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Return who could take over from whom, in the order of merit: ``case`` (row of ``above``), limit and prices.

    Who comes after others that can give all that must move is in no optimum, and is left out.
    """
    cases = above[["importer", "product", "imports_kusd", "moved_kusd"]].assign(case=np.arange(len(above)))
    found = cases.merge(suppliers, on="product")
    bought = present[["importer", "product", "exporter", "value_kusd"]]
    found = found.merge(bought, on=["importer", "product", "exporter"], how="left")
    room = threshold * found["imports_kusd"] - found["value_kusd"].fillna(0.0)
    found["limit_kusd"] = np.minimum(found["capacity_kusd"], room)
    # Merging has kept the order of the suppliers within a case.
    found = found[(found["limit_kusd"] > 0) & (found["exporter"] != found["importer"])]
    before = found.groupby("case")["limit_kusd"].cumsum() - found["limit_kusd"]
    return found[before < found["moved_kusd"]]


def _program(moved: Floats, takers: pd.DataFrame) -> tuple[Floats, Floats]:
    """Solve the linear programs of all importers as one, each in shares of what must move.

    Returns
    -------
    ndarray, shape (takers,) and (cases,)
        What each gives, and what is missing in each case, thousand US$.

    Raises
    ------
    ArithmeticError
        If HiGHS finds no optimum: there always is one.
    """
    n, case = len(takers), takers["case"].to_numpy()
    rank = takers.groupby("case").cumcount().to_numpy()
    # What is missing costs more than whatever is given.
    cost = np.concatenate([1.0 + rank / (rank.max(initial=0) + 1), np.full(len(moved), 4.0)])
    variable = np.arange(n + len(moved))
    one = csr_array((np.ones(len(variable)), (np.append(case, np.arange(len(moved))), variable)))
    most = np.append(takers["limit_kusd"].to_numpy() / moved[case], np.ones(len(moved)))
    bounds = np.column_stack([np.zeros(len(variable)), np.minimum(most, 1.0)])
    sums = {"A_eq": one, "b_eq": np.ones(len(moved))}
    # HiGHS takes a sparse matrix, and SciPy says so; scipy-stubs, which mypy reads, knows dense ones alone.
    solved = linprog(cost, **sums, bounds=bounds, method="highs")  # type: ignore[call-overload]
    if not solved.success:
        raise ArithmeticError(f"the linear program of the reallocations has no optimum: {solved.message}")
    shares = np.where(solved.x > _ROUNDING, solved.x, 0.0)
    return shares[:n] * moved[case], shares[n:] * moved


def _table(above: pd.DataFrame, takers: pd.DataFrame, year: int) -> pd.DataFrame:
    possible = above["missing_kusd"] == 0
    could = takers.groupby("case")["limit_kusd"].sum().reindex(range(len(above)), fill_value=0.0)
    cases = above.assign(case=np.arange(len(above)), possible=possible)
    done = takers.loc[takers["taken_kusd"] > 0, ["case", "exporter", "taken_kusd", "capacity_kusd", "asked"]]
    rows = cases[possible].merge(done, on="case")
    # What the same tonnes cost more where they are bought instead.
    rows["additional_cost_kusd"] = rows["taken_kusd"] * (rows["asked"] / rows["price"] - 1.0)
    impossible = cases[~possible].assign(capacity_kusd=could.to_numpy()[~possible])
    table = pd.concat([rows, impossible], ignore_index=True)
    table = table.rename(columns={"importer": "country", "exporter": "supplier", "asked": "unit_value_usd_kg"})
    table = table.assign(year=year, largest_seller_share=table["value_kusd"] / table["imports_kusd"])
    return REALLOCATIONS.conform(table[list(REALLOCATIONS.columns)])
