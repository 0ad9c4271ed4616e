"""The parts of a risk by hand, their sum on random networks, and the command on the sample."""

import numpy as np
import pytest

from reeassets.indicators.explain import DIRECT, HIGHER, INPUTS, SECOND, SUPPLIERS_INPUTS, explain
from reeassets_tests.conftest import reeassets
from reeassets_tests.indicators.builders import FixedHazard, P, Q, all_reexport, network, random_flows

# AAA sells 60 of P to BBB and 40 to CCC, BBB sells 20 to AAA and 30 to CCC, CCC sells nothing of P.
#   imports   M = 20, 60, 70     exports X = 100, 50, 0
# Everybody re-exports what it both buys and sells:
#   domestic  D = 80, 0, 0       supply S = 100, 60, 70
#   shares    A[B,A] = 0.2       A[A,B] = 1                  A[A,C] = 4/7, A[B,C] = 3/7
#   hazard    h = 0.5, 0.2, 1
FLOWS = [("AAA", "BBB", P, 60.0), ("AAA", "CCC", P, 40.0), ("BBB", "AAA", P, 20.0), ("BBB", "CCC", P, 30.0)]
HAZARD = FixedHazard({"AAA": 0.5, "BBB": 0.2, "CCC": 1.0})


def test_by_hand_without_links():
    # L_A = 0.2 (0.2 + 0.8 L_B/2), L_B = 0.5 + 0.5 L_A/2: L_A = 0.08/0.98, L_B = 0.51/0.98.
    net = network(FLOWS, hazard=HAZARD, reexports=all_reexport(FLOWS), pass_through=0.5)
    found = explain(net, "CCC", P)
    assert (found.year, found.hazard_name, found.pass_through) == (2010, "fixed", 0.5)
    assert (found.imports, found.exports, found.supply, found.domestic) == (70.0, 0.0, 70.0, 0.0)
    risk = {"AAA": 0.08 / 0.98, "BBB": 0.51 / 0.98}
    first, second = found.suppliers.to_dict("records")
    assert first == pytest.approx(
        {
            "supplier": "AAA",
            "value_kusd": 40.0,
            "import_share": 4 / 7,
            "supply_share": 4 / 7,
            "hazard": 0.5,
            "direct": 4 / 7 * 0.5,
            "behind": 0.5 * 4 / 7 * 0.5 * risk["AAA"],
            "risk": risk["AAA"],
        }
    )
    assert second["supplier"] == "BBB"
    assert second["direct"] == pytest.approx(3 / 7 * 0.2)
    assert second["behind"] == pytest.approx(0.5 * 3 / 7 * 0.8 * risk["BBB"])
    # AAA buys from BBB (0.2) and delivers half of it, BBB from AAA (1) and delivers 0.8: two paths of two steps.
    paths = {(row["behind"], row["supplier"]): row for row in found.paths.to_dict("records")}
    assert set(paths) == {("BBB", "AAA"), ("AAA", "BBB")}
    assert paths["AAA", "BBB"]["share"] == pytest.approx(3 / 7 * 0.8)
    assert paths["AAA", "BBB"]["hazard"] == 0.5
    assert paths["AAA", "BBB"]["contribution"] == pytest.approx(0.5 * 3 / 7 * 0.8 * 0.5)
    assert paths["BBB", "AAA"]["share"] == pytest.approx(4 / 7 * 0.5 * 0.2)
    assert paths["BBB", "AAA"]["contribution"] == pytest.approx(0.5 * 4 / 7 * 0.5 * 0.2 * 0.2)
    assert found.parts == pytest.approx(
        {
            DIRECT: 2 / 7 + 0.6 / 7,
            SECOND: 0.6 / 7 + 0.04 / 7,
            HIGHER: 0.25 * (2.4 / 7 * 0.5 * risk["AAA"] + 0.4 / 7 * 0.8 * risk["BBB"]),
            INPUTS: 0.0,
            SUPPLIERS_INPUTS: 0.0,
        },
        abs=1e-13,
    )
    total = (4 / 7) * (0.5 + 0.5 * risk["AAA"] / 2) + (3 / 7) * (0.2 + 0.8 * risk["BBB"] / 2)
    assert found.systemic_trade_risk == pytest.approx(total, abs=1e-13)
    assert found.sum_of_orders == pytest.approx(total, abs=1e-13)
    assert found.sum_of_parts == found.sum_of_orders
    assert found.inputs.empty


def test_by_hand_with_a_link():
    # BBB imports 15 of Q and makes the 30 that it exports: S = 45, d = 2/3.
    # L[B,P] = 0.6, L[B,Q] = 0.6/3 + 0.6/2 * 2/3 = 0.2 + 0.2, L[C,Q] = 0.2 + 0.8 L[B,Q]/2 = 0.2 + 0.08 + 0.08.
    flows = [("AAA", "BBB", P, 10.0), ("BBB", "CCC", Q, 30.0), ("AAA", "BBB", Q, 15.0)]
    tiers = network(flows, [(P, Q, 1.0)], FixedHazard({"AAA": 0.6, "BBB": 0.2, "CCC": 1.0}), pass_through=0.5)
    maker, buyer = explain(tiers, "BBB", Q), explain(tiers, "CCC", Q)
    assert (maker.supply, maker.domestic) == (45.0, 30.0)
    assert maker.inputs.to_dict("records") == [
        {"input": P, "weight": 1.0, "risk": pytest.approx(0.6), "contribution": pytest.approx(0.2)}
    ]
    assert maker.parts[INPUTS] == pytest.approx(0.2)
    assert maker.parts[DIRECT] == pytest.approx(0.2)
    assert maker.parts[SUPPLIERS_INPUTS] == 0
    assert maker.sum_of_parts == pytest.approx(0.4, abs=1e-13)
    # CCC makes none of Q: what the link adds reaches it through BBB alone.
    assert buyer.parts[INPUTS] == 0
    assert buyer.parts[DIRECT] == pytest.approx(0.2)
    assert buyer.parts[SECOND] == pytest.approx(0.08)
    assert buyer.parts[SUPPLIERS_INPUTS] == pytest.approx(0.08)
    assert buyer.sum_of_parts == pytest.approx(0.36, abs=1e-13)
    assert buyer.multi_tier_risk == pytest.approx(0.36, abs=1e-13)


def test_a_pair_that_only_exports_has_no_parts():
    found = explain(network(FLOWS), "AAA", P)
    assert found.suppliers["supplier"].tolist() == ["BBB"]
    alone = explain(network([("AAA", "BBB", P, 1.0)]), "AAA", P)
    assert alone.suppliers.empty
    assert alone.paths.empty
    assert alone.inputs.empty
    assert set(alone.parts.values()) == {0.0}


@pytest.mark.parametrize("pass_through", [0.0, 0.5, 0.85, 0.99])
@pytest.mark.parametrize("reexported", [0.0, 0.4, 1.0])
def test_on_random_networks_the_parts_sum_to_both_risks(pass_through, reexported):
    links = [("250000", "250001", 0.6), ("250002", "250001", 0.4), ("250001", "250002", 0.5)]
    flows = random_flows(13)
    hazard = FixedHazard({name: (k % 5) / 4 for k, name in enumerate(sorted({flow[0] for flow in flows}))})
    reexports = dict.fromkeys(all_reexport(flows), reexported)
    produced = {("CA0", "250001"): 1e3, ("CA1", "250002"): 1e-3}
    net = network(flows, links, hazard, reexports=reexports, production=produced, pass_through=pass_through)
    for row in net.pairs().itertuples():
        found = explain(net, row.country, row.product)
        assert found.sum_of_orders == pytest.approx(found.systemic_trade_risk, abs=1e-12)
        assert found.sum_of_parts == pytest.approx(found.multi_tier_risk, abs=1e-12)
        by_supplier = found.suppliers["direct"].sum() + found.suppliers["behind"].sum()
        assert by_supplier == pytest.approx(found.systemic_trade_risk, abs=1e-12)
        assert found.suppliers["supply_share"].sum() == pytest.approx(1 - found.domestic / found.supply, abs=1e-12)
        assert (np.diff(found.paths["contribution"]) <= 0).all()


@pytest.mark.parametrize(
    ("country", "product", "told"),
    [
        ("ZZZ", P, "ZZZ trades nothing of the set in 2010"),
        ("AAA", "999999", "nobody trades 999999 in 2010"),
        ("CCC", Q, f"CCC does not trade {Q} in 2010; it trades {P}"),
    ],
)
def test_what_does_not_trade_is_an_error(country, product, told):
    net = network([*FLOWS, ("AAA", "BBB", Q, 1.0)])
    with pytest.raises(ValueError, match=told):
        explain(net, country, product)


def test_the_command_shows_suppliers_paths_inputs_and_the_sum(finished, warehouse):
    printed = reeassets("explain", "deu", "850511", "--year", "2023", "--limit", "3", home=finished[0]).stdout
    assert "DEU Germany  850511 Magnets" in printed
    assert "CHN China" in printed
    assert "-> DEU" in printed
    inputs = warehouse.execute("select input from io_links where in_network and output = '850511'").fetchall()
    assert sum(f"\n{code} " in printed for (code,) in inputs) == 3
    systemic, multi_tier = warehouse.execute(
        "select systemic_trade_risk, multi_tier_risk from product_indicators "
        "where year = 2023 and country = 'DEU' and product = '850511'"
    ).fetchone()
    lines = [line.split() for line in printed.splitlines()]
    for name, value in (("systemic_trade_risk", systemic), ("multi_tier_risk", multi_tier)):
        row = next(line for line in lines if line[:2] == ["=", name])
        assert row[2] == row[-1] == f"{value:.9f}"
    parts = [
        float(line[-1])
        for line in lines[next(k for k, line in enumerate(lines) if line == ["Sum"]) :]
        if len(line) > 2 and line[0] not in ("=",)
    ]
    assert sum(parts) == pytest.approx(multi_tier, abs=5e-9)
    value = warehouse.execute(
        "select value_kusd from trade_flows where year = 2023 and exporter = 'CHN' and importer = 'DEU' "
        "and product = '850511'"
    ).fetchone()[0]
    assert f"{value:,.0f}" in printed


def test_without_a_year_it_is_the_last_one(finished):
    assert reeassets("explain", "CHN", "850511", home=finished[0]).stdout.splitlines()[0].endswith("2023")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("XYZ", "850511"), "there is no country 'XYZ'"),
        (("DEU", "123456"), "product '123456' is not in the set; it has 250490,"),
        (("DEU", "850511", "--year", "1990"), "has not been made for 1990"),
        (("ATA", "850511", "--year", "2023"), "ATA"),
    ],
)
def test_what_is_unknown_is_one_line_and_a_status(finished, arguments, told):
    result = reeassets("explain", *arguments, home=finished[0], check=False)
    assert result.returncode == 2
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_a_table_made_under_other_settings_is_not_explained(finished):
    result = reeassets("explain", "DEU", "850511", home=finished[0], check=False, REEASSETS_PASS_THROUGH="0.5")
    assert result.returncode == 2
    assert "product_indicators of 2023 was made under other settings" in result.stderr


def test_before_the_first_run(tmp_path):
    result = reeassets("explain", "DEU", "850511", home=tmp_path, check=False)
    assert result.returncode == 2
    assert "`reeassets run` makes it" in result.stderr
