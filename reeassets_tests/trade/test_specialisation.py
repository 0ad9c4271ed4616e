import numpy as np
import pytest

from reeassets.trade.specialisation import specialisation_index, symmetric_index


def test_by_hand():
    # 30 of the country's 60 is in the product, 100 of the world's 1000: a share of 0.5 against 0.1.
    assert specialisation_index(np.array([30.0]), np.array([60.0]), np.array([100.0]), 1000.0)[0] == pytest.approx(5.0)


def test_a_country_without_trade_has_index_zero():
    index = specialisation_index(np.array([0.0]), np.array([0.0]), np.array([100.0]), 1000.0)
    assert index.tolist() == [0.0]


def test_the_world_share_weighted_mean_over_products_is_one():
    generator = np.random.default_rng(1)
    trade = generator.lognormal(size=(5, 7))
    index = specialisation_index(
        trade,
        np.broadcast_to(trade.sum(1)[:, None], trade.shape),
        np.broadcast_to(trade.sum(0), trade.shape),
        trade.sum(),
    )
    assert (index @ (trade.sum(0) / trade.sum())) == pytest.approx(np.ones(5))


@pytest.mark.parametrize(("index", "symmetric"), [(0.0, -1.0), (1.0, 0.0), (3.0, 0.5)])
def test_symmetric_form(index, symmetric):
    assert symmetric_index(np.array([index]))[0] == pytest.approx(symmetric)
