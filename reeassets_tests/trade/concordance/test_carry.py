"""A product set carried between revisions: by hand, and the properties that hold for every set."""

import time
from functools import cache
from itertools import pairwise, permutations
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reeassets.trade.concordance import (
    Rule,
    carry_set,
    concordance,
    pairs,
    touched_value,
    unreached,
)
from reeassets.trade.nomenclature import REVISIONS, nomenclature

RULES = get_args(Rule)
CODES = {revision: sorted(nomenclature(revision)["product"]) for revision in REVISIONS}
WITH_HS07 = [pair for pair in permutations(REVISIONS, 2) if "HS07" in pair]


@cache
def whole_nomenclature(start, end, rule):
    return carry_set(CODES[start], start, end, rule)


def shares_of(mapping):
    return {(row.set_product, row.product): row.share for row in mapping.dropna(subset="product").itertuples()}


def relations_of(from_revision, to_revision, code):
    pairs = concordance(from_revision, to_revision)
    return pairs[pairs["from_code"] == code].set_index("to_code")["relation"].to_dict()


# --- known codes


@pytest.mark.parametrize("other", [revision for revision in REVISIONS if revision != "HS07"])
def test_rare_earth_metals_never_changed(other):
    for start, end in [("HS07", other), (other, "HS07")]:
        assert relations_of(start, end, "280530") == {"280530": "1:1"}


@pytest.mark.parametrize("other", ["HS92", "HS96", "HS02", "HS12", "HS17"])
def test_magnets_never_changed_before_2022(other):
    for start, end in [("HS07", other), (other, "HS07")]:
        assert relations_of(start, end, "850511") == {"850511": "1:1"}


def test_magnets_in_hs22_keep_their_code_and_share_the_electronic_waste():
    waste = {f"8549{tail}": "n:n" for tail in ("21", "29", "31", "39", "91", "99")}
    assert relations_of("HS07", "HS22", "850511") == {"850511": "1:n"} | waste
    carried = shares_of(carry_set(["850511"], "HS07", "HS22"))
    assert carried.pop(("850511", "850511")) == 1.0
    assert set(carried) == {("850511", code) for code in waste}
    assert max(carried.values()) < 0.001
    for rule, least_share in [("drop", 0.0), ("equal", 0.01), ("same_number", 0.01)]:
        mapping = carry_set(["850511"], "HS07", "HS22", rule, least_share)
        assert shares_of(mapping) == {("850511", "850511"): 1.0}
        assert mapping["exact"].tolist() == [True]


def test_magnets_written_in_hs22():
    # In HS17 the code also holds what HS22 has as six codes of waste.
    assert shares_of(carry_set(["850511"], "HS22", "HS17")) == {("850511", "850511"): pytest.approx(1 / 7)}
    mapping = carry_set(["850511"], "HS22", "HS07", "same_number")
    assert shares_of(mapping) == {("850511", "850511"): 1.0}
    assert mapping["exact"].tolist() == [False]


def test_borates_merge_in_hs12():
    assert relations_of("HS07", "HS12", "252810") == {"252800": "n:1"}
    assert shares_of(carry_set(["252810"], "HS07", "HS12")) == {("252810", "252800"): 0.5}
    assert shares_of(carry_set(["252810"], "HS07", "HS12", "whole")) == {("252810", "252800"): 1.0}
    # No number 252800 in HS07: nothing to prefer.
    assert shares_of(carry_set(["252810"], "HS07", "HS12", "same_number")) == {("252810", "252800"): 0.5}
    both = {("252810", "252800"): 0.5, ("252890", "252800"): 0.5}
    for rule in RULES:
        assert shares_of(carry_set(["252890", "252810"], "HS07", "HS12", rule)) == both
    dropped = carry_set(["252810"], "HS07", "HS12", "drop")
    assert dropped["reason"].tolist() == ["all its codes of HS12 also hold products outside the set"]
    assert relations_of("HS12", "HS07", "252800") == {"252810": "1:n", "252890": "1:n"}
    assert shares_of(carry_set(["252800"], "HS22", "HS92")) == {("252800", "252810"): 1.0, ("252800", "252890"): 1.0}


def test_gallium_and_germanium():
    # HS07 811292 holds germanium (811230), vanadium (811240) and gallium with others (811292) of HS02.
    third = pytest.approx(1 / 3)
    assert relations_of("HS02", "HS07", "811292") == {"811292": "n:1"}
    assert relations_of("HS02", "HS07", "811230") == {"811292": "n:n", "811299": "n:n"}
    assert shares_of(carry_set(["811292"], "HS02", "HS07")) == {("811292", "811292"): third}
    germanium = {("811230", "811292"): third, ("811230", "811299"): third}
    assert shares_of(carry_set(["811292", "811230"], "HS02", "HS07")) == {("811292", "811292"): third} | germanium
    assert shares_of(carry_set(["811292", "811230"], "HS02", "HS07", "whole")) == {
        ("811292", "811292"): 0.5,
        ("811230", "811292"): 0.5,
        ("811230", "811299"): 1.0,
    }
    refused = carry_set(["811230"], "HS02", "HS07", "same_number")
    assert refused["reason"].tolist() == ["all its codes of HS07 go to products that keep their number"]
    # HS22 took hafnium (811231) and rhenium (811241) out.
    assert shares_of(carry_set(["811292"], "HS07", "HS22")) == dict.fromkeys(
        [("811292", "811231"), ("811292", "811241"), ("811292", "811292")], 1.0
    )
    assert shares_of(carry_set(["811292"], "HS22", "HS07")) == {("811292", "811292"): third}
    # A chain knows codes, not substances: vanadium is a third of all that comes from HS07 811292, rhenium included.
    assert shares_of(carry_set(["811240"], "HS02", "HS22"))["811240", "811241"] == third


def test_photosensitive_semiconductors_split_in_hs22():
    mapping = carry_set(["854140"], "HS17", "HS22", "drop")
    assert shares_of(mapping) == {("854140", f"85414{last}"): 1.0 for last in "1239"}
    assert mapping["relation"].tolist() == ["1:n"] * 4
    assert mapping["exact"].all()


def test_the_split_is_equal_at_every_step():
    # HS12 110290 is HS07 110210 and 110290, and the latter HS02 110230 and 110290: not a third each.
    flour = ["110210", "110230", "110290"]
    assert shares_of(carry_set(flour, "HS02", "HS12")) == {
        ("110210", "110290"): 0.5,
        ("110230", "110290"): 0.25,
        ("110290", "110290"): 0.25,
    }
    assert shares_of(carry_set(flour[:2], "HS02", "HS12", "whole")) == {
        ("110210", "110290"): pytest.approx(2 / 3),
        ("110230", "110290"): pytest.approx(1 / 3),
    }
    assert shares_of(carry_set(flour, "HS02", "HS12", "same_number")) == {("110290", "110290"): 1.0}


# --- what cannot be carried


def test_what_cannot_be_carried_is_listed_with_the_reason():
    mapping = carry_set(["291636", "280530", "12", "999999", "280530"], "HS07", "HS22")
    lost = mapping[mapping["product"].isna()].set_index("set_product")
    assert lost["reason"].to_dict() == {
        "12": "not in the code list of HS07",
        "291636": "the concordance has no code of HS12 for 291636 of HS07",
        "999999": "the concordance has no code of HS12 for 999999 of HS07",
    }
    assert lost[["relation", "share"]].isna().all(axis=None)
    assert not lost["exact"].any()
    assert shares_of(mapping) == {("280530", "280530"): 1.0}
    assert mapping["reason"].isna().sum() == 1
    small = carry_set(["854921"], "HS17", "HS22", least_share=0.5)
    assert small["reason"].tolist() == ["not in the code list of HS17"]
    small = carry_set(["252810"], "HS07", "HS12", least_share=0.6)
    assert small["reason"].tolist() == ["its share of every code of HS12 is below 0.6"]


def test_reason_names_the_step_where_the_chain_ends():
    ends = unreached("HS22", "HS92").set_index("product")["reason"]
    assert ends.to_dict() == {"999999": "the concordance has no code of HS07 for 999999 of HS12"}
    assert unreached("HS17", "HS22")["product"].tolist() == ["300219"]
    petroleum = [code for code in CODES["HS92"] if code.startswith("2710") and code != "271000"]
    assert unreached("HS92", "HS07")["product"].tolist() == [*petroleum, "999999"]


@pytest.mark.parametrize(("start", "end"), WITH_HS07)
def test_every_code_is_carried_or_listed(start, end):
    pairs = concordance(start, end)
    listed = unreached(start, end)["product"]
    assert sorted([*pairs["from_code"].unique(), *listed]) == CODES[start]
    assert set(pairs["to_code"]) == set(CODES[end]) - set(unreached(end, start)["product"])
    for rule in RULES:
        mapping = whole_nomenclature(start, end, rule)
        assert sorted(mapping["set_product"].unique()) == CODES[start]
        assert (mapping["product"].isna() == mapping["reason"].notna()).all()
        assert not mapping.duplicated(["set_product", "product"]).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["280530"], "HS07", "HS99"), "HS99"),
        ((["280530"], "HS88", "HS07"), "HS88"),
        ((["280530"], "HS07", "HS12", "half"), "half"),
        ((["280530"], "HS07", "HS12", "equal", 1.0), "least_share"),
    ],
)
def test_refused_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        carry_set(*arguments)


def test_a_code_the_list_lacks_is_an_error(monkeypatch):
    rows = pairs.published().copy()
    rows.loc[rows.index[0], "older_code"] = "000001"
    monkeypatch.setattr(pairs, "published", lambda: rows)
    with pytest.raises(ValueError, match="list of HS92 lacks: 000001"):
        pairs._step.__wrapped__("HS92", "HS96")


# --- relations and shares against plain loops


def plain_pairs(start, end):
    """Follow the published rows code by code."""
    rows = pairs.published()
    low, high = sorted((REVISIONS.index(start), REVISIONS.index(end)))
    chain = REVISIONS[low : high + 1] if REVISIONS.index(start) == low else REVISIONS[low : high + 1][::-1]
    reached = {code: {code} for code in CODES[start]}
    for near, far in pairwise(chain):
        forward = REVISIONS.index(near) < REVISIONS.index(far)
        older, newer = (near, far) if forward else (far, near)
        step = rows[(rows["older"] == older) & (rows["newer"] == newer)]
        links = {}
        for old, new in zip(step["older_code"], step["newer_code"], strict=True):
            links.setdefault(old if forward else new, set()).add(new if forward else old)
        reached = {code: {next_ for at in found for next_ in links.get(at, ())} for code, found in reached.items()}
    return {(code, to) for code, found in reached.items() for to in found}


@pytest.mark.parametrize(("start", "end"), [("HS92", "HS22"), ("HS22", "HS92"), ("HS07", "HS12"), ("HS07", "HS07")])
def test_pairs_against_following_every_row(start, end):
    table = concordance(start, end)
    expected = plain_pairs(start, end)
    assert set(zip(table["from_code"], table["to_code"], strict=True)) == expected
    assert len(table) == len(expected)
    codes_of = table.groupby("from_code").size()[table["from_code"]].to_numpy()
    products_of = table.groupby("to_code").size()[table["to_code"]].to_numpy()
    names = {(False, False): "1:1", (True, False): "1:n", (False, True): "n:1", (True, True): "n:n"}
    assert table["relation"].tolist() == [
        names[bool(codes > 1), bool(products > 1)] for codes, products in zip(codes_of, products_of, strict=True)
    ]
    back = concordance(end, start)
    swapped = {"1:n": "n:1", "n:1": "1:n"}
    table["relation"] = table["relation"].replace(swapped)
    both = table.merge(back, left_on=["from_code", "to_code"], right_on=["to_code", "from_code"])
    assert len(both) == len(table)
    assert (both["relation_x"] == both["relation_y"]).all()


@pytest.mark.parametrize("rule", ["equal", "same_number"])
def test_shares_compose_over_the_steps(rule):
    # Nothing of HS12 is lost on the way to HS22, so carrying twice is carrying once.
    one = whole_nomenclature("HS12", "HS22", rule)
    first = whole_nomenclature("HS12", "HS17", rule)[["set_product", "product", "share"]].dropna()
    second = whole_nomenclature("HS17", "HS22", rule)[["set_product", "product", "share"]].dropna()
    two = first.merge(second, left_on="product", right_on="set_product")
    two["share"] = two["share_x"] * two["share_y"]
    two = two.groupby(["set_product_x", "product_y"])["share"].sum()
    assert shares_of(one) == pytest.approx(two.to_dict(), abs=1e-12)


def test_a_share_does_not_leak_into_codes_that_lead_nowhere():
    # HS02 291639 became HS07 {291636, 291639}; 291636 has no code of HS12, so all of it is what 291639 leads to.
    assert relations_of("HS02", "HS07", "291639") == {"291636": "1:n", "291639": "1:n"}
    assert shares_of(carry_set(["291639"], "HS12", "HS02")) == {
        ("291639", "291635"): 1.0,
        ("291639", "291639"): 1.0,
    }


# --- conservation


@pytest.mark.parametrize("same_number", [False, True])
@pytest.mark.parametrize(("start", "end"), [("HS12", "HS02"), ("HS22", "HS92"), ("HS92", "HS22")])
def test_each_code_is_given_away_whole_before_any_rounding_is_mended(start, end, same_number):
    given_away = pairs._shares(start, end, same_number=same_number).sum(axis=1)
    assert given_away[given_away > 0] == pytest.approx(1.0, abs=1e-12)
    assert (given_away > 0).sum() == len(CODES[end]) - len(unreached(end, start))


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(REVISIONS), st.sampled_from(REVISIONS), st.sampled_from(RULES), st.integers(0, 2**32 - 1))
def test_value_is_conserved(start, end, rule, seed):
    random = np.random.default_rng(seed)
    chosen = random.choice(CODES[start], size=int(random.integers(1, len(CODES[start]))), replace=False).tolist()
    mapping = carry_set(chosen, start, end, rule)
    carried = mapping.dropna(subset="product")
    assert carried["share"].between(0, 1, inclusive="right").all()
    assert carried.groupby("product")["share"].sum().le(1 + 1e-12).all()
    assert (carried.loc[carried["exact"], "share"] == 1.0).all()
    values = pd.DataFrame({"year": 2020, "product": CODES[end], "value_kusd": random.lognormal(5, 3, len(CODES[end]))})
    touched = values.loc[values["product"].isin(carried["product"]), "value_kusd"].sum()
    parts = carried.merge(values, on="product")
    in_set = (parts["share"] * parts["value_kusd"]).sum()
    assert in_set <= touched * (1 + 1e-12)
    if rule == "whole":
        assert in_set == pytest.approx(touched)
    report = touched_value(mapping, values)
    of_set = report[["exact_kusd", "summed_kusd", "split_kusd"]].sum(axis=1)
    assert of_set.sum() == pytest.approx(in_set)
    assert (report["merged_kusd"] >= report["split_kusd"] * (1 - 1e-12)).all()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("start", "end"), WITH_HS07)
def test_the_whole_nomenclature_takes_all_of_every_code(start, end, rule):
    mapping = whole_nomenclature(start, end, rule)
    total = mapping.dropna(subset="product").groupby("product")["share"].sum()
    assert total.to_numpy() == pytest.approx(np.ones(len(total)), abs=1e-12)
    assert sorted(total.index) == sorted(set(concordance(start, end)["to_code"]))
    assert (mapping.loc[mapping["exact"], "share"] == 1.0).all()


@settings(max_examples=10, deadline=None)
@given(st.permutations(["811292", "811230", "252810", "850511", "291636"]))
def test_order_of_the_set_does_not_matter(products):
    pd.testing.assert_frame_equal(
        carry_set(products, "HS02", "HS12"), carry_set(sorted(products), "HS02", "HS12"), check_exact=True
    )


def test_the_same_revision_changes_nothing():
    mapping = carry_set(["280530", "850511"], "HS07", "HS07", "drop")
    assert shares_of(mapping) == {("280530", "280530"): 1.0, ("850511", "850511"): 1.0}
    assert mapping["relation"].eq("1:1").all()
    assert mapping["exact"].all()


# --- touched value


def test_touched_value_by_hand():
    mapping = pd.DataFrame(
        [
            ("A", "a", "1:1", 1.0),
            ("B", "b1", "1:n", 1.0),
            ("B", "b2", "n:n", 0.25),
            ("C", "c", "n:1", 0.5),
            ("D", None, None, np.nan),
        ],
        columns=["set_product", "product", "relation", "share"],
    )
    totals = pd.DataFrame(
        {
            "year": [2020, 2020, 2020, 2020, 2020, 2021, 2022],
            "product": ["a", "b1", "b2", "c", "other", "b2", "other"],
            "value_kusd": [40.0, 30.0, 40.0, 40.0, 7.0, 8.0, 7.0],
        }
    )
    table = touched_value(mapping, totals).set_index(["year", "set_product"])
    kusd = ["exact_kusd", "summed_kusd", "split_kusd", "merged_kusd"]
    assert table.loc[2020, kusd].to_numpy().tolist() == [[40, 0, 0, 0], [0, 30, 10, 40], [0, 0, 20, 40], [0, 0, 0, 0]]
    shares = ["exact_share", "summed_share", "split_share"]
    assert table.loc[2020, shares].to_numpy().tolist() == [[0.4, 0, 0], [0, 0.3, 0.1], [0, 0, 0.2], [0, 0, 0]]
    assert table.loc[(2021, "B"), kusd + shares].tolist() == [0, 0, 2, 8, 0, 0, 1]
    assert table.loc[2022, shares].isna().all(axis=None)
    assert (table.loc[2022, kusd] == 0).all(axis=None)
    assert table.index.tolist() == [(year, code) for year in (2020, 2021, 2022) for code in "ABCD"]


def test_the_longest_chain_is_fast():
    pairs._shares.cache_clear()
    pairs._step.cache_clear()
    started = time.process_time()
    carry_set(CODES["HS92"], "HS92", "HS22")
    assert time.process_time() - started < 1.0
