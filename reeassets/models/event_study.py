"""What dated measures did to those who bought from the restricting country: the table ``event_study``.

For importer ``c``, product ``p``, year ``t`` and a measure of year ``T``:

    ``outcome[c,p,t] = sum_s b[s] share[c,p] 1(t - T = s) + country-product effect + product-year effect``

with ``share[c,p]`` what the importer bought from the restricting country before, ``s`` from -5 to 5 as far as the data
go, and -1 the year that the others are compared with. Tests: :class:`reeassets.models.event_fit.EventFit`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reeassets.models.event_fit import EventFit
from reeassets.models.event_panel import (
    EXPOSURE_YEARS,
    OUTCOMES,
    REFERENCE,
    WINDOW,
    Measure,
    event_rows,
    importer_outcomes,
    measures_of,
)
from reeassets.models.measures import EVERYBODY
from reeassets.parallel import running
from reeassets.settings import Settings
from reeassets.years import format_years

EFFECT, NO_EFFECT = "effect", "no effect shown"
PRE_TREND, NOT_TESTABLE = "pre-trend", "not testable"
VERDICTS = (EFFECT, NO_EFFECT, PRE_TREND, NOT_TESTABLE)
ALL_PRODUCTS = "all"

# The least that a test rests on.
YEARS_BEFORE, YEARS_AFTER = 3, 1
EXPOSED_SHARE, EXPOSED_IMPORTERS = 0.1, 10
EFFECTIVE_CLUSTERS = 10.0
# The outcome that the exposure is itself a mean of, and the years that are compared then, equally far from the years of
# that mean: what falls back to its own mean does so on both sides alike.
OWN_MEAN = "import_share"
MIRRORED_BEFORE, MIRRORED_AFTER = ((-3, -1),), ((0, -4), (1, -5))


@dataclass(frozen=True)
class _Cell:
    """One regression: a measure, the products it pools, an outcome, its rows, and the relative years of the data."""

    measure: Measure
    product: str
    outcome: str
    rows: pd.DataFrame
    there: frozenset[int]

    @property
    def importers(self) -> int:
        """Countries in the sample."""
        return int(self.rows["country"].nunique())

    @property
    def exposed(self) -> int:
        """Countries that bought more than a tenth of a product from the restricting country."""
        return int(self.rows.loc[self.rows["exposure"] > EXPOSED_SHARE, "country"].nunique())

    @property
    def common(self) -> dict[str, Any]:
        """What all rows of the regression say alike, but for its verdict."""
        return {
            "measure": self.measure.name,
            "product": self.product,
            "outcome": self.outcome,
            "n_obs": len(self.rows),
            "n_importers": self.importers,
            "n_exposed": self.exposed,
        }


COLUMNS = (
    "measure",
    "product",
    "outcome",
    "relative_year",
    "coefficient",
    "ci_low",
    "ci_high",
    "p_value",
    "n_obs",
    "n_importers",
    "n_exposed",
    "effective_importers",
    "pretrend_p",
    "effect_p",
    "verdict",
    "reason",
)


def event_study(
    trade_measures: pd.DataFrame, flows: pd.DataFrame, indicators: pd.DataFrame, settings: Settings
) -> pd.DataFrame:
    """Estimate what every measure did to every outcome.

    A measure of several products has a regression for all of them together (``product`` is ``all``) and one for each.

    Parameters
    ----------
    trade_measures : DataFrame
        The table of that name.
    flows : DataFrame of (year, exporter, importer, product, value_kusd, quantity_t)
        Table ``trade_flows``; rows of other products are not needed.
    indicators : DataFrame of (year, country, product, rsca)
        Table ``product_indicators``, likewise.
    settings : Settings
        ``model_significance``, ``model_bootstrap_draws``, ``model_bootstrap_seed``.

    Returns
    -------
    DataFrame
        The columns :data:`COLUMNS`; a row per measure, product, outcome and relative year with data, the reference year
        always among them. What cannot be tested has rows with null numbers, and says why.
    """
    from threadpoolctl import threadpool_limits

    cells: list[_Cell] = []
    for measure in measures_of(trade_measures):
        outcomes = importer_outcomes(
            flows[flows["product"].isin(list(measure.products))],
            indicators[indicators["product"].isin(list(measure.products))],
            measure.country,
        )
        cells += _cells(measure, outcomes)
    # Sums split over threads round differently from machine to machine, and the matrices are small.
    with (
        threadpool_limits(limits=1),
        running(lambda cell: _rows(cell, settings), cells, settings.workers) as results,
    ):
        rows = [row for of_cell in results for row in of_cell]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cells(measure: Measure, outcomes: pd.DataFrame) -> Iterator[_Cell]:
    there = frozenset((outcomes["year"] - measure.year).tolist())
    choices: list[tuple[str, Sequence[str]]] = [(product, (product,)) for product in measure.products]
    if len(choices) > 1:
        choices.insert(0, (ALL_PRODUCTS, measure.products))
    for label, products in choices:
        for outcome in OUTCOMES:
            yield _Cell(measure, label, outcome, event_rows(outcomes, measure, products, outcome), there)


def _rows(cell: _Cell, settings: Settings) -> list[dict[str, Any]]:
    reason = obstacle(cell.measure, cell.outcome, cell.rows) if cell.there else "nobody imports any of it in these data"
    fit: EventFit | None = None
    if not reason:
        try:
            fit = EventFit(cell.rows, settings.model_bootstrap_draws, settings.model_bootstrap_seed)
        except ValueError as problem:
            reason = str(problem)
    if fit is not None and fit.effective_clusters.min() < EFFECTIVE_CLUSTERS:
        reason = (
            f"a coefficient rests on {fit.effective_clusters.min():.1f} effective importers, "
            f"{EFFECTIVE_CLUSTERS:.0f} are needed"
        )
    if fit is None or reason:
        return _untested(cell, reason)
    return _tested(cell, fit, settings)


def obstacle(measure: Measure, outcome: str, rows: pd.DataFrame) -> str:
    """Say why a measure's effect on an outcome cannot be tested; empty if it can.

    The rules, in their order: the outcome is known in the year before the measure, in at least three years before it
    and in one after its first; at least ten importers bought more than a tenth from the
    restricting country (a measure against one country has one such importer at most); and for ``import_share``, all
    years that :func:`compared` needs.

    Parameters
    ----------
    measure : Measure
    outcome : str
    rows : DataFrame
        From :func:`reeassets.models.event_panel.event_rows`.
    """
    relative = set(rows["relative_year"])
    before, after = sorted(s for s in relative if s < 0), sorted(s for s in relative if s > 0)
    if len(before) < YEARS_BEFORE or len(after) < YEARS_AFTER or REFERENCE not in relative:
        known = "no year is known" if not relative else f"{len(before)} before and {len(after)} after are known"
        return (
            f"{YEARS_BEFORE} years before {measure.year}, {measure.year + REFERENCE} among them, and {YEARS_AFTER} "
            f"after it are needed; {known}"
        )
    exposed = rows.loc[rows["exposure"] > EXPOSED_SHARE, "country"].nunique()
    if exposed < EXPOSED_IMPORTERS:
        against = "" if measure.target == EVERYBODY else f", a measure against {measure.target} alone"
        return (
            f"importers that bought more than {EXPOSED_SHARE:.0%} from {measure.country} before: {exposed}, at least "
            f"{EXPOSED_IMPORTERS} are needed{against}"
        )
    if outcome == OWN_MEAN:
        missing = {year for pair in (*MIRRORED_BEFORE, *MIRRORED_AFTER) for year in pair} - relative
        if missing:
            return (
                "the exposure is a mean of this outcome, which falls back to it whatever happens: that shows by the "
                f"years {measure.year + min(WINDOW)} and {measure.year + min(EXPOSURE_YEARS) - 1} alone; not known are "
                f"{format_years(measure.year + year for year in missing)}"
            )
    return ""


def _untested(cell: _Cell, reason: str) -> list[dict[str, Any]]:
    nothing = dict.fromkeys(
        ("coefficient", "ci_low", "ci_high", "p_value", "effective_importers", "pretrend_p", "effect_p"), np.nan
    )
    said = cell.common | nothing | {"verdict": NOT_TESTABLE, "reason": reason}
    return [said | {"relative_year": year} for year in WINDOW if year in cell.there or year == REFERENCE]


def _tested(cell: _Cell, fit: EventFit, settings: Settings) -> list[dict[str, Any]]:
    level = settings.model_significance
    pretrend, effect = (fit.joint_p_value(pairs) for pairs in compared(cell.outcome, fit.years))
    verdict, reason = judged(fit, pretrend, effect, level)
    said = cell.common | {"pretrend_p": pretrend, "effect_p": effect, "verdict": verdict, "reason": reason}
    reference = {"relative_year": REFERENCE, "coefficient": 0.0}
    rows = [said | reference | dict.fromkeys(("ci_low", "ci_high", "p_value", "effective_importers"), np.nan)]
    for place, year in enumerate(fit.years):
        low, high = fit.interval(year, level)
        numbers = {
            "relative_year": year,
            "coefficient": float(fit.coefficients[place]),
            "ci_low": low,
            "ci_high": high,
            "p_value": fit.p_value(year),
            "effective_importers": float(fit.effective_clusters[place]),
        }
        rows.append(said | numbers)
    return rows


def compared(outcome: str, years: Sequence[int]) -> tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]]:
    """Return which relative years are tested against which: before the measure, and from its year on.

    All against the year before the measure, but for ``import_share``. That outcome's mean over the years -3 to -1 is
    the exposure, so that it is lower in years further away even where nothing happened, about as much on both sides
    (exactly, if shares are a stationary process that looks the same in reverse): -3 is tested against -1, 0 against -4,
    and 1 against -5.
    """
    if outcome == OWN_MEAN:
        return MIRRORED_BEFORE, MIRRORED_AFTER
    return [(year, REFERENCE) for year in years if year < 0], [(year, REFERENCE) for year in years if year >= 0]


def judged(fit: EventFit, pretrend: float, effect: float, level: float) -> tuple[str, str]:
    """Return the verdict on a regression and its reason in words.

    ``pre-trend`` if the coefficients before the measure are jointly significant: those who bought more from the
    restricting country went another way already, and what came after cannot be told from that. Otherwise ``effect`` if
    those from the measure's year on are, ``no effect shown`` if they are not.
    """
    if pretrend <= level:
        return PRE_TREND, (
            f"importers that bought more went another way before the measure (p = {pretrend:.3f}); the years after it "
            f"cannot be interpreted (p = {effect:.3f})"
        )
    if effect > level:
        return NO_EFFECT, f"years after: p = {effect:.3f}; years before: p = {pretrend:.3f}"
    after = [place for place, year in enumerate(fit.years) if year >= 0]
    largest = max(after, key=lambda place: abs(fit.coefficients[place]))
    return EFFECT, (
        f"years after: p = {effect:.3f}, {fit.coefficients[largest]:+.3g} at most, in year {fit.years[largest]:+d}; "
        f"years before: p = {pretrend:.3f}"
    )
