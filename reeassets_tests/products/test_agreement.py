"""Fleiss' kappa against its published example, against statsmodels, and by hand."""

import numpy as np
import pandas as pd
import pytest

from reeassets.products.agreement import fleiss_kappa, quadratic_weights, vote_agreement


def test_the_example_of_the_literature():
    # Fleiss (1971) as it is usually worked: 10 subjects, 14 raters, 5 categories, kappa 0.210.
    counts = pd.DataFrame(
        [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ]
    )
    observed, expected, kappa = fleiss_kappa(counts)
    assert observed == pytest.approx(0.378, abs=5e-4)
    assert expected == pytest.approx(0.213, abs=5e-4)
    assert kappa == pytest.approx(0.210, abs=5e-4)


def test_the_same_as_statsmodels():
    from statsmodels.stats.inter_rater import fleiss_kappa as theirs

    generator = np.random.default_rng(3)
    counts = generator.multinomial(5, [0.2, 0.5, 0.3], size=200)
    assert fleiss_kappa(pd.DataFrame(counts))[2] == pytest.approx(theirs(counts), abs=1e-12)


def test_one_category_has_no_kappa():
    assert fleiss_kappa(pd.DataFrame([[3, 0], [3, 0]])) == (1.0, 1.0, None)


def votes(*rows):
    names = ["voter", "product", "round", "is_ree", "stage", "application", "elements", "confidence"]
    return pd.DataFrame(rows, columns=names)


def test_only_products_with_every_vote_are_compared():
    cast = votes(
        ("x", "000001", "full", True, "input", "magnets", "Nd", 0.9),
        ("y", "000001", "full", True, "input", "magnets", None, 0.9),
        ("x", "000002", "full", False, "final", "other", None, 0.9),
        ("y", "000002", "full", False, "final", "other", None, 0.9),
        ("x", "000003", "shortlist", False, None, None, None, 0.9),
        ("y", "000003", "shortlist", False, None, None, None, 0.9),
        ("x", "000004", "full", True, "input", "magnets", "Nd", 0.9),
        ("y", "000004", "full", None, None, None, None, None),
    )
    table = vote_agreement(cast, ["000001"]).set_index(["field", "scope"])
    assert table.loc[("is_ree", "all"), "n_products"] == 3
    assert table.loc[("is_ree", "judged in full"), "n_products"] == 2
    assert table.loc[("stage", "all"), "n_products"] == 2
    assert table.loc[("stage", "all"), "fleiss_kappa"] == pytest.approx(1.0)
    # 34 items (2 products, 17 elements) with two votes each; they differ on Nd in 000001 only. Of 68 votes one names an
    # element: observed 33/34, expected (1/68)^2 + (67/68)^2.
    expected = (1 / 68) ** 2 + (67 / 68) ** 2
    assert table.loc[("elements", "all"), "n_products"] == 2
    assert table.loc[("elements", "all"), "fleiss_kappa"] == pytest.approx((33 / 34 - expected) / (1 - expected))
    assert pd.isna(table.loc[("is_ree", "reference set"), "fleiss_kappa"])


def test_one_voter_agrees_with_nobody():
    table = vote_agreement(votes(("x", "000001", "full", True, "input", "magnets", "Nd", 0.9)), ["000001"])
    assert table["fleiss_kappa"].isna().all()
    assert set(table["n_voters"]) == {1}


def test_neighbouring_answers_of_an_ordered_scale_agree_in_part():
    counts = pd.DataFrame([[2, 0, 0], [0, 2, 0], [1, 0, 1]])
    observed, expected, kappa = fleiss_kappa(counts, quadratic_weights(3))
    # Shares 3/6, 2/6, 1/6; answers one apart agree by 3/4, two apart not at all.
    assert observed == pytest.approx(2 / 3)
    assert expected == pytest.approx(9 / 36 + 4 / 36 + 1 / 36 + 2 * 0.75 * (6 / 36 + 2 / 36))
    assert kappa == pytest.approx(-0.2)
