"""The smallest reallocation: by hand, against a whole linear program of another form, and against brute force."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from reeassets.indicators.dependence_schema import REALLOCATIONS
from reeassets.indicators.reallocation import WINDOW, reallocations
from reeassets_tests.indicators.builders import P, Q, flow_frame, random_flows


def frame(**years):
    return pd.concat([flow_frame(flows, int(year[1:])) for year, flows in years.items()], ignore_index=True)


def found(flows, year=2012, threshold=0.65, **options):
    return REALLOCATIONS.check(reallocations(flows, year, threshold, least_imports=0.0, **options))


# MAK sells 90 of 100 to USE; ONE, TWO and OLD sold more before, NEW never.
NOW = [
    *[("MAK", "USE", P, 90.0), ("ONE", "USE", P, 6.0), ("NEW", "USE", P, 4.0)],
    *[("TWO", "FAR", P, 50.0), ("ONE", "FAR", P, 10.0), ("MAK", "FAR", P, 10.0)],
]
BEFORE = [("ONE", "FAR", P, 24.0), ("TWO", "FAR", P, 62.0), ("OLD", "FAR", P, 9.0), ("MAK", "FAR", P, 300.0)]


def test_who_could_give_most_takes_over():
    table = found(frame(y2010=BEFORE, y2012=NOW))
    use = table[table["country"] == "USE"]
    # 25 must move. TWO could give 12 more, OLD 9, ONE 8; MAK and NEW cannot.
    assert use.set_index("supplier")["taken_kusd"].to_dict() == pytest.approx({"TWO": 12.0, "OLD": 9.0, "ONE": 4.0})
    assert use.set_index("supplier")["capacity_kusd"].to_dict() == pytest.approx({"TWO": 12.0, "OLD": 9.0, "ONE": 8.0})
    row = use.iloc[0]
    assert (row["largest_seller"], row["largest_seller_share"]) == ("MAK", 0.9)
    assert (row["moved_kusd"], row["missing_kusd"], row["possible"]) == (pytest.approx(25.0), 0.0, True)
    # FAR buys 5/7 from TWO and can turn to MAK, OLD and ONE.
    assert table.loc[table["country"] == "FAR", "moved_kusd"].iloc[0] == pytest.approx(50 - 0.65 * 70)


def test_what_nobody_can_give_is_missing():
    table = found(frame(y2010=[("ONE", "FAR", P, 24.0)], y2012=NOW), buyers=["USE"])
    assert len(table) == 1
    row = table.iloc[0]
    assert not row["possible"]
    assert row[["supplier", "taken_kusd", "additional_cost_kusd"]].isna().all()
    assert (row["capacity_kusd"], row["missing_kusd"]) == pytest.approx((8.0, 17.0))


def test_nobody_at_all_can_take_over():
    row = found(frame(y2012=[("MAK", "USE", P, 10.0)])).iloc[0]
    assert (row["possible"], row["capacity_kusd"], row["missing_kusd"]) == (False, 0.0, pytest.approx(3.5))


def test_no_supplier_ends_above_the_benchmark():
    # ONE could give 100 more, but has 30 of USE's 100 already; with half as the benchmark it can take 20 of the 20.
    now = [("MAK", "USE", P, 70.0), ("ONE", "USE", P, 30.0)]
    row = found(frame(y2011=[("ONE", "FAR", P, 130.0)], y2012=now), threshold=0.5).iloc[0]
    assert (row["supplier"], row["taken_kusd"], row["possible"]) == ("ONE", pytest.approx(20.0), True)
    # With 0.4 it can take 10 of the 30.
    row = found(frame(y2011=[("ONE", "FAR", P, 130.0)], y2012=now), threshold=0.4).iloc[0]
    assert (row["possible"], row["capacity_kusd"], row["missing_kusd"]) == (False, pytest.approx(10), pytest.approx(20))


def test_exports_of_more_than_five_years_ago_do_not_count():
    now = [("MAK", "USE", P, 90.0), ("ONE", "USE", P, 10.0)]
    old = [("ONE", "FAR", P, 1000.0)]
    assert not found(frame(y2007=old, y2012=now))["possible"].any()
    assert found(frame(y2008=old, y2012=now))["possible"].all()
    assert WINDOW == 5


def test_additional_cost_by_hand():
    flows = frame(y2011=[("ONE", "FAR", P, 40.0), ("TWO", "FAR", P, 30.0)], y2012=[("MAK", "USE", P, 100.0)])
    known = flows.assign(quantity_t=[20.0, np.nan, 100.0])
    table = found(known).set_index("supplier")
    # 35 tonnes at 1 from MAK would be bought from ONE at 2.
    assert table.loc["ONE", ["taken_kusd", "unit_value_usd_kg", "additional_cost_kusd"]].tolist() == [35.0, 2.0, 35.0]
    no_price = found(flows.assign(quantity_t=[20.0, np.nan, np.nan])).iloc[0]
    assert no_price["unit_value_usd_kg"] == 2.0
    assert np.isnan(no_price["additional_cost_kusd"])
    both = found(flows.assign(quantity_t=[20.0, 15.0, 100.0], value_kusd=[30.0, 30.0, 100.0])).set_index("supplier")
    assert both["additional_cost_kusd"].to_dict() == pytest.approx({"ONE": 30 * 0.5, "TWO": 5.0})


def test_small_importers_are_left_out_of_the_table_alone():
    flows = frame(y2012=[("MAK", "USE", P, 999.0), ("MAK", "BIG", P, 1000.0)])
    assert reallocations(flows, 2012, 0.65)["country"].tolist() == ["BIG"]
    assert sorted(found(flows)["country"]) == ["BIG", "USE"]
    assert REALLOCATIONS.check(reallocations(flows, 2012, 0.65, buyers=["USE"])).empty


def whole_program(flows, year, buyer, product, threshold):
    """Return the least value moved, or None: purchases ``x`` and moves ``|x - v|``, all suppliers at once."""
    own = flows[(flows["product"] == product) & (flows["exporter"] != buyer)]
    suppliers = sorted(own["exporter"].unique())
    exports = own.pivot_table(index="year", columns="exporter", values="value_kusd", aggfunc="sum").fillna(0.0)
    now = own[own["year"] == year].groupby("exporter")["value_kusd"].sum().reindex(suppliers, fill_value=0.0)
    bought = own[(own["year"] == year) & (own["importer"] == buyer)].set_index("exporter")["value_kusd"]
    v = bought.reindex(suppliers, fill_value=0.0)
    most = np.minimum(exports[suppliers].max() - (now - v), threshold * v.sum()).to_numpy()
    n, one = len(suppliers), np.eye(len(suppliers))
    solved = linprog(
        np.append(np.zeros(n), np.full(n, 0.5)),
        A_ub=np.block([[one, -one], [-one, -one]]),
        b_ub=np.append(v, -v),
        A_eq=np.append(np.ones(n), np.zeros(n))[None, :],
        b_eq=[v.sum()],
        bounds=[*((0, limit) for limit in most), *((0, None) for _ in most)],
        method="highs",
    )
    return solved.fun if solved.success else None


@pytest.mark.parametrize("threshold", [0.2, 0.35, 0.65])
def test_the_value_is_that_of_the_whole_program(threshold):
    flows = frame(**{f"y{year}": random_flows(year, 8, 3, 0.5) for year in range(2008, 2013)})
    table = found(flows, threshold=threshold)
    shares = flows[flows["year"] == 2012].groupby(["importer", "product"])["value_kusd"].agg(["max", "sum"])
    above = shares[shares["max"] > threshold * shares["sum"]].index
    assert set(map(tuple, table[["country", "product"]].to_numpy())) == set(above)
    outcomes = set()
    for (country, product), rows in table.groupby(["country", "product"]):
        least = whole_program(flows, 2012, country, product, threshold)
        outcomes.add(least is None)
        assert rows["possible"].all() == (least is not None)
        if least is not None:
            assert rows["moved_kusd"].iloc[0] == pytest.approx(least, rel=1e-6)
            assert rows["taken_kusd"].sum() == pytest.approx(least, rel=1e-6)
            assert (rows["taken_kusd"] <= rows["capacity_kusd"] * (1 + 1e-9)).all()
    assert False in outcomes
    assert (True in outcomes) == (threshold < 0.3)


def test_brute_force_finds_nothing_smaller():
    table = found(frame(y2010=BEFORE, y2012=NOW), buyers=["USE"])
    capacity = {"ONE": 8, "TWO": 12, "OLD": 9}
    # Whole thousands: every way to give up to the capacities, and what MAK keeps.
    ways = itertools.product(*(range(most + 1) for most in capacity.values()))
    least = min(sum(given) for given in ways if 90 - sum(given) <= 65)
    assert table["moved_kusd"].iloc[0] == pytest.approx(least)


def test_without_anybody_above_nothing_moves():
    flows = frame(y2012=[("MAK", "USE", Q, 6.0), ("ONE", "USE", Q, 4.0)])
    assert found(flows).empty
    assert found(flow_frame([])).empty
