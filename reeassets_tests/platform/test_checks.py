"""Checks beyond the schemas: what each finds, and what an error and a warning do to a run."""

import re

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from reeassets.models.claims import CLAIMS
from reeassets.models.robust_claims import choices_of
from reeassets.platform.accepted import accept
from reeassets.platform.build import build_defs
from reeassets.platform.graph import Graph
from reeassets.platform.guide import section
from reeassets.platform.quality import CHECKS
from reeassets.settings import Settings
from reeassets.storage import Provenance
from reeassets_tests.platform.test_definitions import REPOSITORY
from reeassets_tests.report import made

PROVENANCE = Provenance("f", "sample", "V", "HS17", "1", "c")
CHECK = {check.name: check for check in CHECKS}


@pytest.fixture
def look(tmp_path):
    """Write tables of 2019 and 2020 and look at 2020 with one check."""
    from reeassets.platform.recipe import Step

    def one(name, now, before=None, **settings):
        graph = Graph(Settings(home=tmp_path, years="2019-2020", **settings))
        check = CHECK[name]
        tables = {table: graph.tables[table] for table in (check.table, *check.needs)}
        for year, content in ((2020, now), (2019, before)):
            for table, frame in (content or {}).items():
                if table not in tables:
                    continue
                of = tables[table]
                whole = frame.assign(year=year) if of.by_year else frame
                graph.store.write(of, of.conform(whole), PROVENANCE, year if of.by_year else None)
        import duckdb

        def step(year):
            return Step(graph.settings, year, graph.store, tables, lambda: duckdb.connect(":memory:"))

        by_year = graph.tables[check.table].by_year
        return check.look(step(2020 if by_year else None), step(2019) if before is not None else None)

    return one


TRADERS = ("CHN", "DEU", "TUV", "USA", *(f"A{number:02}" for number in range(20)))


def totals(**values):
    """Return a year in which each exports so much: the largest to the second largest, all others to the largest."""
    by_size = sorted(values, key=lambda name: (values[name], name))
    largest, second = by_size[-1], ["USA", *by_size][-2]
    code = {name: place + 1 for place, name in enumerate(TRADERS)}
    flows = [(code[name], code[second if name == largest else largest], "850511", values[name]) for name in values]
    # Totals over all goods that do not move: the checks look at what the source holds.
    goods = {"country": list(values), "exports_kusd": 1e6, "imports_kusd": 1e6, "basis": "all goods, WDI"}
    economies = {"country_code": code.values(), "country": TRADERS, "economy": TRADERS, "economy_name": TRADERS}
    return {
        "country_totals": pd.DataFrame(goods),
        "raw_trade": raw(flows),
        "product_totals": pd.DataFrame(
            {"product": ["850511"], "value_kusd": [sum(values.values())], "basis": "set only"}
        ),
        "economies": pd.DataFrame(economies).assign(merged=False),
    }


def test_a_jump_of_the_world_total_is_found(look):
    assert look("world_total", totals(CHN=140.0), totals(CHN=100.0)).passed
    found = look("world_total", totals(CHN=160.0), totals(CHN=100.0))
    assert not found.passed
    assert found.numbers["change"] == pytest.approx(0.6)
    assert look("world_total", totals(CHN=160.0), totals(CHN=100.0), check_world_change=0.7).passed
    assert not look("world_total", totals(CHN=40.0), totals(CHN=100.0)).passed
    assert look("world_total", totals(CHN=1.0)).passed


def test_totals_that_are_the_sources_own_sums_are_not_added_up_again(look):
    def summed(**values):
        tables = totals(**values)
        own = {"country": list(values), "exports_kusd": list(values.values()), "imports_kusd": 0.0}
        return tables | {
            "country_totals": pd.DataFrame(own).assign(basis="whole nomenclature"),
            "raw_trade": tables["raw_trade"].iloc[:0],
        }

    found = look("countries_covered", summed(CHN=1000.0, TUV=1.0), summed(CHN=1000.0, DEU=500.0, TUV=1.0))
    assert not found.passed
    assert found.rows["country"].tolist() == ["DEU"]


def test_a_country_with_trade_that_is_gone_is_found_and_named(look):
    before = totals(CHN=1000.0, DEU=500.0, TUV=1.0)
    assert look("countries_covered", totals(CHN=1000.0, DEU=500.0), before, check_lost_countries=0.5).passed
    found = look("countries_covered", totals(CHN=1000.0, TUV=1.0), before)
    assert not found.passed
    assert found.rows["country"].tolist() == ["DEU"]
    assert found.numbers["countries_lost"] == 1


def test_many_small_countries_that_are_gone_are_found_however_little_they_trade(look):
    small = {f"A{number:02}": 0.001 for number in range(20)}
    now = {name: small[name] for name in list(small)[3:]}
    found = look("countries_covered", totals(CHN=1000.0, **now), totals(CHN=1000.0, **small))
    assert not found.passed
    assert found.numbers["share_lost"] < 1e-4
    assert found.numbers["share_of_countries_lost"] == pytest.approx(3 / 21)
    assert found.rows["country"].tolist() == ["A00", "A01", "A02"]
    now |= {"A02": 0.001}
    assert look("countries_covered", totals(CHN=1000.0, **now), totals(CHN=1000.0, **small)).passed


def flows(**values):
    return {
        "trade_flows": pd.DataFrame(
            {
                "exporter": list(values),
                "importer": "USA",
                "product": "850511",
                "value_kusd": list(values.values()),
                "quantity_t": np.nan,
            }
        )
    }


def test_a_shift_of_the_largest_exporter_is_found(look):
    before = flows(CHN=50.0, DEU=50.0)
    assert look("largest_exporter", flows(CHN=59.0, DEU=41.0), before).passed
    found = look("largest_exporter", flows(CHN=65.0, DEU=35.0), before)
    assert not found.passed
    assert found.numbers["change"] == pytest.approx(0.15)
    # Another country is the largest now: what counts is where that one was.
    assert not look("largest_exporter", flows(AUS=80.0, CHN=20.0), before).passed


def test_a_largest_exporter_that_vanishes_is_found_though_the_new_one_moved_little(look):
    before = flows(AUS=25.0, CHN=20.0, DEU=20.0, FRA=20.0, ITA=15.0)
    found = look("largest_exporter", flows(CHN=25.0, DEU=25.0, FRA=25.0, ITA=25.0), before)
    assert not found.passed
    assert found.told.startswith("AUS exports 0.0% of the set's value, after 25.0%")
    assert found.numbers["change"] == pytest.approx(-0.25)


def raw(rows):
    names = ["exporter_code", "importer_code", "product", "value_kusd"]
    return pd.DataFrame(rows, columns=names).assign(quantity_t=np.nan)


ECONOMIES = pd.DataFrame(
    [
        (156, "CHN", "CHN", "China", False),
        (842, "USA", "NAM", "North America", True),
        (840, "USA", "NAM", "North America", True),
    ],
    columns=["country_code", "country", "economy", "economy_name", "merged"],
)
CONCORDANCE = pd.DataFrame(
    {
        "set_product": ["850511", "260600"],
        "product": ["850511", "260600"],
        "relation": "1:1",
        "share": [1.0, 0.5],
        "rule": "equal",
        "exact": [True, False],
        "reason": None,
    }
)
RAW = raw([(156, 842, "850511", 10.0), (156, 842, "260600", 4.0), (842, 840, "850511", 7.0), (156, 842, "010121", 9.0)])


def excluded(*values):
    keys = {"exporter": "CHN", "importer": "NAM", "product": [f"{place:06}" for place in range(len(values))]}
    return pd.DataFrame({**keys, "good": "spodumene", "value_kusd": list(map(float, values)), "quantity_t": np.nan})


def conserved(look, flow_value, rows=RAW, left_out=()):
    tables = {"raw_trade": rows, "economies": ECONOMIES, "product_concordance": CONCORDANCE}
    return look("rows_conserved", tables | {"excluded_flows": excluded(*left_out)} | flows(CHN=flow_value))


def test_lost_value_and_unknown_countries_are_found(look):
    found = conserved(look, 12.0)
    assert found.passed
    assert found.numbers["raw_rows_of_the_set"] == 3
    assert found.numbers["within_an_economy_kusd"] == 7.0
    lost = conserved(look, 11.0)
    assert not lost.passed
    assert lost.numbers["lost_kusd"] == pytest.approx(1.0)
    # What is another good is accounted for, and only that.
    assert conserved(look, 8.0, left_out=(3.0, 1.0)).passed
    assert conserved(look, 8.0, left_out=(3.0, 1.0)).numbers["another_good_kusd"] == 4.0
    assert not conserved(look, 12.0, left_out=(3.0, 1.0)).passed
    unknown = conserved(look, 12.0, pd.concat([RAW, raw([(999, 842, "850511", 3.0)])]))
    assert not unknown.passed
    assert unknown.numbers["rows_of_unknown_country"] == 1


def indicators(graph, **changed):
    table = graph.tables["product_indicators"]
    values = dict.fromkeys(table.columns, 0.5) | {
        "direct_risk": 0.4,
        "indirect_risk": 0.1,
        "systemic_trade_risk": 0.5,
        "influence": 1.0,
        "product": "850511",
        "country": "CHN",
        "largest_origin": "MMR",
    }
    return {"product_indicators": pd.DataFrame([values | changed]).drop(columns="year")}


def test_indicators_that_contradict_each_other_are_found(look, tmp_path):
    graph = Graph(Settings(home=tmp_path, years="2019-2020"))
    assert look("identities", indicators(graph)).passed
    broken = look("identities", indicators(graph, systemic_trade_risk=0.3))
    assert not broken.passed
    assert broken.rows["country"].tolist() == ["CHN"]
    assert not look("identities", indicators(graph, multi_tier_risk=0.4)).passed
    # It exports all there is, so that all of it is lost without it.
    assert not look("identities", indicators(graph, influence=0.9)).passed
    assert not look("identities", indicators(graph, exports_kusd=0.0)).passed
    assert look("identities", indicators(graph, exports_kusd=0.0, influence=0.0)).passed


def test_a_typical_value_that_moved_is_found_and_named(look, tmp_path):
    graph = Graph(Settings(home=tmp_path, years="2019-2020"))
    before = indicators(graph)
    assert look("typical_values", indicators(graph, supplier_concentration=0.55), before).passed
    found = look("typical_values", indicators(graph, supplier_concentration=0.7), before)
    assert not found.passed
    assert found.rows["indicator"].tolist() == ["supplier_concentration"]


def test_an_indicator_that_the_year_before_was_made_without_is_left_out(look, tmp_path):
    graph = Graph(Settings(home=tmp_path, years="2019-2020"))
    now = indicators(graph)
    look("typical_values", now, now)
    path = graph.store.path(graph.tables["product_indicators"], 2019)
    written = pq.read_table(path)
    pq.write_table(written.drop_columns(["supplier_concentration"]), path)
    found = look("typical_values", now, {})
    assert found.passed
    assert found.numbers["largest_move"] == 0.0


# What is checked before a table is written is another matter: there no rows are refused.
@pytest.mark.parametrize("name", [name for name, check in CHECK.items() if not check.before])
@pytest.mark.parametrize("now", [True, False], ids=["rows", "no rows"])
@pytest.mark.parametrize("before", [True, False, None], ids=["rows before", "no rows before", "no year before"])
def test_a_year_without_rows_is_told_of_once_and_stops_no_check(look, tmp_path, name, now, before):
    graph = Graph(Settings(home=tmp_path, years="2019-2020"))
    accept(Settings(home=tmp_path), classified(p850511="input"))
    full = {
        **indicators(graph),
        **totals(CHN=100.0),
        **flows(CHN=12.0),
        "raw_trade": RAW,
        "economies": ECONOMIES,
        "product_concordance": CONCORDANCE,
        "excluded_flows": excluded(),
        "classified_products": classified(p850511="input"),
        "link_calibration": pd.DataFrame(
            {"input": ["280530"], "output": ["284610"], "correlation": [0.0], "p_value": [0.5]}
        ),
        # Switched off, it has no rows.
        "robust_claims": graph.tables["robust_claims"].empty(),
        "findings": claims_of(graph.settings)[0]["findings"],
    }
    check = CHECK[name]

    def content(filled, tables):
        # What has no year and is only read for the check is there whatever the year holds.
        whole = {table for table in check.needs if filled or not graph.tables[table].by_year}
        return {table: full[table] if filled or table in whole else full[table].iloc[:0] for table in tables}

    yearly = [table for table in (check.table, *check.needs) if graph.tables[table].by_year]
    found = look(name, content(now, (check.table, *check.needs)), None if before is None else content(before, yearly))
    compares = name in {"world_total", "countries_covered", "largest_exporter"}
    assert found.passed == (now or not ((compares and before) or name == "set_unchanged"))
    assert not re.search(r"\b(nan|inf)\b", found.told)
    assert all(np.isfinite(number) for number in found.numbers.values())
    if compares and not before:
        assert "the year before is " in found.told


def classified(**stages):
    return pd.DataFrame(
        {
            "product": list(stages),
            "description": "",
            "in_set": True,
            "is_ree": True,
            "stage": list(stages.values()),
            "materiality": 0.75,
            "application": None,
            "elements": None,
            "confidence": 1.0,
            "n_votes": 1,
            "ree_votes": 1,
            "support": "full",
            "ree_confidence": 1.0,
            "rationale": None,
        }
    ).assign(product=lambda frame: frame["product"].str[1:])


def test_a_set_that_differs_from_the_accepted_one_is_found_and_shown(look, tmp_path):
    first = classified(p850511="input", p260600="upstream")
    assert "none accepted yet" in look("set_unchanged", {}, {"classified_products": first}).told
    accept(Settings(home=tmp_path), first)
    assert look("set_unchanged", {}, {"classified_products": first}).passed
    found = look("set_unchanged", {}, {"classified_products": classified(p850511="final", p280530="upstream")})
    assert not found.passed
    assert found.rows["product"].tolist() == ["260600", "280530", "850511"]


def claims_of(settings):
    """Return findings and the table of claims under choices that goes with them, all of them reproduced."""
    numbers = {"estimate": 1.0, "ci_low": 0.5, "ci_high": 1.5, "verdict": "reproduced", "reason": "the rule"}
    rows = [{"claim": claim.text, "claim_id": claim.id, "statistic": "s", "data": "d"} | numbers for claim in CLAIMS]
    findings = pd.DataFrame(rows).assign(
        detectable=np.nan, share_sign=np.nan, share_significant=np.nan, share_contrary=np.nan
    )
    products, economies = made.classified_products(), made.country_table()
    under = pd.DataFrame(
        [
            {"claim_id": claim.id, "choice": one.name, "value": one.value, "agrees": True} | numbers
            for one in choices_of(settings, products, economies)
            for claim in CLAIMS
            if claim.kind in one.kinds
        ]
    )
    tables = {"findings": findings, "classified_products": products, "economies": economies}
    return tables, under.astype({"agrees": "boolean"})


def test_a_claim_without_a_choice_and_a_headline_that_is_another_are_found(look, tmp_path):
    asked = {"robust_claims": "weighting,hazard"}
    tables, under = claims_of(Settings(home=tmp_path, years="2019-2020", **asked))
    assert look("claims_complete", tables | {"robust_claims": under}, **asked).passed
    found = look("claims_complete", tables | {"robust_claims": under.iloc[:-1]}, **asked)
    assert (found.passed, found.numbers["missing"]) == (False, 1)
    moved = under.assign(estimate=under["estimate"].mask(under["choice"] == "headline", 1.1))
    found = look("claims_complete", tables | {"robust_claims": moved}, **asked)
    assert (found.passed, found.numbers["headlines_apart"], len(found.rows)) == (False, len(CLAIMS), len(CLAIMS))
    # Another value of a choice may be what it is.
    moved = under.assign(estimate=under["estimate"].mask(under["choice"] == "hazard", 1.1))
    assert look("claims_complete", tables | {"robust_claims": moved}, **asked).passed
    assert look("claims_complete", tables | {"robust_claims": under.iloc[:0]}).passed
    assert not look("claims_complete", tables | {"robust_claims": under}).passed


def test_every_check_has_a_severity_what_to_do_and_a_place_in_the_guide(tmp_path):
    guide = (REPOSITORY / "docs" / "CHECKS.md").read_text()
    nodes = build_defs(Settings(home=tmp_path)).resolve_asset_graph()
    specs = {key.name: nodes.get_check_spec(key) for key in nodes.asset_check_keys if key.name != "schema"}
    assert set(specs) == set(CHECK)
    for name, spec in specs.items():
        assert spec.blocking == CHECK[name].error
        assert spec.metadata["what_to_do"] == CHECK[name].to_do
        # The UI opens Markdown with a click; the path of a file leads nowhere there.
        shown = spec.metadata["guide"]
        assert isinstance(shown, dg.MarkdownMetadataValue)
        assert len(shown.value) > 100
        assert f"\n## {name}\n\n{shown.value}\n" in guide
        assert "docs/" not in spec.description
        assert spec.partitions_def == nodes.get(spec.asset_key).partitions_def


def test_what_a_check_reads_is_made_before_the_table_it_is_of(tmp_path):
    """A run may make the table without its neighbours: then they would be missing, or of another run."""
    graph = Graph(Settings(home=tmp_path))
    for check in CHECKS:
        assert set(check.needs) <= set(graph.ancestors([check.table])), check.name


def test_the_guide_has_a_section_on_schemas_and_none_on_what_is_no_check():
    assert "broken_rules" in section("schema")
    with pytest.raises(ValueError, match="says nothing of the check no_check"):
        section("no_check")
