"""What the page says of claims under other choices."""

import pytest

from reeassets.report.robust import claim_under_choices, claims_in_words, robust_rows, robust_sentences
from reeassets_tests.report import made
from reeassets_tests.report.test_html import Page, squeezed

TABLE = made.tables()["robust_claims"]


def test_a_row_per_choice_and_a_cell_per_claim():
    rows = robust_rows(TABLE)
    assert claims_in_words(TABLE) == [
        "Exposure is higher in input products than in upstream products",
        "Systemic trade risk is lower in input products than in upstream products",
        "High exposure across all products predicts future export strength",
    ]
    assert [row["choice"] for row in rows] == [
        "headline",
        "weighting: unweighted",
        "pass through: 0.5",
        "estimator: long differences",
        "application: without magnets",
    ]
    assert [[cell and cell["place"] for cell in row["cells"]] for row in rows] == [
        [3, 0, 2],
        [2, 0, None],
        [None, 1, None],
        [None, None, 2],
        [None, 3, None],
    ]
    assert [cell["differs"] for row in rows for cell in row["cells"] if cell].count(True) == 1
    assert rows[2]["cells"][1]["differs"]
    assert rows[2]["cells"][1]["shown"] == "0.100"


def test_a_sentence_per_claim_says_what_stands():
    exposure, risk, exports = robust_sentences(TABLE)
    assert exposure.endswith("upstream products: not testable on this data; testable under 1 of 1 other choice.")
    assert risk.endswith(
        "reproduced under 1 of 2 other choices; contradicted with pass through: 0.5; not testable under 1 more."
    )
    assert exports.endswith("export strength: inconclusive under 1 of 1 other choice.")
    assert robust_sentences(TABLE.iloc[:0]) == []


def test_the_figure_has_a_point_per_choice_and_marks_the_headline():
    figure = claim_under_choices(TABLE, "systemic_risk_lower_in_input")
    reproduced, contradicted = figure.data
    assert (reproduced.name, contradicted.name) == ("reproduced", "contradicted")
    assert reproduced.x == (-0.3, -0.2)
    assert reproduced.y == (0, 1)
    assert reproduced.marker.symbol == ("diamond", "circle")
    assert contradicted.error_x.array == pytest.approx((0.1,))
    assert contradicted.error_x.arrayminus == pytest.approx((0.05,))
    assert figure.layout.yaxis.ticktext == ("<b>headline</b>", "weighting: unweighted", "pass through: 0.5")
    assert [line.x0 for line in figure.layout.shapes] == [0, -0.3]
    assert "&lt;rule&gt;" in reproduced.text[0]
    assert claim_under_choices(TABLE, "five_clusters") is None


def test_the_page_shows_it_or_says_how_to_turn_it_on():
    page = squeezed(Page(made.page()).text)
    assert "reproduced under 1 of 2 other choices" in page
    assert "nothing: the headline" in page
    off = made.tables() | {"robust_claims": made.empty_tables()["robust_claims"]}
    text = Page(made.page(off))
    assert "The setting robust_claims turns it on" in squeezed(text.text)
    assert not [name for name in text.figures if name.startswith("robust-")]
