"""The inbox starts the years it brings, by content, once nothing is written to it any more."""

import hashlib
import json
import os
import shutil
import threading
import time

import dagster as dg
import pytest

from reeassets.platform.build import build_defs
from reeassets.platform.graph import Graph
from reeassets.platform.inbox import look
from reeassets.platform.instance import dagster_home
from reeassets.settings import Settings
from reeassets.trade.baci.inbox import left_aside, open_inbox
from reeassets.trade.contract import SourceError
from reeassets.trade.sources import open_source
from reeassets_tests.trade.baci.archives import COUNTRIES, archive, year_name, year_text

REST = 100
OTHER = ("156,276,850511,11,1.5",)


def rows(year, text=("276,156,850511,10.5,1.25", "156,276,850511,9,1")):
    return [f"{year},{row}" for row in text]


def members(years, version="202601", **changed):
    found = {year_name(year, version=version): year_text(rows(year)) for year in years}
    found |= {
        year_name(int(year[1:]), version=version): year_text(rows(year[1:], text)) for year, text in changed.items()
    }
    return found | {f"country_codes_V{version}.csv": COUNTRIES}


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "inbox").mkdir()
    return Settings(home=tmp_path, source="baci", years="2018-2022", inbox_rest=REST)


def aged(path, seconds=2 * REST):
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def put(settings, name, content):
    """Put an archive (a dict of members) or a year's file into the inbox, long ago."""
    path = settings.inbox_folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict):
        archive(path, content)
    else:
        path.write_text(content)
    return aged(path)


def count(source, year):
    return sum(batch.num_rows for batch in source.open_year(year).batches())


class Watch:
    """Looks into the inbox again and again."""

    def __init__(self, settings):
        self.settings, self.cursor, self.told, self.changes = settings, None, "", []

    def look(self):
        seen = look(self.settings, self.cursor)
        self.cursor, self.told = seen.cursor, seen.told
        self.changes += seen.brought
        return [years for years, _ in seen.brought]

    def settle(self):
        """Look twice: a file seen for the first time is left alone until it is unchanged at the second look."""
        assert self.look() == []
        return self.look()


def test_an_archive_starts_its_years_and_a_year_file_starts_one(settings):
    watch = Watch(settings)
    assert watch.look() == []
    put(settings, "BACI_HS07_V202601.zip", members([2018, 2019, 2020, 2022, 2024]))
    assert watch.settle() == [(2018, 2019, 2020), (2022,)]
    assert "not among the configured years: 2024" in watch.told
    assert watch.look() == []
    put(settings, year_name(2019), year_text(rows(2019, OTHER)))
    assert watch.settle() == [(2019,)]
    put(settings, year_name(2021), year_text(rows(2021)))
    assert watch.settle() == [(2021,)]


def test_a_year_that_is_configured_later_starts_then(tmp_path, settings):
    watch = Watch(settings)
    put(settings, "BACI_HS07_V202601.zip", members([2022, 2024]))
    assert watch.settle() == [(2022,)]
    assert watch.look() == []
    assert "not among the configured years: 2024" in watch.told
    watch.settings = Settings(home=tmp_path, source="baci", years="2018-2024", inbox_rest=REST)
    assert watch.look() == [(2024,)]
    assert watch.look() == []


def test_touching_copying_renaming_and_unpacking_start_nothing(settings):
    watch = Watch(settings)
    first = put(settings, "BACI_HS07_V202601.zip", members([2019, 2020]))
    assert watch.settle() == [(2019, 2020)]
    aged(first, 3 * REST)
    assert watch.settle() == []
    copy = aged(shutil.copy(first, first.with_name("copy of it.zip")))
    assert watch.settle() == []
    first.unlink()
    assert watch.settle() == []
    copy.rename(first.with_name("another name.zip"))
    assert watch.settle() == []
    put(settings, year_name(2019), year_text(rows(2019)))
    assert watch.settle() == []
    # It is the single file that is read now: what the year is made from says so.
    digests = open_source(settings).digests(2019)
    assert digests[year_name(2019)] == hashlib.sha256(year_text(rows(2019)).encode()).hexdigest()
    moved = settings.inbox_folder / year_name(2019)
    (settings.inbox_folder / "folder").mkdir()
    moved.rename(settings.inbox_folder / "folder" / moved.name)
    assert watch.settle() == []


def test_content_that_comes_back_starts_its_years_again(settings):
    watch = Watch(settings)
    for text in (OTHER, OTHER[:1] * 2, OTHER):
        put(settings, year_name(2019), year_text(rows(2019, text)))
        assert watch.settle() == [(2019,)]
    watch.cursor = None
    assert watch.settle() == [(2019,)]
    assert len(set(watch.changes)) == len(watch.changes) == 4


def test_a_look_that_is_repeated_names_the_same_change(settings):
    put(settings, "BACI_HS07_V202601.zip", members([2018, 2019, 2021]))
    waiting = look(settings, None)
    once = look(settings, waiting.cursor)
    assert once.brought == look(settings, waiting.cursor).brought
    assert [years for years, _ in once.brought] == [(2018, 2019), (2021,)]


def test_a_cursor_of_before_names_were_kept_is_read(settings):
    put(settings, "BACI_HS07_V202601.zip", members([2018, 2019]))
    watch = Watch(settings)
    assert watch.settle() == [(2018, 2019)]
    old = {name: value for name, value in json.loads(watch.cursor).items() if name in ("files", "years")}
    old["years"].pop("2018")
    watch.cursor = json.dumps(old)
    assert watch.look() == [(2018,)]
    assert watch.look() == []


def test_a_file_being_written_is_left_alone(settings):
    watch = Watch(settings)
    path = settings.inbox_folder / year_name(2020)
    text = year_text(rows(2020))
    path.write_text(text[:20])
    assert watch.settle() == []
    assert f"waiting until nothing is written to {path.name}" in watch.told
    # A clock or a program that sets old times does not help: it has grown since the last look.
    path.write_text(text[:40])
    aged(path)
    assert watch.look() == []
    path.write_text(text)
    aged(path)
    assert watch.look() == []
    assert watch.look() == [(2020,)]


def test_a_new_release_replaces_the_old_one_whole(settings):
    watch = Watch(settings)
    put(settings, "old.zip", members([2019, 2020]))
    put(settings, year_name(2019), year_text(rows(2019, OTHER)))
    assert watch.settle() == [(2019, 2020)]
    put(settings, "new.zip", members([2019, 2020], version="202701"))
    assert watch.settle() == [(2019, 2020)]
    opened = open_inbox(settings.inbox_folder, REST)
    assert set(opened.aside) == {"old.zip", year_name(2019)}
    assert open_source(settings).version == "CEPII BACI V202701"


def test_a_newer_year_beside_an_older_archive_is_refused(settings):
    put(settings, "old.zip", members([2019]))
    put(settings, year_name(2020, version="202701"), year_text(rows(2020)))
    with pytest.raises(SourceError, match=r"V202701 is newer than the archive beside it \(V202601\)"):
        open_source(settings)
    watch = Watch(settings)
    assert watch.settle() == []
    assert "put the whole archive of the new release there" in watch.told


def test_half_an_archive_is_left_aside_and_named(settings):
    whole = put(settings, "BACI_HS07_V202601.zip", members([2020]))
    half = settings.inbox_folder / "half.zip"
    half.write_bytes(whole.read_bytes()[:100])
    aged(half)
    opened = open_inbox(settings.inbox_folder, REST)
    assert "damaged or cut off" in opened.aside["half.zip"]
    assert open_source(settings).years() == (2020,)


def test_a_damaged_archive_of_a_newer_release_takes_nothing_back_to_the_older(settings):
    watch = Watch(settings)
    put(settings, "BACI_HS07_V202601.zip", members([2020]))
    new = put(settings, "BACI_HS07_V202701.zip", members([2020], version="202701"))
    assert watch.settle() == [(2020,)]
    new.write_bytes(new.read_bytes()[:100])
    aged(new)
    assert watch.settle() == []
    assert "nothing is started while a newer release than CEPII BACI V202601 is left aside" in watch.told
    assert "BACI_HS07_V202701.zip (" in watch.told
    (told,) = left_aside(settings)
    assert "V202701.zip: left aside: " in told
    new.unlink()
    assert watch.look() == [(2020,)]
    assert left_aside(settings) == []


def test_hidden_folders_are_not_read_and_links_to_folders_are_named(settings, tmp_path):
    put(settings, "BACI_HS07_V202601.zip", members([2020]))
    hidden = settings.inbox_folder / ".~tmp~" / year_name(2021)
    hidden.parent.mkdir()
    hidden.write_text(year_text(rows(2021)))
    aged(hidden)
    (settings.inbox_folder / "more").symlink_to(tmp_path, target_is_directory=True)
    opened = open_inbox(settings.inbox_folder, REST)
    assert open_source(settings).years() == (2020,)
    assert opened.aside == {"more": "a link to a folder; put the files themselves here"}


def test_two_different_files_of_one_year_are_refused(settings):
    put(settings, "a.zip", members([2020]))
    put(settings, "b.zip", members([], y2020=OTHER))
    with pytest.raises(SourceError, match=r"a\.zip/.* and b\.zip/.* differ; remove one"):
        open_source(settings)


def test_an_empty_inbox_loads_and_says_what_to_do(settings):
    assert build_defs(settings).resolve_job_def("backfill")
    with pytest.raises(SourceError, match="the inbox holds no trade data yet"):
        open_source(settings)
    whole = put(settings, "whole.zip", members([2020]))
    (settings.inbox_folder / "half.zip").write_bytes(whole.read_bytes()[:100])
    whole.unlink()
    with pytest.raises(SourceError, match=r"no trade data yet \(half\.zip: .*damaged or cut off"):
        open_source(settings)


def test_an_archive_that_is_touched_is_read_all_the_same(settings):
    path = put(settings, "BACI_HS07_V202601.zip", members([2020]))
    before = open_source(settings).identity(2020)
    os.utime(path)
    assert open_source(settings).identity(2020) == before
    assert count(open_source(settings), 2020) == 2


def test_a_year_file_that_is_touched_is_read_a_little_later(tmp_path, settings, caplog):
    settings = Settings(home=tmp_path, source="baci", years="2018-2022", inbox_rest=0.3)
    path = put(settings, year_name(2020), year_text(rows(2020)))
    os.utime(path)
    assert count(open_source(settings), 2020) == 2
    assert "written less than 0.3 s ago; waiting until nothing is written to it" in caplog.text
    assert time.time() - path.stat().st_mtime >= 0.3


def test_a_year_file_that_still_grows_is_not_read_by_half(tmp_path, settings):
    settings = Settings(home=tmp_path, source="baci", years="2018-2022", inbox_rest=0.6)
    put(settings, "BACI_HS07_V202601.zip", members([2020]))
    lines = year_text(rows(2020, [f"276,{partner},850511,10.5,1.25" for partner in (156, 842, 56)])).splitlines(True)
    path = settings.inbox_folder / year_name(2020)
    path.write_text(lines[0])

    def write():
        for line in lines[1:]:
            time.sleep(0.2)
            with path.open("a") as stream:
                stream.write(line)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert count(open_source(settings), 2020) == 3
    finally:
        writer.join()


def test_files_that_nobody_reads_start_nothing(tmp_path, settings):
    put(settings, "BACI_HS07_V202601.zip", members([2020]))
    watch = Watch(Settings(home=tmp_path, years="2020"))
    assert watch.settle() == []
    assert 'the platform reads the source sample; to read the inbox, write source = "baci"' in watch.told


def test_years_that_are_made_already_start_nothing(settings):
    put(settings, "BACI_HS07_V202601.zip", members([2019, 2020]))
    graph = Graph(settings)
    dagster_home(settings.home)
    job = build_defs(graph=graph).resolve_implicit_global_asset_job_def()
    keys = [dg.AssetKey(["trade", "raw_trade"]), dg.AssetKey(["trade", "countries"])]
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(asset_selection=keys, partition_key="2019", instance=instance).success
    assert Watch(settings).settle() == [(2020,)]


def test_the_sensor_asks_for_one_run_a_range_of_years(settings):
    put(settings, "BACI_HS07_V202601.zip", members([2018, 2019, 2021]))
    defs = build_defs(settings)
    (sensor,) = [sensor for sensor in defs.sensors if sensor.name == "inbox"]
    with dg.DagsterInstance.ephemeral() as instance:
        repository = defs.get_repository_def()
        first = sensor.evaluate_tick(dg.build_sensor_context(instance, repository_def=repository))
        assert first.run_requests == []
        assert "waiting" in first.skip_message
        second = sensor.evaluate_tick(dg.build_sensor_context(instance, cursor=first.cursor, repository_def=repository))
    ranges = [
        (request.tags["dagster/asset_partition_range_start"], request.tags["dagster/asset_partition_range_end"])
        for request in second.run_requests
    ]
    assert ranges == [("2018", "2019"), ("2021", "2021")]
    assert len({request.run_key for request in second.run_requests}) == 2
    assert set(json.loads(second.cursor)["years"]) == {"2018", "2019", "2021"}
    assert {request.job_name for request in second.run_requests} == {"full_refresh"}


def test_years_of_a_home_with_classified_products_are_backfilled(settings):
    dagster_home(settings.home)
    defs = build_defs(settings)
    (sensor,) = [sensor for sensor in defs.sensors if sensor.name == "inbox"]
    put(settings, "BACI_HS07_V202601.zip", members([2018]))
    with dg.DagsterInstance.ephemeral() as instance:
        assert defs.resolve_job_def("reclassify").execute_in_process(instance=instance).success
        repository = defs.get_repository_def()
        first = sensor.evaluate_tick(dg.build_sensor_context(instance, repository_def=repository))
        second = sensor.evaluate_tick(dg.build_sensor_context(instance, cursor=first.cursor, repository_def=repository))
    assert [request.job_name for request in second.run_requests] == ["backfill"]
