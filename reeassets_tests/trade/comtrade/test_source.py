"""From requests to flows: what is asked, what comes out, and what is never asked twice."""

import hashlib
import json
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from reeassets.settings import Settings
from reeassets.trade.comtrade.client import KEY_VARIABLE, Client
from reeassets.trade.comtrade.mirror import AREA, MIRRORED, SELF, WORLD
from reeassets.trade.comtrade.options import ComtradeOptions
from reeassets.trade.comtrade.request import Request
from reeassets.trade.comtrade.source import ComtradeSource, open_comtrade
from reeassets.trade.contract import RAW_SCHEMA, Source, SourceError, SourceFactory
from reeassets.trade.schema import COUNTRIES, RAW_TRADE
from reeassets_tests.trade.comtrade.service import KEY, envelope, report

CHINA, USA, GERMANY, JAPAN, TAIWAN, CHILE = 156, 842, 276, 392, 490, 152

REPORTS = [
    report(USA, "M", CHINA, "850511", 1_080_000.0, 40_000.0),
    report(CHINA, "X", USA, "850511", 900_000.0, 41_000.0),
    # Germany does not report this import: the exporter's report stands, and a weight of 0 is no weight.
    report(CHINA, "X", GERMANY, "850511", 500_000.0, 0.0, isNetWgtEstimated=True),
    report(JAPAN, "M", TAIWAN, "280530", 54.0, None),
    report(GERMANY, "M", 0, "850511", 7e6, 1e6),
    report(GERMANY, "M", 899, "850511", 3e6, 1e5),
    report(USA, "M", USA, "850511", 2e6, 1e4),
]


def read(source, year=2020):
    reader = source.open_year(year)
    (batch,) = reader.batches()
    return batch, reader.accounting


def test_a_year_is_reconciled_as_computed_by_hand(service, source):
    service.records = REPORTS
    batch, accounting = read(source())
    assert batch.schema.equals(RAW_SCHEMA)
    rows = [tuple(row.values()) for row in batch.to_pylist()]
    assert rows == [
        # 54 US$ / 1.08 = 50 US$; 1,080,000 US$ / 1.08 = 1,000,000 US$.
        (2020, TAIWAN, JAPAN, "280530", pytest.approx(0.05), None),
        (2020, CHINA, GERMANY, "850511", 500.0, None),
        (2020, CHINA, USA, "850511", pytest.approx(1000.0), 40.0),
    ]
    assert (accounting.read, accounting.kept) == (7, 3)
    counts = {reason: found.count for reason, found in accounting.rejections.items()}
    assert counts == {WORLD: 1, AREA: 1, SELF: 1, MIRRORED: 1}
    assert "reporter 156, partner 842, flow X, product 850511" in accounting.rejections[MIRRORED].examples[0][1]
    accounting.require_share(0.0)


def test_what_comes_out_obeys_the_table(service, source):
    service.records = REPORTS
    opened = source()
    batch, _ = read(opened)
    assert len(RAW_TRADE.check(batch.to_pandas())) == 3
    assert len(COUNTRIES.check(opened.countries())) == 238


def test_another_margin_gives_another_value(service, source):
    service.records = REPORTS[:1]
    batch, _ = read(source(cif_margin=0.0))
    assert batch["value_kusd"].to_pylist() == [1080.0]


def test_what_is_asked(service, source):
    service.records = REPORTS
    read(source(reporters_per_request=200, record_limit=500))
    assert [asked["query"]["flowCode"] for asked in service.asked] == ["M", "M", "X", "X"]
    assert {asked["path"] for asked in service.asked} == {"/data/v1/get/C/A/H5"}
    first, second = (asked["query"].pop("reportercode").split(",") for asked in service.asked[:2])
    assert (len(first), len(second)) == (200, 38)
    assert len({*first, *second}) == 238
    assert service.asked[0]["query"] == {
        "period": "2020",
        "cmdCode": "280530,850511",
        "flowCode": "M",
        "partner2Code": "0",
        "customsCode": "C00",
        "motCode": "0",
        "maxRecords": "500",
        "breakdownMode": "classic",
    }
    assert all(asked["headers"]["Ocp-Apim-Subscription-Key"] == KEY for asked in service.asked)


def test_products_are_asked_in_chunks(service, source):
    service.records = REPORTS
    batch, _ = read(source(products=("260600", "280530", "850511"), products_per_request=2, reporters_per_request=238))
    assert [asked["query"]["cmdCode"] for asked in service.asked] == ["260600,280530", "850511"] * 2
    assert batch.num_rows == 3


def test_a_second_run_asks_nothing_and_needs_no_key(service, source, monkeypatch):
    service.records = REPORTS
    first, _ = read(source())
    assert len(service.asked) == 4
    monkeypatch.delenv(KEY_VARIABLE)
    service.records = []
    again, accounting = read(source())
    assert len(service.asked) == 4
    assert again.equals(first)
    assert accounting.read == 7


def test_what_several_want_at_once_is_asked_once(service, options):
    service.records = REPORTS
    chosen = options(reporters_per_request=238)
    asked, together = [], threading.Barrier(3)

    class Slow(Client):
        def ask(self, request):
            asked.append(request)
            time.sleep(0.3)  # the others come while the answer is on its way
            return super().ask(request)

    def answers():
        together.wait()
        source = ComtradeSource(chosen, Slow(chosen))
        return source.version, source.identity(2020), source.digests(2020)

    with ThreadPoolExecutor(3) as pool:
        first, *others = [wanted.result() for wanted in [pool.submit(answers) for _ in range(3)]]
    assert [request.flow for request in asked] == ["M", "X"]
    assert others == [first, first]


def test_an_interrupted_download_goes_on_where_it_stopped(service, source):
    service.records = REPORTS
    service.faults = [envelope, envelope, (400, {}, "no")]
    with pytest.raises(SourceError, match=r"flow X.*status 400"):
        read(source())
    assert len(service.asked) == 3
    batch, _ = read(source())
    assert [asked["query"]["flowCode"] for asked in service.asked] == ["M", "M", "X", "X", "X"]
    assert service.asked[3]["query"] == service.asked[2]["query"]
    assert batch.num_rows == 3


def many(products):
    """Three importers of four exporters: 12 reports a product."""
    exporters = (CHINA, JAPAN, TAIWAN, CHILE)
    return [
        report(importer, "M", exporter, product, 108.0 * exporter)
        for importer in (USA, GERMANY, 76)
        for exporter in exporters
        for product in products
    ]


def test_an_answer_at_the_limit_is_asked_in_parts_until_it_is_whole(service, source, tmp_path):
    service.records = many(("280530", "850511"))
    whole, _ = read(source(cache=tmp_path / "whole"))
    assert whole.num_rows == 24
    service.asked.clear()
    parts, accounting = read(source(record_limit=9, reporters_per_request=238))
    assert parts.equals(whole)
    assert (accounting.read, accounting.kept) == (24, 24)
    asked_in_parts = len(service.asked)
    # The exports are empty: one request. The imports are cut in two until fewer than 9 reports are in each part.
    assert asked_in_parts > 6
    again, _ = read(source(record_limit=9, reporters_per_request=238))
    assert again.equals(whole)
    assert len(service.asked) == asked_in_parts


def test_an_answer_that_says_there_are_more_is_asked_in_parts(service, source):
    service.records = REPORTS
    service.faults = [lambda records: envelope(records, count=100_001)]
    batch, _ = read(source(reporters_per_request=238))
    assert len(service.asked) == 4
    assert [asked["query"]["cmdCode"] for asked in service.asked] == [
        "280530,850511",
        "280530",
        "850511",
        "280530,850511",
    ]
    assert batch.num_rows == 3


def test_a_single_reporter_and_product_at_the_limit_is_refused(service, source):
    service.records = many(("850511",))
    with pytest.raises(SourceError, match=r"1 reporter\(s\).*1 product\(s\) from 850511: 4 records or more"):
        read(source(record_limit=4, products=("850511",)))


def test_a_year_that_nobody_reported_is_refused(service, source):
    with pytest.raises(SourceError, match="H5 2019: no country reported"):
        read(source(), 2019)


def test_a_changed_answer_in_the_cache_is_detected(service, source, tmp_path):
    service.records = REPORTS
    read(source())
    victim = max((tmp_path / "cache" / "answers").iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    with pytest.raises(SourceError, match=f"{victim.name}: the file is not what was written; delete it"):
        read(source())
    victim.unlink()
    batch, _ = read(source())
    assert batch.num_rows == 3
    assert len(service.asked) == 5


def test_answers_of_a_version_that_read_fewer_columns_are_asked_again(service, source, tmp_path):
    service.records = REPORTS
    before, _ = read(source())
    for note in (tmp_path / "cache" / "requests").iterdir():
        known = json.loads(note.read_text())
        del known["columns"]
        note.write_text(json.dumps(known))
    service.asked.clear()
    again, _ = read(source())
    assert again.equals(before)
    assert len(service.asked) == 4


def test_partners_without_trade_of_their_own_do_not_refuse_a_year(service, source):
    partners = [report(USA, "M", code, "850511", 1000.0) for code in (10, 74, 239, 336, 581, 899)]
    service.records = [*REPORTS[:1], *partners]
    batch, accounting = read(source())
    assert batch.num_rows == 1
    assert accounting.rejected == 6
    accounting.require_share(0.001)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"answer": 3, "request": {}}', '{"answer": null, "request": {}}'])
def test_a_damaged_note_on_a_request_is_detected(service, source, tmp_path, content):
    service.records = REPORTS
    read(source())
    victim = min((tmp_path / "cache" / "requests").iterdir())
    victim.write_text(content)
    with pytest.raises(SourceError, match=f"{victim.name}: the file is not what was written"):
        read(source())


def test_a_damaged_edition_is_detected(source, tmp_path):
    source()
    (tmp_path / "cache" / "edition.json").write_text("{}")
    with pytest.raises(SourceError, match=r"edition\.json: the file is not what was written"):
        source()


def test_nothing_half_written_stays(service, source, tmp_path):
    service.records = REPORTS
    read(source())
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix == ".tmp"]
    for path in files:
        if path.suffix == ".parquet":
            assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()


def test_identity_is_known_without_asking_and_changes_with_what_is_asked(service, source, tmp_path):
    one = source().identity(2020)
    assert source().identity(2020) == one
    assert source().identity(2019) != one
    assert source(products=("850511",)).identity(2020) != one
    assert source(cif_margin=0.1).identity(2020) != one
    # How it is asked is not what is asked.
    assert source(record_limit=250_000, reporters_per_request=10).identity(2020) == one
    assert list(source().identity(None)) == ["country_codes_V202601.csv"]
    shutil.rmtree(tmp_path / "cache")
    assert source().identity(2020) != one
    assert service.asked == []


def test_digests_are_those_of_the_answers(service, source, tmp_path):
    service.records = REPORTS
    found = source().digests(2020)
    assert len(service.asked) == 4
    files = {f"comtrade/answers/{path.name}": path for path in (tmp_path / "cache" / "answers").iterdir()}
    assert found == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    read(source())
    assert len(service.asked) == 4
    assert source().digests(None) == source().identity(None)


def test_years_before_the_revision_are_not_offered(source):
    opened = source(years=(2020, 2007, 2017, 2016))
    assert opened.years() == (2017, 2020)
    with pytest.raises(SourceError, match=r"2016 in HS17; it is for 2017,2020"):
        opened.open_year(2016)


def test_products_that_the_nomenclature_lacks_are_named(source):
    with pytest.raises(SourceError, match=r"HS17 has no product 000001, 000002"):
        source(products=("850511", "000002", "000001"))


@pytest.mark.parametrize(
    ("different", "told"),
    [
        ({"nomenclature": "HS18"}, "no revision 'HS18'"),
        ({"products": ()}, "no product"),
        ({"cif_margin": -0.1}, "cannot be negative"),
        ({"record_limit": 0}, "at least 1"),
        ({"attempts": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_asked_is_refused(options, different, told):
    with pytest.raises(SourceError, match=told):
        options(**different)


def test_it_keeps_the_contract(source, tmp_path):
    codes = tmp_path / "codes.csv"
    codes.write_text("product,description\n# magnets\n850511,metal magnets\n\n280530\n850511\n")
    assert isinstance(open_comtrade, SourceFactory)
    home = tmp_path / "home"
    opened = open_comtrade(Settings(home=home, source="comtrade", data=codes, product_set="critical33"))
    assert isinstance(opened, Source)
    assert (opened.name, opened.basis, opened.nomenclature) == ("comtrade", "set only", "HS17")
    assert opened.version.startswith("downloaded from 2")
    assert "1.08" in opened.notes
    assert "2 products in HS17" in opened.notes
    assert (home / "cache" / "comtrade" / "edition.json").exists()


def test_the_products_come_from_the_list(tmp_path):
    codes = tmp_path / "codes.csv"
    codes.write_text('product;description\n"850511";magnets\n280530\tmetals\n')
    settings = Settings(home=tmp_path, data=codes)
    read_back = ComtradeOptions.from_settings(settings)
    assert read_back.products == ("280530", "850511")
    assert (read_back.classification, read_back.cif_margin, read_back.record_limit) == ("H5", 0.08, 100_000)
    codes.write_text("850511\n85051\n")
    with pytest.raises(SourceError, match=r"codes\.csv, line 2: '85051' is not a six-digit code"):
        ComtradeOptions.from_settings(settings)
    codes.unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        ComtradeOptions.from_settings(settings)
    with pytest.raises(SourceError, match="set `data`"):
        ComtradeOptions.from_settings(Settings(home=tmp_path))


@pytest.mark.parametrize(
    ("nomenclature", "classification"),
    [("HS92", "H0"), ("HS96", "H1"), ("HS02", "H2"), ("HS07", "H3"), ("HS12", "H4"), ("HS17", "H5"), ("HS22", "H6")],
)
def test_the_revisions_have_comtrades_names(options, nomenclature, classification):
    assert options(nomenclature=nomenclature).classification == classification


def test_a_request_is_the_same_text_every_time_and_halves_ask_the_same():
    request = Request("H5", 2020, "M", (1, 2, 3), ("280530", "850511"))
    assert (
        request.digest
        == Request(
            **{key: tuple(v) if isinstance(v, list) else v for key, v in json.loads(request.text).items()}
        ).digest
    )
    first, second = request.halves()
    assert (first.products, second.products) == (("280530",), ("850511",))
    one, rest = first.halves()
    assert (one.reporters, rest.reporters) == ((1,), (2, 3))
    assert one.halves() == ()


def test_flows_come_in_the_same_order_whatever_the_order_of_records(service, source, tmp_path):
    service.records = REPORTS
    first, _ = read(source())
    service.records = REPORTS[::-1]
    second, _ = read(source(cache=tmp_path / "other"))
    pd.testing.assert_frame_equal(first.to_pandas(), second.to_pandas())
