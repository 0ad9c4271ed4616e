"""Aggregates per country and stage, by hand and against plain loops."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.aggregates import WEIGHTINGS, country_indicators, headline
from reeassets.indicators.compute import product_indicators
from reeassets.indicators.contract import registered_indicators
from reeassets.indicators.schema import country_indicators_table
from reeassets.settings import Settings
from reeassets_tests.indicators.builders import P, Q, network, random_flows

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
MATERIALITY = pd.Series({"100000": 0.02, "200000": 0.12, "300000": np.nan, "400000": 0.35})


def of(result: pd.DataFrame, weighting: str) -> pd.DataFrame:
    return result[result["weighting"] == weighting].drop(columns="weighting").reset_index(drop=True)


def test_by_hand():
    result = country_indicators(FRAME.sample(frac=1, random_state=0), STAGES, MATERIALITY, CHOSEN)
    assert result.columns.tolist() == [
        *("year", "country", "stage", "weighting", "n_products", "imports_kusd", "exports_kusd"),
        *("exposure", "supplier_concentration", "influence"),
    ]
    # World imports of the upstream products are 30 + 8 and 10; BBB trades no input product and has no row there.
    expected = {
        "imports": [
            (2010, "AAA", "input", 1, 0.0, 5.0, np.nan, np.nan, np.nan),
            # (30 * 1 + 10 * 0.25) / 40, (30 * 0.5 + 10 * 1) / 40, (38 * 0.1 + 10 * 0.2) / 48
            (2010, "AAA", "upstream", 2, 40.0, 30.0, 0.8125, 0.625, 5.8 / 48),
            (2010, "BBB", "upstream", 2, 8.0, 2.0, 1.0, 0.75, 3.0 / 48),
        ],
        "imports_materiality": [
            # Nobody judged 300000: it does not count, rather than as 0.
            (2010, "AAA", "input", 0, 0.0, 5.0, np.nan, np.nan, np.nan),
            # Weights are 30 * 0.02 and 10 * 0.12; of the world 38 * 0.02 and 10 * 0.12.
            (2010, "AAA", "upstream", 2, 40.0, 30.0, 0.9 / 1.8, 1.5 / 1.8, (0.076 + 0.24) / 1.96),
            (2010, "BBB", "upstream", 2, 8.0, 2.0, 1.0, 0.75, 0.36 / 1.96),
        ],
        "unweighted": [
            (2010, "AAA", "input", 1, 0.0, 5.0, 0.0, np.nan, np.nan),
            (2010, "AAA", "upstream", 2, 40.0, 30.0, 0.625, 0.75, 5.8 / 48),
            (2010, "BBB", "upstream", 2, 8.0, 2.0, 0.5, 0.75, 3.0 / 48),
        ],
    }
    for weighting, rows in expected.items():
        found = of(result, weighting)
        wanted = pd.DataFrame(rows, columns=found.columns)
        pd.testing.assert_frame_equal(found, wanted, check_dtype=False, rtol=0, atol=1e-15)
    assert WEIGHTINGS == tuple(expected) == get_args(Settings.model_fields["weighting"].annotation)


def test_what_a_country_does_not_trade_counts_as_no_influence():
    # AAA delivers all of one product and none of the other, of which the world imports nine times as much.
    rows = [("AAA", P, 0.0, 1.0), ("BBB", P, 10.0, 0.0), ("CCC", Q, 90.0, 0.0), ("BBB", Q, 0.0, 1.0)]
    frame = pd.DataFrame(rows, columns=["country", "product", "imports_kusd", "influence"])
    frame = frame.assign(year=2010, exports_kusd=0.0)
    stages, materiality = pd.Series({P: "input", Q: "input"}), pd.Series({P: 0.75, Q: 0.02})
    result = country_indicators(frame, stages, materiality, [BY_NAME["influence"]])
    assert of(result, "imports")["influence"].tolist() == pytest.approx([0.1, 0.9, 0.0])
    assert of(result, "unweighted")["influence"].tolist() == pytest.approx([0.1, 0.9, 0.0])
    assert of(result, "imports_materiality")["influence"].tolist() == pytest.approx([7.5 / 9.3, 1.8 / 9.3, 0.0])


def test_years_are_worlds_of_their_own():
    frame = pd.concat([FRAME, FRAME.assign(year=2011, imports_kusd=FRAME["imports_kusd"] * [1, 9, 1, 1, 1])])
    result = of(country_indicators(frame, STAGES, MATERIALITY, CHOSEN), "imports")
    apart = [of(country_indicators(rows, STAGES, MATERIALITY, CHOSEN), "imports") for _, rows in frame.groupby("year")]
    pd.testing.assert_frame_equal(result, pd.concat(apart, ignore_index=True))
    assert result["influence"].nunique(dropna=True) == 4


def test_the_headline_is_the_weighting_of_the_settings():
    result = country_indicators(FRAME, STAGES, MATERIALITY, CHOSEN)
    pd.testing.assert_frame_equal(headline(result, SETTINGS), of(result, "imports"))
    other = headline(result, Settings(home="unused", weighting="unweighted"))
    pd.testing.assert_frame_equal(other, of(result, "unweighted"))


def test_a_value_missing_despite_imports_has_no_weight():
    frame = FRAME.assign(exposure=[np.nan, 0.25, 0.0, np.nan, 0.0])
    result = of(country_indicators(frame, STAGES, MATERIALITY, CHOSEN), "imports")
    result = result.set_index(["country", "stage"])["exposure"]
    assert result["AAA", "upstream"] == 0.25
    assert np.isnan(result["BBB", "upstream"])


def test_the_mean_of_equal_values_stays_in_range():
    frame = pd.concat([FRAME.assign(year=year, imports_kusd=0.1 * (year - 2000)) for year in range(2007, 2040)])
    result = country_indicators(frame.assign(exposure=0.7), STAGES, MATERIALITY.fillna(0.35), CHOSEN)
    assert (result["exposure"] == 0.7).all()


def test_products_without_a_stage_are_an_error():
    with pytest.raises(ValueError, match="products without a stage: 300000"):
        country_indicators(FRAME, STAGES.drop("300000"), MATERIALITY, CHOSEN)
    with pytest.raises(ValueError, match="products without a stage: 300000"):
        country_indicators(FRAME, STAGES.replace("input", None), MATERIALITY, CHOSEN)
    with pytest.raises(ValueError, match="products with two stages: 100000"):
        country_indicators(FRAME, pd.concat([STAGES, pd.Series({"100000": "input"})]), MATERIALITY, CHOSEN)


def test_against_plain_loops():
    frame = product_indicators(network(random_flows(21)), list(BY_NAME.values()))
    stages = pd.Series({"250000": "upstream", "250001": "input", "250002": "input", "250003": "final"})
    material = {"250000": 0.75, "250001": 0.02, "250002": np.nan, "250003": 0.12}
    made = country_indicators(frame, stages, pd.Series(material), list(BY_NAME.values()))
    result = country_indicators_table(SETTINGS).check(made)
    assert len(result) == 3 * len({(row.country, stages[row.product]) for row in frame.itertuples()})
    bought = frame.groupby("product")["imports_kusd"].sum()
    for row in result.itertuples():
        factor = material if row.weighting == "imports_materiality" else dict.fromkeys(material, 1.0)
        mine = [
            other
            for other in frame.itertuples()
            if (other.country, stages[other.product]) == (row.country, row.stage) and factor[other.product] > 0
        ]
        assert row.n_products == len(mine)
        for name, indicator in BY_NAME.items():
            if indicator.aggregate == "world_mean":
                weights = {p: bought[p] * factor[p] for p in stages.index if stages[p] == row.stage and factor[p] > 0}
                total = sum(weights[other.product] * getattr(other, name) for other in mine)
                weight = sum(weights.values())
            else:
                own = {
                    o.product: 1.0 if row.weighting == "unweighted" else o.imports_kusd * factor[o.product]
                    for o in mine
                    if not np.isnan(getattr(o, name))
                }
                total = sum(own[o.product] * getattr(o, name) for o in mine if own.get(o.product))
                weight = sum(own.values())
            assert getattr(row, name) == pytest.approx(total / weight if weight else np.nan, rel=1e-12, nan_ok=True)


def test_an_empty_year():
    empty = product_indicators(network(random_flows(1, density=0.0)), list(BY_NAME.values()))
    made = country_indicators(empty, STAGES, MATERIALITY, list(BY_NAME.values()))
    assert len(country_indicators_table(SETTINGS).check(made)) == 0
