"""All registered models on one panel: the table ``rca_models``."""

import pandas as pd

from reeassets import plugins
from reeassets.models.contract import ROW_COLUMNS, ROW_KEY, Model
from reeassets.models.exporters import sample_counts as counts_of_sample
from reeassets.models.frame import known_candidates
from reeassets.models.panel import hazards_of
from reeassets.parallel import running
from reeassets.settings import Settings


def rca_models(panel: pd.DataFrame, links: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Estimate every specification of every model registered in ``reeassets.models`` (docs/METHOD.md, section 8).

    Parameters
    ----------
    panel : DataFrame
        The table ``panel``.
    links : DataFrame
        The table ``io_links``.
    settings : Settings
        ``model_deltas`` and ``model_significance``.

    Returns
    -------
    DataFrame
        The specification curve, sorted by :data:`reeassets.models.contract.ROW_KEY`.

    Raises
    ------
    PluginError
        If a model does not load, does not keep the contract, or returns rows without the contract's columns.
    """
    # Only libraries that are loaded already can be limited to one thread; sums split over threads round differently
    # from machine to machine.
    import statsmodels.regression.linear_model  # noqa: F401
    from threadpoolctl import threadpool_limits

    hazards = hazards_of(list(panel.columns))

    def estimated(named: tuple[str, Model]) -> pd.DataFrame:
        name, model = named
        rows = model.fit(panel, links, model.specifications(settings, hazards), settings)
        missing = [column for column in ROW_COLUMNS if column not in rows.columns]
        if missing:
            raise plugins.PluginError(f"model {name!r} returned rows without {', '.join(missing)}")
        return rows[list(ROW_COLUMNS)]

    models = list(plugins.every("models", Model).items())
    with threadpool_limits(limits=1), running(estimated, models, settings.workers) as results:
        frames = [rows for rows in results if len(rows)]
    every = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(ROW_COLUMNS))
    return every.sort_values(list(ROW_KEY), kind="stable", ignore_index=True)


def sample_counts(panel: pd.DataFrame, settings: Settings) -> dict[str, int]:
    """Count, per delta, the rows that ``rca_growth`` takes and those it leaves out, for the run's metadata.

    Returns
    -------
    dict of str to int
        ``delta3_exporting`` (at both ends), ``delta3_complete`` (all regressors known) among them, singletons left out
        (``delta3_dropped_pair``, ...) and ``delta3_used``, for each delta.
    """
    regressors = known_candidates(panel)
    counts: dict[str, int] = {}
    for delta in settings.model_deltas:
        found = counts_of_sample(panel, delta, regressors)
        counts |= {f"delta{delta}_{name}": count for name, count in found.items() if name not in ("rows", "rounds")}
    return counts
