"""How wide the answers are: every claim judged again for each choice that is this project's own, one at a time.

docs/METHOD.md, section 13. The verdicts are those of ``findings``, by the same rules, guard and draws.
"""

from functools import partial

import pandas as pd

from reeassets.clusters.kmeans import one_thread
from reeassets.indicators.contract import registered_hazards
from reeassets.models.choices import Choice, choices
from reeassets.models.claims import CLAIMS
from reeassets.models.findings import findings
from reeassets.models.guard import RareEarths
from reeassets.models.rebuilt import Changed, Headline
from reeassets.models.verdicts import NOT_TESTABLE
from reeassets.parallel import running
from reeassets.products import sets
from reeassets.settings import Settings

COLUMNS = ("claim_id", "choice", "value", "estimate", "ci_low", "ci_high", "verdict", "reason", "agrees")


def claims_under(choice: Choice, headline: Headline) -> pd.DataFrame:
    """Judge the claims that depend on a choice with its value in the place of the headline's.

    Parameters
    ----------
    choice : Choice
        What differs. Of the tables behind the findings only those are made again that it changes and that a claim needs
        which the data can speak to.
    headline : Headline
        What the headline was made from.

    Returns
    -------
    DataFrame
        Rows of ``findings``; a claim that does not depend on the choice has none.
    """
    changed = Changed(headline, choice)
    rare_earths = RareEarths.of(changed.classified_products, changed.imports)
    claims = [claim for claim in CLAIMS if claim.kind in choice.kinds]
    testable = {claim.kind for claim in claims if not rare_earths.lacking(claim.stages)}
    judged = findings(
        **changed.judged(testable),
        classified_products=changed.classified_products,
        product_indicators=changed.imports,
        data_label=headline.data_label,
        settings=changed.settings,
    )
    return judged[judged["claim_id"].isin([claim.id for claim in claims])].reset_index(drop=True)


def choices_of(settings: Settings, classified_products: pd.DataFrame, economies: pd.DataFrame) -> list[Choice]:
    """Return the choices that the setting ``robust_claims`` names on these data, the headline first.

    Parameters
    ----------
    settings : Settings
        The configuration.
    classified_products, economies : DataFrame
        The tables of those names.
    """
    hazards = [hazard.name for hazard in registered_hazards(settings)]
    return choices(settings, hazards, sets.members(classified_products), set(economies["economy"]))


def robust_claims(headline: Headline, judged: pd.DataFrame) -> pd.DataFrame:
    """Judge every claim under every choice that the setting ``robust_claims`` names.

    Parameters
    ----------
    headline : Headline
        What the headline was made from; its findings are made once more, as any choice's.
    judged : DataFrame
        The table ``findings``: the headline.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`, one row per choice and claim that depends on it, the headline first. ``agrees`` says
        whether the verdict is the headline's; null where either is not testable.
    """
    asked = choices_of(headline.settings, headline.classified_products, headline.economies)
    judge = partial(claims_under, headline=headline)
    # One limit around all threads: one that a thread lifts while another computes would change its last digits.
    with one_thread(), running(judge, asked, headline.settings.workers) as results:
        parts = [found.assign(choice=one.name, value=one.value) for one, found in zip(asked, results, strict=True)]
    rows = pd.concat(parts, ignore_index=True)
    first = rows["claim_id"].map(judged.set_index("claim_id")["verdict"])
    compared = (rows["verdict"] != NOT_TESTABLE) & (first != NOT_TESTABLE)
    agrees = (rows["verdict"] == first).astype("boolean").where(compared)
    return rows.assign(agrees=agrees)[list(COLUMNS)]
