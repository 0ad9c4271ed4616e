"""What the figure of the scenarios plots."""

import pytest

from reeassets.report.shock_figure import scenario_losses, shock_losses
from reeassets_tests.report import made


def test_losses_are_of_the_products_that_are_cut():
    tables = made.tables()
    found = scenario_losses(tables["shock_scenarios"], tables["shock_impacts"]).set_index(["scenario", "country"])
    assert found["loss_kusd"].to_dict() == pytest.approx(
        {("magnets_stopped", "DEU"): 40, ("magnets_stopped", "USA"): 100, ("mine", "DEU"): 40, ("mine", "CHN"): 0}
    )
    assert found.loc[("mine", "DEU"), "loss"] == pytest.approx(0.1)


def test_scenarios_downwards_and_the_most_affected_countries_from_the_left():
    tables = made.tables()
    (heat,) = shock_losses(tables["shock_scenarios"], tables["shock_impacts"], {"CHN": "China", "DEU": "Germany"}).data
    assert list(heat.x) == ["USA", "Germany", "China"]
    assert list(heat.y) == [
        "Two &lt;suppliers&gt; halve<br><b>China, Germany</b>, 2021",
        "Magnets stop<br><b>China</b>, 2021",
    ]
    assert [list(row) for row in heat.z] == [[None, pytest.approx(0.1), 0.0], [0.5, pytest.approx(0.8), None]]
    assert [list(row) for row in heat.text] == [["", "10%", "0%"], ["50%", "80%", ""]]


def test_scenarios_that_would_be_called_the_same_have_rows_of_their_own():
    tables = made.tables()
    scenarios = tables["shock_scenarios"].assign(title="Same", suppliers="CHN")
    (heat,) = shock_losses(scenarios, tables["shock_impacts"], {}).data
    assert list(heat.y) == ["Same<br><b>CHN</b>, 2021, mine", "Same<br><b>CHN</b>, 2021, magnets_stopped"]


def test_nothing_to_draw():
    empty = made.empty_tables()
    assert shock_losses(empty["shock_scenarios"], empty["shock_impacts"], {}) is None
    assert shock_losses(made.tables()["shock_scenarios"], empty["shock_impacts"], {}) is None
