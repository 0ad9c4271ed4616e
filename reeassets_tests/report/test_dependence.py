"""The benchmark in the page: who is above it, and in which words."""

from reeassets.report.dependence import SHOWN, benchmark, dependence_rows
from reeassets_tests.report import made

NAMES = ({"CHN": "China", "USA": "USA"}, made.NAMES)


def test_the_eu_is_above_in_magnets_and_the_usa_imported_nothing_in_the_last_year():
    (eu,) = dependence_rows(made.tables()["dependency_monitor"], *NAMES, 0.65)
    assert eu["sentence"] == (
        "European Union (27) in 2021: 1 of 2 products above the EU Critical Raw Materials Act benchmark of 65 %, "
        "75% of imports by value."
    )
    assert eu["rows"] == [
        {
            "product": "850511: Magnets; permanent",
            "imports": "3.00",
            "supplier": "China",
            "share": "90%",
            "bounds": "65% to 96%",
            "trend": "+2.0",
        }
    ]


def test_both_buyers_and_the_largest_imports_only():
    table = made.tables()["dependency_monitor"]
    magnets = table[(table["country"] == "EUU") & (table["product"] == "850511")]
    many = magnets.loc[magnets.index.repeat(SHOWN + 3)].assign(country="USA", imports_kusd=range(1000, SHOWN + 1003))
    many = many.assign(trend=float("nan"))
    usa = dependence_rows(many, *NAMES, 0.65)[0]
    assert usa["sentence"].startswith(f"USA in 2021: {SHOWN + 3} of {SHOWN + 3} products above")
    assert len(usa["rows"]) == SHOWN
    assert usa["rows"][0]["imports"] == "1.01"
    assert usa["rows"][0]["trend"] == "–"


def test_another_benchmark_is_not_called_the_acts():
    assert benchmark(0.65) == "EU Critical Raw Materials Act benchmark of 65 %"
    assert benchmark(0.5) == "benchmark of 50 % (in place of the EU Critical Raw Materials Act benchmark of 65 %)"


def test_no_imports_no_rows():
    assert dependence_rows(made.tables()["dependency_monitor"].head(0), *NAMES, 0.65) == []


def test_the_page_shows_it():
    page = made.page()
    assert "above the EU Critical Raw Materials Act benchmark of 65 %, 75% of imports by value." in page
    assert "850511: Magnets; permanent" in page
