"""The command line, as a user calls it."""

import shutil

import networkx as nx
import pytest

from . import processes
from .conftest import reeassets
from .processes import clean_environment

COMMANDS = (
    "run",
    "plan",
    "ui",
    "tables",
    "show",
    "explain",
    "origins",
    "monitor",
    "shock",
    "graphml",
    "products",
    "plugins",
    "doctor",
)


@pytest.fixture
def home(finished, tmp_path):
    shutil.copytree(finished[0], tmp_path / "home")
    return tmp_path / "home"


def test_the_summary_says_what_a_newcomer_wants_to_know(finished):
    home, printed = finished
    assert "✓ trade       2016" in printed
    assert "✓ indicators  2023" in printed
    assert "product_indicators" in printed
    # The story of the rare earths, from compounds to magnets.
    for told in ("284610, 284690", "2023: MMR 41%, MYS 15%, CHN 15%", "2023: CHN 39%, AUS 24%, VNM 19%"):
        assert told in printed
    assert "links: 280530 -> 850511" in printed
    assert "passed" in printed
    for path in (home / "warehouse" / "reeassets.duckdb", home / "report" / "report.html"):
        assert str(path) in printed
        assert path.exists()


def test_a_second_run_makes_nothing(home):
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*.parquet")}
    printed = reeassets("run", home=home).stdout
    assert "nothing was out of date" in printed
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*.parquet")} == before


def test_a_run_can_stop_after_a_stage(tmp_path):
    printed = reeassets("run", "--years", "2022-2023", "--until", "networks", home=tmp_path / "home").stdout
    assert "up to the stage networks" in printed
    made = {path.name for path in (tmp_path / "home" / "tables").iterdir()}
    assert made == {"trade", "products", "networks"}
    assert "DAGSTER_HOME" not in printed


def test_a_run_says_that_dagsters_records_are_not_the_homes_own(tmp_path):
    elsewhere = str(tmp_path / "elsewhere")
    arguments = ("run", "--years", "2022-2023", "--until", "trade")
    printed = reeassets(*arguments, home=tmp_path / "home", DAGSTER_HOME=elsewhere).stdout
    assert f"Dagster's records are in {elsewhere}, as DAGSTER_HOME says" in printed
    assert (tmp_path / "elsewhere" / "history" / "runs.db").exists()


def test_show_filters_either_side(finished):
    home, _ = finished
    printed = reeassets(
        "show", "trade_flows", "--year", "2023", "--country", "chn", "--product", "850511", home=home
    ).stdout
    assert "CHN" in printed
    csv = reeassets("show", "product_indicators", "--year", "2023", "--country", "DEU", "--csv", home=home).stdout
    lines = csv.splitlines()
    assert lines[0].startswith("year,country,product,imports_kusd")
    assert all(line.startswith("2023,DEU,") for line in lines[1:])
    assert len(lines) > 20


def test_taiwan_is_found_under_the_code_it_has(finished):
    arguments = ("show", "product_indicators", "--country", "TWN", "--limit", "1")
    printed = reeassets(*arguments, home=finished[0]).stdout.splitlines()
    assert printed[0] == "TWN is S19 in these data: Other Asia, nes"
    assert any(line.split() == ["country", "S19"] for line in printed)
    csv = reeassets(*arguments, "--csv", home=finished[0])
    assert csv.stdout.splitlines()[1].split(",")[1] == "S19"
    assert "TWN is S19" in csv.stderr


def test_rows_that_do_not_fit_are_laid_out_downwards(finished):
    arguments = ("show", "product_indicators", "--year", "2023", "--country", "DEU", "--product", "850511")
    narrow = reeassets(*arguments, home=finished[0], COLUMNS="80").stdout.splitlines()
    assert any(line.split() == ["country", "DEU"] for line in narrow)
    assert any(line.startswith("systemic_trade_risk") for line in narrow)
    wide = reeassets(*arguments, home=finished[0], COLUMNS="300").stdout.splitlines()
    assert wide[0].split()[:3] == ["year", "country", "product"]


def test_tables_tell_rows_years_and_meaning(finished):
    printed = reeassets("tables", "product_indicators", home=finished[0]).stdout
    assert "years 2016-2023" in printed
    assert "systemic_trade_risk" in printed


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "no_such_table"), "no table 'no_such_table'"),
        (("show", "findings", "--year", "2023"), "has no year"),
        (("show", "product_indicators", "--year", "2030"), "no year 2030; the table product_indicators has 2016-2023"),
        (("show", "product_indicators", "--country", "QQQ"), "there is no country 'QQQ'"),
        (("show", "product_indicators", "--product", "999999", "--csv"), "product '999999' is not in the set"),
        (("show", "product_indicators", "--product", "123456"), "there is no product '123456'"),
        (("run", "--years", "1990-1995"), "has no data for 1990-1995; it has 2002-2024"),
        (("run", "--years", "nonsense"), "not a year"),
        (("run", "--source", "nonsense"), "no plugin 'nonsense'"),
        (("run", "--until", "nonsense"), "no stage 'nonsense'; the stages are trade, products"),
        (("run", "--data", "/etc/hostname"), "brings its own data"),
        (("run", "--product-set", "nonsense"), "no plugin 'nonsense'"),
        (("graphml", "1990", "out.graphml"), "not been made for 1990"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_a_status(finished, tmp_path, arguments, told):
    home = tmp_path if arguments[0] == "run" else finished[0]
    result = reeassets(*arguments, home=home, check=False)
    assert result.returncode == 2
    assert told in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("PRODUCT_SET", "ree168", "is of product_set critical33, and ree168 is set"),
        ("ECONOMIES", "eu27", "is of economies countries, and eu27 is set"),
    ],
)
@pytest.mark.parametrize("asked", [("show", "findings"), ("tables",), ("monitor", "DEU")])
def test_results_of_other_settings_are_not_shown(finished, asked, setting, value, told):
    shown = reeassets(*asked, home=finished[0], check=False, **{f"REEASSETS_{setting}": value})
    assert shown.returncode == 2
    assert told in " ".join(shown.stderr.split())
    assert "findings" not in shown.stdout


def test_a_wrong_request_is_not_remembered(home):
    reeassets("run", "--years", "1990-1995", home=home, check=False)
    assert "nothing was out of date" in reeassets("run", home=home).stdout


def test_no_warehouse_yet(tmp_path):
    result = reeassets("tables", home=tmp_path, check=False)
    assert result.returncode == 2
    assert "`reeassets run` makes it" in result.stderr


def test_graphml(finished, tmp_path):
    path = tmp_path / "network.graphml"
    reeassets("graphml", "2023", path, home=finished[0])
    graph = nx.read_graphml(path)
    assert graph.nodes["CHN:850511"]["stage"] == "input"


def test_doctor(finished, tmp_path):
    assert "nothing is wrong" in reeassets("doctor", home=finished[0]).stdout
    sick = reeassets("doctor", home=tmp_path, check=False, REEASSETS_YEARS="1990")
    assert sick.returncode == 1
    assert "1990" in sick.stdout


def test_doctor_finds_files_of_settings_that_are_not_there(tmp_path):
    missing = {"REEASSETS_HAZARD": "file", "REEASSETS_HAZARD_FILE": "h.csv", "REEASSETS_ECONOMIES": "eu72"}
    sick = reeassets("doctor", home=tmp_path, check=False, **missing)
    assert sick.returncode == 1
    assert "h.csv: there is no such file; the setting hazard_file names it" in sick.stdout
    assert "eu72: there is no such file; the setting economies names it" in sick.stdout


def without_a_home(*arguments):
    return processes.run("reeassets", arguments, clean_environment(), timeout=60)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command):
    asked = without_a_home(command, "--help")
    assert asked.returncode == 0
    assert f"Example: reeassets {command}" in asked.stdout


def test_plugins_list_every_group():
    printed = without_a_home("plugins").stdout
    for name in ("sample", "critical33", "political_stability", "systemic_trade_risk", "rca_growth"):
        assert name in printed


def test_origins_are_shown_with_bounds_the_largest_maker_first(finished):
    home, _ = finished
    lines = reeassets("origins", "deu", "850511", "--year", "2023", "--limit", "3", home=home).stdout.splitlines()
    assert lines[0].startswith("DEU Germany  850511 Magnets; permanent magnets")
    shown = [line.split() for line in lines[3:6]]
    assert shown[0][:2] == ["CHN", "China"]
    direct, made, least, most = (float(cell.strip("%")) for cell in shown[0][-4:])
    assert least <= direct <= made <= most
    assert direct > 80
    assert any(line.endswith("more") or " more " in line for line in lines)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (("QQQ", "850511"), "there is no country 'QQQ'"),
        (("DEU", "999999"), "product '999999' is not in the set"),
    ],
)
def test_origins_of_what_is_not_known_are_an_error(finished, pair, message):
    result = reeassets("origins", *pair, home=finished[0], check=False)
    assert result.returncode == 2
    assert message in result.stderr


def test_the_monitor_of_the_eu_shows_shares_bounds_and_trend(finished):
    lines = reeassets("monitor", "euu", home=finished[0]).stdout.splitlines()
    assert lines[0] == "EUU European Union (27)  2023  benchmark: at most 65% from any one supplier"
    (magnets,) = [line.split() for line in lines if line.startswith("850511")]
    at = magnets.index("CHN")
    made, low, high, bought, _ = (float(cell.strip("%")) for cell in magnets[at + 1 : at + 6])
    assert (made, low, high, bought) == (88.9, 88.8, 98.2, 88.8)
    assert magnets[at + 6 :] == ["above", "+1.8", "never"]
    assert any(line.startswith("all upstream") for line in lines)
    assert "11 of 33 products above the benchmark" in lines


def test_the_monitor_of_a_product_says_who_takes_over(finished):
    printed = reeassets("monitor", "EUU", "850511", "--threshold", "0.8", home=finished[0]).stdout
    assert "benchmark: at most 80%" in printed
    assert "as CHN sold 88.8%" in printed
    moved = float(printed.split("smallest reallocation: ")[1].split()[0].replace(",", ""))
    taken = [line.split() for line in printed.splitlines() if line.startswith(("JPN", "PHL", "VNM"))]
    assert sum(float(cells[-2].replace(",", "")) for cells in taken) == pytest.approx(moved, abs=2)


def test_the_monitor_says_that_nothing_or_not_enough_can_move(finished):
    home = finished[0]
    below = reeassets("monitor", "USA", "282200", "--year", "2023", home=home).stdout
    assert "nobody sold more than 65%: nothing has to move" in below
    short = reeassets("monitor", "EUU", "850511", "--threshold", "0.1", home=home).stdout
    assert "it cannot be done: others could give" in short


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("QQQ",), "there is no country 'QQQ'; codes are ISO3, e.g. DEU; there are ABW, AFG"),
        (("EUU", "999999"), "product '999999' is not in the set; it has 250490"),
        (("EUU", "--year", "1999"), "there is no year 1999; the table dependency_monitor has 2016, 2017"),
        (("EUU", "--threshold", "1.5"), "dependency_threshold: Input should be less than 1"),
    ],
)
def test_a_monitor_of_what_is_not_known_is_an_error(finished, asked, message):
    result = reeassets("monitor", *asked, home=finished[0], check=False)
    assert result.returncode == 2
    assert message in result.stderr
