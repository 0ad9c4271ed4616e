from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reeassets.models.contract import LeastSquares
from reeassets.models.frame import UNCORRECTED
from reeassets.models.input_linked import INPUT_LINKED, over_inputs
from reeassets.models.schema import RCA_MODELS
from reeassets_tests.models.made import (
    CANDIDATES,
    CONTROLS,
    HAZARDS,
    HEADLINE_EFFECTS,
    HEADLINE_RISK,
    NO_LINKS,
    after_effects,
    complete,
    dummy_regression,
    exporting,
    made_panel,
    product_names,
    settings,
    slow_jackknife,
    slow_own,
    standardised,
)


def links(*rows):
    return pd.DataFrame(rows, columns=["input", "output", "in_network", "weight"])


def test_weighted_means_by_hand():
    panel = pd.DataFrame(
        [
            (2010, "CHN", "000001", 0.2, 0.5),
            (2010, "CHN", "000002", 0.6, np.nan),
            (2010, "CHN", "000009", 0.9, 0.9),
            (2010, "DEU", "000002", 0.4, 0.1),
            (2010, "DEU", "000009", 0.9, 0.9),
            (2010, "FRA", "000009", 0.9, 0.9),
            (2011, "FRA", "000001", 0.3, 0.3),
        ],
        columns=["year", "country", "product", "exposure", "concentration"],
    )
    given = links(("000001", "000009", True, 0.25), ("000002", "000009", True, 0.75), ("000009", "000001", False, 0.4))
    linked = over_inputs(panel, given, ["exposure", "concentration"])
    assert linked[["year", "country", "product"]].to_numpy().tolist() == [
        [2010, "CHN", "000009"],
        [2010, "DEU", "000009"],
        [2010, "FRA", "000009"],
    ]
    # China: 0.25 * 0.2 + 0.75 * 0.6; its concentration is known in the first input only. Germany trades the second
    # only; France neither (its trade in 2011 is another year's).
    np.testing.assert_allclose(linked["exposure"], [0.5, 0.4, np.nan])
    np.testing.assert_allclose(linked["concentration"], [0.5, 0.1, np.nan])


def test_links_to_products_outside_the_panel_do_no_harm():
    panel = made_panel(seed=31)
    given = links(("999999", product_names(2)[0], True, 1.0), (product_names(2)[1], "999998", True, 1.0))
    linked = over_inputs(panel, given, ["trade_exposure"])
    assert set(linked["product"]) == {product_names(2)[0]}
    assert linked["trade_exposure"].isna().all()


@pytest.fixture(scope="module")
def panel():
    return made_panel(seed=32, uneven=0.5)


@pytest.fixture(scope="module")
def chain():
    names = product_names(12)
    rows = [(names[i], names[i + 1], True, 0.5) for i in range(10)] + [
        (names[i], names[i + 2], True, 0.5) for i in range(10)
    ]
    return links(*rows, (names[0], names[5], False, 0.0))


def test_estimates_equal_the_regression_with_dummies_and_the_correction_of_the_method(panel, chain):
    given = settings()
    grid = INPUT_LINKED.specifications(given, HAZARDS)
    plain = [replace(one, variant=UNCORRECTED) for one in grid]
    rows = INPUT_LINKED.fit(panel, chain, [*grid, *plain], given)
    sample = exporting(complete(over_inputs(panel, chain, CANDIDATES), "rsca_lead1"), 1)
    main = ["trade_exposure", "supplier_concentration", HEADLINE_RISK]
    design = np.column_stack([*(standardised(sample[name]) for name in main), sample[CONTROLS].to_numpy()])
    slow, n_dummies = dummy_regression(sample, "rsca_lead1", design, HEADLINE_EFFECTS)
    terms = ["exposure", "supplier_concentration", "risk", *CONTROLS]
    rows = rows[rows["hazard"] == "political_stability"]
    corrected, fast = (rows[rows["variant"] == one].set_index("term").loc[terms] for one in ("", UNCORRECTED))
    np.testing.assert_allclose(fast["coefficient"], slow.params[:6], rtol=1e-7, atol=1e-9)
    left = after_effects(sample, np.column_stack([design, sample["rsca_lead1"]]), HEADLINE_EFFECTS)
    errors, degrees, _ = slow_jackknife(sample, left[:, :6], left[:, 6], np.eye(6))
    np.testing.assert_allclose(fast["std_error"], errors, rtol=1e-7)
    np.testing.assert_allclose(fast["degrees_of_freedom"], degrees, rtol=1e-7)
    assert (fast["n_absorbed"] == n_dummies).all()
    assert (fast["n_products"] == 11).all()
    expected = slow_own(sample, left[:, :6], left[:, 6], 1, 3, None)
    np.testing.assert_allclose(corrected["coefficient"], expected, rtol=1e-6, atol=1e-9)


def test_grid_and_table(panel, chain):
    given = settings((1,))
    specifications = INPUT_LINKED.specifications(given, HAZARDS)
    assert len(specifications) == len({one.id for one in specifications}) == 2
    assert isinstance(INPUT_LINKED, LeastSquares)
    rows = INPUT_LINKED.fit(panel, chain, specifications, given)
    RCA_MODELS.check(rows)
    assert len(rows) == 2 * 6
    assert not rows["interacted"].any()
    assert len(rows[rows["headline"]]) == 6
    shuffled = INPUT_LINKED.fit(panel.sample(frac=1, random_state=1), chain.iloc[::-1], specifications, given)
    pd.testing.assert_frame_equal(shuffled, rows, check_exact=True)


@pytest.mark.parametrize("none", [NO_LINKS, links((product_names(2)[0], product_names(2)[1], False, 0.0))])
def test_without_links_there_are_no_rows(panel, none):
    given = settings()
    rows = INPUT_LINKED.fit(panel, none, INPUT_LINKED.specifications(given, HAZARDS), given)
    assert len(rows) == 0
    RCA_MODELS.check(rows)
