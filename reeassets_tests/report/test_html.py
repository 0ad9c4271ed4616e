"""The page as a whole: complete, self-contained, escaped, reproducible."""

import hashlib
import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from reeassets.report.html import TABLES, TEMPLATE, Origin
from reeassets_tests.report import made, made_models

HOSTILE = "</script><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>"


class Page(HTMLParser):
    """Elements of a page, the text outside scripts and styles, and the JSON of its figures."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.text, self.figures, self.styles = [], "", {}, ""
        self._inside, self._id = "", ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside, self._id = tag, dict(attrs).get("id", "")

    def handle_endtag(self, tag):
        if tag == self._inside:
            self._inside, self._id = "", ""

    def handle_data(self, data):
        if self._inside == "style":
            self.styles += data
        elif self._inside == "script":
            if self._id:
                assert "<" not in data, "JSON could end its script"
                self.figures[self._id.removeprefix("plot-").removesuffix("-data")] = json.loads(data)
        else:
            self.text += data

    def tags(self, name):
        return [attributes for tag, attributes in self.elements if tag == name]


@pytest.fixture(scope="module")
def text():
    return made.page()


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def squeezed(text):
    return " ".join(text.split())


def test_every_section_is_there(page):
    headings = [attributes["id"] for attributes in page.tags("h2")]
    assert headings == [
        *("data", "rare-earths", "findings", "robustness", "products", "links", "showcase", "dependence"),
        *("indicators", "tiers", "clusters", "models", "measures", "shocks", "caveats", "definitions", "provenance"),
    ]
    targets = {attributes["href"].removeprefix("#") for attributes in page.tags("a")}
    assert targets == set(headings)


def test_every_figure_is_drawn_once_with_fixed_ids(page):
    plots = [
        attributes["id"].removeprefix("plot-") for attributes in page.tags("div") if attributes.get("class") == "plot"
    ]
    assert plots == [
        *("unit-values", "suppliers", "robust-exposure-higher-in-input", "robust-systemic-risk-lower-in-input"),
        *("robust-exposure-predicts-exports", "product-set", "links", "influence", "risk", "indicators"),
        *(
            "tier-contrasts",
            "cluster-profiles",
            "cluster-paths",
            "curve-exposure",
            "curve-risk-input",
            "events",
            "shocks",
        ),
    ]
    assert list(page.figures) == plots
    assert all(figure["data"] for figure in page.figures.values())
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_axes_have_titles(page):
    named = ("unit-values", "suppliers", "product-set", "influence", "risk", "indicators", "tier-contrasts")
    for name in (*named, "curve-exposure"):
        layout = page.figures[name]["layout"]
        titles = [
            axis["title"]["text"] for key, axis in layout.items() if "axis" in key and "text" in axis.get("title", {})
        ]
        assert len(titles) >= 2, name


def test_nothing_is_loaded_from_anywhere(text, page):
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert not (attributes.get(name) or "").lower().startswith(("http:", "https:", "//")), (tag, attributes)
    assert "src" not in {name for tag, attributes in page.elements for name in attributes if tag == "script"}
    assert not page.tags("link")
    assert not page.tags("iframe")
    assert "url(" not in page.styles
    assert "@import" not in page.styles
    (policy,) = [meta["content"] for meta in page.tags("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    # plotly's own code, once, and two scripts of plain code in all.
    assert text.count("plotly.js v") == 1
    assert len([attributes for attributes in page.tags("script") if "type" not in attributes]) == 2


def test_the_data_are_named(page):
    said = squeezed(page.text)
    for part in (
        "made",
        "V1",
        "HS07",
        "2020–2021",
        "four, version 2. Four products.",
        "Four products of three countries.",
    ):
        assert part in said
    assert "4 products, 3 countries and territories; trade in the set in 2021: US$ 0.00164 billion" in said
    assert "CEPII, BACI (Gaulier & Zignago 2010), version V202601, Etalab Open Licence 2.0" in said
    assert "CC-BY 4.0" in said
    assert "0123456789abcdef" in said
    assert "ab" * 32 in said
    assert "../warehouse/reeassets.duckdb" in said
    assert "set only: shares of" in said


@pytest.mark.parametrize(
    ("basis", "said", "unsaid"),
    [
        ("all goods, WDI", "the comparative advantage of entrepots", "with the rest of them"),
        ("set only", "compares a product with the rest of them", "of entrepots"),
        ("whole nomenclature", "whole nomenclature", "of entrepots"),
    ],
)
def test_what_totals_are_over_is_said(basis, said, unsaid):
    totals = made.country_totals().assign(basis=basis)
    text = squeezed(Page(made.page(made.tables(country_totals=totals))).text)
    assert said in text
    assert unsaid not in text


def test_what_the_source_holds_of_each_product_is_a_row_for_those_alike():
    rows = [
        ("280530", "HS92", "complete", 2002, "2012 is odd"),
        ("284690", "HS92", "complete", 2002, None),
        ("284610", "HS92", "complete", 2002, None),
        ("850511", "HS17", "cut", 2018, None),
    ]
    frame = pd.DataFrame(rows, columns=made.product_coverage().columns)
    text = squeezed(Page(made.page(made.tables(product_coverage=frame))).text)
    shown = (
        "280530HS92allfrom 20022012 is odd",
        "284610, 284690HS92allfrom 2002",
        "850511HS17the largest onlyfrom 2018",
    )
    assert " ".join(shown) in text
    assert "What the source holds" not in Page(made.page(made.tables(product_coverage=frame.head(0)))).text


def test_what_was_left_out_as_another_good_is_said_with_its_value(page):
    assert "Left out" not in page.text
    rows = [
        (2020, "AUS", "CHN", "253090", "spodumene", 9e9, None),
        (2021, "AUS", "CHN", "253090", "spodumene", 2e6, None),
        (2021, "AUS", "USA", "253090", "spodumene", 1e6, None),
        (2021, "ZWE", "CHN", "253090", "spodumene", 5e5, None),
    ]
    frame = pd.DataFrame(rows, columns=made.excluded_flows().columns)
    text = squeezed(Page(made.page(made.tables(excluded_flows=frame))).text)
    assert "253090 out of AUS, ZWE is spodumene, US$ 3,500 million in 2021 (table excluded_flows" in text


def test_numbers_reach_the_tables(page):
    said = squeezed(page.text)
    assert "Of 3 claims: 1 reproduced, 1 contradicted, 0 inconclusive, 1 not testable on this data." in said
    assert "−0.300 (−0.320 to −0.290)" in said
    assert "If China alone delivered nothing, 70% of world imports would be lost in 2021 (60% in 2020)." in said
    assert "Caution: only 2 products in stage input." in said
    assert "China · Germany" in said


def test_definitions_follow_the_registered_indicators(page):
    said = squeezed(page.text)
    assert "M / (M + X)" in said
    assert "this project's own definition" in said
    assert "Balassa (1965)" in said


def test_hostile_text_is_shown_and_not_run(page):
    products = made.classified_products()
    products["description"] = HOSTILE
    countries = made.country_table()
    countries["economy_name"] = HOSTILE
    links = made.io_links().assign(rationale=HOSTILE)
    clusters = made.country_clusters().replace({"cluster_name": {made.LOW: HOSTILE}})
    profiles = made.cluster_profiles().replace({"cluster_name": {made.LOW: HOSTILE}})
    findings = made_models.findings().assign(reason=HOSTILE, claim=HOSTILE)
    models = made_models.rca_models().assign(note=HOSTILE, hazard=HOSTILE)
    tables = made.tables(
        classified_products=products,
        economies=countries,
        io_links=links,
        country_clusters=clusters,
        cluster_profiles=profiles,
        findings=findings,
        rca_models=models.drop_duplicates(["model", "term", "delta"]),
    )
    hostile = Page(made.page(tables, notes=HOSTILE, version=HOSTILE, inputs={HOSTILE: "00"}))
    assert [tag for tag, _ in hostile.elements].count("script") == [tag for tag, _ in page.elements].count("script")
    assert not hostile.tags("img")
    assert not [attributes for _, attributes in hostile.elements if "onerror" in attributes]
    assert hostile.text.count(HOSTILE) > 20
    # Inside figures plotly would take tags for its own little HTML: none reach it.
    for figure in hostile.figures.values():
        assert "<img" not in json.dumps(figure)
        assert "<script" not in json.dumps(figure)


@pytest.mark.parametrize("said", [{"source": "generated"}, {"version": "GENERATED, seed 1"}])
def test_generated_data_are_announced(said):
    announced = Page(made.page(**said))
    (banner,) = [attributes for attributes in announced.tags("p") if attributes.get("class") == "generated"]
    assert banner["role"] == "alert"
    assert "GENERATED DATA" in announced.text
    assert "The trade flows of this page are generated." in announced.text


def test_real_data_have_no_banner(page):
    assert "GENERATED" not in page.text
    assert not made.origin().generated
    assert isinstance(made.origin(), Origin)


def test_without_links_and_models_the_page_says_so():
    tables = made.tables()
    tables["io_links"] = tables["io_links"].assign(in_network=False, weight=0.0)
    for name in ("rca_models", "robust_claims"):
        tables[name] = made.empty_tables()[name]
    bare = Page(made.page(tables))
    said = squeezed(bare.text)
    assert "No candidate link is in the network" in said
    assert "No link of the network leads into 850511." in said
    assert "The table rca_models has no estimate of exposure in the model rca_growth." in said
    assert "The table rca_models is empty: no model was estimated." in said
    assert set(bare.figures) == {
        "unit-values",
        "suppliers",
        "product-set",
        "influence",
        "risk",
        "indicators",
        "tier-contrasts",
        "cluster-profiles",
        "cluster-paths",
        "events",
        "shocks",
    }


def test_empty_tables_give_sentences_instead_of_figures():
    bare = Page(made.page(made.empty_tables()))
    assert bare.figures == {}
    said = squeezed(bare.text)
    for sentence in (
        "The table findings is empty",
        "The product set is empty.",
        "The product set has no input product that is traded.",
        "there is nothing to compare",
        "No country was clustered.",
    ):
        assert sentence in said


def test_another_product_stands_in_for_magnets():
    tables = made.tables()
    tables["classified_products"] = tables["classified_products"].query("product != '850511'")
    said = squeezed(Page(made.page(tables)).text)
    assert "850511 is not in the product set; 850131 is its most traded input product." in said


def test_equal_tables_give_equal_bytes_in_any_order_of_rows(text):
    shuffled = {name: frame.sample(frac=1, random_state=7) for name, frame in made.tables().items()}
    assert made.page(shuffled) == text


def test_the_hash_seed_does_not_matter(text):
    code = "import hashlib; from reeassets_tests.report import made; "
    code += "print(hashlib.sha256(made.page().encode()).hexdigest())"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "12345"},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == hashlib.sha256(text.encode()).hexdigest()


def test_the_home_does_not_show(text):
    moved = made.SETTINGS.model_copy(update={"home": Path("/somewhere/else")})
    assert made.page(settings=moved) == text


def test_files_of_re_exports_and_production_are_named_without_their_folder():
    given = {"reexports": "/somewhere/else/entrepots.csv", "production": "/somewhere/else/mines.csv"}
    text = made.page(settings=made.SETTINGS.model_copy(update=given))
    assert "/somewhere/else" not in text
    said = squeezed(Page(text).text)
    assert "reexportsentrepots.csv" in said
    assert "productionmines.csv" in said


def test_template_and_tables_are_what_the_recipe_names():
    assert TEMPLATE.is_file()
    assert set(TABLES) == set(made.FRAMES)
