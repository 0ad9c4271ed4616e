"""What the figures of products, suppliers, importers and tiers plot, number by number."""

import numpy as np
import pandas as pd
import pytest

from reeassets.report import figures, showcase
from reeassets.report.style import BLUE, MUTED, PAPER, STAGE_COLOURS
from reeassets_tests.report import made

COLOURS = {"CHN": "#111111", "DEU": "#222222", "USA": "#333333"}


def members():
    table = made.tables()["classified_products"]
    return table[table["in_set"]]


def test_product_set_counts_by_application_and_stage():
    rows = [("1", "input", "magnets"), ("2", "upstream", "magnets"), ("3", "upstream", "magnets")]
    rows += [("4", "upstream", "batteries"), ("5", "final", "wind"), ("6", "final", "other")]
    figure = figures.product_set(pd.DataFrame(rows, columns=["product", "stage", "application"]))
    bars = {bar.name: (list(bar.y), list(bar.x), bar.marker.color) for bar in figure.data}
    # From below: the largest last, equal ones by name from the top.
    applications = ["wind", "other", "batteries", "magnets"]
    assert bars == {
        "upstream products": (applications, [0, 0, 1, 2], STAGE_COLOURS["upstream"]),
        "input products": (applications, [0, 0, 0, 1], STAGE_COLOURS["input"]),
        "final products": (applications, [1, 1, 0, 0], STAGE_COLOURS["final"]),
    }
    assert figure.layout.barmode == "stack"
    assert figure.layout.xaxis.title.text == "Number of products"


def test_supplier_influence_plots_the_largest_of_the_others_and_last_values():
    influence, others = showcase.supplier_influence(made.product_indicators(), "850511", count=2)
    figure = figures.supplier_influence(influence, others, made.COUNTRIES, COLOURS)
    lines = {line.name: (list(line.x), list(line.y), line.line.color) for line in figure.data}
    assert lines.keys() == {"China", "Germany", "Largest of all others"}
    assert lines["China"] == ([2020, 2021], [0.6, 0.7], "#111111")
    assert lines["Germany"] == ([2020, 2021], [0.3, 0.3], "#222222")
    assert lines["Largest of all others"][1] == pytest.approx([0.1, 0.0])
    assert lines["Largest of all others"][2] == MUTED
    written = [note.text.rsplit("</span> ", 1)[1] for note in figure.layout.annotations]
    assert written == ["China 70%", "Germany 30%", "Largest of all others 0%"]
    assert figure.layout.yaxis.title.text == "Share of world imports lost (%)"
    # All but China are others then: Germany is the largest of them.
    first, others = showcase.supplier_influence(made.product_indicators(), "850511", count=1)
    figure = figures.supplier_influence(first, others, made.COUNTRIES, COLOURS)
    assert list(figure.data[1].y) == [0.3, 0.3]


def test_supplier_shares_plots_what_is_left_for_all_others():
    shares = pd.DataFrame({"CHN": [0.6, 0.7], "DEU": [0.3, 0.2]}, index=pd.Index([2020, 2021], name="year"))
    figure = figures.supplier_shares(shares, 1 - shares.sum(axis=1), made.COUNTRIES, COLOURS)
    lines = {line.name: list(line.y) for line in figure.data}
    assert lines.keys() == {"China", "Germany", "All other countries"}
    assert lines["All other countries"] == pytest.approx([0.1, 0.1])
    assert figure.layout.yaxis.title.text == "Share of world exports (%)"
    assert figures.supplier_shares(shares.iloc[:0], shares["CHN"].iloc[:0], {}, {}) is None


def test_importer_risk_plots_risks_and_the_weighted_world_mean():
    risks, world = showcase.importer_risks(made.product_indicators(), "850511", count=2)
    figure = figures.importer_risk(risks, world, {}, COLOURS)
    lines = {line.name: list(line.y) for line in figure.data}
    assert lines["DEU"] == [0.2, 0.4]
    assert lines["USA"] == [0.5, 0.8]
    # (10 * 0.1 + 300 * 0.2 + 100 * 0.5) / 410 and (1 + 120 + 80) / 410
    assert lines["World mean"] == pytest.approx([111 / 410, 201 / 410])


def test_a_line_ends_where_its_last_value_is():
    years = pd.Index([2020, 2021, 2022], name="year")
    influence = pd.DataFrame({"CHN": [0.5, 0.4, np.nan], "DEU": [0.1, 0.1, 0.1]}, index=years)
    figure = figures.supplier_influence(influence, pd.Series([0.4, 0.5, 0.9], index=years), made.COUNTRIES, COLOURS)
    ends = {note.text.rsplit("</span> ", 1)[1]: note.y for note in figure.layout.annotations}
    assert ends == pytest.approx({"China 40%": 0.4, "Germany 10%": 0.1, "Largest of all others 90%": 0.9})


def test_every_line_is_named_within_the_axis():
    codes = ["CHN", "DEU", "USA", "JPN", "PHL", "VNM"]
    shares = pd.DataFrame([dict(zip(codes, [0.9, 0.001, 0.001, 0, 0, 0], strict=True))], index=[2020])
    figure = figures.supplier_influence(shares, pd.Series([0.0], index=[2020]), {}, dict.fromkeys(codes, "#111111"))
    low, high = figure.layout.yaxis.range
    assert len(figure.layout.annotations) == 7
    assert all(low <= note.y <= high for note in figure.layout.annotations)


def test_names_are_plain_text():
    influence, others = showcase.supplier_influence(made.product_indicators(), "850511", count=1)
    figure = figures.supplier_influence(influence, others, {"CHN": "<b>China</b> & co"}, COLOURS)
    assert figure.data[0].name == "&lt;b&gt;China&lt;/b&gt; &amp; co"
    assert "&lt;b&gt;China" in figure.layout.annotations[0].text


def test_tier_contrasts_plot_medians_intervals_and_significance():
    figure = figures.tier_contrasts(made.tables()["tier_contrasts"], 0.05)
    assert [title.text for title in figure.layout.annotations] == ["Exposure", "Systemic trade risk"]
    exposure, risk = figure.data
    assert list(exposure.x) == [2020, 2021]
    assert list(exposure.y) == [0.1, 0.2]
    assert list(exposure.error_y.array) == pytest.approx([0.01, 0.01])
    assert list(exposure.error_y.arrayminus) == pytest.approx([0.02, 0.02])
    assert list(exposure.marker.color) == [BLUE, PAPER]  # q = 0.01 and 0.20
    assert list(exposure.customdata[0]) == [0.4, 0.5, 3, "q = 0.01"]
    assert list(risk.y) == [-0.3, -0.25]
    assert (figure.layout.yaxis.matches, figure.layout.yaxis2.matches) == (None, "y")


def test_too_few_products_are_never_significant():
    untested = made.tier_contrasts().assign(p_value=np.nan, q_value=np.nan, n_input_products=1)
    for panel in figures.tier_contrasts(untested, 0.05).data:
        assert set(panel.marker.color) == {PAPER}
        assert {row[3] for row in panel.customdata} == {"no q: too few products"}


def test_an_indicator_of_another_unit_has_its_own_axis():
    contrasts = pd.concat(
        [made.tier_contrasts(), made.tier_contrasts().replace({"indicator": {"exposure": "indirect_risk"}})]
    ).drop_duplicates(["year", "indicator"])
    figure = figures.tier_contrasts(contrasts, 0.05, own_scale=("exposure",))
    axes = (figure.layout.yaxis, figure.layout.yaxis2, figure.layout.yaxis3)
    assert [axis.matches for axis in axes] == [None, None, "y2"]


def test_contrasts_without_a_difference_are_left_out():
    contrasts = made.tier_contrasts()
    contrasts.loc[contrasts["indicator"] == "exposure", "median_difference"] = np.nan
    figure = figures.tier_contrasts(contrasts, 0.05)
    assert [title.text for title in figure.layout.annotations] == ["Systemic trade risk"]


def test_nothing_to_draw():
    empty = made.empty_tables()
    assert figures.product_set(empty["classified_products"]) is None
    assert figures.tier_contrasts(empty["tier_contrasts"], 0.05) is None
    influence, others = showcase.supplier_influence(empty["product_indicators"], "850511")
    assert figures.supplier_influence(influence, others, {}, {}) is None
    risks, world = showcase.importer_risks(empty["product_indicators"], "850511")
    assert figures.importer_risk(risks, world, {}, {}) is None
