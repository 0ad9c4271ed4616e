"""The whole platform on an archive in CEPII's format, and on machines that are full or closed."""

import shutil
import subprocess
import sys
import zipfile

import duckdb
import numpy as np
import pandas as pd
import pytest

from reeassets.trade.bundled import bundled_file
from reeassets_tests.conftest import FEWER_DRAWS, REPOSITORY, reeassets
from reeassets_tests.processes import clean_environment

from .archives import COUNTRIES, archive, year_name, year_text

YEARS = (2019, 2020, 2021)


def flows_of(year):
    """Real flows of the sample in the words of another release: HS07 codes, some of them below 100000."""
    sample = pd.read_parquet(bundled_file("baci_critical_materials_2002_2024.parquet"), filters=[("t", "==", year)])
    renamed = sample.assign(k=sample["k"].replace({"252800": "252810", "283692": "10110"}))
    half = renamed[renamed["k"] == "252810"].assign(k="252890", v=lambda frame: (frame["v"] / 4).round(3) + 0.001)
    return pd.concat([renamed, half], ignore_index=True)


def as_cepii_wrote_it(frame):
    """Leading zeros lost, quantity quoted and padded, Windows line ends."""
    lines = ['"t","i","j","k","v","q"']
    for place, row in enumerate(frame.itertuples(index=False)):
        quantity = "NA" if place % 3 else f"{row.v / 2:.3f}"
        lines.append(f'{row.t},{row.i},{row.j},{int(row.k)},{row.v:.3f},"{quantity:>13}"')
    return "\r\n".join(lines) + "\r\n"


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    frames = {year: flows_of(year) for year in YEARS}
    members = {year_name(year): as_cepii_wrote_it(frame) for year, frame in frames.items()}
    members["country_codes_V202601.csv"] = bundled_file("country_codes_V202601.csv").read_bytes()
    return archive(folder / "BACI_HS07_V202601.zip", members), frames


@pytest.fixture(scope="module")
def home(release, tmp_path_factory):
    home = tmp_path_factory.mktemp("baci") / "home"
    reeassets("run", "--source", "baci", "--data", release[0], home=home, **FEWER_DRAWS)
    return home


@pytest.fixture
def tables(home):
    with duckdb.connect(str(home / "warehouse" / "reeassets.duckdb"), read_only=True) as connection:
        yield connection


def test_years_are_those_of_the_archive(tables):
    years = tables.execute("select distinct year from trade_flows order by 1").fetchall()
    assert years == [(year,) for year in YEARS]


@pytest.mark.parametrize("year", YEARS)
def test_totals_are_over_everything_in_the_archive(tables, release, year):
    frame = release[1][year]
    codes = pd.read_csv(bundled_file("country_codes_V202601.csv"), keep_default_na=False)
    iso3 = codes.set_index("country_code")["country_iso3"]
    exports = frame.groupby(frame["i"].map(iso3))["v"].sum()
    imports = frame.groupby(frame["j"].map(iso3))["v"].sum()
    found = tables.execute("select * from country_totals where year = ?", [year]).df().set_index("country")
    assert set(found["basis"]) == {"whole nomenclature"}
    assert found["exports_kusd"].sum() == pytest.approx(frame["v"].sum(), rel=1e-12)
    for column, expected in (("exports_kusd", exports), ("imports_kusd", imports)):
        assert found[column].to_numpy() == pytest.approx(
            expected.reindex(found.index, fill_value=0.0).to_numpy(), rel=1e-9
        )
    products = tables.execute("select product, value_kusd from product_totals where year = ?", [year]).df()
    expected = frame.groupby(frame["k"].str.zfill(6))["v"].sum()
    assert products.set_index("product")["value_kusd"].to_dict() == pytest.approx(expected.to_dict(), rel=1e-9)
    assert "S19" in found.index or not (frame["i"] == 490).any()


def test_the_set_is_carried_from_hs17_to_hs07(tables, release):
    frame = release[1][2020]
    expected = frame[frame["k"].isin(["252810", "252890"])]["v"].sum()
    found = tables.execute(
        "select sum(value_kusd) from trade_flows where year = 2020 and product = '252800'"
    ).fetchone()
    assert found[0] == pytest.approx(expected, rel=1e-9)
    summed = tables.execute("select summed_share from concordance_value where year = 2020 and set_product = '252800'")
    assert summed.fetchone()[0] > 0


def test_rca_is_over_the_whole_nomenclature(tables, release):
    frame = release[1][2020]
    china = frame[frame["i"] == 156]
    share = china[china["k"] == "850511"]["v"].sum() / china["v"].sum()
    world = frame[frame["k"] == "850511"]["v"].sum() / frame["v"].sum()
    found = tables.execute(
        "select rca from product_indicators where year = 2020 and product = '850511' and country = 'CHN'"
    ).fetchone()
    assert found[0] == pytest.approx(share / world, rel=1e-9)


def test_quantities_survive_their_padding(tables, release):
    frame = release[1][2020].reset_index(drop=True)
    kept = frame[frame.index % 3 == 0]
    expected = (kept[kept["k"] == "850511"]["v"] / 2).round(3).sum()
    found = tables.execute(
        "select sum(quantity_t) from trade_flows where year = 2020 and product = '850511'"
    ).fetchone()
    assert found[0] == pytest.approx(expected, rel=1e-5)


def test_an_added_year_leaves_the_others_alone(release, home, tmp_path):
    mine = tmp_path / "home"
    shutil.copytree(home, mine)
    before = {path: path.stat().st_mtime_ns for path in (mine / "tables/trade/raw_trade").iterdir()}
    longer = tmp_path / "BACI_HS07_V202601.zip"
    shutil.copy(release[0], longer)
    with zipfile.ZipFile(longer, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(year_name(2022), as_cepii_wrote_it(flows_of(2022)))
    arguments = ("--source", "baci", "--data", longer, "--years", "2019-2022")
    printed = reeassets("run", *arguments, home=mine, **FEWER_DRAWS).stdout
    after = {path: path.stat().st_mtime_ns for path in (mine / "tables/trade/raw_trade").iterdir()}
    assert {path.name for path in after if after[path] != before.get(path)} == {"2022.parquet"}
    assert "trade       2022" in printed
    assert "trade       2021" not in printed


def test_a_changed_pass_through_opens_no_archive(release, home, tmp_path):
    mine = tmp_path / "home"
    shutil.copytree(home, mine)
    printed = reeassets("run", "--until", "indicators", home=mine, REEASSETS_PASS_THROUGH="0.5", **FEWER_DRAWS).stdout
    assert "trade       20" not in printed
    assert "indicators  2020" in printed


def test_a_gap_has_to_be_asked_for(release, tmp_path):
    with zipfile.ZipFile(release[0]) as packed:
        members = {name: packed.read(name) for name in packed.namelist() if "2020" not in name}
    gap = archive(tmp_path / "BACI_HS07_V202601.zip", members)
    result = reeassets("run", "--source", "baci", "--data", gap, home=tmp_path / "home", check=False)
    assert result.returncode == 2
    assert "lacks 2020" in result.stderr
    assert "--years 2019,2021" in result.stderr


def test_a_year_with_too_many_bad_rows_fails_and_what_was_there_stays(release, home, tmp_path):
    mine = tmp_path / "home"
    shutil.copytree(home, mine)
    before = {path: path.read_bytes() for path in sorted(mine.rglob("*.parquet"))}
    with zipfile.ZipFile(release[0]) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    bad = np.array(members[year_name(2020)].decode().split("\r\n"))
    bad[10:400] = "2020,276,156,850511,many,1"
    members[year_name(2020)] = "\r\n".join(bad)
    result = reeassets(
        "run",
        "--source",
        "baci",
        "--data",
        archive(tmp_path / "BACI_HS07_V202601.zip", members),
        home=mine,
        check=False,
        **FEWER_DRAWS,
    )
    assert result.returncode == 1
    printed = " ".join(result.stdout.split())
    assert "390 of" in printed
    assert "value is not a number: 390, e.g. line 11: 2020,276,156,850511,many,1" in printed
    assert {path: path.read_bytes() for path in sorted(mine.rglob("*.parquet"))} == before


def in_a_mount(folder, options, script):
    """Run a script with ``folder`` as a file system of its own, in a mount namespace that ends with it."""
    command = f"mount -t tmpfs -o {options} tmpfs {folder} && {script}"
    return subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env=clean_environment(),
        timeout=300,
    )


def test_a_full_disk_is_told_and_nothing_half_written_stays(release, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    run = f"{sys.executable} -m reeassets run --source baci --data {release[0]} --home {tmp_path}/home"
    script = f"REEASSETS_TABLES={folder} {run}; status=$?; find {folder} -name '*.tmp'; exit $status"
    result = in_a_mount(folder, "size=300k", script)
    assert result.returncode == 1, result.stdout + result.stderr
    told = " ".join(result.stdout.split())
    assert "No space left on device" in told
    assert f"{folder}/trade/raw_trade" in told
    assert ".tmp" not in result.stdout.split("failed")[0]
    assert not result.stdout.rstrip().endswith(".tmp")


def test_a_full_disk_under_dagsters_records_is_told_too(release, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    run = f"{sys.executable} -m reeassets run --source baci --data {release[0]} --home {folder}/home"
    result = in_a_mount(folder, "size=200k", f"REEASSETS_TABLES={tmp_path}/tables {run}")
    assert result.returncode not in (0, 126, 127)
    assert "the disk is full" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_that_cannot_be_written_is_told(release, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    run = f"{sys.executable} -m reeassets run --source baci --data {release[0]} --home {folder}/home"
    result = in_a_mount(folder, "ro,size=2m", run)
    assert result.returncode == 2
    assert "Read-only file system" in result.stderr
    assert f"{folder}/home" in result.stderr


def test_small_data_give_every_table_they_can_carry(tmp_path):
    pairs = [(156, 276), (276, 156), (490, 842), (842, 490), (156, 842)]
    members = {
        year_name(year): year_text(
            [f"{year},{i},{j},{code},{value + place},NA" for place, (i, j) in enumerate(pairs) for code, value in CODES]
        )
        for year in (2020, 2021)
    }
    home = tmp_path / "home"
    data = archive(tmp_path / "a.zip", members)
    # Hazards that differ by country would give the few economies more points than there are clusters.
    printed = reeassets(
        "run", "--source", "baci", "--data", data, home=home, REEASSETS_HAZARD="uniform", **FEWER_DRAWS
    ).stdout
    assert "passed" in printed
    with duckdb.connect(str(home / "warehouse" / "reeassets.duckdb"), read_only=True) as tables:
        names = tables.execute("select distinct cluster_name, reason from country_clusters").fetchall()
        assert {name for name, _ in names} == {"not_ranked"}
        assert any("distinct country-years" in reason for _, reason in names)
        assert tables.execute("select count(*) from cluster_choice").fetchone() == (0,)
        assert tables.execute("select count(*) from product_indicators").fetchone() == (16,)
        verdicts = tables.execute("select distinct verdict from findings").fetchall()
    assert verdicts == [("not testable on this data",)]


def test_an_archive_without_the_set_is_refused_with_the_reason(tmp_path):
    members = {
        "BACI/" + year_name(1996, "HS92").replace(".csv", ".CSV"): year_text(["1996,276,156,999999,10.5,NA"]),
        "BACI/country_codes_V202601.csv": COUNTRIES,
        "__MACOSX/BACI/._" + year_name(1996, "HS92"): b"\x00\x05\x16\x07",
    }
    home = tmp_path / "home"
    data = archive(tmp_path / "a.zip", members)
    result = reeassets("run", "--source", "baci", "--data", data, home=home, check=False)
    assert result.returncode == 1
    told = " ".join(result.stdout.split())
    assert "trade_flows 1996: flows_of_the_set: raw trade of 1996 has none of the 33 products of the set" in told
    # Of 2007-2023 the archive has no year, so that all it has is computed; what comes before the set is in place.
    assert pd.read_parquet(home / "tables/trade/product_totals/1996.parquet")["product"].tolist() == ["999999"]
    assert not (home / "tables/products/trade_flows").exists()
    assert not (home / "warehouse/reeassets.duckdb").exists()


CODES = ((850511, 10.5), (260600, 3.25), (10110, 7.0))
