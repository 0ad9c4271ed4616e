"""Changes of specialisation against plain loops, and who takes part."""

import numpy as np
import pandas as pd
import pytest

from reeassets.networks.changes import specialisation_changes
from reeassets.networks.validation import permutation_test
from reeassets.tables import NotEnoughData
from reeassets_tests.networks.made import PRODUCTS, loop_statistic, panel


def test_the_statistic_is_the_definition():
    flows, totals = panel(link=1.0)
    changes = specialisation_changes(flows, totals, PRODUCTS)
    links = pd.DataFrame({"input": ["000001", "000002"], "output": ["000003", "000001"]})
    tested = permutation_test(changes, links, draws=19, seed=1)
    for row in links.join(tested).itertuples():
        assert row.correlation == pytest.approx(loop_statistic(flows, totals, row.input, row.output), abs=1e-12)


def test_countries_without_totals_take_no_part_and_are_not_in_the_worlds_sum():
    flows, totals = panel(link=1.0)
    unknown = totals["country"] == "C03"
    totals.loc[unknown, ["exports_kusd", "imports_kusd"]] = np.nan
    changes = specialisation_changes(flows, totals, PRODUCTS)
    assert "C03" not in changes.countries
    assert changes.n_left_out == 0
    links = pd.DataFrame({"input": ["000001"], "output": ["000003"]})
    tested = permutation_test(changes, links, draws=19, seed=1)
    expected = loop_statistic(flows, totals[~unknown], "000001", "000003")
    assert tested["correlation"].iloc[0] == pytest.approx(expected, abs=1e-12)


def test_countries_that_miss_a_year_are_left_out_and_counted():
    flows, totals = panel()
    gone = totals[~((totals["country"] == "C00") & (totals["year"] == 2001))]
    changes = specialisation_changes(flows, gone, PRODUCTS)
    assert "C00" not in changes.countries
    assert changes.n_left_out == 1


def test_changes_over_a_gap_of_years_do_not_count():
    flows, totals = panel(years=(2000, 2001, 2005, 2006))
    assert specialisation_changes(flows, totals, PRODUCTS).n_changes == 2
    flows, totals = panel(years=(2000, 2005))
    with pytest.raises(NotEnoughData, match="no two years follow one another"):
        specialisation_changes(flows, totals, PRODUCTS)


def test_too_few_countries_is_an_error():
    flows, totals = panel(n_countries=3)
    with pytest.raises(NotEnoughData, match="only 3 countries"):
        specialisation_changes(flows, totals, PRODUCTS)


def test_what_a_country_does_in_all_products_alike_is_taken_out():
    """An openness of the country that moves all its imports and exports makes no two products look linked."""
    flows, totals = panel(seed=5, n_countries=40, years=(2000, 2001, 2002), n_products=12, openness=1.0)
    products = [f"{number:06d}" for number in range(1, 13)]
    pairs = pd.DataFrame([(a, b) for a in products for b in products if a != b], columns=["input", "output"])
    changes = specialisation_changes(flows, totals, products)
    tested = permutation_test(changes, pairs, draws=99, seed=1)
    assert (tested["p_value"] <= 0.05).mean() < 0.09


def test_the_order_of_rows_changes_nothing():
    flows, totals = panel(link=0.5)
    links = pd.DataFrame({"input": ["000001"], "output": ["000003"]})
    one = permutation_test(specialisation_changes(flows, totals, PRODUCTS), links, draws=99, seed=1)
    shuffled = [table.sample(frac=1, random_state=2) for table in (flows, totals)]
    other = permutation_test(specialisation_changes(*shuffled, PRODUCTS), links, draws=99, seed=1)
    pd.testing.assert_frame_equal(one, other)
