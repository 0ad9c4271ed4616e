"""Aggregates per country and stage, by hand and against plain loops."""

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.aggregates import country_indicators
from reeassets.indicators.compute import product_indicators
from reeassets.indicators.contract import registered_indicators
from reeassets.indicators.schema import country_indicators_table
from reeassets.settings import Settings
from reeassets_tests.indicators.builders import network, random_flows

SETTINGS = Settings(home="unused")
BY_NAME = {indicator.name: indicator for indicator in registered_indicators()}
CHOSEN = [BY_NAME[name] for name in ("exposure", "supplier_concentration", "influence")]

FRAME = pd.DataFrame(
    [
        # AAA, upstream: imports 30 and 10; input: one product it only exports.
        (2010, "AAA", "100000", 30.0, 0.0, 1.0, 0.5, 0.1),
        (2010, "AAA", "200000", 10.0, 30.0, 0.25, 1.0, 0.2),
        (2010, "AAA", "300000", 0.0, 5.0, 0.0, np.nan, 0.4),
        # BBB, upstream: the second has no suppliers and no weight.
        (2010, "BBB", "100000", 8.0, 0.0, 1.0, 0.75, 0.0),
        (2010, "BBB", "200000", 0.0, 2.0, 0.0, np.nan, 0.3),
    ],
    columns=[
        *("year", "country", "product", "imports_kusd", "exports_kusd"),
        *("exposure", "supplier_concentration", "influence"),
    ],
)
STAGES = pd.Series({"300000": "input", "200000": "upstream", "100000": "upstream", "400000": "final"})


def test_by_hand():
    result = country_indicators(FRAME.sample(frac=1, random_state=0), STAGES, CHOSEN)
    expected = pd.DataFrame(
        [
            (2010, "AAA", "input", 1, 0.0, 5.0, np.nan, np.nan, 0.4),
            # (30 * 1 + 10 * 0.25) / 40, (30 * 0.5 + 10 * 1) / 40, 0.1 + 0.2
            (2010, "AAA", "upstream", 2, 40.0, 30.0, 0.8125, 0.625, 0.1 + 0.2),
            (2010, "BBB", "upstream", 2, 8.0, 2.0, 1.0, 0.75, 0.3),
        ],
        columns=[
            *("year", "country", "stage", "n_products", "imports_kusd", "exports_kusd"),
            *("exposure", "supplier_concentration", "influence"),
        ],
    )
    pd.testing.assert_frame_equal(result, expected, check_dtype=False, rtol=0, atol=1e-15)


def test_a_value_missing_despite_imports_has_no_weight():
    frame = FRAME.assign(exposure=[np.nan, 0.25, 0.0, np.nan, 0.0])
    result = country_indicators(frame, STAGES, CHOSEN).set_index(["country", "stage"])["exposure"]
    assert result["AAA", "upstream"] == 0.25
    assert np.isnan(result["BBB", "upstream"])


def test_the_mean_of_equal_values_stays_in_range():
    frame = pd.concat([FRAME.assign(year=year, imports_kusd=0.1 * (year - 2000)) for year in range(2007, 2040)])
    result = country_indicators(frame.assign(exposure=0.7), STAGES, CHOSEN)
    assert (result["exposure"] == 0.7).all()


def test_products_without_a_stage_are_an_error():
    with pytest.raises(ValueError, match="products without a stage: 300000"):
        country_indicators(FRAME, STAGES.drop("300000"), CHOSEN)
    with pytest.raises(ValueError, match="products without a stage: 300000"):
        country_indicators(FRAME, STAGES.replace("input", None), CHOSEN)
    with pytest.raises(ValueError, match="products with two stages: 100000"):
        country_indicators(FRAME, pd.concat([STAGES, pd.Series({"100000": "input"})]), CHOSEN)


def test_against_plain_loops():
    frame = product_indicators(network(random_flows(21)), list(BY_NAME.values()))
    stages = pd.Series({"250000": "upstream", "250001": "input", "250002": "input", "250003": "final"})
    result = country_indicators_table(SETTINGS).check(country_indicators(frame, stages, list(BY_NAME.values())))
    assert len(result) == len({(row.country, stages[row.product]) for row in frame.itertuples()})
    for row in result.itertuples():
        mine = [
            other for other in frame.itertuples() if (other.country, stages[other.product]) == (row.country, row.stage)
        ]
        assert row.n_products == len(mine)
        weight = sum(other.imports_kusd for other in mine)
        for name, indicator in BY_NAME.items():
            if indicator.aggregate == "sum":
                assert getattr(row, name) == pytest.approx(sum(getattr(other, name) for other in mine), abs=1e-14)
            elif weight == 0:
                assert np.isnan(getattr(row, name))
            else:
                total = sum(other.imports_kusd * getattr(other, name) for other in mine if other.imports_kusd)
                assert getattr(row, name) == pytest.approx(total / weight, rel=1e-12, abs=1e-14)


def test_an_empty_year():
    empty = product_indicators(network(random_flows(1, density=0.0)), list(BY_NAME.values()))
    assert len(country_indicators_table(SETTINGS).check(country_indicators(empty, STAGES, list(BY_NAME.values())))) == 0
