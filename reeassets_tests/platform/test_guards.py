"""What is refused before it is written: something turned into nothing, and too much that falls away."""

from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest

from reeassets.platform.graph import Graph
from reeassets.platform.guards import GUARDS
from reeassets.platform.recipe import Step
from reeassets.platform.runner import run
from reeassets.settings import Settings
from reeassets.storage import Provenance
from reeassets.trade.contract import Accounting, SourceError

GUARD = {guard.name: guard for guard in GUARDS}
PROVENANCE = Provenance("f", "sample", "V", "HS17", "1", "c")


@pytest.fixture
def look(tmp_path):
    """Look at a table of 2020 that is held and not yet written, beside inputs on disk."""

    def one(name, frame, said=(), inputs=None, **settings):
        graph = Graph(Settings(home=tmp_path, years="2020", **settings))
        guard = GUARD[name]
        for table, rows in (inputs or {}).items():
            of = graph.tables[table]
            graph.store.write(of, of.conform(rows), PROVENANCE, 2020 if of.by_year else None)
        by_year = graph.tables[guard.table].by_year
        tables = {table: graph.tables[table] for table in (guard.table, *guard.needs)}
        connect = lambda: duckdb.connect(":memory:")  # noqa: E731
        step = Step(graph.settings, 2020 if by_year else None, graph.store, tables, connect, metadata=dict(said))
        step.held = {guard.table: frame}
        found = guard.look(step, None)
        assert all(np.isfinite(number) for number in found.numbers.values())
        return found

    return one


def votes(*said):
    """Return what voter `a` said of products: true, false, or why it abstained."""
    rows = [("a", None, one) if isinstance(one, str) else ("a", one, None) for one in said]
    return pd.DataFrame(rows, columns=["voter", "is_ree", "abstention"])


def test_voters_who_abstain_on_more_than_the_bound_are_refused_with_their_reasons(look):
    assert look("votes_cast", votes(*[True] * 9, "no answer")).passed
    found = look("votes_cast", votes(*[True] * 8, "no answer", "not JSON", "not JSON"))
    assert not found.passed
    assert "a abstained on 27.3% of 11" in found.told
    assert "most often: not JSON" in found.told
    assert found.rows["abstentions"].tolist() == [2, 1]
    assert look("votes_cast", votes(*[True] * 8, "no", "no"), check_abstentions=0.2).passed


def test_a_silent_voter_among_others_is_refused_and_so_is_silence_at_any_bound(look):
    both = pd.concat([votes(*[True] * 99), votes("no").assign(voter="b")])
    found = look("votes_cast", both)
    assert not found.passed
    assert "b abstained on 100.0% of 1" in found.told
    assert not look("votes_cast", votes("no", "no"), check_abstentions=1).passed
    assert not look("votes_cast", votes()).passed


def classified(**stages):
    columns = {"product": [name[1:] for name in stages], "stage": list(stages.values()), "n_votes": 1, "in_set": True}
    return pd.DataFrame(columns).astype({"product": "str", "stage": "str", "in_set": "bool"})


def test_a_set_without_products_is_refused_and_one_without_a_stage_says_so(look):
    found = look("set_has_products", classified(p280530="upstream", p850511="input"))
    assert found.passed
    assert found.told == (
        "2 products: 1 upstream, 1 input, 0 final; what contrasts stages cannot be tested without final"
    )
    none = look("set_has_products", classified(p280530="upstream").assign(in_set=False, n_votes=0))
    assert not none.passed
    assert "critical33 has no products; 0 codes have votes" in none.told


def concordance(**codes):
    table = pd.DataFrame({"set_product": [name[1:] for name in codes], "product": list(codes.values())}, dtype="str")
    return table.assign(reason=table["product"].isna().map({True: "merged", False: None}))


def test_products_without_codes_are_within_a_bound(look):
    assert look("set_carried", concordance(p1="1", p2="2", p3="3", p4=None)).passed
    found = look("set_carried", concordance(p1="1", p2="2", p3=None))
    assert not found.passed
    assert found.rows.to_dict("records") == [{"set_product": "3", "reason": "merged"}]
    assert not look("set_carried", concordance(p1=None), check_not_carried=1).passed


ECONOMIES = pd.DataFrame(
    {"country_code": [1, 2, 3], "country": ["AAA", "BBB", "CCC"], "economy": ["AAA", "AAA", "CCC"]}
).assign(economy_name="", merged=True)
SET = pd.DataFrame({"set_product": ["850511", "280530"], "product": ["850511", "280530"]}).assign(
    relation="1:1", share=1.0, rule="equal", exact=True, reason=None
)


def raw(*rows):
    table = pd.DataFrame(rows, columns=["exporter_code", "importer_code", "product", "value_kusd"])
    return table.assign(year=2020, quantity_t=None)


def flows(*values):
    return pd.DataFrame({"product": ["850511"] * len(values), "value_kusd": list(values)}).astype({"product": "str"})


def excluded(value):
    row = {"year": 2020, "exporter": "AAA", "importer": "CCC", "product": "850511", "good": "another"}
    return pd.DataFrame([row | {"value_kusd": value, "quantity_t": None}])


def test_a_year_needs_flows_of_the_set_and_most_of_its_value(look):
    fixed = {"economies": ECONOMIES, "product_concordance": SET, "excluded_flows": excluded(1.0)}
    found = look("flows_of_the_set", flows(), inputs=fixed | {"raw_trade": raw((1, 3, "999999", 5.0))})
    assert not found.passed
    assert found.told == "raw trade of 2020 has none of the 2 products of the set"
    most = raw((1, 3, "850511", 6.0), (1, 2, "850511", 4.0))
    found = look("flows_of_the_set", flows(5.0), inputs=fixed | {"raw_trade": most})
    assert found.passed
    assert found.numbers["share_left_out"] == pytest.approx(0.5)
    assert found.rows["product_without_flows"].tolist() == ["280530"]
    less = raw((1, 3, "850511", 6.0), (1, 2, "850511", 4.5))
    found = look("flows_of_the_set", flows(5.0), inputs=fixed | {"raw_trade": less})
    assert not found.passed
    assert "52.4% of their value is left out, 50% are allowed: 4 thousand US$ within an economy, 1 of" in found.told
    assert look("flows_of_the_set", flows(5.0), inputs=fixed | {"raw_trade": less}, check_left_out=0.6).passed
    # All of it within an economy: nothing is left at any bound.
    inside = fixed | {"raw_trade": raw((1, 2, "850511", 4.0)), "excluded_flows": excluded(1.0).iloc[:0]}
    assert not look("flows_of_the_set", flows(), inputs=inside, check_left_out=1).passed


def test_totals_are_those_of_economies_that_trade_and_are_known(look):
    traders = pd.DataFrame({"country": ["AAA", "CCC"]})
    known = {"share_of_exports_without_total": 0.1, "countries_without_total": ["CCC"]}
    assert look("totals_known", traders, known).passed
    found = look("totals_known", traders, known | {"share_of_exports_without_total": 0.11})
    assert not found.passed
    assert found.rows["without_total"].tolist() == ["CCC"]
    found = look("totals_known", traders.iloc[:0], {"within_economy": 7})
    assert not found.passed
    assert "7 rows within economy" in found.told


def judged(*said):
    rows = [("prune", "a", None, "late") if one is None else ("prune", "a", one, "why") for one in said]
    return pd.DataFrame(rows, columns=["phase", "voter", "vote", "rationale"])


def whole(stages):
    """Return a classification that obeys its table."""
    fields = {"description": "", "is_ree": True, "support": "full", "confidence": 1.0, "ree_votes": 1}
    rest = dict.fromkeys(["materiality", "application", "elements", "rationale"])
    return classified(**stages).assign(**fields, **rest, ree_confidence=1.0)


TWO_STAGES, ONE_STAGE = {"p280530": "upstream", "p850511": "input"}, {"p280530": "upstream"}


def test_links_are_proposed_and_judged_where_the_set_has_stages_to_link(look):
    two, one = ({"classified_products": whole(stages)} for stages in (TWO_STAGES, ONE_STAGE))
    assert look("links_judged", judged(True, False), inputs=two).passed
    assert not look("links_judged", judged(None, None), inputs=two).passed
    assert not look("links_judged", judged(), inputs=two).passed
    assert look("links_judged", judged(), inputs=one).passed
    links = pd.DataFrame({"carried": [False, False], "refused": [None, "a rule"]})
    found = look("links_carried", links, inputs=two)
    assert not found.passed
    assert found.told == "0 of 2 candidates are carried; 1 are refused by a rule, 1 have no majority"
    assert look("links_carried", links, inputs=one).passed
    assert look("links_carried", links.assign(carried=[True, False]), inputs=two).passed


def test_every_guard_reads_only_what_its_table_is_made_from(tmp_path):
    graph = Graph(Settings(home=tmp_path))
    for guard in GUARDS:
        assert set(guard.needs) <= set(graph.recipes[guard.table].inputs), guard.name


def test_a_table_turned_into_nothing_is_refused_and_the_old_one_stays(make_graph, silent, calls):
    graph = make_graph()
    assert not run(graph, silent).failures
    before = {year: graph.store.read(graph.tables["base"], year) for year in graph.settings.years}
    made = graph.recipes["base"]
    graph.recipes["base"] = replace(made, compute=lambda step: made.compute(step).head(int(step.year != 2020)))
    failures = run(graph, silent, force=True).failures
    assert len(failures) == 1
    assert "base 2020: table base: it would have no rows; nothing of it was written" in failures[0]
    for year, frame in before.items():
        pd.testing.assert_frame_equal(graph.store.read(graph.tables["base"], year), frame)


def test_a_table_for_which_no_rows_are_an_answer_is_written(make_graph, silent):
    graph = make_graph()
    graph.tables["total"] = replace(graph.tables["total"], may_be_empty=True)
    nothing, as_base = graph.tables["total"].empty(), lambda step: step.read("base")
    graph.recipes["total"] = replace(graph.recipes["total"], compute=lambda step: nothing)
    graph.recipes["share"] = replace(graph.recipes["share"], compute=as_base)
    assert not run(graph, silent).failures
    assert graph.store.read(graph.tables["total"]).empty


def test_a_year_that_is_set_aside_as_a_whole_is_refused_with_the_reasons():
    accounting = Accounting(read=10, place="UN Comtrade H5 2020")
    accounting.reject("area not specified", 10, [(None, "reporter 1, partner 899")])
    with pytest.raises(SourceError, match=r"0 of 10 rows are left.*area not specified: 10, e.g. reporter 1, partner"):
        accounting.require_kept(0, 1.0)
    with pytest.raises(SourceError, match="There were none to begin with"):
        Accounting(place="a.csv").require_kept(0, 1.0)
    accounting.read = 100
    accounting.require_kept(90, 0.1)
    with pytest.raises(SourceError, match="allows 9%"):
        accounting.require_kept(90, 0.09)
