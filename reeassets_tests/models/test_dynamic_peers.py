"""Slopes with three absorbed effects against the published packages `pyfixest` and `linearmodels` (extra ``peers``)."""

import numpy as np
import pandas as pd
import pytest

from reeassets.models.dynamic import without_effects
from reeassets_tests.models.made_dynamic import World, world

REGRESSORS = ["open:a", "open:b", "strict:a", "strict:b", "rsca"]
PLAIN = [name.replace(":", "_") for name in REGRESSORS]
EFFECTS = ["pair", "country_year", "product_year"]


def frame(one: World) -> pd.DataFrame:
    made = pd.DataFrame({name.replace(":", "_"): values for name, values in one.columns.items()})
    keys = (one.cells.country, one.cells.product, one.cells.year)
    country, product, year = (pd.Series(codes).astype(str) for codes in keys)
    return made.assign(
        pair=country + "-" + product, country_year=country + "-" + year, product_year=product + "-" + year
    )


def by_pyfixest(data: pd.DataFrame) -> np.ndarray:
    import pyfixest

    formula = f"y ~ {' + '.join(PLAIN)} | {' + '.join(EFFECTS)}"
    return (
        pyfixest.feols(formula, data, demeaner=pyfixest.MapDemeaner(fixef_tol=1e-12), fixef_rm="none")
        .coef()[PLAIN]
        .to_numpy()
    )


def by_linearmodels(data: pd.DataFrame) -> np.ndarray:
    from linearmodels.iv.absorbing import AbsorbingLS

    absorbed = data[EFFECTS].astype("category")
    return AbsorbingLS(data["y"], data[PLAIN], absorb=absorbed).fit().params[PLAIN].to_numpy()


@pytest.mark.parametrize("published", [by_pyfixest, by_linearmodels])
def test_slopes(published):
    one = world(6, 0.7, countries=20, products=15, years=10, kept=0.7)
    ours = without_effects(one.columns, one.cells, 1).fit("y", REGRESSORS).uncorrected
    np.testing.assert_allclose(published(frame(one)), ours, rtol=1e-6)
