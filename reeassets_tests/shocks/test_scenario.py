"""Scenarios from files and options, the catalogue, and how they are looked up in the data of a year."""

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.hazards import NOBODY
from reeassets.indicators.inputs import network_of
from reeassets.indicators.schema import PRODUCTION, REEXPORT_SHARES
from reeassets.settings import Settings
from reeassets.shocks import catalogue
from reeassets.shocks.builtin import BUILT_IN, largest_suppliers
from reeassets.shocks.impacts import aggregate, impact_frame, solve_shock
from reeassets.shocks.scenario import Scenario, ScenarioError, read_scenarios, scenario_files
from reeassets.shocks.schema import SHOCK_IMPACTS, SHOCK_SCENARIOS
from reeassets.shocks.shock import Shock, resolve
from reeassets.trade.schema import ECONOMY_MEMBERS
from reeassets_tests.indicators.builders import P, Q, flow_frame, link_frame, reexport_frame, totals_of

MEMBERS = pd.DataFrame(
    {
        "product": [P, Q, "012345"],
        "stage": ["upstream", "input", "final"],
        "application": ["metallurgy", "magnets", "other"],
        "in_set": True,
    }
)
FLOWS = flow_frame([("CHN", "DEU", P, 60.0), ("CHN", "USA", P, 10.0), ("DEU", "USA", P, 70.0), ("DEU", "USA", Q, 5.0)])
GOOD = """\
# Two scenarios.
- name: ores
  title: China keeps its ores
  suppliers: [CHN]
  products: [012345, 280530]
  cut: 0.5
  year: 2010
- name: all_upstream
  title: Two suppliers stop
  suppliers: CHN, DEU
  stages: [upstream]
  cut: 1
  substitution: 0.1
  duration: 2
"""


def make_settings(tmp_path, **given):
    return Settings(**{"home": tmp_path, "years": (2009, 2010), **given})


@pytest.fixture
def write(tmp_path):
    def to(text, name="mine.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return to


def test_a_file_of_scenarios(write):
    ores, upstream = read_scenarios(write(GOOD))
    # Without quotes YAML takes 012345 for an octal number.
    assert ores.products == ("012345", "280530")
    assert (ores.cut, ores.year, ores.substitution, ores.duration) == (0.5, 2010, None, 1.0)
    assert (upstream.suppliers, upstream.stages, upstream.products) == (("CHN", "DEU"), ("upstream",), ())
    assert (upstream.substitution, upstream.duration, upstream.year) == (0.1, 2.0, None)
    assert upstream.place.endswith("mine.yaml, line 8")


def test_one_scenario_needs_no_list(write):
    (only,) = read_scenarios(write("name: one\ntitle: One\nsuppliers: CHN\nproducts: 850511\ncut: 1\n"))
    assert only.products == ("850511",)


ONE = "name: one\ntitle: One\nsuppliers: {suppliers}\n{what}\ncut: {cut}\n{more}"


@pytest.mark.parametrize(
    ("change", "line", "told"),
    [
        ({"cut": "1.5"}, 5, r"cut: Input should be less than or equal to 1 \(given: 1.5\)"),
        ({"cut": "-0.1"}, 5, "cut: Input should be greater than or equal to 0"),
        ({"cut": "much"}, 5, "cut: Input should be a valid number"),
        ({"cut": ".nan"}, 5, "cut: Input should be a valid number"),
        ({"cut": "nan"}, 5, "cut: Input should be a finite number"),
        ({"suppliers": "China"}, 3, "suppliers: Value error, 'China' is not an ISO3 code"),
        ({"suppliers": "[]"}, 3, "suppliers: Tuple should have at least 1 item"),
        ({"what": "products: 85051"}, 4, "products: Value error, '85051' is not a six-digit code"),
        ({"what": "stages: raw"}, 4, "stages: Input should be 'upstream', 'input' or 'final'"),
        ({"what": ""}, 1, "give products or stages, at least one"),
        ({"what": "products: 850511", "more": "stages: input"}, 1, "give products or stages, not both"),
        ({"more": "year: soon"}, 6, "year: Input should be a valid integer"),
        ({"more": "substitution: -1"}, 6, "substitution: Input should be greater than or equal to 0"),
        ({"more": "duration: inf"}, 6, "duration: Input should be a finite number"),
        ({"more": "place: here"}, 6, "place: Extra inputs are not permitted"),
        ({"more": "cut: 0.5"}, 6, "the field 'cut' appears twice"),
        ({"more": "year: {of: 2010}"}, 6, "a value or a list of values is expected"),
    ],
)
def test_a_wrong_field_is_named_with_file_line_and_cause(write, change, line, told):
    values = {"suppliers": "CHN", "what": "products: 850511", "cut": "1", "more": ""} | change
    path = write(ONE.format(**values))
    with pytest.raises(ScenarioError, match=rf"mine\.yaml, line {line}: .*{told}"):
        read_scenarios(path)


def test_all_that_is_wrong_is_told_at_once(write):
    with pytest.raises(ScenarioError) as told:
        read_scenarios(write("name: Big Name\ntitle: ''\nsuppliers: CHN\nproducts: 850511\n"))
    for field in ("line 1: name: ", "line 2: title: ", "line 1: cut: Field required"):
        assert field in str(told.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no scenario in this file"),
        ("[]", "no scenario in this file"),
        ("name: [one", "not YAML"),
        (b"name: \xff", "not UTF-8"),
        ("- one\n- two", "line 1: a scenario is a mapping"),
        ("one", "line 1: a scenario is a mapping"),
    ],
)
def test_a_file_that_holds_no_scenario(write, text, told):
    with pytest.raises(ScenarioError, match=rf"mine\.yaml.*{told}"):
        read_scenarios(write(text))


def test_a_folder_of_files(write, tmp_path):
    with pytest.raises(ScenarioError, match="no file of scenarios"):
        scenario_files(tmp_path)
    paths = [write(GOOD, "b.yaml"), write(GOOD, "a.yml")]
    write("nothing", "readme.txt")
    assert scenario_files(tmp_path) == paths[::-1]
    with pytest.raises(ScenarioError, match=r"none\.yaml: no such file or folder"):
        scenario_files(tmp_path / "none.yaml")


def test_the_catalogue(write, tmp_path):
    settings = make_settings(tmp_path, shock_file=write(GOOD))
    found = catalogue.definitions(settings)
    assert list(found) == [*(built_in.name for built_in in BUILT_IN), "ores", "all_upstream"]
    assert {"magnets_stopped", "upstream_halved", "largest_upstream_1", "largest_final_5"} <= set(found)
    assert len(found) == 2 + 15 + 2
    assert catalogue.year_of("ores", make_settings(tmp_path, shock_file=write(GOOD), shock_year=2009)) == 2010
    assert catalogue.year_of("all_upstream", settings) == 2010
    assert catalogue.year_of("magnets_stopped", make_settings(tmp_path, shock_year=2009)) == 2009
    catalogue.check(settings)


def test_names_are_given_once(write, tmp_path):
    settings = make_settings(tmp_path, shock_file=write(GOOD.replace("name: ores", "name: upstream_halved")))
    with pytest.raises(ScenarioError, match=r"mine\.yaml, line 2: 'upstream_halved' is defined built-in too"):
        catalogue.definitions(settings)
    twice = write(GOOD.replace("all_upstream", "ores"), "twice.yaml")
    with pytest.raises(ScenarioError, match=r"line 8: 'ores' is defined .*twice\.yaml, line 2 too"):
        catalogue.definitions(make_settings(tmp_path, shock_file=twice))


def test_largest_suppliers_by_value_and_then_by_code():
    assert largest_suppliers(FLOWS, [P]) == ["CHN", "DEU"]
    assert largest_suppliers(FLOWS, [P, Q]) == ["DEU", "CHN"]
    assert largest_suppliers(FLOWS, ["012345"]) == []


def test_built_in_scenarios_are_looked_up_in_the_data(tmp_path):
    settings = make_settings(tmp_path)
    found = {each.name: resolve(each, 2010, FLOWS, MEMBERS, settings) for each in BUILT_IN}

    def of(name):
        shock = found[name]
        return shock.suppliers, shock.products, shock.cut

    assert of("magnets_stopped") == (("DEU",), (Q,), 1.0)
    assert of("upstream_halved") == (("CHN",), (P,), 0.5)
    assert of("largest_upstream_2") == (("DEU",), (P,), 1.0)
    assert of("largest_upstream_3") == ((), (P,), 1.0)
    assert of("largest_final_1") == ((), ("012345",), 1.0)
    assert "fewer than 3 supplier(s) of the 1 product(s)" in found["largest_upstream_3"].note
    assert found["magnets_stopped"].note is None


def test_a_shock_is_its_row(tmp_path, write):
    ores, upstream = read_scenarios(write(GOOD))
    settings = make_settings(tmp_path, shock_substitution=0.25)
    for definition in (*BUILT_IN, ores, upstream):
        shock = resolve(definition, 2010, FLOWS, MEMBERS, settings)
        checked = SHOCK_SCENARIOS.check(shock.row(FLOWS))
        assert Shock.of_row(checked.iloc[0].to_dict()) == shock
    halved = resolve(ores, 2010, FLOWS, MEMBERS, settings)
    assert halved.capacity == 0.25
    assert halved.row(FLOWS)[["exports_kusd", "cut_kusd"]].to_numpy().tolist() == [[70.0, 35.0]]
    assert resolve(upstream, 2010, FLOWS, MEMBERS, settings).capacity == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"suppliers": "CHN, XYZ"}, r"the command line: suppliers: XYZ does not trade .* in 2010"),
        ({"products": "280530, 999999"}, "the command line: products: 999999 is not in the product set"),
        ({"products": (), "stages": "final"}, "the product set has no final products"),
        (
            {"suppliers": "USA"},
            f"the command line: products: {P}: USA exports nothing of it in 2010, .* nothing to cut",
        ),
        ({"products": (), "stages": "input"}, "the command line: stages: input: CHN exports nothing of it in 2010"),
    ],
)
def test_what_the_data_do_not_have_is_named(tmp_path, change, told):
    fields = {"name": "one", "title": "One", "suppliers": "CHN", "products": P, "cut": 1} | change
    with pytest.raises(ScenarioError, match=told):
        resolve(Scenario(**fields), 2010, FLOWS, MEMBERS[MEMBERS["stage"] != "final"], make_settings(tmp_path))


def test_impacts_obey_their_table_and_add_up(tmp_path):
    settings = make_settings(tmp_path)
    fields = {"name": "one", "title": "One", "suppliers": "CHN", "products": P, "cut": 0.5}
    shock = resolve(Scenario(**fields), 2010, FLOWS, MEMBERS, settings)
    tables = {
        "trade_flows": FLOWS,
        "country_totals": totals_of(FLOWS)[0],
        "io_links": link_frame([(P, Q, 1.0)]),
        "economy_members": ECONOMY_MEMBERS.empty(),
        "reexport_shares": REEXPORT_SHARES.check(reexport_frame({"DEU": 0.5, "NLD": 1.0})),
        "production": PRODUCTION.empty(),
    }
    net = network_of(tables.__getitem__, settings, NOBODY)
    assert shock.cuts(net).tolist() == [0.5, 0, 0, 0, 0]
    frame = impact_frame(shock, net, solve_shock(shock, net), MEMBERS.set_index("product")["stage"])
    impacts = SHOCK_IMPACTS.check(frame).set_index(["country", "product"])
    # DEU buys 60 and sells 70, half of 60 again: S = 60 + 40, direct 30/100. USA buys 10 from CHN and 70 from DEU:
    # direct 5/80, and 70/80 of 0.85 of what DEU loses. DEU makes Q of P: 0.85 of its loss of P; the USA buys all its Q
    # there.
    deu = 30 / 100
    usa = 5 / 80 + 70 / 80 * 0.85 * deu
    expected = {("CHN", P): 0, ("DEU", P): deu, ("USA", P): usa, ("DEU", Q): 0.85 * deu, ("USA", Q): 0.85**2 * deu}
    assert impacts["loss"].to_dict() == pytest.approx(expected)
    assert impacts.loc[("DEU", P), "supply_kusd"] == 100
    assert impacts.loc[("USA", P), "loss_kusd"] == pytest.approx(80 * usa)
    of_usa = aggregate(impacts.reset_index(), ["country"]).set_index("country").loc["USA"]
    assert of_usa["supply_kusd"] == 85
    assert of_usa["loss_kusd"] == pytest.approx(80 * usa + 5 * 0.85**2 * deu)
    assert of_usa["loss"] == pytest.approx(of_usa["loss_kusd"] / 85)
    # The pass-through is that of the settings.
    nothing = network_of(tables.__getitem__, make_settings(tmp_path, pass_through=0.0), NOBODY)
    alone = impact_frame(shock, nothing, solve_shock(shock, nothing), MEMBERS.set_index("product")["stage"])
    np.testing.assert_array_equal(alone["loss"], alone["direct_loss"])
    np.testing.assert_array_equal(alone["direct_loss"], frame["direct_loss"])
    ways = aggregate(impacts.reset_index(), ["stage"])
    np.testing.assert_allclose(ways[["direct_loss", "trade_loss", "link_loss"]].sum(axis=1), ways["loss"])
