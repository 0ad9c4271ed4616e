"""Two reports of a flow become one, and every report that does not become one is accounted for."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reeassets.trade.comtrade import mirror
from reeassets.trade.comtrade.request import REPORT_SCHEMA
from reeassets.trade.contract import SourceError
from reeassets_tests.trade.comtrade.service import report

COUNTRIES = (156, 251, 276, 490, 579, 697, 699, 757, 842)
PRODUCTS = ("280530", "850511")


def reconcile(records, cif_margin=0.08):
    frame = pd.DataFrame(records)[REPORT_SCHEMA.names]
    accounting = mirror.ComtradeAccounting(place="here")
    table = mirror.reconcile(
        frame,
        year=2020,
        classification="H5",
        products=PRODUCTS,
        countries=COUNTRIES,
        cif_margin=cif_margin,
        accounting=accounting,
    )
    assert accounting.kept == table.num_rows
    return table.to_pandas(), accounting


GOOD = report(842, "M", 156, "850511", 1080.0, 40.0)

REJECTED = [
    (mirror.OTHER_REQUEST, {"refYear": 2019}),
    (mirror.OTHER_REQUEST, {"classificationCode": "H6"}),
    (mirror.NOT_HS6, {"cmdCode": "TOTAL"}),
    (mirror.NOT_HS6, {"cmdCode": "8505"}),
    (mirror.NOT_HS6, {"cmdCode": "85051110"}),
    (mirror.NOT_HS6, {"cmdCode": None}),
    (mirror.OTHER_PRODUCT, {"cmdCode": "850519"}),
    (mirror.RE_TRADE, {"flowCode": "RX"}),
    (mirror.RE_TRADE, {"flowCode": "RM"}),
    (mirror.OTHER_FLOW, {"flowCode": "MIP"}),
    (mirror.OTHER_FLOW, {"flowCode": None}),
    (mirror.WORLD, {"partnerCode": 0}),
    (mirror.WORLD, {"reporterCode": 0}),
    (mirror.AREA, {"partnerCode": 899}),
    (mirror.AREA, {"partnerCode": 837}),
    # R4 in Comtrade's letters: LAIA, not elsewhere specified.
    (mirror.AREA, {"reporterCode": 473}),
    *((mirror.TERRITORY, {"partnerCode": code}) for code in (10, 74, 239, 336, 581, 234)),
    (mirror.GROUP, {"reporterCode": 97}),
    (mirror.GROUP, {"partnerCode": 97}),
    (mirror.GROUP, {"reporterCode": 975}),
    (mirror.BREAKDOWN, {"motCode": 2100}),
    (mirror.BREAKDOWN, {"customsCode": "C01"}),
    (mirror.BREAKDOWN, {"partner2Code": 276}),
    (mirror.BREAKDOWN, {"motCode": None}),
    (mirror.SELF, {"partnerCode": 842}),
    # 840, 757's old 756, and a code that nobody has: not guessed.
    (mirror.UNKNOWN_COUNTRY, {"partnerCode": 840}),
    (mirror.UNKNOWN_COUNTRY, {"reporterCode": 756}),
    (mirror.UNKNOWN_COUNTRY, {"partnerCode": 9999}),
    (mirror.UNKNOWN_COUNTRY, {"partnerCode": None}),
    (mirror.NO_VALUE, {"primaryValue": 0.0}),
    (mirror.NO_VALUE, {"primaryValue": -1.0}),
    (mirror.NO_VALUE, {"primaryValue": None}),
    (mirror.OUT_OF_RANGE, {"primaryValue": 1e-6}),
    (mirror.OUT_OF_RANGE, {"primaryValue": 1e15}),
    (mirror.OUT_OF_RANGE, {"netWgt": 1e15}),
]


@pytest.mark.parametrize(("reason", "different"), REJECTED)
def test_a_report_that_is_no_flow_is_rejected_with_its_reason(reason, different):
    flows, accounting = reconcile([report(276, "M", 156, "850511", 5.0), GOOD | different])
    assert {why: found.count for why, found in accounting.rejections.items()} == {reason: 1}
    assert (accounting.read, accounting.kept) == (2, 1)
    assert flows["importer_code"].tolist() == [276]
    ((line, text),) = accounting.rejections[reason].examples
    assert line is None
    assert text.startswith("reporter ")


@pytest.mark.parametrize("reason", sorted({reason for reason, _ in REJECTED}))
def test_only_what_should_not_be_there_counts_against_a_year(reason):
    different = next(different for why, different in REJECTED if why == reason)
    _, accounting = reconcile([GOOD, GOOD | different])
    if reason in mirror.BY_DESIGN:
        accounting.require_share(0.0)
    else:
        with pytest.raises(SourceError, match=f"here: 1 of 2 rows were rejected, 50.00%.*{reason}: 1, e.g."):
            accounting.require_share(0.49)
        accounting.require_share(0.5)


def test_a_converted_report_says_so_in_either_column():
    flows, _ = reconcile([GOOD | {"classificationCode": "H6", "classificationSearchCode": "H5"}])
    assert len(flows) == 1


@pytest.mark.parametrize("code", [490, 251, 699, 757, 579, 697])
def test_comtrades_codes_are_bacis_codes(code):
    flows, _ = reconcile([report(842, "M", code, "850511", 1.0)])
    assert flows["exporter_code"].tolist() == [code]


def test_the_importers_report_stands_and_is_never_mixed_with_the_exporters():
    flows, accounting = reconcile(
        [
            report(156, "X", 842, "850511", 900.0, 41_000.0),
            report(842, "M", 156, "850511", 1080.0, None),
            # The same two countries the other way round are another flow.
            report(842, "X", 156, "850511", 300.0, 2000.0),
        ]
    )
    assert flows.iloc[:, 1:4].to_numpy().tolist() == [[156, 842, "850511"], [842, 156, "850511"]]
    assert flows["value_kusd"].tolist() == [pytest.approx(1.0), 0.3]
    # 1,080 / 1.08 = 1,000 US$, without a weight although the exporter has one.
    assert flows["quantity_t"].isna().tolist() == [True, False]
    assert flows["quantity_t"].iloc[1] == 2.0
    assert accounting.rejections[mirror.MIRRORED].count == 1


def test_an_importers_report_without_value_leaves_the_exporters():
    flows, accounting = reconcile(
        [report(842, "M", 156, "850511", 0.0, 5.0), report(156, "X", 842, "850511", 900.0, 41_000.0)]
    )
    assert flows[["value_kusd", "quantity_t"]].to_numpy().tolist() == [[0.9, 41.0]]
    assert list(accounting.rejections) == [mirror.NO_VALUE]


def test_the_same_report_twice_is_one():
    flows, accounting = reconcile(
        [GOOD, GOOD, report(156, "X", 276, "850511", 1.0), report(156, "X", 276, "850511", 1.0)]
    )
    assert len(flows) == 2
    assert accounting.rejections[mirror.REPEATED].count == 2


def test_two_values_for_one_report_are_refused():
    with pytest.raises(SourceError, match=r"2020: 2 reports contradict.*1080\.0 US\$.*1081\.0 US\$"):
        reconcile([GOOD, GOOD | {"primaryValue": 1081.0}])


VALUATIONS = {
    # Canada and Mexico report imports free on board.
    "imports FOB": ("M", 1_000_000.0, 1_000_000.0, None, 1000.0),
    "imports FOB, CIF as 0": ("M", 1_000_000.0, 1_000_000.0, 0.0, 1000.0),
    "imports both ways": ("M", 1_050_000.0, 1_000_000.0, 1_050_000.0, 1000.0),
    "imports both ways, the value FOB": ("M", 1_000_000.0, 1_000_000.0, 1_050_000.0, 1000.0),
    "imports CIF": ("M", 1_080_000.0, None, 1_080_000.0, 1000.0),
    "imports CIF, FOB as 0": ("M", 1_080_000.0, 0.0, 1_080_000.0, 1000.0),
    "imports that do not say": ("M", 1_080_000.0, None, None, 1000.0),
    "imports FOB but for rounding": ("M", 1_000_000.0, 1_000_000.4, None, 1000.0004),
    # More than the value with freight, and less than freight can be: no FOB that can be believed.
    "imports with an FOB above CIF": ("M", 1_080_000.0, 1_200_000.0, 1_080_000.0, 1000.0),
    "imports with an FOB of one": ("M", 1_080_000.0, 1.0, 1_080_000.0, 1000.0),
    "exports FOB": ("X", 1_000_000.0, 1_000_000.0, None, 1000.0),
    "exports that do not say": ("X", 1_000_000.0, None, None, 1000.0),
    "exports CIF": ("X", 1_080_000.0, None, 1_080_000.0, 1000.0),
    "exports both ways": ("X", 1_080_000.0, 1_000_000.0, 1_080_000.0, 1000.0),
}


@pytest.mark.parametrize(("flow", "value", "fob", "cif", "expected"), VALUATIONS.values(), ids=VALUATIONS.keys())
def test_the_margin_is_taken_off_what_has_freight_in_it_alone(flow, value, fob, cif, expected):
    flows, _ = reconcile([report(842, flow, 156, "850511", value, 40.0, fobvalue=fob, cifvalue=cif)])
    assert flows["value_kusd"].tolist() == [pytest.approx(expected, rel=1e-12)]


TWICE = {
    "another weight": ({"netWgt": 41.0}, None),
    "no weight": ({"netWgt": None}, 0.04),
    "a weight of 0": ({"netWgt": 0.0}, 0.04),
    "a weight but for rounding": ({"netWgt": 40.3}, 0.0403),
    "a value 0.004 apart": ({"primaryValue": 1080.004}, 0.04),
    "a value that is rounded": ({"primaryValue": 1080.4}, 0.04),
    "other words on its valuation": ({"cifvalue": None}, 0.04),
}


@pytest.mark.parametrize(("different", "weight"), TWICE.values(), ids=TWICE.keys())
def test_a_report_twice_that_differs_by_rounding_or_weight_is_one(different, weight):
    for records in ([GOOD, GOOD | different], [GOOD | different, GOOD]):
        flows, accounting = reconcile(records)
        assert flows["value_kusd"].tolist() == [pytest.approx(1.0, abs=4e-4)]
        assert flows["quantity_t"].fillna(-1).tolist() == [pytest.approx(-1 if weight is None else weight)]
        assert {why: found.count for why, found in accounting.rejections.items()} == {mirror.ALIKE: 1}
        accounting.require_share(0.0)


def many_reports():
    return [report(842, "M", code, product, 1080.0) for code in range(1000, 2000) for product in PRODUCTS]


def test_a_contradiction_among_many_reports_is_set_aside_and_leaves_the_exporters(monkeypatch):
    monkeypatch.setattr("reeassets_tests.trade.comtrade.test_mirror.COUNTRIES", (*COUNTRIES, *range(1000, 2000)))
    doubtful = [GOOD, GOOD | {"primaryValue": 9999.0}, report(156, "X", 842, "850511", 900.0, 41.0)]
    flows, accounting = reconcile([*many_reports(), *doubtful])
    assert accounting.rejections[mirror.CONTRADICTED].count == 2
    assert flows[flows["exporter_code"] == 156]["value_kusd"].tolist() == [0.9]
    with pytest.raises(SourceError, match="contradict"):
        accounting.require_share(0.0)
    accounting.require_share(0.001)
    more = [GOOD | {"partnerCode": 276}, GOOD | {"partnerCode": 276, "primaryValue": 9999.0}]
    with pytest.raises(SourceError, match=r"4 reports contradict.*remove the folder cache/comtrade"):
        reconcile([*many_reports(), *doubtful, *more])


def test_more_than_a_few_reports_twice_are_refused():
    few = [report(one, "M", other, "850511", 1080.0, 4.0) for one in COUNTRIES for other in COUNTRIES if one != other]
    _, accounting = reconcile(few + [row | {"netWgt": 5.0} for row in few[:10]])
    assert accounting.rejections[mirror.ALIKE].count == 10
    with pytest.raises(SourceError, match="11 of 83 reports are there twice"):
        reconcile(few + [row | {"netWgt": 5.0} for row in few[:11]])


def test_nothing_kept_is_an_empty_year():
    flows, accounting = reconcile([GOOD | {"partnerCode": 0}])
    assert flows.empty
    assert accounting.read == accounting.rejected == 1


REPORTS = st.lists(
    st.builds(
        lambda reporter, flow, partner, product: (reporter, flow, partner, product),
        st.sampled_from([0, 156, 276, 842, 899, 9999]),
        st.sampled_from(["M", "X", "RX"]),
        st.sampled_from([0, 156, 276, 490, 842, 899, 9999]),
        st.sampled_from([*PRODUCTS, "TOTAL", "850519"]),
    ),
    min_size=1,
    max_size=20,
    unique=True,
)


@settings(max_examples=25, deadline=None)
@given(REPORTS, st.randoms(use_true_random=False), st.floats(0.0, 0.5))
def test_every_report_is_kept_or_rejected_whatever_the_order(keys, random, margin):
    records = [report(*key, 1000.0 * place, 1.0) for place, key in enumerate(keys, start=1)]
    flows, accounting = reconcile(records, margin)
    assert accounting.read == len(records) == accounting.kept + accounting.rejected
    expected = {}
    for reporter, flow, partner, product in keys:
        pair = (partner, reporter) if flow == "M" else (reporter, partner)
        if {*pair} <= set(COUNTRIES) and pair[0] != pair[1] and product in PRODUCTS and flow in "MX":
            value = float(1 + keys.index((reporter, flow, partner, product)))
            if flow == "M":
                expected[(product, *pair)] = value / (1 + margin)
            elif (pair[1], "M", pair[0], product) not in keys:
                expected[(product, *pair)] = value
    found = {
        (row["product"], row["exporter_code"], row["importer_code"]): row["value_kusd"]
        for row in flows.to_dict("records")
    }
    assert found == pytest.approx(expected)
    assert list(found) == sorted(expected)
    random.shuffle(records)
    again, _ = reconcile(records, margin)
    pd.testing.assert_frame_equal(again, flows)
