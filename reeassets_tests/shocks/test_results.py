"""Scenarios of the whole run recomputed from ``trade_flows`` and what is said of supply, and the command line on it."""

import numpy as np
import pytest

from reeassets_tests.conftest import reeassets

PASS_THROUGH = 0.85


@pytest.fixture(scope="module")
def year(warehouse):
    return warehouse.execute("select distinct year from shock_impacts").fetchone()[0]


def test_every_scenario_has_one_row_on_the_latest_year(warehouse, year):
    rows = warehouse.execute("select scenario, year, suppliers, note from shock_scenarios").fetchall()
    assert len(rows) == 17
    assert {found for _, found, _, _ in rows} == {year} == {2023}
    # The sample has one input product and no final one.
    empty = {name for name, _, suppliers, _ in rows if not suppliers}
    assert empty == {f"largest_final_{rank}" for rank in range(1, 6)}
    assert all((note is None) == bool(suppliers) for _, _, suppliers, note in rows)
    solved = warehouse.execute("select distinct scenario from shock_impacts").fetchall()
    assert {name for (name,) in solved} == {row[0] for row in rows} - empty


def test_the_largest_suppliers_are_those_of_plain_sql(warehouse, year):
    ranked = warehouse.execute(
        "select exporter from trade_flows join classified_products using (product) where year = ? and "
        "stage = 'upstream' group by exporter order by sum(value_kusd) desc limit 5",
        [year],
    ).fetchall()
    for rank, (country,) in enumerate(ranked, start=1):
        found = warehouse.execute(
            "select suppliers, cut from shock_scenarios where scenario = ?", [f"largest_upstream_{rank}"]
        ).fetchone()
        assert found == (country, 1.0)
    magnets = warehouse.execute("select suppliers, products from shock_scenarios where scenario = 'magnets_stopped'")
    assert magnets.fetchone() == ("CHN", "850511")


def test_the_direct_loss_is_the_share_bought_from_the_supplier(warehouse, year):
    worst = warehouse.execute(
        """
        with trade as (select * from trade_flows where year = $year and product = '850511'),
        imports as (select importer as country, sum(value_kusd) as m,
                           sum(value_kusd) filter (exporter = 'CHN') as cut from trade group by 1),
        exports as (select exporter as country, sum(value_kusd) as x from trade group by 1),
        made as (select country, production_kusd as p from production where year = $year and product = '850511'),
        supply as (select country, coalesce(m, 0) as m, coalesce(x, 0) as x, coalesce(cut, 0) as cut,
                          coalesce(share, 0) as rho, coalesce(p, 0) as p
                   from imports full join exports using (country) left join reexport_shares using (country)
                        left join made using (country)),
        shares as (select country, cut / (m + greatest(x - rho * least(x, m), p)) as share from supply)
        select max(abs(direct_loss - share)), count(*) from shares join shock_impacts using (country)
        where scenario = 'magnets_stopped' and product = '850511'
        """,
        {"year": year},
    ).fetchone()
    assert worst[0] < 1e-12
    assert worst[1] > 100


def test_the_loss_of_all_others_is_the_influence_of_the_supplier(warehouse, year):
    lost, influence = warehouse.execute(
        """
        select sum(s.direct_loss_kusd + s.trade_loss_kusd) filter (country <> 'CHN') / sum(i.imports_kusd),
               max(i.influence) filter (country = 'CHN')
        from product_indicators i join shock_impacts s using (year, country, product)
        where s.scenario = 'magnets_stopped' and year = ? and product = '850511'
        """,
        [year],
    ).fetchone()
    assert lost == pytest.approx(influence, abs=1e-12)
    assert influence > 0.6


def test_losses_agree_with_a_dense_solve(warehouse, year):
    flows = warehouse.execute("select * from trade_flows where year = ?", [year]).df()
    rho = dict(warehouse.execute("select country, share from reexport_shares").fetchall())
    recorded = warehouse.execute("select country, product, production_kusd from production where year = ?", [year])
    made = {(country, product): value for country, product, value in recorded.fetchall()}
    links = warehouse.execute("select input, output, weight from io_links where in_network").df()
    stages = dict(warehouse.execute("select product, stage from classified_products where in_set").fetchall())
    (supplier,) = warehouse.execute(
        "select suppliers from shock_scenarios where scenario = 'upstream_halved'"
    ).fetchone()
    countries = sorted(set(flows["exporter"]) | set(flows["importer"]))
    place = {country: index for index, country in enumerate(countries)}
    size = len(countries)
    reexported = np.array([rho.get(country, 0.0) for country in countries])
    assert (reexported > 0).sum() >= 5
    assert made["CHN", "284690"] > 0
    loss, operators, cuts, domestic = {}, {}, {}, {}
    for product, here in flows.groupby("product"):
        v = np.zeros((size, size))
        v[here["exporter"].map(place), here["importer"].map(place)] = here["value_kusd"]
        M, X = v.sum(0), v.sum(1)
        P = np.array([made.get((country, product), 0.0) for country in countries])
        D = np.maximum(X - reexported * np.minimum(X, M), P)
        S = M + D
        operators[product] = np.divide(v, S, out=np.zeros_like(v), where=S > 0).T
        domestic[product] = np.divide(D, S, out=np.zeros(size), where=S > 0)
        cuts[product] = np.where(np.array(countries) == supplier, 0.5 * (stages[product] == "upstream"), 0.0)
        loss[product] = np.zeros(size)
    inputs = {product: list(links[links["output"] == product].itertuples()) for product in operators}
    for _ in range(300):
        loss = {
            product: A @ (cuts[product] + (1 - cuts[product]) * PASS_THROUGH * loss[product])
            + sum(PASS_THROUGH * domestic[product] * link.weight * loss[link.input] for link in inputs[product])
            for product, A in operators.items()
        }
    stored = warehouse.execute("select country, product, loss from shock_impacts where scenario = 'upstream_halved'")
    for country, product, value in stored.fetchall():
        assert value == pytest.approx(loss[product][place[country]], abs=1e-10), (country, product)
    ways = warehouse.execute("select max(trade_loss), max(link_loss) from shock_impacts").fetchone()
    assert min(ways) > 0.01


def test_the_command_line_agrees_with_the_table(warehouse, finished, year):
    arguments = ("--supplier", "chn", "--products", "850511", "--cut", "1.0", "--year", year, "--limit", 5)
    printed = reeassets("shock", *arguments, home=finished[0]).stdout
    rows = warehouse.execute(
        "select country, supply_kusd, loss, loss_kusd from shock_impacts where scenario = 'magnets_stopped' "
        "and product = '850511' order by loss_kusd desc limit 5"
    ).fetchall()
    lines = [line.split() for line in printed.splitlines()]
    for country, supply, loss, loss_kusd in rows:
        (line,) = [line for line in lines if line[:1] == [country]]
        assert line[1] == f"{supply / 1e3:,.1f}"
        assert line[5] == f"{100 * loss:.1f}"
        assert line[6] == f"{loss_kusd / 1e3:,.1f}"
    for told in (
        "suppliers  CHN, 2023",
        "million US$",
        "passed on  85% of every loss",
        "How to read it: ",
        "no substitution",
        "docs/SHOCKS.md",
    ):
        assert told in printed


def test_substitution_and_a_smaller_cut_on_the_command_line(finished):
    arguments = ("shock", "--supplier", "CHN", "--stages", "input", "--cut", "0")
    assert "Nobody loses anything." in reeassets(*arguments, home=finished[0]).stdout
    grown = ("--substitution", "0.5", "--duration", "10")
    printed = reeassets(*arguments[:-1], "1", *grown, home=finished[0]).stdout
    assert "others     grow by 500.0%: 50.0% a year for 10 years" in printed
    assert "Nobody loses anything." in printed


def test_a_file_on_the_command_line(finished, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "- {name: one, title: First of two, suppliers: CHN, products: 850511, cut: 1, year: 2022}\n"
        "- {name: two, title: Second of two, suppliers: [CHN, RUS], stages: upstream, cut: 0.5}\n"
    )
    printed = reeassets("shock", "--file", path, home=finished[0]).stdout
    assert "one  First of two" in printed
    assert "suppliers  CHN, 2022" in printed
    assert "suppliers  CHN, RUS, 2023" in printed


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--supplier XYZ --products 850511 --cut 1", "suppliers: XYZ does not trade in any product of the set in 2023"),
        ("--supplier CHN --products 123456 --cut 1", "products: 123456 is not in the product set"),
        ("--supplier CHN --products 850511 --cut 1 --year 1990", "the warehouse has no 1990; it has 2016-2023"),
        ("--supplier CHN --products 850511 --cut 2", "--cut: Input should be less than or equal to 1"),
        ("--supplier CHN --products 850511", "--cut: Field required"),
        ("--products 850511 --cut 1", "--supplier: Field required"),
        ("--supplier CHN --cut 1", "give products or stages, at least one"),
        ("--file none.yaml", "none.yaml: no such file or folder of scenarios"),
        ("--file none.yaml --cut 1", "cut cannot be given beside it"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_2(finished, arguments, told):
    result = reeassets("shock", *arguments.split(), home=finished[0], check=False)
    assert result.returncode == 2
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_doctor_names_a_broken_file(finished, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: one\n")
    sick = reeassets("doctor", home=finished[0], check=False, REEASSETS_SHOCK_FILE=str(path))
    assert sick.returncode == 1
    assert "mine.yaml, line 1: title: Field required" in sick.stdout
