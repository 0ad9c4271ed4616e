"""What a referee asks of the headline coefficients: whether they are one country's, collinear, or there too early.

Every check estimates the headline specification of a registered model again, on other data or by other means.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from reeassets import plugins
from reeassets.models.contract import LeastSquares, Model, Specification
from reeassets.models.dynamic import DynamicColumns, DynamicFit
from reeassets.models.exporters import OUTCOME
from reeassets.models.frame import UNCORRECTED
from reeassets.models.panel import hazards_of, values_of_another_year
from reeassets.models.results import Regression
from reeassets.models.sample import CONTROLS
from reeassets.models.wild import WildBootstrap
from reeassets.parallel import running
from reeassets.settings import Settings

INFLATION, LEFT_OUT, PLACEBO, BOOTSTRAP = "variance_inflation", "leave_one_out", "placebo", "wild_bootstrap"
DIAGNOSTICS = (INFLATION, LEFT_OUT, PLACEBO, BOOTSTRAP)
# The largest economies of the field: an effect that hangs on one of them is that country's.
COUNTRIES = ("CHN", "USA", "DEU")

COLUMNS = (
    "model",
    "interacted",
    "term",
    "diagnostic",
    "detail",
    "value",
    "coefficient",
    "ci_low",
    "ci_high",
    "p_value",
    "n_obs",
    "note",
)

Row = dict[str, Any]


def model_diagnostics(
    panel: pd.DataFrame, links: pd.DataFrame, rca_models: pd.DataFrame, settings: Settings
) -> pd.DataFrame:
    """Check the headline coefficients of every registered model: the table ``model_diagnostics``.

    * ``variance_inflation``: ``1/(1 - R2)`` of the regressor on all others, after the fixed effects.
    * ``leave_one_out``: the coefficient without China, without the USA and without Germany, corrected as the headline.
    * ``placebo``: the coefficient with the outcome ``delta`` years **before** the regressors, everything else, the
      controls at ``t`` included, unchanged, and without a correction, which is for an outcome that lies ahead; to be
      compared with ``uncorrected``. Pairs without trade then do not take part. A placebo with the sign and the size of
      the coefficient says that the regressors follow the outcome. One of the opposite sign may be what a true and
      lasting effect leaves: with the outcome at ``t`` held constant, those who were pushed since came from further
      away. It is a comparison and no test: since dependence itself answers to advantage, small placebos are often
      significant in generated worlds without any effect.
    * ``wild_bootstrap``: p-value of :class:`reeassets.models.wild.WildBootstrap`.

    The first and the last are those of models that are least squares.

    Parameters
    ----------
    panel, links, rca_models : DataFrame
        The tables ``panel``, ``io_links`` and ``rca_models``, which says which specification is the headline.
    settings : Settings
        ``model_deltas``, ``model_significance``, ``model_bootstrap_draws``, ``model_bootstrap_seed``.
    """
    import statsmodels.regression.linear_model  # noqa: F401  (only libraries that are loaded can be limited)
    from threadpoolctl import threadpool_limits

    checks: list[Callable[[], list[Row]]] = []
    for name, model in plugins.every("models", Model).items():
        chosen = headline_specifications(model, rca_models[rca_models["model"] == name], panel, settings)
        for specification in chosen:
            checks += _checks(model, panel, links, specification, settings)
    with threadpool_limits(limits=1), running(lambda check: check(), checks, settings.workers) as results:
        rows = [row for found in results for row in found]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"n_obs": "int64"})


def headline_specifications(
    model: Model, rows: pd.DataFrame, panel: pd.DataFrame, settings: Settings
) -> list[Specification]:
    """Return the specifications of a model whose rows are marked as the headline."""
    names = ["outcome", "exposure_definition", "risk_definition", "hazard", "delta", "fixed_effects", "variant"]
    marked = set(rows.loc[rows["headline"], names].drop_duplicates().itertuples(index=False, name=None))
    return [
        one
        for one in model.specifications(settings, hazards_of(list(panel.columns)))
        if (one.outcome, one.exposure, one.risk, one.hazard, one.delta, one.fixed_effects, one.variant) in marked
    ]


def before_treatment(panel: pd.DataFrame, delta: int) -> pd.DataFrame:
    """Put in the place of the outcome ``delta`` years later that of ``delta`` years earlier; null where it has none."""
    past = values_of_another_year(panel, ["rca", "rsca"], -delta)
    return panel.assign(**{f"{name}_lead{delta}": past[name] for name in past})


def _checks(
    model: Model, panel: pd.DataFrame, links: pd.DataFrame, specification: Specification, settings: Settings
) -> list[Callable[[], list[Row]]]:
    """Return the checks of one specification, each of which estimates it again by itself."""

    def without(country: str) -> list[Row]:
        rest = panel[panel["country"] != country]
        note = "" if len(rest) < len(panel) else f"{country} is not in the panel"
        return list(_rows(model.fit(rest, links, [specification], settings), LEFT_OUT, country, note))

    def placebo() -> list[Row]:
        past = before_treatment(panel, specification.delta)
        plain = replace(specification, variant=UNCORRECTED) if isinstance(model, LeastSquares) else specification
        return list(_rows(model.fit(past, links, [plain], settings), PLACEBO))

    def looked_into() -> list[Row]:
        assert isinstance(model, LeastSquares)
        return list(_looked_into(model.absorbed(panel, links, specification, settings), settings))

    checks: list[Callable[[], list[Row]]] = [*(partial(without, country) for country in COUNTRIES), placebo]
    if isinstance(model, LeastSquares):
        checks.append(looked_into)
    return checks


def _rows(estimates: pd.DataFrame, diagnostic: str, detail: str = "", note: str = "") -> Iterator[Row]:
    for row in estimates[~estimates["term"].isin(CONTROLS)].to_dict("records"):
        notes = "; ".join(one for one in (note, str(row["note"])) if one)
        yield {name: row[name] for name in COLUMNS if name in row} | {
            "diagnostic": diagnostic,
            "detail": detail,
            "value": np.nan,
            "note": notes,
        }


def _looked_into(
    prepared: tuple[DynamicColumns, list[tuple[Regression, DynamicFit]]] | str, settings: Settings
) -> Iterator[Row]:
    """Yield the variance inflation and the bootstrap of every term of a specification's regressions."""
    if isinstance(prepared, str):
        # rca_models has the same reason in the notes of the specification's rows.
        return
    columns, regressions = prepared
    for regression, fit in regressions:
        if fit.errors is None:
            continue
        common = {"model": regression.specification.model, "interacted": regression.interacted}
        common |= {"n_obs": fit.n_obs, "note": "", "ci_low": np.nan, "ci_high": np.nan}
        design = columns.design(fit.terms)
        cross = design.T @ columns.whole.cross[0] @ design
        inflation = np.diag(cross) * np.diag(np.linalg.inv(cross))
        place = {regression.labels[name]: position for position, name in enumerate(fit.terms)}
        bootstrap = WildBootstrap(columns, OUTCOME, fit, settings.model_bootstrap_draws, settings.model_bootstrap_seed)
        for term in regression.terms:
            weights = _weights(regression.contrasts.get(term, (term,)), place)
            if weights is None or term in CONTROLS:
                continue
            told = common | {"term": term, "coefficient": float(weights @ fit.coefficients)}
            if term in place:
                numbers = {"value": float(inflation[place[term]]), "coefficient": np.nan, "p_value": np.nan}
                yield told | {"diagnostic": INFLATION, "detail": ""} | numbers
            # A stage with a single product has no test, by the bootstrap no more than otherwise.
            untested = any(regression.notes.get(part) for part in regression.contrasts.get(term, (term,)))
            if not untested and not fit.errors.of(weights[None, :]).rests_on[0]:
                found = bootstrap.test(weights)
                tested = {"value": found.statistic, "p_value": found.p_value}
                yield told | {"diagnostic": BOOTSTRAP, "detail": found.description} | tested


def _weights(parts: Sequence[str], place: dict[str, int]) -> np.ndarray | None:
    """Return a term, or a difference of two, as a combination of coefficients; None if one was not estimated."""
    if not set(parts) <= set(place):
        return None
    weights = np.zeros(len(place))
    for part, sign in zip(parts, (1.0, -1.0), strict=False):
        weights[place[part]] = sign
    return weights
